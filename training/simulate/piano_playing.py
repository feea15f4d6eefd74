# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How a pianist touches each key: how loud, how long, and how long the pedal lets it sound.

The melody is brought out and the left hand held back, each pianist in a measure of their own
(W. Goebl, *Melody lead in piano performance: Expressive device or artifact?*, JASA 110, 2001, measures both).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import AnnotationTrack, Audio
from plugins.performer.piano_body import pedalling
from plugins.performer.piano_music import read_piece
from training.datasets.mosa_annotations import Annotations
from training.simulate.players import Pianist
from training.simulate.playing import loudness, together

PEDAL_FPS: Final = 100.0
HALF: Final = 0.5
"""How far the pedal is down when the dampers leave the strings."""
UNEVEN: Final = 0.03
"""Deviation of the loudness from finger to finger."""


@dataclass(frozen=True)
class Struck:
    """A note as it sounds.

    Attributes:
        start, end: seconds at which the hammer strikes and the key comes up; damped: at which the sound is stopped.
        loudness: 0 to 1.
    """

    start: float
    end: float
    damped: float
    pitch: int
    loudness: float


def struck(
    known: Sequence[AnnotationTrack], annotations: Annotations, player: Pianist, rng: np.random.Generator
) -> list[Struck]:
    """The notes of a performance, in the order of ``known[0]``."""
    notes = known[0]
    loud = np.zeros(len(notes.annotations))
    groups = together(notes)
    for group, level in zip(groups, loudness(notes, groups, annotations, rng), strict=True):
        highest = max(group, key=lambda i: notes.annotations[i].value["pitch"])
        for i in group:
            left = notes.annotations[i].value.get("hand") == "left"
            loud[i] = level + player.voicing * (i == highest) - player.balance * left
    loud = np.clip(loud + rng.normal(0, UNEVEN, len(loud)), 0.08, 1.0)
    stopped = _damped(known, [n.end for n in notes.annotations], player.options.get("pedal", 0.0))
    return [
        Struck(n.time, n.end, float(damped), int(n.value["pitch"]), float(level))
        for n, damped, level in zip(notes.annotations, stopped, loud, strict=True)
    ]


def touched(known: Sequence[AnnotationTrack], notes: Sequence[Struck]) -> list[AnnotationTrack]:
    """The tracks with each note's loudness, as the ``pianist`` is to play it."""
    rows = [
        replace(a, value={**a.value, "velocity": round(n.loudness, 4)})
        for a, n in zip(known[0].annotations, notes, strict=True)
    ]
    return [replace(known[0], annotations=tuple(rows)), *known[1:]]


def _damped(known: Sequence[AnnotationTrack], ends: Sequence[float], amount: float) -> npt.NDArray[np.float64]:
    """When each string is damped: as its key comes up, or the pedal after it."""
    beats = next((t for t in known if t.namespace == "beat"), AnnotationTrack("beat"))
    seconds = max(ends) + 1.0
    piece = read_piece(known[0], beats, Audio(np.zeros(round(8000 * seconds), dtype=np.float32), 8000))
    times = np.arange(round(seconds * PEDAL_FPS)) / PEDAL_FPS
    free = np.append(times[pedalling(times, piece, amount) < HALF], np.inf)
    after = free[np.minimum(np.searchsorted(free, ends), len(free) - 1)]
    # A pedal that is up already changes nothing.
    return np.where(after - ends < 2.0 / PEDAL_FPS, ends, np.minimum(after, seconds))
