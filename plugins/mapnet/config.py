# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Architectures, as checkpoints hold them."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FPS: Final = 40
"""Frames a second that our network works at: those of the sound (``plugins.api.log_mel``)."""
PAPER_FPS: Final = 50
"""TELMI's, and so the published networks'."""
JOINT_COUNT: Final = 13
PAPER_SECONDS: Final = 3
PAPER_SOUND: Final = 35
"""Onset envelope, 20 MFCC, 12 CENS, peaks, RMS."""
MEL: Final = 128
PATH: Final = 39
"""Column of the bow's path in what is heard."""
HEARD: Final = 39 + 2 + 80
"""What a network that hears the bow answers, the path and speed of alternate strokes, its inner values (``ears``)."""
OUR_POSE: Final = 39 + 13 + 39 + 13 + 39 + 13 + 12
"""Places, how sure they are, how far they lie from what was seen, what was seen, middles, how sure those are, the
right arm by what was heard (``prepare``)."""

Kind = Literal["ours", "mapnet", "pose-transformer", "lstm-pose", "lstm-pose-audio"]


class EarsConfig(BaseModel):
    """The network that hears the bow (A2M's for the violin): blocks that all share, then a branch for each part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: int = Field(default=80, ge=8)
    kernel: int = Field(default=11, ge=1)
    heads: int = Field(default=4, ge=1)
    feed_forward: int = Field(default=320, ge=8)
    main_blocks: int = Field(default=2, ge=0)
    branch_blocks: int = Field(default=1, ge=0)
    branches: tuple[int, ...] = (15, 15, 6, 3)
    window: int = Field(default=160, ge=8)


class MapNetConfig(BaseModel):
    """A network.

    Attributes:
        kind: "ours" corrects a smoother's answer frame by frame; "mapnet" is the published network, the others are the
            baselines it is compared with.
        sound: whether ours listens.
        width, heads, feed_forward: of every layer (H1 = 160 in the paper, which does not give heads and feed-forward).
        pose_layers, sound_layers, fusion_layers: late as in the paper 12, 12, 2; balanced 7, 7, 7; early 2, 2, 12.
        rebalance: whether time is mapped to H2 frames before fusion.
        balanced: H2.
        ears: what listens for ours.
        frames_in: of pose in a window of three seconds, for the published networks (150, 75 or 51).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = "ours"
    sound: bool = True
    width: int = Field(default=128, ge=8)
    heads: int = Field(default=4, ge=1)
    feed_forward: int = Field(default=256, ge=8)
    pose_layers: int = Field(default=3, ge=0)
    sound_layers: int = Field(default=2, ge=0)
    fusion_layers: int = Field(default=3, ge=0)
    dropout: float = Field(default=0.05, ge=0.0, lt=1.0)
    rebalance: bool = True
    balanced: int = Field(default=150, ge=1)
    frames_in: int = Field(default=150, ge=2)
    ears: EarsConfig = EarsConfig()

    @property
    def frames_out(self) -> int:
        return PAPER_SECONDS * PAPER_FPS


def paper(kind: Kind = "mapnet", frames_in: int = 150) -> MapNetConfig:
    """The published network, late fusion."""
    return MapNetConfig(
        kind=kind,
        width=160,
        heads=8,
        feed_forward=640,
        pose_layers=12,
        sound_layers=12,
        fusion_layers=2,
        dropout=0.1,
        frames_in=frames_in,
    )
