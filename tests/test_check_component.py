# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The contract test that authors run: what keeps the contract passes, each breach is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import BaseModel, Field

from backend.plugin_manager import load_plugins
from plugins.api import (
    Annotation,
    AnnotationTrack,
    Audio,
    Cancelled,
    Component,
    Corrector,
    Generator,
    JobContext,
    Motion,
    Options,
    PostStep,
    Recognizer,
    Recommendation,
    Recommender,
    Skeleton,
    violinist,
)
from plugins.api.testing import check_component, declaration_problems
from plugins.api.testing import test_audio as sample_audio

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
    """Likes everything."""

    name, label = "good-recommender", "Good recommender"

    def recommend(
        self, motion: Motion, library: Sequence[Path], options: Any, context: JobContext
    ) -> list[Recommendation]:
        context.check_cancelled()
        assert all(path.stat().st_size > 1000 for path in library)
        return [Recommendation(path, 1.0) for path in library]


@pytest.mark.parametrize("kind", [Good, GoodStep, GoodCorrector, GoodRecognizer, GoodRecommender])
def test_a_good_component_passes(kind: type[Component]) -> None:
    check_component(kind())


@pytest.mark.parametrize("name", ["performer", "ik", "beats", "transcribe", "align"])
def test_the_built_in_components_pass(name: str) -> None:
    found = [c for by_name in load_plugins().components.values() for c in by_name.values() if c.name == name]
    assert found
    for component in found:
        check_component(component)


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

    def recommend(
        self, motion: Motion, library: Sequence[Path], options: Any, context: JobContext
    ) -> list[Recommendation]:
        return [Recommendation(Path("elsewhere.wav"), 1.0)]


class WorstFirst(GoodRecommender):
    """Begins at the wrong end."""

    def recommend(
        self, motion: Motion, library: Sequence[Path], options: Any, context: JobContext
    ) -> list[Recommendation]:
        found = super().recommend(motion, library, options, context)
        return [replace(found[0], score=0.1), found[0]]


class PathsOnly(GoodRecommender):
    """Returns the library."""

    def recommend(self, motion: Motion, library: Sequence[Path], options: Any, context: JobContext) -> Any:
        return list(library)


class DeafRecommender(GoodRecommender):
    """Goes on when cancelled."""

    def recommend(
        self, motion: Motion, library: Sequence[Path], options: Any, context: JobContext
    ) -> list[Recommendation]:
        return []


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
}


@pytest.mark.parametrize("kind", BREACHES, ids=lambda kind: kind.__name__)
def test_a_breach_is_named(kind: type[Component]) -> None:
    with pytest.raises(AssertionError, match=BREACHES[kind]):
        check_component(kind())


def test_what_is_no_component_is_told() -> None:
    with pytest.raises(AssertionError, match="not an instance of Generator, PostStep"):
        check_component(Good)  # type: ignore[arg-type]
    assert "not an instance" in declaration_problems("good")[0]


def test_the_component_is_loaded_and_hears_the_given_sound() -> None:
    seen: list[object] = []

    class Nosy(Good):
        """Looks at what it gets."""

        def load(self, device: str) -> None:
            seen.append(device)

        def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
            seen.append(audio.duration)
            return super().generate(audio, options, context)

    check_component(Nosy(), audio=sample_audio(3.0))
    assert seen[0] == "cpu"
    assert set(seen[1:]) == {3.0}
