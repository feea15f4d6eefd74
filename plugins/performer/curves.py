# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Smooth curves over time: holds joined by moves, stroke profiles, slow noise."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def ease(u: Floats) -> Floats:
    """Minimum-jerk step from 0 to 1: 10 u^3 - 15 u^4 + 6 u^5 (T. Flash and N. Hogan, 1985)."""
    u = np.clip(u, 0.0, 1.0)
    return np.asarray(u * u * u * (10.0 + u * (6.0 * u - 15.0)))


def hold_and_move(times: Floats, values: Floats, starts: Floats, ends: Floats) -> Floats:
    """A channel that holds values[i] until starts[i], then eases to values[i + 1] by ends[i].

    Args:
        times: (T,) frames.
        values: (K, ...) held values.
        starts, ends: (K - 1,) rising; each move is over before the next begins.

    Returns:
        (T, ...) the channel.
    """
    if len(values) == 1:
        return np.broadcast_to(values[0], (len(times), *values.shape[1:])).copy()
    i = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, len(starts) - 1)
    part = ease((times - starts[i]) / np.maximum(ends[i] - starts[i], 1e-6))
    part = part.reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[i] + (values[i + 1] - values[i]) * part)


def move_windows(onsets: Floats, longest: float, before: float, share: float = 0.6) -> tuple[Floats, Floats]:
    """Starts and ends of the moves to each onset but the first.

    A move takes at most ``longest`` seconds and ``share`` of the time between the onsets on its
    two sides; the part ``before`` of it (0 to 1) lies ahead of the onset.
    """
    gaps = np.diff(onsets)
    after = np.append(gaps[1:], np.inf)
    span = np.minimum(longest, share * np.minimum(gaps / max(before, 0.2), after / max(1 - before, 0.2)))
    span = np.minimum(span, gaps * share / max(before, share))
    return onsets[1:] - before * span, onsets[1:] + (1 - before) * span


def stroke_profile(u: Floats, ramp: Floats) -> Floats:
    """Part of a stroke done at phase ``u`` (0 to 1): even speed between raised-cosine ramps of length ``ramp``."""
    r = np.clip(ramp, 0.02, 0.5)
    u = np.clip(u, 0.0, 1.0)
    folded = np.minimum(u, 1.0 - u)
    rising = (folded - r / np.pi * np.sin(np.pi * folded / r)) / 2
    early = np.where(folded < r, rising, folded - r / 2) / (1.0 - r)
    return np.asarray(np.where(u <= 0.5, early, 1.0 - early))


SLOW: Final = (0.05, 0.45)
"""Hz: the band of a standing body's sway (D. Winter, *Human balance and posture control*, 1995)."""


def slow_noise(times: Floats, rng: np.random.Generator, channels: int, band: tuple[float, float] = SLOW) -> Floats:
    """(T, channels) smooth noise of unit standard deviation: eight sines with 1/f weights, the same at any fps."""
    frequencies = np.exp(rng.uniform(np.log(band[0]), np.log(band[1]), size=(8, channels)))
    phases = rng.uniform(0, 2 * np.pi, size=(8, channels))
    weights = 1.0 / np.sqrt(frequencies)
    waves = np.sin(2 * np.pi * frequencies * times[:, None, None] + phases) * weights
    return np.asarray(waves.sum(axis=1) / np.sqrt((weights**2).sum(axis=0) / 2))
