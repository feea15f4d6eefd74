# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The generator ``momu``: as many performances of a recording as there are seeds, with poses that must be kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plugins.api import Audio, ComponentError, Generator, JobContext, Motion
from plugins.api.log_mel import log_mel
from plugins.momu.checkpoint import BUNDLED
from plugins.momu.constraints import check_constraints, kept_places
from plugins.momu.engine import Engine, Made
from plugins.momu.options import MovingOptions
from plugins.momu.performing import performed
from plugins.momu.shared import loaded, ready, shown_at


class Momu(Generator):
    """Moves a violinist to the sound alone, by a diffusion model that learned from simulated performances. Each seed is
    another performance: other bowings, another way to sway. It keeps poses that are given to it."""

    name = "momu"
    label = "Diverse performer (MoMu)"
    licence = "MIT"
    checkpoint = "momu violin 1"
    devices = ("cuda", "cpu")
    instruments = ("violin",)
    skeleton = "violinist"
    post_steps = ("ik", "keep")
    streams = True

    class Options(MovingOptions):
        """What all that moves can be asked."""

    def __init__(self, weights: Path = BUNDLED) -> None:
        self._path = weights
        self._engine: Engine | None = None

    def load(self, device: str) -> None:
        self._engine = loaded(self._path, device, self.label)

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        engine = ready(self._engine)
        context.progress(0.0, "Listening")
        if not len(audio.samples):
            raise ComponentError("the sound lasts 0 seconds; choose one that has something to be heard")
        heard = log_mel(audio.samples, audio.sample_rate)
        check_constraints(context.constraints, audio, context.fps)
        kept = kept_places(context.constraints, engine.weights, len(heard), audio.start)

        def motion_of(made: Made) -> Motion:
            made_by = {"generator": self.name, "seed": context.seed}
            return performed(
                made, engine.weights, audio.duration, context.fps, made_by=made_by, start=audio.start, kept=kept
            )

        def tell(done: float, preview: Any) -> None:
            context.progress(0.05 + 0.85 * done, "Denoising")
            if shown_at(done, options.steps):
                context.partial(motion_of(preview()))

        made = engine.dance(heard, context.seed, options.ask(), options.desire(), kept=kept, tell=tell)
        motion = motion_of(made)
        context.progress(1.0, "Performance generated")
        return motion
