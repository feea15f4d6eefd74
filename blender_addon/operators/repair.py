# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair from audio: the job, the frames that are right, and where much was changed."""

from __future__ import annotations

from typing import Any

import bpy

from .. import connection, obstacles, repairs
from . import UNDOABLE
from .generate import begin


class Repair(bpy.types.Operator):
    """Repair what the character does from the sound of it, as a new take; what is there stays as it is"""

    bl_idname = "cadenza.repair"
    bl_label = "Repair from Audio"
    section = "repair"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_repairing(context.scene))

    def execute(self, context: Any) -> set[str]:
        return begin(self, lambda: repairs.order(context.scene))


class KeepFrame(bpy.types.Operator):
    """Mark this frame as right: repairing leaves its pose as it is. Again to take the mark away"""

    bl_idname = "cadenza.keep_frame"
    bl_label = "Keep This Frame"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_keeping(context.scene))

    def execute(self, context: Any) -> set[str]:
        kept = repairs.toggle_keep(context.scene)
        self.report({"INFO"}, f"Frame {context.scene.frame_current} is {'kept' if kept else 'repaired'}")
        return {"FINISHED"}


class NextChange(bpy.types.Operator):
    """Go to the next place at which the last repair changed much"""

    bl_idname = "cadenza.next_change"
    bl_label = "Next Change"

    @classmethod
    def poll(cls, context: Any) -> bool:
        there = any(t.namespace == repairs.CHANGE for t in context.scene.cadenza_timeline.tracks)
        return obstacles.allow(cls, "" if there else "Repair something first")

    def execute(self, context: Any) -> set[str]:
        frame = repairs.next_change(context.scene)
        if frame is None:
            self.report({"INFO"}, f"Nothing was changed by more than {repairs.NOTICED:.0f} mm")
            return {"CANCELLED"}
        context.scene.frame_set(frame)
        return {"FINISHED"}


class UseRepairRange(bpy.types.Operator):
    """Take the preview range, or the scene's, as the range to repair"""

    bl_idname = "cadenza.use_repair_range"
    bl_label = "Use Preview Range"
    bl_options = UNDOABLE

    def execute(self, context: Any) -> set[str]:
        scene, state = context.scene, context.scene.cadenza
        preview = scene.use_preview_range
        state.repair_from = scene.frame_preview_start if preview else scene.frame_start
        state.repair_to = scene.frame_preview_end if preview else scene.frame_end
        return {"FINISHED"}


class ChooseCorrector(bpy.types.Operator):
    """Repair with this"""

    bl_idname = "cadenza.choose_corrector"
    bl_label = "Choose Corrector"
    bl_options = UNDOABLE

    name: bpy.props.StringProperty()  # type: ignore[valid-type]

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        info = next((c for c in connection.known().correctors() if c.name == properties.name), None)
        return f"{info.description} (weights: {info.licence})" if info else ""

    def execute(self, context: Any) -> set[str]:
        context.scene.cadenza.corrector = self.name
        return {"FINISHED"}


class UseOffset(bpy.types.Operator):
    """Repair with the sound moved by what was found"""

    bl_idname = "cadenza.use_offset"
    bl_label = "Use This Offset"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        there = repairs.offset_found(context.scene) is not None
        return obstacles.allow(cls, "" if there else "The sound seems to lie where it should")

    def execute(self, context: Any) -> set[str]:
        repairs.use_offset(context.scene)
        return {"FINISHED"}


CLASSES = (UseOffset, Repair, KeepFrame, NextChange, UseRepairRange, ChooseCorrector)
