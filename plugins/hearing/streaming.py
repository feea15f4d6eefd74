# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Beats and bars of sound as it comes in, ``LOOK_AHEAD`` seconds late.

Each step listens to the last ``CONTEXT`` seconds once more; what lies more than ``LOOK_AHEAD`` seconds before the end
has enough future to be said, and is not changed any more. How loud the recording usually is, is known only of what has
been heard so far.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import AnnotationTrack, Audio, JobContext
from plugins.api.log_mel import FPS
from plugins.hearing.ears import Ears, inputs_of
from plugins.hearing.recognizers import beat_tracks, silent_frames

LOOK_AHEAD: Final = 4.0
"""Seconds of future that are waited for."""
STEP: Final = 2.0
"""Seconds of sound from one look to the next."""
CONTEXT: Final = 20.0
"""Seconds that are listened to at once."""


class BeatStream:
    """Feed it samples; it answers with all beats and bars that are certain by now.

    Args:
        ears: loaded. sample_rate: of the samples, Hz.
    """

    def __init__(self, ears: Ears, sample_rate: int) -> None:
        self._ears, self._rate = ears, sample_rate
        self._samples = np.zeros(0, dtype=np.float32)
        self._said: dict[str, npt.NDArray[np.float64]] = {
            name: np.empty((0, 1)) for name in ("beat", "downbeat", "pitched")
        }
        self._looked = 0.0

    @property
    def certain(self) -> float:
        """Seconds from the beginning of which everything is said."""
        return len(self._said["beat"]) / FPS

    def feed(self, samples: npt.NDArray[np.float32]) -> list[AnnotationTrack]:
        """``beat`` and ``downbeat`` up to ``certain``, with more sound."""
        self._samples = np.concatenate([self._samples, samples.astype(np.float32)])
        while len(self._samples) / self._rate >= self._looked + STEP:
            self._looked += STEP
            self._look(self._looked, self._looked - LOOK_AHEAD)
        return self._tracks()

    def finish(self) -> list[AnnotationTrack]:
        """The sound has ended: all of it."""
        end = len(self._samples) / self._rate
        if end > self.certain:
            self._look(end, end)
        return self._tracks()

    def _look(self, end: float, certain: float) -> None:
        """Listen to the seconds before ``end``, and keep what is said up to ``certain``."""
        first = max(0.0, np.floor((end - CONTEXT) * FPS) / FPS)
        count, begin = round(max(certain, 0.0) * FPS) - len(self._said["beat"]), len(self._said["beat"])
        if count <= 0:
            return
        cut = self._samples[round(first * self._rate) : round(end * self._rate)]
        context = JobContext()
        heard = self._ears.hear(inputs_of(Audio(cut, self._rate), None, context), self._ears, context)
        offset = begin - round(first * FPS)
        for name in self._said:
            self._said[name] = np.concatenate([self._said[name], heard[name][offset : offset + count]])

    def _tracks(self) -> list[AnnotationTrack]:
        count = len(self._said["beat"])
        audio = Audio(self._samples[: max(1, round(count / FPS * self._rate))], self._rate)
        return beat_tracks(self._said, silent_frames(audio, count), 0.0)
