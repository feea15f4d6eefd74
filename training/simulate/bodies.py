# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Bodies of other sizes: the same performance on longer or shorter bones, with the same instrument and hands.

The ``performer`` plans for our musician (1.75 m). What it plans is how the trunk turns and where
hands and instrument are; a violinist of another size stands as high as it is and holds the violin to its own neck,
a pianist puts the bench so that the elbows are where they were, and inverse kinematics finds arms and legs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from plugins.api import Array, Motion, Skeleton, pianist, piano
from plugins.api import rotations as rot
from plugins.performer.piano_body import feet_at_the_pedal

ELBOW: Final = np.array([0.0, -0.10, 0.18])
"""An elbow of a seated pianist from the hips, roughly, metres: where arms of all lengths have it."""
_CHEST: Final = ("spine", "chest", "upper_chest")


def sized(skeleton: Skeleton, size: float) -> Skeleton:
    """The skeleton with its body's bones scaled; hands and props keep theirs."""
    scale = np.array([size if role == "body" else 1.0 for role in skeleton.roles])
    return replace(skeleton, offsets=skeleton.offsets * scale[:, None])


def resized(motion: Motion, size: float) -> Motion:
    """The ``performer``'s motion (before inverse kinematics) for a violinist of this size."""
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


def reseated(motion: Motion, size: float) -> Motion:
    """The ``pianist``'s motion (before inverse kinematics) for a body of this size at the same keyboard and pedal."""
    skeleton = sized(motion.skeleton, size)
    positions = motion.positions.astype(np.float64)
    at = {joint: i for i, joint in enumerate(skeleton.joints)}
    shift = (1.0 - size) * ELBOW
    before = _chest(motion.skeleton, motion, positions[:, at["hips"]])
    positions[:, at["hips"]] += shift
    positions[:, at["bench"]] += shift
    carried = _chest(skeleton, motion, positions[:, at["hips"]]) - before
    for side in ("left", "right"):
        # Where the elbow points; half way between a shoulder that moves and a hand that does not.
        positions[:, at[f"{side}_lower_arm"]] += 0.5 * carried
    pressed = (pianist.PEDAL[2] - positions[:, at["pedal"], 2]) / piano.PEDAL_TRAVEL
    for side, (ankle, toes) in feet_at_the_pedal(skeleton, pressed).items():
        positions[:, at[f"{side}_foot"]], positions[:, at[f"{side}_toes"]] = ankle, toes
    return replace(motion, skeleton=skeleton, positions=positions.astype(np.float32))


def _chest(skeleton: Skeleton, motion: Motion, hips: Array) -> Array:
    """(T, 3) where the upper chest is carried to by the trunk's rotations."""
    assert motion.rotations is not None
    at, turn = hips, motion.rotations[:, skeleton.index("hips")].astype(np.float64)
    for joint in _CHEST:
        at = at + rot.rotate(turn, skeleton.offsets[skeleton.index(joint)])
        turn = rot.multiply(turn, motion.rotations[:, skeleton.index(joint)].astype(np.float64))
    return at
