# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A motion on a rig in Blender: bones and instruments are evaluated where they were solved."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils import Matrix  # noqa: E402

from blender_addon import takes, timeline  # noqa: E402
from blender_addon.core import rotations as rot  # noqa: E402
from blender_addon.rig import perform  # noqa: E402
from blender_addon.rig.armature import rest_pose_of  # noqa: E402
from blender_addon.rig.bake import channels_of  # noqa: E402
from blender_addon.rig.body import RigError  # noqa: E402
from blender_addon.rig.bone_map import BoneMap, guess_bone_map  # noqa: E402
from blender_addon.rig.mannequin import build_musician  # noqa: E402
from blender_addon.rig.rest_pose import RestPose  # noqa: E402
from tests import performing, scene_dump  # noqa: E402
from tests.built_rigs import bones_of, build, empty_scene, show, world_of  # noqa: E402
from tests.odd_rigs import rolled, stretched  # noqa: E402
from tests.rig_families import FAMILIES  # noqa: E402
from tests.rigs import a_pose, moved, person  # noqa: E402

MIXAMO = FAMILIES["mixamo"]
MAP = BoneMap(MIXAMO.bones, {})
MODES = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE", "QUATERNION")


@pytest.fixture
def scene() -> Any:
    return empty_scene()


def play(armature: Any, scene: Any, bone_map: BoneMap = MAP) -> perform.Performance:
    """Plan, solve, build the instruments, write the take."""
    performance = perform.plan(armature, performing.player(), bone_map, scene).solve()
    perform.ensure_props(armature, performance)
    for _ in takes.write_take(armature, performance.channels, performance.frames, provenance={}):
        pass
    json.dumps(performance.report, allow_nan=False)
    return performance


