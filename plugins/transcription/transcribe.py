# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``transcribe`` recogniser: audio to notes, with a guess where each bow begins."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from pydantic import Field

from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, JobContext, Motion, Recognizer
from plugins.api.pitch_network import CHECKPOINT, PitchNetwork
from plugins.transcription.candidates import find_candidates
from plugins.transcription.tracking import track_notes

INAUDIBLE: Final = -65.0
"""Decibels below full scale under which what the network takes for a note is a recording's noise."""


class Transcriber(Recognizer):
    """Writes down the notes of a solo violin (single notes and double stops) from its sound
    alone, and tells where the bow probably changes. A score gives better results."""

    name = "transcribe"
    label = "Transcribe"
    licence = "Apache-2.0 (basic-pitch)"
    checkpoint = CHECKPOINT
    writes = ("note",)

    class Options(Recognizer.Options):
        sensitivity: float = Field(
            0.5, ge=0.1, le=0.9, title="Sensitivity", description="How faint an onset still counts as a note"
        )

    def __init__(self, network: PitchNetwork | None = None) -> None:
        self._network = network or PitchNetwork()

    def load(self, device: str) -> None:
        self._network.load()

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        if audio is None:
            raise ComponentError("transcribing needs a sound; give a recording, or a score to play")
        heard = self._network.listen(audio, context)
        context.progress(0.9, "Finding notes")
        notes = track_notes(heard, find_candidates(heard, audio), options.sensitivity)
        loud = np.pad(audio.loudness(50.0), (0, 2), mode="edge")
        reference = float(np.percentile(loud, 95))
        annotations = []
        for note in notes:
            start, end = (float(t) for t in heard.seconds([note.start, note.end]))
            level = loud[int((start - audio.start) * 50) : int((end - audio.start) * 50) + 1].max(initial=-100.0)
            if level < INAUDIBLE:
                continue
            # 40 dB below the loudest is as soft as a bowed string gets.
            velocity = round(float(np.clip(1.0 + (level - reference) / 40.0, 0.05, 1.0)), 3)
            value = {"pitch": note.pitch, "velocity": velocity, "new_bow": note.new_bow}
            annotations.append(Annotation(start, end - start, value, round(note.confidence, 3)))
        return [AnnotationTrack("note", tuple(annotations))]
