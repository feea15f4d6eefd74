# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The architecture in numbers, as a checkpoint carries it.

Source: W. Gong et al., *MCLEMCD: multimodal collaborative learning encoder for enhanced music classification from
dances*, Multimedia Systems 30, 2024, sections 3 and 4.1, and the adaptive graph convolution that it builds on
(L. Shi et al., 2019).
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Stream = Literal["joints", "limbs", "early"]
Fusion = Literal["joints", "limbs", "early", "late"]
Music = Literal["plain", "dropout", "fc"]

UNITS: Final = (64, 64, 128, 128, 256, 256)
"""Channels of the paper's six units."""
STRIDES: Final = (1, 1, 2, 1, 2, 1)
"""Frames that each unit steps by."""
CHANNELS: Final = {"joints": 3, "limbs": 3, "early": 6}
"""Numbers of a joint in a frame."""
SIZE: Final = 256
"""Numbers of an embedding, of a motion as of a sound."""
HALVES: Final = 2
"""The last layer of the music's encoder leaves two values of each channel: two times 128 are 256."""


class StyleConfig(BaseModel):
    """Everything that ``model.StyleNetwork`` is built from; unknown names are refused.

    Attributes:
        fusion: what of the motion is read: joints, limbs, both side by side (early), or both by a network each, whose
            logits are added (late).
        units: channels of the six units; the paper's are ``UNITS``. A last unit of another width than 256 is followed
            by a layer that makes 256 of it.
        kernel: frames that a temporal convolution sees.
        music: the auto-encoder's variant: ``fc`` maps the motion's embedding to the music's by dense layers.
        music_channels: of its convolutions (128 in the paper; its last one always has 128).
        dense: widths that ``fc`` widens to, and narrows again.
        dropout: of the variant ``dropout``.
        smooth: seconds, standard deviation of the bell by which motion is smoothed (see ``features.poses``).
        parity: reproduce the slips of the released code: the k-th limb takes the place of joint k, whichever joint it
            ends at (``features.limbs``), and of the body's graph only the edges are there that it lists.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    fusion: Fusion = "late"
    units: tuple[int, ...] = UNITS
    kernel: int = Field(default=9, ge=1)
    music: Music = "fc"
    music_channels: int = Field(default=128, ge=1)
    dense: tuple[int, ...] = (512, 1024, 2048, 4096)
    dropout: float = Field(default=0.25, ge=0.0, lt=1.0)
    smooth: float = Field(default=0.12, ge=0.0, le=1.0)
    parity: bool = False

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What is read by a network of its own."""
        return ("joints", "limbs") if self.fusion == "late" else (self.fusion,)

    @model_validator(mode="after")
    def _fits(self) -> StyleConfig:
        if len(self.units) != len(STRIDES) or min(self.units) < 4:
            raise ValueError(f"units needs {len(STRIDES)} widths of at least 4, not {list(self.units)}")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, not {self.kernel}")
        if min(self.dense, default=1) < 1:
            raise ValueError("dense needs widths of at least 1")
        return self
