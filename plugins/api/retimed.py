# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Motion at other times, and across frames in which nobody was seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from plugins.api import Motion
from plugins.api import rotations as rot

Floats = npt.NDArray[Any]


def at_times(values: Floats, values_at: Floats, times: Floats) -> Floats:
    """(T, ...) of evenly spaced (K, ...), along the cubics of E. Catmull and R. Rom (1974), which pass through all of
    them; beyond the ends the first and the last stand."""
    step = values_at[1] - values_at[0] if len(values_at) > 1 else 1.0
    last = len(values) - 1
    at = np.clip((times - values_at[0]) / step, 0.0, float(last))
    low = np.minimum(at.astype(int), max(last - 1, 0))
    t = (at - low).reshape(-1, *[1] * (values.ndim - 1))
    p, q, r, s = (values[np.clip(low + i, 0, last)] for i in (-1, 0, 1, 2))
    cubic = 2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t**2 + (3 * (q - r) + s - p) * t**3
    return np.asarray(0.5 * cubic)


def filled(motion: Motion, times: Floats) -> Motion:
    """The motion as it was given, at other times: linearly between the frames in which a joint was seen, NaN for joints
    that never were."""
    positions = np.full((len(times), *motion.positions.shape[1:]), np.nan)
    for i in range(positions.shape[1]):
        known = np.isfinite(motion.positions[:, i]).all(axis=1)
        if known.any():
            for axis in range(3):
                positions[:, i, axis] = np.interp(times, motion.times[known], motion.positions[known, i, axis])
    rotations = None if motion.rotations is None else _turns_at(motion, times)
    fps = 1.0 / float(np.diff(times[:2])[0]) if len(times) > 1 else motion.fps
    return Motion(motion.skeleton, fps, positions, rotations, float(times[0]))


def played(motion: Motion, times: Floats) -> Motion:
    """A motion in another time: its frame i is what the given one is at second ``times[i]`` of the recording.

    Args:
        times: (T,) as many as it has frames; they need not be even.
    """
    whole = motion if np.isfinite(motion.positions).all() else filled(motion, motion.times)
    positions = at_times(whole.positions.astype(np.float64), motion.times, times)
    rotations, confidence = None, motion.confidence
    if motion.rotations is not None:
        rotations = rot.unroll(_turns_at(motion, times))
        positions, _ = motion.skeleton.forward_kinematics(rotations, positions)
    if confidence is not None:
        confidence = np.clip(at_times(confidence, motion.times, times), 0.0, 1.0)
    return replace(motion, positions=positions, rotations=rotations, confidence=confidence)


def _turns_at(motion: Motion, times: Floats) -> Floats:
    """(T, J, 4) local rotations at other times, between the frames in which they are known."""
    turns = np.asarray(motion.rotations, dtype=np.float64)
    known = np.isfinite(turns).all(axis=(1, 2))
    if not known.any():
        return np.broadcast_to(rot.IDENTITY, (len(times), *turns.shape[1:])).copy()
    turns = turns[known]
    at = np.interp(times, motion.times[known], np.arange(len(turns)))
    low = np.minimum(at.astype(int), max(len(turns) - 2, 0))
    high = np.minimum(low + 1, len(turns) - 1)
    return np.asarray(rot.slerp(turns[low], turns[high], (at - low)[:, None]))
