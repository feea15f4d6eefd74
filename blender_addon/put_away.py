# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instruments that hang on a character, seen only where a take plays them.

A violin that no shown take moves would lie at the character's feet, and a grand piano stand in it. What an animator
hid, or showed, is not touched: only what was put away here comes back.
"""

from __future__ import annotations

from typing import Any, Final

from .rig.capture import MARK

FLAG: Final = "cadenza_put_away"
"""Custom property of what is out of sight: 2 when renders hide it too because of us, else 1."""


def instruments_of(armature: Any) -> list[Any]:
    """The armatures of what a character plays."""
    return [child for child in armature.children if child.get(MARK) and child.library is None]


def follow(armature: Any, take: Any) -> None:
    """Show what a take plays and put the rest away; without a take, what none of the character's plays."""
    takes = armature.cadenza_takes if take is None else [take]
    played = {entry.object for each in takes for entry in each.actions}
    for item in instruments_of(armature):
        see(item, item in played)


def seen(item: Any) -> bool:
    """Whether an instrument was not put away."""
    return FLAG not in item


def see(item: Any, on: bool) -> None:
    """Show an instrument again, or put it away, with all that hangs on it."""
    for each in (item, *item.children_recursive):
        if on and FLAG in each:
            each.hide_render = each.hide_render and each[FLAG] != 2
            each.hide_viewport = False
            del each[FLAG]
        elif not on and not each.hide_viewport:
            each[FLAG] = 1 if each.hide_render else 2
            each.hide_viewport = each.hide_render = True
