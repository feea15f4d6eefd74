# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What our networks hear and see, at 40 frames a second; the same in training and in use.

*notes*: the pitch network's posteriors (which keys begin, which sound) and how loud sixteen bands are. Which
instrument it is hardly shows in posteriors, so that what was learned from one synthesiser holds for another, and a
transposition is a shift by whole columns. *movement*: joints of the upper body, violin and bow.

The last column of each is 1 where there is such an input; where there is none all columns are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Motion
from plugins.api.log_mel import FPS, decibels
from plugins.api.pitch_network import FPS as NETWORK_FPS
from plugins.api.pitch_network import Posteriors

KEYS: Final = 88
LEVELS: Final = 16
NOTES: Final = 2 * KEYS + LEVELS + 1
MOVED: Final = (
    *("head", "neck", "right_lower_arm", "right_hand", "right_index_proximal"),
    *("left_lower_arm", "left_hand", "left_index_proximal"),
    *("violin_end", "violin_scroll", "bow_frog", "bow_tip"),
)
"""Joints that are watched; those that a skeleton lacks stay still."""
MOVEMENT: Final = 6 * len(MOVED) + 1
FASTEST: Final = 1.0
"""Metres a second that count as 1."""
WIDEST: Final = 0.25
"""Metres from its mean place that count as 1."""
DEEPEST: Final = 60.0
"""Decibels below a recording's usual loudest that count as -1."""
LOUDEST: Final = 95.0
"""Percentile of a recording's levels that is 0."""
GATE: Final = 50.0
"""Decibels below its very loudest frame from which on a frame is a pause, which says nothing of how loud it is."""

CLEAR: Final = 0.72
"""How sure the pitch network is of a pitch in music, on the median; of speech 0.4, of noise 0.2."""
AROUND: Final = 161
"""Frames, four seconds."""

Floats = npt.NDArray[np.float32]


def keys(heard: Posteriors, count: int) -> Floats:
    """(count, 176): of each key, whether it begins and whether it sounds, the most within half a frame of ours."""
    both = np.concatenate([heard.onset, heard.note], axis=1)
    at = np.round(np.arange(count) * (NETWORK_FPS / FPS)).astype(np.int64)
    near = [np.clip(at + shift, 0, max(len(both) - 1, 0)) for shift in (-1, 0, 1)]
    if not len(both):
        return np.zeros((count, 2 * KEYS), dtype=np.float32)
    found = np.maximum(np.maximum(both[near[0]], both[near[1]]), both[near[2]])
    return np.asarray(np.where((at < len(both))[:, None], found, 0.0), dtype=np.float32)


def pitched(notes: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """(T, 1) 0 to 1, whether what sounds around each frame has pitches, as music has, of *notes*."""
    from scipy.ndimage import median_filter

    surest = notes[:, KEYS : 2 * KEYS].max(axis=1, initial=0.0)
    usual = median_filter(surest.astype(np.float64), AROUND, mode="nearest")
    return np.asarray(np.minimum(usual / CLEAR, 1.0) ** 3)[:, None]


def levels(samples: npt.NDArray[np.floating[Any]], sample_rate: int) -> Floats:
    """(T, 16) decibels of eight neighbouring mel bands each, at ``log_mel``'s frames."""
    power = 10.0 ** (decibels(samples, sample_rate) / 10.0)
    return np.asarray(10.0 * np.log10(power.reshape(len(power), LEVELS, -1).mean(axis=2)), dtype=np.float32)


def relative(decibels_of_bands: npt.NDArray[np.floating[Any]]) -> Floats:
    """Levels as the network reads them, -1 to about 0.5: from the 95th percentile of how loud the whole is, pauses
    left out, so that the recording's own level does not matter and a quiet passage stays quiet."""
    whole = np.asarray(decibels_of_bands, dtype=np.float32)
    loud = 10.0 * np.log10((10.0 ** (whole / 10.0)).sum(axis=1) + 1e-20)
    played = loud[loud > loud.max(initial=-np.inf) - GATE]
    reference = float(np.percentile(played, LOUDEST)) if len(played) else 0.0
    return np.asarray(np.clip((whole - reference) / DEEPEST, -1.0, 0.5), dtype=np.float32)


def notes(key_posteriors: Floats, relative_levels: Floats) -> Floats:
    """(T, 193) side by side."""
    return np.concatenate([key_posteriors, relative_levels, np.ones((len(key_posteriors), 1), np.float32)], axis=1)


def movement(joints: npt.NDArray[np.floating[Any]]) -> Floats:
    """(T, 73): where the joints of ``MOVED`` are, from their mean place, and how fast they go.

    Args:
        joints: (T, 12, 3) metres, the performer facing -Y; a joint that is unknown is NaN.
    """
    known = np.asarray(joints, dtype=np.float64)
    there = np.isfinite(known).all(axis=(0, 2))
    known = np.where(there[None, :, None], known, 0.0)
    places = (known - known.mean(axis=0)) / WIDEST
    speeds = np.gradient(known, 1.0 / FPS, axis=0) / FASTEST if len(known) > 1 else np.zeros_like(known)
    flat = np.concatenate([places, speeds], axis=2).reshape(len(known), -1)
    return np.concatenate([np.clip(flat, -4.0, 4.0), np.ones((len(known), 1))], axis=1).astype(np.float32)


def joints_of(motion: Motion, names: Sequence[str] = MOVED) -> npt.NDArray[np.float64]:
    """(T, 12, 3) of any motion at 40 frames a second, turned so that the performer faces -Y; NaN where its skeleton
    has no such joint."""
    count = max(1, round(motion.duration * FPS))
    at = np.minimum(np.arange(count) * motion.fps / FPS, len(motion) - 1.0)
    low = np.minimum(at.astype(np.int64), max(len(motion) - 2, 0))
    part = (at - low)[:, None]
    out = np.full((count, len(names), 3), np.nan)
    known = set(motion.skeleton.joints)
    for i, name in enumerate(names):
        if name in known:
            place = motion.joint(name).astype(np.float64)
            out[:, i] = place[low] * (1.0 - part) + place[np.minimum(low + 1, len(motion) - 1)] * part
    return out @ _facing(motion).T


def _facing(motion: Motion) -> npt.NDArray[np.float64]:
    """(3, 3) turns about Z so that, on average, the left side is on +X."""
    known = set(motion.skeleton.joints)
    for name in ("upper_arm", "upper_leg"):
        if {f"left_{name}", f"right_{name}"} <= known:
            across = (motion.joint(f"left_{name}") - motion.joint(f"right_{name}")).mean(axis=0)
            angle = -np.arctan2(across[1], across[0])
            cosine, sine = np.cos(angle), np.sin(angle)
            return np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return np.eye(3)


def without(count: int, columns: int) -> Floats:
    """(count, columns) of an input that there is none of."""
    return np.zeros((count, columns), dtype=np.float32)
