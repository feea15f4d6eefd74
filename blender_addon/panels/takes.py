# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes: what was generated, to compare, keep and generate again in part."""

from __future__ import annotations

from typing import Any

import bpy

from .. import obstacles, takes
from . import job_rows
from .sidebar import CLOSED, InSidebar, fields
from .text import sentence, show


class TakeList(bpy.types.UIList):
    bl_idname = "CADENZA_UL_takes"

    def draw_item(
        self, context: Any, layout: Any, data: Any, item: Any, icon: Any, active_data: Any, active_property: Any
    ) -> None:
        row = layout.row(align=True)
        seen = "HIDE_OFF" if takes.shown(item) else "HIDE_ON"
        row.operator("cadenza.show_take", text="", icon=seen, emboss=False).uid = item.uid
        row.prop(item, "name", text="", emboss=False)
        about = row.row()
        about.alignment = "RIGHT"
        about.label(text=f"{item.generator} {item.seed}", translate=False)
        star = "SOLO_ON" if item.starred else "SOLO_OFF"
        row.operator("cadenza.star_take", text="", icon=star, emboss=False).uid = item.uid


class TakesPanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_takes"
    bl_label = "Takes"
    bl_order = 4

    def draw(self, context: Any) -> None:
        layout, armature = self.layout, context.scene.cadenza.character
        if armature is None or not takes.takes_of(armature):
            layout.label(text="No takes yet")
            for section in ("takes", "again"):  # the take that it worked with may be gone
                job_rows.draw(layout, section)
            return
        row = layout.row()
        row.template_list(TakeList.bl_idname, "", armature, "cadenza_takes", armature, "cadenza_take_index", rows=4)
        column = row.column(align=True)
        column.operator("cadenza.new_seed_take", text="", icon="DUPLICATE")
        column.operator("cadenza.solo_take", text="", icon="EVENT_S")
        column.operator("cadenza.fit_scene", text="", icon="PREVIEW_RANGE")
        column.operator("cadenza.delete_take", text="", icon="REMOVE")
        chosen = obstacles.chosen_take(context.scene)
        if chosen is not None:
            editing = takes.edited(chosen)
            text = "Done Editing" if editing else "Edit Keys"
            row = layout.row(align=True)
            row.operator("cadenza.add_layer", icon="ADD")
            row.operator("cadenza.edit_take", text=text, icon="GREASEPENCIL", depress=editing)
        hidden = takes.hidden_by(armature)
        if hidden:
            show(layout, sentence(hidden), "INFO")
        job_rows.draw(layout, "takes")


class AgainPanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_again"
    bl_parent_id = TakesPanel.bl_idname
    bl_label = "Generate Again"
    bl_options = CLOSED

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.chosen_take(context.scene) is not None

    def draw(self, context: Any) -> None:
        state, layout = context.scene.cadenza, fields(self.layout)
        layout.prop(state, "part")
        column = layout.column(align=True)
        column.prop(state, "again_from")
        column.prop(state, "again_to")
        row = layout.row(align=True)
        row.operator("cadenza.use_range", icon="PREVIEW_RANGE")
        row.operator("cadenza.use_corrections", icon="MARKER_HLT")
        layout.prop(state, "fade")
        layout.operator("cadenza.generate_again", icon="FILE_REFRESH")
        reason = obstacles.to_take(context.scene) or obstacles.to_working() or obstacles.to_backend()
        job_rows.draw(self.layout, "again", reason)


class ExportPanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_export"
    bl_parent_id = TakesPanel.bl_idname
    bl_label = "Export"
    bl_options = CLOSED

    def draw(self, context: Any) -> None:
        row = self.layout.row(align=True)
        for kind, name in ((".fbx", "FBX"), (".glb", "glTF"), (".bvh", "BVH"), (".usd", "USD")):
            row.operator("cadenza.export_character", text=name).kind = kind
        job_rows.draw(self.layout, "export")


CLASSES = (TakeList, TakesPanel, AgainPanel, ExportPanel)
