# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Scores: MusicXML (through partitura) and MIDI (through pretty_midi) to notes and beats.

Score time counts in quarter notes (MIDI: in seconds, which serves as well, since the
alignment only needs an order and rough proportions).
"""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from plugins.api import ComponentError, Score
from plugins.api.midi_pedal import pedal_of
from plugins.transcription.written import (
    Page,
    Pedalled,
    Sections,
    Span,
    hairpins,
    pedals,
    phrases,
    runs,
    written_at_notes,
)

MAX_READINGS: Final = 16
"""Ways through the repeats that are tried; 4 repeats make 16."""
GRACE_LENGTH: Final = 0.125
"""Quarter notes that a grace note takes before its main note."""
PITCHES: Final = {"violin": (36, 108), "piano": (0, 127)}
"""Pitches that are read at all; the rest of a score is for other instruments."""
PROGRAMS: Final = {"violin": (40,), "piano": tuple(range(8))}
"""General MIDI programs, counted from 0."""
HANDS: Final = {1: "right", 2: "left"}
"""By the staff of a piano's part."""


@dataclass(frozen=True)
class ScoreNote:
    """A written note; tied notes are one.

    Attributes:
        onset, duration: score time.
        pitch: MIDI number.
        new_bow: False when it continues a slur.
        bow: "down", "up" or "" as marked.
        marks: articulations ("staccato", "accent", "tenuto", "trill", ...).
        dynamics: the mark in force ("mf"), or "".
        measure: number of its bar, from 1.
        hand: "left" or "right" as the staves say, or "" (piano).
        velocity: 0 to 1 as a MIDI file has it, 0 where there is none (piano).
        legato: under a slur, its first and last note included.
    """

    onset: float
    duration: float
    pitch: int
    new_bow: bool = True
    bow: str = ""
    marks: tuple[str, ...] = ()
    dynamics: str = ""
    measure: int = 0
    phrase_end: bool = False
    hand: str = ""
    velocity: float = 0.0
    legato: bool = False


@dataclass(frozen=True)
class Reading:
    """One way to play a score from start to end.

    Attributes:
        beats: score time and position in the bar.
        phrases: the sections that the score is divided into, by name or ""; none if it is not divided.
        dynamics: marks, each as long as it is in force. None are taken from a MIDI file's velocities.
        hairpins: "cresc" and "dim".
        pedal: where the piano's right pedal is down.
        printed: whether it says how notes are joined (MIDI does not).
    """

    notes: tuple[ScoreNote, ...] = field(repr=False)
    beats: tuple[tuple[float, int], ...] = field(repr=False)
    phrases: tuple[Span, ...] = field(repr=False, default=())
    dynamics: tuple[Span, ...] = field(repr=False, default=())
    hairpins: tuple[Span, ...] = field(repr=False, default=())
    pedal: tuple[Pedalled, ...] = field(repr=False, default=())
    printed: bool = False


