# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""For tests of the pianist: notes played without a recording, and what is held then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plugins.api import Annotation, AnnotationTrack, Audio, JobContext, Motion
from plugins.ik.step import InverseKinematics
from plugins.performer.piano_generator import Pianist, plan_hands
from plugins.performer.piano_music import read_piece
from training.piano_metrics import Held

RATE = 8000


def note(start: float, length: float, pitch: int, **facts: object) -> Annotation:
    return Annotation(start, length, {"pitch": pitch, "velocity": 0.6, **facts})


def scales_and_chords() -> list[Annotation]:
    """Two octaves up and down over broken and solid chords, hands together, black keys in the second half."""
    up = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 78, 79, 81, 83, 84]
    flat = [61, 63, 65, 66, 68, 70, 72, 73, 75, 77, 78, 80, 82, 84, 85]
    notes = [note(0.5 + 0.2 * i, 0.2, p) for i, p in enumerate([*up, *flat[::-1]])]
    for i, chord in enumerate(((48, 52, 55), (36, 43, 48), (41, 48, 53), (43, 50, 55), (46, 53, 58), (39, 46, 51))):
        notes += [note(0.5 + i, 0.95, p) for p in chord]
    return sorted(notes, key=lambda n: (n.time, n.value["pitch"]))


def silence(seconds: float) -> Audio:
    return Audio(np.zeros(round(seconds * RATE), dtype=np.float32), RATE)


def perform(notes: Sequence[Annotation], seed: int = 0, fps: float = 30.0, **options: float) -> Motion:
    audio = silence(max(n.end for n in notes) + 1.0)
    context = JobContext(annotations=[AnnotationTrack("note", tuple(notes))], seed=seed, fps=fps, instrument="piano")
    pianist = Pianist()
    return InverseKinematics().apply(pianist.generate(audio, pianist.Options(**options), context), None, context)


def held(notes: Sequence[Annotation]) -> list[Held]:
    """What is held when, and by which finger."""
    audio = silence(max(n.end for n in notes) + 1.0)
    piece = read_piece(AnnotationTrack("note", tuple(notes)), AnnotationTrack("beat"), audio)
    return [(p.start, p.end, p.pitch, p.hand, p.finger) for p in plan_hands(piece.notes).presses]
