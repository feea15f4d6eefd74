# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a training run of the networks that hear can be told; ``configs/hearing.yaml`` explains each key."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from plugins.hearing.config import (
    EXPRESSION,
    OUR_WIDTHS,
    TIME,
    HearingConfig,
    Modality,
    paper_convolution,
    paper_expression,
    paper_time,
)
from training.config_files import of_model
from training.recognition.targets import CLASSES
from training.run_config import Machine, Schedule, Section


class Loss(Section):
    """How wrong an answer is, and how much each answer counts."""

    events: Literal["shift-tolerant", "paper"] = "shift-tolerant"
    beat: float = Field(default=1.0, ge=0.0)
    downbeat: float = Field(default=1.0, ge=0.0)
    phrase: float = Field(default=0.3, ge=0.0)
    dynamics: float = Field(default=0.3, ge=0.0)
    articulation: float = Field(default=0.3, ge=0.0)


class Variety(Section):
    """How a clip is changed before it is heard, each time in another way."""

    tempo: float = Field(default=0.3, ge=0.0, le=1.0)
    pitch: int = Field(default=6, ge=0, le=12)
    noise: float = Field(default=0.02, ge=0.0, le=0.2)
    level: float = Field(default=0.15, ge=0.0, le=0.5)
    without: float = Field(default=0.2, ge=0.0, le=0.5)


class RecognitionConfig(Section):
    """One run."""

    clips: tuple[str, ...]
    output: str
    start: str = ""
    seed: int = Field(default=0, ge=0)
    network: Literal["ours", "paper-time", "paper-expression", "paper-cnn"] = "ours"
    modalities: tuple[Modality, ...] = ("notes", "movement")
    leave_out: tuple[str, ...] = ()
    model: dict[str, Any] = Field(default_factory=dict)
    loss: Loss = Loss()
    variety: Variety = Variety()
    schedule: Schedule = Schedule(learning_rate=1e-3, warmup_steps=100, kind="cosine")
    machine: Machine = Machine()
    window: int = Field(default=800, ge=40)
    batch: int = Field(default=8, ge=1)
    steps: int = Field(default=3000, ge=1)
    minutes: float | None = Field(default=None, gt=0.0)
    gradient_norm: float = Field(default=1.0, gt=0.0)
    average: float = Field(default=0.99, ge=0.0, lt=1.0)
    log_every: int = Field(default=20, ge=1)
    validate_every: int = Field(default=500, ge=1)
    save_every: int = Field(default=100, ge=1)
    tensorboard: bool = True

    @model_validator(mode="after")
    def _fits(self) -> RecognitionConfig:
        try:
            _ = self.hearing
        except ValidationError as error:
            raise ValueError(of_model(error)) from None
        return self

    @property
    def hearing(self) -> HearingConfig:
        """The network of this run, changed by ``model``. (Three articulations, as the paper says; the released
        model has two.)"""
        base = {
            "ours": lambda: HearingConfig(widths={name: OUR_WIDTHS[name] for name in self.modalities}),
            "paper-time": lambda: paper_time(self.modalities),
            "paper-cnn": lambda: paper_convolution(self.modalities),
            "paper-expression": lambda: paper_expression(self.modalities),
        }[self.network]()
        heads = {name: CLASSES.get(name, size) for name, size in base.heads.items()}
        return HearingConfig.model_validate_json(json.dumps({**base.model_dump(), "heads": heads, **self.model}))

    @property
    def answers(self) -> tuple[str, ...]:
        """What the network is to answer with."""
        return tuple(name for name in (*TIME, *EXPRESSION) if name in self.hearing.heads)

    def same_run(self) -> dict[str, Any]:
        """What must be equal for a run to be taken up again. (Clips are known by their data cards, and
        ``start`` by its weights.)"""
        free = {
            "clips",
            "output",
            "start",
            "machine",
            "minutes",
            "log_every",
            "validate_every",
            "save_every",
            "tensorboard",
        }
        return self.model_dump(mode="json", exclude=free)
