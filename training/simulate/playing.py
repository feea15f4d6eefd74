# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the sound needs to know of each note beyond its time and pitch: loudness, bow, articulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import AnnotationTrack
from training.datasets.mosa_annotations import Annotations
from training.simulate.players import Violinist

Floats = npt.NDArray[np.float64]
LOUDNESS: Final = {"ppp": 0.12, "pp": 0.2, "p": 0.33, "mp": 0.45, "mf": 0.58, "f": 0.75, "ff": 0.9, "fff": 1.0}
HAIRPIN: Final = 0.22
"""How much louder or softer a hairpin gets."""
ROLL: Final = 0.075
"""Seconds between the lower and the upper notes of a chord of three or four."""


@dataclass(frozen=True)
class Sounding:
    """A note as it sounds.

    Attributes:
        start, end: seconds.
        loudness: 0 to 1.
        new_bow: a bow begins here; else it is slurred to the note before.
        slurred_on: the next note is in the same bow.
        lifted: a silence follows, in which the string rings on.
    """

    start: float
    end: float
    pitch: int
    loudness: float
    new_bow: bool
    slurred_on: bool
    accent: bool
    short: bool
    lifted: bool
    before: int
    """Pitch of the note before in the same bow, or its own."""


def sounding(
    notes: AnnotationTrack, annotations: Annotations, player: Violinist, rng: np.random.Generator
) -> list[Sounding]:
    """The notes of a performance with their loudness, chords rolled."""
    groups = together(notes)
    loud = loudness(notes, groups, annotations, rng)
    out: list[Sounding] = []
    for i, group in enumerate(groups):
        following = groups[i + 1] if i + 1 < len(groups) else None
        rows = [notes.annotations[k] for k in group]
        rows.sort(key=lambda a: a.value["pitch"])
        next_start = notes.annotations[following[0]].time if following else np.inf
        goes_on = following is not None and not notes.annotations[following[0]].value.get("new_bow", True)
        new_bow = any(r.value.get("new_bow", True) for r in rows)
        marks = {m for r in rows for m in r.value.get("marks", ())}
        for k, row in enumerate(rows):
            start, end = _rolled(row.time, row.end, k, len(rows), rng)
            end = max(min(end, next_start) if not goes_on else next_start, start + 0.03)
            pitch = int(row.value["pitch"])
            out.append(
                Sounding(
                    start,
                    end,
                    pitch,
                    float(np.clip(loud[i] - 0.06 * (len(rows) - 1), 0.08, 1.0)),
                    new_bow,
                    goes_on,
                    "accent" in marks,
                    "staccato" in marks,
                    next_start - end > 0.15,
                    pitch if new_bow or not out else out[-1].pitch,
                )
            )
    return out


def together(notes: AnnotationTrack, within: float = 0.035) -> list[list[int]]:
    """Indices of the notes that begin together, chord by chord."""
    groups: list[list[int]] = []
    for i, note in enumerate(notes.annotations):
        if groups and note.time - notes.annotations[groups[-1][0]].time <= within:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _rolled(start: float, end: float, place: int, count: int, rng: np.random.Generator) -> tuple[float, float]:
    """Lower strings of a big chord sound first and short, the upper ones after them."""
    if count < 3:
        return start, end
    turn = min(ROLL * rng.uniform(0.8, 1.3), 0.3 * (end - start))
    return (start, start + 2 * turn) if place < count - 2 else (start + turn * (place > 0), end)


def loudness(
    notes: AnnotationTrack, groups: Sequence[Sequence[int]], annotations: Annotations, rng: np.random.Generator
) -> list[float]:
    """Of each chord: the mark in force, hairpins, the phrase's arch, the bar, and chance."""
    times = np.array([notes.annotations[g[0]].time for g in groups])
    level = np.full(len(groups), float(rng.uniform(0.4, 0.7)))
    for i, group in enumerate(groups):
        marks = [notes.annotations[k].value.get("dynamics") for k in group]
        written = next((LOUDNESS[m] for m in marks if m in LOUDNESS), None)
        level[i] = level[i - 1] if written is None and i else level[i] if written is None else written
    level += _hairpins(times, annotations) + _arch(times, annotations)
    downbeats = annotations.seconds([d.position for d in annotations.downbeat])
    if len(downbeats):
        nearest = np.abs(times[:, None] - downbeats[None]).min(axis=1)
        level += 0.05 * (nearest < 0.06)
    accents = np.array(["accent" in (notes.annotations[g[0]].value.get("marks") or ()) for g in groups])
    level += 0.15 * accents + rng.normal(0, 0.035, len(groups))
    return [float(v) for v in np.clip(level, 0.08, 1.0)]


def _hairpins(times: Floats, annotations: Annotations) -> Floats:
    out = np.zeros(len(times))
    for mark in annotations.expression:
        if mark.expression not in ("cresc", "dim") or mark.onset >= annotations.last_position:
            continue
        first, last = annotations.seconds([mark.onset, mark.offset])
        u = np.clip((times - first) / max(last - first, 0.1), 0.0, 1.0)
        way = HAIRPIN * u if mark.expression == "cresc" else -HAIRPIN * u
        out += np.where((times >= first - 1e-3) & (times < last), way, 0.0)
    return out


def _arch(times: Floats, annotations: Annotations) -> Floats:
    out = np.zeros(len(times))
    for phrase in annotations.phrase_section:
        if not annotations.last_position > phrase.onset < phrase.offset:
            continue
        first, last = annotations.seconds([phrase.onset, min(phrase.offset, annotations.last_position)])
        u = (times - first) / max(last - first, 0.1)
        out += np.where((u >= 0) & (u < 1), 0.12 * np.sin(np.pi * np.clip(u, 0, 1)) - 0.06, 0.0)
    return out
