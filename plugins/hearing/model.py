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

from plugins.api.log_mel import BANDS
from plugins.api.transformer import EPSILON, Block, Embedding, initialise
from plugins.hearing.config import INPUTS, HearingConfig


class Network(nn.Module):
    """Features of sound, motion or both in, an answer a frame out."""

    def __init__(self, config: HearingConfig) -> None:
        super().__init__()
        self.config = config
        length = config.length if config.positions == "learned" else 0
        self.embeddings, self.alone = nn.ModuleDict(), nn.ModuleDict()
        for name, width in config.widths.items():
            spectrogram = config.front == "spectrogram"
            front = Spectrogram(width) if spectrogram else Embedding(INPUTS[name], width, config.kernel, length)
            self.embeddings[name] = front
            self.alone[name] = _blocks(width, config.modality_blocks, config)
        self.main = _blocks(config.width, config.main_blocks, config)
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
        x = self.norm(self.main(torch.cat(parts, dim=-1)))
        return {name: head(x) for name, head in self.heads.items()}


class Spectrogram(nn.Module):
    """Sound by convolutions over time and bands, and by what of it has just begun: three layers, each of
    which sees three frames and joins neighbouring bands to one."""

    LAYERS = ((2, 16, 4), (16, 32, 4), (32, 48, 2))
    """Channels in, channels out, bands that become one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(into, out, (3, bands), stride=(1, bands), padding=(1, 0)) for into, out, bands in self.LAYERS
        )
        self.dense = nn.Linear(48 * BANDS // 32, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, width) from (B, T, 128)."""
        rise = functional.pad((x[:, 1:] - x[:, :-1]).clamp(min=0.0), (0, 0, 1, 0))
        x = torch.stack([x, 4.0 * rise], dim=1)
        for layer in self.layers:
            x = functional.gelu(layer(x))
        return self.dense(x.permute(0, 2, 1, 3).flatten(2))


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
