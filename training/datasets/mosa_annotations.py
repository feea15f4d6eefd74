# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""MOSA's annotation tables: eight CSV files a performance, read and written alike.

Time is counted in *score positions* (beats from the first downbeat; a pickup is negative); only
``align_notetime`` knows the performance's seconds. :meth:`Annotations.seconds` takes the one to the other.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class TableError(ValueError):
    """A file of a corpus that cannot be used: the message says what is wrong and where."""


@dataclass(frozen=True)
class AlignedNote:
    """A note as it was played: seconds, and its place in the score."""

    note_id: int
    onset: float
    offset: float
    score_position: float
    score_position_offset: float
    note: str
    midi_number: int
    note_duration: float
    bar_id: int
    bar_position: float


@dataclass(frozen=True)
class ScoreNote:
    """A note as it is written."""

    onset: float
    offset: float
    midi_number: int
    pitch_name: str
    duration: float
    staff: int
    measure: int
    beat_in_measure: float


@dataclass(frozen=True)
class Expression:
    """A mark that holds from onset to offset: ppp to fff, cresc, dim, accent, legato, staccato, rit ..."""

    onset: float
    offset: float
    expression: str


@dataclass(frozen=True)
class Harmony:
    onset: float
    offset: float
    key: str
    degree: str
    quality: str
    inversion: int
    roman_number: str


@dataclass(frozen=True)
class Cadence:
    """Ends at ``offset``; ``resolve_time`` is a length in score positions in the published files."""

    onset: float
    resolve_time: float
    offset: float
    cadence_type: str


@dataclass(frozen=True)
class Section:
    onset: float
    offset: float
    section: str


@dataclass(frozen=True)
class Position:
    """A beat or a downbeat."""

    position: float


HEADERS: Final[dict[str, tuple[type, tuple[str, ...]]]] = {
    "align_notetime": (AlignedNote, tuple(f.name for f in fields(AlignedNote))),
    "beat": (Position, ("beat",)),
    "downbeat": (Position, ("downbeat",)),
    "cadence": (Cadence, ("onset", "resolve time", "offset", "cadence type")),
    "expression": (Expression, ("onset", "offset", "expression")),
    "harmony": (Harmony, ("onset", "offset", "key", "degree", "quality", "inversion", "roman number")),
    "note": (
        ScoreNote,
        ("Onset", "Offset", "MIDI number", "Pitch name", "Duration", "Staff", "Measure", "Beat in Measure"),
    ),
    "phrase_section": (Section, ("onset", "offset", "Section")),
}
"""Name of each table, what a row becomes, and the columns as published."""
_READ: Final[Mapping[str, Any]] = {"int": int, "float": float, "str": str}


@dataclass(frozen=True)
class Annotations:
    """All tables of one performance."""

    align_notetime: tuple[AlignedNote, ...] = field(repr=False)
    beat: tuple[Position, ...] = field(default=(), repr=False)
    downbeat: tuple[Position, ...] = field(default=(), repr=False)
    cadence: tuple[Cadence, ...] = field(default=(), repr=False)
    expression: tuple[Expression, ...] = field(default=(), repr=False)
    harmony: tuple[Harmony, ...] = field(default=(), repr=False)
    note: tuple[ScoreNote, ...] = field(default=(), repr=False)
    phrase_section: tuple[Section, ...] = field(default=(), repr=False)

    @property
    def last_position(self) -> float:
        """Where the performance ends in the score; annotations of what was not played lie beyond."""
        return max(n.score_position_offset for n in self.align_notetime)

    def seconds(self, positions: Sequence[float] | Floats) -> Floats:
        """Performed time of score positions, interpolated through the notes; the ends go on at the
        tempo of the nearest four beats."""
        known, times = self._anchors()
        at = np.asarray(positions, dtype=np.float64)
        found = np.interp(at, known, times)
        if len(known) < 2:
            return found
        for edge, beyond in ((0, at < known[0]), (-1, at > known[-1])):
            near = np.abs(known - known[edge]) <= 4.0
            tempo = np.ptp(times[near]) / max(np.ptp(known[near]), 1e-6)
            found = np.where(beyond, times[edge] + (at - known[edge]) * tempo, found)
        return np.asarray(found)

    def _anchors(self) -> tuple[Floats, Floats]:
        """Score positions and seconds, both rising: of the notes at one position the first counts."""
        earliest: dict[float, float] = {}
        for note in self.align_notetime:
            earliest[note.score_position] = min(note.onset, earliest.get(note.score_position, math.inf))
        last = max(self.align_notetime, key=lambda n: (n.score_position_offset, n.offset))
        earliest.setdefault(last.score_position_offset, last.offset)
        known = np.array(sorted(earliest))
        return known, np.maximum.accumulate([earliest[p] for p in known])


def read_table(path: Path, name: str) -> tuple[Any, ...]:
    """Rows of one file; TableError names the file, the line and the cell."""
    kind, header = HEADERS[name]
    try:
        lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path.name} cannot be read ({error})") from error
    if not lines or [c.strip() for c in lines[0]] != list(header):
        raise TableError(f"{path.name}: the first line must be {','.join(header)!r}")
    rows = [(i, line) for i, line in enumerate(lines[1:], 2) if line]
    return tuple(_row(path, kind, header, i, line) for i, line in rows)


def _row(path: Path, kind: type, header: Sequence[str], number: int, line: Sequence[str]) -> Any:
    if len(line) != len(header):
        raise TableError(f"{path.name} line {number}: {len(line)} cells instead of {len(header)}")
    values = []
    for column, cell, spec in zip(header, line, fields(kind), strict=True):
        try:
            value = _READ[str(spec.type)](cell.strip())
        except ValueError:
            raise TableError(f"{path.name} line {number}: {column} is {cell!r}, not a number") from None
        if isinstance(value, float) and not math.isfinite(value):
            raise TableError(f"{path.name} line {number}: {column} is {cell!r}, not a finite number")
        values.append(value)
    return kind(*values)


def read_annotations(folder: Path, prefix: str) -> Annotations:
    """All tables of one performance; a missing one is an error, except that of the harmony or the
    cadences may be left out (they are not heard)."""
    tables = {}
    for name in HEADERS:
        path = folder / f"{prefix}_{name}.csv"
        if path.exists() or name not in ("cadence", "harmony"):
            tables[name] = read_table(path, name)
    if not tables["align_notetime"]:
        raise TableError(f"{prefix}_align_notetime.csv holds no notes")
    late = next((n for n in tables["align_notetime"] if n.offset < n.onset), None)
    if late is not None:
        raise TableError(f"{prefix}_align_notetime.csv: note {late.note_id} ends before it begins")
    strange = next((n for n in tables["align_notetime"] if not 0 <= n.midi_number <= 127), None)
    if strange is not None:
        raise TableError(
            f"{prefix}_align_notetime.csv: note {strange.note_id} has MIDI number {strange.midi_number}, not 0 to 127"
        )
    return Annotations(**tables)


def table_text(name: str, rows: Iterable[Any]) -> str:
    """One table as a file's text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADERS[name][1])
    for row in rows:
        writer.writerow([getattr(row, spec.name) for spec in fields(row)])
    return out.getvalue()


def write_annotations(annotations: Annotations, folder: Path, prefix: str) -> None:
    """All tables of one performance."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in HEADERS:
        text = table_text(name, getattr(annotations, name))
        (folder / f"{prefix}_{name}.csv").write_text(text, encoding="utf-8")
