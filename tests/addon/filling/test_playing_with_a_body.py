# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Generators that play with the body of the character: filling, varying, and mocap that gets hands, live."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import obstacles, takes  # noqa: E402
from blender_addon.character import bone_map_of, guess  # noqa: E402
from blender_addon.panels.generator import GeneratorPanel  # noqa: E402
from blender_addon.rig import perform  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from blender_addon.rig.hand_keys import unposed_limbs  # noqa: E402
from blender_addon.rig.mannequin import editing_bones  # noqa: E402
from tests.addon_driving import add_character, character, generate, keys  # noqa: E402
from tests.body_driving import EVERY, FRAMES, degrees, fill, play, played, pose_trunk, resting, turns, where_hands_are  # noqa: E402
from tests.fill_driving import LAST, done, hand_at  # noqa: E402
from tests.panel_drawing import drawn  # noqa: E402


def test_poses_of_the_trunk_stay_and_hands_play(tune: Any) -> None:
    assert generate().state == "finished"
    reference = played(tune, EVERY)
    takes.show(character(), None)
    mine = pose_trunk()
    posed, before = turns(tune, FRAMES), [tuple(k.co) for c in curves_of(mine).fcurves for k in c.keyframe_points]
    take = done(bpy.ops.cadenza.fill)
    told = takes.provenance(take)
    assert (take.name, told["generator"], told["filled"]["posed"]) == ("Filled 1", tune.cadenza.filler, 3)
    assert degrees(turns(tune, FRAMES), posed) < 0.05
    assert before == [tuple(k.co) for c in curves_of(mine).fcurves for k in c.keyframe_points]
    frames = range(FRAMES[0], FRAMES[-1] + 1)
    off = np.linalg.norm(played(tune, frames) - reference[FRAMES[0] - 1 : FRAMES[-1]], axis=2)
    # The joint behind each fingertip; the hand leans otherwise when the body does. In poses as between them.
    assert np.median(off) < 0.004
    assert off.max() < 0.02
    between = turns(tune, range(6, 24))
    assert degrees(between[:1], between[-1:]) > 5.0  # it goes from the one pose to the other


def test_limbs_that_were_posed_stay_too(tune: Any) -> None:
    assert generate().state == "finished"
    pose_trunk()
    arm = character().pose.bones["left_upper_arm"]
    arm.rotation_mode = "XYZ"
    for frame in FRAMES:
        arm.rotation_euler = (0.1, 0.6, 0.4)
        arm.keyframe_insert("rotation_euler", frame=frame)
    bones = ("spine", "head", "left_upper_arm", "left_hand")
    posed = turns(tune, FRAMES, bones)
    done(bpy.ops.cadenza.fill)
    assert degrees(turns(tune, FRAMES, bones), posed) < 0.05
    left = 2 if tune.cadenza.instrument == "piano" else 0
    far = np.linalg.norm(played(tune, FRAMES)[:, left] - played(tune, [14])[:, left], axis=1)
    assert far.min() > 0.05


def test_a_take_is_varied_and_plays_the_same(tune: Any) -> None:
    assert generate().state == "finished"
    (take,) = takes.takes_of(character())
    stand = perform.stand_of(character())
    tune.timeline_markers.new("Keep", frame=20)
    before, hands = turns(tune, EVERY), played(tune, EVERY)
    group = getattr(tune.cadenza, f"options_{tune.cadenza.filler}")
    group.value_variation = 1.0
    varied = done(bpy.ops.cadenza.vary)
    assert (varied.name, takes.provenance(varied)["varied"]["take"]) == ("Varied 1", take.name)
    after = turns(tune, EVERY)
    assert degrees(after[19:20], before[19:20]) < 0.05
    assert degrees(after, before) > 0.3
    assert np.median(np.linalg.norm(played(tune, EVERY) - hands, axis=2)) < 0.004
    if stand is not None:
        again = perform.stand_of(character())
        assert again is not None
        assert np.allclose(again.keyboard, stand.keyboard, atol=1e-5)
    group.value_variation = 0.0
    assert obstacles.to_varying(tune) == obstacles.STAYS


