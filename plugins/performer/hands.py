# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A hand as a rigid palm: where wrist and knuckles are for a palm that lies so and so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from plugins.api import Array, Skeleton, violinist
from plugins.api import rotations as rot

FINGERS: Final = violinist.FINGERS[1:]


@dataclass(frozen=True, eq=False)
class HandPose:
    """Wrist (T, 3), rotation of the hand (T, 4) and the five fingertips (T, 5, 3), thumb first."""

    wrist: Array = field(repr=False)
    rotation: Array = field(repr=False)
    tips: Array = field(repr=False)

    def carried(self, origin: Array, rotation: Array) -> HandPose:
        """The same hand with its frame carried to ``origin`` (T, 3) by ``rotation`` (T, 4)."""
        return HandPose(
            origin + rot.rotate(rotation, self.wrist),
            rot.multiply(rotation, self.rotation),
            origin[:, None] + rot.rotate(rotation[:, None], self.tips),
        )


def palm(side: str, forward: Array, back: Array) -> Array:
    """Rotation of a hand whose fingers point ``forward`` and whose back faces ``back`` (both (T, 3))."""
    sign = 1.0 if side == "left" else -1.0
    x = rot.normalize(forward)
    y = rot.normalize(np.cross(back, x))
    z = np.cross(x, y)
    # At rest the fingers point along sign * X, the back of the hand up, so only the left is this basis;
    # the right one is turned half round about Z.
    basis = np.stack([sign * x, sign * y, z], axis=-1)
    return rot.from_matrix(basis)


def knuckle_offsets(skeleton: Skeleton, side: str) -> Array:
    """(4, 3) knuckles of index to little finger in the hand at rest, relative to the wrist."""
    return np.stack([skeleton.offsets[skeleton.index(violinist.finger_joints(side, f)[0])] for f in FINGERS])


def wrist_under(knuckles: Array, rotation: Array, skeleton: Skeleton, side: str) -> Array:
    """Wrist of a hand whose knuckles' middle is at ``knuckles`` (T, 3)."""
    middle = knuckle_offsets(skeleton, side)[1:3].mean(axis=0)
    return np.asarray(knuckles - rot.rotate(rotation, middle))
