# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From score time to the recording's: a score's beats, phrases, marks and articulation where they were played."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Annotation, AnnotationTrack
from plugins.transcription.score import Reading, ScoreNote
from plugins.transcription.written import Span

WRITES: Final = ("note", "beat", "downbeat", "phrase", "dynamics", "articulation", "pedal")
STACCATO: Final = {"staccato", "staccatissimo", "spiccato"}
"""Marks of notes that are played short, also under a slur."""
SURE: Final = 0.5
"""Posterior from which a written note counts as heard in full."""
UNSTEADY: Final = 0.2
"""Seconds off its neighbours' tempo at which a bar's confidence falls to a third."""
BEFORE: Final = 1.0
AFTER: Final = 4.0
"""Score time around the played notes in which beats are told."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Performed:
    """A reading of the score, and when it was played.

    Attributes:
        onsets: (N,) seconds in the recording of each note, NaN for those that were not played.
        confidence: (N,) 0 to 1, NaN likewise.
        start, end: of the recording, seconds.
        whole: beats far from any note are told too, as where a score is played as it stands.
    """

    reading: Reading
    onsets: Floats = field(repr=False)
    confidence: Floats = field(repr=False)
    start: float = 0.0
    end: float = np.inf
    whole: bool = False

    @classmethod
    def as_written(cls, reading: Reading) -> Performed:
        """No recording: the score's own time is the performance's (MIDI: it is in seconds)."""
        onsets = np.array([max(n.onset, 0.0) for n in reading.notes])
        return cls(reading, onsets, np.ones(len(onsets)), whole=True)

    def __post_init__(self) -> None:
        times = np.array([n.onset for n in self.reading.notes])
        played = np.nonzero(np.isfinite(self.onsets))[0]
        score, index = np.unique(times[played], return_inverse=True)
        seconds = np.bincount(index, self.onsets[played]) / np.maximum(np.bincount(index), 1)
        object.__setattr__(self, "score", score)
        object.__setattr__(self, "seconds", np.maximum.accumulate(seconds))

    score: Floats = field(init=False, repr=False)
    """(K,) score times of what was played, rising, and (K,) their seconds."""
    seconds: Floats = field(init=False, repr=False)

    def at(self, time: float) -> float:
        """Seconds of a score time; beyond the ends at the nearest tempo."""
        return _extrapolate(time, self.score, self.seconds)

    @property
    def played(self) -> list[int]:
        return [int(i) for i in np.nonzero(np.isfinite(self.onsets))[0]]


def tracks_of(performed: Performed, notes: Iterable[Annotation]) -> list[AnnotationTrack]:
    """One track for each of WRITES; ``notes`` are the played ones, in the reading's order."""
    notes, sure = list(notes), bar_confidence(performed)
    beats = [b for b in _beats(performed) if performed.start <= b[0] < performed.end]
    firsts = [(t, bar) for t, position, bar in beats if position == 1]
    reading = performed.reading
    return [
        AnnotationTrack("note", tuple(notes)),
        AnnotationTrack("beat", tuple(Annotation(t, 0.0, position, sure[bar]) for t, position, bar in beats)),
        AnnotationTrack("downbeat", tuple(Annotation(t, 0.0, bar, sure[bar]) for t, bar in firsts)),
        AnnotationTrack("phrase", tuple(_spans(performed, reading.phrases, sure))),
        AnnotationTrack("dynamics", tuple(_spans(performed, (*reading.dynamics, *reading.hairpins), sure))),
        AnnotationTrack("articulation", tuple(_articulation(performed, notes))),
        AnnotationTrack("pedal", tuple(_pedal(performed, sure))),
    ]


def bar_confidence(performed: Performed) -> dict[int, float]:
    """How sure each bar's times are, 0 to 1, by the number of the bar as played (0: the upbeat).

    ``share * exp(-spread / UNSTEADY)``: share is the mean of ``min(posterior / SURE, 1)`` over the bar's
    written notes, 0 for one that was not played; spread is the mean distance in seconds of the bar's
    onsets from where the onsets on both sides of each foretell it, at a steady tempo between them. Notes
    before the first and after the last that were played do not count. A bar of rests has the confidence of
    the bar before it.
    """
    first, last = performed.score[0], performed.score[-1]
    firsts = _downbeats(performed.reading)
    heard: dict[int, list[float]] = {}
    for note, confidence in zip(performed.reading.notes, performed.confidence, strict=True):
        if first <= note.onset <= last:
            heard.setdefault(_bar(firsts, note.onset), []).append(min(np.nan_to_num(confidence) / SURE, 1.0))
    away: dict[int, list[float]] = {}
    for time, residual in zip(performed.score[1:-1], _residuals(performed.score, performed.seconds), strict=True):
        away.setdefault(_bar(firsts, time), []).append(residual)
    sure: dict[int, float] = {}
    before = 1.0
    for bar in range(len(firsts) + 1):
        if bar in heard:
            before = float(np.mean(heard[bar]) * np.exp(-np.mean(away.get(bar, [0.0])) / UNSTEADY))
        sure[bar] = round(before, 3)
    return sure


