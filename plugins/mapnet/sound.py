# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What networks hear: the log-mel spectrogram at 40 frames a second, the paper's 35 features at 50 for its own."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import log_mel as mel
from plugins.mapnet.config import FPS, PAPER_FPS, PAPER_SOUND

Floats = npt.NDArray[Any]

PAPER_RATE: Final = 44_100
PAPER_HOP: Final = 882
"""Samples: 50 frames a second."""
CENS_HOP: Final = 896
"""CENS asks for a hop that the octaves of its constant-Q transform divide."""
QUIET: Final = -55.0
"""Decibels below a full-scale sine in the loudest band, under which nobody plays."""
EASE: Final = 0.3
"""Seconds over which sound begins to count, and ceases to."""


def heard(samples: npt.NDArray[Any], sample_rate: int) -> tuple[Floats, Floats]:
    """(T, 128) log-mel in 0..1 and (T,) whether anybody plays, 0..1 with soft edges, at 40 frames a second."""
    found = mel.decibels(samples, sample_rate)
    playing = _eased((found.max(axis=1) > QUIET).astype(np.float64))
    return mel.relative(found), playing.astype(np.float32)


def _at_frames(values: npt.NDArray[Any], frames: int, rate: float) -> Floats:
    """(T, ...) of another rate at 50 frames a second, linearly; beyond the end the last value stands."""
    at = np.minimum(np.arange(frames) * (rate / PAPER_FPS), len(values) - 1)
    low = np.minimum(at.astype(int), max(len(values) - 2, 0))
    part = (at - low)[:, None].astype(np.float32)
    high = np.minimum(low + 1, len(values) - 1)
    return np.asarray(values[low] * (1.0 - part) + values[high] * part, dtype=np.float32)


def _eased(there: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """With pauses shorter than the ease filled, and edges of its length."""
    width = max(3, round(EASE * FPS) | 1)
    closed = _run(_run(there, width, np.max), width, np.min)
    window = np.hanning(width + 2)[1:-1]
    padded = np.pad(closed, width // 2, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def _run(values: npt.NDArray[np.float64], width: int, of: Any) -> npt.NDArray[np.float64]:
    padded = np.pad(values, width // 2, mode="edge")
    return np.asarray(of(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1))


def paper_features(samples: npt.NDArray[Any], sample_rate: int, frames: int) -> Floats:
    """(T, 35): onset envelope, 20 MFCC, 12 CENS, peaks of the envelope (0 or 1), RMS; each column of zero mean and unit
    variance over the recording, the peaks excepted. (librosa's settings where the paper names none.)"""
    import librosa
    from librosa.onset import onset_detect, onset_strength

    sound = np.ascontiguousarray(samples, dtype=np.float32)
    if sample_rate != PAPER_RATE:
        import soxr

        sound = soxr.resample(sound, sample_rate, PAPER_RATE, quality="HQ")
    power = librosa.feature.melspectrogram(y=sound, sr=PAPER_RATE, hop_length=PAPER_HOP)
    level = librosa.power_to_db(power)
    onsets = onset_strength(S=level, sr=PAPER_RATE)
    peaks = np.zeros(len(onsets))
    peaks[onset_detect(onset_envelope=onsets, sr=PAPER_RATE, hop_length=PAPER_HOP)] = 1.0
    mfcc = librosa.feature.mfcc(S=level, n_mfcc=20)
    cens = librosa.feature.chroma_cens(y=sound, sr=PAPER_RATE, hop_length=CENS_HOP, tuning=0.0)
    rms = librosa.feature.rms(y=sound, hop_length=PAPER_HOP)
    steady = np.concatenate([onsets[None], mfcc]).T
    columns = [
        _scaled(_at_frames(steady, frames, PAPER_FPS)),
        _scaled(_at_frames(cens.T, frames, PAPER_RATE / CENS_HOP)),
        _at_frames(peaks[:, None], frames, PAPER_FPS),
        _scaled(_at_frames(rms.T, frames, PAPER_FPS)),
    ]
    out = np.concatenate(columns, axis=1).astype(np.float32)
    assert out.shape == (frames, PAPER_SOUND)
    return out


def _scaled(columns: Floats) -> Floats:
    return (columns - columns.mean(axis=0)) / (columns.std(axis=0) + 1e-6)
