# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to send when something went wrong: versions, what was asked, what happened. Neither token nor sound."""

from __future__ import annotations

import json
import platform
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import bpy

from . import connection, local_backend

if TYPE_CHECKING:
    from .job import Job

LOG_LINES: Final = 30


@cache
def version() -> str:
    """Of the add-on."""
    manifest = Path(__file__).with_name("blender_manifest.toml")
    return str(tomllib.loads(manifest.read_text(encoding="utf-8"))["version"])


def report_of(job: Job) -> str:
    """A job's report as text."""
    lines = [
        f"Cadenza {version()}, Blender {bpy.app.version_string}, {platform.platform()}",
        f"Backend: {connection.known().version or 'not known'} ({connection.known().state})",
        f"{job.order.title}: {job.state}",
        *(f"{name}: {text}" for name, text in (("Error", job.error), ("What to do", job.hint)) if text),
        f"Asked: {json.dumps(dict(job.order.provenance), default=str)}",
        "",
        *job.notes,
    ]
    if job.details:
        lines += ["", job.details.strip()]
    log = local_backend.CHILD.log.splitlines()[-LOG_LINES:]
    if log:
        lines += ["", "Log of the backend:", *log]
    return "\n".join(lines)
