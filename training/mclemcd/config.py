# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a training run of the style embedding can be told; ``configs/mclemcd.yaml`` explains each key."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from plugins.mclemcd.config import StyleConfig
from training.config_files import of_model
from training.run_config import Machine, Schedule, Section


class Data(Section):
    """Which dances."""

    kind: Literal["music-to-dance", "aist"] = "music-to-dance"
    folder: str
    joints: tuple[str, ...] = ()


class Split(Section):
    """Which of them are trained on, and which are kept for a test.

    ``piece`` keeps the pieces of a fold, ``segments`` a third of all seconds (as the paper's code, which shares
    pieces out), ``published`` what the corpus itself keeps, ``all`` nothing.
    """

    by: Literal["piece", "segments", "published", "all"] = "piece"
    folds: int = Field(default=3, ge=2)
    fold: int = Field(default=0, ge=0)


class MclemcdConfig(Section):
    """One run."""

    data: Data
    output: str
    seed: int = Field(default=0, ge=0)
    split: Split = Split()
    model: dict[str, Any] = Field(default_factory=dict)
    collaborative: bool = True
    epochs: int = Field(default=30, ge=1)
    switch: float = Field(default=0.5, ge=0.0, le=1.0)
    batch: int = Field(default=72, ge=2)
    schedule: Schedule = Schedule(learning_rate=5e-4, decay=1.0)
    keep_music: bool = True
    pair: float = Field(default=1.0, ge=0.0)
    reconstruction: float = Field(default=1.0, ge=0.0)
    balanced: bool = True
    turned: bool = True
    machine: Machine = Machine()
    log_every: int = Field(default=10, ge=1)
    save_every: int = Field(default=50, ge=1)
    tensorboard: bool = False

    @model_validator(mode="after")
    def _fits(self) -> MclemcdConfig:
        if self.split.fold >= self.split.folds:
            raise ValueError(f"split.fold ({self.split.fold}) must be less than split.folds ({self.split.folds})")
        try:
            _ = self.style
        except ValidationError as error:
            raise ValueError(of_model(error)) from None
        return self

    @property
    def style(self) -> StyleConfig:
        """The networks of this run."""
        return StyleConfig.model_validate_json(json.dumps(self.model))

    def same_run(self) -> dict[str, Any]:
        """What must be equal for a run to be taken up again. (Dances are known by their hash.)"""
        made = self.model_dump(mode="json", exclude={"output", "machine", "log_every", "save_every", "tensorboard"})
        del made["data"]["folder"]
        return made
