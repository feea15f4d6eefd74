# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Retargeting to a rig of 65 bones, 3,000 frames: ``python scripts/bench_retarget.py``.

- from a motion to channels of the rig's bones: the rig read as a body, rest poses aligned, hips, keys;
- the same with violin, bow, fingers and feet in contact; and of a pianist, with ten fingers on their keys;
- the obvious alternatives: Copy Rotation constraints on a source armature, stepping through the frames
  and reading the pose; and the same arithmetic frame by frame with mathutils.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp())

import bpy  # noqa: E402
import numpy as np  # noqa: E402
from make_character import make_character  # noqa: E402
from mathutils import Quaternion  # noqa: E402

import blender_addon  # noqa: E402
from backend.audio_files import read_audio  # noqa: E402
from blender_addon import takes  # noqa: E402
from blender_addon.rig.armature import rest_pose_of  # noqa: E402
from blender_addon.rig.bake import channels_of  # noqa: E402
from blender_addon.rig.body import body_of_motion, body_of_rig  # noqa: E402
from blender_addon.rig.bone_channels import bone_channels  # noqa: E402
from blender_addon.rig.bone_map import BoneMap, guess_bone_map  # noqa: E402
from blender_addon.rig.mannequin import build_musician  # noqa: E402
from blender_addon.rig.performance import perform_motion  # noqa: E402
from blender_addon.rig.rest_pose import RestPose  # noqa: E402
from blender_addon.rig.retarget import rest_alignment, retarget, source_of  # noqa: E402
from plugins.api import Annotation, AnnotationTrack, Audio, JobContext, Motion, from_json  # noqa: E402
from plugins.ik.step import InverseKinematics  # noqa: E402
from plugins.performer.generator import Performer  # noqa: E402
from plugins.performer.piano_generator import Pianist  # noqa: E402

FRAMES, BONES, RUNS, SLOW_RUNS = 3_000, 65, 9, 3
EXAMPLES = ROOT / "examples"


def performance() -> Motion:
    """The example, again and again until there are frames enough."""
    context = JobContext(annotations=from_json((EXAMPLES / "minuet.truth.json").read_text()))
    performer = Performer()
    motion = performer.generate(read_audio(EXAMPLES / "minuet.flac"), performer.Options(), context)
    motion = InverseKinematics().apply(motion, None, context)
    again = np.arange(FRAMES) % len(motion)
    assert motion.rotations is not None
    return replace(motion, positions=motion.positions[again], rotations=motion.rotations[again])


def at_piano() -> Motion:
    """A pianist who plays scales in both hands, as long."""
    notes = [Annotation(0.2 * i, 0.18, {"pitch": 36 + hand + i % 24}) for i in range(490) for hand in (0, 24)]
    sound = Audio(np.zeros(8000 * FRAMES // 30, dtype=np.float32), 8000)
    context = JobContext(annotations=[AnnotationTrack("note", tuple(notes))], instrument="piano")
    player = Pianist()
    return InverseKinematics().apply(player.generate(sound, player.Options(), context), None, context)


def character() -> Any:
    """A character with Mixamo's 65 bones: at the ends of head, toes and fingers it has one more each."""
    armature = make_character()
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in [b for b in armature.data.edit_bones if not b.children]:
        end = armature.data.edit_bones.new(f"{bone.name}_End")
        end.head, end.tail, end.parent = bone.tail, bone.tail + 0.5 * (bone.tail - bone.head), bone
    bpy.ops.object.mode_set(mode="OBJECT")
    assert len(armature.data.bones) == BONES
    return armature


def by_constraints(source: Any, target: Any, bone_map: BoneMap) -> float:
    """Copy Rotation on each bone, through all frames, reading the pose; seconds."""
    for joint, bone in bone_map.bones.items():
        constraint = target.pose.bones[bone].constraints.new("COPY_ROTATION")
        constraint.target, constraint.subtarget = source, joint
    scene, out = bpy.context.scene, np.empty((FRAMES, len(bone_map.bones), 4))
    begin = time.perf_counter()
    for frame in range(FRAMES):
        scene.frame_set(frame)
        for i, bone in enumerate(bone_map.bones.values()):
            out[frame, i] = target.pose.bones[bone].matrix.to_quaternion()
    return time.perf_counter() - begin


def frame_by_frame(motion: Motion, rest: RestPose, bone_map: BoneMap) -> None:
    """Rotations of the bones, one at a time (no hips, no missing or extra joints)."""
    assert motion.rotations is not None
    skeleton, body = motion.skeleton, body_of_rig(rest, bone_map)
    alignment = {j: Quaternion(q) for j, q in rest_alignment(body_of_motion(skeleton), body).items()}
    turned = [Quaternion(q) for q in rest.rotations]
    out = np.empty((len(motion), len(bone_map.bones), 4))
    for frame, rotations in enumerate(motion.rotations.tolist()):
        world: list[Quaternion] = []
        for i, parent in enumerate(skeleton.parents):
            local = Quaternion(rotations[i])
            world.append(world[parent] @ local if parent >= 0 else local)
        done = {j: world[skeleton.index(j)] @ alignment[j] for j in body.bones}
        for i, (joint, bone) in enumerate(body.bones.items()):
            above = body.skeleton.parents[body.skeleton.index(joint)]
            away = done[joint] if above < 0 else done[body.skeleton.joints[above]].inverted() @ done[joint]
            out[frame, i] = turned[bone].inverted() @ away @ turned[bone]


def seconds_of(work: Callable[[], object], runs: int = RUNS) -> float:
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def main() -> None:
    motion, pianist = performance(), at_piano()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types.Object, "cadenza_takes"):
        blender_addon.register()
    source, target = build_musician(motion.skeleton).armature, character()
    rest = rest_pose_of(target)
    bone_map = guess_bone_map(rest)
    keys = {source.name: channels_of(motion, source)}
    for _ in takes.write_take(source, keys, np.arange(FRAMES), provenance={}):
        pass
    bpy.context.scene.frame_end = FRAMES

    def plain() -> object:
        result = retarget(source_of(motion, body_of_motion(motion.skeleton)), body_of_rig(rest, bone_map))
        return bone_channels(result, bone_map)

    rows = {
        "retargeting: motion to channels": seconds_of(plain),
        "the whole performance, with contact": seconds_of(lambda: perform_motion(motion, rest, bone_map)),
        "the same of a pianist": seconds_of(lambda: perform_motion(pianist, rest, bone_map)),
        "mathutils, frame by frame (rotations only)": seconds_of(
            lambda: frame_by_frame(motion, rest, bone_map), SLOW_RUNS
        ),
        "Copy Rotation constraints, frame_set (rotations only)": by_constraints(source, target, bone_map),
    }
    print(f"Blender {bpy.app.version_string}, {platform.machine()}, {os.cpu_count()} cores.")
    print(f"{FRAMES:,} frames, {len(rest)} bones, {len(bone_map.bones)} of them mapped.\n")
    print("| work | seconds | x |\n|---|---|---|")
    first = rows["retargeting: motion to channels"]
    for what, seconds in rows.items():
        print(f"| {what} | {seconds:.3f} | {seconds / first:.1f} |")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
