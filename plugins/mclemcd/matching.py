# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Where in a track a motion falls best, how much faster to play it, and how well it fits then.

Three things are asked. *Rhythm*: does the motion's own beat and metre agree with the track's, at a speed that the
track may be played at? *Accents* and *energy*: at the best place, how far does the agreement of the motion's accents
with what begins in the track, and of its liveliness with the loudness, stand above what the best of as many places
would show by chance? Places are tried along the whole track, the motion may overhang at both ends, and agreement is
measured in deviations of an overlap that long, so that neither a track's length nor the motion's matters to which
track is chosen. To where in it the motion is put they do: music is wanted for all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.mclemcd.agreement import Moved
from plugins.mclemcd.listening import CLOCK, COARSE, COARSE_RATES, SLOW, beat_heard
from plugins.mclemcd.movement import Movement
from plugins.mclemcd.rhythm import BEATS, STEP, Floats

TRUST: Final = 0.02
"""Change of tempo, as a logarithm, that costs a quarter of a point of rhythm: people choose music at its own tempo."""
RHYTHM: Final = 2.0
"""What rhythm counts for beside accents and energy, which are in deviations."""
FINE: Final = 0.002
"""From a tempo ratio to the next, as a logarithm: over a minute a fifth of a beat."""
WEIGHTS: Final = {"pattern": 1.0, "accents": 1.0, "energy": 1.0}
"""What each kind of agreement counts for."""
DOUBT: Final = 1.5
"""Deviations above what chance is expected to show up to which it may be chance all the same: music repeats itself.
As much better must a place be at which the motion overhangs the track."""
BELL: Final = 0.07
"""Seconds that an accent is usually from its beat."""
GRAIN: Final = 0.2
"""Seconds: places that are nearer than that to each other are tried as one."""


@dataclass(frozen=True)
class Place:
    """Where a motion falls in a track: ``offset`` seconds from its beginning, at ``ratio`` times its speed; how well
    its ``rhythm`` fits, and how well the place does (``agreement``, 0 is the best of chance)."""

    offset: float
    ratio: float
    rhythm: float
    agreement: float

    @property
    def score(self) -> float:
        return RHYTHM * self.rhythm + max(self.agreement - DOUBT, 0.0)