@pytest.mark.parametrize("instrument", ["piano"], indirect=True)
def test_the_piano_stays_where_the_animator_put_it(tune: Any) -> None:
    guess(add_character("Bea", lambda joint: joint.replace("key", "k")))
    assert generate().state == "finished"
    (take,) = takes.takes_of(character())
    for entry in take.actions:
        for curve in curves_of(entry.action).fcurves:
            if curve.data_path in ('pose.bones["keyboard"].location', 'pose.bones["bench"].location'):
                for key in curve.keyframe_points:
                    key.co[1] += (0.04, 0.03, 0.0)[curve.array_index]
    tune.frame_set(3)
    stand = perform.stand_of(character())
    assert stand is not None
    done(bpy.ops.cadenza.vary)
    again = perform.stand_of(character())
    assert again is not None
    assert np.allclose(again.keyboard, stand.keyboard, atol=1e-5)
    assert np.allclose(again.bench, stand.bench, atol=1e-5)
    contact = json.loads(character().cadenza.report)["contact"]
    assert contact["keys"]["part_within"] == 1.0
    perform.props_of(character(), perform.PIANO).hide_viewport = True
    assert perform.stand_of(character()) is None  # one that is put away; who plays next gets one that fits


def test_mocap_keeps_its_body_and_gets_hands(tune: Any) -> None:
    """On a rig of other names and half the size, whose action has a key in every frame."""
    guess(add_character("Bea", lambda joint: joint.replace("violin", "v").replace("bow", "b").replace("key", "k")))
    character().scale = (0.5, 0.5, 0.5)
    angles = {frame: 0.06 * np.sin(0.4 * frame) for frame in EVERY}
    for name in ("spine", "head"):
        item = character().pose.bones[name]
        item.rotation_mode = "XYZ"
        for frame, angle in angles.items():
            item.rotation_euler = (angle, 0.5 * angle, 0.0)
            item.keyframe_insert("rotation_euler", frame=frame)
    seen = turns(tune, EVERY)
    take = done(play)
    assert not bpy.ops.cadenza.generate_four.poll()
    assert (take.name, take.generator) == ("Take 1", tune.cadenza.generator)
    assert takes.provenance(take)["options"]["variation"] == 0.0
    assert takes.provenance(take)["played"]["posed"] == LAST
    assert "keep_body" in drawn(GeneratorPanel)
    with pytest.raises(RuntimeError, match="was played, not generated; press Generate with Keep My Body"):
        bpy.ops.cadenza.new_seed_take()
    assert degrees(turns(tune, EVERY), seen) < 0.5
    contact = json.loads(character().cadenza.report)["contact"]
    played_on = "keys" if tune.cadenza.instrument == "piano" else "fingertips"
    assert contact[played_on]["part_within"] == 1.0
    assert keys(take, "right_hand").std() > 0.0
    character().cadenza_take_index = 0
    with pytest.raises(RuntimeError, match="'Take 1' was played, not generated; press Generate with Keep My Body"):
        bpy.ops.cadenza.new_seed_take()


def test_arms_that_nobody_moved_play_in_frames_that_are_kept_too(tune: Any) -> None:
    pose_trunk(EVERY, 0.02)
    tune.timeline_markers.new("Keep", frame=20)
    done(play)
    hands = where_hands_are(tune, (16, 20))
    assert np.linalg.norm(hands[1] - hands[0], axis=1).max() < 0.25  # at rest they hang half a metre away
    assert np.linalg.norm(hands[1] - resting(), axis=1).min() > 0.25


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_limbs_of_control_rigs_count_as_posed(tune: Any) -> None:
    """A bone that stands for no joint may move any of them."""
    with editing_bones(character()) as bones:
        bones.new("ik").tail = (0.0, 0.0, 0.1)
    pose_trunk()
    frames, bone_map = np.arange(1.0, LAST + 1), bone_map_of(character())
    assert unposed_limbs(character(), bone_map, frames) == {"bow_arm", "left_hand", "legs"}
    character().pose.bones["left_index_proximal"].keyframe_insert("location", frame=24)
    assert unposed_limbs(character(), bone_map, frames) == {"bow_arm", "left_hand", "legs"}
    character().pose.bones["left_hand"].keyframe_insert("location", frame=24)
    assert unposed_limbs(character(), bone_map, frames) == {"bow_arm", "legs"}
    character().pose.bones["ik"].keyframe_insert("location", frame=24)
    assert unposed_limbs(character(), bone_map, frames) == frozenset()
    assert unposed_limbs(character(), bone_map, frames[:10]) == {"bow_arm", "left_hand", "legs"}


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_poses_near_to_each_other_do_not_jump_between(tune: Any) -> None:
    """A sixth of a second apart: in the middle both of them count."""
    arm = character().pose.bones["left_upper_arm"]
    arm.rotation_mode = "XYZ"
    for frame, angle in zip((8, 12, 16, 20), (0.5, -0.5, 0.5, -0.5), strict=True):
        arm.rotation_euler = (angle, 0.6, 0.4)
        arm.keyframe_insert("rotation_euler", frame=frame)
    pose_trunk((8, 12, 16, 20), 0.02)
    done(fill)
    found = turns(tune, range(8, 21), ["left_upper_arm"])
    steps = [degrees(a[None], b[None]) for a, b in pairwise(found)]
    assert max(steps) < 45.0


