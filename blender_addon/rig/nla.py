# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""NLA tracks and strips, from Blender 4.2 to 5.2: with :mod:`.action` the only module that knows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def add_strip(owner: Any, action: Any, track_name: str, name: str) -> Any:
    """A strip of an action in a new track on top of the others, where its keys are; returns the strip.

    Before and after it the character holds still, so that no frame (and no motion blur at its
    ends) falls back to the rest pose. Where the animator has strips on the owner, it gives way
    to them outside its own time.
    """
    data = owner.animation_data or owner.animation_data_create()
    alone = all("cadenza_take" in (s.action or ()) for track in data.nla_tracks for s in track.strips)
    track = data.nla_tracks.new()
    track.name = track_name
    first, last = action.frame_range
    strip = track.strips.new(name, int(first), action)
    if hasattr(strip, "action_slot") and strip.action_slot != action.slots[0]:  # most often it finds its slot
        strip.action_slot = action.slots[0]
    strip.name = name
    set_range(strip, first, last)
    strip.blend_type, strip.extrapolation = "REPLACE", "HOLD" if alone else "NOTHING"
    strip.influence = 1.0  # from 4.2 on, a strip that Python makes begins with 0
    return strip


def set_range(strip: Any, first: float, last: float) -> None:
    """Let a strip show the frames of its action from ``first`` to ``last``, at their own time."""
    last = max(last, first + 1.0)  # a strip has a length
    for _ in range(2):  # each end is held at the other one's old place
        strip.action_frame_end, strip.action_frame_start = last, first
        strip.frame_end_raw, strip.frame_start_raw = last, first
    strip.scale = 1.0


def strips_of(owner: Any, action: Any) -> Iterator[tuple[Any, Any]]:
    """Tracks and strips of an owner that play an action, the animator's copies of the strip included."""
    for track in owner.animation_data.nla_tracks if owner.animation_data else ():
        for strip in track.strips:
            if action is not None and strip.action == action:
                yield track, strip


def remove_strips(owner: Any, action: Any) -> None:
    """Remove an action's strips, and the tracks that have nothing else."""
    for track, strip in list(strips_of(owner, action)):
        track.strips.remove(strip)
        if not track.strips:
            owner.animation_data.nla_tracks.remove(track)
