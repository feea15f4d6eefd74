# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The joints that a bone can stand for. No bpy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..core.violinist import FINGERS, finger_joints

SIDES: Final = ("left", "right")
TRUNK: Final = ("hips", "spine", "chest", "upper_chest", "neck", "head")
ARM: Final = ("shoulder", "upper_arm", "lower_arm", "hand")
LEG: Final = ("upper_leg", "lower_leg", "foot", "toes")


def finger_bones(side: str, finger: str) -> tuple[str, str, str]:
    """The three joints of a finger that have bones, from the palm outwards."""
    base, middle, last, _ = finger_joints(side, finger)
    return base, middle, last


def _mappable() -> Iterator[str]:
    yield from TRUNK
    for side in SIDES:
        yield from (f"{side}_{part}" for part in ARM)
        for finger in FINGERS:
            yield from finger_bones(side, finger)
    for side in SIDES:
        yield from (f"{side}_{part}" for part in LEG)


MAPPABLE: Final[tuple[str, ...]] = tuple(_mappable())
"""The violinist's body without its tips."""

ESSENTIAL: Final = ("hips", *(f"{side}_{part}" for side in SIDES for part in ARM[1:]))
"""What a performance cannot do without."""


def other_side(joint: str) -> str:
    """The same joint of the other side; a joint of the trunk is its own."""
    for side, other in (SIDES, SIDES[::-1]):
        if joint.startswith(f"{side}_"):
            return other + joint.removeprefix(side)
    return joint
