# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Stretches of other people's scores, for one violin or one piano.

A folder holds tunes in ABC notation and scores in MusicXML, for instance music of the public domain. The violin plays
a tune or one part of a score; the piano a tune with an accompaniment made for it, or several parts at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from training.datasets.mosa import CorpusError
from training.datasets.mosa_annotations import Expression, Section
from training.simulate.abc_tunes import Tune, tunes
from training.simulate.accompany import left_hand, thickened
from training.simulate.parts import Movement, Part, PartsError, read_parts
from training.simulate.score import Score, Written

RANGES: Final = {"violin": (55, 98), "piano": (22, 107)}
MELODY: Final = (60, 92)
"""Of a tune on the piano."""
PULSE: Final = (84.0, 0.4)
"""Beats a minute: the middle, and the deviation of the logarithm (two of three lie from 56 to 125)."""
PULSES: Final = (34.0, 190.0)
DENSITY: Final = (0.8, 8.0)
"""Chords a second that a tempo must leave playable, and worth playing."""
SECONDS: Final = (30.0, 60.0)
FEWEST: Final = 16
"""Notes of an excerpt."""
PHRASE: Final = 4
"""Bars of a phrase in tunes whose strains come out even."""
TRIES: Final = 40
TINY: Final = 1e-6


@dataclass(frozen=True, eq=False)
class Library:
    """What a folder holds, and a hash of it."""

    tunes: tuple[Tune, ...]
    movements: tuple[Movement, ...]
    sha256: str


@lru_cache(maxsize=2)
def read_library(folder: Path) -> Library:
    """All that can be read; CorpusError when that is nothing."""
    if not folder.is_dir():
        raise CorpusError(f"{folder} is not a folder")
    digest, found, movements = hashlib.sha256(), [], []
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".abc", ".xml", ".musicxml", ".mxl")):
        digest.update(path.read_bytes())
        if path.suffix == ".abc":
            found += list(tunes(path.read_text(encoding="utf-8", errors="replace")))
            continue
        try:
            movements.append(read_parts(path))
        except PartsError:
            continue
    if not found and not movements:
        raise CorpusError(f"{folder} holds no tunes (.abc) and no scores (.musicxml, .mxl) that can be read")
    return Library(tuple(found), tuple(movements), digest.hexdigest())


def excerpt(library: Library, instrument: str, rng: np.random.Generator) -> Score:
    """A stretch of half a minute to a minute."""
    for _ in range(TRIES):
        of_tune = bool(library.tunes) and (not library.movements or rng.random() < 0.55)
        score = _of_tune(library, instrument, rng) if of_tune else _of_parts(library, instrument, rng)
        if score is not None:
            return score
    raise CorpusError(f"the scores have hardly anything that a {instrument} can play")


