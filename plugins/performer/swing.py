# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""When a body swings to the other side, and how far: on beats, in each bar at the level of the metre that suits it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.performer.curves import Floats
from plugins.performer.music import Chord

SWING: Final = 1.4
"""Seconds that a body takes from one side to the other, most gladly."""
EASE: Final = 0.35
"""How much it minds others (deviation of their logarithm), and"""
CHANGED: Final = 0.7
"""how much another level of the metre from one bar to the next (for a doubling)."""
SHORTEST: Final = 0.5
"""Seconds from turn to turn, at least, whatever the beats say."""
LONGEST: Final = 3.4
"""Seconds of a swing that goes on past where it might turn, at most."""
NEAREST: Final = 0.12
"""Seconds between two beats; of two that are nearer one is wrong."""
FOUR: Final = 4
"""Beats that are taken together where nobody says what a bar is."""
WIDE: Final = 0.35
"""How much swings, and gives, differ (deviation; 1 is their size), and"""
ALIKE: Final = 0.3
"""how much each swing is like the one before."""
LEAST, MOST = 0.4, 1.8
"""Sizes of both."""
PASSED: Final = 0.25
"""How often a swing goes on past where it might turn, never twice in a row."""
QUIET: Final = 0.2
"""Part of a swing while nothing sounds."""
ARCH: Final = 0.6
"""Part of a swing where a phrase begins or ends."""

Beats = Sequence[tuple[float, bool]]
"""Seconds, and whether a bar begins."""
Spans = Sequence[tuple[float, float]]
"""Seconds of starts and ends, in order of time."""


def tidy(beats: Beats) -> list[tuple[float, bool]]:
    """Beats in order, apart from each other; of two that are too near the downbeat stays, else the first."""
    out: list[tuple[float, bool]] = []
    for time, down in sorted(beats):
        if not out or time - out[-1][0] >= NEAREST:
            out.append((time, down))
        elif down and not out[-1][1]:
            out[-1] = time, down
    return out


def swings(beats: Beats, chords: Sequence[Chord], phrases: Spans, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Seconds at which swings turn, and how far to the left a body is then, about -1 to 1: to the left first, less
    where phrases begin or end, at rest at both ends. Empty where there are no two turns."""
    turning = _with_passed(np.array([beats[i][0] for i in steps(beats)]), rng)
    if len(turning) < 2:
        return np.zeros(0), np.zeros(0)
    draws = rng.standard_normal(len(turning))
    for i in range(1, len(draws)):
        draws[i] = ALIKE * draws[i - 1] + np.sqrt(1.0 - ALIKE**2) * draws[i]
    gaps = np.diff(turning)
    room = np.minimum(np.append(gaps, np.inf), np.append(np.inf, gaps)) / SWING
    size = np.clip(1.0 + WIDE * draws, LEAST, MOST) * _arch(turning, phrases) * np.minimum(room, 1.0)
    size *= np.where(_sounding(turning, chords), 1.0, QUIET)
    sides = size * np.where(np.arange(len(turning)) % 2, -1.0, 1.0)
    return np.concatenate([[turning[0] - gaps[0]], turning, [turning[-1] + gaps[-1]]]), np.pad(sides, 1)


def steps(beats: Beats) -> npt.NDArray[np.int64]:
    """Which beats a swing may turn at.

    In each bar at every beat, every so many, its first, or the first of two bars: what lasts most nearly SWING, with
    few changes from bar to bar (the cheapest way through all bars, by dynamic programming).
    """
    if len(beats) < 2:
        return np.arange(len(beats))
    bars, lengths = _bars(beats)
    levels = [
        [m for m in (0.5, *range(1, last - first + 1)) if m < 1 or (last - first) % m == 0] for first, last in bars
    ]
    chosen = _levels([np.log(length / np.array(level)) for length, level in zip(lengths, levels, strict=True)])
    found: list[int] = []
    opens = False  # two bars
    for (first, last), level, c in zip(bars, levels, chosen, strict=True):
        opens = level[c] < 1 and not opens
        if level[c] >= 1 or opens:
            found += range(first, last, (last - first) // max(int(level[c]), 1))
    return _apart(np.array(found, dtype=np.int64), np.array([t for t, _ in beats]))


def _bars(beats: Beats) -> tuple[list[tuple[int, int]], list[float]]:
    """First beat of each bar, and that of the next; seconds. What comes before the first downbeat is in no bar."""
    times = np.array([t for t, _ in beats])
    downs = np.flatnonzero([down for _, down in beats])
    downs = downs if len(downs) > 1 else np.arange(0, len(beats), FOUR)
    bars = [*pairwise(int(d) for d in downs), (int(downs[-1]), len(beats))]
    usual = float(np.median(np.diff(times)))
    return bars, [float(times[b] - times[a]) if b < len(times) else usual * (b - a) for a, b in bars]


def _levels(steps: Sequence[Floats]) -> list[int]:
    """Which of each bar's steps (logarithms of seconds) to take."""
    total, before = np.zeros(1), steps[0][:1]
    came: list[npt.NDArray[np.int64]] = []
    for step in steps:
        change = CHANGED / np.log(2.0) * np.abs(step[None] - before[:, None]) if came else np.zeros((1, len(step)))
        ways = total[:, None] + change
        came.append(ways.argmin(axis=0))
        total, before = ways.min(axis=0) + ((step - np.log(SWING)) / EASE) ** 2 / 2, step
    path = [int(total.argmin())]
    for ways_back in reversed(came[1:]):
        path.append(int(ways_back[path[-1]]))
    return path[::-1]


def _apart(turns: npt.NDArray[np.int64], times: Floats) -> npt.NDArray[np.int64]:
    kept: list[int] = []
    for turn in turns:
        if not kept or times[turn] - times[kept[-1]] >= SHORTEST:
            kept.append(int(turn))
    return np.array(kept, dtype=np.int64)


def _with_passed(turning: Floats, rng: np.random.Generator) -> Floats:
    """Without some turns between others, so that nobody swings like a pendulum."""
    passed = rng.random(len(turning)) < PASSED
    if len(turning) < 3:
        return turning
    passed[[0, -1]] = False
    passed[1:-1] &= turning[2:] - turning[:-2] <= LONGEST
    return turning[~passed | np.append(False, passed[:-1])]


def _arch(times: Floats, phrases: Spans) -> Floats:
    """From ARCH at the ends of phrases to 1 in their middles."""
    starts, ends = np.array(phrases).reshape(-1, 2).T
    if not len(starts):
        return np.ones(len(times))
    i = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, len(starts) - 1)
    part = np.clip((times - starts[i]) / np.maximum(ends[i] - starts[i], 1e-3), 0.0, 1.0)
    return np.asarray(ARCH + (1.0 - ARCH) * np.sin(np.pi * part))


def _sounding(turning: Floats, chords: Sequence[Chord]) -> npt.NDArray[np.bool_]:
    """Whether something begins within a step before or after each turn, or goes on there."""
    if not chords:
        return np.zeros(len(turning), dtype=bool)
    starts, ends = np.array([c.start for c in chords]), np.maximum.accumulate([c.end for c in chords])
    step = float(np.median(np.diff(turning)))
    begun = np.searchsorted(starts, turning + step) - np.searchsorted(starts, turning - step) > 0
    before = np.searchsorted(starts, turning, side="right") - 1
    return np.asarray(begun | ((before >= 0) & (ends[before] > turning)))
