# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source as something that the animator hears."""

from __future__ import annotations

from typing import Any

import bpy

from .. import obstacles, timeline
from ..audio_source import SourceError, source_of
from ..core.protocol import SoundFile
from . import UNDOABLE
from .failing import refuse


class AddStrip(bpy.types.Operator):
    """Put the sound file on the Video Sequencer, to hear it with the take"""

    bl_idname = "cadenza.add_strip"
    bl_label = "Add to Sequencer"
    section = "source"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, "" if context.scene.cadenza.sound_file else "Choose a sound file first")

    def execute(self, context: Any) -> set[str]:
        state = context.scene.cadenza
        try:
            source = source_of(context.scene)
        except SourceError as error:
            return refuse(self, error)
        strip = timeline.add_sound(context.scene, SoundFile(str(source.sound)), source.name)
        if strip is None:
            self.report({"ERROR"}, "This Blender was built without sound")
            return {"CANCELLED"}
        state.source, state.strip = "STRIP", strip.name
        return {"FINISHED"}


CLASSES = (AddStrip,)
