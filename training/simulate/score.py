# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A score as the simulation plays it; positions and lengths in quarter notes from the first downbeat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from training.datasets.mosa_annotations import Cadence, Expression, Harmony, ScoreNote, Section

NAMES: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def pitch_name(pitch: int) -> str:
    """60 is C4."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


@dataclass(frozen=True)
class Written:
    """One note; ``staff`` 0 is the right hand's (and the violin's), 1 the left hand's."""

    position: float
    length: float
    pitch: int
    staff: int = 0

    @property
    def end(self) -> float:
        return self.position + self.length


@dataclass(frozen=True)
class Score:
    """A piece for one violin or one piano.

    Attributes:
        bar, beat: lengths of a bar and of a beat. bars: how many.
        pulse: beats a minute that suit it.
        expressions: slurs ("legato" from the first note to the end of the last), "staccato",
            "accent", dynamics, "cresc", "dim", "rit".
        phrased: whether the phrases are the music's, or nobody said which they are and they only shape the tempo.
    """

    title: str
    bar: float
    beat: float
    bars: int
    pulse: float
    notes: tuple[Written, ...] = field(repr=False)
    expressions: tuple[Expression, ...] = field(repr=False)
    phrases: tuple[Section, ...] = field(repr=False)
    harmonies: tuple[Harmony, ...] = field(default=(), repr=False)
    cadences: tuple[Cadence, ...] = field(default=(), repr=False)
    phrased: bool = True

    @property
    def length(self) -> float:
        return self.bars * self.bar

    @property
    def nominal_seconds(self) -> float:
        """How long it takes in strict time."""
        return self.length / self.beat * 60.0 / self.pulse

    def written(self, note: Written) -> ScoreNote:
        """A row of MOSA's ``note`` table."""
        measure, place = divmod(note.position, self.bar)
        return ScoreNote(
            note.position,
            note.end,
            note.pitch,
            pitch_name(note.pitch),
            note.length,
            note.staff,
            int(measure),
            round(place, 6),
        )
