# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What repairs motion without learning: the filters that a network must beat, each with the setting that does best."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
Filter = Callable[[Floats, float], Floats]
"""(K, N, 3) looks without gaps and their rate, to the same."""

MOVING_AVERAGE: Final = 3
"""Frames, as in the paper."""


def moving_average(width: int) -> Filter:
    def run(looks: Floats, rate: float) -> Floats:
        from scipy.ndimage import uniform_filter1d

        return np.asarray(uniform_filter1d(looks, min(width, len(looks)), axis=0, mode="nearest"))

    return run


def butterworth(cutoff: float) -> Filter:
    """Of second order, forwards and backwards."""

    def run(looks: Floats, rate: float) -> Floats:
        from scipy.signal import butter, sosfiltfilt

        if cutoff >= 0.45 * rate:
            return looks
        pad = min(len(looks) - 1, 3 * round(rate / cutoff))
        return np.asarray(sosfiltfilt(butter(2, cutoff, fs=rate, output="sos"), looks, axis=0, padlen=pad))

    return run


def savitzky_golay(seconds: float) -> Filter:
    """Of third order."""

    def run(looks: Floats, rate: float) -> Floats:
        from scipy.signal import savgol_filter

        width = min(2 * round(seconds * rate / 2) + 1, len(looks) - 1 + len(looks) % 2)
        return np.asarray(savgol_filter(looks, width, 3, axis=0)) if width > 3 else looks

    return run


def median(seconds: float) -> Filter:
    def run(looks: Floats, rate: float) -> Floats:
        from scipy.ndimage import median_filter

        width = 2 * round(seconds * rate / 2) + 1
        return np.asarray(median_filter(looks, (min(width, len(looks)), 1, 1), mode="nearest"))

    return run


def families() -> Iterator[tuple[str, list[tuple[str, Filter]]]]:
    """Name of a family, and (setting, filter) of all its members."""
    yield "moving average", [(f"{n} frames", moving_average(n)) for n in (3, 5, 9, 15, 25, 41, 71)]
    yield "Butterworth", [(f"{c:g} Hz", butterworth(c)) for c in (0.2, 0.35, 0.6, 1.0, 1.7, 3.0, 5.0, 8.0)]
    yield "Savitzky-Golay", [(f"{s:g} s", savitzky_golay(s)) for s in (0.2, 0.4, 0.7, 1.2, 2.0, 3.5, 6.0)]
    yield "median", [(f"{s:g} s", median(s)) for s in (0.15, 0.3, 0.6, 1.2, 2.4)]
    yield "middle of the take", [("", lambda looks, rate: np.broadcast_to(np.median(looks, axis=0), looks.shape))]


def at_frames(looks: Floats, times: Floats, wanted: Floats) -> Floats:
    """(T, N, 3) at other times, linearly."""
    flat = looks.reshape(len(looks), -1)
    return np.stack([np.interp(wanted, times, column) for column in flat.T], axis=1).reshape(len(wanted), -1, 3)
