# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Real performances and the scores that were played, for ``quality_alignment.py``."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from plugins.api import Audio
from plugins.transcription.score import GRACE_LENGTH, HANDS
from training.datasets.mosa import find_trials, read_trial
from training.datasets.performances import LEAD, Performed, match_files, mosa
from training.recognition.judging import LONGEST
from training.simulate.soundfont import PROGRAMS

TICKS = 960
"""A quarter of the score, as MIDI."""
TOGETHER = 0.05
"""Seconds between which two sounds of one written note may begin."""
NAN = float("nan")


@dataclass(frozen=True)
class Written:
    """A note of the score.

    Attributes:
        onset, duration: quarters.
        true: second at which it was played, NaN where that is unknown or it was not.
        graces: onset of the note that it graces, or None.
    """

    onset: float
    duration: float
    pitch: int
    true: float
    hand: str = ""
    graces: float | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """A performance of at most LONGEST seconds, and the score of what was played in them, from 0 quarters."""

    performed: Performed
    notes: tuple[Written, ...]

    @classmethod
    def of(cls, performed: Performed, written: Sequence[Written]) -> Case:
        shift = LEAD - min(n.onset for n in performed.notes)
        moved = [replace(n, true=n.true + shift) for n in written]
        played = [n for n in moved if n.true < LONGEST - 0.05]
        last = max(n.onset for n in played)
        return cls(
            performed.until(LONGEST), tidy([*played, *(n for n in moved if np.isnan(n.true) and n.onset <= last)])
        )

    @property
    def true(self) -> np.ndarray:
        return np.array([n.true for n in self.notes])

    def tempo(self, sound: Audio) -> int:
        """Microseconds a quarter at which the score lasts as long as the sound."""
        return round(1e6 * (sound.duration - LEAD) / max(n.onset + n.duration for n in self.notes))

    def midi(self, tempo: int) -> bytes:
        import pretty_midi

        file = pretty_midi.PrettyMIDI(resolution=TICKS, initial_tempo=6e7 / tempo)
        for hand in sorted({n.hand for n in self.notes}):
            track = pretty_midi.Instrument(PROGRAMS[self.performed.instrument])
            for n in self.notes:
                if n.hand == hand:
                    start, end = (1e-6 * tempo * at for at in (n.onset, n.onset + n.duration))
                    track.notes.append(pretty_midi.Note(64, n.pitch, start, end))
            file.instruments.append(track)
        data = io.BytesIO()
        file.write(data)
        return data.getvalue()


def tidy(written: Sequence[Written]) -> tuple[Written, ...]:
    """As a MIDI file can say it: on its ticks, one note for each place and pitch, which ends before the next of its pitch."""
    zero = min(n.onset for n in written)
    at: dict[tuple[int, int], list[Written]] = {}
    for n in written:
        at.setdefault((ticks(n.onset - zero), n.pitch), []).append(n)
    notes, following = [], {}
    for tick, pitch in sorted(at, reverse=True):
        same = at[tick, pitch]
        length = max(ticks(max(n.duration for n in same)), 1)
        length = min(length, following.get(pitch, tick + length) - tick)
        following[pitch] = tick
        graces = next((n.graces - zero for n in same if n.graces is not None), None)
        true = once([n.true for n in same])
        notes.append(Written(tick / TICKS, length / TICKS, pitch, true, same[0].hand, graces))
    return tuple(reversed(notes))


def ticks(quarters: float) -> int:
    return round(quarters * TICKS)


def once(seconds: Sequence[float]) -> float:
    """When a written note began that sounded at these times: unknown where it was played twice."""
    known = [t for t in seconds if np.isfinite(t)]
    return min(known) if known and max(known) - min(known) <= TOGETHER else NAN


def written_out(graces: Sequence[Written]) -> list[Written]:
    """Grace notes, in the order of the score, before the notes that they grace."""
    at: dict[tuple[float, str], list[Written]] = {}
    for n in graces:
        at.setdefault((n.onset, n.hand), []).append(n)
    return [
        replace(n, onset=n.onset - GRACE_LENGTH * (len(group) - i), duration=GRACE_LENGTH, graces=n.onset)
        for group in at.values()
        for i, n in enumerate(group)
    ]


def pianists(data: Path) -> Iterator[Case]:
    for corpus in ("vienna4x22", "batik-mozart"):
        for performed in match_files(data / corpus, corpus):
            yield Case.of(performed, written_in_match(data / corpus / "match" / f"{performed.name}.match"))


def written_in_match(path: Path) -> list[Written]:
    import partitura
    from partitura.score import GraceNote

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        performance, alignment, score = partitura.load_match(str(path), create_score=True)
    part = score[0]
    begun = {n["id"]: float(n["note_on"]) for n in performance[0].notes}
    told = {a["score_id"]: begun[a["performance_id"]] for a in alignment if a["label"] == "match"}
    notes, graces = [], []
    for note in sorted(part.notes_tied, key=lambda n: [int(digits) for digits in re.findall(r"\d+", n.id)]):
        onset = float(part.quarter_map(note.start.t))
        length = float(part.quarter_map(note.start.t + note.duration_tied)) - onset
        hand = HANDS.get(note.staff or 0, "")
        written = Written(onset, length, int(note.midi_pitch), told.get(note.id, NAN), hand)
        (graces if isinstance(note, GraceNote) else notes).append(written)
    return notes + written_out(graces)


def violinists(data: Path) -> Iterator[Case]:
    folder = data / "mosa-annotations"
    for trial, performed in zip(find_trials(folder), mosa(folder), strict=True):
        if trial.instrument == "violin":
            yield Case.of(performed, written_by_mosa(read_trial(trial, motion=False, audio=False).annotations))


def written_by_mosa(told: Any) -> list[Written]:
    """The sheet's notes, played where the performance has their place and pitch, and the grace notes played."""
    last = max(n.score_position for n in told.align_notetime)
    played: dict[tuple[int, int], list[float]] = {}
    graces = []
    for n in told.align_notetime:
        if n.score_position_offset > n.score_position:
            played.setdefault((ticks(n.score_position), int(n.midi_number)), []).append(n.onset)
        else:
            graces.append(Written(n.score_position, 0.0, int(n.midi_number), n.onset))
    notes = [
        Written(n.onset, n.duration, int(n.midi_number), once(played.get((ticks(n.onset), int(n.midi_number)), [])))
        for n in told.note
        if n.onset <= last + 1e-6
    ]
    return notes + written_out(graces)
