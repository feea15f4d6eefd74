# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The music auto-encoder: 96 bands of 25 frames to 256 numbers and back. This module imports torch.

Six convolutions and six deconvolutions with kernels of 4 (W. Gong et al., 2024, figure 2; after COALA, X. Favory et
al., 2020). The strides bring 96 x 25 to 2 x 1: with 128 channels that are the 256 numbers.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from plugins.mclemcd.config import HALVES, SIZE, StyleConfig

DOWN = ((2, 1), (2, 2), (2, 2), (2, 2), (2, 1), (1, 1))
"""Strides over bands and frames: 96x25, 48x24, 24x12, 12x6, 6x3, 3x2, 2x1."""
LAST = SIZE // HALVES


class MusicEncoder(nn.Module):
    """(B, 1, 96, 25) -> (B, 256), signed: the last convolution is normalised, and has no ReLU."""

    def __init__(self, config: StyleConfig) -> None:
        super().__init__()
        widths = (1, *[config.music_channels] * (len(DOWN) - 1), LAST)
        layers: list[nn.Module] = []
        for (inputs, outputs), stride in zip(pairwise(widths), DOWN, strict=True):
            layers += [nn.Conv2d(inputs, outputs, 4, stride, 1), nn.BatchNorm2d(outputs), *_between(config)]
        self.layers = nn.Sequential(*layers[: -len(_between(config))], nn.Flatten())

    def forward(self, heard: Tensor) -> Tensor:
        return self.layers(heard)


class MusicDecoder(nn.Module):
    """(B, 256) -> (B, 1, 96, 25)."""

    def __init__(self, config: StyleConfig) -> None:
        super().__init__()
        widths = (LAST, *[config.music_channels] * (len(DOWN) - 1), 1)
        layers: list[nn.Module] = [nn.Unflatten(1, (LAST, HALVES, 1))]
        for (inputs, outputs), stride in zip(pairwise(widths), reversed(DOWN), strict=True):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, stride, 1), nn.BatchNorm2d(outputs), *_between(config)]
        self.layers = nn.Sequential(*layers[: -len(_between(config))])

    def forward(self, embedding: Tensor) -> Tensor:
        return self.layers(embedding)


class Bridge(nn.Module):
    """From the motion's embedding (B, 256) to the music's: dense layers that widen and narrow again (``fc``)."""

    def __init__(self, config: StyleConfig) -> None:
        super().__init__()
        widths = (SIZE, *config.dense, *reversed(config.dense[:-1]), SIZE)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-2])  # the music's embedding is signed, too

    def forward(self, embedding: Tensor) -> Tensor:
        return self.layers(embedding)


def _between(config: StyleConfig) -> list[nn.Module]:
    return [nn.ReLU(), *([nn.Dropout(config.dropout)] if config.music == "dropout" else [])]
