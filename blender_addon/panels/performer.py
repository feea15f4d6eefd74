# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Performer: the character, its bones, and how well the last take fits it."""

from __future__ import annotations

from typing import Any

import bpy

from .. import character
from . import job_rows
from .sidebar import CLOSED, InSidebar, fields
from .text import sentence, show

SURE = 0.8
"""Confidence from which a guess needs no look; less is shown in red."""


class PerformerPanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_performer"
    bl_label = "Performer"
    bl_order = 1

    def draw(self, context: Any) -> None:
        state, layout = context.scene.cadenza, fields(self.layout)
        layout.prop(state, "character")
        row = layout.row(align=True)
        row.operator("cadenza.use_active", text="Use Active", icon="ARMATURE_DATA")
        row.operator("cadenza.add_musician", icon="ADD")
        layout.prop(state, "instrument")


class BoneMapPanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_bone_map"
    bl_parent_id = PerformerPanel.bl_idname
    bl_label = "Bone Map"
    bl_options = CLOSED

    @classmethod
    def poll(cls, context: Any) -> bool:
        return context.scene.cadenza.character is not None

    def draw(self, context: Any) -> None:
        layout, armature = self.layout, context.scene.cadenza.character
        row = layout.row(align=True)
        row.operator("cadenza.guess_bones", icon="VIEWZOOM")
        row.operator("cadenza.mirror_bones", icon="MOD_MIRROR")
        row.operator("cadenza.load_bones", text="", icon="IMPORT")
        row.operator("cadenza.save_bones", text="", icon="EXPORT")
        job_rows.draw(layout, "bone map")
        if not armature.cadenza.bones:
            show(layout, "The bones are guessed when you generate, or now with Guess Bones", "INFO")
            return
        lacking = character.missing(armature)
        if lacking:
            show(layout, f"Needed: {', '.join(map(character.words, lacking))}", "ERROR")
        state = armature.cadenza
        layout.template_list("CADENZA_UL_bones", "", state, "bones", state, "bone_index", rows=8)
        if 0 <= state.bone_index < len(state.bones):
            item = state.bones[state.bone_index]
            layout.prop_search(item, "bone", armature.data, "bones", text=character.words(item.name), icon="BONE_DATA")


class BoneList(bpy.types.UIList):
    """Joints, their bones without namespace, and how sure the guess is; the list's own filter searches joints."""

    bl_idname = "CADENZA_UL_bones"

    def draw_item(
        self, context: Any, layout: Any, data: Any, item: Any, icon: Any, active_data: Any, active_property: Any
    ) -> None:
        row = layout.split(factor=0.44)
        row.label(text=character.words(item.name), translate=False)
        right = row.row(align=True)
        right.label(text=item.bone.rpartition(":")[2], translate=False)
        score = right.row()
        score.ui_units_x = 2.2
        score.alignment = "RIGHT"
        score.alert = item.confidence < SURE
        score.label(text=f"{100 * item.confidence:.0f} %" if item.bone else "none")


class FitPanel(InSidebar, bpy.types.Panel):
    """What the last take's report says, in words."""

    bl_idname = "CADENZA_PT_fit"
    bl_parent_id = PerformerPanel.bl_idname
    bl_label = "Contact"
    bl_options = CLOSED

    @classmethod
    def poll(cls, context: Any) -> bool:
        armature = context.scene.cadenza.character
        return armature is not None and bool(armature.cadenza.report)

    def draw(self, context: Any) -> None:
        report = character.report_of(context.scene.cadenza.character)
        column = self.layout.column(align=True)
        for what, errors in report.get("contact", {}).items():
            within = f"{100 * errors['part_within']:.1f} % in {errors['within_mm']:g} mm"
            row = column.split(factor=0.3)
            row.label(text=sentence(what.replace("_", " ")))
            row.label(text=f"{within}, worst {errors['worst_mm']:.1f}")
        column.label(text=f"Direction error at most {report.get('largest_direction_error_degrees', 0):.2f}°")
        for warning in report.get("warnings", ()):
            show(column, sentence(warning), "ERROR")


CLASSES = (PerformerPanel, BoneList, BoneMapPanel, FitPanel)
