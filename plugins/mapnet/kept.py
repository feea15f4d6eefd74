# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Frames that the animator marked as right stay as they are, and the repair eases into them and out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Constraint, Motion
from plugins.api import rotations as rot
from plugins.mapnet.joints import Floats

EASE: Final = 0.25
"""Seconds over which the repair gives way to a frame that is kept."""
WEIGHT: Final = 0.0005
"""Metres of jitter that a kept frame has, for the smoother."""


def kept_weights(times: Floats, constraints: Sequence[Constraint], joints: Sequence[str]) -> Floats:
    """(T, J) 0 to 1: how much each joint is to be as it was given; 1 at kept frames."""
    out = np.zeros((len(times), len(joints)))
    for constraint in constraints:
        if not len(constraint.motion):
            continue
        away = np.abs(times[:, None] - constraint.motion.times[None]).min(axis=1)
        # A frame that lies between two of ours keeps the nearer one.
        nearest = 0.5 * float(np.min(np.diff(times))) if len(times) > 1 else 0.0
        weight = np.where(away <= nearest + 1e-6, 1.0, 0.5 + 0.5 * np.cos(np.pi * np.minimum(away / EASE, 1.0)))
        of = [not constraint.joints or joint in constraint.joints for joint in joints]
        out = np.maximum(out, weight[:, None] * np.array(of, dtype=float))
    return out


def eased(repaired: Motion, given: Motion, weight: Floats) -> Motion:
    """Between a repaired motion and the same as it was given, frame by frame and joint by joint.

    Args:
        given: of the same frames and joints; where it is NaN the repaired one stands.
        weight: (T, J), 1 for the given one.
    """
    from dataclasses import replace

    known = np.isfinite(given.positions).all(axis=2)
    part = np.where(known, weight, 0.0)
    positions = repaired.positions + part[..., None] * (np.nan_to_num(given.positions) - repaired.positions)
    if repaired.rotations is None or given.rotations is None:
        return replace(repaired, positions=positions)
    turned = _between(repaired.rotations, given.rotations, part)
    root = [0, *repaired.skeleton.held]
    moved = repaired.positions.copy()
    moved[:, root] = positions[:, root]
    placed, _ = repaired.skeleton.forward_kinematics(turned, moved)
    return replace(repaired, positions=placed, rotations=rot.unroll(turned))


def _between(ours: npt.NDArray[Any], theirs: npt.NDArray[Any], part: Floats) -> Any:
    known = np.isfinite(theirs).all(axis=-1)
    theirs = np.where(known[..., None], theirs, ours)
    if not part.any():
        return ours
    rows = part.any(axis=1)
    out = np.array(ours, dtype=np.float64)
    out[rows] = rot.slerp(ours[rows], theirs[rows], part[rows])
    return out
