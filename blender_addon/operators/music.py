# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Music for a dance: find it, listen to it, place it."""

from __future__ import annotations

from typing import Any

import bpy

from .. import music_search, obstacles
from . import UNDOABLE
from .failing import EXPECTED, refuse
from .generate import begin


class FindMusic(bpy.types.Operator):
    """Find tracks of your own that fit what the character does in the scene's range"""

    bl_idname = "cadenza.find_music"
    bl_label = "Find Music"
    section = "music"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_finding_music(context.scene))

    def execute(self, context: Any) -> set[str]:
        return begin(self, lambda: music_search.order(context.scene))


class ListenToTrack(bpy.types.Operator):
    """Hear this track from where the motion would begin; again to stop"""

    bl_idname = "cadenza.listen_track"
    bl_label = "Listen"
    section = "music"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_found_track(context.scene))

    def execute(self, context: Any) -> set[str]:
        if music_search.Listening.playing():
            music_search.Listening.stop()
            return {"FINISHED"}
        try:
            music_search.Listening.start(music_search.chosen(context.scene))
        except EXPECTED as error:
            return refuse(self, error)
        return {"FINISHED"}


class PlaceTrack(bpy.types.Operator):
    """Add this track as a sound strip, so that its beats fall on the motion's; it becomes the source"""

    bl_idname = "cadenza.place_track"
    bl_label = "Place"
    section = "music"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_found_track(context.scene))

    def execute(self, context: Any) -> set[str]:
        music_search.Listening.stop()
        item = music_search.chosen(context.scene)
        try:
            strip = music_search.place(context.scene, item)
        except EXPECTED as error:
            return refuse(self, error)
        speed = music_search.speed_of(item)
        self.report({"INFO"}, f"{strip.name}{'; ' + speed if speed else ''}")
        return {"FINISHED"}


CLASSES = (FindMusic, ListenToTrack, PlaceTrack)
