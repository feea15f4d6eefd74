# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which frames an animator posed, and how a character is seen while it is looked at; on every Blender."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import fills, takes  # noqa: E402
from blender_addon.character import bone_map_of, guess  # noqa: E402
from blender_addon.job import Job  # noqa: E402
from blender_addon.order import Order  # noqa: E402
from blender_addon.rig import nla, perform  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from blender_addon.rig.capture import Poses, Watching  # noqa: E402
from blender_addon.rig.hand_keys import posed_by_hand  # noqa: E402
from tests.addon_driving import add_character, empty_file  # noqa: E402
from tests.scene_dump import changes, dump  # noqa: E402

LAST = 40
FRAMES = np.arange(1.0, LAST + 1)
ARM = "right_upper_arm"


@pytest.fixture
def scene() -> Iterator[Any]:
    bpy.ops.preferences.addon_enable(module="blender_addon")
    found = empty_file()
    found.render.fps, found.render.fps_base, found.frame_end = 24, 1.0, LAST
    guess(add_character())
    yield found
    bpy.ops.preferences.addon_disable(module="blender_addon")


def key(armature: Any, frames: Any, bone: str = ARM) -> Any:
    """Key a bone, differently at each frame; the action."""
    item = armature.pose.bones[bone]
    item.rotation_mode = "XYZ"
    for frame in frames:
        item.rotation_euler = (0.3 * np.sin(frame), 0.0, 0.02 * frame)
        item.keyframe_insert("rotation_euler", frame=frame)
    return armature.animation_data.action


def posed(armature: Any, **within: Any) -> list[int]:
    return [int(f) for f in FRAMES[posed_by_hand(armature, bone_map_of(armature), FRAMES, **within)]]


def take(armature: Any, scene: Any, turn: float = 0.2, **more: Any) -> Any:
    """A take of ours: what is seen now, with the neck turned."""
    look = Watching(scene, armature, Poses(armature, bone_map_of(armature)), 1.0, float(LAST), 0.0, 24.0)
    look.advance(np.inf)
    solved = perform.plan(armature, look.motion(), bone_map_of(armature), scene, 0.0).solve()
    for channel in solved.channels[armature.name]:
        if channel.group == "neck" and "rotation" in channel.path:
            channel.values[:, 2] += turn * np.sin(FRAMES)
    writing = takes.write_take(armature, solved.channels, solved.frames, provenance=more)
    try:
        while True:
            next(writing)
    except StopIteration as end:
        return takes.find(armature, end.value.uid)


def by_hand(chosen: Any, frame: float, bone: str = "neck") -> None:
    """Change a key of a take, as an animator does."""
    for curve in curves_of(chosen.actions[0].action).fcurves:
        if f'"{bone}"' in curve.data_path and curve.array_index == 2:
            next(k for k in curve.keyframe_points if k.co[0] == frame).co[1] += 0.1


def test_keys_of_the_active_action(scene: Any) -> None:
    armature = scene.cadenza.character
    assert posed(armature) == []
    key(armature, (3, 17.4, 30))
    assert posed(armature) == [3, 17, 30]
    key(armature, (99,))
    assert posed(armature) == [3, 17, 30]


def test_keys_in_strips_as_they_lie(scene: Any) -> None:
    armature = scene.cadenza.character
    action = key(armature, (1, 5, 11))
    data = armature.animation_data
    strip = data.nla_tracks.new().strips.new("mine", 10, action)
    strip.influence = 1.0
    data.action = None
    assert posed(armature) == [10, 14, 20]
    strip.scale = 2.0
    assert posed(armature) == [10, 18, 30]
    strip.action_frame_end = 6.0
    assert posed(armature) == [10, 18]
    strip.mute = True
    assert posed(armature) == []


def test_of_a_take_only_what_was_set_by_hand(scene: Any) -> None:
    armature = scene.cadenza.character
    own = key(armature, (1, 20, 40))
    chosen = take(armature, scene)
    takes.lay_over(chosen)
    assert armature.animation_data.action is None
    assert posed(armature) == [1, 20, 40]
    by_hand(chosen, 12.0)
    assert posed(armature) == [1, 12, 20, 40]
    mine = chosen.actions[0].action
    assert posed(armature, within=mine) == [12]
    takes.solo(chosen)
    assert posed(armature) == [12]
    takes.solo(chosen, False)
    takes.show(armature, None)
    assert posed(armature) == [1, 20, 40]
    assert own.users >= 1


