# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Weights at work: features in, points in metres out. Imports torch when it is built, not before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.checkpoint import Weights
from plugins.a2m.grip import HELD, gripped
from plugins.a2m.windows import in_windows
from plugins.api import violin
from plugins.api.batching import Infer, in_batches
from plugins.api.log_mel import BANDS, FPS
from plugins.api.strokes import hair_positions, said_path

Floats = npt.NDArray[np.floating[Any]]

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


class Predictor:
    """A network that is ready; one batch of windows of music is in its memory at a time."""

    batch: Final = 16
    """Windows that are asked at once."""

    def __init__(self, weights: Weights, window: int, device: str = "cpu") -> None:
        import torch

        from plugins.a2m.model import Network

        self.weights, self.window, self.device = weights, window, device
        self._network = Network(weights.model)
        self._network.load_state_dict({name: torch.from_numpy(v) for name, v in weights.tensors.items()})
        self._network.to(device).eval()

    def predict(self, audio: Floats, score: Floats | None = None) -> Prediction:
        """Args:
        audio: (T, 128) of ``features.log_mel``.
        score: (T, 10), for a model that reads a score.
        """
        heard = audio if score is None else np.concatenate([audio, score], axis=-1)
        return self.prediction(np.concatenate(list(self.pieces(heard))))

    def pieces(self, heard: Floats, ask: Infer | None = None) -> Iterator[npt.NDArray[np.float32]]:
        """What the network says of (T, F) features, (T', S) frames on the model's scale as they become final.

        Args:
            ask: answers windows; None for :meth:`infer`, one by one.
        """
        ask = ask or (lambda windows: in_batches(self.infer, windows, 1))

        def answer(spans: list[tuple[int, int]]) -> npt.NDArray[np.float32]:
            return ask(np.stack([heard[first:end] for first, end in spans]).astype(np.float32))

        return in_windows(answer, len(heard), self.window, self.batch)

    def prediction(self, said: npt.NDArray[np.float32]) -> Prediction:
        """In metres, what the network said of a beginning of the music, or of all."""
        size = 3 * len(self.weights.joints)
        metres = self.weights.normaliser.metres(said[:, :size]).reshape(len(said), -1, 3)
        points = {joint: metres[:, i] for i, joint in enumerate(self.weights.joints)}
        hair = said_path(said[:, size:].astype(np.float64), FPS) if self.weights.strokes else None
        return Prediction(points, hair)

    def infer(self, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(B, T, S) of (B, T, 128) features, or of (B, T, 138) with those of the score behind them."""
        import torch

        both = torch.from_numpy(np.ascontiguousarray(windows)).to(self.device)
        score = both[..., BANDS:] if self.weights.model.score_features else None
        with torch.inference_mode():
            said = self._network(both[..., :BANDS], score)
        return np.asarray(said.float().cpu().numpy())
