# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The composer ``momu``: music to a violinist's motion, and both from nothing but a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import Field

from plugins.api import Audio, ComponentError, Composer, JobContext, Motion
from plugins.api.log_mel import FPS, SAMPLE_RATE
from plugins.api.playing_joints import own_frame, seen_in
from plugins.api.retimed import filled
from plugins.momu.checkpoint import BUNDLED
from plugins.momu.engine import Engine
from plugins.momu.fill import as_body
from plugins.momu.options import SamplingOptions
from plugins.momu.performing import performed
from plugins.momu.shared import loaded, ready
from plugins.momu.vocoder import sound

GUIDANCE: Final = 3.0
"""Sounds need more of it than motion does: docs/momu.md."""
LONGEST: Final = 600.0
"""Seconds."""


class MomuComposer(Composer):
    """Music that fits how a violinist moves, or a performance with its music out of nothing but the seed. It is a
    sketch: when the bow turns and how fast it goes is heard; melodies are chance."""

    name, label = "momu", "Music to motion (MoMu)"
    licence = "MIT"
    checkpoint = "momu violin 1"
    devices = ("cuda", "cpu")
    skeleton = "violinist"
    post_steps = ("ik",)

    class Options(SamplingOptions):
        guidance: float = Field(
            GUIDANCE, ge=0.0, le=50.0, title="Guidance", description="How closely the sound follows; 0 does not look"
        )
        crossing: float = Field(
            0.5,
            ge=0.0,
            le=1.0,
            title="Crossing",
            description="Part of the noise below which motion and music listen to each other (improvising only)",
        )

    def __init__(self, weights: Path = BUNDLED) -> None:
        self._path = weights
        self._engine: Engine | None = None

    def load(self, device: str) -> None:
        self._engine = loaded(self._path, device, self.label)

    def compose(self, motion: Motion, options: Any, context: JobContext) -> Audio:
        engine = ready(self._engine)
        context.progress(0.0, "Looking at the motion")
        if len(motion) < 2:
            raise ComponentError("the motion has fewer than two frames; there is nothing to be heard in it")
        if motion.duration > LONGEST:
            raise ComponentError(f"the motion lasts {motion.duration:.0f} s; compose at most {LONGEST:g} s at once")
        body = engine.weights.body
        assert body is not None
        count = max(1, round(len(motion) / motion.fps * FPS))
        times = motion.start + np.minimum(np.arange(count) / FPS, (len(motion) - 1) / motion.fps)
        places, there = as_body(filled(motion, times), body, own_frame(seen_in(motion)))
        _check_held(there, body.joints)
        heard = engine.compose(
            places, context.seed, options.ask(), lambda done: context.progress(0.6 * done, "Denoising")
        )
        return self._sound(heard, len(motion) / motion.fps, motion.start, context)

    def improvise(self, seconds: float, options: Any, context: JobContext) -> tuple[Motion, Audio]:
        engine = ready(self._engine)
        context.progress(0.0, "Improvising")
        if not 0.0 < seconds <= LONGEST:
            raise ComponentError(f"{seconds:g} seconds cannot be improvised; give more than 0 and at most {LONGEST:g}")
        made, heard = engine.improvise(
            max(2, round(seconds * FPS)),
            context.seed,
            options.ask(),
            options.crossing,
            lambda done: context.progress(0.6 * done, "Improvising"),
        )
        made_by = {"composer": self.name, "seed": context.seed}
        motion = performed(made, engine.weights, seconds, context.fps, made_by=made_by)
        return motion, self._sound(heard, seconds, 0.0, context)

    def _sound(self, heard: Any, seconds: float, start: float, context: JobContext) -> Audio:
        def tell(done: float) -> None:
            context.progress(0.6 + 0.4 * done, "Making the sound")

        samples = sound(heard, context.seed, on_iteration=tell)
        wanted = max(1, round(seconds * SAMPLE_RATE))
        fitted = np.pad(samples[:wanted], (0, max(0, wanted - len(samples))))
        return Audio(fitted.astype(np.float32), SAMPLE_RATE, start)


def _check_held(there: Any, joints: tuple[str, ...]) -> None:
    lacking = [j for j in ("violin_end", "violin_scroll", "bow_frog", "bow_tip") if not there[joints.index(j)]]
    if lacking:
        raise ComponentError(
            f"the motion has no {', '.join(j.replace('_', ' ') for j in lacking)}; music is composed to a violinist "
            "who holds violin and bow"
        )
