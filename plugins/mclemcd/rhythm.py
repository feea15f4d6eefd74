# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which rates stand out in a movement or a sound, and which beat and metre a sound has.

Rates lie on a logarithmic axis, so that music played faster is the same curve moved along. A rate's *salience* is the
logarithm of its power over that of its surroundings. Beats and bars come as families of rates: of a beat of rate f in
bars of three, f / 3 and 2 f / 3 stand out; in bars of four f / 4, f / 2 and 3 f / 4. The weights are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Family = Sequence[tuple[float, float]]
"""(part of the beat's rate, weight)."""

STEP: Final = 0.004
"""From a rate to the next, as a logarithm: 0.4 %."""
RATES: Final = np.exp(np.arange(np.log(0.12), np.log(7.0), STEP))
"""Hertz."""
AROUND: Final = 0.7
"""Half the width of a rate's surroundings, as a logarithm: an octave."""
FINER: Final = 8
"""Points of a spectrum for each that it needs: rates between two are found."""
BEATS: Final = np.exp(np.arange(np.log(0.6), np.log(3.7), STEP))
"""Rates that a beat may have, 36 to 222 a minute."""
USUAL: Final = 105.0 / 60.0
"""The beat that is expected where several would do: about where people tap."""
SPREAD: Final = 0.6
"""Octaves from it that cost a point."""
PULSE: Final = ((1.0, 1.0), (2.0, 1.0), (3.0, 0.5), (4.0, 0.7))
"""What makes a rate a sound's beat: its own multiples."""
THREES: Final = ((1 / 3, 1.0), (2 / 3, 1.0), (4 / 3, 1.0), (5 / 3, 1.0))
FOURS: Final = ((1 / 4, 1.0), (1 / 2, 1.0), (3 / 4, 1.0), (3 / 2, 1.0))
EVEN: Final = 1.5
NEIGHBOURS: Final = 0.25
"""Hertz to each side that a rate's surroundings reach."""
FASTEST: Final = 5.0
"""Hertz that bodies move at."""
CLEAR: Final = 6.0
"""What the difference of the two families is multiplied by to be the log odds of three."""


def spectrum(curves: npt.NDArray[np.floating[Any]], fps: float) -> Floats:
    """(K, R) power of each curve at RATES, a share of its whole; 0 where its frame rate is too low.

    Args:
        curves: (T, K) of mean 0.
    """
    from scipy.fft import next_fast_len, rfft

    bell = np.hanning(len(curves) + 2)[1:-1, None]
    points = next_fast_len(max(FINER * len(curves), 64), real=True)
    power = np.abs(rfft(np.asarray(curves, dtype=np.float64) * bell, points, axis=0)) ** 2
    at = RATES * points / fps
    low = np.minimum(at.astype(np.int64), len(power) - 2)
    part = np.clip(at - low, 0.0, 1.0)[:, None]
    found = power[low] * (1.0 - part) + power[low + 1] * part
    found[0.475 * fps < RATES] = 0.0
    whole = ((curves * bell) ** 2).sum(axis=0)
    return np.asarray((found / np.maximum(whole, 1e-12)).T)


def salience(power: Floats, lowest: float = -1.5, highest: float = 3.0) -> Floats:
    """(R,) of the mean power (R,) at RATES; 0 where there is none."""
    there = power > 0.0
    if not there.any():
        return np.zeros(len(power))
    level = np.log(np.maximum(power, 1e-9 * power.max()))
    level[~there] = level[there][-1]  # rates that the frames are too few for are the last ones
    width = round(AROUND / STEP)
    padded = np.pad(level, width, mode="edge")
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    mean = (sums[2 * width + 1 :] - sums[: -2 * width - 1]) / (2 * width + 1)
    return np.asarray(np.where(there, np.clip(level - mean, lowest, highest), 0.0))


