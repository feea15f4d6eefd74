# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The trained networks at work: motion and sound in; embeddings in one room of 256 numbers, chances of classes out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, ComponentError, Motion
from plugins.api.checkpoint import CheckpointError, load_network
from plugins.mclemcd import features
from plugins.mclemcd.checkpoint import VARIABLE, load_weights, normalised
from plugins.mclemcd.features import FeatureError

AT_ONCE: Final = 64
"""Segments that go through a network together."""

Floats = npt.NDArray[np.float64]


class Embedder:
    """A trained pair of encoders.

    Raises:
        ComponentError: the file is missing, damaged or of another kind; with what to do.
    """

    def __init__(self, path: Path | str, device: str = "cpu") -> None:
        if not Path(path).is_file():
            raise ComponentError(
                f"there are no weights for the style of dances at {path} (Cadenza ships none); run: cadenza-train "
                f"mclemcd --config training/configs/mclemcd.yaml, and copy the result there or name it in {VARIABLE}"
            )
        try:
            from plugins.mclemcd.model import StyleNetwork

            weights = load_weights(path)
            network = StyleNetwork(weights.model, len(weights.skeleton), weights.edges, len(weights.classes))
            load_network(network, weights.tensors)
        except CheckpointError as error:
            raise ComponentError(str(error)) from error
        except ModuleNotFoundError as error:
            raise ComponentError(
                f"the style of dances needs {error.name}; run: pip install 'cadenza[learned]'"
            ) from error
        self._weights, self._device = weights, device
        self._network = network.to(device).eval()

    @property
    def classes(self) -> tuple[str, ...]:
        """What it tells apart, in the order of the chances."""
        return self._weights.classes

    def motion(self, motion: Motion) -> Floats:
        """(256,) of a motion, in the music's room: the mean over its seconds."""
        return self.motion_segments(motion)[0].mean(axis=0)

    def music(self, audio: Audio) -> Floats:
        """(256,) of a sound: the mean over its seconds."""
        return self.music_segments(audio)[0].mean(axis=0)

    def classify_motion(self, motion: Motion) -> Floats:
        """(K,) chances of the classes, the mean over the motion's seconds."""
        return self.motion_segments(motion)[1].mean(axis=0)

    def classify_music(self, audio: Audio) -> Floats:
        """(K,) chances of the classes, the mean over the sound's seconds."""
        return self.music_segments(audio)[1].mean(axis=0)

    def motion_segments(self, motion: Motion) -> tuple[Floats, Floats]:
        """(N, 256) embeddings and (N, K) chances of the seconds of a motion.

        Raises:
            ComponentError: the skeleton lacks joints that the weights need.
        """
        weights = self._weights
        if not len(motion):
            raise ComponentError("the motion has no frames")
        try:
            segments = features.motion_segments(motion, weights.skeleton.joints, weights.model.smooth)
        except FeatureError as error:
            raise ComponentError(str(error)) from error
        seen = features.streams(segments, weights.edges, weights.model.streams, parity=weights.model.parity)
        return self.of_streams(normalised(seen, weights.mean, weights.scale))

    def of_streams(self, seen: dict[str, npt.NDArray[np.float32]]) -> tuple[Floats, Floats]:
        """The same of stream -> (N, C, 25, J), normalised."""
        import torch

        found = []
        with torch.inference_mode():
            for first in range(0, len(next(iter(seen.values()))), AT_ONCE):
                part = {n: torch.from_numpy(v[first : first + AT_ONCE]).to(self._device) for n, v in seen.items()}
                moved = self._network.move(part)
                found.append((moved.mean, moved.total))
        return _answers(found)

    def music_segments(self, audio: Audio) -> tuple[Floats, Floats]:
        """(N, 256) embeddings and (N, K) chances of the seconds of a sound."""
        import torch

        heard = torch.from_numpy(features.music_segments(audio))
        with torch.inference_mode():
            return _answers([self._network.hear(part.to(self._device)) for part in heard.split(AT_ONCE)])


def _answers(found: Sequence[tuple[Any, Any]]) -> tuple[Floats, Floats]:
    import torch

    embedding = torch.cat([a for a, _ in found]).double().cpu().numpy()
    chances = torch.cat([torch.softmax(b.double(), dim=-1) for _, b in found]).cpu().numpy()
    return np.asarray(embedding), np.asarray(chances)
