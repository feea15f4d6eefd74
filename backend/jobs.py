# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The queue of jobs: first come, first served, by as many worker processes as there are.

Jobs live in memory: after a restart they are unknown, and their number tells so (it begins with the
number of the server's run). What was finished is found again through the result cache.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from backend.problems import Problem
from backend.settings import Settings
from backend.worker import Task
from backend.worker_process import Outcome, WorkerProcess
from plugins.api import JobStatus

LOG_LINES: Final = 200
"""Lines of its log that a job keeps."""
RETRY: Final = 5.0
"""Seconds until the next try when no process could be started."""
STOPPED: Final = "the backend was stopped before the job was done; submit it again when it is back"

log = logging.getLogger("cadenza.jobs")


@dataclass(eq=False)
class Job:
    """One job as the server knows it.

    Attributes:
        task: what the worker gets; None when it is not needed any more.
        key: what its result is kept under.
        with_motion: whether there will be motion, not annotations alone.
        lines: the log's newest lines (number, level, message); numbers count from 1.
        began, ended: times of a monotonic clock, seconds.
    """

    status: JobStatus
    task: Task | None
    key: str
    generator: str
    with_motion: bool
    lines: deque[tuple[int, str, str]] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    counted: int = 0
    began: float = 0.0
    ended: float = 0.0

    def say(self, level: str, message: str) -> None:
        self.counted += 1
        self.lines.append((self.counted, level, message))
        log.log(logging.getLevelNamesMapping().get(level.upper(), logging.INFO), message, extra={"job": self.status.id})


class JobQueue:
    """Jobs by number, and the workers that do them.

    Args:
        is_done: whether the result of a job is in the cache already.
        on_end: told of each job that has ended.

    Attributes:
        environment: variables that workers get besides the server's own.
    """

    def __init__(self, settings: Settings, is_done: Callable[[Job], bool], on_end: Callable[[Job], None]) -> None:
        self._settings, self._is_done, self._on_end = settings, is_done, on_end
        self.environment: dict[str, str] = {}
        self._run = secrets.token_hex(4)
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._threads = [threading.Thread(target=self._serve, name=f"worker {i}") for i in range(settings.workers)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def new_id(self) -> str:
        return f"{self._run}-{secrets.token_hex(8)}"

    def submit(self, job: Job) -> Job:
        """Put a job at the end of the queue, or answer at once from the cache; Problem when that cannot be."""
        done = self._is_done(job)
        with self._changed:
            if self._closing:
                raise Problem(503, "stopping", "the backend is being stopped; try again when it is back")
            if not done and len(self._waiting) >= self._settings.max_waiting:
                raise Problem(503, "busy", f"{len(self._waiting)} jobs are waiting already; try again later")
            self._jobs[job.status.id] = job
            if done:
                self._finish_from_cache(job)
            else:
                job.say("info", "Waiting for a worker")
                self._waiting.append(job)
                self._changed.notify()
            self._forget()
        return job

    def get(self, number: str) -> Job:
        """A job by number; Problem that tells why there is none."""
        job = self._jobs.get(number)
        if job is not None:
            return job
        if number.startswith(f"{self._run}-"):
            why = f"only the last {self._settings.max_remembered} ended jobs are remembered"
        else:
            why = "the backend was restarted and lost its jobs, or this is the number of another backend's job"
        raise Problem(404, "unknown-job", f"there is no job {number!a}: {why}; submit it again", "id")

    def cancel(self, job: Job) -> JobStatus:
        """Cancel a job that has not ended; what it is now."""
        with self._changed:
            if not job.status.ended:
                if job in self._waiting:
                    self._waiting.remove(job)
                self._end(job, Outcome("cancelled"))
        return job.status

    @property
    def counts(self) -> tuple[int, int]:
        """How many jobs wait and how many run."""
        with self._changed:
            running = sum(job.status.state == "running" for job in self._jobs.values())
            return len(self._waiting), running

    def drain(self, seconds: float) -> None:
        """Take no more jobs, fail those that wait, give those that run some time, then fail them too."""
        with self._changed:
            self._closing = True
            while self._waiting:
                self._end(self._waiting.popleft(), Outcome("failed", STOPPED))
            self._changed.wait_for(lambda: not self._running(), seconds)
            for job in self._running():
                self._end(job, Outcome("failed", STOPPED))

    def close(self) -> None:
        """End everything now, the worker processes included."""
        self.drain(0.0)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _running(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.status.state == "running"]

    def _serve(self) -> None:
        """One thread for each worker: take a job, see it through, replace the process if it did not survive."""
        worker: WorkerProcess | None = None
        try:
            while not self._closing:
                if worker is None or not worker.alive:
                    worker = self._replaced(worker)
                elif (job := self._next()) is not None:
                    self._see_through(job, worker)
        finally:
            if worker is not None:
                worker.end()

    def _replaced(self, worker: WorkerProcess | None) -> WorkerProcess | None:
        """A fresh process; None, after a pause, when the system has none to give."""
        if worker is not None:
            worker.end()
        try:
            return WorkerProcess(self._settings.patience, self._settings.time_limit, self.environment)
        except OSError as error:
            log.error("no worker process can be started: %s", error)
            with self._changed:
                self._changed.wait_for(lambda: self._closing, RETRY)
            return None

    def _next(self) -> Job | None:
        """The next job that is not in the cache; None after a while without."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._waiting, 1.0)
            if not self._waiting:
                return None
            job = self._waiting.popleft()
            job.began = time.monotonic()
            job.status = replace(job.status, state="running", message="Starting")
            job.say("info", "Started")
        if not self._is_done(job):
            return job
        with self._changed:
            if not job.status.ended:
                self._finish_from_cache(job)
        return None

    def _see_through(self, job: Job, worker: WorkerProcess) -> None:
        """From the task to the end; a mistake of ours here costs this job, not the worker."""
        task = job.task
        if task is None:  # cancelled meanwhile
            return
        try:
            outcome = worker.perform(task, lambda message: self._hear(job, message), lambda: job.status.ended)
        except Exception as error:
            log.exception("the job could not be followed", extra={"job": task.job})
            worker.end()
            outcome = Outcome("failed", f"the backend lost the job ({type(error).__name__}); its log says more")
        with self._changed:
            if not job.status.ended:
                self._end(job, outcome)

    def _hear(self, job: Job, message: dict[str, Any]) -> None:
        with self._changed:
            if job.status.ended:
                return
            if message["kind"] == "progress":
                further = max(job.status.progress, message["progress"])  # also says no to NaN
                job.status = replace(job.status, progress=min(further, 1.0), message=message["message"])
            elif message["kind"] == "partial":
                job.status = replace(job.status, partials=job.status.partials + 1)
            elif message["kind"] == "log":
                job.say(message["level"], message["message"])

    def _finish_from_cache(self, job: Job) -> None:
        job.status = replace(job.status, cached=True)
        self._end(job, Outcome("finished"))

    def _end(self, job: Job, outcome: Outcome) -> None:
        job.ended = time.monotonic()
        progress = 1.0 if outcome.state == "finished" else job.status.progress
        message = {"finished": "Done", "cancelled": "Cancelled"}.get(outcome.state, job.status.message)
        job.status = replace(job.status, state=outcome.state, progress=progress, message=message, error=outcome.error)
        job.task = None  # scores and annotations are large
        job.say("error" if outcome.error else "info", outcome.error or message)
        self._on_end(job)
        self._changed.notify_all()

    def _forget(self) -> None:
        """Drop the oldest ended jobs beyond those that are remembered."""
        surplus = len(self._jobs) - self._settings.max_remembered
        if surplus > 0:
            ended = [number for number, job in self._jobs.items() if job.status.ended]
            for number in ended[:surplus]:
                del self._jobs[number]
