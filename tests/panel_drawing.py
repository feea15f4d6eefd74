# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a section of the panel shows, without a window."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bpy


class Layout:
    """A layout that knows what Blender's does: which properties, operators, menus and icons there are."""

    icons = frozenset(bpy.types.UILayout.bl_rna.functions["prop"].parameters["icon"].enum_items.keys())

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def _inside(self, **_: Any) -> Layout:
        return self

    row = column = box = grid_flow = _inside

    def _icon(self, icon: str = "NONE", **_: Any) -> None:
        assert icon in self.icons, icon

    def prop(self, data: Any, name: str, *_: Any, **more: Any) -> None:
        assert hasattr(data, name)
        self._icon(**more)
        self.drawn.append(name)

    prop_enum = prop

    def template_list(self, kind: str, *_: Any, **__: Any) -> None:
        assert hasattr(bpy.types, kind)

    def label(self, text: str = "", **more: Any) -> None:
        self._icon(**more)
        self.drawn.append(text)

    def operator(self, name: str, **more: Any) -> Any:
        assert name.removeprefix("cadenza.") in dir(bpy.ops.cadenza), name
        self._icon(**more)
        self.drawn.append(name)
        return SimpleNamespace()

    def menu(self, name: str, **more: Any) -> None:
        assert hasattr(bpy.types, name)
        self.drawn.append(name)

    def progress(self, **_: Any) -> None:
        self.drawn.append("progress")


def drawn(panel: Any) -> list[str]:
    """Names of buttons and fields, and texts, from top to bottom."""
    layout = Layout()
    panel.draw(SimpleNamespace(layout=layout), bpy.context)
    return layout.drawn
