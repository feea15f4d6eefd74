# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The body in time with the music: it swings from step to step of the metre and gives on the beats.

Players' heads move on the time scales of the metre's levels (violinists of an orchestra: J. Laroche et al., *Frontiers
in Human Neuroscience* 16, 2022), and bodies in patterns that come again with the phrases (pianists: B. Buck,
J. MacRitchie and N. Bailey, *Empirical Musicology Review* 8, 2013). Shapes and sizes here were set by eye; where a
swing turns, the body is slowest, so that its kinematic beats are the music's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.performer.curves import Floats
from plugins.performer.music import Chord

SWING: Final = 1.4
"""Seconds that a body takes from one side to the other, most gladly."""
WIDE: Final = 0.35
"""How much swings, and gives, differ (deviation; 1 is their size), and"""
ALIKE: Final = 0.3
"""how much each swing is like the one before."""
PASSED: Final = 0.25
"""How often a swing goes on past where it might turn."""
QUIET: Final = 0.2
"""Part of a swing while nothing sounds."""
ARCH: Final = 0.6
"""Part of a swing where a phrase begins or ends."""
SOFTLY: Final = 0.07
"""Seconds within which a note begins with a beat."""
LIFT: Final = (-0.4, -0.42, 0.21)
"""Before a beat the body lifts: how far (1 is how far it gives), when, and how wide; seconds at 0.7 s a beat or slower,
less where beats are faster."""
GIVE: Final = (1.0, 0.04, 0.21)
"""On the beat it gives, and comes back."""
REACH: Final = 1.4
"""Seconds on both sides of a beat beyond which nothing is left of both."""
STRENGTHS: Final = (1.0, 0.35, 0.8)
"""Of downbeats, of other beats, and of accents that the score writes elsewhere."""
FASTEST: Final = 0.52
"""Seconds between beats under which only downbeats and accents are shown."""

Beats = Sequence[tuple[float, int]]
"""Seconds, and the place in the bar (1 is a downbeat)."""


@dataclass(frozen=True)
class Share:
    """How a joint answers: radians of nod for a give, of tilt and yaw (to the left) for a swing, of yaw for the bow
    arm; seconds by which it is ahead of the swing."""

    nod: float = 0.0
    tilt: float = 0.0
    yaw: float = 0.0
    arm: float = 0.0
    lead: float = 0.0


@dataclass(frozen=True, eq=False)
class Pulse:
    """What a piece asks of a body.

    Attributes:
        knots: (K,) seconds at which swings turn. sides: (K,) how far to the left they are then, about -1 to 1.
        onsets: (N,) seconds of what is shown. strengths: (N,) how much. widths: (N,) 1 where beats are slow, less else.
    """

    knots: Floats = field(repr=False)
    sides: Floats = field(repr=False)
    onsets: Floats = field(repr=False)
    strengths: Floats = field(repr=False)
    widths: Floats = field(repr=False)

    def swing(self, times: Floats) -> Floats:
        """(T,) from side to side, about -1 to 1, along half cosines; 0 where there are no beats."""
        if len(self.knots) < 2:
            return np.zeros(len(times))
        i = np.clip(np.searchsorted(self.knots, times, side="right") - 1, 0, len(self.knots) - 2)
        part = np.clip((times - self.knots[i]) / np.diff(self.knots)[i], 0.0, 1.0)
        done = 0.5 - 0.5 * np.cos(np.pi * part)
        return np.asarray(self.sides[i] + (self.sides[i + 1] - self.sides[i]) * done)

    def give(self, times: Floats) -> Floats:
        """(T,) down on the beats (to 1 and a little more on strong ones), up before them."""
        out = np.zeros(len(times))
        if not len(self.onsets) or len(times) < 2:
            return out
        reach = int(np.ceil(REACH / (times[1] - times[0])))
        at = np.searchsorted(times, self.onsets)[:, None] + np.arange(-reach, reach + 1)
        inside = (at >= 0) & (at < len(times))
        frames = np.clip(at, 0, len(times) - 1)
        away = (times[frames] - self.onsets[:, None]) / self.widths[:, None]
        bumps = sum(size * np.exp(-(((away - when) / wide) ** 2)) for size, when, wide in (LIFT, GIVE))
        np.add.at(out, frames[inside], (bumps * self.strengths[:, None])[inside])
        return out


def pulse_of(
    beats: Beats, chords: Sequence[Chord], phrases: Sequence[tuple[float, float]], rng: np.random.Generator
) -> Pulse:
    """How a body moves to these beats.

    Args:
        phrases: seconds of start and end, in order of time.
        rng: draws how far each swing and each give goes.
    """
    times = np.array([t for t, _ in beats])
    turning = times[steps(beats)] if len(beats) > 1 else np.zeros(0)
    knots, sides = _swings(turning, chords, phrases, rng)
    onsets, strengths, widths = _shown(times, beats, chords)
    strengths *= np.clip(1.0 + WIDE * rng.standard_normal(len(onsets)), 0.4, 1.8)
    return Pulse(knots, sides, onsets, strengths, widths)


