# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a job gives to the components that work on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from plugins.api import AnnotationTrack, Motion, find_track


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
        score: the score that came with the audio, if any.
        instrument: what is played; of a score with several parts, that one is read.
        on_progress, on_partial, is_cancelled: the host's ends of the methods below.
    """

    seed: int = 0
    fps: float = 30.0
    annotations: Sequence[AnnotationTrack] = ()
    constraints: Sequence[Constraint] = ()
    score: Score | None = None
    instrument: str = "violin"
    on_progress: Callable[[float, str], None] = _ignore
    on_partial: Callable[[Motion], None] = _ignore
    is_cancelled: Callable[[], bool] = lambda: False

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell how much is done, 0 to 1, and what is being done. Also checks for cancelling."""
        self.check_cancelled()
        self.on_progress(min(max(fraction, 0.0), 1.0), message)

    def check_cancelled(self) -> None:
        """Raise :class:`Cancelled` when the job is to stop. Call it in every long loop."""
        if self.is_cancelled():
            raise Cancelled

    def partial(self, motion: Motion) -> None:
        """Show a first, unfinished result."""
        self.on_partial(motion)

    def track(self, namespace: str) -> AnnotationTrack:
        """The annotations of that namespace; an empty track when there are none."""
        return find_track(self.annotations, namespace)
