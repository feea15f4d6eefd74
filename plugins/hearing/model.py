# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The networks that hear. This module imports torch: only ``load()`` and the training import it.

Each modality is embedded (and goes through blocks of its own); side by side they go through blocks of all; then each
answer has blocks and a dense layer of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from plugins.api.transformer import EPSILON, Block, Embedding, initialise
from plugins.hearing.config import INPUTS, HearingConfig
from plugins.hearing.features import KEYS, LEVELS


def network_of(config: HearingConfig) -> nn.Module:
    """The network that a config describes, with fresh weights."""
    if config.kind == "convolution":
        from plugins.hearing.convolution import ConvolutionNetwork

        return ConvolutionNetwork(config)
    return Network(config)


class Network(nn.Module):
    """Features of sound, motion or both in, an answer a frame out."""

    def __init__(self, config: HearingConfig) -> None:
        super().__init__()
        self.config = config
        length = config.length if config.positions == "learned" else 0
        self.embeddings, self.alone = nn.ModuleDict(), nn.ModuleDict()
        for name, width in config.widths.items():
            keys = config.front == "keys" and name == "notes"
            self.embeddings[name] = Keys(width) if keys else Embedding(INPUTS[name], width, config.kernel, length)
            self.alone[name] = _blocks(width, config.modality_blocks, config)
        self.main = _blocks(config.width, config.main_blocks, config)
        wide = config.width * config.joined
        self.join = nn.Linear(wide, config.width) if config.joined > 1 else nn.Identity()
        self.part = nn.Linear(config.width, wide) if config.joined > 1 else nn.Identity()
        self.norm = nn.LayerNorm(config.width, eps=EPSILON) if config.final_norm else nn.Identity()
        self.heads = nn.ModuleDict({name: Head(outputs, config) for name, outputs in config.heads.items()})
        self.apply(initialise)

    def forward(self, heard: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Name -> (B, T, outputs) before any sigmoid or softmax, from modality -> (B, T, inputs).

        With learned positions T may be at most ``config.length``.
        """
        missing = set(self.config.widths) - set(heard)
        if missing:
            raise ValueError(f"this model needs {', '.join(sorted(missing))} too")
        parts = [self.alone[name](embed(heard[name])) for name, embed in self.embeddings.items()]
        x = self.norm(self._together(torch.cat(parts, dim=-1)))
        return {name: head(x) for name, head in self.heads.items()}

    def _together(self, x: Tensor) -> Tensor:
        """The blocks of all, over several frames at once where the config says so."""
        joined, frames = self.config.joined, x.shape[1]
        if joined == 1:
            return self.main(x)
        padded = functional.pad(x, (0, 0, 0, -frames % joined))
        slow = self.main(self.join(padded.unflatten(1, (-1, joined)).flatten(2)))
        return x + self.part(slow).unflatten(2, (joined, -1)).flatten(1, 2)[:, :frames]


class Keys(nn.Module):
    """Keys that begin and keys that sound, convolved over time and pitch, so that a figure is the same figure in every
    key; and the bands' levels, with what of them has just risen."""

    LAYERS = ((2, 16, 12, 3), (16, 32, 6, 3), (32, 32, 5, 2))
    """Channels in, channels out, keys that are seen at once, keys from one to the next."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        rows = KEYS
        for into, out, keys, stride in self.LAYERS:
            self.layers.append(nn.Conv2d(into, out, (3, keys), stride=(1, stride), padding=(1, 0)))
            rows = (rows - keys) // stride + 1
        self.pitched = nn.Linear(self.LAYERS[-1][1] * rows, width)
        self.loud = nn.Conv1d(2 * LEVELS + 1, width, 5, padding="same")
        self.dense = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) from (B, T, 193)."""
        pitched, level, there = x.split([2 * KEYS, LEVELS, 1], dim=-1)
        image = pitched.unflatten(-1, (2, KEYS)).transpose(1, 2)
        for layer in self.layers:
            image = functional.gelu(layer(image))
        pitches = self.pitched(image.permute(0, 2, 1, 3).flatten(2))
        rise = functional.pad((level[:, 1:] - level[:, :-1]).clamp(min=0.0), (0, 0, 1, 0))
        loud = self.loud(torch.cat([level, 4.0 * rise, there], dim=-1).transpose(1, 2)).transpose(1, 2)
        return self.dense(functional.gelu(torch.cat([pitches, loud], dim=-1)))


class Head(nn.Module):
    """Blocks of one answer, and the answer."""

    def __init__(self, outputs: int, config: HearingConfig) -> None:
        super().__init__()
        self.blocks = _blocks(config.width, config.head_blocks, config)
        self.dense = nn.Linear(config.width, config.dense) if config.dense else None
        self.answer = nn.Linear(config.dense or config.width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(x)
        return self.answer(x if self.dense is None else functional.relu(self.dense(x)))


def _blocks(width: int, count: int, config: HearingConfig) -> nn.Sequential:
    rotary = config.positions == "rotary"
    return nn.Sequential(
        *(
            Block(width, config.attention_heads, config.feed_forward, config.dropout, rotary=rotary, norm_first=True)
            for _ in range(count)
        )
    )
