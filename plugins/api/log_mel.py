# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a model hears: a log-mel spectrogram at 40 frames a second, the same in training and in use.

As in MOSA (Y.-F. Huang et al., 2024): 22,050 Hz, windows of 2048 samples, 128 mel bands up to
8 kHz, decibels. Two things differ, so that sound can be heard as it comes:

- The windows stand every 551.25 samples (rounded), at the times of the motion's frames; no
  spectrogram at another rate is interpolated. A frame looks 46 ms ahead, half a window.
- Instead of minimum and maximum of each band over the whole song, decibels count from the
  loudest band of the past, which is forgotten by ``FORGET`` decibels a second, and of which
  sound below ``QUIETEST`` is no part. ``RANGE`` decibels below it is 0, the loudest is 1. The
  answer does not depend on the recording's level, and a crescendo still shows.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FPS: Final = 40
SAMPLE_RATE: Final = 22050
WINDOW: Final = 2048
BANDS: Final = 128
HIGHEST: Final = 8000.0
"""Hz, upper end of the last band."""
RANGE: Final = 80.0
"""Decibels from 0 to 1 of the answer."""
FORGET: Final = 0.5
"""Decibels a second by which the loudest of the past is forgotten: a quiet minute becomes a loud one."""
QUIETEST: Final = -60.0
"""Decibels below a full-scale sine's band, from which on nothing counts as music to be measured by."""
SILENCE: Final = 10.0 ** ((QUIETEST - RANGE) / 10.0)
"""Power of what is 0 in any case."""
BLOCK: Final = 400
"""Frames that are transformed at once (10 s): memory does not grow with the music."""

Floats = npt.NDArray[np.float32]


def frame_count(samples: int, sample_rate: int) -> int:
    """How many frames ``log_mel`` answers with; frame i is at i / FPS seconds."""
    return max(1, round(samples / sample_rate * FPS))


def log_mel(samples: npt.NDArray[np.floating[Any]], sample_rate: int) -> Floats:
    """The spectrogram.

    Args:
        samples: (N,) mono, full scale at 1.
        sample_rate: of the samples, Hz.

    Returns:
        (T, 128) float32 in 0..1, T = ``frame_count(N, sample_rate)``.
    """
    return relative(decibels(samples, sample_rate))


def relative(found: Floats) -> Floats:
    """(T, 128) in 0..1 of (T, 128) ``decibels``: from the loudest of the past."""
    return _relative(found, _loudest(found.max(axis=1)))


def decibels(samples: npt.NDArray[np.floating[Any]], sample_rate: int) -> Floats:
    """(T, 128) power of each band, decibels relative to a full-scale sine in one bin, at the frames of ``log_mel``."""
    from scipy import fft

    count = frame_count(len(samples), sample_rate)
    # Frame i is the window around sample round(i * SAMPLE_RATE / FPS).
    firsts = np.round(np.arange(count) * (SAMPLE_RATE / FPS)).astype(int)
    padded = np.zeros(firsts[-1] + WINDOW, dtype=np.float32)
    sound = _resampled(samples, sample_rate)[: len(padded) - WINDOW // 2]
    padded[WINDOW // 2 : WINDOW // 2 + len(sound)] = sound
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    # A sine of amplitude 1 has the magnitude sum(hann) / 2 = WINDOW / 4 in its bin.
    bands = (mel_filters() * (4.0 / WINDOW) ** 2).T.astype(np.float32)
    out = np.empty((count, BANDS), dtype=np.float32)
    for first in range(0, count, BLOCK):
        spectrum = fft.rfft(windows[firsts[first : first + BLOCK]] * hann)
        power = spectrum.real**2 + spectrum.imag**2
        out[first : first + BLOCK] = power @ bands
    return np.asarray(10.0 * np.log10(np.maximum(out, SILENCE)), dtype=np.float32)


def _resampled(samples: npt.NDArray[np.floating[Any]], sample_rate: int) -> Floats:
    sound = np.ascontiguousarray(samples, dtype=np.float32)
    if sample_rate == SAMPLE_RATE or not len(sound):
        return sound
    import soxr

    resampled: Floats = soxr.resample(sound, sample_rate, SAMPLE_RATE, quality="HQ")
    return resampled


def _loudest(peaks: Floats) -> Floats:
    """(T,) the loudest until now, forgotten slowly. (A running maximum that falls is one that does
    not, of values that rise.)"""
    rise = FORGET / FPS * np.arange(len(peaks))
    return np.asarray(np.maximum(np.maximum.accumulate(peaks + rise) - rise, QUIETEST), dtype=np.float32)


def _relative(decibels: Floats, loudest: Floats) -> Floats:
    return np.clip(1.0 + (decibels - loudest[:, None]) / RANGE, 0.0, 1.0, dtype=np.float32)


@cache
def mel_filters() -> npt.NDArray[np.float64]:
    """(128, 1025) triangles on the mel scale of M. Slaney, *Auditory Toolbox* (1998): linear below
    1 kHz, logarithmic above; each of height 1, so that a sine is as loud in every band."""
    edges = _hertz(np.linspace(0.0, _mel(HIGHEST), BANDS + 2))
    bins = np.linspace(0.0, SAMPLE_RATE / 2, WINDOW // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))


_LINEAR: Final = 200.0 / 3
"""Hz a mel below 1 kHz (mel 15)."""
_LOG_STEP: Final = np.log(6.4) / 27
"""27 mel for a factor 6.4 above."""


def _mel(hertz: float) -> float:
    return float(hertz / _LINEAR if hertz < 1000.0 else 15.0 + np.log(hertz / 1000.0) / _LOG_STEP)


def _hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mel < 15.0, mel * _LINEAR, 1000.0 * np.exp(_LOG_STEP * (mel - 15.0)))
