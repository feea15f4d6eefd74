# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The network at work: sound, motion or both in, what it says of each frame out; one for all recognisers of this
plug-in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, ComponentError, JobContext, Motion
from plugins.api.batching import Windows
from plugins.api.checkpoint import CheckpointError, load_network
from plugins.api.log_mel import FPS, frame_count
from plugins.api.overlap import overlapped
from plugins.api.pitch_network import pitch_network
from plugins.hearing import features
from plugins.hearing.checkpoint import Weights, load_weights
from plugins.hearing.config import INPUTS

WEIGHTS: Final = Path(__file__).with_name("weights") / "hearing.safetensors"
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
        self._heard: dict[tuple[str, int], tuple[Motion | None, dict[str, Floats]]] = {}

    def load(self, device: str) -> None:
        if self._device == device:
            return
        try:
            from plugins.hearing.model import network_of

            weights = load_weights(self._path)
            network = network_of(weights.model)
            load_network(network, weights.tensors)
        except CheckpointError as error:
            raise ComponentError(str(error)) from error
        except ModuleNotFoundError as error:
            raise ComponentError(f"hearing needs {error.name}; run: pip install 'cadenza[learned]'") from error
        self._network = network.to(device).eval()
        self._weights, self._device = weights, device

    @property
    def modalities(self) -> tuple[str, ...]:
        """What the loaded network hears and sees."""
        assert self._weights is not None
        return tuple(self._weights.model.widths)

    def infer(self, windows: Windows) -> Windows:
        """(B, T, answers side by side) of (B, T, inputs side by side)."""
        import torch

        assert self._weights is not None
        widths = [INPUTS[name] for name in self._weights.model.widths]
        parts = torch.from_numpy(np.ascontiguousarray(windows)).to(self._device).split(widths, dim=-1)
        with torch.inference_mode():
            said = self._network(dict(zip(self._weights.model.widths, parts, strict=True)))
        return np.asarray(torch.cat(list(said.values()), dim=-1).float().cpu().numpy())

    def listen(
        self, audio: Audio | None, motion: Motion | None, network: Any, context: JobContext
    ) -> dict[str, Floats]:
        """Name of the answer -> (T, numbers) before any sigmoid, at 40 frames a second from the sound's beginning (or
        the motion's, where there is no sound).

        Args:
            network: the component that asks, for ``context.infer``.
        """
        if self._weights is None:
            raise ComponentError("call load() before recognize()")
        context.progress(0.0, "Listening" if audio is not None else "Watching")
        key = (audio.sha256 if audio is not None else "", id(motion) if motion is not None else 0)
        heard = self._heard.pop(key, None)
        if heard is None or heard[0] is not motion:
            heard = (
                motion,
                self.hear(inputs_of(audio, motion, context.share(0.0, 0.8)), network, context.share(0.8, 1.0)),
            )
        self._heard = {**dict(list(self._heard.items())[1 - KEPT :]), key: heard}
        return heard[1]

    def hear(
        self, inputs: Mapping[str, npt.NDArray[np.float32]], network: Any, context: JobContext
    ) -> dict[str, Floats]:
        """The same of modality -> (T, inputs); what is missing is taken for absent. Besides *pitched*, see
        ``features.pitched``: 1 where there is no sound."""
        assert self._weights is not None
        count = len(next(iter(inputs.values())))
        wanted = self._weights.model.widths
        there = [inputs[name] if name in inputs else features.without(count, INPUTS[name]) for name in wanted]
        said = self._said(np.concatenate(there, axis=1), network, context)
        sizes = self._weights.model.heads
        answers = dict(zip(sizes, np.split(said, np.cumsum(list(sizes.values()))[:-1], axis=1), strict=True))
        heard = inputs.get("notes")
        return {**answers, "pitched": np.ones((count, 1)) if heard is None else features.pitched(heard)}

    def _said(self, seen: npt.NDArray[np.float32], network: Any, context: JobContext) -> Floats:
        """Answers to all frames, in windows."""
        assert self._weights is not None

        def ask(windows: Windows) -> Windows:
            return context.infer(network, windows)

        return overlapped(ask, seen, self._weights.window, lambda part: context.progress(part, "Listening"))


def inputs_of(audio: Audio | None, motion: Motion | None, context: JobContext) -> dict[str, npt.NDArray[np.float32]]:
    """Our modalities of what there is, on the clock of the sound (of the motion without one)."""
    found = {}
    count = 0
    if audio is not None:
        count = frame_count(len(audio.samples), audio.sample_rate)
        keys = features.keys(pitch_network().listen(audio, context), count)
        found["notes"] = features.notes(keys, features.relative(features.levels(audio.samples, audio.sample_rate)))
    if motion is not None and len(motion):
        moved = features.movement(features.joints_of(motion))
        found["movement"] = moved if audio is None else _shifted(moved, motion.start - audio.start, count)
    return found


def _shifted(moved: npt.NDArray[np.float32], later: float, count: int) -> npt.NDArray[np.float32]:
    """Rows that begin ``later`` seconds after the sound, as rows of the sound."""
    out = features.without(count, moved.shape[1])
    first = round(later * FPS)
    a, b = max(first, 0), min(first + len(moved), count)
    if b > a:
        out[a:b] = moved[a - first : b - first]
    return out
