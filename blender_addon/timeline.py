# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene's clock, and the sound strip."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, TypeVar

import bpy

from .core.rotations import Array

if TYPE_CHECKING:
    from .core.protocol import SoundFile

HIGHEST_CHANNEL: Final = 128
"""Of the Video Sequencer."""
Seconds = TypeVar("Seconds", float, Array)
"""A number or an array of them."""


def set_frame_rate(scene: Any, fps: float) -> None:
    """Any frame rate: 29.97 becomes 30 / 1.001."""
    whole = max(1, round(fps))
    scene.render.fps = whole
    scene.render.fps_base = whole / fps


def frame_rate(scene: Any) -> float:
    """Frames per second of a scene."""
    return float(scene.render.fps / scene.render.fps_base)


def frame_at(scene: Any, seconds: Seconds, origin: float = 0.0) -> Seconds:
    """Scene frame (with its fraction) of a time in the recording, when ``origin`` is at the scene's start.

    The one place where seconds become frames; ``seconds`` may be an array.
    """
    return (seconds - origin) * frame_rate(scene) + scene.frame_start


def seconds_at(scene: Any, frame: float, origin: float = 0.0) -> float:
    """The time in the recording at a scene frame: the inverse of :func:`frame_at`."""
    return (frame - scene.frame_start) / frame_rate(scene) + origin


def free_channel(editor: Any, strips: Any, lowest: int = 1) -> int:
    """The lowest channel of the Video Sequencer on which nothing lies, and that nobody has muted, locked or named."""
    taken = {strip.channel for strip in strips}
    free = (c for c in range(lowest, HIGHEST_CHANNEL + 1) if c not in taken)
    return next((c for c in free if untouched(editor.channels[c], c)), HIGHEST_CHANNEL)


def untouched(channel: Any, number: int) -> bool:
    """Whether nobody has muted, locked or named a channel of the Video Sequencer."""
    own = bpy.app.translations.pgettext_data("Channel %d").replace("%d", str(number))
    return channel.name in (f"Channel {number}", own) and not (channel.mute or channel.lock)


def add_sound(scene: Any, sound: SoundFile, name: str = "Cadenza sound") -> Any:
    """A sound strip whose second ``sound.start`` is at the scene's start; None where Blender has no sound.

    The 4.2 module from PyPI is built without its audio library.
    """
    if not bpy.app.build_options.audaspace:
        return None
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    rate = frame_rate(scene)
    # Strips begin on whole frames; what is left over delays the sound within its strip.
    skipped = math.ceil(sound.start * rate - 1e-6)
    begin, channel = scene.frame_start - skipped, free_channel(editor, strips)
    strip = strips.new_sound(name, sound.path, channel=channel, frame_start=begin)
    strip.select = False  # what an animator does next to what is selected is not meant for it
    if skipped:
        strip.frame_offset_start = skipped
        strip.sound_offset = skipped / rate - sound.start
    workspace = bpy.context.workspace
    if hasattr(workspace, "sequencer_scene"):  # from 5.0 on
        workspace.sequencer_scene = scene
    return strip
