# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Weights that were trained on dances, as a contestant: each fold's dance to music that they never heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from plugins.momu.checkpoint import load_weights
from plugins.momu.config import Ask
from plugins.momu.engine import Engine
from training.momu.dance_clips import DanceClip


@dataclass(eq=False)
class MomuDancer:
    """Dances by the weights of each fold, all of a clip in one go.

    Args:
        weights: fold -> file.
    """

    weights: Mapping[int, str]
    ask: Ask = field(default_factory=Ask)
    _engines: dict[int, Engine] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, clip: DanceClip, fold: int, seed: int) -> npt.NDArray[np.floating[Any]]:
        """(T, J, 3) metres, from where the real dance begins."""
        if fold not in self._engines:
            self._engines[fold] = Engine(load_weights(self.weights[fold]))
        made = self._engines[fold].dance(clip.heard, seed, self.ask)
        begin = clip.places[0, 0] * [1.0, 1.0, 0.0]
        return np.asarray(made.places + begin, dtype=np.float32)
