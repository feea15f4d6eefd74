# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our markers follow the frame rate when it is changed in the window."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from .markers import refresh_markers

_OWNER = object()


def register() -> None:
    bpy.app.handlers.load_post.append(_after_load)
    _subscribe()


def unregister() -> None:
    bpy.msgbus.clear_by_owner(_OWNER)
    bpy.app.handlers.load_post.remove(_after_load)


def _subscribe() -> None:
    for name in ("fps", "fps_base"):
        bpy.msgbus.subscribe_rna(key=(bpy.types.RenderSettings, name), owner=_OWNER, args=(), notify=changed)


def changed() -> None:
    """The frame rate of a scene was changed; Blender does not say of which."""
    for scene in bpy.data.scenes:
        if scene.library is None:
            refresh_markers(scene)


@persistent  # type: ignore[untyped-decorator]
def _after_load(*_: Any) -> None:
    """A file that is opened ends all subscriptions."""
    bpy.msgbus.clear_by_owner(_OWNER)
    _subscribe()
