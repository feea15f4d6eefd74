# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default musician, built by code: armature, skinned body, violin and bow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..core.rotations import Array
from ..core.skeleton import Skeleton
from .bow_mesh import build_bow
from .figure import build_body
from .materials import Materials
from .skinning import THUMB_BACK
from .violin_mesh import build_violin

PROP_BONES: Final = {"violin_end": (0.0, -0.12, 0.0), "bow_frog": (0.12, 0.0, 0.0)}
"""Bones of the held props, and where their tails lie from their heads."""
MAIN_CHILD: Final = {"hips": "spine", "upper_chest": "neck"}
FORWARD: Final = Vector((0.0, -1.0, 0.0))
UPWARD: Final = Vector((0.0, 0.0, 1.0))


@dataclass(frozen=True)
class Musician:
    """The objects of one musician."""

    armature: Any
    body: Any
    violin: Any
    bow: Any


def bone_joints(skeleton: Skeleton) -> list[str]:
    """Joints that get a bone: those of the body with a child, and the held props."""
    return [
        joint
        for i, joint in enumerate(skeleton.joints)
        if joint in PROP_BONES or (skeleton.roles[i] != "prop" and skeleton.children(i))
    ]


def _tail(skeleton: Skeleton, joint: str) -> Array:
    """Where a bone ends: at its child, for a hand at the middle knuckle."""
    i, rest = skeleton.index(joint), skeleton.rest_positions
    if joint in PROP_BONES:
        return np.asarray(rest[i] + PROP_BONES[joint])
    children = [c for c in skeleton.children(i) if skeleton.roles[c] != "prop"]
    wanted = MAIN_CHILD.get(joint, joint.replace("_hand", "_middle_proximal"))
    named = [c for c in children if skeleton.joints[c] == wanted]
    return np.asarray(rest[named[0]] if named else rest[children].mean(axis=0))


def _collection(joint: str, skeleton: Skeleton) -> str:
    """The bone collection of a joint."""
    role = skeleton.roles[skeleton.index(joint)]
    if role == "prop":
        return "Props"
    hand = role == "hand" or joint.endswith("_hand")
    return f"{joint.split('_')[0].title()} hand" if hand else "Body"


def _back(joint: str, along: Any) -> Any:
    """Where a bone's Z axis looks: forward on trunk and legs, to the back of hand and fingers."""
    if "_thumb_" in joint:
        return Vector(THUMB_BACK) * Vector((1.0 if joint.startswith("left") else -1.0, 1.0, 1.0))
    return UPWARD if abs(along.z) < 0.7 else FORWARD


def _add_bones(armature: Any, skeleton: Skeleton) -> None:
    """Edit bones with heads, tails, rolls and parents. Negative X rotation curls fingers and elbows."""
    edit_bones = armature.data.edit_bones
    for joint in bone_joints(skeleton):
        bone, i = edit_bones.new(joint), skeleton.index(joint)
        bone.head, bone.tail = Vector(skeleton.rest_positions[i]), Vector(_tail(skeleton, joint))
        along = (bone.tail - bone.head).normalized()
        bone.align_roll(_back(joint, along))
        if skeleton.parents[i] >= 0:
            bone.parent = edit_bones[skeleton.joints[skeleton.parents[i]]]
        bone.use_connect = False
        bone.use_deform = joint not in PROP_BONES


@contextmanager
def editing_bones(armature: Any) -> Iterator[Any]:
    """The edit bones of an armature that is in the view layer."""
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    yield armature.data.edit_bones
    bpy.ops.object.mode_set(mode="OBJECT")


def build_armature(skeleton: Skeleton, name: str, collection: Any) -> Any:
    """The armature, in the collection, at rest in the skeleton's rest pose."""
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    collection.objects.link(armature)
    with editing_bones(armature):
        _add_bones(armature, skeleton)
    groups = {g: armature.data.collections.new(g) for g in ("Body", "Left hand", "Right hand", "Props")}
    for bone in armature.data.bones:
        groups[_collection(bone.name, skeleton)].assign(bone)
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    armature.data.display_type = "STICK"
    armature.show_in_front = True
    return armature


def hold(item: Any, armature: Any, bone_name: str) -> None:
    """Parent an object to a bone; at rest its origin is the bone's head and its axes the armature's."""
    bone = armature.data.bones[bone_name]
    item.parent, item.parent_type, item.parent_bone = armature, "BONE", bone_name
    tail = bone.matrix_local @ Matrix.Translation((0.0, bone.length, 0.0))
    item.matrix_parent_inverse = tail.inverted()
    item.location = bone.head_local


def wear(body: Any, armature: Any) -> None:
    """Skin the body to the armature."""
    body.parent = armature
    modifier = body.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    modifier.use_deform_preserve_volume = True


def build_musician(skeleton: Skeleton, name: str = "Violinist") -> Musician:
    """Build a musician in a new collection of the scene.

    Args:
        skeleton: a violinist's skeleton (:func:`violinist_skeleton` or other proportions of it).
        name: of the collection, and the start of the objects' names.

    Returns:
        The objects; the armature's rest pose is the skeleton's.
    """
    collection = bpy.data.collections.new(name)
    bpy.context.scene.collection.children.link(collection)
    materials = Materials()
    armature = build_armature(skeleton, name, collection)
    bones = [b for b in bone_joints(skeleton) if b not in PROP_BONES]
    body = build_body(f"{name} body", skeleton, bones, materials)
    violin, bow = build_violin(f"{name} violin", materials), build_bow(f"{name} bow", materials)
    for item in (body, violin, bow):
        collection.objects.link(item)
    wear(body, armature)
    hold(violin, armature, "violin_end")
    hold(bow, armature, "bow_frog")
    return Musician(armature, body, violin, bow)
