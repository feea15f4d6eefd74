# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The recognisers of this plug-in: what the network says, as tracks."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, JobContext, Motion, Recognizer
from plugins.api.batching import Windows
from plugins.api.log_mel import FPS
from plugins.hearing.ears import Ears
from plugins.hearing.picking import bars, chances, peaks, snapped, stretches

DYNAMICS: Final = ("pp", "p", "mp", "mf", "f", "ff")
ARTICULATIONS: Final = ("neutral", "legato", "staccato")
QUIET: Final = -60.0
"""Decibels below full scale under which nothing is heard."""
PAUSE: Final = 1.5
"""Seconds of quiet around a moment that make it silence."""
SHORTEST: Final = {"dynamics": 1.5, "articulation": 0.5}
"""Seconds that a dynamic level, an articulation lasts at least."""

Floats = npt.NDArray[np.float64]


class _Hearing(Recognizer):
    """What is common to them: the network, and the frames in which nothing sounds."""

    licence = "MIT"
    checkpoint = "hearing 1"
    devices = ("cuda", "cpu")
    rank = 1

    def __init__(self, ears: Ears) -> None:
        self._ears = ears

    def load(self, device: str) -> None:
        self._ears.load(device)

    def infer(self, windows: Windows) -> Windows:
        return self._ears.infer(windows)

    def _listen(self, audio: Audio | None, context: JobContext) -> tuple[dict[str, Floats], npt.NDArray[np.bool_]]:
        if audio is None:
            raise ComponentError(f"{self.label.lower()} are heard in a sound; give one, or the score")
        said = self._ears.listen(audio, self, context)
        count = len(next(iter(said.values())))
        return said, _silent(audio, count)


class LearnedBeats(_Hearing):
    """Hears beats and downbeats by a network that learned from simulated violinists and pianists.
    Where the tempo is free, expect to correct them; with a score they are exact."""

    name = "hear-beats"
    label = "Beats (learned)"
    writes = ("beat", "downbeat")

    class Options(Recognizer.Options):
        threshold: float = Field(0.4, ge=0.05, le=0.95, title="Threshold", description="Lower finds more beats")

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        said, silent = self._listen(audio, context)
        assert audio is not None
        beats, sure = peaks(chances(said["beat"][:, 0], silent), options.threshold, 0.1)
        firsts, sure_first = peaks(chances(said["downbeat"][:, 0], silent), options.threshold * 0.75, 0.3)
        on = snapped(beats, firsts)
        place = bars(beats, on)
        track = tuple(
            Annotation(audio.start + float(t), 0.0, int(p), float(c))
            for t, p, c in zip(beats, place, sure, strict=True)
        )
        nearest = [float(sure_first[np.abs(firsts - t).argmin()]) for t in on]
        bar_track = tuple(
            Annotation(audio.start + float(t), 0.0, bar, c)
            for bar, (t, c) in enumerate(zip(on, nearest, strict=True), 1)
        )
        return [AnnotationTrack("beat", track), AnnotationTrack("downbeat", bar_track)]


class LearnedPhrases(_Hearing):
    """Hears where phrases begin, by a network that learned from simulated violinists and pianists."""

    name = "hear-phrases"
    label = "Phrases (learned)"
    writes = ("phrase",)

    class Options(Recognizer.Options):
        threshold: float = Field(0.4, ge=0.05, le=0.95, title="Threshold", description="Lower finds more phrases")

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        said, silent = self._listen(audio, context)
        assert audio is not None
        begin, sure = peaks(chances(said["phrase"][:, 0], silent), options.threshold, 2.0)
        ends = np.append(begin[1:], audio.duration)
        return [
            AnnotationTrack(
                "phrase",
                tuple(
                    Annotation(audio.start + float(a), max(float(b - a), 0.0), number, float(c))
                    for number, (a, b, c) in enumerate(zip(begin, ends, sure, strict=True), 1)
                ),
            )
        ]


class _Classes(_Hearing):
    """Stretches of one class after the other."""

    names: ClassVar[tuple[str, ...]]

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        said, silent = self._listen(audio, context)
        assert audio is not None
        (namespace,) = self.writes
        logits = said[namespace]
        chance = np.exp(logits - logits.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        best = np.where(silent, -1, chance.argmax(axis=1))
        found = [run for run in stretches(best, SHORTEST[namespace]) if run[2] >= 0]
        return [
            AnnotationTrack(
                namespace,
                tuple(
                    Annotation(audio.start + a / FPS, (b - a) / FPS, self.names[c], float(chance[a:b, c].mean()))
                    for a, b, c in found
                ),
            )
        ]


class LearnedDynamics(_Classes):
    """Hears how loud the music is meant, pp to ff, by a network that learned from simulated violinists and pianists."""

    name = "hear-dynamics"
    label = "Dynamics (learned)"
    writes = ("dynamics",)
    names = DYNAMICS


class LearnedArticulation(_Classes):
    """Hears legato, staccato and what is neither, by a network that learned from simulated violinists and pianists."""

    name = "hear-articulation"
    label = "Articulation (learned)"
    writes = ("articulation",)
    names = ARTICULATIONS


def _silent(audio: Audio, count: int) -> npt.NDArray[np.bool_]:
    """(count,) whether nothing sounds within PAUSE of each frame."""
    loud = audio.loudness(float(FPS))[:count] > QUIET
    heard = np.concatenate([[0], np.cumsum(np.pad(loud, (0, count - len(loud))))])
    reach = round(PAUSE * FPS)
    at = np.arange(count)
    return np.asarray(heard[np.minimum(at + reach, count)] == heard[np.maximum(at - reach, 0)])
