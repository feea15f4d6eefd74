# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys before they are in an action: what a retargeted motion hands to Blender. No bpy."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..core.rotations import Array


@dataclass(frozen=True, eq=False)
class Channel:
    """One property over time.

    Attributes:
        path: RNA path from the object, for example ``pose.bones["hand.L"].rotation_quaternion``.
        group: name of the channel group (the bone's name).
        values: (T, C), one column for each array index; C = 1 for a single value.
        part: of the body: ``bow_arm``, ``left_hand``, ``torso``, ``legs`` or ``props``.
    """

    path: str
    group: str
    values: Array = field(repr=False)
    part: str = "torso"


PARTS = ("bow_arm", "left_hand", "torso", "legs", "props")
"""Parts of the body that can be generated again on their own."""
