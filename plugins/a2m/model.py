# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The network of A2M. This module imports torch: only ``load()`` and the training import it.

Two embeddings (a convolution over time, positions), joined side by side; encoder blocks that all
of the body shares; then branches of blocks, one a part of the body, with a dense answer each.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from plugins.a2m.config import ModelConfig

EPSILON = 1e-5
"""Of the layer norms."""


class Network(nn.Module):
    """Features of sound (and score) in, normalised coordinates out."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.audio = Embedding(config.audio_bands, config.audio_width, config)
        self.score = Embedding(config.score_features, config.score_width, config) if config.score_features else None
        self.main = nn.ModuleList(Block(config) for _ in range(config.main_blocks))
        self.branches = nn.ModuleList(Branch(outputs, config) for outputs in config.branches)
        self.apply(_initialise)

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


class Embedding(nn.Module):
    """Convolution over time (as many frames out as in), ReLU, and learned positions."""

    def __init__(self, inputs: int, width: int, config: ModelConfig) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(inputs, width, config.kernel, padding="same")
        learned = config.positions == "learned"
        self.position = nn.Parameter(torch.empty(config.length, width).uniform_(-0.05, 0.05)) if learned else None

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.convolution(x.transpose(1, 2)).transpose(1, 2))
        return x if self.position is None else x + self.position[: x.shape[1]]


class Branch(nn.Module):
    """Blocks of one part of the body, and its answer."""

    def __init__(self, outputs: int, config: ModelConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.branch_blocks))
        self.dense = nn.Linear(config.width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.dense(x)


class Block(nn.Module):
    """Attention, then two dense layers; each added to what came in, and the sum normalised."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        self.heads, self.rotary = config.heads, config.positions == "rotary"
        self.attention_in = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.dense_in = nn.Linear(width, config.feed_forward)
        self.dense_out = nn.Linear(config.feed_forward, width)
        self.norm_attention = nn.LayerNorm(width, eps=EPSILON)
        self.norm_dense = nn.LayerNorm(width, eps=EPSILON)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm_attention(x + self.dropout(self._attend(x)))
        return self.norm_dense(x + self.dropout(self.dense_out(functional.relu(self.dense_in(x)))))

    def _attend(self, x: Tensor) -> Tensor:
        batch, frames, width = x.shape
        split = self.attention_in(x).view(batch, frames, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        if self.rotary:
            query, key = rotated(query), rotated(key)
        attended = functional.scaled_dot_product_attention(query, key, value)
        return self.attention_out(attended.transpose(1, 2).reshape(batch, frames, width))


def rotated(x: Tensor) -> Tensor:
    """Pairs of channels turned by angles in proportion to the frame: products then know distances only.

    Args:
        x: (..., T, D), D even.
    """
    half = x.shape[-1] // 2
    # From 10 turns of a radian a second down to one in a thousand frames.
    speed = torch.exp(torch.linspace(0.0, -1.0, half, device=x.device) * torch.log(torch.tensor(1000.0)))
    angle = torch.arange(x.shape[-2], device=x.device)[:, None] * speed
    cosine, sine = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


def parameter_count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def _initialise(module: nn.Module) -> None:
    """Glorot's uniform weights and no bias."""
    if isinstance(module, nn.Linear | nn.Conv1d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
