# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The inside of a worker process: takes one task after the other from the server and tells how it goes.

Standard input and output carry JSON lines to and from the server. What plug-ins print goes to
standard error, and what they start reads nothing of ours.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from backend.answers import ComponentFailed
from backend.chain import Job
from backend.correction import correct
from backend.device import Device
from backend.inference import Inference
from backend.messages import JobBody
from backend.motion_file import read_body, read_motion, stand_in
from backend.out_of_memory import is_out_of_memory
from backend.pipeline import recognize, run
from backend.plugin_manager import Registry, load_plugins
from backend.recommending import recommended
from backend.results import Results
from backend.shared_device import inference_of
from backend.sources import sound_of
from plugins.api import AnnotationError, Audio, AudioError, Cancelled, ComponentError, Motion, MotionError

_MEMORY: Final = (
    "there was not enough memory while {doing}; choose a shorter range, or start the backend with fewer "
    "--workers or with --device cpu"
)
PACE: Final = 0.05
"""Seconds between two reports of progress: more often nobody reads them."""

log = logging.getLogger("cadenza.worker")


@dataclass(frozen=True)
class Task:
    """A job as a worker gets it.

    Attributes:
        body: the client's request, checked.
        audio, motion: paths of the sound and of the motion.
        key: what to keep the result under, in ``results`` (a folder of ``results_limit`` bytes).
        partials: folder for the partial results.
    """

    job: str
    body: dict[str, Any]
    audio: str | None
    device: Device
    max_seconds: float
    key: str
    results: str
    results_limit: int
    partials: str
    motion: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Reporter:
    """Messages to the server about one job, from any thread."""

    def __init__(self, out: IO[bytes], job: str = "", lock: threading.Lock | None = None) -> None:
        self._out, self._job = out, job
        self._lock = lock or threading.Lock()
        self._last = 0.0
        self.doing = ""

    def about(self, job: str) -> Reporter:
        return Reporter(self._out, job, self._lock)

    def send(self, kind: str, **fields: Any) -> None:
        line = json.dumps({"kind": kind, "job": self._job, **fields}).encode() + b"\n"
        with self._lock:
            self._out.write(line)
            self._out.flush()

    def progress(self, fraction: float, message: str) -> None:
        now = time.monotonic()
        if message == self.doing and now - self._last < PACE:
            return
        self._last, self.doing = now, str(message)
        self.send("progress", progress=float(fraction), message=self.doing)


class Inbox:
    """What the server says: tasks, and which of them is cancelled. When the server is gone, so is the process."""

    def __init__(self, lines: IO[bytes]) -> None:
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._cancelled = ""
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()

    def next(self) -> Task:
        return self._tasks.get()

    def is_cancelled(self, task: Task) -> bool:
        return self._cancelled == task.job

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            message = json.loads(line)
            if "cancel" in message:
                self._cancelled = message["cancel"]
            else:
                self._tasks.put(Task(**message["task"]))
        os._exit(1)


class _LogToServer(logging.Handler):
    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self.reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        self.reporter.send("log", level=record.levelname.lower(), message=self.format(record))


