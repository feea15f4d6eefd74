# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job in the section whose button was pressed: its progress, or how it ended."""

from __future__ import annotations

from typing import Any

from .. import jobs
from ..job import Job
from .text import sentence, show, show_error


def draw(layout: Any, section: str, reason: str = "") -> None:
    """Show the job when it is this section's.

    Args:
        section: as an ``Order`` names it.
        reason: why the section's button cannot be pressed, "" if it can; shown unless it is this very job.
    """
    job = jobs.current()
    ours = job is not None and job.order.section == section
    if job is not None and ours and not job.ended:
        progress(layout, job)
        return
    if reason:
        show(layout, reason, "INFO")
    if job is not None and ours:
        ended(layout, job)


def progress(layout: Any, job: Job) -> None:
    row = layout.row(align=True)
    row.progress(factor=job.progress, text=f"{100 * job.progress:.0f} %")
    row.operator("cadenza.cancel", text="", icon="CANCEL")
    show(layout, sentence(job.message))
    if jobs.waiting():
        show(layout, f"{job.order.title}; {jobs.waiting()} more to come")


def ended(layout: Any, job: Job) -> None:
    if not job.error:
        row = layout.row()
        show(row, sentence(job.message), "CHECKMARK" if job.state == "finished" else "INFO")
        row.operator("cadenza.dismiss", text="", icon="X", emboss=False)
        return
    show_error(layout, f"{job.order.title}: {job.error}", job.hint)
    row = layout.row(align=True)
    row.operator("cadenza.copy_report", icon="COPYDOWN")
    row.operator("cadenza.dismiss", icon="X")
