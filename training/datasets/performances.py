# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Real players' note times with their beats and phrases, for judging what is heard: corpora in their own layouts.

- (n)ASAP (S. Peter et al., 2023; CC BY-NC-SA): performances as MIDI, beats and downbeats in ``*_annotations.txt``;
- Vienna 4x22 and *Batik plays Mozart* (match files: every performed note with its place in the score; the second with
  phrases in ``*_phrases.csv``);
- MOSA's annotations (CC BY 4.0): the violin.

None of them has sound that may be had: it is rendered, by synthesisers that no training heard.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.datasets.mosa import find_trials, read_trial

LEAD: Final = 1.0
"""Seconds of silence before the first note."""
PEDAL: Final = 64
"""MIDI's controller of it."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Note:
    """As it was played: seconds, MIDI number, MIDI velocity."""

    onset: float
    offset: float
    pitch: int
    velocity: int


@dataclass(frozen=True, eq=False)
class Performed:
    """A performance.

    Attributes:
        piece: what is played; performances of one piece are not independent.
        beats, downbeats: seconds. phrases: seconds at which phrases begin, None where nobody said.
        pedal: the piano's right pedal, seconds and MIDI values (from 64 on it is down).
    """

    corpus: str
    instrument: str
    piece: str
    name: str
    notes: tuple[Note, ...] = field(repr=False)
    beats: Floats = field(repr=False)
    downbeats: Floats = field(repr=False)
    phrases: Floats | None = field(default=None, repr=False)
    pedal: tuple[tuple[float, int], ...] = field(default=(), repr=False)

    def until(self, seconds: float) -> Performed:
        """Its first seconds, and a lead before the first note."""
        shift = LEAD - min(n.onset for n in self.notes)
        notes = tuple(
            Note(n.onset + shift, min(n.offset + shift, seconds), n.pitch, n.velocity)
            for n in self.notes
            if n.onset + shift < seconds - 0.05
        )
        beats, downbeats = (times[times + shift < seconds] + shift for times in (self.beats, self.downbeats))
        phrases = None if self.phrases is None else self.phrases[self.phrases + shift < seconds] + shift
        pedal = tuple((t + shift, value) for t, value in self.pedal if t + shift < seconds)
        return replace(self, notes=notes, beats=beats, downbeats=downbeats, phrases=phrases, pedal=pedal)


def asap(folder: Path) -> Iterator[Performed]:
    """The layout of (n)ASAP: any depth of folders, one a piece."""
    for truth in sorted(folder.rglob("*_annotations.txt")):
        midi = truth.with_name(truth.name.replace("_annotations.txt", ".mid"))
        if truth.name.startswith("midi_score") or not midi.is_file():
            continue
        rows = [line.split("\t") for line in truth.read_text().splitlines() if line.strip()]
        labelled = [(float(row[0]), row[2].split(",")[0]) for row in rows]
        beats = np.array([t for t, label in labelled if label in ("b", "db", "bR")])
        downbeats = np.array([t for t, label in labelled if label == "db"])
        piece = "/".join(truth.parent.relative_to(folder).parts)
        notes, pedal = _of_midi(midi)
        yield Performed("asap", "piano", piece, midi.stem, notes, beats, downbeats, pedal=pedal)


def match_files(folder: Path, corpus: str) -> Iterator[Performed]:
    """Match files in ``match``; phrases from ``score_parts_annotated`` where there are any."""
    for path in sorted((folder / "match").glob("*.match")):
        phrases = folder / "score_parts_annotated" / f"{path.stem}_spart_phrases.csv"
        yield _of_match(path, corpus, phrases if phrases.is_file() else None)


def mosa(folder: Path) -> Iterator[Performed]:
    """MOSA's annotated note times, all at one loudness."""
    for trial in find_trials(folder):
        told = read_trial(trial, motion=False, audio=False).annotations
        notes = tuple(Note(n.onset, max(n.offset, n.onset + 0.05), int(n.midi_number), 90) for n in told.align_notetime)
        first = min(n.score_position for n in told.align_notetime)
        beats, downbeats, phrases = (
            told.seconds([p for p in positions if first - 1e-6 <= p <= told.last_position])
            for positions in (
                [b.position for b in told.beat],
                [d.position for d in told.downbeat],
                sorted(s.onset for s in told.phrase_section),
            )
        )
        yield Performed("mosa", trial.instrument, trial.piece, trial.prefix, notes, beats, downbeats, phrases)


