# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the model has said so far, as motion, as soon as nothing that it will say changes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.predictor import Predictor
from plugins.api import Array, Motion, Skeleton
from plugins.api.bowed_pose import swayed
from plugins.api.log_mel import FPS
from plugins.api.prediction import SLOW, TURN, Prediction
from plugins.api.strokes import settled

Assemble = Callable[[Skeleton, Prediction], tuple[Array, Array]]
"""Positions and rotations of what the model says, each frame from its own points alone."""
REACH: Final = 4.0
"""Standard deviations after which a Gaussian is nothing (SciPy's own)."""
BEFORE: Final = round(2.0 * REACH * SLOW * FPS)
"""Frames before a part that it is smoothed with."""


class Stream:
    """The motion of one piece of music, part by part; the parts together are the whole.

    Args:
        sway: (T, J, 3) metres to add to what the model says, at its own frame rate.
        count: frames of the whole motion, at ``fps`` from ``start`` seconds on.
    """

    def __init__(
        self,
        predictor: Predictor,
        skeleton: Skeleton,
        assemble: Assemble,
        sway: npt.NDArray[np.float64],
        count: int,
        fps: float,
        start: float,
    ) -> None:
        self._predictor, self._skeleton, self._assemble, self._sway = predictor, skeleton, assemble, sway
        self._count, self._fps, self._start = count, fps, start
        self._said: list[npt.NDArray[np.float32]] = []
        self._parts: list[tuple[Array, Array]] = []
        self._done = 0

    def add(self, piece: npt.NDArray[np.float32]) -> Motion | None:
        """Take in what the model says next; the motion that has become certain, if any."""
        self._said.append(piece)
        said = np.concatenate(self._said)
        return self._perform(self._predictor.prediction(said), self._certain(said))

    def rest(self, provenance: dict[str, Any]) -> Motion:
        """The whole motion, when the model has said all."""
        self._perform(self._predictor.prediction(np.concatenate(self._said)), self._count)
        positions, rotations = (np.concatenate(arrays) for arrays in zip(*self._parts, strict=True))
        return Motion(self._skeleton, self._fps, positions, rotations, start=self._start, provenance=provenance)

    def _certain(self, said: npt.NDArray[np.float32]) -> int:
        """How many frames of the motion can be made and stay."""
        frames = len(said) - REACH * SLOW * FPS
        if self._predictor.weights.strokes:
            strokes = said[:, 3 * len(self._predictor.weights.joints) :].astype(np.float64)
            # A few frames more than the Gaussian: cubic interpolation is felt as far.
            frames = min(frames, settled(strokes, FPS) - REACH * TURN * FPS - 10)
        return min(self._count, int(frames / FPS * self._fps))

    def _perform(self, prediction: Prediction, end: int) -> Motion | None:
        first = self._done
        if end <= first:
            return None
        at = np.arange(first, end) / self._fps * FPS
        low = max(0, int(at[0]) - BEFORE)
        part = prediction.part(low, len(prediction)).smoothed()
        smooth = swayed(part, self._sway[low : len(prediction)]).at(at - low)
        positions, rotations = self._assemble(self._skeleton, smooth)
        self._parts.append((positions, rotations))
        self._done = end
        return Motion(self._skeleton, self._fps, positions, rotations, start=self._start + first / self._fps)
