# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a network that was trained to hear the bow says of a sound: A2M's (``plugins/a2m``), frozen, with its weights in
this network's own file.

When a bow turns and how fast it goes can be heard, which way it goes can not: so the path that alternate strokes would
take is worked out (``plugins.api.strokes``), and the network that repairs sees from the motion which way it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plugins.api.batching import Windows
from plugins.api.overlap import overlapped
from plugins.api.playing_joints import Floats
from plugins.api.strokes import HAIR_SCALE, SPEED_SCALE, said_path
from plugins.mapnet.config import FPS, HEARD, EarsConfig


def heard_by(mel: Floats, config: EarsConfig, ask: Callable[[Windows], Windows]) -> Floats:
    """(T, HEARD) float32 of (T, 128) log-mel, both at 40 frames a second: what the network answers (places of the
    body, of the bow's hair, its speed, its turns), its inner values, and the path and speed of alternate strokes.

    Args:
        ask: the network's answers to windows of mel: answers and inner values side by side.
    """
    said = overlapped(ask, mel.astype(np.float32), config.window)
    outputs = sum(config.branches)
    strokes = said[:, outputs - 3 : outputs]
    path = said_path(strokes, FPS)
    speed = np.gradient(path) * FPS if len(path) > 1 else np.zeros(len(path))
    answers = said[:, :outputs].copy()
    answers[:, -1] = 1.0 / (1.0 + np.exp(-answers[:, -1]))
    bow = np.stack([(path - HAIR_SCALE) / HAIR_SCALE, speed / SPEED_SCALE], axis=1)
    out = np.concatenate([answers, bow, said[:, outputs:]], axis=1).astype(np.float32)
    assert out.shape[1] == HEARD
    return out
