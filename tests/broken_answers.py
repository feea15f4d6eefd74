# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Recognisers, recommenders and composers that break the contract, each in one way, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from plugins.api import (
    Annotation,
    AnnotationTrack,
    Array,
    Audio,
    Component,
    JobContext,
    Library,
    Motion,
    Recommendation,
)
from tests.good_components import (
    GoodComposer,
    GoodRecognizer,
    GoodRecommender,
)


class RecognizerAnswers(GoodRecognizer):
    """Answers with what the test says."""

    answer: ClassVar[Any] = None

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        super().recognize(audio, motion, options, context)
        return self.answer  # type: ignore[no-any-return]


class OneTrack(RecognizerAnswers):
    """Not a list."""

    answer = AnnotationTrack("beat")


class Times(RecognizerAnswers):
    """Times, not tracks."""

    answer: ClassVar[Any] = [0.5, 1.0]


class OtherTrack(RecognizerAnswers):
    """Writes what it does not name."""

    answer: ClassVar[Any] = [AnnotationTrack("note")]


class Overconfident(RecognizerAnswers):
    """120 percent sure."""

    answer: ClassVar[Any] = [AnnotationTrack("beat", (Annotation(0.0, 0.0, 1, 1.2),))]


class LoudnessForDynamics(RecognizerAnswers):
    """Decibels, where there are words."""

    writes = ("dynamics",)
    answer: ClassVar[Any] = [AnnotationTrack("dynamics", (Annotation(0.0, 1.0, "mf"), Annotation(1.0, 1.0, -23.5)))]


class NumpyValues(RecognizerAnswers):
    """Values that JSON does not know."""

    answer: ClassVar[Any] = [AnnotationTrack("beat", (Annotation(0.0, 0.0, np.int64(1)),))]


class RandomTracks(GoodRecognizer):
    """Rolls dice."""

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        context.check_cancelled()
        return [AnnotationTrack("beat", (Annotation(np.random.default_rng().uniform(), 0.0, 1),))]


class DeafRecognizer(GoodRecognizer):
    """Goes on when cancelled."""

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        return [AnnotationTrack("beat")]


class ElsewhereRecommender(GoodRecommender):
    """Recommends what nobody has."""

    def recommend(self, motion: Motion, library: Library, options: Any, context: JobContext) -> list[Recommendation]:
        return [Recommendation(Path("elsewhere.wav"), 1.0)]


class WorstFirst(GoodRecommender):
    """Begins at the wrong end."""

    def recommend(self, motion: Motion, library: Library, options: Any, context: JobContext) -> list[Recommendation]:
        found = super().recommend(motion, library, options, context)
        return [replace(found[0], score=-0.1), found[0]]


class PathsOnly(GoodRecommender):
    """Returns the library."""

    def recommend(self, motion: Motion, library: Library, options: Any, context: JobContext) -> Any:
        return list(library.paths)


class DeafRecommender(GoodRecommender):
    """Goes on when cancelled."""

    def recommend(self, motion: Motion, library: Library, options: Any, context: JobContext) -> list[Recommendation]:
        return []


class FromNothing(GoodRecommender):
    """Recommends where there is nothing."""

    def recommend(self, motion: Motion, library: Library, options: Any, context: JobContext) -> list[Recommendation]:
        return super().recommend(motion, library, options, context) or [Recommendation(Path("a.wav"), 1.0)]


class WordsOfTracks(GoodRecommender):
    """Keeps words."""

    def describe(self, audio: Audio, options: Any, context: JobContext) -> Any:
        return {**super().describe(audio, options, context), "genre": "waltz"}


class ArrayAlone(GoodRecommender):
    """Keeps one array."""

    def describe(self, audio: Audio, options: Any, context: JobContext) -> Any:
        return audio.samples


class NotFinite(GoodRecommender):
    """Takes the logarithm of silence."""

    def describe(self, audio: Audio, options: Any, context: JobContext) -> Mapping[str, Array]:
        return {**super().describe(audio, options, context), "level": np.array([-np.inf])}


class Moody(GoodRecommender):
    """Hears something else each time."""

    def describe(self, audio: Audio, options: Any, context: JobContext) -> Mapping[str, Array]:
        return {**super().describe(audio, options, context), "mood": np.random.default_rng().normal(size=3)}


class DescribesOn(GoodRecommender):
    """Listens to the end when cancelled."""

    def describe(self, audio: Audio, options: Any, context: JobContext) -> Mapping[str, Array]:
        return {"loud": np.ones(1)}


class DescribingInOneString(GoodRecommender):
    """Names one option as a string."""

    describing = "weights"  # type: ignore[assignment]


