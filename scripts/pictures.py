# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The pictures in docs/images: the example performed, from three sides at three moments.

``python scripts/pictures.py`` (needs bpy and, on Linux, libegl1). The first moment also gives
the pictures of the README.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import bpy
from mathutils import Vector

from backend.audio_files import read_audio
from backend.pipeline import Job, run
from backend.plugin_manager import load_plugins
from blender_addon import headless, timeline
from blender_addon.rig import studio
from plugins.api import Motion, Score

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
MOMENTS = {"a run": 20.1, "third position": 25.4, "the last chord": 46.2}
"""Seconds in the example."""
VIEWS = {"front": (960, 720), "bow_side": (960, 720), "left_hand": (960, 640)}


def example_motion() -> Motion:
    score = ROOT / "examples/minuet.musicxml"
    job = Job(score=Score(score.name, score.read_bytes()))
    return run(load_plugins(), job, read_audio(ROOT / "examples/minuet.flac")).motion


def camera(name: str, scene: bpy.types.Scene) -> bpy.types.Object:
    item = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    scene.collection.objects.link(item)
    return item


def aim(item: bpy.types.Object, position: tuple[float, ...], target: tuple[float, ...]) -> None:
    item.location = position
    item.rotation_euler = (Vector(target) - Vector(position)).to_track_quat("-Z", "Y").to_euler()


def shoot(scene: bpy.types.Scene, item: bpy.types.Object, size: tuple[int, int], path: Path) -> None:
    scene.camera = item
    studio.render_settings(scene, *size, still=True)
    if hasattr(scene.render.image_settings, "media_type"):
        scene.render.image_settings.media_type = "IMAGE"
    scene.render.image_settings.file_format = "JPEG"
    scene.render.image_settings.quality = 85
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    print("wrote", path)


def main() -> None:
    motion = example_motion()
    scene = headless.build_scene(motion, motion.fps)
    cameras = {name: camera(name, scene) for name in VIEWS}
    cameras["left_hand"].data.lens = 95
    aim(cameras["front"], (-0.45, -2.35, 1.70), (0.06, -0.2, 1.30))
    aim(cameras["bow_side"], (-1.75, -1.45, 1.72), (0.03, -0.25, 1.36))
    for number, (moment, time) in enumerate(MOMENTS.items(), 1):
        scene.frame_set(round(timeline.frame_at(scene, time, motion.start)))
        hand = Vector(motion.joint("left_middle_intermediate")[round((time - motion.start) * motion.fps)])
        aim(cameras["left_hand"], tuple(hand + Vector((0.16, -0.42, 0.30))), tuple(hand))
        for name, size in VIEWS.items():
            suffix = "" if number == 1 else f"_{number}"
            shoot(scene, cameras[name], size, IMAGES / f"{name}{suffix}.jpg")
        print("moment:", moment)
    sys.stdout.flush()
    os._exit(0)  # some builds of Blender's module crash while they are torn down


if __name__ == "__main__":
    main()
