# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Seconds at score positions, from many notes of which some are wrong: outliers go, the rest is interpolated.

Each event's time is compared with a straight line through its neighbours, fitted with Tukey's biweight (W. Cleveland,
*Robust locally weighted regression and smoothing scatterplots*, JASA 1979). An event far off it for its surroundings
is not believed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from training.synchronisation.notes import Floats

NEIGHBOURS: Final = 8
"""Events on each side that the line is fitted to."""
ROUNDS: Final = 4
FAR: Final = 5.0
"""Median deviations of its surroundings by which an event may be off ..."""
LEAST: Final = 0.06
"""... and seconds that it may be off in any case: a held note, a breath."""
SHORT, LONG = 0.5, 1.5
"""Parts of its usual length by which an interval is short, or long."""


@dataclass(frozen=True, eq=False)
class TempoCurve:
    """Positions (K,) in quarter notes, strictly rising, and seconds (K,), not falling."""

    positions: Floats = field(repr=False)
    seconds: Floats = field(repr=False)

    @classmethod
    def through(cls, positions: Floats, seconds: Floats) -> TempoCurve:
        """The curve of events at strictly rising positions, without the outliers among them."""
        kept = believed(positions, seconds)
        return cls(positions[kept], _rising(seconds[kept]))

    def at(self, positions: Floats) -> Floats:
        """Seconds, interpolated; beyond the ends at the tempo of the nearest events."""
        x, y = self.positions, self.seconds
        found = np.interp(positions, x, y)
        for end, beyond in ((0, positions < x[0]), (-1, positions > x[-1])):
            found = np.where(beyond, y[end] + (positions - x[end]) * self._tempo(end), found)
        return np.asarray(found)

    def _tempo(self, end: int) -> float:
        """Seconds for a quarter note over the few events at one end."""
        near = slice(0, NEIGHBOURS) if end == 0 else slice(-NEIGHBOURS, None)
        length = float(np.ptp(self.positions[near]))
        return float(np.ptp(self.seconds[near])) / length if length > 0 else 0.5


def believed(positions: Floats, seconds: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(K,) which events lie near the line through their neighbours, or where a wait explains that they do not."""
    if len(positions) < 4:
        return np.ones(len(positions), dtype=bool)
    fitted, spread, tempo = lines(positions, seconds)
    near = np.abs(seconds - fitted) <= np.maximum(FAR * spread, LEAST)
    # A held note makes one interval long; a wrong time makes one too long and the next too short.
    before = np.diff(seconds) / (np.maximum(tempo, 1e-3)[1:] * np.diff(positions))
    after = np.append(before, 1.0)
    before = np.insert(before, 0, 1.0)
    torn = (np.minimum(before, after) < SHORT) & (np.maximum(before, after) > LONG) | (before < 0.0) | (after < 0.0)
    return np.asarray(near | ~torn)


def lines(positions: Floats, seconds: Floats) -> tuple[Floats, Floats, Floats]:
    """What the neighbours' line says of each event, the neighbours' median distance from it, and its slope."""
    count = len(positions)
    index = np.arange(count)[:, None] + np.arange(-NEIGHBOURS, NEIGHBOURS + 1)
    there = (index >= 0) & (index < count) & (np.arange(-NEIGHBOURS, NEIGHBOURS + 1) != 0)
    index = np.clip(index, 0, count - 1)
    x, y = positions[index] - positions[:, None], seconds[index]
    weight = there / (1.0 + np.abs(x))
    robust = weight
    for _ in range(ROUNDS):
        fitted, slope = _weighted_line(x, y, robust)
        off = np.abs(y - fitted[:, None] - slope[:, None] * x)
        spread = np.nanmedian(np.where(there, off, np.nan), axis=1)
        robust = weight * np.clip(1.0 - (off / (6.0 * np.maximum(spread, 0.01)[:, None])) ** 2, 0.0, None) ** 2
    return fitted, spread, slope


def _weighted_line(x: Floats, y: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Value at x = 0 and slope of the line through each row."""
    total = weight.sum(axis=1) + 1e-12
    mx, my = (weight * x).sum(axis=1) / total, (weight * y).sum(axis=1) / total
    dx = x - mx[:, None]
    slope = (weight * dx * (y - my[:, None])).sum(axis=1) / ((weight * dx**2).sum(axis=1) + 1e-9)
    return my - slope * mx, slope


def _rising(seconds: Floats) -> Floats:
    """The nearest curve that does not fall, near enough: half-way between those from below and above."""
    above = np.maximum.accumulate(seconds)
    below = np.minimum.accumulate(seconds[::-1])[::-1]
    return np.asarray((above + below) / 2)
