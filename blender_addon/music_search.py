# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Music for what a character does: asked of the backend, kept as a list, placed as a sound strip."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import bpy

from . import character, connection
from .audio_source import Source
from .order import Order
from .orders import OrderError, all_options, request_of, watched_character
from .reference import Reference
from .remote_job import RemoteJob
from .rig.capture import Places, Watching
from .timeline import frame_rate
from .watch import Watch

if TYPE_CHECKING:
    from .core.annotations import AnnotationTrack

NAMESPACE: Final = "recommendation"
TOP: Final = 12
"""Tracks that are asked for."""
LISTEN: Final = 20.0
"""Seconds that are played when an animator listens."""
SAME_SPEED: Final = 0.003
"""Part by which the tempo may differ unnoticed."""


@dataclass(frozen=True)
class Shelf:
    """Where the tracks are put that were found: the scene's list."""

    scene: Reference
    frame: float
    words: str = "tracks"

    def begun(self) -> Shelf:
        return self

    def put(self, tracks: Iterable[AnnotationTrack]) -> tuple[int, str]:
        """Fill the list, best first; how many there are (none when the scene is gone)."""
        scene = self.scene.find()
        found = [a for t in tracks if t.namespace == NAMESPACE for a in t.annotations]
        if scene is None:
            return 0, ""
        state = scene.cadenza_music_found
        state.tracks.clear()
        state.index, state.frame = 0, self.frame
        for annotation in sorted(found, key=lambda a: a.value.get("rank", math.inf)):
            item = state.tracks.add()
            item.name, item.path = str(annotation.value["name"]), str(annotation.value["path"])
            item.left_out = str(annotation.value.get("left_out", ""))
            item.offset = annotation.time
            item.tempo_ratio = float(annotation.value.get("tempo_ratio", 1.0))
            item.reason = str(annotation.value.get("reason", ""))
        return sum(1 for item in state.tracks if not item.left_out), ""


def order(scene: Any) -> Order:
    """Find music for what the chosen character does in the scene's range (the preview range, if it is used)."""
    armature, state = watched_character(scene), scene.cadenza
    preview = scene.use_preview_range
    first = float(scene.frame_preview_start if preview else scene.frame_start)
    last = float(scene.frame_preview_end if preview else scene.frame_end)
    source = Source(None, None, None, None, first, 0.0, "the character's motion")
    look = Places(armature, character.bone_map_of(armature))
    origin = (scene.frame_start - first) / frame_rate(scene)  # the first frame that is looked at is second 0
    watching = Watching(scene, armature, look, first, last, origin)
    folder = bpy.path.abspath(state.music_folder) if state.music_folder else ""
    asked = {"recommender": state.recommender, "library": folder, "top": TOP, "options": all_options(state)}
    request = replace(request_of(scene, source, asked), start=None, end=None)
    job = RemoteJob(connection.backend(), request, None, None)
    shelf = Shelf(Reference.to(scene), first)
    return Order("Find Music", None, mark=shelf, prepare=Watch(watching, job), section="music")


def chosen(scene: Any) -> Any:
    """The track that is chosen in the list, or None."""
    state = scene.cadenza_music_found
    return state.tracks[state.index] if 0 <= state.index < len(state.tracks) else None


def place(scene: Any, item: Any) -> Any:
    """A sound strip of a track, so that its second ``offset`` is at the frame at which the motion began; it becomes the
    source. Strips that are there stay.

    Raises:
        OrderError: the file is not here, or this Blender has no sound.
    """
    if not bpy.app.build_options.audaspace:
        raise OrderError("this Blender was built without sound; place it in another")
    if not Path(item.path).is_file():
        raise OrderError(f"{item.path} is not on this computer; copy it here and add it in the Video Sequencer")
    rate = frame_rate(scene)
    begins = scene.cadenza_music_found.frame - item.offset * rate
    whole = math.floor(begins)
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    channel = max((strip.channel for strip in strips), default=0) + 1
    strip = strips.new_sound(Path(item.path).stem, item.path, channel=channel, frame_start=whole)
    strip.select = False
    strip.sound_offset = (begins - whole) / rate
    if whole < scene.frame_start:
        strip.frame_offset_start = scene.frame_start - whole
    workspace = bpy.context.workspace
    if hasattr(workspace, "sequencer_scene"):  # from 5.0 on
        workspace.sequencer_scene = scene
    scene.cadenza.source, scene.cadenza.strip = "STRIP", strip.name
    return strip


def speed_of(item: Any) -> str:
    """What to do about the tempo, for people; empty when it is the same."""
    if abs(item.tempo_ratio - 1.0) < SAME_SPEED:
        return ""
    return f"plays {100 * item.tempo_ratio:.1f} % as fast to fit: stretch the motion to {100 * item.tempo_ratio:.1f} %"


class Listening:
    """What is playing now, if anything."""

    handle: Any = None

    @classmethod
    def start(cls, item: Any) -> None:
        """Play a track from where the motion would begin.

        Raises:
            OrderError: it cannot be played.
        """
        try:
            import aud
        except ImportError:
            raise OrderError("this Blender was built without sound; listen in another program") from None
        cls.stop()
        begin = max(item.offset, 0.0)
        try:
            cls.handle = aud.Device().play(aud.Sound(item.path).limit(begin, begin + LISTEN))
        except aud.error as error:
            raise OrderError(f"{item.name} cannot be played: {error}") from error

    @classmethod
    def stop(cls) -> None:
        if cls.handle is not None:
            cls.handle.stop()
            cls.handle = None

    @classmethod
    def playing(cls) -> bool:
        return cls.handle is not None and bool(cls.handle.status)


class CadenzaFoundTrack(bpy.types.PropertyGroup):
    """A track that fits, or one that was left out."""

    name: bpy.props.StringProperty(name="Name")  # type: ignore[valid-type]
    path: bpy.props.StringProperty(name="Path")  # type: ignore[valid-type]
    offset: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Offset", description="Second of the track at which the motion begins", unit="TIME_ABSOLUTE"
    )
    tempo_ratio: bpy.props.FloatProperty(name="Tempo", description="How much faster to play it", default=1.0)  # type: ignore[valid-type]
    reason: bpy.props.StringProperty(name="Why", description="Why it fits")  # type: ignore[valid-type]
    left_out: bpy.props.StringProperty(name="Left Out", description="Why it was left out")  # type: ignore[valid-type]


class CadenzaFound(bpy.types.PropertyGroup):
    """The tracks that were found for a motion."""

    tracks: bpy.props.CollectionProperty(type=CadenzaFoundTrack)  # type: ignore[valid-type]
    index: bpy.props.IntProperty(name="Track")  # type: ignore[valid-type]
    frame: bpy.props.FloatProperty(name="Frame", description="At which the motion began")  # type: ignore[valid-type]


CLASSES: tuple[Any, ...] = (CadenzaFoundTrack, CadenzaFound)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.cadenza_music_found = bpy.props.PointerProperty(type=CadenzaFound)


def unregister() -> None:
    Listening.stop()
    del bpy.types.Scene.cadenza_music_found
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
