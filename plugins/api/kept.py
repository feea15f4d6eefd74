# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Frames that the animator marked as right stay as they are, and the repair eases into them and out again.

What a frame lacks to be as it was given is added to it, and to its neighbours less and less; between two frames that
are kept it goes from the one's to the other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from plugins.api import Constraint, Motion
from plugins.api import rotations as rot
from plugins.api.playing_joints import Floats

EASE: Final = 0.25
"""Seconds over which the repair gives way to a frame that is kept."""


def kept_times(constraints: Sequence[Constraint]) -> Floats:
    """(N,) seconds of all kept frames, rising."""
    times = [c.motion.times for c in constraints if len(c.motion)]
    return np.unique(np.concatenate(times)) if times else np.zeros(0)


def are_kept(times: Floats, constraints: Sequence[Constraint]) -> Floats:
    """(T,) which frames are the nearest to kept ones."""
    out = np.zeros(len(times), dtype=bool)
    kept = kept_times(constraints)
    if len(kept) and len(times):
        step = float(np.min(np.diff(times))) if len(times) > 1 else 1.0
        near = kept[(kept >= times[0] - step / 2) & (kept <= times[-1] + step / 2)]
        out[np.abs(times[:, None] - near[None]).argmin(axis=0)] = True
    return out


def with_kept(repaired: Motion, given: Motion, constraints: Sequence[Constraint], ease: float = EASE) -> Motion:
    """A repaired motion whose kept frames are as they were given.

    Args:
        given: of the same frames; where it is NaN the repaired one stands.
        ease: seconds.
    """
    every = {joint: [c for c in constraints if not c.joints or joint in c.joints] for joint in repaired.skeleton.joints}
    frames = are_kept(repaired.times, constraints)
    if not frames.any():
        return repaired
    kept = np.nonzero(frames)[0]
    chosen = np.array([bool(cs) for cs in every.values()])
    known = np.isfinite(given.positions[kept]).all(axis=2) & chosen
    shares = _shares(repaired.times, repaired.times[kept], ease)
    lacking = np.where(known[..., None], np.nan_to_num(given.positions[kept]) - repaired.positions[kept], 0.0)
    positions = repaired.positions + np.einsum("tk,kjx->tjx", shares, lacking)
    if repaired.rotations is None or given.rotations is None:
        return replace(repaired, positions=positions)
    turned = rot.multiply(given.rotations[kept], rot.conjugate(repaired.rotations[kept]))
    turn = np.where(known[..., None], np.nan_to_num(rot.rotation_vector(turned)), 0.0)
    local = rot.multiply(rot.from_rotation_vector(np.einsum("tk,kjx->tjx", shares, turn)), repaired.rotations)
    own = [0, *repaired.skeleton.held]
    moved = repaired.positions.copy()
    moved[:, own] = positions[:, own]
    placed, _ = repaired.skeleton.forward_kinematics(local, moved)
    return replace(repaired, positions=placed, rotations=rot.unroll(local))


def _shares(times: Floats, kept: Floats, ease: float) -> Floats:
    """(T, N) how much each kept frame's lack counts in a frame: 1 in itself; between two near ones, all is theirs."""
    out = np.zeros((len(times), len(kept)))
    for i, at in enumerate(kept):
        before = at - kept[i - 1] if i else np.inf
        after = kept[i + 1] - at if i + 1 < len(kept) else np.inf
        reach = np.where(times < at, before if before <= 2 * ease else ease, after if after <= 2 * ease else ease)
        out[:, i] = 0.5 + 0.5 * np.cos(np.pi * np.minimum(np.abs(times - at) / reach, 1.0))
    return out


def blended(repaired: Motion, given: Motion, strength: float) -> Motion:
    """Between a motion as it was given (0) and repaired (1); where it was not given, repaired."""
    if strength >= 1.0:
        return repaired
    known = np.isfinite(given.positions)
    part = np.where(known, strength, 1.0)
    positions = part * repaired.positions + (1.0 - part) * np.nan_to_num(given.positions)
    if repaired.rotations is None or given.rotations is None:
        return replace(repaired, positions=positions)
    local = rot.slerp(given.rotations, repaired.rotations, strength)
    placed, _ = repaired.skeleton.forward_kinematics(local, positions)
    return replace(repaired, positions=placed, rotations=rot.unroll(local))
