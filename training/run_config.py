# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What every run of training can be told, whatever it trains."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A part of a config; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Schedule(Section):
    """The learning rate over the steps."""

    learning_rate: float = Field(default=2e-3, gt=0.0)
    warmup_steps: int = Field(default=0, ge=0)
    kind: Literal["exponential", "cosine"] = "exponential"
    decay: float = Field(default=0.96, gt=0.0, le=1.0)
    decay_steps: int = Field(default=10_000, ge=1)


class Machine(Section):
    """Where it runs; nothing here changes what is learned, but ``precision`` does by rounding."""

    accelerator: Literal["auto", "cpu", "cuda"] = "auto"
    devices: int = Field(default=1, ge=1)
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    threads: int = Field(default=0, ge=0)
