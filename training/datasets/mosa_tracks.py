# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""MOSA's tables as our annotation tracks, in seconds: what the performer plays and the models read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from plugins.api import Annotation, AnnotationTrack
from training.datasets.mosa_annotations import AlignedNote, Annotations, Expression

DYNAMICS: Final = ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff")
ARTICULATIONS: Final = ("legato", "staccato")
NEAR: Final = 1e-6
"""Score positions closer than this are one."""


def tracks(annotations: Annotations) -> list[AnnotationTrack]:
    """note, beat, downbeat, phrase, dynamics and articulation; only what was played of the score."""
    return [
        AnnotationTrack("note", tuple(_notes(annotations))),
        AnnotationTrack("beat", tuple(_beats(annotations))),
        AnnotationTrack("downbeat", tuple(_downbeats(annotations))),
        _spans("phrase", annotations, [(s.onset, s.offset, s.section) for s in annotations.phrase_section]),
        _spans("dynamics", annotations, _marked(annotations.expression, DYNAMICS)),
        _spans("articulation", annotations, _marked(annotations.expression, ARTICULATIONS)),
    ]


def _notes(annotations: Annotations) -> list[Annotation]:
    slurs = _marked(annotations.expression, ("legato",))
    dynamics = _marked(annotations.expression, DYNAMICS)
    marks = _marked(annotations.expression, ("staccato", "accent"))
    ends = _phrase_ends(annotations)
    hands = _hands(annotations)
    out = []
    for note in annotations.align_notetime:
        at = note.score_position
        value: dict[str, Any] = {"pitch": note.midi_number, "new_bow": not _inside(at, slurs)}
        if found := [mark for start, end, mark in marks if start - NEAR <= at < end - NEAR]:
            value["marks"] = sorted(set(found))
        if loud := [mark for start, end, mark in dynamics if start - NEAR <= at < end - NEAR]:
            value["dynamics"] = loud[-1]
        if at in ends:
            value["phrase_end"] = True
        if hand := hands.get((round(at, 3), note.midi_number)):
            value["hand"] = hand
        out.append(Annotation(note.onset, max(note.offset - note.onset, 0.0), value))
    return out


def _hands(annotations: Annotations) -> dict[tuple[float, int], str]:
    """Score position and pitch of each written note -> "right" or "left", where the score has two staves."""
    staves = sorted({n.staff for n in annotations.note})
    if len(staves) != 2:
        return {}
    names = dict(zip(staves, ("right", "left"), strict=True))
    return {(round(n.onset, 3), n.midi_number): names[n.staff] for n in annotations.note}


def _inside(at: float, slurs: Sequence[tuple[float, float, str]]) -> bool:
    """Whether a note goes on in the bow before it: after a slur's beginning, before its end."""
    return any(start + NEAR < at < end - NEAR for start, end, _ in slurs)


def _phrase_ends(annotations: Annotations) -> set[float]:
    """Positions of the last notes of phrases (the piece's own end needs no breath)."""
    positions = np.array(sorted({n.score_position for n in annotations.align_notetime}))
    ends = [s.offset for s in annotations.phrase_section if s.offset < annotations.last_position - NEAR]
    return {float(positions[positions < end - NEAR][-1]) for end in ends if (positions < end - NEAR).any()}


def _beats(annotations: Annotations) -> list[Annotation]:
    """Beats with their position in the bar, counted from the downbeat before."""
    played = _played(annotations, [b.position for b in annotations.beat])
    every = np.array([b.position for b in annotations.beat])
    downbeats = np.array([d.position for d in annotations.downbeat])
    out = []
    for position, time in zip(played, annotations.seconds(played), strict=True):
        before = downbeats[downbeats <= position + NEAR]
        # Beats of a compound bar are more than one score position apart: count them.
        value = int(((every > before[-1] - NEAR) & (every < position + NEAR)).sum()) if len(before) else None
        out.append(Annotation(float(time), 0.0, value))
    return out


def _downbeats(annotations: Annotations) -> list[Annotation]:
    played = _played(annotations, [d.position for d in annotations.downbeat])
    times = annotations.seconds(played)
    return [Annotation(float(time), 0.0, bar) for bar, time in enumerate(times, 1)]


def _played(annotations: Annotations, positions: Sequence[float]) -> list[float]:
    first = min(n.score_position for n in annotations.align_notetime)
    return [p for p in positions if first - NEAR <= p < annotations.last_position - NEAR]


def _marked(expression: Sequence[Expression], wanted: Sequence[str]) -> list[tuple[float, float, str]]:
    return [(e.onset, e.offset, e.expression) for e in expression if e.expression in wanted]


def _spans(name: str, annotations: Annotations, rows: Sequence[tuple[float, float, str]]) -> AnnotationTrack:
    """Stretches of the score in seconds; a row that ends before it begins (there is one in the
    published sections) ends where the next one begins."""
    out = []
    starts = sorted(start for start, _, _ in rows)
    for start, end, value in rows:
        if start >= annotations.last_position - NEAR:
            continue
        if end <= start:
            end = next((s for s in starts if s > start), annotations.last_position)
        first, last = annotations.seconds([start, min(end, annotations.last_position)])
        out.append(Annotation(float(first), max(float(last - first), 0.0), value))
    return AnnotationTrack(name, tuple(out))


def sounding(notes: Sequence[AlignedNote]) -> tuple[float, float]:
    """First onset and last offset, seconds."""
    return min(n.onset for n in notes), max(n.offset for n in notes)
