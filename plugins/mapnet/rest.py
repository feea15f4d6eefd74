# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Joints that the network does not know: freed of jitter, and put at the frames of the answer."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from plugins.api import Motion
from plugins.api import rotations as rot
from plugins.mapnet.checkpoint import Weights
from plugins.mapnet.config import FPS
from plugins.mapnet.joints import Floats
from plugins.mapnet.smoother import Habit, habits, on_grid, smooth

TURN: Final = 0.12
"""Half radians that joints usually turn about their middle, which is what a quaternion's parts measure."""
QUICK: Final = 5
"""Of the thirteen, the joint whose way of moving is taken for any: the right wrist."""


def smooth_places(motion: Motion, joints: list[int], times: Floats, weights: Weights) -> Floats:
    """(T, N, 3) of these joints at ``times``; those that were never seen are NaN."""
    seen = motion.positions[:, joints].astype(np.float64)
    usual = Habit(
        np.full(len(joints), weights.habit.amplitude[QUICK]), np.full(len(joints), weights.habit.seconds[QUICK])
    )
    return _smoothed(seen, motion.times, times, usual)


def smooth_turns(motion: Motion, times: Floats, weights: Weights) -> Floats:
    """(T, J, 4) local rotations at ``times``."""
    assert motion.rotations is not None
    turns = np.asarray(motion.rotations, dtype=np.float64)
    known = np.isfinite(turns).all(axis=2)
    whole = np.where(known[..., None], turns, rot.IDENTITY)
    steady = np.where(known[..., None], rot.unroll(whole), np.nan)
    count = turns.shape[1]
    usual = Habit(np.full(count, TURN), np.full(count, weights.habit.seconds[QUICK]))
    found = _smoothed(steady, motion.times, times, usual)
    found = np.where(np.isfinite(found), found, rot.IDENTITY)
    return np.asarray(rot.unroll(rot.normalize(found)))


def _smoothed(seen: Floats, seen_at: Floats, times: Floats, usual: Habit) -> Floats:
    """(T, N, D) at ``times``: what moves and shakes is smoothed, what stands still stands."""
    frames = int((seen_at[-1] - seen_at[0]) * FPS) + 2
    known = np.isfinite(seen).all(axis=2)
    never = ~known.any(axis=0)
    middle = np.array(
        [
            np.median(seen[known[:, i], i], axis=0) if known[:, i].any() else np.zeros(seen.shape[2])
            for i in range(seen.shape[1])
        ]
    )
    still = _still(seen)
    out = np.broadcast_to(middle, (len(times), *middle.shape)).copy()
    moving = np.nonzero(~still & ~never)[0]
    if len(moving):
        grid = on_grid(seen[:, moving], seen_at, FPS, float(seen_at[0]), frames)
        mine = Habit(usual.amplitude[moving], usual.seconds[moving])
        sigma, habit = habits(grid, middle[moving], mine, FPS)
        found, _ = smooth(grid, middle[moving], sigma, habit, FPS)
        out[:, moving] = at_times(found, seen_at[0] + np.arange(frames) / FPS, times)
    out[:, never] = np.nan
    return out


def _still(seen: Floats) -> Any:
    """(N,) which do not move at all, as most fingers of most rigs."""
    low, high = np.nanmin(np.nan_to_num(seen, nan=np.inf), axis=0), np.nanmax(np.nan_to_num(seen, nan=-np.inf), axis=0)
    return np.all(high - low < 1e-5, axis=1)


def at_times(values: Floats, values_at: Floats, times: Floats) -> Floats:
    """(T, ...) of evenly spaced (K, ...), linearly; beyond the ends the first and the last stand."""
    step = values_at[1] - values_at[0] if len(values_at) > 1 else 1.0
    at = np.clip((times - values_at[0]) / step, 0.0, len(values) - 1.0)
    low = np.minimum(at.astype(int), max(len(values) - 2, 0))
    high = np.minimum(low + 1, len(values) - 1)
    part = (at - low).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[low] * (1.0 - part) + values[high] * part)


def filled(motion: Motion, times: Floats) -> Motion:
    """The motion as it was given, at other times: linearly between the frames in which a joint was seen, NaN for joints
    that never were."""
    positions = np.full((len(times), *motion.positions.shape[1:]), np.nan)
    for i in range(positions.shape[1]):
        known = np.isfinite(motion.positions[:, i]).all(axis=1)
        if known.any():
            for axis in range(3):
                positions[:, i, axis] = np.interp(times, motion.times[known], motion.positions[known, i, axis])
    rotations = None
    if motion.rotations is not None:
        turns = np.nan_to_num(np.asarray(motion.rotations, dtype=np.float64))
        at = np.clip((times - motion.start) * motion.fps, 0, len(motion) - 1)
        low = np.minimum(at.astype(int), max(len(motion) - 2, 0))
        high = np.minimum(low + 1, len(motion) - 1)
        rotations = rot.slerp(turns[low], turns[high], (at - low)[:, None])
    fps = 1.0 / float(np.diff(times[:2])[0]) if len(times) > 1 else motion.fps
    return Motion(motion.skeleton, fps, positions, rotations, float(times[0]))
