# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene's clock, the sound strip, and annotations as timeline markers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from .core.annotations import AnnotationTrack
    from .core.protocol import SoundFile

MARKED = ("downbeat", "beat")
"""Namespaces that become markers, the more important first: one marker a frame."""


def set_frame_rate(scene: Any, fps: float) -> None:
    """Any frame rate: 29.97 becomes 30 / 1.001."""
    whole = max(1, round(fps))
    scene.render.fps = whole
    scene.render.fps_base = whole / fps


def frame_at(scene: Any, seconds: float, origin: float = 0.0) -> float:
    """Scene frame (with its fraction) of a time in the recording, when ``origin`` is at the scene's start.

    The one place where seconds become frames.
    """
    return scene.frame_start + (seconds - origin) * scene.render.fps / scene.render.fps_base


def add_markers(scene: Any, tracks: Iterable[AnnotationTrack], origin: float) -> int:
    """Put beats and downbeats on the timeline; returns how many. Markers that are not ours stay."""
    remove_markers(scene)
    by_name = {track.namespace: track for track in tracks}
    taken: set[int] = set()
    for namespace in MARKED:
        track = by_name.get(namespace)
        for annotation in track.annotations if track else ():
            frame = round(frame_at(scene, annotation.time, origin))
            if frame in taken:
                continue
            taken.add(frame)
            name = f"Bar {annotation.value}" if namespace == "downbeat" else str(annotation.value)
            marker = scene.timeline_markers.new(name, frame=frame)
            marker.cadenza.namespace = namespace
            marker.cadenza.time = annotation.time
            marker.cadenza.value = str(annotation.value)
    return len(taken)


def remove_markers(scene: Any) -> None:
    """Take our own markers away."""
    for marker in [m for m in scene.timeline_markers if m.cadenza.namespace]:
        scene.timeline_markers.remove(marker)


def add_sound(scene: Any, sound: SoundFile, name: str = "Cadenza sound") -> Any:
    """A sound strip whose second ``sound.start`` is at the scene's start; None where Blender has no sound.

    The 4.2 module from PyPI is built without its audio library.
    """
    if not bpy.app.build_options.audaspace:
        return None
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    rate = scene.render.fps / scene.render.fps_base
    # Strips begin on whole frames; what is left over delays the sound within its strip.
    skipped = math.ceil(sound.start * rate - 1e-6)
    strip = strips.new_sound(name, sound.path, channel=1, frame_start=scene.frame_start - skipped)
    if skipped:
        strip.frame_offset_start = skipped
        strip.sound_offset = skipped / rate - sound.start
    workspace = bpy.context.workspace
    if hasattr(workspace, "sequencer_scene"):  # from 5.0 on
        workspace.sequencer_scene = scene
    return strip
