# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""MOSA's convolutional networks (Y.-F. Huang et al., 2024, section IV). This module imports torch.

A sub-network of six blocks for each modality, then six blocks and three dense layers for each answer; a block is a
convolution (21 frames, 5 features), batch norm, ReLU and max-pooling. The paper gives neither channels nor the
pooling's shape: ours has 8 channels and pools pairs of features as long as there are any, so that every frame keeps
its answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from plugins.hearing.config import INPUTS, HearingConfig

BLOCKS = 6
FEATURES = 5
"""Features that a kernel sees at once."""
CHANNELS = 8
DENSE = (64, 32)
"""Widths of the dense layers before each answer."""


class ConvolutionNetwork(nn.Module):
    """As ``model.Network``: modality -> (B, T, inputs) in, name -> (B, T, outputs) out."""

    def __init__(self, config: HearingConfig) -> None:
        super().__init__()
        self.config = config
        self.alone = nn.ModuleDict({name: _blocks(1, INPUTS[name], config) for name in config.widths})
        width = CHANNELS * sum(_pooled(INPUTS[name]) for name in config.widths)
        self.heads = nn.ModuleDict({name: _Head(width, outputs, config) for name, outputs in config.heads.items()})

    def forward(self, heard: Mapping[str, Tensor]) -> dict[str, Tensor]:
        missing = set(self.config.widths) - set(heard)
        if missing:
            raise ValueError(f"this model needs {', '.join(sorted(missing))} too")
        # (B, C, T, F) -> (B, T, C F)
        parts = [net(heard[name][:, None]).transpose(1, 2).flatten(2) for name, net in self.alone.items()]
        x = torch.cat(parts, dim=-1)
        return {name: head(x) for name, head in self.heads.items()}


class _Head(nn.Module):
    def __init__(self, width: int, outputs: int, config: HearingConfig) -> None:
        super().__init__()
        self.blocks = _blocks(1, width, config)
        widths = (CHANNELS * _pooled(width), *DENSE)
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.answer = nn.Linear(DENSE[-1], outputs)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(x[:, None]).transpose(1, 2).flatten(2)
        for layer in self.dense:
            x = self.dropout(functional.relu(layer(x)))
        return self.answer(x)


def _blocks(channels: int, features: int, config: HearingConfig) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(BLOCKS):
        into = channels if i == 0 else CHANNELS
        layers += [
            nn.Conv2d(into, CHANNELS, (config.kernel, FEATURES), padding="same"),
            nn.BatchNorm2d(CHANNELS),
            nn.ReLU(),
        ]
        if features > 1:
            layers.append(nn.MaxPool2d((1, 2)))
            features //= 2
    return nn.Sequential(*layers)


def _pooled(features: int) -> int:
    """Features that are left after the blocks."""
    for _ in range(BLOCKS):
        features = max(features // 2, 1)
    return features