def of_family(curve: Floats, rates: npt.NDArray[np.floating[Any]], family: Family) -> Floats:
    """A salience at the rates of a family, weighted, for each beat in ``rates`` (Hz): noise gives values of one size,
    whatever the family."""
    places = np.log(RATES)
    total = sum(weight * np.interp(np.log(part * rates), places, curve) for part, weight in family)
    return np.asarray(total / np.sqrt(sum(weight**2 for _, weight in family)))


def tempi(curve: Floats, count: int = 3) -> Floats:
    """(count, 3) what a sound's beat may be, the likeliest first: its rate (Hz), its chance, the chance that bars have
    three of them rather than four. Chances of rates that are not there are 0."""
    beat = sum(weight * np.interp(np.log(part * BEATS), np.log(RATES), curve) for part, weight in PULSE)
    beat = beat - (np.log2(BEATS / USUAL) / SPREAD) ** 2
    inner = np.flatnonzero((beat[1:-1] >= beat[:-2]) & (beat[1:-1] > beat[2:])) + 1
    peaks = inner[np.argsort(-beat[inner], kind="stable")][:count]
    out = np.zeros((count, 3))
    if not len(peaks):
        peaks = np.array([int(np.argmax(beat))])
    rates = np.array([_between(beat, int(p)) for p in peaks])
    chances = np.exp(2.0 * (beat[peaks] - beat[peaks].max()))
    odds = (of_family(curve, rates, THREES) - of_family(curve, rates, FOURS)) / 2.0  # means of four
    out[: len(peaks)] = np.stack([rates, chances / chances.sum(), 1.0 / (1.0 + np.exp(-CLEAR * odds))], axis=1)
    out[len(peaks) :, 0] = rates[0]
    return out


def _between(curve: Floats, peak: int) -> float:
    """The rate of a peak of a curve over BEATS, by the parabola through it and its neighbours."""
    if not 0 < peak < len(curve) - 1:
        return float(BEATS[peak])
    before, here, after = curve[peak - 1 : peak + 2]
    bend = before - 2.0 * here + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(BEATS[peak] * np.exp(STEP * shift))


def uneven(curve: npt.NDArray[np.floating[Any]], fps: float) -> Floats:
    """(T,) what is not the same in every bar, of deviation 1: rates that stand out by more than EVEN times their
    surroundings are brought down to that. Of music that keeps its tempo only this tells one bar from another."""
    from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
    from scipy.ndimage import median_filter

    points = next_fast_len(2 * max(len(curve), 16), real=True)
    found = rfft(np.asarray(curve, dtype=np.float64), points)
    rates, size = rfftfreq(points, 1.0 / fps), np.abs(found)
    usual = median_filter(size, size=2 * max(2, round(NEIGHBOURS * points / fps)) + 1, mode="nearest")
    kept = np.minimum(1.0, EVEN * usual / np.maximum(size, 1e-12)) * ((rates > 0.1) & (rates < FASTEST))
    out = irfft(found * kept, points)[: len(curve)]
    spread = float(out.std())
    return np.asarray(out / spread if spread > 1e-9 else np.zeros(len(curve)))


def levelled(curves: npt.NDArray[np.floating[Any]], fps: float, seconds: float) -> Floats:
    """(T, K) each curve without what is slower than ``seconds``, of deviation 1; 0 where a curve does not change."""
    from scipy.ndimage import uniform_filter1d

    given = np.asarray(curves, dtype=np.float64)
    size = max(1, round(seconds * fps))
    mean = uniform_filter1d(uniform_filter1d(given, size, axis=0, mode="nearest"), size, axis=0, mode="nearest")
    moved = given - mean
    moved -= moved.mean(axis=0)
    spread = moved.std(axis=0)
    still = spread <= 1e-9 * np.maximum(np.abs(given).max(axis=0, initial=0.0), 1e-9)
    return np.asarray(np.where(still, 0.0, moved / np.where(still, 1.0, spread)))
