# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A job's life as server-sent events: ``status``, ``partial`` and ``log``.

The stream looks at the job ten times a second and tells what is new, so that any number of
listeners cost the worker nothing, and one that comes back is told where the job stands now. Its
``Last-Event-ID`` spares it the log lines that it has.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from sse_starlette import ServerSentEvent

from backend.jobs import Job
from backend.messages import status_body
from plugins.api import JobStatus

PERIOD: Final = 0.1
"""Seconds between two looks."""


async def events(job: Job, last: int = 0) -> AsyncIterator[ServerSentEvent]:
    """What happens to the job until it ends.

    Args:
        last: number of the last log line that the listener has.
    """
    known: JobStatus | None = None
    partials = 0
    while True:
        status = job.status
        for number, level, message in list(job.lines):
            if number > last:
                last = number
                yield _event("log", {"level": level, "message": message}, number)
        if status.partials > partials:
            partials = status.partials
            yield _event("partial", {"index": partials - 1}, last)
        if status != known:
            known = status
            yield _event("status", status_body(status), last)
        if status.ended:
            return
        await asyncio.sleep(PERIOD)


def _event(kind: str, data: dict[str, Any], number: int) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data), event=kind, id=str(number))
