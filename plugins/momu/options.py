# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What an animator can ask of every component of MoMu."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from plugins.api import Options
from plugins.momu.config import Ask
from plugins.momu.engine import Desire

STEPS: Final = 12
GUIDANCE: Final = 1.5
"""Chosen on the validation recordings: docs/momu.md."""


class SamplingOptions(Options):
    """How the diffusion goes about it."""

    steps: int = Field(STEPS, ge=2, le=100, title="Steps", description="More are slower and a little more exact")
    guidance: float = Field(
        GUIDANCE, ge=0.0, le=50.0, title="Guidance", description="How closely it follows; lower, and seeds differ more"
    )

    def ask(self) -> Ask:
        return Ask(self.steps, self.guidance)


class MovingOptions(SamplingOptions):
    """Besides, how vigorously to move."""

    intensity: float = Field(
        0.0, ge=-1.0, le=1.0, title="Intensity", description="A calmer or a more vigorous body; 0 as the music asks"
    )

    def desire(self) -> Desire:
        return Desire(intensity=self.intensity or None)
