# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From the network's features to joints, with gradients: what is learned, and what is pulled to an animator's poses.

Imports torch: only ``load()`` and the training do.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from plugins.api.log_mel import FPS
from plugins.momu.body import Body, Scale


class Joints(nn.Module):
    """(B, T, J, 3) metres of scaled features (B, T, pose + events); a body that travels starts at the origin."""

    mean: Tensor
    deviation: Tensor
    lengths: Tensor

    def __init__(self, body: Body, scale: Scale) -> None:
        super().__init__()
        self.body = body
        self.register_buffer("mean", torch.from_numpy(scale.mean), persistent=False)
        self.register_buffer("deviation", torch.from_numpy(scale.deviation), persistent=False)
        self.register_buffer("lengths", torch.from_numpy(body.lengths).float(), persistent=False)

    def raw(self, features: Tensor) -> Tensor:
        """Features on their own scale."""
        return features * self.deviation + self.mean

    def forward(self, features: Tensor) -> Tensor:
        body = self.body
        raw = self.raw(features)
        count = 3 * (len(body.joints) - 1) + 3 * body.travels
        vectors = raw[..., :count].unflatten(-1, (-1, 3))
        places = [self._root(vectors[..., 0, :]) if body.travels else torch.zeros_like(vectors[..., 0, :])]
        for i, (parent, rigid) in enumerate(zip(body.parents, body.rigid, strict=True)):
            if parent >= 0:
                bone = vectors[..., i if body.travels else i - 1, :]
                if rigid:
                    bone = functional.normalize(bone, dim=-1, eps=1e-6) * self.lengths[i]
                places.append(places[parent] + bone)
        return torch.stack(places, dim=-2)

    def _root(self, moving: Tensor) -> Tensor:
        return torch.cat([moving[..., :2].cumsum(dim=-2) / FPS, moving[..., 2:]], dim=-1)
