# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What moves a character's bones besides a take is told, and a character that stands still is not watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import character as characters  # noqa: E402
from blender_addon.rig.besides import warnings_of  # noqa: E402
from blender_addon.rig.capture import CaptureError, Places, Watching  # noqa: E402
from tests.take_writing import write  # noqa: E402

BONES = ("arm", "head")


def test_nothing_is_told_of_a_take_alone(character: Any) -> None:
    write(character, 1)
    assert warnings_of(character, BONES, BONES) == ()


def test_drivers_and_constraints_are_told(character: Any) -> None:
    character.driver_add('pose.bones["arm"].rotation_quaternion', 1)
    character.pose.bones["head"].constraints.new("LIMIT_ROTATION")
    constraints, drivers = warnings_of(character, BONES)
    assert constraints.startswith("constraints move head ")
    assert drivers.startswith("drivers move arm ")


@pytest.mark.parametrize("prop", ["location", "scale"])
def test_of_kept_poses_what_turning_cannot_give_is_told(character: Any, prop: str) -> None:
    bone = character.pose.bones["head"]
    for frame, value in ((1, 1.5), (20, 1.0 if prop == "scale" else 0.0)):
        setattr(bone, prop, (value, value, value))
        bone.keyframe_insert(prop, frame=frame)
    (told,) = warnings_of(character, BONES, BONES)
    assert told.startswith("head are moved or scaled")
    assert warnings_of(character, BONES) == ()
    assert warnings_of(character, BONES, ("arm",)) == ()


def hidden_monitor(armature: Any) -> None:
    for item in (armature, *armature.children):  # else it is moved for the child's sake
        item.hide_viewport = True


def hidden_collection(armature: Any) -> None:
    place = bpy.data.collections.new("Props")
    bpy.context.scene.collection.children.link(place)
    for item in (armature, *armature.children):
        item.users_collection[0].objects.unlink(item)
        place.objects.link(item)
    bpy.context.view_layer.layer_collection.children["Props"].exclude = True


def at_rest(armature: Any) -> None:
    armature.data.pose_position = "REST"


@pytest.mark.parametrize("hide", [hidden_monitor, hidden_collection, at_rest])
def test_who_is_left_out_by_blender_is_not_watched(character: Any, hide: Callable[[Any], None]) -> None:
    bone_map = characters.BoneMap({"hips": "hips", "head": "head"}, {})
    look = Places(character, bone_map)
    Watching(bpy.context.scene, character, look, 1.0, 48.0, 0.0).advance(np.inf)
    hide(character)
    bpy.context.view_layer.update()
    with pytest.raises(CaptureError, match=r"show it|Rest Position"):
        Watching(bpy.context.scene, character, look, 1.0, 48.0, 0.0)
