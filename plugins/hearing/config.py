# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The architecture in numbers, as a checkpoint carries it; and the Transformers of MOSA.

Source: Y.-F. Huang et al., *MOSA: Music Motion with Semantic Annotation Dataset*, 2024, sections IV and V. The
parameter counts of table VI (296,936 from sound alone, 635,324 from all three) and of the released model of time
semantics (771,395) follow from these numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plugins.api.log_mel import BANDS
from plugins.hearing.features import MOVEMENT, NOTES

CLIP: Final = 640
"""Frames of a clip (16 s at 40 a second)."""
INPUTS: Final = {"audio": BANDS, "motion": 66, "hands": 7, "notes": NOTES, "movement": MOVEMENT}
"""Numbers a frame. The paper's: mel bands; the 22 markers of the upper body; the flow and the speeds of both hands in a
video. Ours: ``features``."""
WIDTHS: Final = {"audio": 32, "motion": 32, "hands": 4}
"""Of their embeddings in the paper."""
OUR_WIDTHS: Final = {"audio": 96, "motion": 32, "hands": 4, "notes": 112, "movement": 32}
"""And in ours."""
TIME: Final = {"beat": 1, "downbeat": 1, "phrase": 1}
EXPRESSION: Final = {"dynamics": 6, "articulation": 2}
"""Classes that the released model tells apart; the paper speaks of three articulations."""

Modality = Literal["audio", "motion", "hands", "notes", "movement"]


class HearingConfig(BaseModel):
    """Everything that ``Network`` is built from; unknown names are refused.

    Attributes:
        kind: "transformer", or the paper's other network, "convolution", which uses of what follows only the names in
            ``widths``, kernel, heads and dropout.
        widths: modality -> width of its embedding.
        front: "convolution" over time alone, as in the paper; "keys": *notes* are convolved over the keys too.
        joined: frames that go through the blocks of all as one, and come apart again before the answers.
        modality_blocks: encoder blocks of each modality by itself; main_blocks: of all, side by side.
        heads: what is answered -> how many numbers; head_blocks: encoder blocks of each answer.
        dense: width of the layer before each answer, 0 for none.
        final_norm: whether what goes to the heads is normalised once more (the paper does not).
        positions: "learned" knows ``length`` frames; "rotary" any number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Literal["transformer", "convolution"] = "transformer"
    widths: dict[str, int] = Field(default_factory=lambda: {"notes": 112, "movement": 32})
    front: Literal["convolution", "keys"] = "keys"
    kernel: int = Field(default=9, ge=1)
    attention_heads: int = Field(default=4, ge=1)
    feed_forward: int = Field(default=432, ge=1)
    joined: int = Field(default=2, ge=1)
    modality_blocks: int = Field(default=0, ge=0)
    main_blocks: int = Field(default=4, ge=0)
    head_blocks: int = Field(default=0, ge=0)
    heads: dict[str, int] = Field(default_factory=lambda: {**TIME, "dynamics": 6, "articulation": 3})
    dense: int = Field(default=0, ge=0)
    final_norm: bool = True
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    positions: Literal["learned", "rotary"] = "rotary"
    length: int = Field(default=CLIP, ge=1)

    @property
    def width(self) -> int:
        return sum(self.widths.values())

    @model_validator(mode="after")
    def _fits(self) -> HearingConfig:
        if not self.widths or not set(self.widths) <= set(INPUTS):
            raise ValueError(f"widths needs some of {', '.join(INPUTS)}, not {', '.join(self.widths) or 'none'}")
        rotary = 2 if self.positions == "rotary" else 1
        for width in (self.width, *(self.widths.values() if self.modality_blocks else ())):
            if width % (rotary * self.attention_heads):
                raise ValueError(f"a width of {width} cannot be shared among {self.attention_heads} attention heads")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, not {self.kernel}")
        if not self.heads or min(self.heads.values()) < 1:
            raise ValueError("heads needs at least one answer, each of at least one number")
        return self


def paper_time(modalities: Sequence[Modality]) -> HearingConfig:
    """The released model of beats, downbeats and phrases: embeddings side by side, three blocks, three a task."""
    return HearingConfig(
        widths={name: WIDTHS[name] for name in modalities},
        front="convolution",
        kernel=21,
        feed_forward=256,
        joined=1,
        main_blocks=3,
        head_blocks=3,
        heads=dict(TIME),
        final_norm=False,
        positions="learned",
    )


def paper_convolution(modalities: Sequence[Modality]) -> HearingConfig:
    """The paper's convolutional network, with all answers."""
    return HearingConfig(
        kind="convolution",
        attention_heads=1,
        widths={name: WIDTHS[name] for name in modalities},
        kernel=21,
        heads={**TIME, **EXPRESSION},
        dropout=0.5,
    )


def paper_expression(modalities: Sequence[Modality]) -> HearingConfig:
    """The models of table VI: three blocks a modality, then three a task and a dense layer."""
    return HearingConfig(
        widths={name: WIDTHS[name] for name in modalities},
        front="convolution",
        kernel=21,
        feed_forward=256,
        joined=1,
        modality_blocks=3,
        main_blocks=0,
        head_blocks=3,
        heads=dict(EXPRESSION),
        dense=16,
        final_norm=False,
        positions="learned",
    )
