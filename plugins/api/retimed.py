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
    """A motion in another time: its frame i is what the given one is at second ``times[i]`` of the recording. Without
    rotations where they do not say where all joints are.

    Args:
        times: (T,) as many as it has frames; they need not be even.
    """
    places = motion.positions.astype(np.float64)
    if not np.isfinite(places).all():
        places = filled(replace(motion, rotations=None), motion.times).positions.astype(np.float64)
    rotations, confidence = motion.rotations, motion.confidence
    if confidence is not None:
        confidence = np.clip(at_times(confidence, motion.times, times), 0.0, 1.0)
    if rotations is None or not _whole(rotations, places[:, [0, *motion.skeleton.held]]):
        return replace(motion, positions=at_times(places, motion.times, times), rotations=None, confidence=confidence)
    local = rot.unroll(_turns_at(motion, times))
    # Straight lines, as slerp is one: what is held must stay in the hand that turns with it.
    positions, _ = motion.skeleton.forward_kinematics(local, _on_lines(places, motion.times, times))
    return replace(motion, positions=positions, rotations=local, confidence=confidence)


def _whole(rotations: Floats, rooted: Floats) -> bool:
    """Whether each joint is turned somehow in some frame, and what hangs on no joint is somewhere in all."""
    return bool(np.isfinite(rotations).all(axis=2).any(axis=0).all() and np.isfinite(rooted).all())


def _on_lines(values: Floats, values_at: Floats, times: Floats) -> Floats:
    """(T, ...) of (K, ...) at rising times."""
    at = np.interp(times, values_at, np.arange(len(values)))
    low = np.minimum(at.astype(int), max(len(values) - 2, 0))
    part = (at - low).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[low] * (1.0 - part) + values[np.minimum(low + 1, len(values) - 1)] * part)


def _turns_at(motion: Motion, times: Floats) -> Floats:
    """(T, J, 4) local rotations at other times, between the frames in which a joint's are known; none where they never
    are."""
    turns = np.asarray(motion.rotations, dtype=np.float64)
    known = np.isfinite(turns).all(axis=2)
    out = np.broadcast_to(rot.IDENTITY, (len(times), *turns.shape[1:])).copy()
    if known.all():
        return _slerped(turns, motion.times, times)
    masks, which = np.unique(known, axis=1, return_inverse=True)
    for i in range(masks.shape[1]):
        frames, joints = masks[:, i], np.ravel(which) == i
        if frames.any():
            out[:, joints] = _slerped(turns[frames][:, joints], motion.times[frames], times)
    return out


def _slerped(turns: Floats, turns_at: Floats, times: Floats) -> Floats:
    at = np.interp(times, turns_at, np.arange(len(turns)))
    low = np.minimum(at.astype(int), max(len(turns) - 2, 0))
    high = np.minimum(low + 1, len(turns) - 1)
    return np.asarray(rot.slerp(turns[low], turns[high], (at - low)[:, None]))
