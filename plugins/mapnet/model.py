# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The networks: ours, and the published one (S. Shrestha et al., 2022, section 3) with its baselines.

This module imports torch: import it inside ``load()`` and in training only.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from plugins.api.transformer import Block, Embedding, initialise
from plugins.mapnet.config import HEARD, JOINT_COUNT, MEL, OUR_POSE, PAPER_SOUND, EarsConfig, MapNetConfig

KERNEL = 5
COORDINATES = 3 * JOINT_COUNT


class Ours(nn.Module):
    """Says for every frame by how many of the smoother's deviations each joint is elsewhere, and how wrong that may be.

    Sound and pose have the same frames here, so that they are laid side by side instead of one behind the other, and
    nothing has to be rebalanced. Positions are rotary: windows may have any length.
    """

    def __init__(self, config: MapNetConfig) -> None:
        super().__init__()
        self.pose_in = Embedding(OUR_POSE, config.width, KERNEL, 0)
        self.sound_in = Embedding(HEARD, config.width, KERNEL, 0) if config.sound else None
        self.pose = _stack(config, config.pose_layers)
        self.sound = _stack(config, config.sound_layers if config.sound else 0)
        self.join = nn.Linear((2 if config.sound else 1) * config.width, config.width)
        self.fusion = _stack(config, config.fusion_layers)
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, COORDINATES + JOINT_COUNT)
        self.apply(initialise)
        nn.init.zeros_(self.head.weight)  # at first the smoother is believed

    def forward(self, pose: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, 13, 3) deviations and (B, T, 13) logarithm of the expected error in deviations.

        Args:
            pose: (B, T, OUR_POSE) of ``prepare``; sound: (B, T, HEARD) of ``ears``.
        """
        x = self.pose(self.pose_in(pose))
        if self.sound_in is not None:
            x = torch.cat([x, self.sound(self.sound_in(sound))], dim=-1)
        said = self.head(self.norm(self.fusion(self.join(x))))
        places, errors = said.split([COORDINATES, JOINT_COUNT], dim=-1)
        return places.unflatten(-1, (JOINT_COUNT, 3)), errors


class Ears(nn.Module):
    """The network of ``plugins/a2m`` that hears a violin, by the same names."""

    def __init__(self, config: EarsConfig) -> None:
        super().__init__()

        def blocks(count: int) -> nn.ModuleList:
            return nn.ModuleList(
                Block(config.width, config.heads, config.feed_forward, 0.0, rotary=True) for _ in range(count)
            )

        self.audio = Embedding(MEL, config.width, config.kernel, 0)
        self.main = blocks(config.main_blocks)
        self.branches = nn.ModuleList(
            nn.ModuleDict({"blocks": blocks(config.branch_blocks), "dense": nn.Linear(config.width, size)})
            for size in config.branches
        )

    def forward(self, mel: Tensor) -> Tensor:
        """(B, T, answers and inner values of the last branch) of (B, T, 128)."""
        x = self.audio(mel)
        for block in self.main:
            x = block(x)
        said = []
        for branch in self.branches:
            y = x
            for block in branch["blocks"]:
                y = block(y)
            said.append(branch["dense"](y))
        return torch.cat([*said, y], dim=-1)


class MapNet(nn.Module):
    """Pose, audio and fusion transformers with rebalancing layers between them; without ``sound`` the pose alone.

    Of what the paper leaves open: sinusoidal positions; the first of the three dense layers goes over time, to the
    frames of the answer.
    """

    def __init__(self, config: MapNetConfig) -> None:
        super().__init__()
        with_sound = config.kind == "mapnet"
        width, frames = config.width, config.frames_out
        self.pose_in = nn.Linear(COORDINATES, width)
        self.pose = _stack(config, config.pose_layers, paper=True)
        self.sound_in = nn.Linear(PAPER_SOUND, width) if with_sound else None
        self.sound = _stack(config, config.sound_layers if with_sound else 0, paper=True)
        ins = [config.frames_in, frames] if with_sound else [config.frames_in]
        self.rebalance = nn.ModuleList(
            nn.Linear(n, config.balanced) if config.rebalance else nn.Identity() for n in ins
        )
        self.fusion = _stack(config, config.fusion_layers, paper=True)
        together = len(ins) * config.balanced if config.rebalance else sum(ins)
        self.over_time = nn.Linear(together, frames)
        self.dense = nn.Linear(width, width)
        self.out = nn.Linear(width, COORDINATES)

    def forward(self, pose: Tensor, sound: Tensor) -> Tensor:
        """(B, 150, 13, 3) places from (B, T_in, 39) and (B, 150, 35)."""
        heard = [self.pose(_placed(self.pose_in(pose)))]
        if self.sound_in is not None:
            heard.append(self.sound(_placed(self.sound_in(sound))))
        over = [layer(x.transpose(1, 2)) for layer, x in zip(self.rebalance, heard, strict=True)]
        x = self.fusion(torch.cat(over, dim=-1).transpose(1, 2))
        x = functional.relu(self.over_time(x.transpose(1, 2)).transpose(1, 2))
        return self.out(functional.relu(self.dense(x))).unflatten(-1, (JOINT_COUNT, 3))


class Lstm(nn.Module):
    """Two layers over the frames of the answer; a pose of a lower rate stands until the next comes."""

    def __init__(self, config: MapNetConfig) -> None:
        super().__init__()
        self.frames, self.with_sound = config.frames_out, config.kind == "lstm-pose-audio"
        inputs = COORDINATES + (PAPER_SOUND if self.with_sound else 0)
        self.lstm = nn.LSTM(inputs, config.width, num_layers=2, batch_first=True)
        self.out = nn.Linear(config.width, COORDINATES)

    def forward(self, pose: Tensor, sound: Tensor) -> Tensor:
        """(B, 150, 13, 3) places from (B, T_in, 39) and (B, 150, 35)."""
        at = torch.arange(self.frames, device=pose.device) * pose.shape[1] // self.frames
        x = pose[:, at]
        if self.with_sound:
            x = torch.cat([x, sound], dim=-1)
        return self.out(self.lstm(x)[0]).unflatten(-1, (JOINT_COUNT, 3))


def network_of(config: MapNetConfig) -> nn.Module:
    """The network that a config describes, with fresh weights."""
    if config.kind == "ours":
        return Ours(config)
    return Lstm(config) if config.kind.startswith("lstm") else MapNet(config)


def _stack(config: MapNetConfig, layers: int, *, paper: bool = False) -> nn.Sequential:
    blocks = [
        Block(config.width, config.heads, config.feed_forward, config.dropout, rotary=not paper, norm_first=not paper)
        for _ in range(layers)
    ]
    return nn.Sequential(*blocks)


def _placed(x: Tensor) -> Tensor:
    """With sinusoidal positions added (A. Vaswani et al., 2017)."""
    frames, width = x.shape[-2:]
    rate = torch.exp(torch.arange(0, width, 2, device=x.device) * (-math.log(10_000.0) / width))
    angle = torch.arange(frames, device=x.device)[:, None] * rate
    return x + torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(-2).to(x.dtype)
