# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A worker process as the server sees it.

Jobs run in processes, not threads, because a thread that hangs, or that is inside a library that
crashes, cannot be ended. A process can: its memory, the device's too, comes back, the server lives,
and a fresh process takes its place. The server keeps no result in its own memory: it crosses on disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import IO, Any, Final

from backend.worker import Task

TICK: Final = 0.1
"""Seconds between looks at the clock and at whether the job was cancelled."""
GRACE: Final = 2.0
"""Seconds that a cancelled job may take to notice."""
_SIGKILL: Final = 9


@dataclass(frozen=True)
class Outcome:
    """How a task ended: "finished", "failed" with an error, or "cancelled"."""

    state: str
    error: str = ""


@dataclass
class _Course:
    """How a task goes: when it began, when something was heard of it, when it was cancelled, what it does."""

    started: float = field(default_factory=monotonic)
    heard: float = field(default_factory=monotonic)
    cancelled: float | None = None
    doing: str = ""


class WorkerProcess:
    """One process, one task at a time. JSON lines go to its standard input and come from its standard output."""

    def __init__(self, patience: float, time_limit: float, environment: Mapping[str, str]) -> None:
        self._patience, self._time_limit = patience, time_limit
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from backend.worker import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._heard: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=_read, args=(self._out, self._heard), daemon=True)
        self._reader.start()

    def perform(
        self, task: Task, on_message: Callable[[dict[str, Any]], None], is_cancelled: Callable[[], bool]
    ) -> Outcome:
        """Hand over a task and wait for its end, which comes in any case. After an outcome that
        leaves the process in an unknown state it is gone: see :attr:`alive`."""
        if not self._send({"task": task.to_dict()}):
            return self._lost("")
        return self._follow(task, on_message, is_cancelled)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """End the process at once; nothing is left of it."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._in.close()
        self._reader.join(GRACE)
        self._out.close()

    def _send(self, message: dict[str, Any]) -> bool:
        try:
            self._in.write(json.dumps(message).encode() + b"\n")
            self._in.flush()
        except OSError:
            return False
        return True

    def _follow(
        self, task: Task, on_message: Callable[[dict[str, Any]], None], is_cancelled: Callable[[], bool]
    ) -> Outcome:
        course = _Course()
        while True:
            outcome = self._listen(task, course, on_message) or self._check(task, course, is_cancelled())
            if outcome is not None:
                return outcome

    def _listen(self, task: Task, course: _Course, on_message: Callable[[dict[str, Any]], None]) -> Outcome | None:
        """Hear one message, if there is one soon; the outcome if it is the last."""
        try:
            message = self._heard.get(timeout=TICK)
        except queue.Empty:
            return None
        if message is None:
            return self._lost(course.doing)
        if message["kind"] == "ready":
            course.started = course.heard = monotonic()  # the process's own beginning is not the job's
        if message["job"] != task.job:
            return None  # a thread that an earlier job left behind
        if message["kind"] in ("finished", "failed", "cancelled"):
            return self._ended(message)
        course.heard = monotonic()
        if message["kind"] == "progress":
            course.doing = message["message"]
        on_message(message)
        return None

    def _check(self, task: Task, course: _Course, is_cancelled: bool) -> Outcome | None:
        """Look at the clock; the outcome if time is up."""
        now = monotonic()
        if is_cancelled and course.cancelled is None:
            course.cancelled = now
            self._send({"cancel": task.job})
        if course.cancelled is not None and now - course.cancelled > GRACE:
            self.end()
            return Outcome("cancelled")
        silent = now - course.heard > self._patience
        if silent or now - course.started > self._time_limit:
            self.end()
            return Outcome("failed", self._late(course.doing, silent))
        return None

    def _ended(self, message: dict[str, Any]) -> Outcome:
        if message.get("spent"):
            self.end()  # memory that a library keeps for itself comes back with the process
        return Outcome(message["kind"], message.get("error", ""))

    def _late(self, doing: str, silent: bool) -> str:
        where = f" while {doing.lower()}" if doing else ""
        if silent:
            return (
                f"nothing was heard of the job for {self._patience:g} s{where}; it was ended. Choose a shorter "
                "range or other options, or start the backend with more --patience"
            )
        return (
            f"the job took more than {self._time_limit:g} s{where}; it was ended. Choose a shorter range, "
            "or start the backend with a longer --time-limit"
        )

    def _lost(self, doing: str) -> Outcome:
        """The process went away by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        status = self._process.returncode or 0
        self.end()
        where = f" while {doing.lower()}" if doing else ""
        if status == -_SIGKILL:
            return Outcome(
                "failed",
                f"the job's process was ended by the system{where}; memory probably ran short: choose a shorter "
                "range, or start the backend with fewer --workers",
            )
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return Outcome(
            "failed", f"the job's process crashed{where} ({how}): a plug-in or one of its libraries is broken"
        )


def _read(out: IO[bytes], heard: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    """Pass on what the process says, then None."""
    with contextlib.suppress(ValueError, OSError):  # a half line at its end is none
        for line in out:
            heard.put(json.loads(line))
    heard.put(None)
