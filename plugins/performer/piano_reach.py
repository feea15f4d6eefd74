# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Last corrections, frame by frame: fingers that play reach their keys, idle thumbs keep clear of each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from plugins.api import Array, CurledChain, Skeleton, violinist
from plugins.api import rotations as rot
from plugins.performer.curves import Floats
from plugins.performer.hands import HandPose

SPREAD: Final = np.tan(np.radians(28.6))
"""Sideways part of where a bent finger can point, a little inside what the body allows."""
CURL: Final = (np.radians(80.0), np.radians(112.0))
"""Largest bend of the middle joint, thumb and fingers."""
MARGIN: Final = 0.0006
"""Metres inside its farthest and nearest reach that a finger stays."""
BEFORE: Final = 0.026
"""Metres that a tip is before its knuckle, at least."""
ROUNDS: Final = 24
STEP: Final = 0.6
CALM: Final = 0.030
"""Seconds (standard deviation) over which corrections are smoothed."""
LOWEST: Final = 0.034
"""Height of a wrist above the keys, at least."""
CLEAR: Final = 0.022
"""Metres between the thumbs of both hands."""


def within_reach(times: Floats, hand: HandPose, playing: Array, skeleton: Skeleton, side: str) -> HandPose:
    """The hand with its wrist moved so that fingers that play reach their tips.

    Args:
        playing: (T, 5) how much each finger is on its key, 0 to 1.
    """
    sign = 1.0 if side == "left" else -1.0
    joints = [violinist.finger_joints(side, f) for f in violinist.FINGERS]
    roots = np.stack([skeleton.offsets[skeleton.index(j[0])] for j in joints])
    roots = rot.rotate(hand.rotation[:, None], roots[None])
    limits = np.array([_limits(skeleton, j, CURL[i > 0]) for i, j in enumerate(joints)])
    back = rot.conjugate(hand.rotation)[:, None]
    kernel = _kernel(times)
    moved = np.zeros_like(hand.wrist)
    for _ in range(ROUNDS):
        line = hand.tips - (hand.wrist + moved)[:, None] - roots
        short = _shortfall(rot.rotate(back, line), limits, sign)
        wanted = (rot.rotate(hand.rotation[:, None], short) * playing[..., None]).sum(axis=1)
        moved = _smooth(moved + STEP * wanted, kernel)
        moved[:, 2] = np.maximum(moved[:, 2], np.minimum(LOWEST - hand.wrist[:, 2], 0.0))
    return replace(hand, wrist=hand.wrist + moved)


def _limits(skeleton: Skeleton, joints: tuple[str, ...], curl: float) -> tuple[float, float]:
    lengths = [float(np.linalg.norm(skeleton.offsets[skeleton.index(j)])) for j in joints[1:]]
    near, far = CurledChain((lengths[0], lengths[1], lengths[2]), curl).reach
    return near + MARGIN, far - MARGIN


def _shortfall(line: Array, limits: Array, sign: float) -> Array:
    """(T, 5, 3) in the hand's axes: how far its root must go for each finger to reach along ``line``."""
    distance = np.maximum(np.linalg.norm(line, axis=-1, keepdims=True), 1e-9)
    short = line * (1.0 - np.clip(distance[..., 0], limits[:, 0], limits[:, 1])[..., None] / distance)
    widest = SPREAD * np.hypot(line[..., 0], line[..., 2])
    beside = line[..., 1] - np.clip(line[..., 1], -widest, widest)
    short[:, 1:, 1] = np.where(np.abs(beside) > np.abs(short[..., 1]), beside, short[..., 1])[:, 1:]
    # A finger that is not before its own knuckle would curl under the hand.
    short[:, 1:, 0] += 0.3 * np.minimum(sign * line[:, 1:, 0] - BEFORE, 0.0) * sign
    return short


def _kernel(times: Floats) -> Floats:
    step = float(times[1] - times[0]) if len(times) > 1 else 1.0
    reach = int(np.ceil(3 * CALM / step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / CALM) ** 2)
    return np.asarray(kernel / kernel.sum())


def _smooth(values: Array, kernel: Floats) -> Array:
    reach = len(kernel) // 2
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(padded[:, i], kernel, "valid") for i in range(values.shape[1])], axis=-1)


def thumbs_clear(left: HandPose, right: HandPose, playing: tuple[Array, Array]) -> tuple[HandPose, HandPose]:
    """Idle thumbs of hands that are side by side go out of each other's way (keyboard frame: +X to the left)."""
    beside = left.wrist[:, 0] > right.wrist[:, 0]
    lack = np.where(beside, CLEAR - (left.tips[:, 0, 0] - right.tips[:, 0, 0]), 0.0)
    lack = np.maximum(lack, 0.0)
    idle = [1.0 - p[:, 0] for p in playing]
    both = np.maximum(idle[0] + idle[1], 1e-6)
    out = []
    for hand, free, way in zip((left, right), idle, (1.0, -1.0), strict=True):
        tips = hand.tips.copy()
        tips[:, 0, 0] += way * lack * free / np.maximum(both, 1.0)
        out.append(replace(hand, tips=tips))
    return out[0], out[1]
