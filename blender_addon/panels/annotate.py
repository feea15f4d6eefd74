# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotate: the music's structure on the timeline."""

from __future__ import annotations

from typing import Any

import bpy

from .. import connection, obstacles
from . import job_rows
from .sidebar import CLOSED, InSidebar


class TrackList(bpy.types.UIList):
    bl_idname = "CADENZA_UL_tracks"

    def draw_item(
        self, context: Any, layout: Any, data: Any, item: Any, icon: Any, active_data: Any, active_property: Any
    ) -> None:
        row = layout.row(align=True)
        row.prop(item, "shown", text="", icon="HIDE_OFF" if item.shown else "HIDE_ON", emboss=False)
        named = row.split(factor=0.5)
        named.label(text=item.namespace.capitalize(), translate=False)
        about = named.row()
        about.label(text=f"{item.count}")
        about.label(text="yours" if item.corrected else f"{100 * item.confidence:.0f}%")
        row.operator("cadenza.delete_track", text="", icon="X", emboss=False).namespace = item.namespace


class CorrectPanel(InSidebar, bpy.types.Panel):
    """Beats and bars by hand, keys and strips onto them."""

    bl_idname = "CADENZA_PT_correct"
    bl_parent_id = "CADENZA_PT_annotate"
    bl_label = "Beats by Hand"
    bl_options = CLOSED

    def draw(self, context: Any) -> None:
        layout = self.layout
        layout.operator("cadenza.tap_beat", icon="ADD")
        layout.operator("cadenza.set_downbeats", icon="MARKER_HLT")
        row = layout.row(align=True)
        row.label(text="Tempo")
        row.operator("cadenza.double_tempo")
        row.operator("cadenza.halve_tempo")
        row = layout.row(align=True)
        row.operator("cadenza.snap_keys", icon="KEYFRAME")
        row.operator("cadenza.snap_strips", icon="NLA")
        reason = obstacles.to_beats(context.scene)
        job_rows.draw(layout, "beats", reason or "Move a beat, or delete it, by its marker")


class AnnotatePanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_annotate"
    bl_label = "Annotate"
    bl_options = CLOSED
    bl_order = 5

    def draw(self, context: Any) -> None:
        state, layout = context.scene.cadenza, self.layout
        layout.prop(state, "mark_takes")
        layout.row().prop(state, "recognize_from", expand=True)
        grid = layout.grid_flow(columns=2, align=True)
        for namespace in connection.known().recognized(state.recognize_from, state.instrument):
            grid.prop_enum(state, "recognize", namespace)
        layout.operator("cadenza.recognize", icon="MARKER")
        job_rows.draw(layout, "annotate", obstacles.to_recognizing(context.scene))
        files = layout.row(align=True)
        files.operator("cadenza.import_annotations", text="Import", icon="IMPORT")
        files.operator("cadenza.export_annotations", text="Export", icon="EXPORT")
        timeline = context.scene.cadenza_timeline
        if timeline.tracks:
            layout.template_list(TrackList.bl_idname, "", timeline, "tracks", timeline, "index", rows=3)


CLASSES = (TrackList, AnnotatePanel, CorrectPanel)
