# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a job gives to the components that work on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from plugins.api import AnnotationTrack, Motion, find_track
from plugins.api.batching import Windows, in_batches


class Cancelled(Exception):
    """The animator cancelled the job. Let it pass through: the host expects it."""


@dataclass(frozen=True)
class Score:
    """A score file as it was given: MusicXML (.musicxml, .xml, .mxl) or MIDI (.mid, .midi)."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Constraint:
    """A stretch of motion that a generator must keep.

    Attributes:
        motion: what to keep, at its times in the recording.
        joints: which joints; empty for all.
    """

    motion: Motion
    joints: tuple[str, ...] = ()


class Network(Protocol):
    """A component with a network: see :meth:`plugins.api.Component.infer`."""

    def infer(self, windows: Windows) -> Windows: ...


def _infer_here(network: Network, windows: Windows) -> Windows:
    """Without a host: on the CPU, where larger batches bring nothing, one window after the other."""
    return in_batches(network.infer, windows, 1)


def _ignore(*_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class JobContext:
    """The job's settings, what is known so far, and the way to talk back.

    Attributes:
        seed: the only source of chance; the same seed gives the same result.
        fps: frames per second of the motion that the job asks for.
        annotations: tracks recognised so far, or corrected by the animator.
        constraints: motion to keep.
        body: what the character does, of a generator that follows it (``Generator.follows``): in seconds of the sound,
            of which it may lack the beginning and the end, with rotations, on the character's own skeleton, NaN in
            frames that nobody posed. None where nothing is followed.
        score: the score that came with the audio, if any.
        instrument: what is played; of a score with several parts, that one is read.
        on_progress, on_partial, on_infer, is_cancelled: the host's ends of the methods below.
    """

    seed: int = 0
    fps: float = 30.0
    annotations: Sequence[AnnotationTrack] = ()
    constraints: Sequence[Constraint] = ()
    body: Motion | None = None
    score: Score | None = None
    instrument: str = "violin"
    on_progress: Callable[[float, str], None] = _ignore
    on_partial: Callable[[Motion], None] = _ignore
    on_infer: Callable[[Network, Windows], Windows] = _infer_here
    is_cancelled: Callable[[], bool] = lambda: False

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell how much is done, 0 to 1, and what is being done. Also checks for cancelling."""
        self.check_cancelled()
        self.on_progress(min(max(fraction, 0.0), 1.0), message)

    def share(self, first: float, last: float) -> JobContext:
        """For one of several things to do: its progress from 0 to 1 is this one's from ``first`` to ``last``."""
        return replace(self, on_progress=lambda part, message: self.on_progress(first + (last - first) * part, message))

    def check_cancelled(self) -> None:
        """Raise :class:`Cancelled` when the job is to stop. Call it in every long loop."""
        if self.is_cancelled():
            raise Cancelled

    def partial(self, motion: Motion) -> None:
        """Show motion of a part of the music as soon as it is made; it takes the place of what was
        shown of the same seconds before. Its ``start`` says where it belongs."""
        self.on_partial(motion)

    def infer(self, network: Network, windows: Windows) -> Windows:
        """The answers of a component's network to (N, ...) windows. Always ask by this, not by the
        component's own ``infer``: a server may put the windows of several jobs into one batch."""
        self.check_cancelled()
        return self.on_infer(network, windows)

    def track(self, namespace: str) -> AnnotationTrack:
        """The annotations of that namespace; an empty track when there are none."""
        return find_track(self.annotations, namespace)
