# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A take as it is seen: where its strips lie, shown or muted, alone, opened for the animator's hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import put_away
from .pose import Pose
from .rig import nla
from .rig.action import curves_of, hand_frames
from .take_draft import TakeError
from .take_entries import entries_of


def strips_of(take: Any) -> list[tuple[Any, Any, Any]]:
    """The take's strips: object, track, strip."""
    return [
        (entry.object, track, strip)
        for entry in entries_of(take)
        if entry.object is not None
        for track, strip in nla.strips_of(entry.object, entry.action)
    ]


def frames_of(take: Any) -> tuple[float, float] | None:
    """First and last scene frame of the take; None when its strips are gone."""
    strips = [strip for _, _, strip in strips_of(take)]
    return (min(s.frame_start for s in strips), max(s.frame_end for s in strips)) if strips else None


def clock_of(take: Any, frames: tuple[float, float] = (-np.inf, np.inf)) -> nla.Clock:
    """How the take runs in the scene (between two frames): an animator may have moved, cut and stretched its strips."""
    entry = next((e for e in entries_of(take) if e.object is not None and e.action is not None), None)
    return nla.clock_of(entry.object, entry.action, *frames) if entry is not None else nla.Clock()


def check_there(take: Any, frames: tuple[float, float] = (-np.inf, np.inf)) -> None:
    """TakeError when none of the take's strips is left (between two frames)."""
    strips = [strip for _, _, strip in strips_of(take)]
    if not strips:
        raise TakeError(f"{take.name!r} has no strips any more; delete it, or undo what removed them")
    if all(strip.frame_start >= frames[1] or strip.frame_end <= frames[0] for strip in strips):
        first, last = frames_of(take) or frames
        there = f"choose some from {first:.0f} to {last:.0f}"
        raise TakeError(f"frames {frames[0]:.0f} to {frames[1]:.0f} show nothing of {take.name!r}; {there}")


def show(armature: Any, take: Any) -> None:
    """Let this take be seen and mute the character's others; None mutes all of them, and the pose that nobody keyed,
    from before the first was shown, is there again."""
    before = any(shown(other) for other in armature.cadenza_takes)
    for entry in entries_of(take) if take is not None else ():
        remember_pose(entry.object, entry.action)
    for other in armature.cadenza_takes:
        seen = take is not None and other.uid == take.uid
        if not seen:
            solo(other, False)
        for _, track, strip in strips_of(other):
            strip.mute = not seen
            if seen or nla.of_takes(track):
                track.mute = False
    put_away.follow(armature, take)
    if take is None:
        none_is_seen(armature, before)


def remember_pose(owner: Any, action: Any) -> None:
    """Before a character's take is seen where none is: what it moves keeps its last value once it is gone."""
    if owner is not None and action is not None and len(owner.cadenza_takes):
        paths = {curve.data_path for curve in curves_of(action).fcurves}
        known = json.loads(owner.cadenza_pose or "{}") if any(shown(t) for t in owner.cadenza_takes) else {}
        owner.cadenza_pose = json.dumps({**Pose.at({owner.name: paths}).values[owner.name], **known})


def none_is_seen(armature: Any, before: bool) -> None:
    """Pose a character as it was before any take was seen; where none was seen ``before``, its pose is a newer one."""
    for take in armature.cadenza_takes:
        for _, track, _ in strips_of(take):
            # Where all strips of a track are muted Blender still sets what they would move to its defaults.
            track.mute = track.mute or nla.of_takes(track)
    if before:
        Pose({armature.name: json.loads(armature.cadenza_pose or "{}")}).restore()
    armature.cadenza_pose = ""


def shown(take: Any) -> bool:
    """Whether any of the take's strips is not muted."""
    return any(not strip.mute and not track.mute for _, track, strip in strips_of(take))


def solo(take: Any, on: bool = True) -> None:
    """Let the take be seen without the animator's own layers and actions, which stay as they are; or end that."""
    for entry in entries_of(take):
        if entry.object is not None:
            nla.solo(entry.object, entry.action, on)


def changed_by_hand(action: Any) -> bool:
    """Whether an animator has set or changed keys of a take's action."""
    return any(len(hand_frames(curve)) for curve in curves_of(action).fcurves)


def made_theirs(take: Any) -> bool:
    """Whether an animator has starred a take, or set or changed keys of it."""
    return take.starred or any(e.action is not None and changed_by_hand(e.action) for e in entries_of(take))


@contextmanager
def only_seen(armature: Any, take: Any, alone: bool = False) -> Iterator[None]:
    """Let one take be seen for a while (None: none of them), ``alone`` without the animator's own actions; then all is
    as it was. Nothing else may happen meanwhile."""
    owners = {
        entry.object for other in armature.cadenza_takes for entry in entries_of(other) if entry.object is not None
    }
    before = [nla.seen_on(owner) for owner in owners]
    instruments, below = put_away.state_of(armature), armature.cadenza_pose
    pose = Pose.at({owner.name: _moved(armature, owner) for owner in owners})  # what nothing else animates stays moved
    try:
        show(armature, take)
        if alone and take is not None:
            solo(take)
        yield
    finally:
        for owner, state in zip(owners, before, strict=True):
            nla.see_again(owner, state)
        put_away.restore(instruments)
        pose.restore()
        armature.cadenza_pose = below


def _moved(armature: Any, owner: Any) -> set[str]:
    """RNA paths of what the character's takes move of an object."""
    entries = [entry for take in armature.cadenza_takes for entry in entries_of(take) if entry.object == owner]
    return {c.data_path for entry in entries if entry.action is not None for c in curves_of(entry.action).fcurves}


def lay_over(take: Any) -> None:
    """Let the take be seen over its objects' own active actions, which become strips below it."""
    for entry in entries_of(take):
        if entry.object is not None and entry.action is not None:
            nla.lay_over(entry.object, entry.action)


def laid_over(take: Any) -> bool:
    """Whether an active action moves what the take does, too: a layer of the animator's, for one."""
    return any(nla.lies_over(e.object, e.action) for e in entries_of(take) if e.object is not None and e.action)


def soloed(take: Any) -> bool:
    """Whether the take is seen alone."""
    return any(track.is_solo for _, track, _ in strips_of(take))


def edited(take: Any) -> bool:
    """Whether the take's keys can be changed as they are: its strips are being edited (tweak mode)."""
    return any(nla.editing(entry.object, entry.action) for entry in entries_of(take) if entry.object is not None)


def edit(armature: Any, take: Any, on: bool) -> None:
    """Open a take's keys for the animator's hand, shown, or close them. The animator's own action is kept aside
    by Blender meanwhile and comes back."""
    if on:
        show(armature, take)
    for entry in entries_of(take):
        if entry.object is not None and entry.action is not None:
            nla.edit(entry.object, entry.action, on)


def add_layer(armature: Any, take: Any) -> Any:
    """An empty action over a take, for an animator to change it with few keys; the take stays as it is.

    Raises:
        TakeError: when the character has an active action already.
    """
    edit(armature, take, False)
    show(armature, take)
    layer = nla.add_layer(armature, f"{armature.name} layer")
    if layer is None:
        raise TakeError(
            f"{armature.name!r} has the active action {armature.animation_data.action.name!r}; key in that, or push it "
            "down in the NLA editor first"
        )
    return layer


def hidden_by(armature: Any) -> str:
    """What keeps the shown take from being seen, with what to do about it; empty when it is seen."""
    for take in armature.cadenza_takes:
        if shown(take):
            reasons = (nla.covered(e.object, e.action) for e in entries_of(take) if e.object and e.action)
            return next((reason for reason in reasons if reason), "")
    return ""
