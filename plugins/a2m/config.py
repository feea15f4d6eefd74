# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The architecture in numbers, as a checkpoint carries it; and what the four models of the paper are.

Source: Y.-F. Huang et al., *MOSA: Music Motion with Semantic Annotation Dataset*, 2024, section VI
(table VII: 1,079,905 and 612,865 parameters, which these widths reproduce).
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plugins.api.log_mel import BANDS

CLIP: Final = 640
"""Frames of a clip (16 s at 40 a second)."""
SCORE_FEATURES: Final = 10
"""Constant 1, beat, downbeat, phrase, dynamics, articulation, pitch (twice), onset strength, loudness."""
COMPOUND: Final = (12, 12, 9)
"""Three branches: four points of right hand and bow, four of left hand and violin, three of the trunk."""
SINGLE: Final = (33,)
"""One branch for all eleven points."""

Variant = Literal["SNSL", "SNCL", "CNSL", "Full"]
"""Single or compound network (SN, CN), single or compound loss (SL, CL); Full is both compound."""


class ModelConfig(BaseModel):
    """Everything that ``Network`` is built from; unknown names are refused.

    Attributes:
        score_features: values a frame of the score; 0 for a model that hears only.
        audio_width, score_width: of their embeddings; together the width of all blocks.
        branches: numbers that each branch answers with.
        positions: "learned" knows ``length`` frames; "rotary" (J. Su et al., *RoFormer*, 2021) any number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    score_features: int = Field(default=SCORE_FEATURES, ge=0)
    audio_bands: int = Field(default=BANDS, ge=1)
    audio_width: int = Field(default=64, ge=1)
    score_width: int = Field(default=16, ge=0)
    kernel: int = Field(default=11, ge=1)
    heads: int = Field(default=4, ge=1)
    feed_forward: int = Field(default=320, ge=1)
    main_blocks: int = Field(default=3, ge=0)
    branch_blocks: int = Field(default=3, ge=0)
    branches: tuple[int, ...] = COMPOUND
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    positions: Literal["learned", "rotary"] = "learned"
    length: int = Field(default=CLIP, ge=1)

    @property
    def width(self) -> int:
        return self.audio_width + self.score_width

    @model_validator(mode="after")
    def _fits(self) -> ModelConfig:
        if self.width % (2 * self.heads):
            raise ValueError(f"audio_width + score_width ({self.width}) must be a multiple of 2 x heads ({self.heads})")
        if (self.score_features == 0) != (self.score_width == 0):
            raise ValueError("score_width is 0 when, and only when, there are no score features")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, not {self.kernel}")
        if not self.branches or min(self.branches) < 1:
            raise ValueError("branches needs one number of outputs a branch, each at least 1")
        return self


def paper_config(variant: Variant, *, score: bool = True) -> ModelConfig:
    """The paper's model; ``score=False`` is ours: all of the width hears."""
    branches = COMPOUND if variant in ("CNSL", "Full") else SINGLE
    if score:
        return ModelConfig(branches=branches)
    return ModelConfig(branches=branches, score_features=0, audio_width=80, score_width=0)


def has_compound_loss(variant: Variant) -> bool:
    return variant in ("SNCL", "Full")
