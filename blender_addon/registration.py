# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender is told of us, in order, and taken back in the mirrored order."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import bpy

MODULES: Final = (
    "properties",
    "take_properties",
    "music_curves",
    "music_search",
    "frame_rate",
    "scene_properties",
    "operators.backend",
    "operators.source",
    "operators.performer",
    "operators.generate",
    "operators.takes",
    "operators.annotate",
    "operators.correct",
    "operators.repair",
    "operators.fill",
    "operators.music",
    "preferences",
    "panels.source",
    "panels.performer",
    "panels.generator",
    "panels.takes",
    "panels.fill",
    "panels.annotate",
    "panels.repair",
    "panels.music",
    "session",
)
"""Each has ``register()`` and ``unregister()``, or CLASSES; what others refer to comes first."""

_entered: list[Any] = []


def register() -> None:
    """Register everything, or nothing at all when one module fails."""
    unregister()  # nothing, unless somebody registers twice in a row
    try:
        for name in MODULES:
            module = import_module(f".{name}", __package__)
            _enter(module)
            _entered.append(module)
    except Exception:
        unregister()
        raise


def unregister() -> None:
    while _entered:
        _leave(_entered.pop())


def _enter(module: Any) -> None:
    if hasattr(module, "register"):
        module.register()
        return
    for cls in module.CLASSES:
        bpy.utils.register_class(cls)


def _leave(module: Any) -> None:
    if hasattr(module, "unregister"):
        module.unregister()
        return
    for cls in reversed(module.CLASSES):
        bpy.utils.unregister_class(cls)