def answers(
    pulse: Pulse, times: Floats, size: Floats, shares: Mapping[str, Share], arm: Floats | float = 0.0
) -> dict[str, tuple[Floats, Floats, Floats]]:
    """(T,) radians of nod, tilt and yaw of each joint.

    Args:
        size: (T,) how much all of it counts.
        arm: (T,) how far the bow arm is out, -1 to 1.
    """
    give = size * pulse.give(times)
    swings = {joint: size * pulse.swing(times + share.lead) for joint, share in shares.items()}
    return {
        joint: (share.nod * give, share.tilt * swings[joint], share.yaw * swings[joint] + share.arm * arm)
        for joint, share in shares.items()
    }


def steps(beats: Beats) -> npt.NDArray[np.int64]:
    """Which beats a swing turns at: all, every so many of a bar, every bar or two; what lasts most nearly SWING."""
    times, places = np.array([t for t, _ in beats]), np.array([p for _, p in beats])
    downs = np.flatnonzero(places == 1)
    bar = int(np.median(np.diff(downs))) if len(downs) > 1 else 0
    every = [np.arange(len(beats))]
    if bar:
        parts = [k for k in range(2, bar) if bar % k == 0]
        every += [np.flatnonzero((places - 1) % k == 0) for k in parts] + [downs, downs[::2]]
    else:
        every += [np.arange(0, len(beats), k) for k in (2, 4)]
    lengths = [float(np.median(np.diff(times[e]))) if len(e) > 1 else np.inf for e in every]
    return every[int(np.argmin(np.abs(np.log(np.array(lengths) / SWING))))]


def _swings(
    turning: Floats, chords: Sequence[Chord], phrases: Sequence[tuple[float, float]], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Where swings turn, and how far out: to the left first, less where phrases begin or end, at rest at both ends."""
    if len(turning) < 2:
        return np.zeros(0), np.zeros(0)
    passed = rng.random(len(turning)) < PASSED
    passed[[0, -1]] = False
    turning = turning[~passed | np.append(False, passed[:-1])]  # never two in a row
    draws = rng.standard_normal(len(turning))
    for i in range(1, len(draws)):
        draws[i] = ALIKE * draws[i - 1] + np.sqrt(1.0 - ALIKE**2) * draws[i]
    size = np.clip(1.0 + WIDE * draws, 0.4, 1.8) * _arch(turning, phrases)
    size *= np.where(_sounding(turning, chords), 1.0, QUIET)
    sides = size * np.where(np.arange(len(turning)) % 2, -1.0, 1.0)
    first, last = turning[1] - turning[0], turning[-1] - turning[-2]
    return np.concatenate([[turning[0] - first], turning, [turning[-1] + last]]), np.pad(sides, 1)


def _arch(times: Floats, phrases: Sequence[tuple[float, float]]) -> Floats:
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


def _shown(times: Floats, beats: Beats, chords: Sequence[Chord]) -> tuple[Floats, Floats, Floats]:
    """Onsets that the body shows, how much, and how wide: chords on beats, louder ones more, and written accents."""
    from scipy.ndimage import uniform_filter1d

    if not chords:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    starts = np.array([c.start for c in chords])
    loud = np.array([c.loudness for c in chords])
    around = uniform_filter1d(loud, 17, mode="nearest")
    stands_out = np.clip(0.7 + 2.0 * (loud - around), 0.2, 1.4)
    strengths = np.where([c.accent for c in chords], STRENGTHS[2], 0.0)
    gaps = np.full(len(starts), 1.0)
    if len(times) > 1:
        nearest = np.searchsorted((times[1:] + times[:-1]) / 2, starts)
        on = np.abs(times[nearest] - starts) < SOFTLY
        beat = np.append(np.diff(times), np.inf)
        gaps = np.minimum(beat, np.append(np.inf, np.diff(times)))[nearest]
        down = np.array([place == 1 for _, place in beats])[nearest]
        weak = np.where(gaps < FASTEST, 0.0, STRENGTHS[1])
        strengths = np.where(on, np.maximum(strengths, np.where(down, STRENGTHS[0], weak)), strengths)
    shown = _apart(starts, strengths)
    return starts[shown], (strengths * stands_out)[shown], np.clip(gaps / 0.7, 0.5, 1.0)[shown]


def _apart(starts: Floats, strengths: Floats) -> npt.NDArray[np.int64]:
    """What is shown, without what would be shown twice: chords that begin within SOFTLY of each other (broken ones)."""
    shown = [int(i) for i in np.flatnonzero(strengths > 0.0)]
    twice = {b for a, b in pairwise(shown) if starts[b] - starts[a] < 2.0 * SOFTLY}
    return np.array([i for i in shown if i not in twice], dtype=np.int64)
