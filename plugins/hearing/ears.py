# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The network at work: sound in, what it says of each frame out; one for all recognisers of this plug-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, ComponentError, JobContext
from plugins.api.batching import Windows
from plugins.api.checkpoint import CheckpointError
from plugins.api.log_mel import log_mel
from plugins.hearing.checkpoint import Weights, load_weights

WEIGHTS: Final = Path(__file__).with_name("weights") / "hearing.safetensors"
SHARED: Final = 0.5
"""Part of a window that it shares with the next."""
KEPT: Final = 3
"""Sounds that are remembered: a recording and its beginnings."""

Floats = npt.NDArray[np.float64]


class Ears:
    """The network, loaded once; remembers the last sounds that it heard."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._path = weights
        self._network: Any = None
        self._weights: Weights | None = None
        self._device = ""
        self._heard: dict[str, dict[str, Floats]] = {}

    def load(self, device: str) -> None:
        if self._device == device:
            return
        try:
            import torch

            from plugins.hearing.model import Network

            weights = load_weights(self._path)
        except CheckpointError as error:
            raise ComponentError(str(error)) from error
        except ModuleNotFoundError as error:
            raise ComponentError(f"hearing needs {error.name}; run: pip install 'cadenza[learned]'") from error
        self._network = Network(weights.model)
        self._network.load_state_dict({name: torch.from_numpy(v) for name, v in weights.tensors.items()})
        self._network.to(device).eval()
        self._weights, self._device = weights, device

    def infer(self, windows: Windows) -> Windows:
        """(B, T, answers side by side) of (B, T, 128)."""
        import torch

        with torch.inference_mode():
            said = self._network({"audio": torch.from_numpy(np.ascontiguousarray(windows)).to(self._device)})
        return np.asarray(torch.cat(list(said.values()), dim=-1).float().cpu().numpy())

    def listen(self, audio: Audio, network: Any, context: JobContext) -> dict[str, Floats]:
        """Name of the answer -> (T, numbers) before any sigmoid, at ``log_mel``'s frames of the sound.

        Args:
            network: the component that asks, for ``context.infer``.
        """
        if self._weights is None:
            raise ComponentError("call load() before recognize()")
        context.progress(0.0, "Listening")
        heard = self._heard.pop(audio.sha256, None)
        if heard is None:
            heard = self.hear(log_mel(audio.samples, audio.sample_rate), network, context)
        self._heard = {**dict(list(self._heard.items())[1 - KEPT :]), audio.sha256: heard}
        return heard

    def hear(self, mel: npt.NDArray[np.float32], network: Any, context: JobContext) -> dict[str, Floats]:
        """The same of (T, 128) of ``log_mel``."""
        assert self._weights is not None
        said = self._said(mel, network, context)
        sizes = self._weights.model.heads
        return dict(zip(sizes, np.split(said, np.cumsum(list(sizes.values()))[:-1], axis=1), strict=True))

    def _said(self, mel: npt.NDArray[np.float32], network: Any, context: JobContext) -> Floats:
        """Windows that share half of their frames, each counting most in its middle."""
        assert self._weights is not None
        length = self._weights.window
        starts = window_starts(len(mel), length)
        padded = np.pad(mel, ((0, max(0, length - len(mel))), (0, 0)))
        weight = np.hanning(length + 2)[1:-1, None] + 1e-3
        total: Any = 0.0
        counted = np.zeros((len(padded), 1))
        step = 16
        for first in range(0, len(starts), step):
            context.progress(first / len(starts), "Listening")
            asked = starts[first : first + step]
            answers = context.infer(network, np.stack([padded[s : s + length] for s in asked]).astype(np.float32))
            if first == 0:
                total = np.zeros((len(padded), answers.shape[-1]))
            for start, answer in zip(asked, answers, strict=True):
                total[start : start + length] += answer * weight
                counted[start : start + length] += weight
        return np.asarray(total / counted)[: len(mel)]


def window_starts(count: int, length: int) -> list[int]:
    """First frames of the windows; the last one ends with the music."""
    if count <= length:
        return [0]
    hop = max(1, round(length * (1.0 - SHARED)))
    return [*range(0, count - length, hop), count - length]
