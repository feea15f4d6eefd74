# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A worker process as the server sees it.

Jobs run in processes, not threads, because a thread that hangs, or that is inside a library that
crashes, cannot be ended. A process can: its memory, the device's too, comes back, the server lives,
and a fresh process takes its place. The server keeps no result in its own memory: it crosses on disk.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any, Final

from backend.worker import Task, work

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


class WorkerProcess:
    """One process, one task at a time."""

    def __init__(self, patience: float, time_limit: float) -> None:
        self._patience, self._time_limit = patience, time_limit
        context = multiprocessing.get_context("spawn")
        self._cancelled: Any = context.RawValue("b", 0)  # without a lock: a killed process could hold it for ever
        self._connection, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=work, args=(theirs, self._cancelled), name="cadenza-worker", daemon=True
        )
        self._process.start()
        theirs.close()
        self._gone = False

    def perform(
        self, task: Task, on_message: Callable[[dict[str, Any]], None], is_cancelled: Callable[[], bool]
    ) -> Outcome:
        """Hand over a task and wait for its end, which comes in any case. After an outcome that
        leaves the process in an unknown state it is gone: see :attr:`alive`."""
        self._cancelled.value = 0
        try:
            self._connection.send_bytes(task.to_bytes())
        except OSError:
            return self._lost("")
        return self._follow(on_message, is_cancelled)

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def end(self) -> None:
        """End the process at once; nothing is left of it."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._connection.close()

    def _follow(self, on_message: Callable[[dict[str, Any]], None], is_cancelled: Callable[[], bool]) -> Outcome:
        started = heard = time.monotonic()
        asked: float | None = None
        doing = ""
        while True:
            message = self._receive()
            now = time.monotonic()
            if message is not None:
                heard = now
                doing = message.get("message", doing) if message["kind"] == "progress" else doing
                if message["kind"] in ("finished", "failed", "cancelled"):
                    return self._ended(message)
                on_message(message)
            elif self._gone or (not self._process.is_alive() and not self._connection.poll()):
                return self._lost(doing)
            if asked is None and is_cancelled():
                asked, self._cancelled.value = now, 1
            if asked is not None and now - asked > GRACE:
                self.end()
                return Outcome("cancelled")
            if now - heard > self._patience or now - started > self._time_limit:
                self.end()
                return Outcome("failed", self._late(doing, now - heard > self._patience))

    def _receive(self) -> dict[str, Any] | None:
        try:
            if not self._connection.poll(TICK):
                return None
            message: dict[str, Any] = json.loads(self._connection.recv_bytes())
            return message
        except (EOFError, OSError):
            self._gone = True
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
        self._process.join(GRACE)
        status = self._process.exitcode or 0
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
