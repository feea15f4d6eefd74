# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What is heard during the frames of a motion."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from plugins.api import Audio
from plugins.api.log_mel import BANDS, FPS, log_mel


def heard_from(audio: Audio, start: float, frames: int) -> npt.NDArray[np.float32]:
    """(frames, 128) ``log_mel`` of a sound at 40 frames a second from a second of the recording on; silence where it
    does not reach."""
    mel = log_mel(audio.samples, audio.sample_rate)
    at = round((start - audio.start) * FPS) + np.arange(frames)
    there = (at >= 0) & (at < len(mel))
    out = np.zeros((frames, BANDS), dtype=np.float32)
    out[there] = mel[at[there]]
    return out
