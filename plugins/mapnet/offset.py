# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Whether the sound lies beside its motion, and by how much.

Where a bow turns, its hand stands still for a moment and a note begins; so the slowness of the faster hand and the
novelty of the sound are compared at every shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from plugins.mapnet.config import FPS
from plugins.mapnet.joints import Floats

FARTHEST: Final = 10.0
"""Seconds of shift that are looked at."""
SHORTEST: Final = 12.0
"""Seconds of playing without which nothing is said."""
CLEAR: Final = 5.0
"""Deviations by which a shift must stand out of all others."""
NEAR: Final = 0.12
"""Seconds within which the sound is where it should be."""
WRISTS: Final = (5, 6)


@dataclass(frozen=True)
class Offset:
    """``seconds`` by which the sound comes too late (below 0: too early), and how clearly that stands out."""

    seconds: float
    clear: float

    @property
    def wrong(self) -> bool:
        return self.clear >= CLEAR and abs(self.seconds) > NEAR


def offset_of(places: Floats, mel: Floats, playing: Floats) -> Offset:
    """Compare (T, 13, 3) smoothed joints with (T', 128) log-mel of the whole sound, both at 50 frames a second and, if
    the sound lies right, from the same moment on. ``playing`` is (T',)."""
    if min(len(places), float((playing > 0.5).sum())) < SHORTEST * FPS:
        return Offset(0.0, 0.0)
    slow, new = _flat(_slowness(places)), _flat(_novelty(mel))
    reach = round(FARTHEST * FPS)
    lags = np.arange(-reach, reach + 1)
    size = 1 << int(np.ceil(np.log2(len(slow) + len(new) + reach)))
    product = np.fft.irfft(np.conj(np.fft.rfft(slow, size)) * np.fft.rfft(new, size), size)
    shared = np.maximum(np.minimum(len(slow), len(new) - lags) - np.maximum(0, -lags), 1)
    alike = product[lags] / np.sqrt(shared)
    best = int(np.argmax(alike))
    others = np.abs(lags - lags[best]) > 0.5 * FPS
    deviation = float(alike[others].std()) + 1e-12
    clear = float((alike[best] - alike[others].mean()) / deviation)
    here = float(alike[np.abs(lags) <= NEAR * FPS].max() - alike[others].mean()) / deviation
    # As good here as anywhere: a repeated figure fits at many shifts.
    return Offset(0.0, clear) if here > 0.85 * clear else Offset(float(lags[best]) / FPS, clear)


def _slowness(places: Floats) -> Floats:
    """(T,) how still the hand that moves more stands."""
    speeds = np.linalg.norm(np.gradient(places[:, WRISTS], 1.0 / FPS, axis=0), axis=-1)
    speed = speeds[:, int(np.argmax(np.nanmean(speeds, axis=0)))]
    return np.asarray(-np.log(0.03 + np.nan_to_num(speed)))


def _novelty(mel: Floats) -> Floats:
    """(T,) how much louder the bands get."""
    rise = np.maximum(np.diff(mel, axis=0, prepend=mel[:1]), 0.0).mean(axis=1)
    kernel = np.hanning(7)
    return np.convolve(rise, kernel / kernel.sum(), mode="same")


def _flat(values: Floats) -> Floats:
    """Of zero mean over a second, and unit variance."""
    width = FPS
    kernel = np.ones(width) / width
    padded = np.pad(values, width // 2, mode="edge")
    flat = values - np.convolve(padded, kernel, mode="valid")[: len(values)]
    return np.asarray(flat / (flat.std() + 1e-12))
