# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The right hand in the bow's frame: the bow hold, and how it gives way along the stroke.

Fingertips keep their places on stick and frog; the palm turns over them, pronated and
nearly square to the bow at the tip, high-wristed and slanting at the frog (Galamian's
description of the flexible bow hold). The angles were fitted so that wrist and forearm stay
in the middle of their ranges from frog to tip on all strings.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from plugins.api import Array, Skeleton, violin
from plugins.performer.bow_path import BowPath
from plugins.performer.curves import Floats
from plugins.performer.hands import HandPose, palm, wrist_under

TIPS: Final = np.array(
    [
        [0.020, 0.004, 0.009],
        [0.050, -0.011, 0.014],
        [0.024, -0.013, 0.006],
        [0.002, -0.013, 0.005],
        [-0.024, -0.002, 0.026],
    ]
)
"""Thumb to little finger on the bow, metres (bow frame: +X to the tip, -Y away from the player, +Z to the stick)."""
KNUCKLES: Final = np.array([0.014, 0.013, 0.068])
"""Middle of the knuckles, above and behind the stick."""
SLANT: Final = (np.radians(32.0), np.radians(100.0))
"""Angle between the hand and the bow at the frog and at the tip."""
PITCH: Final = (np.radians(-10.0), np.radians(28.0))
"""Rise of the hand from wrist to knuckles at the frog and at the tip."""
PRONATION: Final = np.radians(11.5)
"""Roll of the palm towards the first finger."""


def right_hand(path: BowPath, skeleton: Skeleton) -> HandPose:
    """The hand on the bow, in the bow's own frame (origin at the frog's end of the hair)."""
    part = np.clip(path.hair / violin.HAIR_LENGTH, 0.0, 1.0)
    slant = SLANT[0] + (SLANT[1] - SLANT[0]) * part
    pitch = PITCH[0] + (PITCH[1] - PITCH[0]) * part
    forward = np.stack([np.cos(slant) * np.cos(pitch), -np.sin(slant) * np.cos(pitch), np.sin(pitch)], axis=-1)
    rotation = palm("right", forward, _back(slant, part))
    knuckles = np.broadcast_to(KNUCKLES, (len(part), 3)) + np.outer(part, [0.004, 0.004, -0.004])
    tips = np.broadcast_to(TIPS, (len(part), 5, 3))
    return HandPose(wrist_under(knuckles, rotation, skeleton, "right"), rotation, tips)


def _back(slant: Floats, part: Floats) -> Array:
    """Direction of the back of the hand: up, rolled towards the bow's tip."""
    roll = PRONATION * (0.6 + 0.8 * part)
    across = np.stack([np.sin(slant), np.cos(slant), np.zeros_like(slant)], axis=-1)
    up = np.array([0.0, 0.0, 1.0])
    return np.asarray(np.cos(roll)[:, None] * up + np.sin(roll)[:, None] * across)
