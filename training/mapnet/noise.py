# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What goes wrong when people are watched: the paper's noise, and what our network must cope with besides.

The paper's (S. Shrestha et al., 2022, section 4.3): jitter of 300 mm an axis, two joints taken for each other five
times a minute (Poisson) for 0.5 to 3 s, fewer frames a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.mapnet.config import FPS, JOINT_COUNT, PAPER_FPS

Floats = npt.NDArray[Any]

JITTER: Final = 0.300
SWAPS_A_MINUTE: Final = 5.0
SWAP_SECONDS: Final = (0.5, 3.0)
PAPER_RATES: Final = {1.0: 50.0, 0.5: 25.0, 0.33: 50.0 / 3.0}
"""Frames a second that are seen, by the paper's ratio tau."""


@dataclass(frozen=True, eq=False)
class Looks:
    """What somebody saw: times (K,) seconds from the first frame, places (K, 13, 3) metres, NaN for what was not seen,
    and the jitter (13,) metres that was added. ``swapped`` (K,): looks in which joints are exchanged."""

    times: Floats
    places: Floats
    sigma: Floats
    swapped: npt.NDArray[np.bool_] = field(repr=False)


def paper_noise(joints: Floats, rate: float, rng: np.random.Generator) -> Looks:
    """(T, 13, 3) at 50 frames a second, seen at ``rate`` with the paper's noise."""
    times = seen_at(len(joints), rate, PAPER_FPS)
    places = at_times(joints, times, PAPER_FPS) + rng.normal(0.0, JITTER, (len(times), JOINT_COUNT, 3))
    return Looks(times, places, np.full(JOINT_COUNT, JITTER), exchange(places, times, rng))


def our_noise(joints: Floats, rng: np.random.Generator) -> Looks:
    """(T, 13, 3) at 40 frames a second, seen at any rate from 5 to 120 frames a second, with any jitter up to the
    paper's, gaps, joints that are never seen, and exchanged ones."""
    rate = float(rng.choice([50.0, 25.0, 50.0 / 3.0, np.exp(rng.uniform(np.log(5.0), np.log(120.0)))]))
    times = seen_at(len(joints), rate, FPS, phase=float(rng.uniform(0.0, 1.0)))
    level = JITTER if rng.random() < 0.3 else float(np.exp(rng.uniform(np.log(0.002), np.log(0.35))))
    sigma = np.full(JOINT_COUNT, level) * np.exp(rng.normal(0.0, 0.3 if rng.random() < 0.5 else 0.0, JOINT_COUNT))
    places = at_times(joints, times, FPS) + rng.normal(size=(len(times), JOINT_COUNT, 3)) * sigma[:, None]
    swapped = exchange(places, times, rng)
    _lose(places, times, rng)
    return Looks(times, places, sigma, swapped)


def seen_at(frames: int, rate: float, fps: float, phase: float = 0.0) -> Floats:
    """(K,) seconds within ``frames`` frames at ``fps`` a second."""
    last = (frames - 1) / fps
    return np.asarray(np.arange(phase / rate, last + 1e-9, 1.0 / rate))


def at_times(joints: Floats, times: Floats, fps: float) -> Floats:
    """(K, 13, 3) of (T, 13, 3) at ``fps`` frames a second, linearly."""
    at = np.minimum(times * fps, len(joints) - 1.0)
    low = np.minimum(at.astype(int), len(joints) - 2)
    part = (at - low)[:, None, None]
    return np.asarray(joints[low] * (1.0 - part) + joints[low + 1] * part)


def exchange(places: Floats, times: Floats, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Let joints be taken for each other, in place; (K,) looks in which any are."""
    seconds = float(times[-1]) + 0.02
    swapped = np.zeros(len(times), dtype=bool)
    for _ in range(rng.poisson(SWAPS_A_MINUTE * seconds / 60.0)):
        begin = float(rng.uniform(0.0, seconds))
        end = begin + float(rng.uniform(*SWAP_SECONDS))
        a, b = rng.choice(JOINT_COUNT, 2, replace=False)
        rows = (times >= begin) & (times < end)
        places[rows, a], places[rows, b] = places[rows, b].copy(), places[rows, a].copy()
        swapped |= rows
    return swapped


def _lose(places: Floats, times: Floats, rng: np.random.Generator) -> None:
    """Gaps, in place: of one joint, of all, or of the legs throughout."""
    if rng.random() < 0.15:
        places[:, 7:] = np.nan
    for _ in range(rng.poisson(0.8)):
        begin, length = rng.uniform(0.0, times[-1]), np.exp(rng.uniform(np.log(0.1), np.log(2.0)))
        rows = (times >= begin) & (times < begin + length)
        lost = slice(None) if rng.random() < 0.3 else int(rng.integers(JOINT_COUNT))
        places[rows, lost] = np.nan