def _of_midi(path: Path) -> tuple[tuple[Note, ...], tuple[tuple[float, int], ...]]:
    """Notes and pedal."""
    import pretty_midi

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        midi = pretty_midi.PrettyMIDI(str(path))
    notes = [Note(n.start, n.end, n.pitch, n.velocity) for part in midi.instruments for n in part.notes]
    pedal = sorted((c.time, c.value) for part in midi.instruments for c in part.control_changes if c.number == PEDAL)
    return tuple(sorted(notes, key=lambda n: (n.onset, n.pitch))), tuple(pedal)


def _of_match(path: Path, corpus: str, phrases: Path | None) -> Performed:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import partitura  # what it imports warns too
        from partitura.score import Measure

        performance, alignment, score = partitura.load_match(str(path), create_score=True)
    part, played = score[0], performance[0]
    notes = tuple(
        Note(float(n["note_on"]), float(n["note_off"]), int(n["midi_pitch"]), int(n["velocity"])) for n in played.notes
    )
    onset = {n["id"]: float(n["note_on"]) for n in played.notes}
    told = {a["score_id"]: onset[a["performance_id"]] for a in alignment if a["label"] == "match"}
    places, times = _anchors(part, told)
    bars = [(float(part.quarter_map(m.start.t)), float(part.quarter_map(m.end.t))) for m in part.iter_all(Measure)]
    downbeats = [a for a, b in bars]
    beats = [p for (a, b), m in zip(bars, part.iter_all(Measure), strict=True) for p in _beats_in(part, m, a, b)]
    inside = [np.array([p for p in found if places[0] <= p <= places[-1]]) for found in (beats, downbeats)]
    played_beats, played_downbeats = (np.interp(found, places, times) for found in inside)
    begun = None if phrases is None else np.array(sorted(_phrase_times(phrases, told)))
    piece = path.stem.rsplit("_p", 1)[0]
    pedal = tuple((float(c["time"]), int(c["value"])) for c in played.controls if c["number"] == PEDAL)
    return Performed(corpus, "piano", piece, path.stem, notes, played_beats, played_downbeats, begun, pedal)


def _anchors(part: Any, told: dict[str, float]) -> tuple[Floats, Floats]:
    """Quarter notes of the score and the seconds at which they were played, both rising."""
    first: dict[float, list[float]] = {}
    for note in part.notes_tied:
        if note.id in told:
            first.setdefault(float(part.quarter_map(note.start.t)), []).append(told[note.id])
    places = np.array(sorted(first))
    return places, np.maximum.accumulate([float(np.median(first[p])) for p in places])


def _beats_in(part: Any, measure: Any, first: float, last: float) -> Sequence[float]:
    """Places of the beats of a bar; a pickup's are counted from its end."""
    count, kind, *_ = (int(x) for x in part.time_signature_map(measure.start.t))
    step = 4.0 / kind * (3 if count in (6, 9, 12) else 1)
    full = count * 4.0 / kind
    begin = first if last - first > full - 1e-6 else last - full if first <= 1e-6 else first
    places = begin + step * np.arange(round(full / step))
    return [float(p) for p in places if first - 1e-6 <= p < last - 1e-6]


def _phrase_times(path: Path, told: dict[str, float]) -> set[float]:
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if "{" in (row["phraseend"] or "")]
    starts: dict[str, list[float]] = {}
    for row in rows:
        if row["id"] in told:
            starts.setdefault(row["onset_beat"], []).append(told[row["id"]])
    return {min(times) for times in starts.values()}
