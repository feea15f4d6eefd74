# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How the example is played: its score, and when, how loud and how long each note of it is (``make_example.py``)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import partitura
import partitura.score as pscore
from numpy.typing import NDArray

Samples = NDArray[np.float64]

BEAT_SECONDS: Final = 60 / 126
BEATS_PER_BAR: Final = 3
LEAD_IN: Final = 0.8
STEPS_PER_BEAT: Final = 2  # the tempo curve's resolution, the eighth note of the score
# Bars that end a phrase -> how much longer their last beat is than the others.
PHRASE_ENDS: Final = {8: 0.16, 16: 0.24, 24: 0.2, 30: 0.06, 31: 0.42, 32: 0.35}
LEVELS: Final = {"p": 0.34, "mf": 0.56, "f": 0.85}
CHORD_SPREAD: Final = 0.09  # seconds by which the lower strings of a broken chord come first
BOW_CHANGE: Final = 0.04  # seconds in which a bow leaves the string before the next one bites


@dataclass(frozen=True)
class ScoreNote:
    """A note as the score has it; times in beats from the start."""

    id: str
    pitch: int
    beat: float
    beats: float
    measure: int
    in_slur: bool
    new_bow: bool
    marks: frozenset[str]
    strings: int  # how many notes sound in its chord
    height: int  # its place in the chord, 0 = lowest
    level: float


@dataclass(frozen=True)
class PlayedNote:
    """A note as it is performed; times in seconds of the recording."""

    score: ScoreNote
    start: float
    end: float
    level: float
    legato_out: bool  # the next note continues this bow


def read_score(path: Path) -> list[ScoreNote]:
    """The score's notes in order of beat and pitch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # partitura tells of words that it cannot interpret
        part = partitura.load_score(str(path)).parts[0]
    inside, continued = _slurred_positions(part)
    chords: dict[int, list[Any]] = {}
    for note in part.notes_tied:
        chords.setdefault(note.start.t, []).append(note)
    notes = []
    for position, chord in sorted(chords.items()):
        chord.sort(key=lambda n: n.midi_pitch)
        level = _level_at(part, position)
        marks = frozenset(mark for n in chord for mark in (n.articulations or ()))
        for height, n in enumerate(chord):
            slurs = (position in inside, position not in continued)
            notes.append(_score_note(part, n, slurs, marks, (len(chord), height), level))
    return notes


def _slurred_positions(part: pscore.Part) -> tuple[set[int], set[int]]:
    """Positions under a slur, and those of them that are not its first."""
    inside: set[int] = set()
    continued: set[int] = set()
    positions = sorted({note.start.t for note in part.notes_tied})
    for slur in part.iter_all(pscore.Slur):
        first, last = slur.start_note.start.t, slur.end_note.start.t
        inside.update(p for p in positions if first <= p <= last)
        continued.update(p for p in positions if first < p <= last)
    return inside, continued


def _score_note(
    part: pscore.Part,
    note: Any,
    slurs: tuple[bool, bool],
    marks: frozenset[str],
    place: tuple[int, int],
    level: float,
) -> ScoreNote:
    beat, end = (float(b) for b in part.quarter_map([note.start.t, note.end_tied.t]))
    measure = int(part.measure_number_map(note.start.t))
    return ScoreNote(note.id, note.midi_pitch, beat, end - beat, measure, *slurs, marks, *place, level)


def _level_at(part: pscore.Part, position: int) -> float:
    """Loudness 0..1 from the dynamics and hairpins that hold at a position."""
    constant = sorted(part.iter_all(pscore.ConstantLoudnessDirection), key=lambda d: d.start.t)
    current = [d for d in constant if d.start.t <= position][-1]
    level = LEVELS[current.text]
    for wedge in part.iter_all(pscore.DynamicLoudnessDirection, include_subclasses=True):
        if wedge.start.t <= position < wedge.end.t:
            grows = isinstance(wedge, pscore.IncreasingLoudnessDirection)
            following = [LEVELS[d.text] for d in constant if d.start.t >= wedge.end.t][:1]
            target = following[0] if following and (following[0] > level) == grows else level * (1.3 if grows else 0.7)
            level += (target - level) * (position - wedge.start.t) / (wedge.end.t - wedge.start.t)
    return level


def tempo_curve(bars: int, rng: np.random.Generator) -> Samples:
    """Seconds at which each step (an eighth note) of the piece is played, and its end."""
    steps = np.arange(bars * BEATS_PER_BAR * STEPS_PER_BEAT)
    bar = steps // (BEATS_PER_BAR * STEPS_PER_BEAT) + 1
    beat = (steps / STEPS_PER_BEAT) % BEATS_PER_BAR
    length = np.full(len(steps), BEAT_SECONDS / STEPS_PER_BEAT)
    length *= 1 + 0.03 * np.cos(2 * np.pi * ((bar - 1) % 8 + beat / 3) / 8)  # a phrase moves in its middle
    length *= np.where(beat == 0, 1.025, 1.0)  # an agogic accent on the first of the bar
    for end, amount in PHRASE_ENDS.items():
        length[bar == end] *= 1 + amount * (beat[bar == end] / 2.5) ** 1.5
    jitter = rng.normal(0, 0.005, len(steps) + 1).clip(-0.012, 0.012)
    return LEAD_IN + np.concatenate(([0.0], np.cumsum(length))) + jitter


def perform(notes: list[ScoreNote], curve: Samples, rng: np.random.Generator) -> list[PlayedNote]:
    """Give each note its time, end and loudness."""
    positions = sorted({n.beat for n in notes})
    following = dict(zip(positions, [*positions[1:], None], strict=True))
    bowed_on = {n.beat for n in notes if not n.new_bow}
    broken = {n.beat for n in notes if n.strings > 2}
    loudness = {p: float(rng.normal(1, 0.03)) for p in positions}
    played = []
    for n in notes:
        start, end = (float(curve[round(b * STEPS_PER_BEAT)]) for b in (n.beat, n.beat + n.beats))
        nxt = following[n.beat]
        legato = nxt in bowed_on
        end -= 0.0 if legato else 0.75 * BOW_CHANGE + (CHORD_SPREAD if nxt in broken else 0.0)
        note = PlayedNote(n, start, end, n.level * loudness[n.beat] * _accent(n), legato)
        played.append(_articulated(note))
    return sorted(played, key=lambda p: (p.start, p.score.pitch))


def _accent(note: ScoreNote) -> float:
    """Loudness within the bar and the bow: firsts lead, what follows in a bow yields."""
    metre = 1.06 if note.beat % BEATS_PER_BAR == 0 else 1.0 if note.beat % 1 == 0 else 0.94
    voices = {1: 1.0, 2: 0.76, 3: 0.7, 4: 0.66}[note.strings]
    top = 1.12 if note.strings > 1 and note.height == note.strings - 1 else 1.0
    return metre * voices * top * (1.15 if "accent" in note.marks else 1.0) * (1.0 if note.new_bow else 0.92)


def _articulated(note: PlayedNote) -> PlayedNote:
    """Shorten what is staccato or ends a phrase; break chords of three and four strings."""
    n, length = note.score, note.end - note.start
    if "staccato" in n.marks:
        return replace(note, end=note.start + 0.52 * length)
    if n.measure in PHRASE_ENDS and n.beats >= 2 and n.measure < max(PHRASE_ENDS):
        return replace(note, end=note.end - 0.09)  # the bow lifts: a breath
    if n.strings > 2 and n.height < 2:
        start = note.start - CHORD_SPREAD
        return replace(note, start=start, end=start + 0.28, level=note.level * 1.05)
    return note
