# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: which backend, how to start or reach it, and how it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import bpy

from . import local_backend
from .panels import backend_rows

LOCAL, REMOTE = "LOCAL", "REMOTE"
KINDS = (
    (LOCAL, "This Computer", "Blender starts and stops the backend", "HOME", 0),
    (REMOTE, "Another Address", "A backend that somebody started, here or on another machine", "WORLD", 1),
)


@dataclass(frozen=True)
class Settings:
    """The preferences' values.

    Attributes:
        kind: LOCAL or REMOTE.
        address, token: of a remote backend.
        command: of a local one, empty to look for it.
    """

    kind: str = LOCAL
    address: str = "http://127.0.0.1:8765"
    token: str = field(default="", repr=False)
    command: str = ""


DEFAULTS = Settings()


def settings() -> Settings:
    """What is set; the defaults where the add-on runs without being enabled in the preferences."""
    addon = bpy.context.preferences.addons.get(__package__)
    if addon is None or addon.preferences is None:
        return DEFAULTS
    chosen = addon.preferences
    return Settings(chosen.kind, chosen.address, chosen.token, bpy.path.abspath(chosen.command))


def _changed(self: Any, context: Any) -> None:
    from . import connection

    connection.forget()


class CadenzaPreferences(bpy.types.AddonPreferences):
    """Drawn by Blender in its preferences."""

    bl_idname = __package__

    kind: bpy.props.EnumProperty(name="Backend", items=KINDS, default=LOCAL, update=_changed)  # type: ignore[valid-type]
    address: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Address",
        description="For example https://machine.example:8765; use https for any other computer than this one",
        default=DEFAULTS.address,
        update=_changed,
    )
    token: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Token", description="What the backend was started with", subtype="PASSWORD", update=_changed
    )
    command: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Command",
        description="The cadenza command, or a Python beside which it is installed; empty to look for it",
        subtype="FILE_PATH",
    )

    def draw(self, context: Any) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "kind", expand=True)
        if self.kind == LOCAL:
            layout.prop(self, "command", placeholder="Found by itself")
        else:
            layout.prop(self, "address")
            layout.prop(self, "token")
        backend_rows.draw(layout)
        if self.kind == LOCAL and local_backend.CHILD.last_line:
            layout.label(text=local_backend.CHILD.last_line, icon="CONSOLE", translate=False)


CLASSES = (CadenzaPreferences,)
