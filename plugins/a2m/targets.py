# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which points the model answers with, and the scale it sees them on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Targets = Mapping[str, Sequence[str]]
"""Part of the body -> its joints, in the order of the model's answer."""

PAPER_TARGETS: Final[Targets] = {
    "right_hand": ("bow_tip", "right_lower_arm", "right_hand", "right_index_proximal"),
    "left_hand": ("violin_scroll", "left_lower_arm", "left_hand", "left_index_proximal"),
    "torso": ("head", "neck", "hips"),
}
"""MOSA's eleven points, by the names of our joints."""
PLAYING_TARGETS: Final[Targets] = {
    "right_hand": ("bow_tip", "bow_frog", "right_lower_arm", "right_hand", "right_index_proximal"),
    "left_hand": ("violin_scroll", "violin_end", "left_lower_arm", "left_hand", "left_index_proximal"),
    "torso": ("head", "neck"),
}
"""What a performance needs: both ends of bow and violin. (The hips are the origin.)"""
PIANO_TARGETS: Final[Targets] = {
    "right_hand": ("right_lower_arm", "right_hand", "right_index_proximal"),
    "left_hand": ("left_lower_arm", "left_hand", "left_index_proximal"),
    "torso": ("head", "neck", "hips"),
}
"""The same of a pianist, who holds nothing."""

REACH: Final = 1.5
"""Interquartile ranges beyond the quartiles at which coordinates are clipped (J. Tukey's fences, as in MOSA)."""


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Coordinates to about 0..1 and back.

    Of each coordinate the mean is taken off, outliers are clipped at Tukey's fences, and each part
    of the body is divided by the widest of its coordinates' ranges, so that a part keeps its shape.
    The numbers are those of the training clips, not of each song: a motion to come has no range yet.

    Attributes:
        mean, scale, low, high: (S,) of each coordinate, metres; ``low`` and ``high`` count from the mean.
    """

    mean: Floats = field(repr=False)
    scale: Floats = field(repr=False)
    low: Floats = field(repr=False)
    high: Floats = field(repr=False)

    @classmethod
    def fit(cls, points: npt.NDArray[np.floating[Any]], parts: Sequence[int]) -> Normaliser:
        """From (T, S) coordinates; ``parts`` says how many belong to each part of the body."""
        points = np.asarray(points, dtype=np.float64)
        mean = points.mean(axis=0)
        first, third = np.quantile(points - mean, [0.25, 0.75], axis=0)
        reach = REACH * (third - first)
        low = np.maximum((points - mean).min(axis=0), first - reach)
        high = np.minimum((points - mean).max(axis=0), third + reach)
        scale = np.empty_like(mean)
        for part in np.split(np.arange(len(mean)), np.cumsum(parts)[:-1]):
            scale[part] = max(float((high - low)[part].max()), 1e-3)
        return cls(mean, scale, low, high)

    def normalise(self, points: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        """(..., S) metres to the model's scale (0 is the mean), outliers clipped."""
        return np.asarray(np.clip(points - self.mean, self.low, self.high) / self.scale, dtype=np.float32)

    def metres(self, answer: npt.NDArray[np.floating[Any]]) -> Floats:
        """(..., S) the model's answer to metres."""
        return np.asarray(answer * self.scale + self.mean, dtype=np.float64)

    def to_json(self) -> dict[str, list[float]]:
        return {name: getattr(self, name).tolist() for name in ("mean", "scale", "low", "high")}

    @classmethod
    def from_json(cls, data: Mapping[str, list[float]]) -> Normaliser:
        return cls(*(np.array(data[name], dtype=np.float64) for name in ("mean", "scale", "low", "high")))
