# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generator: what makes the motion, with its options; and Generate, with what becomes of it."""

from __future__ import annotations

from typing import Any

import bpy

from .. import connection, followed, jobs, obstacles, options
from . import backend_rows, job_rows
from .sidebar import CLOSED, InSidebar, fields


class GeneratorMenu(bpy.types.Menu):
    bl_idname = "CADENZA_MT_generators"
    bl_label = "Generators"

    def draw(self, context: Any) -> None:
        for info in connection.known().generators(context.scene.cadenza.instrument):
            self.layout.operator("cadenza.choose_generator", text=info.label or info.name).name = info.name


class GeneratorPanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_generator"
    bl_label = "Generator"
    bl_order = 2

    def draw(self, context: Any) -> None:
        state, known = context.scene.cadenza, connection.known()
        if known.state != "ready":
            backend_rows.draw(self.layout)
            return
        info = known.find(state.generator)
        layout = fields(self.layout)
        layout.menu("CADENZA_MT_generators", text=info.label if info else f"{state.generator} (not there)")
        row = layout.row(align=True)
        row.prop(state, "seed")
        row.operator("cadenza.new_seed", text="", icon="FILE_REFRESH")
        options.draw(layout, state, state.generator, without=followed.idle_options(state.generator))
        if known.follows(state.generator):
            layout.prop(state, "keep_body")
        layout.operator("cadenza.reset_options", icon="LOOP_BACK").component = state.generator


class ListeningPanel(InSidebar, bpy.types.Panel):
    """Options of what listens to the sound before the generator."""

    bl_idname = "CADENZA_PT_listening"
    bl_parent_id = GeneratorPanel.bl_idname
    bl_label = "Listening"
    bl_options = CLOSED

    @classmethod
    def poll(cls, context: Any) -> bool:
        return connection.known().state == "ready"

    def draw(self, context: Any) -> None:
        for info in connection.known().components:
            if info.kind in ("recognizer", "post_step") and not info.error and info.options.get("properties"):
                self.layout.label(text=info.label or info.name)
                options.draw(fields(self.layout), context.scene.cadenza, info.name)


class BackendPanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_backend"
    bl_parent_id = GeneratorPanel.bl_idname
    bl_label = "Backend"
    bl_options = CLOSED

    @classmethod
    def poll(cls, context: Any) -> bool:
        return connection.known().state == "ready"

    def draw(self, context: Any) -> None:
        backend_rows.draw(self.layout)


class GeneratePanel(InSidebar, bpy.types.Panel):
    """The button, the progress, the error."""

    bl_idname = "CADENZA_PT_generate"
    bl_label = "Generate"
    bl_order = 3

    def draw(self, context: Any) -> None:
        layout, job = self.layout, jobs.current()
        if job is not None and not job.ended:
            job_rows.progress(layout, job)  # another section's too: nothing can be generated meanwhile
            return
        column = layout.column()
        column.scale_y = 1.4
        column.operator("cadenza.generate", icon="PLAY")
        layout.operator("cadenza.generate_four", icon="DUPLICATE")
        job_rows.draw(layout, "generate", obstacles.to_generating(context.scene))


class MotionFilePanel(InSidebar, bpy.types.Panel):
    """What works without a backend: a motion from disk."""

    bl_idname = "CADENZA_PT_motion_file"
    bl_label = "Motion from Disk"
    bl_options = CLOSED
    bl_order = 6

    def draw(self, context: Any) -> None:
        layout = fields(self.layout)
        layout.prop(context.scene.cadenza, "motion_file")
        layout.operator("cadenza.apply_motion", icon="IMPORT")
        job_rows.draw(layout, "motion file", obstacles.to_applying(context.scene))


CLASSES = (
    GeneratorMenu,
    GeneratorPanel,
    ListeningPanel,
    BackendPanel,
    GeneratePanel,
    MotionFilePanel,
)
