# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a training run of A2M can be told; ``configs/a2m_violin.yaml`` explains each key."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from plugins.a2m.config import CLIP, ModelConfig, Variant, has_compound_loss, paper_config
from plugins.a2m.targets import PAPER_TARGETS
from training.a2m_clips import STROKE_CHANNELS, check_targets, part_sizes
from training.config_files import of_model
from training.losses import PART_SCALES
from training.run_config import Machine, Schedule, Section

VIOLIN_AND_BOW: Final = ("violin_end", "violin_scroll", "bow_frog", "bow_tip")

WITHOUT_EFFECT: Final = ("minutes", "log_every", "validate_every", "save_every", "sway", "film", "tensorboard")
"""Keys that change nothing of what is learned."""


class Loss(Section):
    """How wrong an answer is."""

    printed: bool = False
    part_scales: tuple[float, ...] = PART_SCALES
    strokes: float = Field(default=1.0, gt=0.0)
    turns: float = Field(default=1.0, ge=0.0)


class TrainConfig(Section):
    """One run."""

    clips: str
    output: str
    instrument: Literal["violin", "piano"] = "violin"
    seed: int = Field(default=0, ge=0)
    fold: int | None = Field(default=None, ge=0, lt=5)
    variant: Variant = "Full"
    score: bool = True
    strokes: bool = False
    sway: bool = False
    targets: dict[str, tuple[str, ...]] = Field(default_factory=lambda: {k: tuple(v) for k, v in PAPER_TARGETS.items()})
    model: dict[str, Any] = Field(default_factory=dict)
    loss: Loss = Loss()
    schedule: Schedule = Schedule()
    machine: Machine = Machine()
    window: int = Field(default=CLIP, ge=8)
    hop: int = Field(default=40, ge=1)
    batch: int = Field(default=16, ge=1)
    epochs: int = Field(default=200, ge=1)
    max_steps: int | None = Field(default=None, ge=1)
    minutes: float | None = Field(default=None, gt=0.0)
    gradient_norm: float = Field(default=1.0, gt=0.0)
    average: float = Field(default=0.999, ge=0.0, lt=1.0)
    log_every: int = Field(default=20, ge=1)
    validate_every: int = Field(default=500, ge=1)
    save_every: int = Field(default=500, ge=1)
    film: bool = True
    tensorboard: bool = True

    @model_validator(mode="after")
    def _fits(self) -> TrainConfig:
        check_targets(self.targets)
        held = {joint for part in self.targets.values() for joint in part} & {*VIOLIN_AND_BOW}
        if self.instrument == "piano" and (self.strokes or held):
            raise ValueError(f"a pianist has no {'strokes' if self.strokes else ', '.join(sorted(held))}")
        if len(self.loss.part_scales) != len(self.targets):
            raise ValueError(f"loss.part_scales needs {len(self.targets)} numbers, one a part of targets")
        try:
            built = self.network
        except ValidationError as error:
            raise ValueError(of_model(error)) from None
        if built.positions == "learned" and self.window > built.length:
            raise ValueError(f"window ({self.window}) is longer than model.length ({built.length})")
        return self

    @property
    def parts(self) -> tuple[int, ...]:
        return part_sizes(self.targets)

    @property
    def network(self) -> ModelConfig:
        """The paper's network of this variant, changed by ``model``."""
        paper = paper_config(self.variant, score=self.score)
        compound = len(paper.branches) > 1
        branches = self.parts if compound else (sum(self.parts),)
        if self.strokes:
            branches = (*branches, STROKE_CHANNELS) if compound else (branches[0] + STROKE_CHANNELS,)
        # By way of JSON, in which a list may be a tuple.
        return ModelConfig.model_validate_json(json.dumps({**paper.model_dump(), "branches": branches, **self.model}))

    @property
    def compound_loss(self) -> bool:
        return has_compound_loss(self.variant)

    def same_run(self) -> dict[str, Any]:
        """What must be equal for a run to be taken up again. (Clips are known by their data card.)"""
        free = {"clips", "output", "machine", *WITHOUT_EFFECT}
        if self.schedule.kind == "exponential":
            # Another end changes nothing before it; a cosine knows from the start where it ends.
            free |= {"epochs", "max_steps"}
        return self.model_dump(mode="json", exclude=free)
