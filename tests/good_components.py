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
