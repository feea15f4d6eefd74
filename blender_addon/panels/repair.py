# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair: rough motion made right from the sound of it."""

from __future__ import annotations

from typing import Any

import bpy

from .. import connection, obstacles, options, repairs, takes
from . import job_rows
from .sidebar import CLOSED, InSidebar, fields
from .text import sentence, show


class CorrectorMenu(bpy.types.Menu):
    bl_idname = "CADENZA_MT_correctors"
    bl_label = "Correctors"

    def draw(self, context: Any) -> None:
        for info in connection.known().correctors():
            self.layout.operator("cadenza.choose_corrector", text=info.label or info.name).name = info.name


class RepairPanel(InSidebar, bpy.types.Panel):
    bl_idname = "CADENZA_PT_repair"
    bl_label = "Repair"
    bl_options = CLOSED
    bl_order = 5

    def draw(self, context: Any) -> None:
        scene, layout = context.scene, fields(self.layout)
        state = scene.cadenza
        every = connection.known().correctors()
        chosen = next((c.label for c in every if c.name == state.corrector), "")
        if len(every) > 1 or (every and not chosen):
            layout.menu("CADENZA_MT_correctors", text=chosen or "Choose Corrector")
        options.draw(layout, state, state.corrector)
        layout.prop(state, "repair_part")
        if state.repair_part:
            column = layout.column(align=True)
            column.prop(state, "repair_from")
            column.prop(state, "repair_to")
            layout.operator("cadenza.use_repair_range", icon="PREVIEW_RANGE")
        kept = repairs.kept_frames(scene)
        row = self.layout.row(align=True)
        marked = scene.frame_current in kept
        row.operator("cadenza.keep_frame", icon="PINNED" if marked else "UNPINNED", depress=marked)
        row.label(text=f"{len(kept)} kept")
        self.layout.operator("cadenza.repair", text=repairs.title(state), icon="MODIFIER")
        job_rows.draw(self.layout, "repair", obstacles.to_repairing(scene))
        _outcome(self.layout, scene)


def _outcome(layout: Any, scene: Any) -> None:
    """What the chosen take's repair found, and the way to its changes."""
    take = obstacles.chosen_take(scene)
    found = takes.provenance(take).get("repair") if take is not None else None
    if not isinstance(found, dict):
        return
    box = layout.box()
    if "jitter" in found:
        jitter, exchanged = 1000 * float(found["jitter"]), 100 * float(found.get("exchanged", 0))
        box.label(text=f"Jitter {jitter:.0f} mm, exchanged joints {exchanged:.0f} %", translate=False)
    if found.get("silent", 0) > 0:
        box.label(text=f"{100 * float(found['silent']):.0f} % without sound: only smoothed", translate=False)
    for note in found.get("notes", ()):
        show(box, sentence(str(note)), "INFO")
    for warning in found.get("warnings", ()):
        show(box, sentence(str(warning)), "ERROR")
    if "offset" in found:
        box.operator("cadenza.use_offset", icon="TIME")
    box.operator("cadenza.next_change", icon="NEXT_KEYFRAME")


CLASSES = (CorrectorMenu, RepairPanel)
