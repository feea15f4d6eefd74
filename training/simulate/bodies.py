# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Bodies of other sizes: the same performance on longer or shorter bones, with the same violin and hands.

The ``performer`` plans for our violinist (1.75 m). What it plans is how the trunk turns and where
hands and instrument are; a body of another size stands as high as it is, holds the violin to its own neck, and
inverse kinematics finds its arms and legs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from plugins.api import Array, Motion, Skeleton
from plugins.api import rotations as rot

SIZES: Final = (0.93, 1.09)
"""1.63 to 1.91 m."""
_CHEST: Final = ("spine", "chest", "upper_chest")


def sized(skeleton: Skeleton, size: float) -> Skeleton:
    """The skeleton with its body's bones scaled; hands and props keep theirs."""
    scale = np.array([size if role == "body" else 1.0 for role in skeleton.roles])
    return replace(skeleton, offsets=skeleton.offsets * scale[:, None])


def resized(motion: Motion, size: float) -> Motion:
    """The ``performer``'s motion (before inverse kinematics) for a body of this size."""
    skeleton = sized(motion.skeleton, size)
    positions = motion.positions.astype(np.float64)
    at = {joint: i for i, joint in enumerate(skeleton.joints)}
    before = _chest(motion.skeleton, motion, positions[:, at["hips"]])
    after = _chest(skeleton, motion, size * positions[:, at["hips"]])
    held = positions[:, at["violin_end"]]
    moved = after + size * (held - before) - held
    carried = [i for i, role in enumerate(skeleton.roles) if role != "body"]
    carried += [at[f"{side}_{part}"] for side in ("left", "right") for part in ("lower_arm", "hand")]
    for index in carried:
        positions[:, index] += moved
    for joint in ("hips", *(f"{side}_{part}" for side in ("left", "right") for part in ("foot", "toes"))):
        positions[:, at[joint]] *= size
    return replace(motion, skeleton=skeleton, positions=positions.astype(np.float32))


def _chest(skeleton: Skeleton, motion: Motion, hips: Array) -> Array:
    """(T, 3) where the upper chest is carried to by the trunk's rotations."""
    assert motion.rotations is not None
    at, turn = hips, motion.rotations[:, skeleton.index("hips")].astype(np.float64)
    for joint in _CHEST:
        at = at + rot.rotate(turn, skeleton.offsets[skeleton.index(joint)])
        turn = rot.multiply(turn, motion.rotations[:, skeleton.index(joint)].astype(np.float64))
    return at
