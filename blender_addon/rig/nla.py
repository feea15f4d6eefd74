# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""NLA tracks and strips, from Blender 4.2 to 5.2: with :mod:`.action` the only module that knows them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .action import curves_in_use, curves_of, new_action, paths_of

if TYPE_CHECKING:
    from ..core.rotations import Array


OF_TAKE: Final = "cadenza_take"
"""Custom property of takes' actions: of which take."""


def add_strip(owner: Any, action: Any, track_name: str, name: str) -> Any:
    """A strip of an action in a new track on top of the others, where its keys are; returns the strip.

    Before and after it the character holds still, so that no frame (and no motion blur at its
    ends) falls back to the rest pose. Where the animator has strips on the owner, it gives way
    to them outside its own time.
    """
    data = owner.animation_data or owner.animation_data_create()
    alone = all(OF_TAKE in (s.action or ()) for track in data.nla_tracks for s in track.strips)
    track = data.nla_tracks.new()
    track.name = track_name
    first, last = action.frame_range
    strip = track.strips.new(name, int(first), action)
    _find_slot(strip)
    strip.name = name
    set_range(strip, first, last)
    strip.blend_type, strip.extrapolation = "REPLACE", "HOLD" if alone else "NOTHING"
    strip.influence = 1.0  # from 4.2 on, a strip that Python makes begins with 0
    return strip


def _find_slot(strip: Any) -> None:
    """Most often a strip finds its slot itself; setting it again crashes Blender on a rig without a pose yet."""
    if hasattr(strip, "action_slot") and strip.action_slot is None:
        strip.action_slot = strip.action.slots[0]


def set_range(strip: Any, first: float, last: float, start: float | None = None) -> None:
    """Let a strip show the frames of its action from ``first`` to ``last``, from the scene's frame ``start`` on.

    Without ``start`` they are shown at their own time.
    """
    last = max(last, first + 1.0)  # a strip has a length
    start = first if start is None else start
    for _ in range(2):  # each end is held at the other one's old place
        strip.action_frame_end, strip.action_frame_start = last, first
        strip.frame_end_raw, strip.frame_start_raw = start + last - first, start
    strip.scale = 1.0


@dataclass(frozen=True)
class Clock:
    """How a strip's action runs in the scene: an animator may have moved and stretched it."""

    scene: float = 0.0
    action: float = 0.0
    scale: float = 1.0

    def inside(self, frames: Array) -> Array:
        """Frames of the action that are seen at frames of the scene."""
        return (frames - self.scene) / self.scale + self.action

    def outside(self, frame: float) -> float:
        """The frame of the scene at which a frame of the action is seen."""
        return (frame - self.action) * self.scale + self.scene


def clock_of(owner: Any, action: Any, first: float = -math.inf, last: float = math.inf) -> Clock:
    """The clock of an action's first strip, of those that are seen between two frames of the scene if there are any."""
    strips = [strip for _, strip in strips_of(owner, action)]
    strips.sort(key=lambda strip: strip.frame_start >= last or strip.frame_end <= first)
    return Clock(strips[0].frame_start, strips[0].action_frame_start, strips[0].scale) if strips else Clock()


def strips_of(owner: Any, action: Any) -> Iterator[tuple[Any, Any]]:
    """Tracks and strips of an owner that play an action, the animator's copies of the strip included."""
    for track in owner.animation_data.nla_tracks if owner.animation_data else ():
        for strip in track.strips:
            if action is not None and strip.action == action:
                yield track, strip


def of_takes(track: Any) -> bool:
    """Whether a track holds nothing but strips of takes."""
    return all(strip.action is not None and OF_TAKE in strip.action for strip in track.strips)


def remove_strips(owner: Any, action: Any) -> None:
    """Remove an action's strips, and the tracks that have nothing else."""
    data = owner.animation_data
    if data is not None and data.use_tweak_mode and data.action == action:
        data.use_tweak_mode = False
    for track, strip in list(strips_of(owner, action)):
        track.strips.remove(strip)
        if not track.strips:
            data.nla_tracks.remove(track)


def exchange(owner: Any, old: Any, new: Any) -> None:
    """Let an owner play a new action wherever it plays an old one: strips, and an active action."""
    data = owner.animation_data
    first, last = old.curve_frame_range
    with not_tweaking(data):
        for _, strip in list(strips_of(owner, old)):
            whole = abs(strip.action_frame_start - first) < 1e-3 and abs(strip.action_frame_end - last) < 1e-3
            start = strip.frame_start
            strip.action = new
            _find_slot(strip)
            if whole and abs(strip.scale - 1.0) < 1e-6 and new.curve_frame_range != old.curve_frame_range:
                begin, end = new.curve_frame_range
                set_range(strip, begin, end, start + begin - first)
        if data.action == old:  # an animator edits the take as an action
            data.action = new
            if hasattr(data, "action_slot") and data.action_slot is None:
                data.action_slot = new.slots[0]


