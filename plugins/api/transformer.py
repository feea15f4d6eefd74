# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The parts of MOSA's networks (Y.-F. Huang et al., 2024), of which ``a2m`` and ``hearing`` are built.

This module imports torch: import it inside ``load()`` and in training only.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-5
"""Of the layer norms."""


class Embedding(nn.Module):
    """Convolution over time (as many frames out as in), ReLU, and learned positions.

    Args:
        length: frames whose positions are learned; 0 for none.
    """

    def __init__(self, inputs: int, width: int, kernel: int, length: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(inputs, width, kernel, padding="same")
        self.position = nn.Parameter(torch.empty(length, width).uniform_(-0.05, 0.05)) if length else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) from (B, T, inputs)."""
        x = functional.relu(self.convolution(x.transpose(1, 2)).transpose(1, 2))
        return x if self.position is None else x + self.position[: x.shape[1]]


class Block(nn.Module):
    """Attention, then two dense layers, each added to what came in.

    Args:
        rotary: queries and keys are turned by their places.
        norm_first: the norm stands before attention and dense layers, not behind the sums.
    """

    def __init__(
        self, width: int, heads: int, feed_forward: int, dropout: float, *, rotary: bool, norm_first: bool = False
    ) -> None:
        super().__init__()
        self.heads, self.rotary, self.norm_first = heads, rotary, norm_first
        self.attention_in = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.dense_in = nn.Linear(width, feed_forward)
        self.dense_out = nn.Linear(feed_forward, width)
        self.norm_attention = nn.LayerNorm(width, eps=EPSILON)
        self.norm_dense = nn.LayerNorm(width, eps=EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) from the same."""
        if self.norm_first:
            x = x + self.dropout(self._attend(self.norm_attention(x)))
            return x + self.dropout(self._dense(self.norm_dense(x)))
        x = self.norm_attention(x + self.dropout(self._attend(x)))
        return self.norm_dense(x + self.dropout(self._dense(x)))

    def _dense(self, x: Tensor) -> Tensor:
        return self.dense_out(functional.relu(self.dense_in(x)))

    def _attend(self, x: Tensor) -> Tensor:
        batch, frames, width = x.shape
        split = self.attention_in(x).view(batch, frames, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        if self.rotary:
            query, key = rotated(query), rotated(key)
        attended = functional.scaled_dot_product_attention(query, key, value)
        return self.attention_out(attended.transpose(1, 2).reshape(batch, frames, width))


def rotated(x: Tensor) -> Tensor:
    """Pairs of channels turned by angles in proportion to the frame: products then know distances only
    (J. Su et al., *RoFormer*, 2021).

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


def initialise(module: nn.Module) -> None:
    """Glorot's uniform weights and no bias."""
    if isinstance(module, nn.Linear | nn.Conv1d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
