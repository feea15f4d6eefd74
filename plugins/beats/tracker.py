# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``beats`` recogniser: librosa's beat tracker, and a metre fitted to its beats.

Beats: D. Ellis, *Beat Tracking by Dynamic Programming* (JNMR 2007), as librosa has
it. Downbeats: of all metres and phases offered, the one whose downbeats carry the
most accent above the other beats.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, JobContext, Motion, Recognizer

SAMPLE_RATE: Final = 22050
HOP: Final = 512
QUIET: Final = -60.0
"""Decibels below full scale under which nothing is heard to beat."""
PAUSE: Final = 1.5
"""Seconds of quiet before and after a beat that make it none: a shorter rest goes by in time."""

Floats = npt.NDArray[np.float64]


class BeatTracker(Recognizer):
    """Finds beats and downbeats in the sound. Where the tempo is free, expect to correct them;
    with a score they are exact."""

    name = "beats"
    label = "Beats"
    writes = ("beat", "downbeat")

    class Options(Recognizer.Options):
        tempo: float = Field(100.0, ge=30.0, le=300.0, title="Tempo", description="Expected beats per minute")
        metre: Literal["auto", "2", "3", "4"] = Field("auto", title="Metre", description="Beats in a bar")

    def load(self, device: str) -> None:
        import librosa.beat  # noqa: F401 (numba takes its time: once)

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        if audio is None:
            raise ComponentError("beat tracking needs a sound")
        context.progress(0.0, "Finding beats")
        times, strengths = _beats(audio, options.tempo)
        sounding = _sounding(audio, times)
        times, strengths = times[sounding], strengths[sounding]
        context.progress(0.9, "Finding downbeats")
        metres = (3, 4, 2) if options.metre == "auto" else (int(options.metre),)
        positions = bar_positions(strengths, metres)
        beats = [Annotation(float(t) + audio.start, 0.0, int(p), 0.5) for t, p in zip(times, positions, strict=True)]
        firsts = (b for b in beats if b.value == 1)
        downbeats = tuple(Annotation(b.time, 0.0, bar, 0.4) for bar, b in enumerate(firsts, 1))
        return [AnnotationTrack("beat", tuple(beats)), AnnotationTrack("downbeat", downbeats)]


def _beats(audio: Audio, tempo: float) -> tuple[Floats, Floats]:
    """Times of the beats (seconds from the sound's start) and the onset strength at each."""
    import soxr
    from librosa.beat import beat_track
    from librosa.onset import onset_strength

    samples = audio.samples
    if audio.sample_rate != SAMPLE_RATE:
        samples = soxr.resample(samples, audio.sample_rate, SAMPLE_RATE, quality="MQ")
    strength = onset_strength(y=samples, sr=SAMPLE_RATE, hop_length=HOP)
    _, frames = beat_track(onset_envelope=strength, sr=SAMPLE_RATE, hop_length=HOP, start_bpm=tempo, trim=False)
    near = np.clip(frames[:, None] + np.arange(-2, 3), 0, len(strength) - 1)
    return frames * HOP / SAMPLE_RATE, strength[near].max(axis=1, initial=0.0)


def _sounding(audio: Audio, times: Floats) -> npt.NDArray[np.bool_]:
    """(N,) whether anything sounds within PAUSE of each of ``times`` (seconds from the sound's start)."""
    fps = 20.0
    loud = np.concatenate([[0], np.cumsum(audio.loudness(fps) > QUIET)])
    low = np.clip(np.round((times - PAUSE) * fps), 0, len(loud) - 1).astype(int)
    high = np.clip(np.round((times + PAUSE) * fps), 0, len(loud) - 1).astype(int)
    return np.asarray(loud[high] > loud[low])


def bar_positions(strengths: Floats, metres: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Position in the bar (1 = downbeat) of each beat, for the metre and phase with the clearest accents."""
    if len(strengths) < 2:
        return np.ones(len(strengths), dtype=np.int64)
    index = np.arange(len(strengths))

    def clarity(metre: int, phase: int) -> float:
        down = index % metre == phase
        if not down.any() or down.all():
            return -np.inf
        spread = strengths.std() * np.sqrt(1 / down.sum() + 1 / (~down).sum())
        return float((strengths[down].mean() - strengths[~down].mean()) / max(spread, 1e-9))

    _, metre, phase = max((clarity(m, p), m, p) for m in metres for p in range(m))
    return (index - phase) % metre + 1
