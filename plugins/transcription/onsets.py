# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Onsets in the sound itself: where the spectrum suddenly grows.

SuperFlux: S. Böck and G. Widmer, *Maximum filter vibrato suppression for onset
detection* (DAFx 2013): differences are taken against a maximum over neighbouring
bands, so that vibrato does not look like a row of onsets.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio
from plugins.api.pitch_network import FPS, HOP, SAMPLE_RATE

WINDOW: Final = 1024
BANDS: Final = 96
LOWEST, HIGHEST = 190.0, 9000.0
LAG: Final = 2
CHUNK: Final = 4096
"""Frames that are transformed at once (memory stays flat)."""

Floats = npt.NDArray[np.float64]


def superflux(audio: Audio) -> Floats:
    """(ceil(duration * FPS),) growth of the log spectrum at each frame, 1 = its 95th percentile."""
    import soxr
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    samples = audio.samples
    if audio.sample_rate != SAMPLE_RATE:
        samples = soxr.resample(samples, audio.sample_rate, SAMPLE_RATE, quality="MQ")
    frames = int(np.ceil(audio.duration * FPS))
    bands = _log_bands(samples, frames)
    widened = maximum_filter1d(bands, 3, axis=1)
    rise = np.zeros(frames)
    rise[LAG:] = np.maximum(bands[LAG:] - widened[:-LAG], 0.0).sum(axis=1)
    rise -= 0.8 * uniform_filter1d(rise, int(0.4 * FPS))
    rise = np.roll(np.maximum(rise, 0.0), -1)
    return np.asarray(rise / max(float(np.percentile(rise, 95)), 1e-9))


def _log_bands(samples: npt.NDArray[np.float32], frames: int) -> npt.NDArray[np.float32]:
    padded = np.pad(samples, (WINDOW // 2, WINDOW + HOP))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:frames]
    hann = np.hanning(WINDOW).astype(np.float32)
    bank = _filterbank()
    parts = [
        np.log10(1.0 + 100.0 * (np.abs(np.fft.rfft(windows[i : i + CHUNK] * hann)).astype(np.float32) @ bank))
        for i in range(0, frames, CHUNK)
    ]
    out = np.concatenate(parts)
    return np.pad(out, ((0, frames - len(out)), (0, 0)), mode="edge")


def _filterbank() -> npt.NDArray[np.float32]:
    """Triangles, evenly spaced in pitch; each at least one bin wide."""
    frequencies = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
    edges = np.geomspace(LOWEST, HIGHEST, BANDS + 2)
    low, mid, high = edges[:-2], edges[1:-1], edges[2:]
    bin_width = frequencies[1]
    rising = (frequencies[:, None] - low) / np.maximum(mid - low, bin_width)
    falling = (high - frequencies[:, None]) / np.maximum(high - mid, bin_width)
    return np.clip(np.minimum(rising, falling), 0.0, None).astype(np.float32)
