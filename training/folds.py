# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which windows a run trains on and which it is judged by: by pieces and players, or by lot as in the paper.

The honest split keeps pieces and players apart (``training.datasets.splits``). The paper's is a random
five-fold over windows of all recordings: neighbours of a window that is held out, most of its frames among
them, are trained on. It is here so that figures can be put beside the paper's, not because it tells much.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from training.a2m_clips import SPLITS, Clips
from training.a2m_config import TrainConfig

FOLDS: Final = 5
VALIDATED: Final = 512
"""Windows of the fold that is held out, at most, that a validation looks at: there are thousands."""

Rows = npt.NDArray[np.int64]


def training_windows(clips: Clips, config: TrainConfig) -> Rows:
    """First rows of the windows to train on."""
    if config.fold is None:
        return clips.windows("train", config.window, config.hop)
    parts = random_folds(clips, config.window, config.hop, config.seed)
    return np.concatenate([part for i, part in enumerate(parts) if i != config.fold])


def validation_windows(clips: Clips, config: TrainConfig) -> Rows:
    """First rows of the windows of a validation: end to end, or some of the fold that is held out."""
    if config.fold is None:
        return clips.windows("valid", config.window, config.window)
    return random_folds(clips, config.window, config.hop, config.seed)[config.fold][:VALIDATED]


def random_folds(clips: Clips, length: int, hop: int, seed: int) -> list[Rows]:
    """All windows of all recordings, shuffled by the seed, in FOLDS parts."""
    every = np.concatenate([clips.windows(split, length, hop) for split in SPLITS])
    return np.array_split(np.random.default_rng([seed, FOLDS]).permutation(every), FOLDS)
