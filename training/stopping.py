# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Ctrl-C while a network trains: the step is ended first, so that what is saved is a whole one."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Stop:
    """Whether somebody asked for the end."""

    asked: bool = False


@contextmanager
def asked_to_stop(alone: bool = True) -> Iterator[Stop]:
    """The first Ctrl-C asks, the second stops at once.

    Args:
        alone: whether no other process must end with the same step; several are stopped at once, as ever.
    """
    stop = Stop()
    if not alone or threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(number: int, frame: object) -> None:
        stop.asked = True
        signal.signal(signal.SIGINT, before)
        sys.stderr.write("stopping when this step is saved; Ctrl-C again stops at once\n")

    signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
