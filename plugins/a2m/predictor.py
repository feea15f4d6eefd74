# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Weights at work: features in, points in metres out. Imports torch when it is built, not before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.checkpoint import Weights
from plugins.a2m.windows import in_windows
from plugins.api.batching import Infer, in_batches
from plugins.api.checkpoint import load_network
from plugins.api.log_mel import BANDS, FPS
from plugins.api.prediction import Prediction
from plugins.api.strokes import said_path

Floats = npt.NDArray[np.floating[Any]]


class Predictor:
    """A network that is ready; one batch of windows of music is in its memory at a time."""

    batch: Final = 16
    """Windows that are asked at once."""

    def __init__(self, weights: Weights, window: int, device: str = "cpu") -> None:

        from plugins.a2m.model import Network

        self.weights, self.window, self.device = weights, window, device
        self._network = Network(weights.model)
        load_network(self._network, weights.tensors)
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
