# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one job of this Blender, and those that wait. ``poll()`` is called by a timer (``session``), and by tests."""

from __future__ import annotations

from collections import deque
from contextlib import suppress

import bpy

from . import takes
from .job import BUDGET, Job
from .order import Order

_job: Job | None = None
_waiting: deque[Order] = deque()


def current() -> Job | None:
    """The job that runs, or the last one; its error stays until it is dismissed or another starts."""
    return _job


def running() -> bool:
    return _job is not None and not _job.ended


def waiting() -> int:
    """How many orders wait for the job that runs."""
    return len(_waiting)


def start(order: Order, *later: Order) -> Job:
    """Begin an order; there must be no job running.

    Args:
        later: are carried out after it, one after the other, until one of them fails or is cancelled.
    """
    global _job
    if running():
        raise RuntimeError("a job is running; cancel it first")
    _waiting.clear()
    _waiting.extend(later)
    _job = Job(order)
    return _job


def refuse(title: str, message: str, hint: str = "", section: str = "generate") -> None:
    """Show in a section of the panel why an order could not be made."""
    global _job
    if not running():
        _job = Job.refused(title, message, hint, section)


def poll(budget: float = BUDGET) -> bool:
    """Drive the job; whether it still runs. Call it in Blender's thread only."""
    global _job
    if _job is not None and not _job.ended:
        _job.poll(budget)
        if _job.state == "finished" and _waiting:
            _job = Job(_waiting.popleft())
        elif _job.ended:
            _waiting.clear()
    return running()


def cancel(why: str = "Cancelled") -> None:
    """Stop the job and those that wait; takes that are there stay."""
    _waiting.clear()
    if _job is not None:
        _job.cancel(why)


def dismiss() -> None:
    """Forget the last job and its error."""
    global _job
    if not running():
        _job = None


def withdraw() -> None:
    """Before a file is saved: what is shown before the end goes, so that the file is as if no job ran."""
    if _job is not None and not _job.ended:
        _job.withdraw()


def show_again() -> None:
    """After a file was saved: what was withdrawn comes again."""
    if _job is not None and not _job.ended:
        _job.show_again()


def remove_leftovers() -> None:
    """First parts of jobs that ended elsewhere: a file saved while one ran, or an undo that brought one back."""
    for item in bpy.data.objects:
        if item.type != "ARMATURE" or item.library is not None or running():
            continue
        for uid in [t.uid for t in takes.takes_of(item) if takes.is_temporary(t)]:
            take = takes.find(item, uid)
            if takes.made_theirs(take):
                takes.keep(take)
                continue
            with suppress(takes.TakeError):  # of a linked file
                takes.delete(item, take)
