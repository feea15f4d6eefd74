# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a training run of MoMu can be told; ``configs/momu.yaml`` explains each key."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, model_validator

from training.run_config import Machine, Schedule, Section

Stage = Literal["music-vae", "motion-vae", "music2motion", "motion2music"]
STAGES: Final[tuple[Stage, ...]] = ("music-vae", "motion-vae", "music2motion", "motion2music")
FREE: Final = ("clips", "output", "machine", "minutes", "log_every", "validate_every", "save_every", "tensorboard")
"""Keys that change nothing of what is learned. (Clips are known by their data card.)"""


class Loss(Section):
    """How much each part of what is made small counts."""

    divergence: float = Field(default=1e-3, ge=0.0)
    critic: float = Field(default=0.02, ge=0.0)
    critic_from: int = Field(default=600, ge=0)
    velocity: float = Field(default=2.0, ge=0.0)
    places: float = Field(default=4.0, ge=0.0)
    feet: float = Field(default=0.5, ge=0.0)
    contrast: float = Field(default=0.05, ge=0.0)
    temperature: float = Field(default=0.1, gt=0.0)
    guess: float = Field(default=0.5, ge=0.0)
    change: float = Field(default=0.5, ge=0.0)


class MomuRun(Section):
    """One stage of training."""

    stage: Stage
    clips: str
    kind: Literal["clips", "music-to-dance", "aist"] = "clips"
    fold: int | None = Field(default=None, ge=0)
    folds: int = Field(default=4, ge=2)
    start: str = ""
    output: str
    seed: int = Field(default=0, ge=0)
    directions: bool = True
    model: dict[str, Any] = Field(default_factory=dict)
    loss: Loss = Loss()
    untold: float = Field(default=0.15, ge=0.0, le=1.0)
    turning: bool = True
    on_the_beat: bool = False
    schedule: Schedule = Schedule(learning_rate=1e-3, warmup_steps=100, kind="cosine")
    machine: Machine = Machine()
    window: int = Field(default=320, ge=32)
    batch: int = Field(default=24, ge=1)
    steps: int = Field(default=1500, ge=1)
    minutes: float | None = Field(default=None, gt=0.0)
    gradient_norm: float = Field(default=1.0, gt=0.0)
    average: float = Field(default=0.99, ge=0.0, lt=1.0)
    log_every: int = Field(default=20, ge=1)
    validate_every: int = Field(default=250, ge=1)
    save_every: int = Field(default=100, ge=1)
    tensorboard: bool = True

    @model_validator(mode="after")
    def _fits(self) -> MomuRun:
        if self.window % 4:
            raise ValueError(f"window must be a multiple of 4 frames, not {self.window}")
        if self.stage == "music-vae" and self.start:
            raise ValueError("music-vae is the first stage; it starts from nothing")
        if self.stage != "music-vae" and not self.start:
            before = STAGES[STAGES.index(self.stage) - 1]
            raise ValueError(f"start must name the weights of an earlier stage ({before})")
        if self.fold is not None and self.fold >= self.folds:
            raise ValueError(f"there are {self.folds} folds, 0 to {self.folds - 1}; fold is {self.fold}")
        if self.kind == "clips" and self.fold is not None:
            raise ValueError("fold is for dances; clips know their splits themselves")
        if self.kind == "clips" and self.on_the_beat:
            raise ValueError("on_the_beat is for dances; simulated players keep time by themselves")
        return self

    def same_run(self) -> dict[str, Any]:
        """What must be equal for a run to be taken up again. (What it starts from is known by its content.)"""
        return self.model_dump(mode="json", exclude={*FREE, "start"})
