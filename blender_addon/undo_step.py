# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of Blender's undo history, from a timer.

``ed.undo_push`` wants a window, which a timer only has by overriding the context. No code of ours
calls an operator under ``temp_override``: up to Python 3.11 (Blender 5.0) the operator looks into the
override's dictionary without the interpreter's lock, and Blender crashes when another thread of
Python, ours or another add-on's, happens to run.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import bpy

LONGEST: Final = 60
"""Bytes of a label that Blender takes."""


def push(label: str) -> None:
    """Make what was done since the last step one step to undo. Without a history (no window) nothing happens, and a
    step that Blender refuses to make is no reason to lose what was done.

    Blender then forgets its last operators, as always when an operator goes: *Adjust Last Operation* of what was done
    before would undo this step.
    """
    shown = label.encode()[:LONGEST].decode(errors="ignore")
    step = type("CADENZA_OT_step", (bpy.types.Operator,), {**_OPERATOR, "bl_label": shown})  # the label is the class's
    with suppress(RuntimeError, ValueError):
        bpy.utils.register_class(step)
        try:
            bpy.ops.cadenza.step("EXEC_DEFAULT", True)  # True: with undo, which operators called by Python do without
        finally:
            bpy.utils.unregister_class(step)


def _execute(operator: Any, context: Any) -> set[str]:
    return {"FINISHED"}


_OPERATOR: Final = {"bl_idname": "cadenza.step", "bl_options": {"UNDO", "INTERNAL"}, "execute": _execute}
