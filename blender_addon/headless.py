# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m blender_addon.headless``: the apply step without a window.

Reads one line of JSON (a :class:`~.core.protocol.BakeJob`) from standard input and
writes progress as lines of JSON to standard output: ``{"progress": 0.4, "message": …}``,
at the end ``{"done": …}``, or ``{"error": …}`` and exit status 1. Blender is loaded
before the job is read, so that a caller may start it while it still computes.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

import bpy
import numpy as np

from . import markers, preview, register, takes, timeline
from .character_files import CharacterError, export_character
from .character_scene import character_scene
from .core.annotations import AnnotationError, from_json
from .core.motion import Motion, MotionError
from .core.protocol import BakeJob, ProtocolError
from .rig import studio
from .rig.bake import BakeError, channels_of
from .rig.body import RigError
from .rig.bone_map import BoneMapError
from .rig.mannequin import build_musician
from .rig.pianist import build_pianist, is_pianist

USER_ERRORS = (
    AnnotationError,
    BakeError,
    BoneMapError,
    CharacterError,
    MotionError,
    OSError,
    ProtocolError,
    RigError,
    preview.RenderError,
    takes.TakeError,
)
"""What the caller is told in the error's own words."""


def main() -> int:
    """Serve one job; the exit status."""
    out = _own_stdout()

    def say(**message: Any) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    register()
    try:
        line = sys.stdin.readline()
        if not line.strip():
            return 0  # the caller gave up
        job = BakeJob.from_json(line)
        apply(job, lambda fraction, message: say(progress=fraction, message=message))
    except USER_ERRORS as error:
        say(error=str(error))
        return 1
    say(done=job.output)
    return 0


def _own_stdout() -> TextIO:
    """Keep standard output for our messages: what Blender prints goes to standard error."""
    ours = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return ours


def apply(job: BakeJob, progress: Any) -> None:
    """Build the scene of a job, save it, and render its preview."""
    if job.preview is not None:
        preview.check_rendering()
    progress(0.0, "Building the musician")
    motion = Motion.load(job.motion)
    tracks = from_json(Path(job.annotations).read_text(encoding="utf-8"))
    scene = build_scene(motion, job.fps) if job.character is None else _perform(job, motion)
    progress(0.3, "Marking beats")
    markers.add_markers(scene, tracks, motion.start)
    if job.sound is not None:
        timeline.add_sound(scene, job.sound)
    progress(0.5, "Saving")
    _save(job)
    if job.preview is not None:
        progress(0.6, "Rendering the preview")
        size = (job.width, job.height)
        preview.render_film(scene, Path(job.preview), size, lambda f: progress(0.6 + 0.4 * f, "Rendering the preview"))
    progress(1.0, "Done")


def _perform(job: BakeJob, motion: Motion) -> Any:
    """The user's character performs; its report and its export are written."""
    assert job.character is not None
    shown = character_scene(motion, job.fps, job.character)
    if job.report is not None:
        Path(job.report).write_text(json.dumps(shown.report, indent=2), encoding="utf-8")
    if job.export is not None:
        export_character(Path(job.export), shown.armature, shown.scene)
    return shown.scene


def build_scene(motion: Motion, fps: float) -> Any:
    """A fresh scene with the default musician performing the motion."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types.Object, "cadenza_takes"):
        register()
    scene = bpy.context.scene
    timeline.set_frame_rate(scene, fps)
    at_piano = is_pianist(motion.skeleton)
    musician = build_pianist(motion.skeleton) if at_piano else build_musician(motion.skeleton)
    frames = np.array([timeline.frame_at(scene, t, motion.start) for t in (motion.times[0], motion.times[-1])])
    frames = np.linspace(frames[0], frames[1], len(motion)) if len(motion) > 1 else frames[:1]
    channels = {musician.armature.name: channels_of(motion, musician.armature)}
    for _ in takes.write_take(musician.armature, channels, frames, name="Take 1", provenance=motion.provenance):
        pass
    scene.frame_end = max(scene.frame_start, int(np.floor(frames[-1] + 1e-6)))
    scene.frame_set(scene.frame_start)
    studio.build_studio(musician.armature, scene=scene, cameras=studio.PIANO_CAMERAS if at_piano else studio.CAMERAS)
    studio.render_settings(scene)
    return scene


def _save(job: BakeJob) -> None:
    """Write the .blend whole or not at all; sounds are referred to relative to where it will lie."""
    target = Path(job.output)
    draft = target.with_name(f".{target.stem}.part.blend")
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(draft), compress=True, relative_remap=True)
        os.replace(draft, target)
    except RuntimeError as error:
        reason = str(error).removeprefix("Error: ").strip()
        raise BakeError(f"the .blend could not be written ({reason}); see that there is room on the disk") from error
    finally:
        draft.unlink(missing_ok=True)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Some builds of Blender's module crash or hang while they are torn down; everything is written.
    os._exit(status)
