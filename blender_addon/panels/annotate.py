# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotate: the music's structure on the timeline."""

from __future__ import annotations

from typing import Any

import bpy

from .. import obstacles
from .sidebar import CLOSED, InSidebar
from .text import show


class AnnotatePanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_annotate"
    bl_label = "Annotate"
    bl_options = CLOSED
    bl_order = 5

    def draw(self, context: Any) -> None:
        state, layout = context.scene.cadenza, self.layout
        layout.prop(state, "mark_takes")
        grid = layout.grid_flow(columns=2, align=True)
        grid.prop(state, "recognize")
        layout.operator("cadenza.recognize", icon="MARKER")
        reason = obstacles.to_recognizing(context.scene)
        if reason:
            show(layout, reason, "INFO")
        row = layout.row(align=True)
        row.operator("cadenza.import_annotations", icon="IMPORT")
        row.operator("cadenza.delete_markers", icon="TRASH")


CLASSES = (AnnotatePanel,)
