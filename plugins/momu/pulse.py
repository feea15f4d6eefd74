# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Where in a beat the music is, for networks that are told it: what a spectrogram hides and a recogniser has found."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.log_mel import FPS

PULSE: Final = 3
"""Cosine and sine of the part of the beat that has gone by, and 1 where there are beats."""


def pulse(beats: npt.NDArray[np.floating[Any]], frames: int) -> npt.NDArray[np.float32]:
    """(frames, 3) at 40 a second; 0 before the first beat, behind the last, and where there are fewer than two.

    Args:
        beats: seconds from the first frame, rising.
    """
    out = np.zeros((frames, PULSE), dtype=np.float32)
    if len(beats) < 2:
        return out
    times = np.arange(frames) / FPS
    inside = (times >= beats[0]) & (times <= beats[-1])
    turned = 2.0 * np.pi * np.interp(times[inside], beats, np.arange(len(beats)))
    out[inside] = np.stack([np.cos(turned), np.sin(turned), np.ones(len(turned))], axis=1)
    return out