class ComposerAnswers(GoodComposer):
    """Answers with samples only."""

    def compose(self, motion: Motion, options: Any, context: JobContext) -> Any:
        return super().compose(motion, options, context).samples


class SoundFromZero(GoodComposer):
    """Forgets where the motion starts."""

    def compose(self, motion: Motion, options: Any, context: JobContext) -> Audio:
        return replace(super().compose(motion, options, context), start=0.0)


class ShortSound(GoodComposer):
    """Loses a tenth of a second."""

    def compose(self, motion: Motion, options: Any, context: JobContext) -> Audio:
        sound = super().compose(motion, options, context)
        return replace(sound, samples=sound.samples[: -sound.sample_rate // 10])


class TooLoud(GoodComposer):
    """Clips."""

    def compose(self, motion: Motion, options: Any, context: JobContext) -> Audio:
        sound = super().compose(motion, options, context)
        return replace(sound, samples=sound.samples + 1.0)


class RandomSound(GoodComposer):
    """Rolls dice."""

    def compose(self, motion: Motion, options: Any, context: JobContext) -> Audio:
        sound = super().compose(motion, options, context)
        return replace(sound, samples=sound.samples * np.random.default_rng().uniform())


class ComposerChangesInput(GoodComposer):
    """Works in place."""

    def compose(self, motion: Motion, options: Any, context: JobContext) -> Audio:
        sound = super().compose(motion, options, context)
        motion.positions[...] += 1.0
        return sound


class ComposesOn(GoodComposer):
    """Goes on when cancelled."""

    def compose(self, motion: Motion, options: Any, context: JobContext) -> Audio:
        return super().compose(motion, options, replace(context, is_cancelled=lambda: False))


class MotionAlone(GoodComposer):
    """Improvises without a sound."""

    def improvise(self, seconds: float, options: Any, context: JobContext) -> Any:
        return super().improvise(seconds, options, context)[0]


class ImprovisesAtThirty(GoodComposer):
    """Always 30."""

    def improvise(self, seconds: float, options: Any, context: JobContext) -> tuple[Motion, Audio]:
        return super().improvise(seconds, options, replace(context, fps=30.0))


class ImprovisesLonger(GoodComposer):
    """Does not look at the clock."""

    def improvise(self, seconds: float, options: Any, context: JobContext) -> tuple[Motion, Audio]:
        return super().improvise(seconds + 1.0, options, context)


class ImprovisesOn(GoodComposer):
    """Goes on when cancelled."""

    def improvise(self, seconds: float, options: Any, context: JobContext) -> tuple[Motion, Audio]:
        return super().improvise(seconds, options, replace(context, is_cancelled=lambda: False))


class PostStepsInOneString(GoodComposer):
    """Forgets a comma."""

    post_steps = "ik"  # type: ignore[assignment]


ANSWERS: dict[type[Component], str] = {
    OneTrack: "a list of tracks, not AnnotationTrack",
    Times: "a list of AnnotationTrack",
    OtherTrack: r"the tracks must be \('beat',\)",
    Overconfident: "confidence must be 0 to 1",
    LoudnessForDynamics: "dynamics is one of ppp, pp, p, mp, .*, not -23.5",
    NumpyValues: "int64",
    RandomTracks: "gave other annotations",
    DeafRecognizer: "a cancelled job must stop",
    ElsewhereRecommender: "only sounds of the library",
    WorstFirst: "the best must come first",
    PathsOnly: "a list of Recommendation",
    DeafRecommender: "a cancelled job must stop",
    FromNothing: "an empty library has nothing",
    WordsOfTracks: "'genre' must be an array of numbers",
    ArrayAlone: "arrays by name, not ndarray",
    NotFinite: "'level' holds numbers that are not finite",
    Moody: "gave another description",
    DescribesOn: "a cancelled job must stop",
    ComposerAnswers: "must be an Audio, not ndarray",
    SoundFromZero: r"the motion starts at 0.5 s, the sound at 0 s",
    ShortSound: r"the sound lasts 7.4 s, not 7.5 as the motion",
    TooLoud: "full scale is 1",
    RandomSound: "gave another sound",
    ComposerChangesInput: "the given motion was changed",
    ComposesOn: "a cancelled job must stop",
    MotionAlone: "a motion and its audio, not Motion",
    ImprovisesAtThirty: "context.fps was 24, the motion has 30",
    ImprovisesLonger: r"the motion lasts 3.5 s, not 2.5",
    ImprovisesOn: "a cancelled job must stop",
    PostStepsInOneString: "post_steps must be a tuple of names, not 'ik'",
    DescribingInOneString: "describing must be a tuple of names, not 'weights'",
}
