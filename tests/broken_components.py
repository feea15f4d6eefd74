# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Components that break the contract, each in one way, and what they are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel

from plugins.api import (
    Audio,
    Cancelled,
    Component,
    Generator,
    JobContext,
    Motion,
    Skeleton,
)
from tests.broken_answers import ANSWERS
from tests.good_components import (
    BODY,
    Good,
    GoodCorrector,
    GoodFiller,
    GoodFollower,
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


class CorrectorNeedsOneString(GoodCorrector):
    needs = "beat"  # type: ignore[assignment]


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


class FollowsWithAWord(Good):
    """Says yes."""

    follows = "yes"  # type: ignore[assignment]


class FollowsNobody(Good):
    """Says that it follows."""

    follows = True


class FollowerTurnsTheBody(GoodFollower):
    """Leaves the places as they are."""

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        if context.body is not None and context.body.rotations is not None:
            context.body.rotations[:, 1] = (1.0, 0.0, 0.0, 0.0)
        return super().generate(audio, options, context)


class FollowerLeavesGaps(Good):
    """Knows no more than what was posed."""

    follows = True

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        motion = super().generate(audio, options, context)
        if context.body is not None:
            motion.positions[:, 0] = context.body.joint("head")[: len(motion)]
        return motion


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
    CorrectorNeedsOneString: "needs must be a tuple of names, not 'beat'",
    CorrectorChangesRate: "must have the frame rate, the frames and the start",
    FillerLeavesGaps: "must be filled: some of the answer is not a number",
    FillerMovesWhatIsKept: r"must be kept; a joint lies 2.0 mm away",
    FillerKnowsNoChance: "two seeds filled alike",
    FillsWithAWord: "fills must be True or False, not 'yes'",
    FollowsWithAWord: "follows must be True or False, not 'yes'",
    FollowsNobody: "two bodies gave the same motion",
    FollowerTurnsTheBody: "the body was changed",
    FollowerLeavesGaps: "must be made up: some of the answer is not a number",
    **ANSWERS,
}
