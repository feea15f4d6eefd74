# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and ask the backend."""

from __future__ import annotations

from typing import Any

import bpy

from .. import connection, local_backend, session


class StartBackend(bpy.types.Operator):
    """Start the backend on this computer; it stops with Blender"""

    bl_idname = "cadenza.backend_start"
    bl_label = "Start Backend"

    def execute(self, context: Any) -> set[str]:
        connection.start_local()
        session.wake()
        return {"FINISHED"}


class StopBackend(bpy.types.Operator):
    """Stop the backend on this computer"""

    bl_idname = "cadenza.backend_stop"
    bl_label = "Stop Backend"

    def execute(self, context: Any) -> set[str]:
        connection.stop_local()
        return {"FINISHED"}


class CheckBackend(bpy.types.Operator):
    """Ask the backend whether it is there, and what it has"""

    bl_idname = "cadenza.backend_check"
    bl_label = "Check Backend"

    def execute(self, context: Any) -> set[str]:
        connection.refresh()
        session.wake()
        return {"FINISHED"}


class CopyLog(bpy.types.Operator):
    """Copy the backend's log to the clipboard"""

    bl_idname = "cadenza.backend_copy_log"
    bl_label = "Copy Log"

    def execute(self, context: Any) -> set[str]:
        context.window_manager.clipboard = local_backend.CHILD.log
        return {"FINISHED"}


CLASSES = (StartBackend, StopBackend, CheckBackend, CopyLog)