def _residuals(score: Floats, seconds: Floats) -> Floats:
    """(K - 2,) how far each onset but the first and the last is from the line between its neighbours."""
    part = (score[1:-1] - score[:-2]) / np.maximum(score[2:] - score[:-2], 1e-9)
    return np.abs(seconds[1:-1] - (seconds[:-2] + part * (seconds[2:] - seconds[:-2])))


def _downbeats(reading: Reading) -> Floats:
    return np.array([t for t, position in reading.beats if position == 1])


def _bar(firsts: Floats, time: float) -> int:
    return int(np.searchsorted(firsts, time + 1e-6, side="right"))


def _beats(performed: Performed) -> list[tuple[float, int, int]]:
    """(seconds, position in the bar, number of the bar as played; an upbeat is in bar 0)."""
    firsts, beats = _downbeats(performed.reading), performed.reading.beats
    low, high = performed.score[0] - BEFORE, performed.score[-1] + AFTER
    near = [(t, position) for t, position in beats if performed.whole or low <= t <= high]
    return [(performed.at(t), position, _bar(firsts, t)) for t, position in near]


def _spans(performed: Performed, spans: Sequence[Span], sure: dict[int, float]) -> Iterable[Annotation]:
    """What was played of stretches of the score, as sure as the bar in which each begins."""
    firsts = _downbeats(performed.reading)
    low, high = performed.score[0], _last_end(performed)
    for start, end, value in spans:
        if start < high and end > low:
            begin, stop = max(start, low), min(end, high)
            at = float(np.clip(performed.at(begin), performed.start, performed.end))
            length = float(np.clip(performed.at(stop), at, performed.end)) - at
            yield Annotation(at, length, value or None, sure[_bar(firsts, begin)])


def _pedal(performed: Performed, sure: dict[int, float]) -> Iterable[Annotation]:
    """Where the pedal was down; it may come up after the last note has ended."""
    firsts = _downbeats(performed.reading)
    low, high = performed.score[0] - BEFORE, _last_end(performed)
    for start, end, depth in performed.reading.pedal:
        if start < high and end > low:
            at, up = (float(np.clip(performed.at(t), performed.start, performed.end)) for t in (start, end))
            if up > at:
                yield Annotation(at, up - at, depth, sure[_bar(firsts, start)])


def _last_end(performed: Performed) -> float:
    notes = performed.reading.notes
    return max(notes[i].onset + notes[i].duration for i in performed.played)


def _articulation(performed: Performed, notes: Sequence[Annotation]) -> Iterable[Annotation]:
    """One for each note that was played; none where the score cannot say (MIDI)."""
    if performed.reading.printed:
        for i, note in zip(performed.played, notes, strict=True):
            value = articulation_of(performed.reading.notes[i])
            yield Annotation(note.time, note.duration, value, note.confidence)


def articulation_of(note: ScoreNote) -> str:
    """ "staccato" by its mark, "legato" under a slur, else "neutral"."""
    if STACCATO & set(note.marks):
        return "staccato"
    return "legato" if note.legato else "neutral"


def note_value(note: ScoreNote) -> dict[str, Any]:
    """What is known of a written note, as a note annotation says it."""
    value: dict[str, Any] = {"pitch": note.pitch, "new_bow": note.new_bow, "measure": note.measure}
    told = {
        "bow": note.bow,
        "marks": list(note.marks),
        "dynamics": note.dynamics,
        "phrase_end": note.phrase_end,
        "hand": note.hand,
        "velocity": note.velocity,
    }
    return value | {name: what for name, what in told.items() if what}


def _extrapolate(at: float, x: Floats, y: Floats) -> float:
    """Linear interpolation that goes on beyond the ends at the nearest tempo."""
    if len(x) < 2 or x[0] <= at <= x[-1]:
        return float(np.interp(at, x, y))
    near = slice(0, 5) if at < x[0] else slice(-5, None)
    slope = (y[near][-1] - y[near][0]) / max(x[near][-1] - x[near][0], 1e-6)
    edge = 0 if at < x[0] else -1
    return float(y[edge] + slope * (at - x[edge]))
