# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill and Vary: between the animator's poses, near to a take, with four seeds, side by side."""

from __future__ import annotations

from typing import Any

import bpy

from .. import beside, connection, fills, obstacles, options
from . import job_rows
from .sidebar import CLOSED, InSidebar, fields


class FillerMenu(bpy.types.Menu):
    bl_idname = "CADENZA_MT_fillers"
    bl_label = "Fillers"

    def draw(self, context: Any) -> None:
        for info in connection.known().fillers(context.scene.cadenza.instrument):
            self.layout.operator("cadenza.choose_filler", text=info.label or info.name).name = info.name


class FillPanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_fill"
    bl_label = "Fill and Vary"
    bl_options = CLOSED
    bl_order = 5

    def draw(self, context: Any) -> None:
        scene, layout = context.scene, fields(self.layout)
        _settings(layout, scene.cadenza)
        filling, varying = obstacles.to_filling(scene), obstacles.to_varying(scene)
        self.layout.prop(scene.cadenza, "fill_ends")
        _buttons(self.layout, "fill", "KEYFRAME_HLT")
        job_rows.draw(self.layout, "fill", filling)
        options.draw(fields(self.layout), scene.cadenza, scene.cadenza.filler, only=fills.OF_VARYING)
        _buttons(self.layout, "vary", "MOD_NOISE")
        job_rows.draw(self.layout, "vary", varying if varying != filling else "")
        _comparing(self.layout)


def _settings(layout: Any, state: Any) -> None:
    """What fills, from which seed, and where."""
    every = connection.known().fillers(state.instrument)
    chosen = next((c.label for c in every if c.name == state.filler), "")
    if len(every) > 1 or (every and not chosen):
        layout.menu("CADENZA_MT_fillers", text=chosen or f"{state.filler} (not there)")
    row = layout.row(align=True)
    row.prop(state, "fill_seed")
    row.operator("cadenza.new_seed", text="", icon="FILE_REFRESH").filling = True
    options.draw(layout, state, state.filler, without=fills.OF_VARYING)
    layout.prop(state, "fill_part")
    if state.fill_part:
        column = layout.column(align=True)
        column.prop(state, "fill_from")
        column.prop(state, "fill_to")
        layout.operator("cadenza.use_fill_range", icon="PREVIEW_RANGE")


def _buttons(layout: Any, act: str, icon: str) -> None:
    """Once, and four times."""
    column = layout.column(align=True)
    column.operator(f"cadenza.{act}", icon=icon)
    column.operator(f"cadenza.{act}_four", icon="DUPLICATE")


def _comparing(layout: Any) -> None:
    row = layout.row(align=True)
    seen = beside.shown()
    row.operator("cadenza.side_by_side", icon="MOD_ARRAY", depress=seen)
    if seen:
        row.operator("cadenza.take_this_one", icon="CHECKMARK")


CLASSES = (FillerMenu, FillPanel)
