# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""docs/images/following.jpg: a body of its own, and with hands that play violin and piano (as scripts/pictures.py)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bpy
import numpy as np
from make_character import make_character
from mathutils import Euler, Matrix, Vector
from piano_picture import cadence
from pictures import IMAGES, ROOT, aim, camera, shoot
from PIL import Image

import blender_addon
from backend.pipeline import Job, run
from backend.plugin_manager import load_plugins
from blender_addon import character as characters
from blender_addon import takes
from blender_addon.rig import perform, studio
from blender_addon.rig.capture import Poses, Watching
from plugins.api import AnnotationTrack, Audio, Motion, from_json

SECONDS, MOMENT = 8.0, 2.5
SIZE = (520, 640)
SWING = {
    "Spine": (0.20, 0.10, 0.10),
    "Spine1": (0.03, 0.05, 0.08),
    "Neck": (0.10, 0.10, 0.0),
    "Head": (0.20, 0.25, 0.12),
}
"""Radians by which bones swing."""
VIEWS = {
    "body": ((-1.2, -2.9, 1.45), (0.0, -0.15, 0.92)),
    "violin": ((-1.2, -2.9, 1.45), (0.0, -0.15, 0.92)),
    "piano": ((-2.9, -0.9, 1.6), (-0.1, -0.55, 0.80)),
}


def main() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    blender_addon.register()
    scene = bpy.context.scene
    scene.render.fps, scene.frame_end = 30, round(30 * SECONDS)
    armature = make_character()
    bone_map = characters.guess(armature) or characters.bone_map_of(armature)
    studio.build_studio(armature, scene=scene, look_at=())
    animate(armature)
    body = seen(scene, armature, bone_map)
    parts = []
    with TemporaryDirectory() as folder:
        for name, (position, target) in VIEWS.items():
            if name != "body":
                play(scene, armature, bone_map, body, name)
            scene.frame_set(1 + round(30 * MOMENT))
            view = camera(name, scene)
            aim(view, position, target)
            path = Path(folder) / f"{name}.jpg"
            shoot(scene, view, SIZE, path)
            parts.append(np.asarray(Image.open(path)))
    Image.fromarray(np.concatenate(parts, axis=1)).save(IMAGES / "following.jpg", quality=88)
    sys.stdout.flush()
    os._exit(0)  # some builds of Blender's module crash while they are torn down


def animate(armature: Any) -> None:
    """A body that sways, its arms hanging: a key in every frame, as mocap has."""
    bones = {bone.name.split(":")[-1]: bone for bone in armature.pose.bones}
    for side, out in (("Left", 1.0), ("Right", -1.0)):
        bone = bones[f"{side}Arm"]
        down = (bone.tail - bone.head).rotation_difference(Vector((0.12 * out, 0.05, -1.0)))
        bone.matrix = _about(bone.head, down) @ bone.matrix
    for frame in range(1, bpy.context.scene.frame_end + 1):
        time = frame / 30
        waves = np.sin(2 * np.pi * time / np.array([1.6, 5.1, 3.2]) + [0.6, 0.0, 0.0])
        for name, size in SWING.items():
            bones[name].rotation_mode = "QUATERNION"
            bones[name].rotation_quaternion = Euler(tuple(waves * size)).to_quaternion()
            bones[name].keyframe_insert("rotation_quaternion", frame=frame)


def _about(point: Any, turn: Any) -> Any:
    return Matrix.Translation(point) @ turn.to_matrix().to_4x4() @ Matrix.Translation(-point)


def seen(scene: Any, armature: Any, bone_map: Any) -> Motion:
    watching = Watching(scene, armature, Poses(armature, bone_map), 1.0, float(scene.frame_end), 0.0, 30.0)
    watching.advance(np.inf)
    return watching.motion()


def play(scene: Any, armature: Any, bone_map: Any, body: Motion, instrument: str) -> None:
    """A take in which hands play, above what there is."""
    sound = Audio(np.zeros(round(22050 * SECONDS), dtype=np.float32), 22050)
    player = {"violin": "performer", "piano": "pianist"}[instrument]
    options = {player: {"variation": 0.0}}
    job = Job(player, instrument, annotations=tune(instrument), motion=body, options=options)
    motion = run(load_plugins(), job, sound).motion
    solved = perform.plan(armature, motion, bone_map, scene, kept=(), seen=body).solve()
    perform.ensure_props(armature, solved)
    written = takes.write_take(armature, dict(solved.channels), solved.frames, name=instrument, provenance={})
    for _ in written:
        pass
    takes.lay_over(armature.cadenza_takes[-1])
    takes.show(armature, armature.cadenza_takes[-1])


def tune(instrument: str) -> list[AnnotationTrack]:
    """The example on the violin, a cadence on the piano."""
    if instrument == "piano":
        return cadence()
    tracks = from_json((ROOT / "examples/minuet.truth.json").read_text(encoding="utf-8"))
    return [track.slice(0.0, SECONDS) for track in tracks]


if __name__ == "__main__":
    main()
