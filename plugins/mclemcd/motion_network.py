# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The motion encoder: adaptive graph convolutions with attention over joints, frames and channels.

As in L. Shi et al., *Skeleton-Based Action Recognition with Multi-Stream Adaptive Graph Convolutional Networks*, 2019,
with the six units of MCLEMCD. This module imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from plugins.mclemcd.config import SIZE, STRIDES, StyleConfig

SUBSETS = 3
"""Each joint itself, from its children, from its parent."""
NARROWER = 4
"""Part of a unit's channels by which joints are compared with one another."""
BARELY = 1e-6
"""Where a graph convolution begins, so that a unit begins as what it adds to."""


def adjacency(count: int, edges: Sequence[tuple[int, int]]) -> Tensor:
    """(3, J, J) the body's graph from (joint, parent): to whom (columns) each joint (rows) is passed on; columns sum
    to 1, or to 0 where nothing arrives."""
    inward = torch.zeros(count, count)
    for joint, parent in edges:
        inward[joint, parent] = 1.0
    graphs = [torch.eye(count), inward, inward.T]
    return torch.stack([graph / graph.sum(dim=0, keepdim=True).clamp(min=1.0) for graph in graphs])


class GraphConvolution(nn.Module):
    """(B, C, T, J) -> (B, C', T, J): every joint hears from others, by a graph that is learned (from the body's) plus
    what each sample's own joints have in common."""

    def __init__(self, inputs: int, outputs: int, graph: Tensor) -> None:
        super().__init__()
        self.graph = nn.Parameter(graph.clone())
        self.share = nn.Parameter(torch.zeros(1))
        self.width = max(1, outputs // NARROWER)
        self.compare = _convolution(inputs, 2 * SUBSETS * self.width)
        # One convolution over the subsets side by side is the sum of a convolution each.
        self.mix = nn.Conv2d(SUBSETS * inputs, outputs, 1)
        nn.init.normal_(self.mix.weight, 0.0, math.sqrt(2.0 / (outputs * inputs * SUBSETS)))
        nn.init.zeros_(self.mix.bias)
        self.norm = nn.BatchNorm2d(outputs)
        nn.init.constant_(self.norm.weight, BARELY)
        self.around = (
            nn.Identity()
            if inputs == outputs
            else nn.Sequential(_convolution(inputs, outputs), nn.BatchNorm2d(outputs))
        )
        self.attention = Attention(outputs, graph.shape[-1])

    def forward(self, x: Tensor) -> Tensor:
        batch, _, frames, joints = x.shape
        alike = self.compare(x).reshape(batch, 2, SUBSETS, self.width * frames, joints)
        found = torch.tanh(torch.einsum("bkcv,bkcw->bkvw", alike[:, 0], alike[:, 1]) / (self.width * frames))
        graph = self.graph + self.share * found
        passed = torch.einsum("bctv,bkvw->bkctw", x, graph).flatten(1, 2)
        y = torch.relu(self.norm(self.mix(passed)) + self.around(x))
        return self.attention(y)


class Attention(nn.Module):
    """Which joints, then which frames, then which channels matter: each makes its part up to twice as large."""

    def __init__(self, channels: int, joints: int) -> None:
        super().__init__()
        wide = joints - 1 if joints % 2 == 0 else joints
        self.joints = nn.Conv1d(channels, 1, wide, padding=(wide - 1) // 2)
        nn.init.xavier_normal_(self.joints.weight)
        nn.init.zeros_(self.joints.bias)
        self.frames = nn.Conv1d(channels, 1, 9, padding=4)
        self.narrow = nn.Linear(channels, channels // 2)
        self.widen = nn.Linear(channels // 2, channels)
        nn.init.kaiming_normal_(self.narrow.weight)
        for zero in (self.frames.weight, self.frames.bias, self.narrow.bias, self.widen.weight, self.widen.bias):
            nn.init.zeros_(zero)

    def forward(self, x: Tensor) -> Tensor:
        x = x * (1.0 + torch.sigmoid(self.joints(x.mean(dim=2)))[:, :, None])
        x = x * (1.0 + torch.sigmoid(self.frames(x.mean(dim=3)))[..., None])
        gate = torch.sigmoid(self.widen(torch.relu(self.narrow(x.mean(dim=(2, 3))))))
        return x * (1.0 + gate[..., None, None])


class Unit(nn.Module):
    """A graph convolution, then one over time; what came in is added (but in the first unit)."""

    def __init__(self, inputs: int, outputs: int, graph: Tensor, stride: int, kernel: int, *, first: bool) -> None:
        super().__init__()
        self.space = GraphConvolution(inputs, outputs, graph)
        self.time = _over_time(outputs, outputs, kernel, stride)
        self.around: nn.Module | None = None
        if not first:
            same = inputs == outputs and stride == 1
            self.around = nn.Identity() if same else _over_time(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.time(self.space(x))
        return torch.relu(y if self.around is None else y + self.around(x))


class MotionEncoder(nn.Module):
    """(B, C, 25, J) -> embedding (B, 256): mean over frames and joints of what the six units make of the motion."""

    def __init__(self, config: StyleConfig, channels: int, joints: int, edges: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        graph = adjacency(joints, edges)
        self.norm = nn.BatchNorm1d(channels * joints)
        widths = (channels, *config.units)
        self.units = nn.Sequential(
            *(
                Unit(a, b, graph, stride, config.kernel, first=i == 0)
                for i, ((a, b), stride) in enumerate(zip(pairwise(widths), STRIDES, strict=True))
            )
        )
        self.widen = nn.Identity() if widths[-1] == SIZE else nn.Linear(widths[-1], SIZE)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, frames, joints = x.shape
        # Each coordinate of each joint is normalised by itself.
        flat = self.norm(x.permute(0, 3, 1, 2).reshape(batch, joints * channels, frames))
        x = flat.view(batch, joints, channels, frames).permute(0, 2, 3, 1)
        return self.widen(self.units(x).mean(dim=(2, 3)))


def _convolution(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, (kernel, 1), (stride, 1), ((kernel - 1) // 2, 0))
    nn.init.kaiming_normal_(layer.weight, mode="fan_out")
    nn.init.zeros_(layer.bias)
    return layer


def _over_time(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Module:
    return nn.Sequential(_convolution(inputs, outputs, kernel, stride), nn.BatchNorm2d(outputs))
