# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source: what is played."""

from __future__ import annotations

from typing import Any

import bpy

from . import job_rows
from .sidebar import InSidebar, fields


class SourcePanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_source"
    bl_label = "Source"
    bl_order = 0

    def draw(self, context: Any) -> None:
        state, layout = context.scene.cadenza, fields(self.layout)
        layout.prop(state, "source")
        if state.source == "STRIP":
            layout.prop(state, "strip", icon="FILE_SOUND")
        elif state.source == "SPEAKER":
            layout.prop(state, "speaker")
        elif state.source == "FILE":
            layout.prop(state, "sound_file")
            layout.operator("cadenza.add_strip", icon="SEQ_SEQUENCER")
            job_rows.draw(self.layout, "source")
        layout.prop(state, "score_file", text="MIDI File" if state.source == "SCORE" else "Score")
        layout.prop(state, "range")
        if state.range == "SECONDS":
            column = layout.column(align=True)
            column.prop(state, "start")
            column.prop(state, "end")


CLASSES = (SourcePanel,)
