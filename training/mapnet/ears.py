# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The network that hears the bow, for training: A2M's bundled weights for the violin, which stay as they are."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

import plugins.a2m
from plugins.api.batching import Windows
from plugins.api.checkpoint import read_checkpoint
from plugins.mapnet.config import EarsConfig

BUNDLED_EARS: Final = Path(plugins.a2m.__file__).parent / "weights" / "violin.safetensors"


class Ears:
    """Loaded on the CPU, one thread: many processes listen at a time."""

    def __init__(self, path: Path) -> None:
        import torch

        from plugins.mapnet.model import Ears as Network

        data = path.read_bytes()
        self.sha256 = hashlib.sha256(data).hexdigest()
        network = Network(EarsConfig())
        found = read_checkpoint(data).tensors
        self.tensors: dict[str, npt.NDArray[Any]] = {name: found[name] for name in network.state_dict()}
        network.load_state_dict({name: torch.from_numpy(value) for name, value in self.tensors.items()})
        self._network = network.eval()

    def infer(self, windows: Windows) -> Windows:
        """(B, T, answers and inner values) of (B, T, 128)."""
        import torch

        with torch.inference_mode():
            return np.asarray(self._network(torch.from_numpy(windows)).numpy())
