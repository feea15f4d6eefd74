# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Joints that the network does not know: freed of jitter, and put at the frames of the answer."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from plugins.api import Motion
from plugins.api import rotations as rot
from plugins.api.playing_joints import Floats
from plugins.api.retimed import at_times
from plugins.mapnet.checkpoint import Weights
from plugins.mapnet.config import FPS
from plugins.mapnet.smoother import Habit, habits, on_grid, smooth

QUICK: Final = 5
"""Of the thirteen, the joint whose way of moving is taken for any: the right wrist."""
AS_SEEN: Final = np.ones(1)
LEAST: Final = 0.003
"""Metres (half radians) that anything moves that moves at all."""
LEARNED_FROM: Final = 500
"""Frames from which the jitter of so many joints is found."""


def smooth_places(motion: Motion, joints: list[int], times: Floats, weights: Weights) -> Floats:
    """(T, N, 3) of these joints at ``times``; those that were never seen are NaN."""
    seen = motion.positions[:, joints].astype(np.float64)
    return _smoothed(seen, motion.times, times, float(weights.habit.seconds[QUICK]))


def smooth_turns(motion: Motion, times: Floats, weights: Weights) -> Floats:
    """(T, J, 4) local rotations at ``times``."""
    assert motion.rotations is not None
    turns = np.asarray(motion.rotations, dtype=np.float64)
    known = np.isfinite(turns).all(axis=2)
    whole = np.where(known[..., None], turns, rot.IDENTITY)
    steady = np.where(known[..., None], rot.unroll(whole), np.nan)
    found = _smoothed(steady, motion.times, times, float(weights.habit.seconds[QUICK]))
    found = np.where(np.isfinite(found), found, rot.IDENTITY)
    return np.asarray(rot.unroll(rot.normalize(found)))


def _smoothed(seen: Floats, seen_at: Floats, times: Floats, seconds: float) -> Floats:
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
        mine = Habit(_spread(seen[:, moving] - middle[moving]), np.full(len(moving), seconds))
        sigma, habit = habits(grid, middle[moving], mine, FPS, AS_SEEN, AS_SEEN, LEARNED_FROM)
        found, _ = smooth(grid, middle[moving], sigma, habit, FPS)
        out[:, moving] = at_times(found, seen_at[0] + np.arange(frames) / FPS, times)
    out[:, never] = np.nan
    return out


def _spread(away: Floats) -> Floats:
    """(N,) how far joints move about their middles, without their jitter: that of two frames has nothing in common."""
    products = (away[1:] * away[:-1]).mean(axis=2) if len(away) > 1 else np.zeros((1, away.shape[1]))
    known = np.isfinite(products)
    square = np.where(known, products, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.sqrt(np.maximum(square, LEAST**2))


def _still(seen: Floats) -> Any:
    """(N,) which do not move at all, as most fingers of most rigs."""
    low, high = np.nanmin(np.nan_to_num(seen, nan=np.inf), axis=0), np.nanmax(np.nan_to_num(seen, nan=-np.inf), axis=0)
    return np.all(high - low < 1e-5, axis=1)