def read_score(score: Score, instrument: str = "violin") -> list[Reading]:
    """All readings of an instrument's part (repeats taken or not), the longest first; ComponentError if unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about notation that we do not use
            is_midi = Path(score.name).suffix.lower() in (".mid", ".midi")
            readings = [_read_midi(score.data, instrument)] if is_midi else _read_musicxml(score, instrument)
    except ComponentError:
        raise
    except Exception as error:  # the parsers raise anything on broken files
        raise ComponentError(
            f"{score.name} cannot be read as a score: it is damaged, or something else; "
            "give MusicXML (.musicxml, .xml, .mxl) or MIDI (.mid)"
        ) from error
    readings = [r for r in readings if r.notes]
    if not readings:
        raise ComponentError(f"{score.name} holds no notes")
    return readings


def _read_midi(data: bytes, instrument: str) -> Reading:
    import pretty_midi

    midi = pretty_midi.PrettyMIDI(io.BytesIO(data))
    downbeats = {round(t, 4) for t in midi.get_downbeats()}
    beats, position = [], 0
    for time in midi.get_beats():
        position = 1 if round(time, 4) in downbeats else position + 1
        beats.append((float(time), position))
    tracks = _tracks_of(midi.instruments, instrument)
    hands = _hands_of(tracks) if instrument == "piano" else [""] * len(tracks)
    notes = [
        ScoreNote(
            float(n.start),
            float(n.end - n.start),
            int(n.pitch),
            dynamics=_dynamics_of(n.velocity),
            hand=hand,
            velocity=round(n.velocity / 127, 4) if instrument == "piano" else 0.0,
        )
        for track, hand in zip(tracks, hands, strict=True)
        for n in track.notes
    ]
    pedal = tuple(pedal_of(data, midi, float(midi.get_end_time()))) if instrument == "piano" else ()
    return Reading(tuple(sorted(notes, key=lambda n: (n.onset, n.pitch))), tuple(beats), pedal=pedal)


def _tracks_of(tracks: list[Any], instrument: str) -> list[Any]:
    """Tracks with the instrument's program, else all that are pitched."""
    programs = PROGRAMS.get(instrument, ())
    return [t for t in tracks if t.program in programs and not t.is_drum] or [t for t in tracks if not t.is_drum]


def _hands_of(tracks: list[Any]) -> list[str]:
    """Two tracks are two hands, the higher one the right; of one or many nothing is known."""
    middles = [sum(n.pitch for n in t.notes) / max(len(t.notes), 1) for t in tracks]
    if len(tracks) != 2 or not all(t.notes for t in tracks) or abs(middles[0] - middles[1]) < 3.0:
        return [""] * len(tracks)
    return ["right", "left"] if middles[0] > middles[1] else ["left", "right"]


def _dynamics_of(velocity: int) -> str:
    """Mark whose usual MIDI velocity is nearest (pp 33, p 49, mp 64, mf 80, f 96, ff 112)."""
    return ("pp", "p", "mp", "mf", "f", "ff")[min(max(round((velocity - 33) / 15.8), 0), 5)]


def _read_musicxml(score: Score, instrument: str) -> list[Reading]:
    import partitura
    from partitura.score import iter_unfolded_parts

    with tempfile.TemporaryDirectory() as folder:
        suffix = Path(score.name).suffix.lower() or ".musicxml"
        path = Path(folder) / f"score{suffix}"
        path.write_bytes(score.data)
        part = _part_of(partitura.load_score(str(path)).parts, instrument)
    page = Page.of(score, part.id)
    written, sections = written_at_notes(part, page), Sections.of(part, page)
    places = {note.id: (float(part.quarter_map(note.start.t)), sections.at(note.start.t)) for note in part.notes}
    begins = float(part.quarter_map(part.first_point.t))
    pedal = [(begins + at, kind) for at, kind in page.pedal] if instrument == "piano" else []
    readings = [
        _reading(unfolded, written, places, sections.names, instrument, pedal)
        for unfolded in islice(iter_unfolded_parts(part), MAX_READINGS)
    ]
    return sorted(readings, key=lambda r: -len(r.notes))


def _part_of(parts: list[Any], instrument: str) -> Any:
    """The part named as the instrument, in one of a few languages, else the first."""
    stem = {"violin": "viol", "piano": "pian"}.get(instrument, instrument.lower())
    named = (p for p in parts if stem in (p.part_name or "").lower())
    return next(named, parts[0])