def _of_tune(library: Library, instrument: str, rng: np.random.Generator) -> Score | None:
    tune = library.tunes[int(rng.integers(len(library.tunes)))]
    pulse, beat = _pulse(len({n[0] for n in tune.notes}), tune.notes[-1][0], tune.beat, rng)
    bars = _bars_in(SECONDS, tune.bar / beat * 60.0 / pulse, int(tune.notes[-1][0] // tune.bar) + 1, rng)
    moved = _moved(tune, MELODY if instrument == "piano" else RANGES["violin"], bars, rng)
    if moved is None or (instrument == "piano" and tune.beat < 1.0):
        return None
    notes = [Written(*n) for n in moved.notes]
    if instrument == "piano":
        notes = [*thickened(notes, moved.scale, rng), *left_hand(moved, bars, pulse * beat / moved.beat, rng)]
    marks = [Expression(a, min(b, bars * tune.bar), "legato") for a, b in tune.slurs if a < bars * tune.bar - 1]
    marks += [Expression(a, _end(notes, a), "staccato") for a in tune.short if a < bars * tune.bar]
    phrases = tuple(Section(a, b, "A") for a, b in _phrases(tune, bars))
    return _score(tune.title, tune.bar, beat, bars, pulse, notes, marks, phrases)


def _moved(tune: Tune, reach: tuple[int, int], bars: int, rng: np.random.Generator) -> Tune | None:
    """The tune's first bars in another key, inside a range."""
    kept = [n for n in tune.notes if n[0] < bars * tune.bar - TINY]
    low, high = min(n[2] for n in kept), max(n[2] for n in kept)
    shifts = [s for s in range(-24, 25) if reach[0] <= low + s and high + s <= reach[1] and abs(s) <= 14]
    if len(kept) < FEWEST or not shifts:
        return None
    shift = int(rng.choice(shifts))
    scale = type(tune.scale)((tune.scale.tonic + shift) % 12, tune.scale.steps)
    notes = [(a, min(n, bars * tune.bar - a), pitch + shift) for a, n, pitch in kept]
    return Tune(tune.title, tune.bar, tune.beat, scale, tune.minor, notes)


def _phrases(tune: Tune, bars: int) -> list[tuple[float, float]]:
    """Four bars each where strains are of such; else whole strains."""
    ends = [*tune.strains[1:], max(tune.notes[-1][0] + tune.notes[-1][1], tune.strains[-1] + tune.bar)]
    starts: list[float] = []
    for first, last in zip(tune.strains, ends, strict=True):
        count = (last - first) / (PHRASE * tune.bar)
        even = abs(count - round(count)) * PHRASE * tune.bar <= 1.0 + TINY and round(count) >= 1
        starts += [first + i * PHRASE * tune.bar for i in range(round(count) if even else 1)]
    starts = [s for s in starts if s < bars * tune.bar - TINY]
    return list(zip(starts, [*starts[1:], bars * tune.bar], strict=True))


def _of_parts(library: Library, instrument: str, rng: np.random.Generator) -> Score | None:
    movement = library.movements[int(rng.integers(len(library.movements)))]
    first = int(rng.integers(len(movement.bars)))
    _, bar, beat = movement.bars[first]
    last = first
    while last < len(movement.bars) and abs(movement.bars[last][1] - bar) < TINY and movement.bars[last][2] == beat:
        last += 1
    chosen = _chosen(movement, instrument, rng)
    start, end = movement.bars[first][0], movement.bars[min(last, len(movement.bars)) - 1][0] + bar
    positions = sorted({n[0] for part in chosen for n in part.notes if start - TINY <= n[0] < end - TINY})
    if last - first < 4 or len(positions) < FEWEST:
        return None
    pulse, beat = _pulse(len(positions), end - start, beat, rng)
    bars = _bars_in(SECONDS, bar / beat * 60.0 / pulse, last - first, rng)
    end = start + bars * bar
    shift = _shift(chosen, start, end, instrument, rng)
    if shift is None:
        return None
    notes, marks = [], []
    for i, part in enumerate(chosen):
        staff = int(instrument == "piano" and i >= max(1, len(chosen) // 2))
        notes += [
            Written(round(a - start, 6), round(min(n, end - a), 6), pitch + shift, staff)
            for a, n, pitch in part.notes
            if start - TINY <= a < end - TINY
        ]
    marks = _marks(chosen[0], start, end)
    every = int(rng.choice([2, 4, 4, 4, 8]))
    phrases = tuple(Section(float(i * bar), float(min(i + every, bars) * bar), "") for i in range(0, bars, every))
    if len(notes) < FEWEST or bars < 4:
        return None
    return _score(movement.title, bar, beat, bars, pulse, notes, marks, phrases, phrased=False)


def _chosen(movement: Movement, instrument: str, rng: np.random.Generator) -> list[Part]:
    count = len(movement.parts)
    if instrument == "violin":
        return [movement.parts[int(rng.integers(count))]]
    size = min(count, int(rng.choice([2, 3, 4, 4])))
    return [movement.parts[i] for i in sorted(rng.choice(count, size, replace=False))]


def _shift(parts: Sequence[Part], start: float, end: float, instrument: str, rng: np.random.Generator) -> int | None:
    """Semitones by which the parts are moved."""
    pitches = [n[2] for part in parts for n in part.notes if start - TINY <= n[0] < end - TINY]
    low, high = RANGES[instrument]
    shifts = [s for s in range(-30, 31) if pitches and low <= min(pitches) + s and max(pitches) + s <= high]
    near = [s for s in shifts if abs(s) <= 6] or shifts
    return int(rng.choice(near)) if near else None


def _marks(part: Part, start: float, end: float) -> list[Expression]:
    """Slurs, staccato, dynamics (each until the next) and hairpins of a stretch, from its beginning."""

    def cut(a: float, b: float, what: str) -> Expression:
        return Expression(round(max(a, start) - start, 6), round(min(b, end) - start, 6), what)

    out = [cut(a, b, "legato") for a, b in part.slurs if start - TINY <= a and b <= end + TINY]
    lengths = {a: n for a, n, _ in part.notes}
    out += [cut(a, a + lengths.get(a, 0.5), "staccato") for a in part.short if start - TINY <= a < end - TINY]
    marks = sorted(part.marks)
    for (a, what), (b, _) in pairwise([*marks, (np.inf, "")]):
        if b > start + TINY and a < end - TINY:
            out.append(cut(a, b, what))
    return out + [cut(a, b, what) for a, b, what in part.hairpins if b > start + TINY and a < end - TINY]


def _pulse(chords: int, quarters: float, beat: float, rng: np.random.Generator) -> tuple[float, float]:
    """Beats a minute, and the beat: two half notes to a bar are now and then four quarters."""
    if beat == 2.0 and rng.random() < 0.6:
        beat = 1.0
    pulse = PULSE[0] * float(np.exp(rng.normal(0.0, PULSE[1])))
    slowest, fastest = (60.0 * d * quarters / beat / max(chords, 1) for d in DENSITY)
    return float(np.clip(np.clip(pulse, slowest, fastest), *PULSES)), beat


def _bars_in(seconds: tuple[float, float], bar: float, most: int, rng: np.random.Generator) -> int:
    return int(np.clip(round(float(rng.uniform(*seconds)) / bar), 4, max(most, 1)))


def _end(notes: Sequence[Written], at: float) -> float:
    return next((n.end for n in notes if abs(n.position - at) < TINY), at + 0.5)


def _score(
    title: str,
    bar: float,
    beat: float,
    bars: int,
    pulse: float,
    notes: Sequence[Written],
    marks: Sequence[Expression],
    phrases: tuple[Section, ...],
    *,
    phrased: bool = True,
) -> Score:
    ordered = tuple(sorted(_apart(notes), key=lambda n: (n.position, n.pitch)))
    expressions = tuple(sorted(marks, key=lambda e: (e.onset, e.offset, e.expression)))
    return Score(title, bar, beat, bars, pulse, ordered, expressions, phrases, phrased=phrased)


def _apart(notes: Sequence[Written]) -> list[Written]:
    """No key twice at once: of two the longer, and it ends where the same key begins again."""
    by_pitch: dict[int, dict[float, Written]] = {}
    for note in notes:
        there = by_pitch.setdefault(note.pitch, {})
        if note.position not in there or there[note.position].length < note.length:
            there[note.position] = note
    out = []
    for there in by_pitch.values():
        starts = sorted(there)
        for a, b in zip(starts, [*starts[1:], np.inf], strict=True):
            note = there[a]
            out.append(Written(note.position, float(min(note.length, b - a)), note.pitch, note.staff))
    return out
