# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The network of A2M. This module imports torch: only ``load()`` and the training import it.

Two embeddings (a convolution over time, positions), joined side by side; encoder blocks that all
of the body shares; then branches of blocks, one a part of the body, with a dense answer each.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from plugins.a2m.config import ModelConfig
from plugins.api.transformer import Block, Embedding, initialise


class Network(nn.Module):
    """Features of sound (and score) in, normalised coordinates out."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        length = config.length if config.positions == "learned" else 0
        self.audio = Embedding(config.audio_bands, config.audio_width, config.kernel, length)
        self.score = None
        if config.score_features:
            self.score = Embedding(config.score_features, config.score_width, config.kernel, length)
        self.main = nn.ModuleList(_block(config) for _ in range(config.main_blocks))
        self.branches = nn.ModuleList(Branch(outputs, config) for outputs in config.branches)
        self.apply(initialise)

    def forward(self, audio: Tensor, score: Tensor | None = None) -> Tensor:
        """(B, T, sum of branches) from audio (B, T, 128) and score (B, T, 10).

        With learned positions T may be at most ``config.length``.
        """
        embedded = [self.audio(audio)]
        if self.score is not None:
            if score is None:
                raise ValueError("this model reads score features too; it was given none")
            embedded.append(self.score(score))
        x = torch.cat(embedded, dim=-1)
        for block in self.main:
            x = block(x)
        return torch.cat([branch(x) for branch in self.branches], dim=-1)


def _block(config: ModelConfig) -> Block:
    rotary = config.positions == "rotary"
    return Block(config.width, config.heads, config.feed_forward, config.dropout, rotary=rotary)


class Branch(nn.Module):
    """Blocks of one part of the body, and its answer."""

    def __init__(self, outputs: int, config: ModelConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_block(config) for _ in range(config.branch_blocks))
        self.dense = nn.Linear(config.width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.dense(x)
