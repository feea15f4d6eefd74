# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Components that keep the contract, one of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import Field

from plugins.api import (
    Annotation,
    AnnotationTrack,
    Array,
    Audio,
    Composer,
    Corrector,
    Generator,
    JobContext,
    Library,
    Motion,
    Options,
    PostStep,
    Recognizer,
    Recommendation,
    Recommender,
    violinist,
)

BODY = violinist.violinist_skeleton()
RATE = 22050


class Good(Generator):
    """Trembles."""

    name, label = "good", "Good"
    instruments, skeleton = ("violin",), "violinist"

    class Options(Options):
        amount: float = Field(0.01, ge=0.0, le=1.0)

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        context.progress(0.5, "Trembling")
        chance = np.random.default_rng(context.seed)
        frames = round(audio.duration * context.fps)
        shift = options.amount * chance.normal(size=(frames, len(BODY), 3))
        return Motion(BODY, context.fps, BODY.rest_positions + shift, start=audio.start)


class GoodFollower(Good):
    """Trembles where the head of a body is."""

    follows = True

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        motion = super().generate(audio, options, context)
        if context.body is None:
            return motion
        shift = np.nanmean(context.body.joint("head"), axis=0)
        return replace(motion, positions=motion.positions + shift)


class GoodStep(PostStep):
    """Lifts."""

    name, label = "good-step", "Good step"
    reads, writes = "positions", "positions"

    def apply(self, motion: Motion, options: Any, context: JobContext) -> Motion:
        context.check_cancelled()
        return replace(motion, positions=motion.positions + 0.1)


class GoodCorrector(Corrector):
    """Lifts."""

    name, label = "good-corrector", "Good corrector"

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        context.check_cancelled()
        return replace(motion, positions=motion.positions + 0.1)


class GoodFiller(GoodCorrector):
    """Fills with straight lines and a swing of chance between two poses; shows the lines first."""

    name, label = "good-filler", "Good filler"
    fills = True

    class Options(Options):
        variation: float = Field(0.5, ge=0.0, le=1.0)

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        context.progress(0.0, "Filling")
        posed = np.flatnonzero(np.isfinite(motion.positions).all(axis=(1, 2)))
        frames = np.arange(len(motion))
        after = posed[np.minimum(np.searchsorted(posed, frames), len(posed) - 1)]
        before = posed[np.maximum(np.searchsorted(posed, frames, side="right") - 1, 0)]
        part = ((frames - before) / np.maximum(after - before, 1))[:, None, None]
        lines = motion.positions[before] * (1 - part) + motion.positions[after] * part
        context.partial(replace(motion, positions=lines))
        size = np.random.default_rng(context.seed).uniform(0.01, 0.03)
        return replace(motion, positions=lines + size * np.sin(np.pi * part))


class GoodRecognizer(Recognizer):
    """Hears one beat."""

    name, label = "good-recognizer", "Good recogniser"
    writes = ("beat",)

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        context.check_cancelled()
        return [AnnotationTrack("beat", (Annotation(0.5, 0.0, 1),))]


class GoodRecommender(Recommender):
    """Likes what is loud."""

    name, label = "good-recommender", "Good recommender"

    def describe(self, audio: Audio, options: Any, context: JobContext) -> Mapping[str, Array]:
        context.check_cancelled()
        return {"loud": np.abs(audio.samples).max(initial=0.0, keepdims=True), "samples": audio.samples[:100]}

    def recommend(self, motion: Motion, library: Library, options: Any, context: JobContext) -> list[Recommendation]:
        context.check_cancelled()
        assert len(library.durations) == len(library.paths)
        loud = library.matrix("loud")[:, 0]
        return [Recommendation(library.paths[i], float(loud[i])) for i in np.argsort(-loud)]


class GoodComposer(Composer):
    """Hums as fast as the body moves."""

    name, label = "good-composer", "Good composer"
    skeleton = "violinist"

    class Options(Options):
        pitch: float = Field(220.0, ge=20.0, le=2000.0)

    def compose(self, motion: Motion, options: Any, context: JobContext) -> Audio:
        context.progress(0.5, "Humming")
        times = np.arange(round(motion.duration * RATE)) / RATE
        steps = np.linalg.norm(np.diff(motion.positions, axis=0, prepend=motion.positions[:1]), axis=2).mean(axis=1)
        loud = np.interp(motion.start + times, motion.times, np.tanh(steps * motion.fps))
        phase = np.random.default_rng(context.seed).uniform(0.0, 2 * np.pi)
        sound = 0.5 * loud * np.sin(2 * np.pi * options.pitch * times + phase)
        return Audio(sound.astype(np.float32), RATE, motion.start)

    def improvise(self, seconds: float, options: Any, context: JobContext) -> tuple[Motion, Audio]:
        context.progress(0.2, "Swaying")
        times = np.arange(round(seconds * context.fps)) / context.fps
        sway = np.random.default_rng(context.seed).uniform(0.02, 0.1) * np.sin(2 * np.pi * times)
        positions = np.repeat(BODY.rest_positions[None], len(times), axis=0)
        positions[..., 0] += sway[:, None]
        motion = Motion(BODY, context.fps, positions)
        return motion, self.compose(motion, options, context)