def main() -> None:
    """Work on tasks until the server is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the server decides
    if hasattr(os, "nice"):
        os.nice(5)  # the server's answers come before the work
    inbox, reporter = Inbox(_private(0, os.O_RDONLY)), Reporter(_private(1, os.O_WRONLY))
    handler = _LogToServer(reporter)
    logging.captureWarnings(True)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler])
    registry = load_plugins()
    inference = inference_of(registry)
    reporter.send("ready")
    while True:
        task = inbox.next()
        handler.reporter = reporter.about(task.job)
        _answer(registry, inference, task, handler.reporter, partial(inbox.is_cancelled, task))


def _private(number: int, flags: int) -> IO[bytes]:
    """Standard input or output for us alone; in its place is nothing, or standard error."""
    ours = os.dup(number)
    os.dup2(2 if number else os.open(os.devnull, flags), number)
    return os.fdopen(ours, "wb" if number else "rb")


def _answer(
    registry: Registry, inference: Inference, task: Task, reporter: Reporter, is_cancelled: Callable[[], bool]
) -> None:
    """Work on one task; whatever happens becomes its last message."""
    try:
        _perform(registry, inference, task, reporter, is_cancelled)
    except Cancelled:
        reporter.send("cancelled")
    except ComponentFailed as error:
        log.error("job %s", task.job, exc_info=error)
        reporter.send("failed", error=str(error))
    except (AnnotationError, AudioError, ComponentError, MotionError) as error:
        reporter.send("failed", error=str(error))
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything at all
        doing = reporter.doing.lower() or "starting"
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            reporter.send("failed", error="the backend's disk is full; make room there and submit the job again")
        elif is_out_of_memory(error):
            reporter.send("failed", error=_MEMORY.format(doing=doing), spent=True)
        else:
            log.error("job %s", task.job, exc_info=error)
            reporter.send("failed", error=f"a plug-in failed while {doing}: {type(error).__name__}: {error}")
    else:
        reporter.send("finished")


def _perform(
    registry: Registry, inference: Inference, task: Task, reporter: Reporter, is_cancelled: Callable[[], bool]
) -> None:
    body = JobBody.model_validate(task.body)
    job = body.to_job(task.device)
    reporter.progress(0.0, "Reading the sound")
    job, audio = _inputs(task, body, job)
    results = Results(Path(task.results), task.results_limit)
    if body.recommender:
        assert job.motion is not None
        tracks = recommended(registry, body, job.motion, task.device, reporter.progress, is_cancelled)
        results.put(task.key, None, [tracks])
        return
    shown = _Shown(Path(task.partials), reporter)
    if body.corrector:
        repaired = correct(
            registry,
            job,
            audio,
            on_progress=reporter.progress,
            on_partial=lambda motion: None if is_cancelled() else shown.show(motion),
            inference=inference,
            is_cancelled=is_cancelled,
        )
        results.put(task.key, repaired.motion, repaired.annotations)
        return
    if body.recognize:
        found = recognize(
            registry,
            job,
            audio,
            body.recognize,
            on_progress=reporter.progress,
            inference=inference,
            is_cancelled=is_cancelled,
        )
        results.put(task.key, None, found)
        return
    done = run(
        registry,
        job,
        audio,
        on_progress=reporter.progress,
        on_partial=lambda motion: None if is_cancelled() else shown.show(motion),
        inference=inference,
        is_cancelled=is_cancelled,
    )
    for warning in done.motion.provenance.get("warnings", ()):
        reporter.send("log", level="warning", message=str(warning))
    results.put(task.key, done.motion, done.annotations)


def _inputs(task: Task, body: JobBody, job: Job) -> tuple[Job, Audio]:
    """The job with its motion, and what it listens to."""
    recording, watched = (Path(path) if path else None for path in (task.audio, task.motion))
    name = body.audio_name or "the sound"
    for path, what in ((recording, name), (watched, "the motion")):
        if path is not None and not path.exists():
            raise ComponentError(f"{what} had to make room for others before the job began; send it again")
    job = replace(job, silent=recording is None)
    if watched is not None:
        motion = motion_of(body, watched, task.max_seconds)
        job = replace(job, motion=motion)
        if recording is None and job.score is None:
            return job, stand_in(motion)
    of = {"name": name, "instrument": job.instrument}
    # What repairs also asks whether the sound lies elsewhere: it hears all of it.
    start, end = (None, None) if body.corrector else (body.start, body.end)
    return job, sound_of(recording, job.score, start, end, longest=task.max_seconds, **of)


def motion_of(body: JobBody, path: Path, longest: float) -> Motion:
    """What a job watches, repairs, finds music for, or whose body it follows; raises as ``read_motion`` does."""
    if body.corrector or not body.gaps:
        return read_motion(path, body.start, body.end, name="the motion", longest=longest, gaps=body.gaps)
    return read_body(path, body.start, body.end, name="the motion", longest=longest)


class _Shown:
    """The job's partial results, each a file where the server finds it, whole."""

    def __init__(self, folder: Path, reporter: Reporter) -> None:
        self._folder, self._reporter, self._count = folder, reporter, 0

    def show(self, motion: Motion) -> None:
        self._folder.mkdir(exist_ok=True)
        path = partial_path(self._folder, self._count)
        draft = path.with_suffix(".draft")
        draft.write_bytes(motion.to_bytes())
        draft.replace(path)
        self._count += 1
        self._reporter.send("partial")


def partial_path(folder: Path, index: int) -> Path:
    return folder / f"{index}.npz"
