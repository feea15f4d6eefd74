# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on by itself while Blender runs: one timer, and what happens when a file is closed or opened."""

from __future__ import annotations

from typing import Any, Final

import bpy
from bpy.app.handlers import persistent

from . import connection, jobs

SOON: Final = 0.005
"""Seconds between ticks while keys are written."""
OFTEN: Final = 0.1
"""While a job runs or a backend is asked."""
SELDOM: Final = 1.0
"""While only the local backend is watched."""


def wake() -> None:
    """Let the timer tick; call it after starting anything. Does nothing without a window."""
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=SOON, persistent=True)


def _tick() -> float | None:
    """One turn of everything; when the next is due, or None when nothing goes on."""
    was_running = jobs.running()
    changed = connection.poll()
    running = jobs.poll()
    if changed or running or was_running:
        redraw()
    job = jobs.current()
    if running and job is not None:
        return SOON if job.writing else OFTEN
    if connection.busy():
        return OFTEN if connection.known().state == "asking" or connection.starting() else SELDOM
    return None


def redraw() -> None:
    """Draw our panels anew, in every window."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in ("VIEW_3D", "PREFERENCES"):
                area.tag_redraw()


@persistent  # type: ignore[untyped-decorator]
def _before_load(*_: Any) -> None:
    jobs.cancel("Cancelled: another file was opened. Generate again there; the backend remembers the result")


@persistent  # type: ignore[untyped-decorator]
def _before_save(*_: Any) -> None:
    jobs.withdraw()


@persistent  # type: ignore[untyped-decorator]
def _after_save(*_: Any) -> None:
    jobs.show_again()


def _saved() -> list[Any]:
    """Handlers of the end of saving, well or badly."""
    return [
        getattr(bpy.app.handlers, name) for name in ("save_post", "save_post_fail") if hasattr(bpy.app.handlers, name)
    ]


@persistent  # type: ignore[untyped-decorator]
def _after_load(*_: Any) -> None:
    jobs.remove_leftovers()


def register() -> None:
    bpy.app.handlers.load_pre.append(_before_load)
    bpy.app.handlers.load_post.append(_after_load)
    bpy.app.handlers.save_pre.append(_before_save)
    for handlers in _saved():
        handlers.append(_after_save)


def unregister() -> None:
    for handlers in _saved():
        handlers.remove(_after_save)
    bpy.app.handlers.save_pre.remove(_before_save)
    bpy.app.handlers.load_post.remove(_after_load)
    bpy.app.handlers.load_pre.remove(_before_load)
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    jobs.cancel("Cancelled: the add-on was turned off")
    jobs.dismiss()
    connection.stop_local()
