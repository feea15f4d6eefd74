# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The autoencoders of music and motion: four frames a latent. Imports torch: only ``load()`` and the training do.

Convolutions over time whose norms look at one frame at a time, so that a latent depends on its neighbourhood alone and
not on how long the music is.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from plugins.momu.config import MotionConfig, MusicConfig, VaeConfig


class FrameNorm(nn.Module):
    """A layer norm of each frame's channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, T)."""
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


class Residual(nn.Module):
    """Two convolutions beside the way through."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            FrameNorm(width),
            nn.SiLU(),
            nn.Conv1d(width, width, 3, padding=1),
            FrameNorm(width),
            nn.SiLU(),
            nn.Conv1d(width, width, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Up(nn.Module):
    """Twice as many frames."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(functional.interpolate(x, scale_factor=2.0, mode="nearest"))


def downwards(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """(B, inputs, 4 N) to (B, outputs, N)."""
    return nn.Sequential(
        nn.Conv1d(inputs, width, 3, padding=1),
        Residual(width),
        nn.Conv1d(width, width, 4, stride=2, padding=1),
        Residual(width),
        nn.Conv1d(width, width, 4, stride=2, padding=1),
        Residual(width),
        FrameNorm(width),
        nn.SiLU(),
        nn.Conv1d(width, outputs, 1),
    )


class Vae(nn.Module):
    """(B, T, inputs) to latents (B, T / 4, latent) and back, T a multiple of four."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.encoder = downwards(config.inputs, config.width, 2 * config.latent)
        self.decoder = nn.Sequential(
            nn.Conv1d(config.latent, config.width, 3, padding=1),
            Residual(config.width),
            Up(config.width),
            Residual(config.width),
            Up(config.width),
            Residual(config.width),
            FrameNorm(config.width),
            nn.SiLU(),
            nn.Conv1d(config.width, config.inputs, 3, padding=1),
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the latents."""
        mean, spread = self.encoder(x.transpose(1, 2)).transpose(1, 2).chunk(2, dim=-1)
        return mean, spread.clamp(-12.0, 4.0)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z.transpose(1, 2)).transpose(1, 2)


class Latents(nn.Module):
    """What latents are like over the training clips: the diffusion sees them with mean 0 and deviation 1."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(latent))
        self.register_buffer("deviation", torch.ones(latent))

    def fit(self, z: Tensor) -> None:
        """From (N, latent)."""
        self.mean.copy_(z.mean(dim=0))
        self.deviation.copy_(z.std(dim=0).clamp(min=1e-3))


LEVEL = 0.4
SPREAD = 0.22
"""About the mean and the deviation of a ``log_mel``."""


class MusicVae(nn.Module):
    """The music's autoencoder."""

    def __init__(self, config: MusicConfig) -> None:
        super().__init__()
        self.config = config
        self.vae = Vae(config)
        self.latents = Latents(config.latent)

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Raw latents' mean and log variance of (B, T, bands)."""
        return self.vae.encode((x - LEVEL) / SPREAD)

    def encode(self, x: Tensor) -> Tensor:
        """(B, T / 4, latent) for the diffusion."""
        return (self.moments(x)[0] - self.latents.mean) / self.latents.deviation

    def decode_raw(self, z: Tensor) -> Tensor:
        return self.vae.decode(z) * SPREAD + LEVEL

    def decode(self, z: Tensor) -> Tensor:
        """(B, T, bands) of the diffusion's latents."""
        return self.decode_raw(z * self.latents.deviation + self.latents.mean)


class MotionVae(nn.Module):
    """The motion's: one for postures, a smaller one for events, their latents side by side."""

    def __init__(self, config: MotionConfig) -> None:
        super().__init__()
        self.config = config
        self.pose = Vae(VaeConfig(inputs=config.pose, latent=config.pose_latent, width=config.pose_width))
        self.events = Vae(VaeConfig(inputs=config.events, latent=config.event_latent, width=config.event_width))
        self.latents = Latents(config.latent)

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Raw latents' mean and log variance of (B, T, pose + events)."""
        pose, events = x.split([self.config.pose, self.config.events], dim=-1)
        both = [self.pose.encode(pose), self.events.encode(events)]
        return torch.cat([mean for mean, _ in both], dim=-1), torch.cat([spread for _, spread in both], dim=-1)

    def encode(self, x: Tensor) -> Tensor:
        """(B, T / 4, latent) for the diffusion."""
        return (self.moments(x)[0] - self.latents.mean) / self.latents.deviation

    def decode_raw(self, z: Tensor) -> Tensor:
        pose, events = z.split([self.config.pose_latent, self.config.event_latent], dim=-1)
        return torch.cat([self.pose.decode(pose), self.events.decode(events)], dim=-1)

    def decode(self, z: Tensor) -> Tensor:
        """(B, T, pose + events) of the diffusion's latents."""
        return self.decode_raw(z * self.latents.deviation + self.latents.mean)


class Critic(nn.Module):
    """Tells real patches of a spectrogram from made ones (P. Isola et al., *Image-to-Image Translation*, 2017); only
    trained with, never kept for use."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        sizes = (1, width, 2 * width, 4 * width)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(sizes[-1], 1, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, patches in time, in bands) from (B, T, bands); above 0 is real."""
        return self.layers(x[:, None])[:, 0]
