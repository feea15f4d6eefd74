# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Thirteen joints repaired: exchanged ones put back, all smoothed, and moved to where the sound says that they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from plugins.api.batching import Windows
from plugins.api.overlap import overlapped
from plugins.api.playing_joints import Floats
from plugins.mapnet.checkpoint import Weights
from plugins.mapnet.config import FPS, JOINT_COUNT, PATH
from plugins.mapnet.middle import likely_middle, variance_of_mean
from plugins.mapnet.prepare import looks_of
from plugins.mapnet.smoother import Seen, habits, on_grid, smooth
from plugins.mapnet.swaps import put_back

FLOOR = 0.002
"""Metres by which deviations are enlarged where errors are measured by them, here and in training."""
ROUGHLY = (np.array([1.0, 7.0]), np.ones(1), 800)
"""Ranges, paces and frames that are looked at to find exchanged joints: their jitter need not be exact."""
TRIMMED = 0.1
"""Part of the looks at both ends that is left out of a middle once exchanged joints are put back."""


@dataclass(frozen=True, eq=False)
class Repaired:
    """The answer at 40 frames a second, in the frame that was asked in.

    Attributes:
        times: (T,) seconds.
        places: (T, 13, 3) metres; joints that were never seen are NaN.
        expected: (T, 13) metres that a place may be off.
        smoothed: (T, 13, 3) what the smoother alone says.
        jitter: (13,) metres that were found.
        exchanged: (K, 13) which of the looks were put back.
        seen: (K, 13, 3) the looks with those put back.
    """

    times: Floats
    places: Floats
    expected: Floats
    smoothed: Floats
    jitter: Floats
    exchanged: Floats
    seen: Floats


EXACT = 0.0005
"""Metres of jitter that a look has that is right."""


@dataclass(frozen=True, eq=False)
class Looks:
    """What was seen.

    Attributes:
        places: (K, 13, 3) metres in the performer's own frame, NaN where nothing was seen.
        times: (K,) seconds, rising.
        exact: (K,) which looks are right, as they are.
    """

    places: Floats
    times: Floats
    exact: Floats


def repair(
    looks: Looks,
    heard: Floats,
    playing: Floats,
    weights: Weights,
    ask: Callable[[Windows], Windows],
    tell: Callable[[float], None] = lambda part: None,
) -> Repaired:
    """Repair what was seen.

    Args:
        heard: (T, HEARD) of the sound (``ears``) at 40 frames a second from the first look on; zeros without any.
        playing: (T,) whether anybody plays, 0 to 1; where not, the smoother's answer stands.
        ask: the network's answers to windows of looks and ``heard`` side by side.
    """
    seen, times, frames = looks.places, looks.times, len(heard)
    never = ~np.isfinite(seen).any(axis=(0, 2))
    middle = _filled(middles(seen), weights.usual.places)
    grid = on_grid(seen, times, FPS, float(times[0]), frames)
    jitter, _ = habits(grid, middle, weights.habit, FPS, *ROUGHLY)
    back, exchanged = put_back(seen, middle, jitter)
    count = np.isfinite(back).all(axis=2).sum(axis=0)
    trimmed = middles(back, trim=TRIMMED)
    middle, unsure = likely_middle(trimmed, variance_of_mean(jitter, count), weights.usual)
    grid = on_grid(back, times, FPS, float(times[0]), frames)
    jitter, habit = habits(grid, middle, weights.habit, FPS)
    grid = _with_exact(grid, looks, jitter)
    tell(0.2)
    smoothed, deviations = smooth(grid, middle, jitter, habit, FPS)
    tell(0.5)
    shown = looks_of(grid, middle, unsure, jitter, smoothed, deviations, heard[:, PATH : PATH + 1])
    said = overlapped(
        ask, np.concatenate([shown, heard.astype(np.float32)], axis=1), weights.window, lambda p: tell(0.5 + 0.5 * p)
    )
    moved = said[:, : 3 * JOINT_COUNT].reshape(frames, JOINT_COUNT, 3) * deviations[..., None]
    sure = playing[:, None]
    places = smoothed + moved * sure[..., None]
    # A deviation of an axis is 1.6 of it in space (the mean length of a normal vector).
    expected = sure * (deviations + FLOOR) * np.exp(said[:, 3 * JOINT_COUNT :]) + (1.0 - sure) * 1.6 * deviations
    places[:, never] = smoothed[:, never] = np.nan
    grid_times = times[0] + np.arange(frames) / FPS
    return Repaired(grid_times, places, expected, smoothed, jitter, exchanged, back)


def _with_exact(grid: Seen, looks: Looks, jitter: Floats) -> Seen:
    """Looks that are right count as many."""
    if not looks.exact.any():
        return grid
    at = np.clip(np.round((looks.times[looks.exact] - looks.times[0]) * FPS).astype(int), 0, len(grid.count) - 1)
    count = grid.count.copy()
    count[at] *= np.maximum(jitter / EXACT, 1.0) ** 2
    return replace(grid, count=count)


def middles(seen: Floats, trim: float = 0.5) -> Floats:
    """(13, 3) where the joints usually are; NaN of one that was never seen.

    Args:
        trim: part that is left out at both ends before the rest is averaged; half leaves the median, which exchanged
            joints cannot move, but heavy jitter does.
    """
    known = np.isfinite(seen).all(axis=2)
    return np.array(
        [_trimmed(seen[known[:, i], i], trim) if known[:, i].any() else np.full(3, np.nan) for i in range(JOINT_COUNT)]
    )


def _filled(middle: Floats, usual: Floats) -> Floats:
    """With joints that were never seen where they usually are, beside the others."""
    return np.where(np.isfinite(middle), middle, usual - np.nanmean(usual - middle, axis=0))


def _trimmed(points: Floats, trim: float) -> Floats:
    ordered = np.sort(points, axis=0)
    cut = min(int(trim * len(points)), (len(points) - 1) // 2)
    return np.asarray(ordered[cut : len(points) - cut].mean(axis=0))