def _reading(
    part: Any,
    written: Mapping[str, Mapping[str, Any]],
    places: Mapping[str, tuple[float, int]],
    names: Sequence[str],
    instrument: str,
    pedal: Sequence[tuple[float, str]],
) -> Reading:
    """One unfolded part; ``written`` and ``places`` by the ids of the printed notes, pedal marks where printed."""
    from partitura.score import Measure

    bars = [(float(part.quarter_map(m.start.t)), float(part.quarter_map(m.end.t))) for m in part.iter_all(Measure)]
    several = len({note.staff for note in part.notes_tied}) == len(HANDS)
    low, high = PITCHES.get(instrument, (0, 127))
    notes, rows = [], []
    for note in part.notes_tied:
        if not low <= note.midi_pitch <= high:
            continue
        onset, length = _span(part, note)
        measure = sum(1 for start, _ in bars if start <= onset + 1e-6)
        # Unfolding appends "-1", "-2", ... to the ids of the written notes.
        printed = note.id if note.id in written else note.id.rpartition("-")[0]
        hand = HANDS.get(note.staff or 0, "") if instrument == "piano" and several else ""
        notes.append(ScoreNote(onset, length, int(note.midi_pitch), measure=measure, hand=hand, **written[printed]))
        rows.append((onset, onset + length, *places[printed]))
    notes.sort(key=lambda n: (n.onset, n.pitch))
    last = max((end for _, end in bars), default=0.0)
    return Reading(
        tuple(notes),
        tuple(_beats(part, bars)),
        phrases(rows, names),
        runs([(n.onset, n.onset + n.duration, n.dynamics) for n in notes]),
        tuple(hairpins(part)),
        pedals(_as_played(pedal, bars, rows), last),
        printed=True,
    )


def _as_played(
    marks: Sequence[tuple[float, str]], bars: Sequence[tuple[float, float]], rows: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[float, str]]:
    """Printed marks where their bars are played, repeats taken or not.

    Args:
        bars: quarter notes of their begin and end, as played.
        rows: of every note its onset, end and printed place (quarter notes), and more.
    """
    if not marks:
        return
    onsets, places = np.array([row[0:3:2] for row in sorted(rows)], dtype=float).reshape(-1, 2).T
    moved = 0.0  # from print to play; a bar of rests goes on as the one before it
    for begin, end in bars:
        first, last = np.searchsorted(onsets, (begin - 1e-6, end - 1e-6))
        moved = float(np.median((onsets - places)[first:last])) if last > first else moved
        yield from ((at + moved, kind) for at, kind in marks if begin - 1e-6 <= at + moved < end - 1e-6)
    # The last bar line belongs to the last bar.
    yield from ((at + moved, kind) for at, kind in marks if bars and abs(at + moved - bars[-1][1]) <= 1e-6)


def _span(part: Any, note: Any) -> tuple[float, float]:
    """Onset and length in quarter notes, of tied notes together."""
    from partitura.score import GraceNote

    onset = float(part.quarter_map(note.start.t))
    if isinstance(note, GraceNote):
        return onset - GRACE_LENGTH * _graces_left(note), GRACE_LENGTH
    return onset, float(part.quarter_map(note.start.t + note.duration_tied)) - onset


def _graces_left(note: Any) -> int:
    """How many grace notes there are from this one to the main note, itself included."""
    count = 1
    while getattr(note, "grace_next", None) is not None and type(note.grace_next) is type(note):
        note, count = note.grace_next, count + 1
    return count


def _beats(part: Any, bars: list[tuple[float, float]]) -> Iterator[tuple[float, int]]:
    """Score time and position in the bar of every beat; compound metres count dotted beats."""
    from partitura.score import TimeSignature

    signatures = sorted(
        (float(part.quarter_map(s.start.t)), s.beats, s.beat_type) for s in part.iter_all(TimeSignature)
    )
    for i, (start, end) in enumerate(bars):
        _, beats, unit = next((s for s in reversed(signatures) if s[0] <= start + 1e-6), (0.0, 4, 4))
        compound = beats in (6, 9, 12) and unit >= 8
        count, length = (beats // 3, 12 / unit) if compound else (beats, 4 / unit)
        if i == 0 and end - start < count * length - 1e-6:
            # A short first bar is an upbeat: its beats are the last ones of a bar; one shorter than a beat has none.
            whole = int((end - start) / length + 1e-6)
            for k in range(whole, 0, -1):
                yield end - k * length, count - k + 1
            continue
        for k in range(max(round((end - start) / length), 1)):
            yield start + k * length, k % count + 1
