# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Whether the sound lies beside its motion, and by how much.

What the network that hears the bow says of its speed and its turns is compared with how fast the bow hand goes, at
every shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from plugins.api.playing_joints import Floats
from plugins.mapnet.config import FPS, PATH

FARTHEST: Final = 10.0
"""Seconds of shift that are looked at."""
SHORTEST: Final = 12.0
"""Seconds of playing without which nothing is said."""
CLEAR: Final = 4.5
"""Deviations by which a shift must stand out of all others."""
NEAR: Final = 0.12
"""Seconds within which the sound is where it should be."""
WRIST: Final = 5
SPEED: Final = PATH - 2
TURN: Final = PATH - 1
"""Columns of the bow's speed and its turns in what is heard."""


@dataclass(frozen=True)
class Offset:
    """``seconds`` by which the sound comes too late (below 0: too early), and how clearly that stands out."""

    seconds: float
    clear: float

    @property
    def wrong(self) -> bool:
        return self.clear >= CLEAR and abs(self.seconds) > NEAR


def offset_of(places: Floats, heard: Floats, playing: Floats) -> Offset:
    """Compare (T, 13, 3) smoothed joints with (T', HEARD) of the whole sound, both at 40 frames a second and, if the
    sound lies right, from the same moment on. ``playing`` is (T',)."""
    if min(len(places), float((playing > 0.5).sum())) < SHORTEST * FPS:
        return Offset(0.0, 0.0)
    speed = np.nan_to_num(np.linalg.norm(np.gradient(places[:, WRIST], 1.0 / FPS, axis=0), axis=-1))
    reach = round(FARTHEST * FPS)
    lags = np.arange(-reach, reach + 1)
    alike = _alike(_flat(speed), _flat(heard[:, SPEED]), lags)
    alike = alike + _alike(_flat(-np.log(0.03 + speed)), _flat(heard[:, TURN]), lags)
    best = int(np.argmax(alike))
    others = (np.abs(lags - lags[best]) > 0.5 * FPS) & np.isfinite(alike)
    deviation = float(alike[others].std()) + 1e-12
    clear = float((alike[best] - alike[others].mean()) / deviation)
    here = float(alike[np.abs(lags) <= NEAR * FPS].max() - alike[others].mean()) / deviation
    # As good here as anywhere: a repeated figure fits at many shifts.
    return Offset(0.0, clear) if here > 0.85 * clear else Offset(float(lags[best]) / FPS, clear)


def _alike(moved: Floats, sounded: Floats, lags: Floats) -> Floats:
    """Correlation of two signals at shifts, in deviations of chance."""
    size = 1 << int(np.ceil(np.log2(len(moved) + len(sounded) + len(lags))))
    product = np.fft.irfft(np.conj(np.fft.rfft(moved, size)) * np.fft.rfft(sounded, size), size)
    shared = np.minimum(len(moved), len(sounded) - lags) - np.maximum(0, -lags)
    return np.where(shared > 0.5 * len(moved), product[lags] / np.sqrt(np.maximum(shared, 1)), -np.inf)


def _flat(values: Floats) -> Floats:
    """Of zero mean over a second, and unit variance."""
    width = FPS
    kernel = np.ones(width) / width
    padded = np.pad(values, width // 2, mode="edge")
    flat = values - np.convolve(padded, kernel, mode="valid")[: len(values)]
    return np.asarray(flat / (flat.std() + 1e-12))
