# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""For tests of takes: channels to write, hand keys, and what a file holds of takes."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

import blender_addon
from blender_addon import takes
from blender_addon.core import rotations as rot
from blender_addon.rig.action import curves_of
from blender_addon.rig.channels import Channel

FRAMES = np.arange(1.0, 301.0)
ARM = 'pose.bones["arm"].rotation_quaternion'
HEAD = 'pose.bones["head"].rotation_euler'
HIPS = 'pose.bones["hips"].location'


def empty_file() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types.Object, "cadenza_takes"):
        blender_addon.register()


def armature(name: str, bones: tuple[str, ...], collection: Any) -> Any:
    item = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    collection.objects.link(item)
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    for i, bone in enumerate(bones):
        made = item.data.edit_bones.new(bone)
        made.head, made.tail = (0, 0, i), (0, 0, i + 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in item.pose.bones:
        bone.rotation_mode = "XYZ" if bone.name == "head" else "QUATERNION"
    return item


def channels(seed: int, frames: np.ndarray = FRAMES, props: str = "Violin") -> dict[str, list[Channel]]:
    rng = np.random.default_rng(seed)
    phases = rng.uniform(0, 6, 10)
    waves = np.sin(frames[:, None] / 20 + phases)
    turns = rot.unroll(rot.from_rotation_vector(waves[:, :3] * 1.5))
    bow = rot.unroll(rot.from_rotation_vector(waves[:, 5:8]))
    body = [
        Channel(HIPS, "hips", waves[:, :3], "torso"),
        Channel(ARM, "arm", turns, "bow_arm"),
        Channel(HEAD, "head", waves[:, 3:6], "torso"),
    ]
    return {"Anna": body, props: [Channel('pose.bones["bow"].rotation_quaternion', "bow", bow, "bow_arm")]}


def write(item: Any, seed: int, **more: Any) -> takes.Written:
    """Run the generator to its end; what it returns."""
    frames = more.pop("frames", FRAMES)
    writing = takes.write_take(
        item,
        more.pop("channels", None) or channels(seed, frames),
        frames,
        provenance={"generator": "test", "seed": seed},
        **more,
    )
    try:
        while True:
            assert 0 <= next(writing) <= 1
    except StopIteration as end:
        return end.value


def posed(item: Any, frame: float) -> np.ndarray:
    """What the bones' matrices are (B, 16) at a frame."""
    bpy.context.scene.frame_set(int(frame), subframe=frame % 1)
    graph = bpy.context.evaluated_depsgraph_get()
    return np.array([np.array(b.matrix).ravel() for b in item.evaluated_get(graph).pose.bones])


def curve(take: Any, path: str, index: int = 0, entry: int = 0) -> Any:
    return curves_of(take.actions[entry].action).fcurves.find(path, index=index)


def keys(curve: Any) -> dict[float, float]:
    return {round(p.co[0], 3): p.co[1] for p in curve.keyframe_points}


def dump() -> list[Any]:
    """The file as far as takes could change it."""
    rows: list[Any] = []
    for action in sorted(bpy.data.actions, key=lambda a: a.name):
        curves = [(c.data_path, c.array_index, tuple(keys(c).items())) for c in curves_of(action).fcurves]
        rows.append((action.name, action.users, action.use_fake_user, curves))
    for item in sorted(bpy.data.objects, key=lambda o: o.name):
        data = item.animation_data
        tracks = [
            (t.name, t.mute, t.is_solo, [(s.name, s.mute, s.influence, s.action.name) for s in t.strips])
            for t in (data.nla_tracks if data else ())
        ]
        rows.append((item.name, data and data.action and data.action.name, tracks))
        rows.append([(t.name, t.uid, t.provenance, t.starred) for t in item.cadenza_takes])
    return rows


def values(curve: Any) -> np.ndarray:
    out = np.empty(len(curve.keyframe_points) * 2, np.float32)
    curve.keyframe_points.foreach_get("co", out)
    return out.reshape(-1, 2)


def hand_key(curve: Any, frame: float, value: float) -> None:
    curve.keyframe_points.insert(frame, value)
    curve.update()
