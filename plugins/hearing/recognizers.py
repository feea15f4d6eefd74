# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The recognisers of this plug-in: what the network says, as tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, JobContext, Motion, Recognizer
from plugins.api.batching import Windows
from plugins.api.log_mel import FPS
from plugins.hearing.ears import Ears
from plugins.hearing.metre import FAINTEST, METRES, count_bars, near, regularity, track_beats
from plugins.hearing.picking import chances, peaks, stretches

DYNAMICS: Final = ("pp", "p", "mp", "mf", "f", "ff")
ARTICULATIONS: Final = ("neutral", "legato", "staccato")
QUIET: Final = -60.0
"""Decibels below full scale under which nothing is heard."""
PAUSE: Final = 1.5
"""Seconds of quiet around a moment that make it silence."""
SHORTEST: Final = {"dynamics": 1.5, "articulation": 0.5, "phrase": 4.0}
"""Seconds that a dynamic level, an articulation, a phrase lasts at least."""

STEADINESS: Final = 9.0

Floats = npt.NDArray[np.float64]


class _Hearing(Recognizer):
    """What is common to them: the network, and the frames in which nothing sounds."""

    licence = "MIT"
    checkpoint = "hearing 1"
    devices = ("cuda", "cpu")
    inputs = ("sound", "motion")
    rank = 1

    def __init__(self, ears: Ears) -> None:
        self._ears = ears

    def load(self, device: str) -> None:
        self._ears.load(device)

    def infer(self, windows: Windows) -> Windows:
        return self._ears.infer(windows)

    def _listen(
        self, audio: Audio | None, motion: Motion | None, context: JobContext
    ) -> tuple[dict[str, Floats], npt.NDArray[np.bool_], float, float]:
        """What the network says, in which frames nothing sounds, and the seconds of the first frame and of the end."""
        if audio is None and (motion is None or len(motion) < 2):
            raise ComponentError(f"{self.label.lower()} are found in a sound or a motion; give one, or the score")
        said = self._ears.listen(audio, motion, self, context)
        count = len(next(iter(said.values())))
        if audio is not None:
            return said, silent_frames(audio, count), audio.start, audio.end
        assert motion is not None
        return said, np.zeros(count, dtype=np.bool_), motion.start, motion.start + motion.duration


class LearnedBeats(_Hearing):
    """Finds beats and downbeats in the sound, in the motion, or in both, by a network that learned from simulated
    violinists and pianists. Where the tempo is free, expect to correct them; with a score they are exact."""

    name = "hear-beats"
    label = "Beats (learned)"
    writes = ("beat", "downbeat")

    class Options(Recognizer.Options):
        steadiness: float = Field(
            STEADINESS, ge=0.0, le=100.0, title="Steadiness", description="Higher keeps the tempo steadier"
        )
        metre: Literal["auto", "2", "3", "4", "5", "6"] = Field("auto", title="Metre", description="Beats in a bar")

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        said, silent, start, _ = self._listen(audio, motion, context)
        metres = METRES if options.metre == "auto" else (int(options.metre),)
        return beat_tracks(said, silent, start, options.steadiness, metres)


def beat_tracks(
    said: Mapping[str, Floats],
    silent: npt.NDArray[np.bool_],
    start: float,
    steadiness: float = STEADINESS,
    metres: Sequence[int] = METRES,
) -> list[AnnotationTrack]:
    """``beat`` and ``downbeat`` from what the network says of frames that begin at ``start`` seconds."""
    beats, sure, places, sure_first = beats_and_bars(said, silent, steadiness, metres)
    track = tuple(
        Annotation(start + float(t), 0.0, int(p), round(float(c), 3))
        for t, p, c in zip(beats, places, sure, strict=True)
    )
    firsts = [(t, c) for t, p, c in zip(beats, places, sure_first, strict=True) if p == 1]
    bar_track = tuple(
        Annotation(start + float(t), 0.0, bar, round(float(c), 3)) for bar, (t, c) in enumerate(firsts, 1)
    )
    return [AnnotationTrack("beat", track), AnnotationTrack("downbeat", bar_track)]


def beats_and_bars(
    said: Mapping[str, Floats],
    silent: npt.NDArray[np.bool_],
    steadiness: float = STEADINESS,
    metres: Sequence[int] = METRES,
) -> tuple[Floats, Floats, npt.NDArray[np.int64], Floats]:
    """Seconds of the beats from the first frame, confidence in each, position in the bar, confidence in a downbeat."""
    chance, first = (chances(said[name][:, 0], silent) for name in ("beat", "downbeat"))
    times, height = peaks(chance, FAINTEST, 0.1)
    beats, sure = track_beats(times, height, steadiness)
    sure_first = near(first, beats * FPS, 2)
    music = regularity(beats) * _pitched(said, beats)  # speech has beats too
    return beats, sure * music, count_bars(sure_first, metres), sure_first * music


def _pitched(said: Mapping[str, Floats], times: Floats) -> Floats:
    """(N,) at these seconds from the first frame, see ``features.pitched``."""
    curve = said["pitched"][:, 0]
    return curve[np.clip(np.round(times * FPS).astype(np.int64), 0, len(curve) - 1)]


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
        said, silent, start, end = self._listen(audio, motion, context)
        begin, sure = peaks(chances(said["phrase"][:, 0], silent), options.threshold, SHORTEST["phrase"])
        sure = sure * _pitched(said, begin + 0.5 * SHORTEST["phrase"])
        ends = np.append(begin[1:], end - start)[: len(begin)]
        return [
            AnnotationTrack(
                "phrase",
                tuple(
                    Annotation(start + float(a), max(float(b - a), 0.0), number, round(float(c), 3))
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
        said, silent, start, _ = self._listen(audio, motion, context)
        (namespace,) = self.writes
        logits = said[namespace]
        chance = np.exp(logits - logits.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        best = np.where(silent, -1, chance.argmax(axis=1))
        chance *= said["pitched"]
        found = [run for run in stretches(best, SHORTEST[namespace]) if run[2] >= 0]
        return [
            AnnotationTrack(
                namespace,
                tuple(
                    Annotation(start + a / FPS, (b - a) / FPS, self.names[c], round(float(chance[a:b, c].mean()), 3))
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


def silent_frames(audio: Audio, count: int) -> npt.NDArray[np.bool_]:
    """(count,) whether nothing sounds within PAUSE of each frame."""
    loud = audio.loudness(float(FPS))[:count] > QUIET
    heard = np.concatenate([[0], np.cumsum(np.pad(loud, (0, count - len(loud))))])
    reach = round(PAUSE * FPS)
    at = np.arange(count)
    return np.asarray(heard[np.minimum(at + reach, count)] == heard[np.maximum(at - reach, 0)])
