# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Where the networks of components run: in the process of the job, or in the one that all jobs share.

On a GPU a batch always has the component's ``batch`` rows, on a CPU, where larger batches bring nothing,
one: so the answer to a window is the same wherever it is asked and whatever is asked beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from threading import Condition
from time import monotonic
from typing import Protocol

import numpy as np

from plugins.api import Component
from plugins.api.batching import Windows, in_batches, infer_padded


class Inference(Protocol):
    """A place where networks run."""

    def device_here(self, component: Component, device: str) -> str:
        """Where a component that is to use ``device`` is loaded in this process."""
        ...

    def infer(self, component: Component, device: str, windows: Windows) -> Windows:
        """The answers of the component's network to (N, ...) windows."""
        ...


class Here:
    """In this process."""

    def device_here(self, component: Component, device: str) -> str:
        return device

    def infer(self, component: Component, device: str, windows: Windows) -> Windows:
        return in_batches(component.infer, windows, batch_size(component, device))


def batch_size(component: Component, device: str) -> int:
    return component.batch if device == "cuda" else 1


@dataclass(eq=False)
class Network:
    """A component's network, and how many windows it takes at once."""

    infer: Callable[[Windows], Windows]
    size: int


class _Request:
    """Some windows of one job; their answers come one by one, and then as a whole."""

    def __init__(self, count: int) -> None:
        self.answer: Future[Windows] = Future()
        self._rows: list[Windows | None] = [None] * count
        self._missing = count

    def fill(self, index: int, row: Windows) -> None:
        self._rows[index] = row
        self._missing -= 1
        if not self._missing and not self.answer.done():
            self.answer.set_result(np.stack([r for r in self._rows if r is not None]))

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(frozen=True, eq=False)
class _Row:
    """One window on its way to the network."""

    network: Network
    window: Windows
    request: _Request
    index: int

    def goes_with(self, other: _Row) -> bool:
        return self.network is other.network and self.window.shape == other.window.shape


class Batcher:
    """Puts windows that several jobs ask at once into the same batches.

    While one batch is worked on the next windows queue up; nobody waits for company. The oldest window
    is always in the next batch, with those after it that go through the same network in the same shape.

    Attributes:
        busy_since: when the batch began that is being worked on (monotonic seconds), or None.
    """

    def __init__(self) -> None:
        self.busy_since: float | None = None
        self._rows: deque[_Row] = deque()
        self._changed = Condition()

    def ask(self, network: Network, windows: Windows) -> Future[Windows]:
        """The answers to (N, ...) windows, to come. Any thread may ask."""
        request = _Request(len(windows))
        with self._changed:
            self._rows.extend(_Row(network, window, request, i) for i, window in enumerate(windows))
            self._changed.notify()
        return request.answer

    def work(self) -> int:
        """Wait for windows, answer one batch of them in this thread; how many there were in it."""
        with self._changed:
            self._changed.wait_for(lambda: self._rows)
            rows = self._take()
        network = rows[0].network
        self.busy_since = monotonic()
        try:
            answers = infer_padded(network.infer, np.stack([row.window for row in rows]), network.size)
        except BaseException as error:  # a stranger's code may raise anything; whoever asked is told
            for row in rows:
                row.request.fail(error)
            self._forget(rows)
            return len(rows)
        finally:
            self.busy_since = None
        for row, answer in zip(rows, answers, strict=True):
            row.request.fill(row.index, answer)
        return len(rows)

    def _take(self) -> list[_Row]:
        """The oldest window and those that go with it, off the queue."""
        first = self._rows[0]
        taken = list(islice((row for row in self._rows if row.goes_with(first)), first.network.size))
        gone = set(map(id, taken))
        self._rows = deque(row for row in self._rows if id(row) not in gone)
        return taken

    def _forget(self, failed: list[_Row]) -> None:
        """What else was asked by those who have failed."""
        requests = {id(row.request) for row in failed}
        with self._changed:
            self._rows = deque(row for row in self._rows if id(row.request) not in requests)
