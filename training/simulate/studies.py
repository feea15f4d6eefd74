# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Studies made by rule and chance: phrases over a progression of chords, each in a texture of its own.

Nothing here is anybody's music. The rules are those of any harmony book (tonic, predominant, dominant;
a half cadence after four bars, an authentic one after eight) and of any violin school (scales,
arpeggios, slurred and separate bows, string crossings, shifts, double stops); what is the piano's is
in ``piano_textures``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from training.datasets.mosa_annotations import Cadence, Expression, Harmony, Section
from training.simulate.score import NAMES, Score, Written
from training.simulate.textures import TEXTURES, Bar, Scale, Texture

METRES: Final = ((4.0, 1.0), (3.0, 1.0), (2.0, 1.0), (3.0, 1.5))
"""Bar and beat in quarter notes: 4/4, 3/4, 2/4, 6/8."""
TONICS: Final = (7, 2, 9, 4, 0, 5, 10, 3, 11)
"""Keys of violin music (the piano's studies take them too), the commonest first: G D A E C F B-flat E-flat B."""
MAJOR: Final = (0, 2, 4, 5, 7, 9, 11)
MINOR: Final = (0, 2, 3, 5, 7, 8, 11)
OPENINGS: Final = ((0, 3, 1, 4), (0, 5, 3, 4), (0, 0, 4, 4), (0, 3, 0, 4), (5, 3, 1, 4), (0, 2, 3, 4))
CLOSINGS: Final = ((0, 3, 4, 0), (5, 1, 4, 0), (3, 1, 4, 0), (0, 5, 4, 0), (3, 0, 4, 0), (1, 4, 4, 0))
"""Degrees of four bars that end in a half and in an authentic cadence."""
NUMERALS: Final = {
    "major": ("I", "ii", "iii", "IV", "V", "vi", "vii"),
    "minor": ("i", "ii", "III", "iv", "V", "VI", "vii"),
}
QUALITIES: Final = {"major": ("M", "m", "m", "M", "M", "m", "d"), "minor": ("m", "d", "M", "m", "M", "M", "d")}
LEVELS: Final = ("pp", "p", "mp", "mf", "f", "ff")


@dataclass
class _Study:
    """A study while it grows."""

    scale: Scale
    mode: str
    bar: float
    beat: float
    notes: list[Written]
    expressions: list[Expression]
    phrases: list[Section]
    harmonies: list[Harmony]
    cadences: list[Cadence]


def study(rng: np.random.Generator, title: str, seconds: float = 75.0, textures: Sequence[Texture] = TEXTURES) -> Score:
    """A study in some of these textures that takes about so many seconds."""
    mode = "major" if rng.random() < 0.65 else "minor"
    tonic = TONICS[min(int(rng.exponential(2.6)), len(TONICS) - 1)]
    bar, beat = METRES[rng.choice(len(METRES), p=(0.45, 0.27, 0.14, 0.14))]
    scale = Scale(tonic, MAJOR if mode == "major" else MINOR)
    work = _Study(scale, mode, bar, beat, [], [], [], [], [])
    pulse = float(np.exp(rng.uniform(np.log(52), np.log(144)))) / (1.25 if beat > 1 else 1.0)
    bars_wanted = max(8, round(seconds * pulse / 60 * beat / bar))
    palette = [textures[i] for i in rng.choice(len(textures), size=rng.integers(1, 4), replace=False)]
    level = int(rng.integers(1, 5))
    bars = 0
    while bars < bars_wanted:
        last = bars + 8 > bars_wanted
        texture = palette[int(rng.integers(len(palette)))]
        chords = [*OPENINGS[rng.integers(len(OPENINGS))], *CLOSINGS[rng.integers(len(CLOSINGS))]]
        level = int(np.clip(level + rng.integers(-2, 3), 0, 5))
        section = "A" if texture is textures[0] else "B"
        _period(work, rng, texture, section, pulse, chords, LEVELS[level], last)
        bars += len(chords)
    ordered = sorted(work.notes, key=lambda n: (n.position, n.pitch))
    return Score(
        title,
        bar,
        beat,
        bars,
        pulse,
        tuple(ordered),
        tuple(sorted(work.expressions, key=lambda e: (e.onset, e.offset, e.expression))),
        tuple(work.phrases),
        tuple(work.harmonies),
        tuple(work.cadences),
    )


def _period(
    work: _Study,
    rng: np.random.Generator,
    texture: Texture,
    section: str,
    pulse: float,
    chords: Sequence[int],
    level: str,
    last: bool,
) -> None:
    """Eight bars: two phrases of four, with their harmony, dynamics and cadences."""
    first = len(work.harmonies)
    play = texture(rng, work.scale, work.bar, work.beat, pulse)
    for i, degree in enumerate(chords):
        start = (first + i) * work.bar
        closing = i in (3, 7)
        bar = play(degree, closing, last and i == 7)
        _add_bar(work, bar, start)
        numeral, quality = NUMERALS[work.mode][degree], QUALITIES[work.mode][degree]
        key = NAMES[work.scale.tonic] if work.mode == "major" else NAMES[work.scale.tonic].lower()
        work.harmonies.append(Harmony(start, start + work.bar, key, str(degree + 1), quality, 0, numeral))
    begin, middle, end = (((first + n) * work.bar) for n in (0, 4, 8))
    for a, b, kind in ((begin, middle, "HC"), (middle, end, "AC")):
        work.phrases.append(Section(a, b, section))
        work.cadences.append(Cadence(b - 2 * work.bar, work.bar, b, kind))
    work.expressions.append(Expression(begin, end, level))
    _hairpins(work, rng, begin, middle, end, last)


def _hairpins(work: _Study, rng: np.random.Generator, begin: float, middle: float, end: float, last: bool) -> None:
    if rng.random() < 0.6:
        work.expressions.append(Expression(begin + work.bar, middle, "cresc"))
        work.expressions.append(Expression(middle + work.bar, end, "dim"))
    if last or rng.random() < 0.15:
        work.expressions.append(Expression(end - work.bar, end, "rit"))


def _add_bar(work: _Study, bar: Bar, start: float) -> None:
    for staff, events in enumerate((bar.events, bar.lower)):
        for event in events:
            at, length = round(start + event.position, 6), round(event.length, 6)
            work.notes += [Written(at, length, pitch, staff) for pitch in event.pitches]
    for event in bar.events:
        for mark in event.marks:
            end = round(start + event.position + event.length, 6)
            work.expressions.append(Expression(round(start + event.position, 6), end, mark))
    # The same note twice cannot be slurred: nobody would hear it.
    again = {i for i, (a, b) in enumerate(pairwise(bar.events), 1) if set(a.pitches) & set(b.pitches)}
    edges = sorted({*bar.bows, *again, len(bar.events)})
    for first, after in pairwise(edges):
        if after - first > 1:
            begin, final = bar.events[first], bar.events[after - 1]
            end = round(start + final.position + final.length, 6)
            work.expressions.append(Expression(round(start + begin.position, 6), end, "legato"))
