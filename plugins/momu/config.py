# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The networks in numbers, as a checkpoint carries them.

Source: F. You et al., *MoMu-Diffusion: On Learning Long-Term Motion-Music Synchronization and Correspondence*,
NeurIPS 2024. Widths, steps and rates were not published: these are ours, and ``docs/momu.md`` says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plugins.api.log_mel import BANDS, FPS

COMPRESSION: Final = 4
"""Frames of a latent."""
LATENT_FPS: Final = FPS // COMPRESSION
STEPS: Final = 1000
"""Steps of the noise in training."""


@dataclass(frozen=True)
class Ask:
    """How to sample: steps of the solver, and how much more than on average what is told counts (1: as it is)."""

    steps: int = 12
    guidance: float = 1.5


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class VaeConfig(_Config):
    """One autoencoder over time.

    Attributes:
        inputs: numbers a frame. latent: numbers of a latent. width: channels inside.
    """

    inputs: int = Field(ge=1)
    latent: int = Field(default=32, ge=1)
    width: int = Field(default=128, ge=8)


class MusicConfig(VaeConfig):
    """The music's: 128 mel bands to 32 numbers, ten times a second."""

    inputs: int = Field(default=BANDS, ge=1)


class MotionConfig(_Config):
    """The motion's: postures and events (strokes, contacts) are compressed apart, so that *when* something happens
    does not depend on which way it goes.

    Attributes:
        pose, events: numbers a frame. pose_latent, event_latent: together as many as the music's latent has.
    """

    pose: int = Field(ge=1)
    events: int = Field(default=2, ge=1)
    pose_latent: int = Field(default=24, ge=1)
    event_latent: int = Field(default=8, ge=1)
    pose_width: int = Field(default=128, ge=8)
    event_width: int = Field(default=64, ge=8)

    @property
    def latent(self) -> int:
        return self.pose_latent + self.event_latent

    @property
    def inputs(self) -> int:
        return self.pose + self.events


class DenoiserConfig(_Config):
    """A transformer that takes noise off latents, told what is seen or heard meanwhile.

    Attributes:
        latent: numbers of a latent of what it makes; seen: numbers a frame, seen_latent: of a latent, of what it is
            told. sense_width: channels of the convolutions that look at it; context: layers that then look further and
            further around, four to three seconds. styles: classes that it knows.
        attention: False replaces attention by convolutions (an ablation).
        window: latents that it learned to look at; longer music is cut into such windows, denoised together.
    """

    latent: int = Field(default=32, ge=1)
    seen: int = Field(ge=1)
    seen_latent: int = Field(default=32, ge=1)
    styles: int = Field(default=0, ge=0)
    sense_width: int = Field(default=96, ge=8)
    context: int = Field(default=4, ge=0, le=8)
    width: int = Field(default=160, ge=8)
    blocks: int = Field(default=5, ge=1)
    heads: int = Field(default=4, ge=1)
    expansion: int = Field(default=3, ge=1)
    kernel: int = Field(default=5, ge=1)
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    attention: bool = True
    window: int = Field(default=80, ge=8)

    @model_validator(mode="after")
    def _fits(self) -> DenoiserConfig:
        if self.width % (2 * self.heads):
            raise ValueError(f"width ({self.width}) must be a multiple of 2 x heads ({self.heads})")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, not {self.kernel}")
        return self
