# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Scores in MusicXML as parts whose stretches can be played: notes, bars, slurs, staccato, dynamics."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from training.datasets.mosa_tracks import DYNAMICS

TINY: Final = 1e-6
COMPOUND: Final = (6, 9, 12)


class PartsError(ValueError):
    """A score that is not read: the message says why."""


@dataclass
class Part:
    """What one player has; positions and lengths in quarter notes.

    Attributes:
        notes: (position, length, pitch). slurs: (from, to). short: positions of staccato notes.
        marks: (position, dynamic mark). hairpins: (from, to, "cresc" or "dim").
    """

    notes: list[tuple[float, float, int]] = field(default_factory=list)
    slurs: list[tuple[float, float]] = field(default_factory=list)
    short: list[float] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)
    hairpins: list[tuple[float, float, str]] = field(default_factory=list)


@dataclass
class Movement:
    """A piece in parts; ``bars`` are (position, length, length of a beat)."""

    title: str
    parts: list[Part]
    bars: list[tuple[float, float, float]]


def read_parts(path: Path) -> Movement:
    """A MusicXML file; PartsError when it is none or has no bars."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import partitura  # what it imports warns too

            score = partitura.load_score(str(path))
    except Exception as error:  # partitura raises whatever lxml and it stumble upon
        raise PartsError(f"{path.name} cannot be read: {error}") from error
    parts = list(score.parts)
    if not parts:
        raise PartsError(f"{path.name} has no parts")
    return Movement(path.stem, [_part(p) for p in parts], _bars(parts[0]))


def _bars(part: Any) -> list[tuple[float, float, float]]:
    from partitura.score import Measure

    out = []
    for measure in part.iter_all(Measure):
        first, last = (float(part.quarter_map(t.t)) for t in (measure.start, measure.end))
        count, kind, *_ = (int(x) for x in part.time_signature_map(measure.start.t))
        unit = 4.0 / kind
        out.append((first, last - first, 3 * unit if count in COMPOUND else unit))
    if not out:
        raise PartsError("a score without bars")
    return out


def _part(part: Any) -> Part:
    from partitura import score as written

    at = part.quarter_map
    out = Part()
    for note in part.notes_tied:
        if isinstance(note, written.GraceNote):
            continue
        start, end = float(at(note.start.t)), float(at(note.start.t + note.duration_tied))
        if end > start + TINY:
            out.notes.append((start, end - start, int(note.midi_pitch)))
            if "staccato" in (note.articulations or ()):
                out.short.append(start)
    out.notes.sort()
    for slur in part.iter_all(written.Slur):
        if slur.start_note is not None and slur.end_note is not None:
            first, last = slur.start_note, slur.end_note
            out.slurs.append((float(at(first.start.t)), float(at(last.start.t + last.duration_tied))))
    for mark in part.iter_all(written.ConstantLoudnessDirection):
        if mark.text in DYNAMICS:
            out.marks.append((float(at(mark.start.t)), mark.text))
    for kind, name in ((written.IncreasingLoudnessDirection, "cresc"), (written.DecreasingLoudnessDirection, "dim")):
        for wedge in part.iter_all(kind):
            if wedge.end is not None and wedge.end.t > wedge.start.t:
                out.hairpins.append((float(at(wedge.start.t)), float(at(wedge.end.t)), name))
    return out
