# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: which backend, how to start or reach it, and how it does."""

from __future__ import annotations

from typing import Any

import bpy

from . import connection, local_backend
from .address import Address
from .panels import backend_rows
from .panels.text import show
from .scene_properties import FILE
from .settings import DEFAULTS, LOCAL, REMOTE

KINDS = (
    (LOCAL, "This Computer", "Blender starts and stops the backend", "HOME", 0),
    (REMOTE, "Another Address", "A backend that somebody started, here or on another machine", "WORLD", 1),
)


def _changed(self: Any, context: Any) -> None:
    connection.forget()


def _readable(address: str) -> bool:
    try:
        return Address.parse(address).readable
    except ValueError:
        return False  # said elsewhere


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
        **FILE,
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
            if self.token and _readable(self.address):
                show(layout, "Without https the token can be read on the way; enter an https address", "ERROR")
        backend_rows.draw(layout)
        if self.kind == LOCAL and local_backend.CHILD.last_line:
            layout.label(text=local_backend.CHILD.last_line, icon="CONSOLE", translate=False)


CLASSES = (CadenzaPreferences,)
