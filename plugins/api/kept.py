# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Frames that the animator marked as right stay as they are, and the repair eases into them and out again.

What a frame lacks to be as it was given is added to it, and to its neighbours less and less; between two frames that
are kept it goes from the one's to the other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
        after = np.clip(np.searchsorted(times, near), 1, max(len(times) - 1, 1))
        before = after - 1
        later = np.minimum(after, len(times) - 1)
        out[np.where(near - times[before] <= times[later] - near, before, later)] = True
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
    spread = _Spread.of(repaired.times, repaired.times[kept], ease)
    lacking = np.where(known[..., None], np.nan_to_num(given.positions[kept]) - repaired.positions[kept], 0.0)
    positions = repaired.positions + spread(lacking)
    if repaired.rotations is None or given.rotations is None:
        return replace(repaired, positions=positions)
    turned = rot.multiply(given.rotations[kept], rot.conjugate(repaired.rotations[kept]))
    turn = np.where(known[..., None], np.nan_to_num(rot.rotation_vector(turned)), 0.0)
    local = rot.multiply(rot.from_rotation_vector(spread(turn)), repaired.rotations)
    own = [0, *repaired.skeleton.held]
    moved = repaired.positions.copy()
    moved[:, own] = positions[:, own]
    placed, _ = repaired.skeleton.forward_kinematics(local, moved)
    return replace(repaired, positions=placed, rotations=rot.unroll(local))


@dataclass(frozen=True, eq=False)
class _Spread:
    """What kept frames lack, spread over all frames: 1 of it in itself, less and less beside it; between two near ones,
    all is theirs. A frame has a share of the kept one before it and of the one after it, and of no other.

    Attributes:
        before, after: (T,) which kept frames these are. part_before, part_after: (T,) their shares.
    """

    before: Floats
    after: Floats
    part_before: Floats
    part_after: Floats

    @classmethod
    def of(cls, times: Floats, kept: Floats, ease: float) -> _Spread:
        before = np.searchsorted(kept, times, side="right") - 1
        first, last = np.maximum(before, 0), np.minimum(before + 1, len(kept) - 1)
        inside = (before >= 0) & (before + 1 < len(kept))
        gap = np.where(inside, kept[last] - kept[first], np.inf)
        reach = np.where(gap <= 2 * ease, np.maximum(gap, 1e-9), ease)
        away = (np.abs(times - kept[first]) / reach, np.abs(kept[last] - times) / reach)
        part_before, part_after = (0.5 + 0.5 * np.cos(np.pi * np.minimum(x, 1.0)) for x in away)
        # Before the first kept frame there is only the one after, behind the last only the one before.
        at_first = np.where(before < 0, part_before, 0.0)
        return cls(first, last, np.where(before >= 0, part_before, 0.0), np.where(inside, part_after, at_first))

    def __call__(self, lacking: Floats) -> Floats:
        """(T, J, x) of (K, J, x)."""
        earlier = self.part_before[:, None, None] * lacking[self.before]
        return np.asarray(earlier + self.part_after[:, None, None] * lacking[self.after])


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