@pytest.mark.parametrize("instrument", ["piano"], indirect=True)
def test_poses_that_look_elsewhere_look_at_the_keys(tune: Any) -> None:
    item = character().pose.bones["hips"]
    item.rotation_mode = "XYZ"
    for frame in FRAMES:
        item.rotation_euler = (0.0, 2.0, 0.0)  # about its own length, which is the vertical
        item.keyframe_insert("rotation_euler", frame=frame)
    pose_trunk()
    away, rest = turns(tune, FRAMES, ["hips"]), np.array(character().data.bones["hips"].matrix_local.to_3x3())
    assert degrees(away, rest[None, None]) > 100.0
    done(fill)
    assert degrees(turns(tune, EVERY[4:40], ["hips"]), rest[None, None]) < 20.0
    assert json.loads(character().cadenza.report)["contact"]["keys"]["part_within"] == 1.0


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
def test_legs_stay_to_knees_and_soles(tune: Any) -> None:
    """Bent, and turned outwards: places of the ankles do not tell that."""
    for side, out in (("left", 0.5), ("right", -0.5)):
        bent = {"upper_leg": (0.9, 0.0, out), "lower_leg": (-1.6, 0.0, 0.0), "foot": (0.7, 0.0, 0.0)}
        for part, angles in bent.items():
            item = character().pose.bones[f"{side}_{part}"]
            item.rotation_mode = "XYZ"
            item.rotation_euler = angles
            for frame in EVERY:
                item.keyframe_insert("rotation_euler", frame=frame)
    legs = [f"{side}_{part}" for side in ("left", "right") for part in ("upper_leg", "lower_leg", "foot")]
    seen = turns(tune, (5, 30), legs)
    done(play)
    assert degrees(turns(tune, (5, 30), legs), seen) < 0.1


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
@pytest.mark.parametrize("press", [play, fill])
def test_who_walks_by_their_root_walks_once(tune: Any, press: Callable[[], set[str]]) -> None:
    """The bone above the hips stays as it is, so that the take must not have what it does."""
    bpy.context.view_layer.objects.active = character()
    bpy.ops.object.mode_set(mode="EDIT")
    bones = character().data.edit_bones
    root = bones.new("root")
    root.tail = (0.0, 0.2, 0.0)
    bones["hips"].parent = root
    bpy.ops.object.mode_set(mode="OBJECT")
    guess(character())
    pose_trunk()
    item = character().pose.bones["root"]
    for frame in FRAMES:
        item.location, item.rotation_quaternion = (0.05 * frame, 0.02 * frame, 0.0), (1.0, 0.0, 0.03 * frame, 0.0)
        item.keyframe_insert("location", frame=frame)
        item.keyframe_insert("rotation_quaternion", frame=frame)
    seen, at, hanging = turns(tune, FRAMES), hand_at(tune, FRAMES, "head"), turns(tune, FRAMES, ["right_lower_arm"])
    done(press)
    assert degrees(turns(tune, FRAMES), seen) < 0.05
    assert degrees(turns(tune, FRAMES, ["right_lower_arm"]), hanging) > 20.0  # nobody posed it, so it plays
    assert np.abs(hand_at(tune, FRAMES, "head") - at).max() < 1e-4


@pytest.mark.parametrize("instrument", ["violin"], indirect=True)
@pytest.mark.parametrize("press", [play, fill])
def test_a_layer_over_a_take_is_in_the_new_take_once(tune: Any, press: Callable[[], set[str]]) -> None:
    assert generate().state == "finished"
    assert bpy.ops.cadenza.add_layer() == {"FINISHED"}
    layer = pose_trunk()
    seen = turns(tune, FRAMES)
    take = done(press)
    assert degrees(turns(tune, FRAMES), seen) < 0.05
    below = [strip.action for track in character().animation_data.nla_tracks for strip in track.strips]
    assert below.index(layer) < below.index(take.actions[0].action)
    assert (character().animation_data.action, layer.users) == (None, 1)
