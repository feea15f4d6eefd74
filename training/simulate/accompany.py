# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A tune for the piano: chords that fit it, found by dynamic programming, in one of the left hand's figures."""

from __future__ import annotations

from typing import Final

import numpy as np

from training.simulate.abc_tunes import Tune
from training.simulate.piano_textures import LEFT_FIGURES, singing
from training.simulate.score import Written
from training.simulate.textures import RHYTHMS, Scale

DEGREES: Final = (0, 1, 3, 4, 5)
"""I, ii, IV, V, vi."""
COMMON: Final = np.array([0.5, 0.0, 0.2, 0.4, 0.1])
"""How much a chord is liked by itself, in quarter notes of melody."""
GOES_ON: Final = np.array(
    [
        [0.1, 0.3, 0.4, 0.4, 0.3],
        [0.0, 0.0, 0.0, 0.7, 0.0],
        [0.4, 0.2, 0.0, 0.5, 0.0],
        [0.7, 0.0, 0.0, 0.0, 0.3],
        [0.0, 0.4, 0.4, 0.3, 0.0],
    ]
)
"""How much the second is liked after the first."""


def chords(tune: Tune, bars: int, rng: np.random.Generator) -> list[int]:
    """The degree of a chord for each bar: what of the melody it holds, how it goes on, chance; home at the end."""
    fits = np.zeros((bars, len(DEGREES))) + COMMON + rng.gumbel(0.0, 0.25, (bars, len(DEGREES)))
    tones = [{tune.scale.pitch(d + k) % 12 for k in (0, 2, 4)} for d in DEGREES]
    for position, length, pitch in tune.notes:
        bar = int(position // tune.bar)
        if 0 <= bar < bars:
            weight = length * (1.5 if position % tune.bar < 1e-6 else 1.0)
            fits[bar] += [weight * (pitch % 12 in held) for held in tones]
    fits[-1, 0] += 10.0
    best, came = fits[0].copy(), np.zeros((bars, len(DEGREES)), dtype=np.int64)
    for bar in range(1, bars):
        ways = best[:, None] + GOES_ON
        came[bar], best = ways.argmax(axis=0), ways.max(axis=0) + fits[bar]
    path = [int(best.argmax())]
    for bar in range(bars - 1, 0, -1):
        path.append(int(came[bar, path[-1]]))
    return [DEGREES[i] for i in reversed(path)]


def left_hand(tune: Tune, bars: int, pulse: float, rng: np.random.Generator) -> list[Written]:
    """An accompaniment below the tune; another figure after eight bars, now and then."""
    beat = 1.0 if tune.beat == 2.0 else tune.beat
    figures = [f for f in LEFT_FIGURES if f is not singing or (tune.bar, beat) in RHYTHMS]
    found = chords(tune, bars, rng)
    out: list[Written] = []
    part = None
    for bar, degree in enumerate(found):
        if part is None or (bar % 8 == 0 and rng.random() < 0.35):
            figure = figures[int(rng.integers(len(figures)))]
            part = figure(rng, tune.scale, tune.bar, beat, pulse * tune.beat / beat, 1)
        for event in part(degree, bar % 4 == 3 and rng.random() < 0.3, bar == bars - 1):
            at = round(bar * tune.bar + event.position, 6)
            out += [Written(at, round(event.length, 6), pitch, 1) for pitch in event.pitches]
    return out


def thickened(notes: list[Written], scale: Scale, rng: np.random.Generator) -> list[Written]:
    """The melody in octaves, thirds, sixths, or as it is."""
    kind = rng.choice(["plain", "octaves", "thirds", "sixths"], p=[0.55, 0.15, 0.2, 0.1])
    if kind == "plain":
        return notes
    if kind == "octaves":
        return [*notes, *(Written(n.position, n.length, n.pitch - 12, 0) for n in notes if n.pitch >= 72)]
    ladder = [scale.pitch(d) for d in range(-7, 35)]
    down = 2 if kind == "thirds" else 5
    lower = [(n, int(np.searchsorted(ladder, n.pitch))) for n in notes]
    return [
        *notes,
        *(Written(n.position, n.length, ladder[i - down], 0) for n, i in lower if i >= down and ladder[i - down] >= 60),
    ]
