# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Architectures, as checkpoints hold them."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

FPS: Final = 50
"""Frames a second that networks work at: TELMI's, and so the paper's."""
JOINT_COUNT: Final = 13
PAPER_SECONDS: Final = 3
PAPER_SOUND: Final = 35
"""Onset envelope, 20 MFCC, 12 CENS, peaks, RMS."""
MEL: Final = 128
OUR_POSE: Final = 39 + 13 + 39 + 13 + 39
"""Places, how sure they are, how far they lie from what was seen, what was seen, middles (``prepare``)."""

Kind = Literal["ours", "mapnet", "pose-transformer", "lstm-pose", "lstm-pose-audio"]


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
        frames_in: of pose in a window of three seconds, for the published networks (150, 75 or 51).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind = "ours"
    sound: bool = True
    width: int = Field(default=128, ge=8)
    heads: int = Field(default=4, ge=1)
    feed_forward: int = Field(default=256, ge=8)
    pose_layers: int = Field(default=3, ge=0)
    sound_layers: int = Field(default=4, ge=0)
    fusion_layers: int = Field(default=3, ge=0)
    dropout: float = Field(default=0.05, ge=0.0, lt=1.0)
    rebalance: bool = True
    balanced: int = Field(default=150, ge=1)
    frames_in: int = Field(default=150, ge=2)

    @property
    def frames_out(self) -> int:
        return PAPER_SECONDS * FPS


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
