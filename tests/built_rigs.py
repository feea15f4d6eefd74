# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Armature objects in Blender from rest poses of tests, and where their bones are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np

import blender_addon
from blender_addon.core import rotations as rot
from blender_addon.core.rotations import Array
from blender_addon.rig.rest_pose import RestPose


def empty_scene() -> Any:
    """A scene with nothing in it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types.Object, "cadenza_takes"):
        blender_addon.register()
    return bpy.context.scene


def build(rest: RestPose, collection: Any = None) -> Any:
    """An armature whose rest pose is this one; it becomes the active object."""
    item = bpy.data.objects.new(rest.name, bpy.data.armatures.new(rest.name))
    (collection or bpy.context.scene.collection).objects.link(item)
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    for i, name in enumerate(rest.bones):
        bone = item.data.edit_bones.new(name)
        bone.head, bone.tail = rest.heads[i], rest.tails[i]
        bone.align_roll(rot.rotate(rest.rotations[i], np.array([0.0, 0.0, 1.0])).tolist())
        if rest.parents[i] >= 0:
            bone.parent = item.data.edit_bones[rest.bones[rest.parents[i]]]
        bone.use_inherit_rotation, bone.use_local_location = rest.inherits[i], rest.local[i]
        bone.use_connect = rest.connected[i]
    bpy.ops.object.mode_set(mode="OBJECT")
    for i, name in enumerate(rest.bones):
        item.pose.bones[name].rotation_mode = rest.rotation_modes[i]
    return item


def show(scene: Any, frame: float) -> None:
    whole = int(np.floor(frame))
    scene.frame_set(whole, subframe=frame - whole)


def bones_of(item: Any, names: Iterable[str] = ()) -> dict[str, Array]:
    """Bone -> (4, 4) matrix in the world, as Blender evaluates it now."""
    done = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    world = np.array(done.matrix_world)
    return {name: world @ np.array(done.pose.bones[name].matrix) for name in names or done.pose.bones.keys()}


def world_of(item: Any) -> Array:
    """(4, 4) as Blender evaluates it now."""
    return np.array(item.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
