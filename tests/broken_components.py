# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Components that break the contract, each in one way, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel

from plugins.api import (
    Annotation,
    AnnotationTrack,
    Array,
    Audio,
    Cancelled,
    Component,
    Generator,
    JobContext,
    Library,
    Motion,
    Recommendation,
    Skeleton,
)
from tests.good_components import (
    BODY,
    Good,
    GoodComposer,
    GoodCorrector,
    GoodFiller,
    GoodRecognizer,
    GoodRecommender,
    GoodStep,
)


class NoDocstring(Good):
    __doc__ = None


class BadName(Good):
    name = "Very Good"


class NoLabel(Good):
    label = " "


class NoSkeleton(Generator):
    """Nothing."""

    name, label = "no-skeleton", "No skeleton"
    instruments = ("violin",)
    generate = Good.generate


class NamesInOneString(Good):
    """Forgets a comma."""

    needs = "beat"  # type: ignore[assignment]


class BadDevice(Good):
    """Runs on a tuba."""

    devices = ("tuba",)


class OptionsAreNoModel(Good):
    """A dict will not do."""

    Options: ClassVar = {"amount": 1.0}  # type: ignore[assignment,misc]


class OptionWithoutDefault(Good):
    """Asks for a number."""

    class Options(BaseModel):  # type: ignore[assignment]
        amount: float


class ArraysForMotion(Good):
    """Returns positions only."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Any:
        return super().generate(audio, options, context).positions


class OwnFrameRate(Good):
    """Always 30."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        return super().generate(audio, options, replace(context, fps=30.0))


class TooShort(Good):
    """Loses a tenth of a second."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        motion = super().generate(audio, options, context)
        return replace(motion, positions=motion.positions[: -len(motion) // 20])


class Empty(Good):
    """No frames."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        return replace(super().generate(audio, options, context), positions=np.zeros((0, len(BODY), 3)))


class FromZero(Good):
    """Forgets where the sound starts."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        return replace(super().generate(audio, options, context), start=0.0)


class OtherSkeleton(Good):
    """Moves somebody else."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        motion = super().generate(audio, options, context)
        return replace(motion, skeleton=Skeleton("other", BODY.joints, BODY.parents, BODY.offsets, BODY.roles))


class Random(Good):
    """Rolls dice."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        motion = super().generate(audio, options, context)
        return replace(motion, positions=motion.positions + np.random.default_rng().normal())


class RandomRotations(Good):
    """Rolls dice for the rotations."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        motion = super().generate(audio, options, context)
        return replace(motion, rotations=np.random.default_rng().normal(size=(len(motion), len(BODY), 4)))


class Deaf(Good):
    """Goes on when cancelled."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        return super().generate(audio, options, replace(context, is_cancelled=lambda: False))


class Stubborn(Good):
    """Catches what it should let pass."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        try:
            return super().generate(audio, options, context)
        except Cancelled:
            return super().generate(audio, options, replace(context, is_cancelled=lambda: False))


class ArrayInProvenance(Good):
    """Remembers too much."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        return replace(super().generate(audio, options, context), provenance={"noise": np.zeros(3)})


class StepChangesInput(GoodStep):
    """Works in place."""

    def apply(self, motion: Motion, options: Any, context: JobContext) -> Motion:
        made = super().apply(motion, options, context)
        motion.positions[...] += 1.0
        return made


class StepDropsFrames(GoodStep):
    """Cuts the end."""

    def apply(self, motion: Motion, options: Any, context: JobContext) -> Motion:
        return replace(super().apply(motion, options, context), positions=motion.positions[:-1])


class StepIsDeaf(GoodStep):
    """Goes on when cancelled."""

    def apply(self, motion: Motion, options: Any, context: JobContext) -> Motion:
        return motion


class CorrectorChangesRate(GoodCorrector):
    """Another frame rate."""

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        return replace(super().correct(motion, audio, options, context), fps=60.0)


class FillerLeavesGaps(GoodFiller):
    """Fills only the beginning."""

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        found = super().correct(motion, audio, options, context)
        return replace(found, positions=np.where(motion.times[:, None, None] < 1.0, found.positions, motion.positions))


class FillerMovesWhatIsKept(GoodFiller):
    """Lifts everything by two millimetres."""

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        found = super().correct(motion, audio, options, context)
        return replace(found, positions=found.positions + np.float32(0.002 / np.sqrt(3)))


class FillerKnowsNoChance(GoodFiller):
    """Fills alike for every seed."""

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        return super().correct(motion, audio, options, replace(context, seed=1))


class FillsWithAWord(GoodCorrector):
    """Says yes."""

    fills = "yes"  # type: ignore[assignment]


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


BREACHES: dict[type[Component], str] = {
    NoDocstring: "needs a docstring",
    BadName: "not 'Very Good'",
    NoLabel: "label must say",
    NoSkeleton: "skeleton is missing",
    NamesInOneString: "needs must be a tuple of names, not 'beat'",
    BadDevice: r"devices must be 'cpu' and/or 'cuda', not \('tuba',\)",
    OptionsAreNoModel: "Options must be a nested pydantic model",
    OptionWithoutDefault: "every option needs a default",
    ArraysForMotion: "must be a Motion, not ndarray",
    OwnFrameRate: "context.fps was 24, the motion has 30",
    TooShort: "not as long as the audio",
    Empty: "no frames",
    FromZero: r"the audio starts at 0.5 s, the motion at 0 s: give it start=audio.start",
    OtherSkeleton: "the class moves 'violinist', the motion 'other'",
    Random: "the same seed gave another motion",
    RandomRotations: "the same seed gave another motion",
    Deaf: "a cancelled job must stop",
    Stubborn: "a cancelled job must stop",
    ArrayInProvenance: "provenance must be plain JSON",
    StepChangesInput: "the given motion was changed",
    StepDropsFrames: "must have the frame rate, the frames and the start",
    StepIsDeaf: "a cancelled job must stop",
    CorrectorChangesRate: "must have the frame rate, the frames and the start",
    FillerLeavesGaps: "must be filled: some of the answer is not a number",
    FillerMovesWhatIsKept: r"must be kept; a joint lies 2.0 mm away",
    FillerKnowsNoChance: "two seeds filled alike",
    FillsWithAWord: "fills must be True or False, not 'yes'",
    OneTrack: "a list of tracks, not AnnotationTrack",
    Times: "a list of AnnotationTrack",
    OtherTrack: r"the tracks must be \('beat',\)",
    Overconfident: "confidence must be 0 to 1",
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
