# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Ctrl-C and a request to end, as one exception that tidies up on its way out."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """The user or the system ends the program. No Exception: nobody catches it by accident."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


_asked: list[int] = []
"""Signals that came: an exception that begins inside a callback of a library may be lost there."""


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Inside, a signal raises Stopped. Signals that were ignored (a job in the background) stay ignored."""
    try:
        with _handled(_stop):
            yield
    except Exception:
        check_stopped()  # a library may turn the exception into one of its own
        raise
    finally:
        _asked.clear()


@contextmanager
def held_back() -> Iterator[None]:
    """Inside, no signal stops anything: for the short steps that must not be left half-way."""
    with _handled(_remember):
        yield


def check_stopped() -> None:
    """Raise Stopped if a signal came and its exception was lost or held back."""
    if _asked:
        raise Stopped(_asked[0])


def _remember(number: int, frame: FrameType | None) -> None:
    _asked.append(number)


def _stop(number: int, frame: FrameType | None) -> None:
    _asked.append(number)
    raise Stopped(number)


@contextmanager
def _handled(handler: Any) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread gets signals
        return
    kept = {s: h for s in SIGNALS if (h := signal.getsignal(s)) not in (signal.SIG_IGN, None)}
    try:
        for each in kept:
            signal.signal(each, handler)
        yield
    finally:
        for each, before in kept.items():
            signal.signal(each, before)