def compare(armature: Any, scene: Any, performance: perform.Performance, bones: dict[str, str]) -> None:
    """What Blender evaluates is what the channels mean, and that is what was solved; props included."""
    rest = rest_pose_of(armature)
    count = len(performance.frames)
    expected = performing.posed(rest, performance.channels[armature.name], count)
    size = np.ptp(rest.heads, axis=0).max()
    props = perform.props_of(armature)
    held = _held(performance)
    for k in (0, 7, count // 2, count - 1):
        show(scene, performance.frames[k])
        world = world_of(armature)
        for bone, matrix in bones_of(armature, bones.values()).items():
            mine = np.linalg.inv(world) @ matrix
            assert np.allclose(mine[:3, 3], expected[bone][k, :3, 3], atol=2e-5 * size), (bone, k)
            assert np.allclose(mine[:3, :3], expected[bone][k, :3, :3], atol=2e-4), (bone, k)
        for item in props.children if props else ():
            assert np.allclose(world_of(item), world @ held[item.parent_bone][k], atol=1e-4 * size), (item.name, k)


def _held(performance: perform.Performance) -> dict[str, np.ndarray]:
    """Bone of the instruments -> (T, 4, 4) in the armature's space."""
    axes = np.eye(4)
    axes[:3, :3] = rot.to_matrix(performance.axes)
    out: dict[str, np.ndarray] = {}
    for channel in performance.channels.get(performance.props, ()):
        matrix = out.setdefault(channel.group, np.tile(np.eye(4), (len(channel.values), 1, 1)))
        if channel.path.endswith("location"):
            matrix[:, :3, 3] = channel.values
        elif channel.path.endswith("quaternion"):
            matrix[:, :3, :3] = rot.to_matrix(channel.values)
    size = next(c.values[0, 0] for c in performance.channels[performance.props] if c.path.endswith("scale"))
    return {bone: axes @ m @ np.diag([size, size, size, 1.0]) for bone, m in out.items()}


def test_a_rig_with_odd_rolls_and_proportions(scene: Any) -> None:
    rest = a_pose(rolled(stretched(person(MIXAMO), 1), 1), MIXAMO, 40)
    armature = build(rest)
    compare(armature, scene, play(armature, scene), MIXAMO.bones)


@pytest.mark.parametrize("fps", [24.0, 29.97, 60.0])
def test_frames_between_frames(scene: Any, fps: float) -> None:
    timeline.set_frame_rate(scene, fps)
    armature = build(rolled(person(MIXAMO), 2))
    performance = play(armature, scene)
    assert np.diff(performance.frames) == pytest.approx(fps / 30.0, rel=1e-3)
    compare(armature, scene, performance, MIXAMO.bones)


@pytest.mark.parametrize("units", [0.01, 1.0, 100.0])
def test_an_object_that_is_scaled_turned_and_parented(scene: Any, units: float) -> None:
    """A rig in other units, Y up, its object scaled back, turned and hung on an object that is turned too."""
    rest = moved(rolled(person(MIXAMO), 3), (1.0, -1.0, 0.0, 0.0), 1.0 / units)
    armature = build(rest)
    stand = bpy.data.objects.new("Stand", None)
    scene.collection.objects.link(stand)
    stand.matrix_world = Matrix.Translation((2.0, 1.0, 0.5)) @ Matrix.Rotation(0.7, 4, "Z")
    armature.parent = stand
    armature.matrix_world = stand.matrix_world @ Matrix.Rotation(np.pi / 2, 4, "X") @ Matrix.Scale(units, 4)
    bpy.context.view_layer.update()
    performance = play(armature, scene)
    compare(armature, scene, performance, MIXAMO.bones)
    show(scene, performance.frames[5])
    hips = bones_of(armature)[MIXAMO.bones["hips"]][:3, 3]
    theirs = performing.player().joint("hips")[5].astype(float)
    assert np.allclose(hips, np.array(stand.matrix_world @ Matrix.Translation(theirs))[:3, 3], atol=1e-3)
    violin = next(c for c in perform.props_of(armature).children if c.parent_bone == "violin_end")
    assert np.linalg.norm(world_of(violin)[:3, 0]) == pytest.approx(1.0, abs=0.01)


def test_every_rotation_mode(scene: Any) -> None:
    rest = rolled(stretched(person(MIXAMO), 4), 4)
    rest = replace(rest, rotation_modes=tuple(MODES[i % len(MODES)] for i in range(len(rest))))
    armature = build(rest)
    compare(armature, scene, play(armature, scene), MIXAMO.bones)


@pytest.mark.parametrize("seed", range(3))
def test_bones_that_inherit_nothing_or_are_moved_along_other_axes(scene: Any, seed: int) -> None:
    family, rng = FAMILIES["daz"], np.random.default_rng(seed)
    rest = rolled(person(family), seed)
    flags = rng.uniform(size=(2, len(rest))) < 0.5
    parents = list(rest.parents)
    for side in ("left", "right"):  # legs on nothing: their locations are keyed
        parents[rest.index(family.bones[f"{side}_upper_leg"])] = -1
    rest = replace(rest, inherits=tuple(map(bool, flags[0])), local=tuple(map(bool, flags[1])), parents=tuple(parents))
    armature = build(rest)
    bone_map = BoneMap(family.bones, {})
    performance = play(armature, scene, bone_map)
    compare(armature, scene, performance, family.bones)
    assert performance.report["largest_direction_error_degrees"] < 0.01


def rooted(connected: bool = False) -> RestPose:
    """A rig whose hips hang on a root."""
    family = replace(
        MIXAMO, extra=(*MIXAMO.extra, ("root", None, "hips+0,0.1,-0.5")), parents={MIXAMO.bones["hips"]: "root"}
    )
    rest = rolled(person(family), 5)
    return replace(rest, connected=tuple(connected and bone == MIXAMO.bones["hips"] for bone in rest.bones))


def test_hips_connected_to_a_root(scene: Any) -> None:
    armature = build(rooted(connected=True))
    assert armature.data.bones[MIXAMO.bones["hips"]].use_connect
    performance = play(armature, scene)
    compare(armature, scene, performance, MIXAMO.bones)
    show(scene, performance.frames[20])
    hips = bones_of(armature)[MIXAMO.bones["hips"]][:3, 3]
    assert np.allclose(hips, performing.player().joint("hips")[20], atol=1e-4)


def test_instruments_go_where_the_root_bone_is_put(scene: Any) -> None:
    """An animator places a character by its root bone: the root's own pose is not ours to change."""
    armature = build(rooted())
    performance = play(armature, scene)
    show(scene, performance.frames[3])
    before = {item.name: world_of(item) for item in perform.props_of(armature).children}
    hand = bones_of(armature)[MIXAMO.bones["right_hand"]]
    root = armature.pose.bones["root"]
    root.matrix = Matrix.Translation((2.0, 1.0, 0.3)) @ Matrix.Rotation(1.0, 4, "Z") @ root.matrix
    show(scene, performance.frames[3])
    moved_by = bones_of(armature)[MIXAMO.bones["right_hand"]] @ np.linalg.inv(hand)
    assert np.linalg.norm(moved_by[:3, 3]) > 1.0
    for item in perform.props_of(armature).children:
        assert np.allclose(world_of(item), moved_by @ before[item.name], atol=1e-4), item.name


def test_what_was_posed_before_does_not_bend_the_performance(scene: Any) -> None:
    """Scale, location and unmapped bones in between, left posed by the animator, without keys."""
    family = FAMILIES["daz"]
    armature = build(rolled(person(family), 6))
    bones = armature.pose.bones
    bones[family.bones["left_upper_arm"]].scale = (1.2, 1.1, 0.9)
    bones[family.bones["chest"]].location = (0.1, 0.0, 0.0)
    bones["abdomenUpper"].rotation_quaternion = (0.9, 0.3, 0.0, 0.0)
    bones["lShldrTwist"].rotation_quaternion = (0.9, 0.0, 0.3, 0.0)
    bones["rEye"].rotation_quaternion = (0.9, 0.0, 0.3, 0.0)
    performance = play(armature, scene, BoneMap(family.bones, {}))
    compare(armature, scene, performance, family.bones)
    assert not any("Eye" in channel.group for channel in performance.channels[armature.name])


@pytest.mark.parametrize("kept", [None, ()])
def test_what_mocap_turns_later_is_at_rest_too(scene: Any, kept: Any) -> None:
    """Bones in between that a capture begins with at rest, in the frame in which the take is made."""
    family = FAMILIES["daz"]
    armature = build(rolled(person(family), 6))
    for name, turned in (("abdomenUpper", 0.3), ("lShldrTwist", 0.0), ("rEye", 0.3)):
        bone = armature.pose.bones[name]
        bone.rotation_mode = "QUATERNION"
        for frame, turn in ((1, 0.0), (20, turned)):
            bone.rotation_quaternion = (0.9, turn, 0.0, 0.0) if turn else (1.0, 0.0, 0.0, 0.0)
            bone.keyframe_insert("rotation_quaternion", frame=frame)
    scene.frame_set(1)
    channels = perform.plan(armature, performing.player(), BoneMap(family.bones, {}), scene, kept=kept).solve().channels
    still = [c for c in channels[armature.name] if c.group in ("abdomenUpper", "lShldrTwist", "rEye")]
    assert [c.group for c in still] == ["abdomenUpper"]
    assert np.allclose(still[0].values, (1.0, 0.0, 0.0, 0.0))


def test_bones_held_by_constraints_are_said(scene: Any) -> None:
    armature = build(person(MIXAMO))
    bone = armature.pose.bones[MIXAMO.bones["left_hand"]]
    bone.constraints.new("COPY_ROTATION").target = armature
    off = armature.pose.bones[MIXAMO.bones["head"]].constraints.new("LIMIT_ROTATION")
    off.mute = True
    warnings = perform.plan(armature, performing.player(), MAP, scene).solve().report["warnings"]
    assert len(warnings) == 1
    assert all(word in warnings[0] for word in (bone.name, "constraint", "mute"))


def test_the_default_musician_moves_as_it_always_does(scene: Any) -> None:
    pytest.importorskip("pydantic", reason="the plug-ins are not installed here")
    motion = performing.violinist()
    musician = build_musician(motion.skeleton).armature
    bone_map = guess_bone_map(rest_pose_of(musician))
    performance = perform.plan(musician, motion, bone_map, scene).solve()
    assert performance.props == ""
    assert perform.ensure_props(musician, performance) is None
    mine = performing.posed(rest_pose_of(musician), performance.channels[musician.name], len(motion))
    plain = performing.posed(rest_pose_of(musician), channels_of(motion, musician), len(motion))
    for bone in plain:  # the elbows' hints turn the arms by a tenth of a degree
        assert np.allclose(mine[bone][:, :3, :3], plain[bone][:, :3, :3], atol=4e-3), bone
        assert np.allclose(mine[bone][:, :3, 3], plain[bone][:, :3, 3], atol=1e-3), bone


def test_an_armature_without_arms_is_refused_and_nothing_changes(scene: Any) -> None:
    rest = person(MIXAMO)
    keep = [i for i, b in enumerate(rest.bones) if not any(w in b for w in ("Arm", "Hand"))]
    build(rest)
    armature = bpy.data.objects[rest.name]
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in set(rest.bones) - {rest.bones[i] for i in keep}:
        armature.data.edit_bones.remove(armature.data.edit_bones[bone])
    bpy.ops.object.mode_set(mode="OBJECT")
    before = scene_dump.dump()
    plan = perform.plan(armature, performing.player(), guess_bone_map(rest_pose_of(armature)), scene)
    with pytest.raises(RigError, match="cannot hold a violin"):
        plan.solve()
    assert scene_dump.dump() == before
    empty = bpy.data.objects.new("Empty", bpy.data.armatures.new("Empty"))
    scene.collection.objects.link(empty)
    with pytest.raises(RigError, match="hips"):
        perform.plan(empty, performing.player(), guess_bone_map(rest_pose_of(empty)), scene).solve()


def test_an_object_scaled_to_nothing_is_refused(scene: Any) -> None:
    armature = build(person(MIXAMO))
    armature.scale = (0.0, 0.0, 0.0)
    bpy.context.view_layer.update()
    with pytest.raises(RigError, match="scaled to nothing"):
        perform.plan(armature, performing.player(), MAP, scene).solve()
