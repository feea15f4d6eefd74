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
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.performer.curves import Floats
from plugins.performer.music import Chord
from plugins.performer.swing import LEAST, MOST, WIDE, Beats, Spans, swings, tidy

SOFTLY: Final = 0.07
"""Seconds within which a note begins with a beat."""
TWICE: Final = 0.14
"""Seconds between what is shown, at least."""
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


def pulse_of(beats: Beats, chords: Sequence[Chord], phrases: Spans, rng: np.random.Generator) -> Pulse:
    """How a body moves to these beats.

    Args:
        rng: draws how far each swing and each give goes.
    """
    beats = tidy(beats)
    knots, sides = swings(beats, chords, phrases, rng)
    onsets, strengths, widths = _shown(beats, chords)
    strengths *= np.clip(1.0 + WIDE * rng.standard_normal(len(onsets)), LEAST, MOST)
    return Pulse(knots, sides, onsets, strengths, widths)


def answers(
    pulse: Pulse,
    times: Floats,
    size: Floats,
    give: Floats,
    shares: Mapping[str, Share],
    arm: Floats | float = 0.0,
) -> dict[str, tuple[Floats, Floats, Floats]]:
    """(T,) radians of nod, tilt and yaw of each joint.

    Args:
        size: (T,) how much swings count. give: (T,) ``size`` of what the body gives.
        arm: (T,) how far the bow arm is out, -1 to 1.
    """
    swings = {joint: size * pulse.swing(times + share.lead) for joint, share in shares.items()}
    return {
        joint: (share.nod * give, share.tilt * swings[joint], share.yaw * swings[joint] + share.arm * arm)
        for joint, share in shares.items()
    }


def _shown(beats: Beats, chords: Sequence[Chord]) -> tuple[Floats, Floats, Floats]:
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
    times = np.array([t for t, _ in beats])
    if len(times) > 1:
        nearest = np.searchsorted((times[1:] + times[:-1]) / 2, starts)
        on = np.abs(times[nearest] - starts) < SOFTLY
        beat = np.append(np.diff(times), np.inf)
        gaps = np.minimum(beat, np.append(np.inf, np.diff(times)))[nearest]
        down = np.array([begins for _, begins in beats])[nearest]
        weak = np.where(gaps < FASTEST, 0.0, STRENGTHS[1])
        strengths = np.where(on, np.maximum(strengths, np.where(down, STRENGTHS[0], weak)), strengths)
    shown = _apart(starts, strengths)
    return starts[shown], (strengths * stands_out)[shown], np.clip(gaps / 0.7, 0.5, 1.0)[shown]


def _apart(starts: Floats, strengths: Floats) -> npt.NDArray[np.int64]:
    """What is shown, a while from each other; of two that are nearer the stronger, else the first (broken chords)."""
    shown: list[int] = []
    for i in np.flatnonzero(strengths > 0.0):
        if not shown or starts[i] - starts[shown[-1]] >= TWICE:
            shown.append(int(i))
        elif strengths[i] > strengths[shown[-1]]:
            shown[-1] = int(i)
    return np.array(shown, dtype=np.int64)
