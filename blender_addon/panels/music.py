# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find Music: tracks of the animator's own that fit the motion."""

from __future__ import annotations

from typing import Any

import bpy

from .. import music_search, obstacles
from . import job_rows
from .sidebar import CLOSED, InSidebar, fields
from .text import sentence, show


class FoundList(bpy.types.UIList):
    bl_idname = "CADENZA_UL_found"

    def draw_item(
        self, context: Any, layout: Any, data: Any, item: Any, icon: Any, active_data: Any, active_property: Any
    ) -> None:
        row = layout.row()
        row.label(text=item.name, icon="ERROR" if item.left_out else "SOUND", translate=False)
        about = row.row()
        about.alignment = "RIGHT"
        about.label(
            text="left out" if item.left_out else f"{100 * item.tempo_ratio:.1f} %", translate=not item.left_out
        )


class MusicPanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_music"
    bl_label = "Find Music"
    bl_options = CLOSED
    bl_order = 5

    def draw(self, context: Any) -> None:
        scene, layout = context.scene, self.layout
        fields(layout).prop(scene.cadenza, "music_folder")
        layout.operator("cadenza.find_music", icon="VIEWZOOM")
        job_rows.draw(layout, "music", obstacles.to_finding_music(scene))
        state = scene.cadenza_music_found
        if not state.tracks:
            return
        layout.template_list(FoundList.bl_idname, "", state, "tracks", state, "index", rows=4)
        item = music_search.chosen(scene)
        if item is None:
            return
        box = layout.box()
        show(box, sentence(item.left_out or item.reason))
        if speed := music_search.speed_of(item):
            show(box, sentence(speed), "INFO")
        row = layout.row(align=True)
        playing = music_search.Listening.playing()
        row.operator("cadenza.listen_track", icon="PAUSE" if playing else "PLAY", depress=playing)
        row.operator("cadenza.place_track", icon="SEQ_SEQUENCER")


CLASSES = (FoundList, MusicPanel)
