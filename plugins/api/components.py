# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Base classes of the six kinds of component.

A component is described by class attributes and a docstring (which the animator
reads), declares its options as a nested pydantic model, and does its work in one
method. Heavy libraries are imported inside ``load()`` or that method.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from plugins.api import AnnotationTrack, Array, Audio, Motion
from plugins.api.batching import Windows
from plugins.api.context import JobContext


class ComponentError(Exception):
    """A component cannot do what was asked; the message tells the animator what to do."""


class Options(BaseModel):
    """Base of a component's options; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Component(ABC):
    """What all components have.

    Class attributes:
        name: stable identifier, saved in .blend files: lower case, digits, "_" and "-".
        label: what the animator sees.
        licence: licence of the weights, or "no weights".
        checkpoint: which weights they are (name and version, or a hash): results are kept by it.
        devices: where it can run, best first: "cuda", "cpu".
        batch: windows that its network takes at once on a GPU, where it has one (see ``infer``).
        Options: nested model of the options.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    licence: ClassVar[str] = "no weights"
    checkpoint: ClassVar[str] = ""
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    batch: ClassVar[int] = 16

    class Options(Options):
        """No options."""

    def load(self, device: str) -> None:  # noqa: B027 (optional to override)
        """Load weights and heavy libraries; called once, before the first job."""

    def infer(self, windows: Windows) -> Windows:
        """One pass of the component's network: (B, ...) float32 in, (B, ...) out, the answer to a row
        by that row alone. For components that ask ``context.infer(self, windows)`` while they work;
        it may run in another process than the job, so that it must use nothing but what ``load`` made."""
        raise NotImplementedError(f"{self.name} has no network to share")


class Generator(Component):
    """Audio to motion.

    Class attributes:
        instruments: what it plays, for example ("violin",).
        skeleton: name of the registered skeleton that it moves.
        needs: namespaces of annotations that must be there before it runs.
        post_steps: names of the post-steps that complete its motion, in order.
        follows: whether it can play with the body of a character that moves already (``context.body``), so that only
            arms and hands are its own. An option ``variation`` says how much of the body it makes up all the same.
        streams: whether it shows its motion part by part while it plays (``context.partial``); of one
            that does not, the host works out a beginning first.
    """

    instruments: ClassVar[tuple[str, ...]]
    skeleton: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    post_steps: ClassVar[tuple[str, ...]] = ()
    follows: ClassVar[bool] = False
    streams: ClassVar[bool] = False

    @abstractmethod
    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        """Motion at ``context.fps`` from ``audio.start`` to ``audio.end``.

        Joints that a post-step finds may be NaN. Raises ComponentError.
        """


class PostStep(Component):
    """Motion to motion, after a generator.

    Class attributes:
        reads, writes: what it looks at and what it changes, in words for people.
    """

    reads: ClassVar[str]
    writes: ClassVar[str]

    @abstractmethod
    def apply(self, motion: Motion, options: Any, context: JobContext) -> Motion:
        """The changed motion; the given one is left as it is."""


class Corrector(Component):
    """Sparse or noisy motion, and the audio it belongs to, to clean motion.

    Class attributes:
        fills: whether it makes up frames that nobody posed (no joint of theirs is given) and varies what is given, from
            ``context.seed``, rather than repairing it.
        needs: namespaces of annotations that must be there before it runs.
        retimes: whether it moves poses to other times. It is then given what lies between an animator's key poses as it
            is, and told to keep only frames that were marked.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    fills: ClassVar[bool] = False
    retimes: ClassVar[bool] = False

    @abstractmethod
    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        """The corrected motion over the same seconds, at its own frame rate or at ``context.fps``; the given one is
        left as it is. What is missing in it is NaN; ``context.constraints`` are frames to keep.

        One that works in rounds may show how far it is, as a motion of the same seconds (``context.partial``).
        """


class Recognizer(Component):
    """Audio and/or motion to annotations.

    Class attributes:
        writes: namespaces of the tracks that it answers with.
        reads: namespaces that must be in the context before it runs.
        needs_score: whether it works only with ``context.score``.
        inputs: "sound", "motion" or both: any one of them is enough to work from.
        rank: of several that write the same, the one of the highest rank is asked (those that need a score first).
    """

    writes: ClassVar[tuple[str, ...]]
    reads: ClassVar[tuple[str, ...]] = ()
    needs_score: ClassVar[bool] = False
    inputs: ClassVar[tuple[str, ...]] = ("sound",)
    rank: ClassVar[int] = 0

    @abstractmethod
    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        """One track for each namespace in ``writes``; times count in the recording."""


@dataclass(frozen=True)
class Recommendation:
    """A piece of music that fits a motion.

    Attributes:
        path: the sound file.
        score: higher fits better.
        offset: where in the sound the motion's frame 0 falls, seconds of the sound at its own speed; before its
            beginning when negative.
        tempo_ratio: how much faster to play it: ``t`` seconds of the motion later it has come to
            ``offset + tempo_ratio * t``.
        reason: why, for the animator.
    """

    path: Path
    score: float
    offset: float = 0.0
    tempo_ratio: float = 1.0
    reason: str = ""


class Library(Protocol):
    """Tracks that the host has listened to, and what :meth:`Recommender.describe` said of each.

    Attributes:
        paths: the sound files, N of them.
        durations: (N,) seconds.
    """

    @property
    def paths(self) -> Sequence[Path]: ...

    @property
    def durations(self) -> Array: ...

    def matrix(self, name: str) -> Array:
        """(N, ...) an array that has the same shape for every track, of all tracks at once."""
        ...

    def arrays(self, index: int) -> Mapping[str, Array]:
        """All that was said of one track; read when it is asked for."""
        ...


class Recommender(Component):
    """Motion to music, in two steps. Listening takes long and is done once for each track, by ``describe``; what it
    says is kept by the component's name, ``checkpoint`` and ``describing``. ``recommend`` is fast, and hears nothing.

    Class attributes:
        describing: names of the options that change what ``describe`` says; tracks are described again for them.
    """

    describing: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def describe(self, audio: Audio, options: Any, context: JobContext) -> Mapping[str, Array]:
        """What is kept of a track: arrays of numbers by name, the same names for every track.

        Those that have the same shape for every track can be had of all tracks at once (``Library.matrix``). Raises
        ComponentError when the track cannot be recommended, which the library lists with the reason.
        """

    @abstractmethod
    def recommend(self, motion: Motion, library: Library, options: Any, context: JobContext) -> list[Recommendation]:
        """The best of the library, best first; an empty list for an empty library. Raises ComponentError."""


class Composer(Component):
    """Motion to music, and motion and music together from nothing.

    Class attributes:
        skeleton: name of the registered skeleton that it moves when it improvises.
        post_steps: names of the post-steps that complete the motion that it improvises, in order.
    """

    skeleton: ClassVar[str]
    post_steps: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def compose(self, motion: Motion, options: Any, context: JobContext) -> Audio:
        """Sound as long as the motion, from ``motion.start``; of any motion that has the joints, which is left as
        it is. Raises ComponentError, which names what is missing."""

    @abstractmethod
    def improvise(self, seconds: float, options: Any, context: JobContext) -> tuple[Motion, Audio]:
        """Motion at ``context.fps`` and its sound, both so many seconds long from second 0, from nothing but
        ``context.seed``. Joints that a post-step finds may be NaN. Raises ComponentError."""
