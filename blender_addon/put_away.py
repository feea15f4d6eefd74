# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instruments that hang on a character, seen only where a take plays them.

A violin that no shown take moves would lie at the character's feet, and a grand piano stand in it. What an animator
hid, or moves by hand, is not touched: only what was put away here comes back. That is noted in a property of the
objects (``cadenza_put_away``: 2 when renders hide it too because of us, else 1), which files and overrides keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import bpy

from .rig import nla
from .rig.capture import MARK
from .take_entries import entries_of

State = Mapping[str, tuple[bool, bool, int]]
"""Name of an object -> hidden in viewports, hidden in renders, put away."""


def instruments_of(armature: Any) -> list[Any]:
    """The armatures of what a character plays."""
    return [child for child in armature.children if child.get(MARK) and child.library is None]


def follow(armature: Any, take: Any) -> None:
    """Show what a take plays and put the rest away; without a take, what none of the character's plays."""
    takes = armature.cadenza_takes if take is None else [take]
    played = {entry.object for each in takes for entry in entries_of(each)}
    for item in instruments_of(armature):
        see(item, item in played or _moved_by_hand(item))


def _moved_by_hand(item: Any) -> bool:
    """Whether an animator's own action or strips move an instrument."""
    data = item.animation_data
    strips = (s for track in data.nla_tracks if not track.mute for s in track.strips if not s.mute) if data else ()
    actions = [data.action if data else None, *(strip.action for strip in strips)]
    return any(action is not None and nla.OF_TAKE not in action for action in actions)


def put_away(item: Any) -> bool:
    """Whether an object is out of sight because of us."""
    return bool(item.cadenza_put_away and item.hide_viewport)


def see(item: Any, on: bool) -> None:
    """Show an instrument again, or put it away, with all that hangs on it."""
    for each in (item, *item.children_recursive):
        if on and each.cadenza_put_away:
            each.hide_render = each.hide_render and each.cadenza_put_away != 2
            each.hide_viewport, each.cadenza_put_away = False, 0
        elif not on and not each.hide_viewport:
            each.cadenza_put_away = 1 if each.hide_render else 2
            each.hide_viewport = each.hide_render = True


def state_of(armature: Any) -> State:
    """How a character's instruments are seen."""
    return {each.name: (each.hide_viewport, each.hide_render, each.cadenza_put_away) for each in _all(armature)}


def restore(state: State) -> None:
    """Let them be seen as they were; what is gone meanwhile is left out."""
    for name, (viewport, render, away) in state.items():
        each = bpy.data.objects.get(name)
        if each is None or (each.hide_viewport, each.hide_render, each.cadenza_put_away) == (viewport, render, away):
            continue
        each.hide_viewport, each.hide_render, each.cadenza_put_away = viewport, render, away


def _all(armature: Any) -> Iterable[Any]:
    return [each for item in instruments_of(armature) for each in (item, *item.children_recursive)]
