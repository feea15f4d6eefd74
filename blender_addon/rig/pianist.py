# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pianist: our figure, a grand piano with keys that go down, a pedal, a bench; and their channels.

One armature holds all that moves, so that one take is one action. Keyboard, pedal and bench are
bones without a parent; each key is a bone on the keyboard's, from the rail that it rocks on to its
front, and turns about its X axis alone: one curve, and none for a key that is never played.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import bpy
import numpy as np
from mathutils import Vector

from ..core import piano
from ..core.pianist import KEY_JOINTS, PROPS
from .channels import Channel
from .figure import build_body
from .keyboard import depths_in
from .mannequin import UPWARD, bone_joints, build_armature, editing_bones, hold, wear
from .materials import Materials
from .meshing import build_mesh
from .piano_channels import key_channels
from .piano_keys_mesh import build_keys
from .piano_mesh import bench_pieces, build_piano, pedal_piece

if TYPE_CHECKING:
    from ..core.motion import Motion
    from ..core.skeleton import Skeleton

TAILS: Final = {"keyboard": (0.0, 0.10, 0.0), "pedal": (0.0, 0.06, 0.0), "bench": (0.0, 0.10, 0.0)}


@dataclass(frozen=True)
class Pianist:
    """The objects of a pianist."""

    armature: Any
    body: Any
    piano: Any
    keys: Any
    pedal: Any
    bench: Any


def is_pianist(skeleton: Skeleton) -> bool:
    return "keyboard" in skeleton and KEY_JOINTS[0] in skeleton


def build_pianist(skeleton: Skeleton, name: str = "Pianist") -> Pianist:
    """Build a pianist in a new collection of the scene; the armature's rest pose is the skeleton's."""
    collection = bpy.data.collections.new(name)
    bpy.context.scene.collection.children.link(collection)
    materials = Materials()
    armature = build_armature(skeleton, name, collection)
    with editing_bones(armature) as bones:
        add_piano_bones(bones, {j: skeleton.rest_positions[skeleton.index(j)] for j in PROPS})
    _sort_bones(armature)
    body = build_body(f"{name} body", skeleton, bone_joints(skeleton), materials)
    collection.objects.link(body)
    wear(body, armature)
    grand, keys, pedal, bench = furnish(armature, name, collection, materials)
    return Pianist(armature, body, grand, keys, pedal, bench)


def furnish(armature: Any, name: str, collection: Any, materials: Materials | None = None) -> tuple[Any, ...]:
    """Grand, keys, pedal and bench on an armature that has their bones (``add_piano_bones``)."""
    materials = materials or Materials()
    keys = build_keys(f"{name} keys", materials)
    grand = build_piano(f"{name} piano", materials)
    pedal = bpy.data.objects.new(f"{name} pedal", build_mesh(f"{name} pedal", [pedal_piece()], materials))
    bench = bpy.data.objects.new(f"{name} bench", build_mesh(f"{name} bench", bench_pieces(), materials))
    for item in (grand, keys, pedal, bench):
        collection.objects.link(item)
    wear(keys, armature)
    keys.location = armature.data.bones["keyboard"].head_local
    for item, bone in ((grand, "keyboard"), (pedal, "pedal"), (bench, "bench")):
        hold(item, armature, bone)
    return grand, keys, pedal, bench


def add_piano_bones(bones: Any, places: Mapping[str, Sequence[float]]) -> None:
    """Edit bones of keyboard, pedal, bench (at ``places``) and keys, all along +Y with Z up."""
    for joint in PROPS:
        bone = bones.new(joint)
        bone.head = Vector(places[joint])
        bone.tail = bone.head + Vector(TAILS[joint])
        bone.align_roll(UPWARD)
        bone.use_deform = False
    for pitch, joint in zip(range(piano.LOWEST, piano.HIGHEST + 1), KEY_JOINTS, strict=True):
        bone = bones.new(joint)
        bone.tail = bones["keyboard"].head + Vector(piano.front(pitch))
        bone.head = bone.tail - Vector((0.0, float(piano.lever(pitch)), 0.0))
        bone.align_roll(UPWARD)
        bone.parent = bones["keyboard"]


def _sort_bones(armature: Any) -> None:
    """Props and keys in collections of their own; the 88 keys are out of sight until wanted."""
    data = armature.data
    keys = data.collections.new("Keys")
    for joint in PROPS:
        data.collections["Props"].assign(data.bones[joint])
        armature.pose.bones[joint].rotation_mode = "QUATERNION"
    for joint in KEY_JOINTS:
        keys.assign(data.bones[joint])
        armature.pose.bones[joint].rotation_mode = "XYZ"
    keys.is_visible = False


def piano_channels(motion: Motion) -> list[Channel]:
    """Places of keyboard, pedal and bench, and the turn of every key that is played."""
    channels = []
    rest = motion.skeleton.rest_positions
    for joint in PROPS:
        away = motion.joint(joint).astype(np.float64) - rest[motion.skeleton.index(joint)]
        # The bones lie along the armature's own axes.
        channels.append(Channel(f'pose.bones["{joint}"].location', joint, away, "props"))
    return channels + key_channels(depths_in(motion))
