# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Layers over a take: few keys of the animator's, and the take shines through elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import blender_addon  # noqa: E402
from blender_addon import takes  # noqa: E402
from blender_addon.core import rotations as rot  # noqa: E402
from blender_addon.rig.channels import Channel  # noqa: E402

TURN = 'pose.bones["head"].rotation_quaternion'


@pytest.fixture
def character() -> Any:
    """An armature with a head that nods over 100 frames, as a take."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types.Object, "cadenza_takes"):
        blender_addon.register()
    armature = bpy.data.objects.new("Ada", bpy.data.armatures.new("Ada"))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature.data.edit_bones.new("head")
    bone.head, bone.tail = (0, 0, 0), (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    armature.pose.bones["head"].rotation_mode = "QUATERNION"
    frames = np.arange(1.0, 101.0)
    nod = rot.from_axis_angle(np.array([1.0, 0.0, 0.0]), 0.5 * np.sin(frames / 9.0))
    for _ in takes.write_take(armature, {"Ada": [Channel(TURN, "head", nod)]}, frames, name="Take 1", provenance={}):
        pass
    return armature


def head(armature: Any, frame: int) -> np.ndarray:
    bpy.context.scene.frame_set(frame)
    return np.array(armature.pose.bones["head"].rotation_quaternion)


def angle(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(rot.rotation_vector(rot.multiply(rot.conjugate(a), b))))


def test_three_keys_in_a_layer_change_the_take_between_them_alone(character: Any) -> None:
    before = {frame: head(character, frame) for frame in (20, 40, 50, 60, 90)}
    takes.add_layer(character, character.cadenza_takes[0])
    bone = character.pose.bones["head"]
    for frame in (40, 60):
        head(character, frame)
        bone.keyframe_insert("rotation_quaternion", frame=frame)
    wanted = rot.multiply(head(character, 50), rot.from_axis_angle(np.array([0.0, 1.0, 0.0]), 0.4))
    bone.rotation_quaternion = wanted.tolist()
    bone.keyframe_insert("rotation_quaternion", frame=50)
    assert angle(head(character, 50), wanted) < 1e-3
    for frame in (20, 40, 60, 90):
        assert angle(head(character, frame), before[frame]) < 1e-3, frame
    assert takes.hidden_by(character) == ""


def test_an_action_of_the_animators_is_never_replaced(character: Any) -> None:
    own = bpy.data.actions.new("own")
    character.animation_data.action = own
    with pytest.raises(takes.TakeError, match="own"):
        takes.add_layer(character, character.cadenza_takes[0])
    assert character.animation_data.action == own
    assert character.animation_data.action_blend_type == "REPLACE"


def test_a_layer_comes_over_a_take_that_is_being_edited(character: Any) -> None:
    take = character.cadenza_takes[0]
    takes.edit(character, take, True)
    layer = takes.add_layer(character, take)
    assert not takes.edited(take)
    assert character.animation_data.action == layer
