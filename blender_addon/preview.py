# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A preview film with sound, through Workbench: fast enough without a graphics card."""

from __future__ import annotations

import ctypes.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy


class RenderError(RuntimeError):
    """A picture or film cannot be made here; the message says what to install."""


def check_rendering() -> None:
    """Without EGL a render in background would abort the whole process: say so before."""
    if sys.platform == "linux" and bpy.app.background and ctypes.util.find_library("EGL") is None:
        raise RenderError(
            "the preview needs the system library EGL; install it (Debian, Ubuntu: apt-get install libegl1) "
            "or leave out --preview"
        )


def render_film(scene: Any, path: Path, size: tuple[int, int], progress: Callable[[float], None]) -> None:
    """Render the scene's range to an H.264 file with AAC sound."""
    check_rendering()
    render = scene.render
    kept = render.filepath, render.resolution_x, render.resolution_y, render.resolution_percentage
    render.resolution_x, render.resolution_y = (s - s % 2 for s in size)
    render.resolution_percentage = 100
    _film_settings(render, scene)
    render.filepath = str(path)
    render.use_file_extension = False
    count = max(scene.frame_end - scene.frame_start + 1, 1)

    def report(current: Any, *_: Any) -> None:
        progress((current.frame_current - scene.frame_start + 1) / count)

    bpy.app.handlers.render_write.append(report)
    try:
        bpy.ops.render.render(animation=True, scene=scene.name)
    except RuntimeError as error:
        raise RenderError(f"the preview could not be rendered: {error}") from error
    finally:
        bpy.app.handlers.render_write.remove(report)
        render.filepath, render.resolution_x, render.resolution_y, render.resolution_percentage = kept


def _film_settings(render: Any, scene: Any) -> None:
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    ffmpeg = render.ffmpeg
    ffmpeg.format, ffmpeg.codec = "MPEG4", "H264"
    ffmpeg.constant_rate_factor = "MEDIUM"
    ffmpeg.gopsize = 15
    if scene.sequence_editor:
        ffmpeg.audio_codec, ffmpeg.audio_bitrate = "AAC", 192