@contextmanager
def not_tweaking(data: Any) -> Iterator[None]:
    """Leave tweak mode, in which strips cannot be changed, and return to it."""
    tweaking = data.use_tweak_mode
    if tweaking:
        data.use_tweak_mode = False
    try:
        yield
    finally:
        if tweaking:
            data.use_tweak_mode = True


def editing(owner: Any, action: Any) -> bool:
    """Whether an action is being edited as a strip (tweak mode)."""
    data = owner.animation_data
    return data is not None and data.use_tweak_mode and data.action == action


def edit(owner: Any, action: Any, on: bool) -> None:
    """Let an action be edited as a strip, or end that; another strip that is being edited is left."""
    data = owner.animation_data
    if data is None:
        return
    data.use_tweak_mode = False
    for chosen, played in strips_of(owner, action) if on else ():
        for track in data.nla_tracks:
            track.select = track == chosen
            for strip in track.strips:
                strip.select = strip == played
        data.nla_tracks.active = chosen
        data.use_tweak_mode = True
        return


def add_layer(owner: Any, name: str) -> Any:
    """A new, empty active action whose keys are added to what lies below it; None when another is in the way."""
    data = owner.animation_data or owner.animation_data_create()
    data.use_tweak_mode = False
    if data.action is not None:
        return None
    action = new_action(name, owner)
    data.action = action
    if hasattr(data, "action_slot"):
        data.action_slot = action.slots[0]
    data.action_blend_type, data.action_extrapolation, data.action_influence = "COMBINE", "HOLD", 1.0
    return action


def solo(owner: Any, action: Any, on: bool) -> None:
    """Let only an action's track be evaluated, or end that."""
    for track, _ in strips_of(owner, action):
        if track.is_solo != on:
            track.is_solo = on
        return


def soloed_on(owner: Any) -> list[str]:
    """Names of an owner's tracks that play alone."""
    tracks = owner.animation_data.nla_tracks if owner.animation_data is not None else ()
    return [track.name for track in tracks if track.is_solo]


def solo_track(owner: Any, name: str) -> None:
    """Let a track play alone, if it is there."""
    track = owner.animation_data.nla_tracks.get(name) if owner.animation_data is not None else None
    if track is not None and not track.is_solo:
        track.is_solo = True


def seen_on(owner: Any) -> list[tuple[bool, bool, list[bool]]]:
    """Of each track of an owner whether it plays alone and is muted, and which of its strips are."""
    tracks = owner.animation_data.nla_tracks if owner.animation_data is not None else ()
    return [(track.is_solo, track.mute, [strip.mute for strip in track.strips]) for track in tracks]


def see_again(owner: Any, state: list[tuple[bool, bool, list[bool]]]) -> None:
    """Let an owner's tracks be seen as they were when :func:`seen_on` was asked."""
    tracks = owner.animation_data.nla_tracks if owner.animation_data is not None else ()
    for track, (solo, mute, strips) in sorted(zip(tracks, state, strict=True), key=lambda pair: pair[1][0]):
        if track.is_solo != solo:
            track.is_solo = solo
        track.mute = mute
        for strip, muted in zip(track.strips, strips, strict=True):
            strip.mute = muted


def lay_over(owner: Any, action: Any) -> None:
    """Push the owner's active action down, as Blender's button of that name does, and lay another action's strips over
    it: what only the former animates (a face, an instrument) goes on."""
    data = owner.animation_data
    own = data.action
    if own is None or own == action or data.use_tweak_mode:
        return
    _push_down(owner, own)
    data.action = None
    for track, old in list(strips_of(owner, action)):
        name, shown = track.name, (old.name, old.mute)
        track.strips.remove(old)
        if not track.strips:
            data.nla_tracks.remove(track)
        add_strip(owner, action, name, shown[0]).mute = shown[1]


def _push_down(owner: Any, own: Any) -> None:
    """A strip that plays the active action as it is: its slot and influence, and past its keys what goes on there."""
    data = owner.animation_data
    below = data.nla_tracks.new()
    below.name = own.name
    first, last = own.frame_range
    strip = below.strips.new(own.name, int(first), own)
    _find_slot(strip)
    if hasattr(strip, "action_slot") and data.action_slot is not None and strip.action_slot != data.action_slot:
        strip.action_slot = data.action_slot
    curves = curves_in_use(data)
    if curves is not None and any(len(c.modifiers) or c.extrapolation == "LINEAR" for c in curves.fcurves):
        first = min([first, *(scene.frame_start for scene in owner.users_scene)])
        last = max([last, *(scene.frame_end for scene in owner.users_scene)])
    set_range(strip, first, last)
    strip.blend_type, strip.extrapolation = data.action_blend_type, data.action_extrapolation
    strip.influence = data.action_influence


