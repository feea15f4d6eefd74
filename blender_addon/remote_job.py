# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job from the first byte of its sound to the last of its motion, in a thread. No bpy.

What happens is told as messages; whoever started the thread reads them when it likes.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from .client import CHUNK, Backend, BackendError
from .core.annotations import AnnotationTrack
from .core.motion import Motion, MotionError
from .core.protocol import JobRequest, JobStatus, ScoreFile

INTERVAL: Final = 0.25
"""Seconds between two looks at a job."""
GROWTH: Final = 1.5
"""How much longer what is there must be to be shown again: all showing together then costs about three times
the showing of the whole."""
SILENCE: Final = 600.0
"""Seconds that a backend may accept requests and answer none."""
ABSENCE: Final = 30.0
"""Seconds that a backend may be gone (it may be restarted, or the network may come back)."""

Answer = TypeVar("Answer")


class Stopped(Exception):
    """The job was cancelled here."""


@dataclass(frozen=True)
class Progress:
    """How far a job is: ``state`` is sending, queued, running or fetching."""

    state: str
    fraction: float
    message: str


@dataclass(frozen=True, eq=False)
class Partial:
    """The beginning of the motion, as much as there is; or all of it, as far as it is."""

    motion: Motion = field(repr=False)


@dataclass(frozen=True, eq=False)
class Result:
    """The end: a motion unless only annotations were asked for, and those that were asked for with it."""

    motion: Motion | None = field(repr=False)
    tracks: list[AnnotationTrack] = field(repr=False)
    before: tuple[Motion, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Failure:
    """The end: what went wrong, what to do, and what only those who repair it understand."""

    message: str
    hint: str = ""
    details: str = ""


Message = Progress | Partial | Result | Failure


@dataclass(frozen=True)
class RemoteJob:
    """What to ask of which backend.

    Attributes:
        request: without the hashes of sound and motion and the score's bytes, which are read from the files.
        motion: what recognisers are to watch, as bytes, or None.
        before: of the take that the motion goes into, and of what was generated again since; the backend
            remembers their results, or makes the same once more.
        silence, absence: see SILENCE and ABSENCE.
    """

    backend: Backend
    request: JobRequest
    sound: Path | None
    score: Path | None
    before: tuple[JobRequest, ...] = ()
    motion: bytes | None = field(default=None, repr=False)
    interval: float = INTERVAL
    silence: float = SILENCE
    absence: float = ABSENCE

    def run(self, say: Callable[[Message], None], cancelled: threading.Event) -> None:
        """Do all of it; ends with a Result or a Failure unless ``cancelled`` is set."""
        with suppress(Stopped):
            try:
                say(_Run(self, say, cancelled).result())
            except BackendError as error:
                say(Failure(error.message, error.hint))
            except (MotionError, OSError, MemoryError) as error:
                say(Failure(str(error) or type(error).__name__, "Try again"))


class _Run:
    def __init__(self, job: RemoteJob, say: Callable[[Message], None], cancelled: threading.Event) -> None:
        self._job, self._backend = job, job.backend
        self._say, self._cancelled = say, cancelled
        self._parts, self._shown = 0, 0
        self._so_far: Motion | None = None

    def result(self) -> Result:
        request = self._complete(self._job.request)
        known = [replace(b, audio=request.audio, score=request.score) for b in self._job.before]
        before = [self._ask(earlier).motion for earlier in known]
        return replace(self._ask(request), before=tuple(motion for motion in before if motion is not None))

    def _ask(self, request: JobRequest) -> Result:
        """One job at the backend, from its beginning to its end."""
        self._tell("sending", 1.0, "Asking the backend")
        status = self._patiently(lambda: self._backend.submit(request))
        try:
            status = self._follow(status)
            self._tell("fetching", 1.0, "Receiving the result")
            return self._fetch(status.id)
        except Stopped:
            with suppress(BackendError):
                self._backend.cancel(status.id)
            raise

    def _complete(self, request: JobRequest) -> JobRequest:
        """The request with its score in it and its sound at the backend."""
        if self._job.score is not None:
            data = base64.b64encode(self._job.score.read_bytes()).decode()
            request = replace(request, score=ScoreFile(self._job.score.name, data))
        if self._job.motion is not None:
            request = replace(request, motion=self._send_motion(self._job.motion))
        if self._job.sound is None:
            return request
        digest = self._digest(self._job.sound)
        if not self._patiently(lambda: self._backend.has_sound(digest)):
            sound = self._job.sound
            self._patiently(lambda: self._backend.put_audio(digest, sound, self._sent))
        return replace(request, audio=digest)

    def _send_motion(self, data: bytes) -> str:
        """Its hash; afterwards it is at the backend."""
        digest = hashlib.sha256(data).hexdigest()
        self._tell("sending", 0.0, "Sending the motion")
        if not self._patiently(lambda: self._backend.has_motion(digest)):
            self._patiently(lambda: self._backend.put_motion(digest, data))
        return digest

    def _digest(self, sound: Path) -> str:
        self._tell("sending", 0.0, f"Reading {sound.name}")
        digest = hashlib.sha256()
        with sound.open("rb") as file:
            while piece := file.read(CHUNK):
                self._check()
                digest.update(piece)
        return digest.hexdigest()

    def _sent(self, part: float) -> None:
        self._tell("sending", part, "Sending the sound")

    def _follow(self, status: JobStatus) -> JobStatus:
        """Look after a job until it ends well."""
        job = status.id
        while not status.ended:
            state = "queued" if status.state == "queued" else "running"
            self._tell(state, status.progress, status.message or state.capitalize())
            if status.partials > self._parts and not self._job.before:
                self._hear_partials(job, status.partials)
            self._pause(self._job.interval)
            status = self._patiently(lambda: self._backend.status(job))
        if status.state == "failed":
            raise BackendError(status.error or "the backend could not do the job and did not say why")
        if status.state == "cancelled":
            raise BackendError("the job was cancelled at the backend", "Generate again")
        return status

    def _hear_partials(self, job: str, count: int) -> None:
        """What of the motion is there already is a courtesy: without it the job goes on."""
        anew = False  # whether what was shown is shown again, and better
        with suppress(BackendError, MotionError):
            while self._parts < count:
                self._check()
                part = Motion.from_bytes(self._backend.partial(job, self._parts))
                self._parts += 1
                anew = anew or (self._so_far is not None and part.start <= self._so_far.start)
                self._so_far = part if self._so_far is None else self._so_far.continued(part)
        if self._so_far is not None and (anew or len(self._so_far) >= GROWTH * self._shown):
            self._shown = len(self._so_far)
            self._say(Partial(self._so_far))

    def _fetch(self, job: str) -> Result:
        tracks = self._patiently(lambda: self._backend.annotations(job))
        if self._job.request.recognize or self._job.request.recommender:
            return Result(None, tracks)
        data = self._patiently(lambda: self._backend.motion(job))
        self._check()
        try:
            return Result(Motion.from_bytes(data), tracks)
        except MotionError as error:
            hint = "Try again; if it stays so, install the same version of Cadenza on both sides"
            raise BackendError(f"the backend's motion cannot be used: {error}", hint) from error

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask again while the backend may come back, and say that we wait."""
        began = time.monotonic()
        while True:
            self._check()
            try:
                return ask()
            except BackendError as error:
                waited = time.monotonic() - began
                if not error.passing or waited > (self._job.silence if error.silent else self._job.absence):
                    raise
                why = "has not answered" if error.silent else "cannot be reached"
                self._say(Progress("waiting", 0.0, f"Still waiting: the backend {why} for {waited:.0f} s"))
            self._pause(4 * self._job.interval)

    def _tell(self, state: str, fraction: float, message: str) -> None:
        self._check()
        self._say(Progress(state, fraction, message))

    def _pause(self, seconds: float) -> None:
        if self._cancelled.wait(seconds):
            raise Stopped

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise Stopped
