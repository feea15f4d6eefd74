# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The thirteen joints that are repaired, and the performer's own frame that they are seen in.

The joints are MAPNet's (S. Shrestha et al., 2022, figure 3), which are TELMI's, by the names that they have in our
skeletons. Positions are (T, 13, 3) metres; NaN where nobody saw the joint.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import ComponentError, Motion
from plugins.api import rotations as rot

Floats = npt.NDArray[Any]

PAPER_NAMES: Final = {
    "C7": "neck",
    "RSHO": "right_upper_arm",
    "LSHO": "left_upper_arm",
    "RMEL": "right_lower_arm",
    "LMEL": "left_lower_arm",
    "RMWR": "right_hand",
    "LMWR": "left_hand",
    "RBWT": "right_upper_leg",
    "LBWT": "left_upper_leg",
    "RKNE": "right_lower_leg",
    "LKNE": "left_lower_leg",
    "RTOE": "right_toes",
    "LTOE": "left_toes",
}
JOINTS: Final = tuple(PAPER_NAMES.values())
ARMS: Final = (1, 2, 3, 4, 5, 6)
NEEDED: Final = tuple(JOINTS[i] for i in ARMS)
"""Without the arms there is nothing that sound could tell."""
LIMBS: Final = ((1, 3, 5), (2, 4, 6))
"""Shoulder, elbow, wrist: bones whose lengths do not change."""
THIGHS: Final = ((7, 9), (8, 10))
ARM_LENGTH: Final = 0.58
"""Metres from shoulder to wrist of a body of size 1 (our musician's of 1.75 m)."""
ARM_BONES: Final = (0.325, 0.255)
THIGH: Final = 0.43
"""Metres of a grown person's upper arm, forearm and thigh (our musician's)."""
PEOPLE_DIFFER: Final = 0.3
"""Part by which people's squared lengths differ."""
FEW: Final = 8
"""Pairs of frames that tell nothing."""
LITTLE: Final = 0.15
"""Part of a squared length that may be jitter, or turning, for the median to stand."""
STILL: Final = 0.05
"""Metres of an arm below which there is none."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A performer's own frame: origin between the hips (else below the neck), +X to the left, arms of the usual length.

    Attributes:
        origin: (3,) metres in the world.
        turn: (4,) from the world's axes to the performer's.
        size: of this body; our musician's is 1.
    """

    origin: Floats
    turn: Floats
    size: float

    def inside(self, points: npt.NDArray[Any]) -> Floats:
        """(..., 3) of the world, as the performer's body of size 1 has them."""
        return np.asarray(rot.rotate(self.turn, np.asarray(points, dtype=np.float64) - self.origin) / self.size)

    def outside(self, points: Floats) -> Floats:
        """What ``inside`` was given."""
        return np.asarray(rot.rotate(rot.conjugate(self.turn), points * self.size) + self.origin)


def seen_in(motion: Motion) -> Floats:
    """(T, 13, 3) of a motion; joints that its skeleton lacks are NaN.

    Raises:
        ComponentError: the arms are missing, or are never seen.
    """
    lacking = [name for name in NEEDED if name not in motion.skeleton]
    if lacking:
        raise ComponentError(
            f"the motion has no {', '.join(name.replace('_', ' ') for name in lacking)}; shoulders (upper arms), "
            "elbows (lower arms) and wrists (hands) of both arms are needed"
        )
    seen = np.full((len(motion), len(JOINTS), 3), np.nan)
    for i, name in enumerate(JOINTS):
        if name in motion.skeleton:
            seen[:, i] = motion.joint(name)
    gone = ~np.isfinite(seen).all(axis=2)
    seen[gone] = np.nan
    never = [JOINTS[i].replace("_", " ") for i in ARMS if gone[:, i].all()]
    if never:
        raise ComponentError(f"no frame says where these joints are: {', '.join(never)}; there is nothing to go by")
    return seen


def own_frame(seen: Floats) -> Frame:
    """The frame of a performer from all that was seen of him: medians, so that a few wrong frames change nothing.

    Raises:
        ComponentError: the joints lie in one place.
    """
    middle = np.array([_median(seen[:, i]) for i in range(len(JOINTS))])
    hips = middle[[7, 8]]
    origin = hips.mean(axis=0) if np.isfinite(hips).all() else (middle[1] + middle[2]) / 2 - [0.0, 0.0, 0.5]
    left = middle[2] - middle[1]
    size = arm_length(seen) / ARM_LENGTH
    if not np.isfinite(size) or size * ARM_LENGTH < STILL or np.hypot(left[0], left[1]) < 0.1 * STILL:
        raise ComponentError("the joints of the motion lie in one place; give a motion in metres, with Z up")
    turn = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), -float(np.arctan2(left[1], left[0])))
    return Frame(origin, np.asarray(turn), size)


def arm_length(seen: Floats) -> float:
    """Metres from shoulder over elbow to wrist, mean of both arms."""
    found = [
        sum(length_of(seen[:, b] - seen[:, a], usual) for (a, b), usual in zip(pairwise(limb), ARM_BONES, strict=True))
        for limb in LIMBS
    ]
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def length_of(bone: Floats, usual: float) -> float:
    """Constant length behind jittery (T, 3) vectors.

    Jitter makes a bone longer: one of 30 cm, seen through jitter of 30 cm, looks twice as long. But the jitter of two
    frames has nothing in common, so that the product of neighbours is the square of the true length (less what the bone
    turns between them). Where that says that there is little jitter, the median of the lengths is exacter; where few
    frames leave it unsure, the length that is usual counts too.

    Args:
        usual: metres, of a grown person.
    """
    known = np.isfinite(bone).all(axis=1)
    if not known.any():
        return float("nan")
    median = float(np.median(np.linalg.norm(bone[known], axis=1)))
    together = known[1:] & known[:-1]
    if together.sum() < FEW:
        return median
    products = np.sort((bone[1:] * bone[:-1]).sum(axis=1)[together])
    cut = len(products) // 10
    products = products[cut : len(products) - cut]
    square, unsure = float(products.mean()), float(products.std()) / np.sqrt(len(products)) + 1e-9
    if square > (1.0 - LITTLE) * median**2:
        return median
    trust = 1.0 / (1.0 + (unsure / (PEOPLE_DIFFER * usual**2)) ** 2)
    return float(np.sqrt(max(trust * square + (1.0 - trust) * usual**2, (0.3 * usual) ** 2)))


def _median(points: Floats) -> Floats:
    known = np.isfinite(points).all(axis=1)
    return np.median(points[known], axis=0) if known.any() else np.full(3, np.nan)
