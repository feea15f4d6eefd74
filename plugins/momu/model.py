# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The transformer that takes noise off latents. Imports torch: only ``load()`` and the training do.

What it is told (music for motion, motion for music) is looked at once, by ``look``, and not again in every step of the
noise. It answers with its estimate of the clean latents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from plugins.api.transformer import rotated
from plugins.momu.autoencoder import FrameNorm, downwards
from plugins.momu.config import STEPS, DenoiserConfig

TIMES = 128
"""Sines and cosines of the step of the noise."""


@dataclass(frozen=True, eq=False)
class Wish:
    """What the animator asks for besides.

    Attributes:
        style: (B,) class, the number of classes for none.
        intensity: (B,) in deviations from the mean, NaN for none.
    """

    style: Tensor
    intensity: Tensor


class Layer(nn.Module):
    """Attention and a convolutional feed-forward net, whose norms the step of the noise scales and shifts
    (W. Peebles & S. Xie, *DiT*, 2023; one map for all layers, as in J. Chen et al., *PixArt-alpha*, 2024)."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width, inner = config.width, config.expansion * config.width
        self.heads, self.attends = config.heads, config.attention
        self.own = nn.Parameter(torch.zeros(6, width))
        if config.attention:
            self.attention_in = nn.Linear(width, 3 * width)
        else:
            self.mixing = nn.Conv1d(width, width, 9, padding="same", groups=width)
        self.attention_out = nn.Linear(width, width)
        self.dense_in = nn.Linear(width, inner)
        self.near = nn.Conv1d(inner, inner, config.kernel, padding="same", groups=inner)
        self.dense_out = nn.Linear(inner, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, step: Tensor) -> Tensor:
        """(B, N, width) from the same; step (B, 6, width)."""
        shift, scale, gate, shift2, scale2, gate2 = (step + self.own).unsqueeze(2).unbind(dim=1)
        x = x + gate * self.dropout(self._attend(self.norms[0](x) * (1 + scale) + shift))
        return x + gate2 * self.dropout(self._dense(self.norms[1](x) * (1 + scale2) + shift2))

    def _attend(self, x: Tensor) -> Tensor:
        if not self.attends:
            return self.attention_out(functional.silu(self.mixing(x.transpose(1, 2)).transpose(1, 2)))
        batch, count, width = x.shape
        split = self.attention_in(x).view(batch, count, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(rotated(query), rotated(key), value)
        return self.attention_out(attended.transpose(1, 2).reshape(batch, count, width))

    def _dense(self, x: Tensor) -> Tensor:
        inner = functional.silu(self.dense_in(x))
        inner = inner + self.near(inner.transpose(1, 2)).transpose(1, 2)
        return self.dense_out(inner)


class Around(nn.Module):
    """A convolution whose taps stand apart, and a dense layer, beside the way through (S. Bai et al., *Convolutional
    and Recurrent Networks for Sequence Modeling*, 2018): what is far away is heard, and music may be of any length."""

    def __init__(self, width: int, kernel: int, apart: int, dropout: float) -> None:
        super().__init__()
        self.norm = FrameNorm(width)
        self.far = nn.Conv1d(width, width, kernel, padding="same", dilation=apart)
        self.dense = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, N) from the same."""
        return x + self.dropout(self.dense(functional.silu(self.far(self.norm(x)))))


class Denoiser(nn.Module):
    """Latents with noise in, clean latents out."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.senses = downwards(config.seen, config.sense_width, width)
        self.told = nn.Linear(config.seen_latent, width)
        self.around = nn.Sequential(
            *(Around(width, config.kernel, 2**i, config.dropout) for i in range(config.context))
        )
        self.guess = nn.Linear(width, config.latent)
        self.nothing = nn.Parameter(torch.zeros(width))
        self.enter = nn.Linear(2 * config.latent, width)
        self.style = nn.Embedding(config.styles + 1, width)
        self.intensity = nn.Linear(2, width)
        self.step = nn.Sequential(nn.Linear(2 * TIMES, width), nn.SiLU(), nn.Linear(width, width))
        self.steer = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.blocks))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config.latent))
        nn.init.zeros_(self.steer[1].weight)
        nn.init.zeros_(self.steer[1].bias)
        with torch.no_grad():  # gates begin half open: a small network learns sooner than from none
            for layer in self.layers:
                layer.own[2::3] = 0.5

    def look(self, seen: Tensor, latent: Tensor) -> Tensor:
        """(B, N, width + latent) of what is seen (B, 4 N, seen) and its latents (B, N, seen_latent); the last numbers
        are the mean of what fits to it: what a network that gives one answer would say."""
        looked = self.senses(seen.transpose(1, 2)) + self.told(latent).transpose(1, 2)
        looked = self.around(looked).transpose(1, 2)
        return torch.cat([looked, self.guess(looked)], dim=-1)

    def blind(self, batch: int, count: int) -> Tensor:
        """In the place of ``look``, when nothing is told."""
        nothing = torch.cat([self.nothing, self.nothing.new_zeros(self.config.latent)])
        return nothing.expand(batch, count, -1)

    def guessed(self, looked: Tensor) -> Tensor:
        """(B, N, latent) the mean, of ``look``."""
        return looked[..., self.config.width :]

    def forward(self, x: Tensor, step: Tensor, looked: Tensor, wish: Wish) -> Tensor:
        """(B, N, latent) clean latents.

        Args:
            x: (B, N, latent) with noise; step: (B,) of STEPS; looked: of ``look`` or ``blind``.
        """
        h = self.enter(torch.cat([x, self.guessed(looked)], dim=-1)) + looked[..., : self.config.width]
        asked = torch.isfinite(wish.intensity)
        amount = torch.stack([torch.where(asked, wish.intensity, 0.0), asked.to(x.dtype)], dim=-1)
        now = self.step(_waves(step, x.dtype)) + self.style(wish.style) + self.intensity(amount)
        steering = self.steer(now).view(len(x), 6, -1)
        for layer in self.layers:
            h = layer(h, steering)
        return self.leave(h)


def _waves(step: Tensor, kind: torch.dtype) -> Tensor:
    """(B, 2 TIMES) sines and cosines (A. Vaswani et al., 2017)."""
    speed = torch.exp(-math.log(10000.0) * torch.arange(TIMES, device=step.device) / TIMES)
    angle = step[:, None].float() * speed * (1000.0 / STEPS)
    return torch.cat([angle.cos(), angle.sin()], dim=-1).to(kind)
