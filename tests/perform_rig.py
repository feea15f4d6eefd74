# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``python -m tests.perform_rig RIG MOTION.npz OUT.npz``: one of the real rigs performs in Blender.

A process of its own, since Blender may hang or crash at its end after Rigify. Two takes are
written, the motion as it is retargeted and the whole performance with contact, and what
Blender evaluates is saved: heads of the mapped bones, fingertips, violin and bow, in the world.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from blender_addon import takes, timeline
from blender_addon.character_files import open_character
from blender_addon.core.violinist import FINGERS, finger_joints, violinist_skeleton
from blender_addon.motion_files import load_motion
from blender_addon.rig import perform
from blender_addon.rig.armature import rest_pose_of
from blender_addon.rig.body import body_of_rig
from blender_addon.rig.bone_channels import bone_channels
from blender_addon.rig.bone_map import BoneMap, guess_bone_map
from blender_addon.rig.mannequin import build_musician
from blender_addon.rig.performance import motion_body
from blender_addon.rig.retarget import retarget, source_of
from tests import shared_rigs
from tests.built_rigs import empty_scene, show, world_of

FRAMES = 60
"""Frames that are looked at, spread over the motion."""


def character(name: str) -> Any:
    empty_scene()
    if Path(name).suffix:
        return open_character(Path(name))
    if name == "musician":
        return build_musician(violinist_skeleton()).armature
    return rigify() if name == "rigify" else shared_rigs.build_mpfb(name)


def rigify() -> Any:
    """Rigify's human, generated."""
    import addon_utils

    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_human_metarig_add()
    bpy.ops.pose.rigify_generate()
    return next(o for o in bpy.data.objects if o.type == "ARMATURE" and "root" in o.data.bones)


def seen_bone(armature: Any, bone: str) -> str:
    """What the mesh follows: for a control of Rigify's the deforming bone."""
    deforming = "DEF-" + bone.replace("_fk", "")
    return deforming if deforming in armature.pose.bones else bone


def look(armature: Any, bone_map: BoneMap, performance: perform.Performance, frames: np.ndarray) -> dict[str, Any]:
    """joint -> (N, 3) in the world, and what is played (N, 4, 4)."""
    found: dict[str, list[np.ndarray]] = {}
    for frame in frames:
        show(bpy.context.scene, float(frame))
        done = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        world = np.array(done.matrix_world)
        for joint, bone in bone_map.bones.items():
            pose = done.pose.bones[seen_bone(armature, bone)]
            found.setdefault(joint, []).append(world @ [*pose.head, 1.0])
        for joint, bone in tips(bone_map).items():
            pose = done.pose.bones[seen_bone(armature, bone)]
            place = pose.children[0].head if len(pose.children) == 1 else pose.tail
            found.setdefault(joint, []).append(world @ [*place, 1.0])
        props = perform.props_of(armature, performance.plays)
        for item in props.children if props else ():
            if item.parent_bone:  # the piano's keys hang on bones of their own
                found.setdefault(item.parent_bone, []).append(world_of(item))
    return {
        key: np.array(values)[..., :3] if np.ndim(values[0]) == 1 else np.array(values) for key, values in found.items()
    }


def tips(bone_map: BoneMap) -> dict[str, str]:
    """Fingertip -> the last mapped bone of its finger."""
    out = {}
    for side in ("left", "right"):
        for finger in FINGERS:
            *joints, tip = finger_joints(side, finger)
            mapped = [joint for joint in joints if joint in bone_map.bones]
            if mapped:
                out[tip] = bone_map.bones[mapped[-1]]
    return out


def write(armature: Any, channels: dict[str, Any], frames: np.ndarray) -> None:
    for _ in takes.write_take(armature, channels, frames, provenance={}):
        pass


def main(name: str, motion_path: str, out: str) -> None:
    armature, motion = character(name), load_motion(Path(motion_path))
    scene = bpy.context.scene
    timeline.set_frame_rate(scene, motion.fps)
    bone_map = guess_bone_map(rest_pose_of(armature))
    plan = perform.plan(armature, motion, bone_map, scene)
    performance = plan.solve()
    chosen = np.linspace(0, len(motion) - 1, min(FRAMES, len(motion))).astype(int)
    body = body_of_rig(plan.rest, bone_map)
    plain = bone_channels(retarget(source_of(motion, motion_body(motion)), body), bone_map)
    write(armature, {armature.name: plain}, performance.frames)
    saved = {f"plain {k}": v for k, v in look(armature, bone_map, performance, performance.frames[chosen]).items()}
    perform.ensure_props(armature, performance)
    write(armature, performance.channels, performance.frames)
    saved |= look(armature, bone_map, performance, performance.frames[chosen])
    facts = {"report": performance.report, "bones": dict(bone_map.bones), "preset": bone_map.preset}
    np.savez(out, frames=chosen, facts=np.array(json.dumps(facts, allow_nan=False)), **saved)


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)
