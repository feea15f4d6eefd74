# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Both encoders and what ties them together. This module imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from plugins.mclemcd.config import CHANNELS, SIZE, StyleConfig
from plugins.mclemcd.motion_network import MotionEncoder
from plugins.mclemcd.music_network import Bridge, MusicDecoder, MusicEncoder


@dataclass(frozen=True, eq=False)
class Moved:
    """What is made of a motion: by stream, its embedding (B, 256), the same in the music's room, its logits (B, K)."""

    embedding: Mapping[str, Tensor]
    bridged: Mapping[str, Tensor]
    logits: Mapping[str, Tensor]

    @property
    def total(self) -> Tensor:
        """(B, K) logits, those of the streams added (late fusion)."""
        return torch.stack(list(self.logits.values())).sum(dim=0)

    @property
    def mean(self) -> Tensor:
        """(B, 256) in the music's room, the streams' mean."""
        return torch.stack(list(self.bridged.values())).mean(dim=0)


class StyleNetwork(nn.Module):
    """A motion encoder for each stream, one auto-encoder of music.

    Args:
        joints: how many there are; edges: (joint, parent) of those that hang together.
        classes: how many there are.
    """

    def __init__(self, config: StyleConfig, joints: int, edges: Sequence[tuple[int, int]], classes: int) -> None:
        super().__init__()
        self.config = config
        self.motion = nn.ModuleDict({s: MotionEncoder(config, CHANNELS[s], joints, edges) for s in config.streams})
        self.heads = nn.ModuleDict({s: nn.Linear(SIZE, classes) for s in config.streams})
        fc = config.music == "fc"
        self.bridges = nn.ModuleDict({s: Bridge(config) if fc else nn.Identity() for s in config.streams})
        self.encoder, self.decoder = MusicEncoder(config), MusicDecoder(config)
        self.music_head = nn.Linear(SIZE, classes)

    def move(self, seen: Mapping[str, Tensor]) -> Moved:
        """Of (B, C, 25, J) for each stream."""
        embedding = {name: net(seen[name]) for name, net in self.motion.items()}
        bridged = {name: self.bridges[name](z) for name, z in embedding.items()}
        return Moved(embedding, bridged, {name: self.heads[name](z) for name, z in embedding.items()})

    def hear(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding (B, 256) and logits (B, K) of (B, 1, 96, 25). The logits only read the embedding: they teach it
        nothing, so that the paper's losses stay the only ones."""
        embedding = self.encoder(heard)
        return embedding, self.music_head(embedding.detach())
