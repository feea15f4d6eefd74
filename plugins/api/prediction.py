# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a network says of a musician: points of body and instrument, and where the hair of the bow is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import violin
from plugins.api.grip import HELD, gripped
from plugins.api.log_mel import FPS
from plugins.api.strokes import hair_positions

TRUNK: Final = ("head", "neck", "hips", "violin_end", "violin_scroll")
SLOW: Final = 0.2
QUICK: Final = 0.05
TURN: Final = 0.02
"""Seconds (standard deviation) of the smoothing of trunk and violin, of the hands, and of the bow's path,
whose turns take a few hundredths of a second (A. Askenfelt, JASA 80, 1986)."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says, at FPS frames a second.

    Attributes:
        points: joint -> (T, 3) metres from where the hips stand on average.
        hair: (T,) metres of hair between the frog and the strings, by the bow's strokes; None when
            the model says nothing of strokes.
    """

    points: dict[str, npt.NDArray[np.float64]] = field(repr=False)
    hair: npt.NDArray[np.float64] | None = field(repr=False)

    def __len__(self) -> int:
        return len(next(iter(self.points.values())))

    def part(self, first: int, end: int) -> Prediction:
        """Frames ``first`` to ``end`` alone."""
        points = {joint: place[first:end] for joint, place in self.points.items()}
        return Prediction(points, None if self.hair is None else self.hair[first:end])

    def smoothed(self) -> Prediction:
        """Through Gaussians that take the network's jitter off, each part of the body as slow as it is."""
        from scipy.ndimage import gaussian_filter1d

        def smooth(values: Any, seconds: float) -> Any:
            return gaussian_filter1d(values, seconds * FPS, axis=0, mode="nearest")

        points = {joint: smooth(place, SLOW if joint in TRUNK else QUICK) for joint, place in self.points.items()}
        return Prediction(points, None if self.hair is None else smooth(self.hair, TURN))

    def bowed(self, grip: npt.NDArray[np.float64]) -> Prediction:
        """With the bow slid along itself to where its strokes have it, and the right arm with it."""
        if self.hair is None:
            return self
        points = dict(self.points)
        frog, tip = points["bow_frog"], points["bow_tip"]
        said = hair_positions(frog, tip, points["violin_end"], points["violin_scroll"])
        along = (tip - frog) / np.linalg.norm(tip - frog, axis=-1, keepdims=True)
        slide = along * (said - self.hair)[:, None]
        points["bow_frog"], points["bow_tip"] = frog + slide, frog + slide + along * violin.HAIR_LENGTH
        arm = gripped(grip, points["bow_frog"], points["bow_tip"], self.hair)
        points |= dict(zip(HELD, np.moveaxis(arm, 1, 0), strict=True))
        return Prediction(points, self.hair)

    def at(self, frames: npt.NDArray[np.float64]) -> Prediction:
        """At these (fractional) frames, by cubic interpolation."""
        from scipy.ndimage import map_coordinates

        def column(values: Any) -> Any:
            return map_coordinates(values, [frames], order=3, mode="nearest")

        points = {joint: np.stack([column(x) for x in place.T], axis=-1) for joint, place in self.points.items()}
        return Prediction(points, None if self.hair is None else column(self.hair))
