# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job is asked to do, and what it needs of those who work for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .applying import Destination
    from .core.annotations import AnnotationTrack
    from .core.motion import Motion
    from .remote_job import Message


class Work(Protocol):
    """What a job's thread does (:class:`~.remote_job.RemoteJob`, for one)."""

    def run(self, say: Callable[[Message], None], cancelled: threading.Event) -> None:
        """Say progress, and at the end a Result or a Failure; nothing more once ``cancelled`` is set."""


class Putting(Protocol):
    """Takes in a job's annotations (:class:`~.marking.Marks`, for one)."""

    @property
    def words(self) -> str: ...

    def begun(self) -> Putting:
        """As it is when the job begins, which may have waited for others."""

    def put(self, tracks: Iterable[AnnotationTrack]) -> tuple[int, str]:
        """Put them where they belong; how many there are, and what else the animator should know."""


class Preparing(Protocol):
    """What must be done in Blender's thread before there is work (:class:`~.watch.Watch`, for one)."""

    @property
    def progress(self) -> float: ...

    @property
    def seen(self) -> Motion | None:
        """What was seen, once there is work."""

    def advance(self, deadline: float) -> Work | None:
        """Go on until ``deadline`` (of ``time.perf_counter``); the work, once it is known."""


@dataclass(frozen=True)
class Order:
    """What is to be done.

    Attributes:
        title: for people, for example "Generate".
        work: brings the motion or the annotations.
        prepare: makes the work; then ``work`` is None.
        corrected: what of the music the take is made from was corrected by hand (``corrections.asked_for``).
        over: whether the active action is pushed down when it would hide the take (it stays as it is).
        baked: whether what lies over the takes was looked at, too: then it is in the new take, and is laid below it.
        destination: where the motion goes; None when only annotations are wanted.
        provenance: joins what the motion says of itself.
        mark: where annotations are put, as markers for one; None for nowhere.
        part: what the name of a take says that is there before its time: a first part, or a preview of all.
        section: of the panel in which its progress and its end are shown.
        told: what the animator should know besides when it is done.
        then: done when the take is there, in the same step to undo.
    """

    title: str
    work: Work | None
    destination: Destination | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    mark: Putting | None = None
    prepare: Preparing | None = None
    over: bool = False
    baked: bool = False
    corrected: Mapping[str, str] = field(default_factory=dict)
    part: str = "first part"
    section: str = "generate"
    told: str = ""
    then: Callable[[], None] = lambda: None