@dataclass(eq=False)
class Matcher:
    """Compares one motion with many tracks.

    Args:
        change: how much faster or slower a track may be played, a part of 1.
    """

    movement: Movement
    change: float
    _known: dict[tuple[str, int], Moved] = field(default_factory=dict)

    def __post_init__(self) -> None:
        steps = int(np.log1p(self.change) / FINE + 1e-6)
        self.ratios = FINE * np.arange(-steps, steps + 1)
        """Logarithms of the tempo ratios that are tried."""
        self.costs = cost(self.ratios)

    def coarse(self) -> Floats:
        """(2, C) at COARSE_RATES, the best fit of a beat of that rate within reach, as a likelihood: the logarithm of
        the product with a track's ``rhythm`` is about how well its rhythm fits."""
        reach = int(np.log1p(self.change) / COARSE + 1e-6)
        shifts = COARSE * np.arange(-reach, reach + 1)
        places = np.log(COARSE_RATES)[:, None] + shifts
        found = [np.interp(places, np.log(BEATS), fits) - cost(shifts) for fits in self.movement.fits]
        return np.exp(np.stack([f.max(axis=1) for f in found]))

    def rhythm(self, tempo: npt.NDArray[np.floating[Any]]) -> Floats:
        """(R,) how well a track of these tempi fits at each ratio: fits as logarithms of likelihoods, so that a beat
        or a metre that is hardly possible costs no more than its chance."""
        total = np.full(len(self.ratios), 1e-9)
        for rate, chance, three in tempo:
            if chance > 0.0:
                at = (np.log(rate / BEATS[0]) + self.ratios) / STEP
                threes, fours = (np.interp(at, np.arange(len(BEATS)), fits) for fits in self.movement.fits)
                total += chance * (three * np.exp(threes) + (1.0 - three) * np.exp(fours))
        return np.log(total) - self.costs

    def _rhythm_of(self, kept: Mapping[str, npt.NDArray[Any]]) -> Floats:
        """The same of what is kept of a track; a track without a beat fits nowhere."""
        return self.rhythm(kept["tempo"].astype(np.float64) if beat_heard(kept) else np.empty((0, 3)))

    def place(self, kept: Mapping[str, npt.NDArray[Any]], ratios: int = 3) -> Place:
        """The best place in a track, at the ``ratios`` best ratios."""
        fits = self._rhythm_of(kept)
        return self._best(kept, fits, _peaks(fits, ratios))

    def refine(self, kept: Mapping[str, npt.NDArray[Any]], place: Place, around: int = 2) -> Place:
        """The same with the ratios beside its own."""
        fits = self._rhythm_of(kept)
        middle = int(np.abs(self.ratios - np.log(place.ratio)).argmin())
        tried = range(max(0, middle - around), min(len(self.ratios), middle + around + 1))
        return self._best(kept, fits, tried)

    def _best(self, kept: Mapping[str, npt.NDArray[Any]], fits: Floats, tried: Iterable[int]) -> Place:
        heard = {name: Moved(kept[name]) for name in WEIGHTS}
        places = [self._place(heard, float(self.ratios[index]), float(fits[index])) for index in tried]
        return max(places, key=lambda place: place.score)

    def _place(self, heard: Mapping[str, Moved], ratio: float, rhythm: float) -> Place:
        total: Any = 0.0
        at = np.empty(0)  # seconds of the track at which the motion begins
        for name, weight in WEIGHTS.items():
            first, found = heard[name].along(self._stretched(name, ratio))
            times = (first + np.arange(len(found))) / (SLOW if name == "energy" else CLOCK)
            if not len(at):
                at = times
            total = total + weight * (found if name != "energy" else np.interp(at, times, found))
        total = total / np.sqrt(sum(weight**2 for weight in WEIGHTS.values()))
        # The largest of n normal deviates is about sqrt(2 log n).
        expected = np.sqrt(2.0 * np.log(max(len(total) / CLOCK / GRAIN, 2.0)))
        seconds, length = len(heard["accents"]) / CLOCK, len(self._stretched("accents", ratio)) / CLOCK
        outside = (at < 0.0) | (at + length > seconds)
        best = int((total - DOUBT * outside).argmax())
        return Place(float(at[best]), float(np.exp(ratio)), rhythm, float(total.max() - expected))

    def _stretched(self, name: str, ratio: float) -> Moved:
        """The motion's curve on the clock of a track played ``exp(ratio)`` times as fast."""
        key = (name, round(ratio / FINE))
        if key not in self._known:
            curve: Floats = getattr(self.movement, name)
            count = max(2, int(len(curve) * np.exp(ratio)))
            self._known[key] = Moved(np.interp(np.arange(count) / np.exp(ratio), np.arange(len(curve)), curve))
        return self._known[key]


def settled(place: Place, accents: Floats, beats: Floats) -> Place:
    """The same place moved by half a beat at most, so that accents and beats fall together best: which bar it is, the
    pattern and the energy tell; where in the beat, nobody should be in doubt.

    Closeness is a bell as in R. Li et al., *AI Choreographer* (ICCV 2021).

    Args:
        accents: (A,) seconds of the motion. beats: (B,) seconds of the track.
    """
    times = place.offset + place.ratio * accents
    times = times[(times > beats[0]) & (times < beats[-1])] if len(beats) > 1 else times[:0]
    if len(times) < 3:
        return place
    half = 0.5 * float(np.median(np.diff(beats)))
    shifts = np.concatenate([[0.0], np.arange(-half, half, 0.5 / CLOCK)])
    moved = times + shifts[:, None]
    after = np.clip(np.searchsorted(beats, moved), 1, len(beats) - 1)
    apart = np.minimum(np.abs(moved - beats[after - 1]), np.abs(moved - beats[after]))
    best = int(np.exp(-0.5 * (apart / BELL) ** 2).mean(axis=1).argmax())
    return replace(place, offset=place.offset + float(shifts[best]))


def cost(ratios: Floats) -> Floats:
    """What playing at other tempi takes from rhythm; large changes take less than a square would."""
    return np.asarray(np.minimum(0.25 * (ratios / TRUST) ** 2, 1.5 * np.abs(ratios) / TRUST))


def _peaks(fits: Floats, count: int) -> list[int]:
    """Where a curve is highest: its maxima, at most ``count``."""
    padded = np.concatenate([[-np.inf], fits, [-np.inf]])
    inner = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] > padded[2:]))
    return [int(i) for i in inner[np.argsort(-fits[inner], kind="stable")][:count]]
