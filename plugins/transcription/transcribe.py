# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``transcribe`` recogniser: audio to notes; of a bowed instrument with a guess where each bow begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, JobContext, Motion, Recognizer
from plugins.api.pitch_network import CHECKPOINT, PitchNetwork, Posteriors
from plugins.transcription.candidates import find_candidates
from plugins.transcription.struck import struck_notes
from plugins.transcription.tracking import track_notes

INAUDIBLE: Final = -65.0
"""Decibels below full scale under which what the network takes for a note is a recording's noise."""
STRIKE: Final = 0.16
"""Seconds in which a struck note is loudest."""


@dataclass(frozen=True, eq=False)
class _Level:
    """How loud a recording is, 50 times a second, in decibels below full scale."""

    values: npt.NDArray[np.float32]
    start: float

    @classmethod
    def of(cls, audio: Audio) -> _Level:
        return cls(np.pad(audio.loudness(50.0), (0, 2), mode="edge"), audio.start)

    @property
    def reference(self) -> float:
        """Of its loudest passages."""
        return float(np.percentile(self.values, 95))

    def between(self, start: float, end: float) -> float:
        """The loudest between two seconds."""
        first, last = int((start - self.start) * 50), int((end - self.start) * 50) + 1
        return float(self.values[first:last].max(initial=-100.0))


class Transcriber(Recognizer):
    """Writes down the notes of a piano (chords, all over the keyboard) or of a solo violin (single notes
    and double stops) from the sound alone; of the violin it tells where the bow probably changes. A score
    gives better results."""

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
        hear = _struck if context.instrument == "piano" else _bowed
        return [AnnotationTrack("note", tuple(hear(heard, audio, options.sensitivity)))]


def _bowed(heard: Posteriors, audio: Audio, sensitivity: float) -> Iterator[Annotation]:
    """One note or two at a time, each with whether a bow begins with it."""
    level = _Level.of(audio)
    reference = level.reference
    for note in track_notes(heard, find_candidates(heard, audio), sensitivity):
        start, end = (float(t) for t in heard.seconds([note.start, note.end]))
        loud = level.between(start, end)
        if loud < INAUDIBLE:
            continue
        # 40 dB below the loudest is as soft as a bowed string gets.
        velocity = round(float(np.clip(1.0 + (loud - reference) / 40.0, 0.05, 1.0)), 3)
        value = {"pitch": note.pitch, "velocity": velocity, "new_bow": note.new_bow}
        yield Annotation(start, end - start, value, round(note.confidence, 3))


def _struck(heard: Posteriors, audio: Audio, sensitivity: float) -> Iterator[Annotation]:
    """Any number of notes at a time."""
    level = _Level.of(audio)
    reference = level.reference
    for note in struck_notes(heard, sensitivity):
        start, end = (float(t) for t in heard.seconds([note.start, note.end]))
        loud = level.between(start, min(end, start + STRIKE))
        if loud < INAUDIBLE:
            continue
        # The level tells loud chords from soft ones, the onset the loud notes of a chord; slopes as soundfonts
        # play pianists' velocities.
        velocity = 0.7 + (loud - reference) / 60.0 + 0.5 * (note.onset - 0.8)
        value = {"pitch": note.pitch, "velocity": round(float(np.clip(velocity, 0.05, 1.0)), 3)}
        yield Annotation(start, end - start, value, round(note.confidence, 3))