def test_keys_while_a_take_is_edited(scene: Any) -> None:
    armature = scene.cadenza.character
    chosen = take(armature, scene)
    by_hand(chosen, 9.0)
    takes.edit(armature, chosen, True)
    assert nla.tweaked(armature)
    assert posed(armature) == [9]
    takes.edit(armature, chosen, False)


def test_a_dense_cape_does_not_count_and_a_control_does(scene: Any) -> None:
    armature = scene.cadenza.character
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for name, parent in (("cape", "chest"), ("jaw", "head"), ('hand "ik"', None)):
        bone = armature.data.edit_bones.new(name)
        bone.head, bone.tail = (0.0, 0.2, 1.2), (0.0, 0.2, 1.0)
        bone.parent = armature.data.edit_bones.get(parent) if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    key(armature, (1, 40))
    key(armature, (13,), 'hand "ik"')
    key(armature, (5, 7), "jaw")
    assert posed(armature) == [1, 13, 40]
    key(armature, range(1, 41), "cape")
    assert posed(armature) == [1, 40]


def seen(scene: Any, armature: Any, frames: Any = range(1, LAST + 1, 3)) -> np.ndarray:
    found = []
    for frame in frames:
        scene.frame_set(frame)
        found.append([list(armature.pose.bones[b].head) for b in ("right_hand", "head")])
    return np.array(found)


@pytest.mark.parametrize("alone", [False, True])
def test_a_take_is_seen_for_a_while_and_then_all_is_as_it_was(scene: Any, alone: bool) -> None:
    armature = scene.cadenza.character
    key(armature, (1, 20, 40))
    armature.pose.bones["neck"].rotation_quaternion = (0.8, 0.0, 0.6, 0.0)  # posed, and not keyed
    first, second = take(armature, scene), take(armature, scene, 0.6)
    takes.lay_over(second)
    top = armature.animation_data.nla_tracks.new()
    top.is_solo = alone  # an animator's own track, which plays alone
    scene.frame_set(7)
    before, now = dump(), seen(scene, armature)
    takes.show(armature, first)
    wanted = seen(scene, armature)
    takes.show(armature, second)
    top.is_solo = alone
    scene.frame_set(7)
    with takes.only_seen(armature, first, alone):
        assert alone is False or takes.soloed(first)
        assert not takes.shown(second)
        if alone:
            wanted = seen(scene, armature)
        assert np.allclose(seen(scene, armature), wanted, atol=1e-6)
    scene.frame_set(7)
    assert changes(before, dump()) == []
    assert np.allclose(seen(scene, armature), now, atol=1e-6)


def test_poses_are_seen_below_the_take_that_was_filled_between_them(scene: Any) -> None:
    armature = scene.cadenza.character
    own = key(armature, (1, 20, 40))
    poses = seen(scene, armature, (1, 20, 40))
    filled = take(armature, scene, 0.6, filled={"below": ""})
    takes.lay_over(filled)
    for curve in curves_of(own).fcurves:
        curve.keyframe_points[1].co[1] += 0.2
        curve.update()
    how, below = fills._as_posed(armature)
    assert below == ""
    watching = Watching(scene, armature, Poses(armature, bone_map_of(armature)), 1.0, float(LAST), 0.0, 24.0, how)
    watching.only(np.isin(watching.frames, (1, 20, 40)))
    while not watching.done:
        watching.advance(time.perf_counter())
    hands = watching.motion().joint("right_hand")[[0, 19, 39]]
    assert np.abs(hands - poses[:, 0])[[0, 2]].max() < 1e-4
    assert np.abs(hands - poses[:, 0])[1].max() > 0.02
    by_hand(filled, 12.0)  # now what is seen is what is meant
    assert fills._as_posed(armature)[1] == filled.uid
    assert takes.shown(filled)


def test_a_preview_plays_alone_and_leaves_nothing(scene: Any) -> None:
    armature = scene.cadenza.character
    own = key(armature, (1, 20, 40))
    takes.delete(armature, take(armature, scene))  # older Blenders show of a list that is empty that it is there
    scene.frame_set(5)
    before = dump()
    preview = take(armature, scene, 0.6)
    assert takes.hidden_by(armature)
    to = fills.new_take(scene, None)
    job = Job(Order("Fill", None, to, over=True))
    job._let_be_seen(SimpleNamespace(take=preview.uid))  # type: ignore[arg-type]
    assert takes.hidden_by(armature) == ""
    assert armature.animation_data.action == own
    takes.delete(armature, preview)
    scene.frame_set(5)
    assert changes(before, dump()) == []
