# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a training run of the networks that repair can be told; ``configs/mapnet.yaml`` explains each key."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from plugins.mapnet.config import PAPER_FPS, PAPER_SECONDS, MapNetConfig, paper
from training.config_files import of_model
from training.mapnet.noise import PAPER_RATES
from training.run_config import Machine, Schedule, Section

Network = Literal["ours", "mapnet", "pose-transformer", "lstm-pose", "lstm-pose-audio"]
FUSIONS = {"late": (12, 2), "balanced": (7, 7), "early": (2, 12)}
"""Layers of pose and audio transformer, and of the fusion transformer (the paper's table 4)."""


class Loss(Section):
    """How much errors of speed and acceleration count beside those of place, and what is said of the error itself."""

    velocity: float = Field(default=2.0, ge=0.0)
    acceleration: float = Field(default=2.0, ge=0.0)
    confidence: float = Field(default=0.1, ge=0.0)


class MapNetRun(Section):
    """One run."""

    takes: str
    output: str
    seed: int = Field(default=0, ge=0)
    network: Network = "ours"
    fusion: Literal["late", "balanced", "early"] = "late"
    tau: float = 1.0
    model: dict[str, Any] = Field(default_factory=dict)
    loss: Loss = Loss()
    silence: float = Field(default=0.15, ge=0.0, le=1.0)
    schedule: Schedule = Schedule(learning_rate=1e-3, warmup_steps=100, kind="cosine")
    machine: Machine = Machine()
    window: int = Field(default=200, ge=50)
    batch: int = Field(default=16, ge=1)
    steps: int = Field(default=3000, ge=1)
    minutes: float | None = Field(default=None, gt=0.0)
    gradient_norm: float = Field(default=1.0, gt=0.0)
    average: float = Field(default=0.99, ge=0.0, lt=1.0)
    log_every: int = Field(default=20, ge=1)
    validate_every: int = Field(default=500, ge=1)
    save_every: int = Field(default=100, ge=1)
    tensorboard: bool = True

    @model_validator(mode="after")
    def _fits(self) -> MapNetRun:
        if self.network != "ours" and self.tau not in PAPER_RATES:
            raise ValueError(f"tau must be one of {', '.join(map(str, PAPER_RATES))}, not {self.tau:g}")
        try:
            _ = self.mapnet
        except ValidationError as error:
            raise ValueError(of_model(error)) from None
        return self

    @property
    def rate(self) -> float:
        """Frames a second that the published networks see."""
        return PAPER_RATES[self.tau]

    @property
    def mapnet(self) -> MapNetConfig:
        """The network of this run, changed by ``model``."""
        if self.network == "ours":
            base = MapNetConfig()
        else:
            # The paper's window at this rate: 150, 75 or 51 frames.
            frames = {1.0: PAPER_SECONDS * PAPER_FPS, 0.5: 75, 0.33: 51}[self.tau]
            separate, fused = FUSIONS[self.fusion]
            base = paper(self.network, frames)
            base = base.model_copy(update={"pose_layers": separate, "sound_layers": separate, "fusion_layers": fused})
        return MapNetConfig.model_validate_json(json.dumps({**base.model_dump(), **self.model}))

    def same_run(self) -> dict[str, Any]:
        """What must be equal for a run to be taken up again. (Takes are known by their data card.)"""
        free = {"takes", "output", "machine", "minutes", "log_every", "validate_every", "save_every", "tensorboard"}
        return self.model_dump(mode="json", exclude=free)