def covered(owner: Any, action: Any) -> str:
    """Why an unmuted action's strips are not seen as they are, with what to do; empty when they are."""
    data = owner.animation_data
    tracks = [track for track, _ in strips_of(owner, action)]
    if not tracks:
        return ""
    if getattr(owner.data, "pose_position", "POSE") == "REST":
        return f"{owner.name!r} is in Rest Position; switch to Pose Position in its armature's properties"
    if not data.use_nla:
        return f"NLA is switched off for {owner.name!r}; switch it on in the NLA editor"
    if any(t.is_solo for t in data.nla_tracks) and not any(t.is_solo for t in tracks):
        return f"another NLA track of {owner.name!r} plays solo; end that with its star in the NLA editor"
    top = data.action
    if top is None or top == action or any(t.is_solo for t in tracks):
        return ""
    if data.use_tweak_mode:
        return f"another strip of {owner.name!r} is being edited; leave that with Tab in the NLA editor"
    if data.action_blend_type == "REPLACE" and data.action_influence > 0 and lies_over(owner, action):
        return (
            f"the active action {top.name!r} of {owner.name!r} lies on top of the take; to see the take, "
            "push it down or unlink it in the Action Editor"
        )
    return ""


def lies_over(owner: Any, action: Any) -> bool:
    """Whether an owner's active action moves what another action does, too."""
    data = owner.animation_data
    if not has_own_action(owner) or data.action == action:
        return False
    return not paths_of(curves_in_use(data)).isdisjoint(paths_of(curves_of(action)))


@dataclass(frozen=True)
class Played:
    """What plays on an owner: an action's F-curves, how it runs in the scene, and its frames that are seen."""

    action: Any
    curves: Any
    clock: Clock = Clock()
    first: float = -math.inf
    last: float = math.inf


def played_on(owner: Any) -> Iterator[Played]:
    """All actions that move an owner: its strips that are not muted, and its active action."""
    data = owner.animation_data
    if data is None:
        return
    solo = any(track.is_solo for track in data.nla_tracks)
    for track in data.nla_tracks if data.use_nla else ():
        for strip in track.strips:
            if strip.action is None or strip.mute or track.mute or (solo and not track.is_solo):
                continue
            clock = Clock(strip.frame_start, strip.action_frame_start, strip.scale)
            yield Played(strip.action, curves_in_use(strip), clock, strip.action_frame_start, strip.action_frame_end)
    if data.action is not None and not data.use_tweak_mode and not (solo and data.use_nla):
        yield Played(data.action, curves_in_use(data))


def tweaked(owner: Any) -> bool:
    """Whether any strip of an owner is being edited."""
    data = owner.animation_data
    return data is not None and data.use_tweak_mode


def has_own_action(owner: Any) -> bool:
    """Whether an active action lies over an owner's strips."""
    data = owner.animation_data
    return data is not None and data.action is not None and not data.use_tweak_mode


def actions_on(owner: Any) -> set[Any]:
    """All actions that an owner's strips play, muted ones too."""
    tracks = owner.animation_data.nla_tracks if owner.animation_data is not None else ()
    return {strip.action for track in tracks for strip in track.strips} - {None}


def show_only(owner: Any, action: Any) -> None:
    """Let of an owner's takes only one action be seen, and nothing that would hide it."""
    data = owner.animation_data
    if data is None:
        return
    data.use_nla = True
    for track in data.nla_tracks:
        if track.is_solo:
            track.is_solo = False
        for strip in track.strips:
            if strip.action is not None and OF_TAKE in strip.action:
                strip.mute = strip.action != action
                track.mute = track.mute and strip.mute
    if action is not None and covered(owner, action):
        data.action = None


def selected_strips(owner: Any) -> list[Any]:
    """An owner's strips that are selected; none without an owner."""
    data = owner.animation_data if owner is not None else None
    return [strip for track in data.nla_tracks for strip in track.strips if strip.select] if data is not None else []


def move_strip(strip: Any, to: float) -> bool:
    """Let a strip begin at a frame, as long as before; whether it moved. Blender keeps strips of a track apart."""
    shift = to - strip.frame_start
    if abs(shift) < 1e-4:
        return False
    # The end that leads the way first: a strip has a length.
    for end in ("frame_end_raw", "frame_start_raw") if shift > 0 else ("frame_start_raw", "frame_end_raw"):
        setattr(strip, end, getattr(strip, end) + shift)
    return True
