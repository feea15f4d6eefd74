# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Filling between an animator's poses: the button pressed, against a live server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import fills, takes  # noqa: E402
from blender_addon.character import guess  # noqa: E402
from blender_addon.orders import OrderError  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from blender_addon.rig.mannequin import editing_bones  # noqa: E402
from tests.addon_driving import add_character, character, drive, generate, keys  # noqa: E402
from tests.fill_driving import ARM, LAST, POSES, all_keys, done, hand_at, option, pose  # noqa: E402
from tests.running import melody, write_midi  # noqa: E402
from tests.scene_dump import changes, dump  # noqa: E402


def test_poses_stay_and_what_lies_between_is_filled(stage: Any) -> None:
    own = pose()
    mine, before, straight = all_keys(own), hand_at(stage, POSES), hand_at(stage, range(1, LAST + 1))
    marker = stage.timeline_markers.new("mine", frame=9)
    stage.frame_set(7)
    take = done(bpy.ops.cadenza.fill)
    assert (take.name, take.generator, take.seed) == ("Filled 1", "tween", 5)
    told = takes.provenance(take)
    assert told["filled"] == {"frames": [1, LAST], "posed": len(POSES), "below": ""}
    assert stage.frame_current == 7
    assert (all_keys(own), marker.frame, len(stage.timeline_markers)) == (mine, 9, 1)
    assert takes.hidden_by(character()) == ""
    assert len(keys(take, ARM)) == LAST
    assert np.linalg.norm(hand_at(stage, POSES) - before, axis=1).max() < 2e-4  # metres
    away = np.linalg.norm(hand_at(stage, range(1, LAST + 1)) - straight, axis=1)
    assert away[[f - 1 for f in range(2, LAST) if f not in POSES]].min() > 1e-3


def as_seen(scene: Any, frames: Any) -> tuple[np.ndarray, np.ndarray]:
    """(T, B, 3) where all bones of the character and its instruments are, and (T, B, 3, 3) how they are turned."""
    items = [character(), *(child for child in character().children if child.type == "ARMATURE")]
    places, turns = [], []
    for frame in frames:
        scene.frame_set(frame)
        found = [np.array(item.matrix_world @ bone.matrix) for item in items for bone in item.pose.bones]
        places.append([m[:3, 3] for m in found])
        turns.append([m[:3, :3] / np.linalg.norm(m[:3, :3], axis=0) for m in found])
    return np.array(places), np.array(turns)


@pytest.mark.parametrize("moves", [False, True], ids=["placed", "moving"])
def test_poses_stay_where_a_root_bone_puts_them(stage: Any, moves: bool) -> None:
    """What is above the hips is the animator's: no take moves it, and it moves the take."""
    with editing_bones(character()) as bones:
        root = bones.new("root")
        root.head, root.tail = (0.0, 0.3, 0.0), (0.0, 0.3, 0.2)
        bones["hips"].parent = root
    guess(character())
    pose()
    root = character().pose.bones["root"]
    for frame in POSES:
        root.location, root.rotation_quaternion = (1.0, 0.5, 0.02 * frame), (0.9, 0.0, 0.1 + 0.01 * frame, 0.2)
        if moves:
            root.keyframe_insert("location", frame=frame)
            root.keyframe_insert("rotation_quaternion", frame=frame)
    places, turns = as_seen(stage, POSES)
    done(bpy.ops.cadenza.fill)
    found, turned = as_seen(stage, POSES)
    assert np.linalg.norm(found - places, axis=2).max() < 1e-4
    assert np.abs(turned - turns).max() < 1e-3


@pytest.mark.parametrize("scale", [1.0, 0.7])
@pytest.mark.parametrize("own", [True, False], ids=["instruments in the rig", "instruments of their own"])
def test_poses_of_a_violinist_stay_to_the_last_digit(stage: Any, tmp_path: Path, own: bool, scale: float) -> None:
    """Contact puts bow and fingers on the strings between poses; the poses are the animator's, off the strings too."""
    if not own:
        guess(add_character("Bea", lambda joint: joint.replace("violin", "v").replace("bow", "b")))
    character().scale = (scale, scale, scale)
    state, frames = stage.cadenza, (3, 11, 30, 44)
    state.source, state.score_file = "SCORE", str(write_midi(tmp_path / "tune.mid", melody()))
    state.generator = "performer"
    assert generate().state == "finished"
    (take,) = takes.takes_of(character())
    assert len(take.actions) == (1 if own else 2)
    for frame in frames:
        for bone in (ARM, "left_lower_arm", "left_upper_leg"):
            for curve in curves_of(take.actions[0].action).fcurves:
                if f'"{bone}"' in curve.data_path and "rotation" in curve.data_path and curve.array_index == 2:
                    min(curve.keyframe_points, key=lambda k: abs(k.co[0] - frame)).co[1] += 0.15
    places, turns = as_seen(stage, frames)
    size = violin_size()
    state.source = "FILE"
    filled = done(bpy.ops.cadenza.fill)
    assert takes.provenance(filled)["filled"]["posed"] == len(frames)
    found, turned = as_seen(stage, frames)
    assert np.linalg.norm(found - places, axis=2).max() < 1e-5
    assert np.degrees(np.linalg.norm(turned - turns, axis=(2, 3)).max()) < 0.01
    assert violin_size() == pytest.approx(size, rel=1e-4)


def violin_size() -> float:
    items = [character(), *character().children]
    return next(
        i.pose.bones["violin_end"].scale.x for i in items if i.type == "ARMATURE" and "violin_end" in i.pose.bones
    )


def test_filling_again_sees_poses_that_were_changed_since(stage: Any) -> None:
    own = pose()
    first = done(bpy.ops.cadenza.fill)
    for curve in curves_of(own).fcurves:
        if curve.array_index == 0:
            curve.keyframe_points[1].co[1] = -0.9  # in the action that lies below the take now
            curve.update()
    second = done(bpy.ops.cadenza.fill)
    assert takes.provenance(second)["filled"]["posed"] == len(POSES)
    filled = hand_at(stage, POSES)
    takes.show(character(), None)
    assert np.linalg.norm(filled - hand_at(stage, POSES), axis=1).max() < 2e-4
    takes.show(character(), first)
    assert np.linalg.norm(filled - hand_at(stage, POSES), axis=1)[1] > 0.1


def test_keys_that_were_set_by_hand_in_a_take_are_poses_too(stage: Any) -> None:
    generate()
    (take,) = takes.takes_of(character())
    for frame in (5, 40):
        curve = next(
            c for c in curves_of(take.actions[0].action).fcurves if f'"{ARM}"' in c.data_path and c.array_index == 1
        )
        key = next(k for k in curve.keyframe_points if k.co[0] == frame)
        key.co[1] += 0.3
    before = hand_at(stage, (5, 40))
    first = done(bpy.ops.cadenza.fill)
    assert takes.provenance(first)["filled"] == {"frames": [5, 40], "posed": 2, "below": take.uid}
    assert np.linalg.norm(hand_at(stage, (5, 40)) - before, axis=1).max() < 1e-3
    again = done(bpy.ops.cadenza.fill)  # the filled take has no poses of its own: those below it count
    assert takes.provenance(again)["filled"]["below"] == take.uid
    assert takes.frames_of(again) == (5.0, 40.0)


def test_only_a_range_and_beyond_the_keys(stage: Any) -> None:
    pose({11: 0.7, 26: -0.4})
    assert takes.frames_of(done(bpy.ops.cadenza.fill)) == (11.0, 26.0)
    stage.cadenza.fill_ends = True
    assert takes.frames_of(done(bpy.ops.cadenza.fill)) == (1.0, 48.0)
    stage.cadenza.fill_part, stage.cadenza.fill_from, stage.cadenza.fill_to = True, 8, 30
    assert takes.frames_of(done(bpy.ops.cadenza.fill)) == (8.0, 30.0)
    stage.cadenza.fill_to = 8
    with pytest.raises(OrderError, match="range to fill is empty"):
        fills.fill(stage)


def test_without_poses_or_without_gaps_there_is_nothing_to_fill(stage: Any) -> None:
    with pytest.raises(RuntimeError, match="no two poses of yours"):
        bpy.ops.cadenza.fill()
    pose({f: 0.01 * f for f in range(1, LAST + 1)})
    with pytest.raises(RuntimeError, match="has keys of yours, so there is nothing to fill"):
        bpy.ops.cadenza.fill()


def test_a_face_is_no_pose_but_controls_are(stage: Any) -> None:
    pose({1: 0.0, 48: 0.3})
    with editing_bones(character()) as bones:
        for name, parent in (("jaw", "head"), ("ik", "")):
            bone = bones.new(name)
            bone.head, bone.tail = (0.0, 0.0, 1.6), (0.0, 0.0, 1.7)
            bone.parent = bones.get(parent)
    pose(dict.fromkeys(range(1, LAST + 1, 2), 0.1), "jaw")
    pose({20: 0.1}, "ik")
    assert takes.provenance(done(bpy.ops.cadenza.fill))["filled"]["posed"] == 3


def test_previews_are_seen_while_it_is_worked_on_and_go_without_a_trace(stage: Any) -> None:
    pose()
    stage.frame_set(7)
    option(seconds=60.0)
    before = dump()
    bpy.ops.cadenza.fill()
    drive(lambda job: any("preview" in t.name for t in takes.takes_of(character())))
    (preview,) = takes.takes_of(character())
    assert preview.name == "Filled 1 (preview)"
    drive(lambda job: takes.soloed(takes.takes_of(character())[0]))
    assert takes.hidden_by(character()) == ""
    stage.frame_set(9)
    stage.frame_set(7)
    bpy.ops.cadenza.cancel()
    stage.frame_set(7)
    assert changes(before, dump()) == []


def test_a_better_preview_takes_the_place_of_an_earlier_one(stage: Any) -> None:
    pose()
    option(seconds=60.0)
    bpy.ops.cadenza.fill()
    seen: list[tuple[str, float]] = []

    def second(job: Any) -> bool:
        for take in takes.takes_of(character()):
            if takes.shown(take):
                stage.frame_set(20)
                value = round(character().pose.bones["head"].head.x, 4)
                seen.extend([(take.uid, value)] if (take.uid, value) not in seen else [])
        return len(seen) == 2 and len(takes.takes_of(character())) == 1

    drive(second)
    assert seen[0][0] != seen[1][0]
    assert abs(seen[0][1] - seen[1][1]) > 1e-3
    assert takes.soloed(takes.takes_of(character())[0])
    bpy.ops.cadenza.cancel()
    assert not takes.takes_of(character())
    assert not any(track.is_solo for track in character().animation_data.nla_tracks)


@pytest.mark.parametrize("prop", ["location", "scale"])
def test_poses_with_a_moved_shoulder_and_a_longer_arm_stay(stage: Any, prop: str) -> None:
    """Takes turn bones; what else the animator keyed goes on below them."""
    pose()
    bone = character().pose.bones["left_shoulder" if prop == "location" else "left_upper_arm"]
    for number, frame in enumerate(POSES):
        setattr(bone, prop, (0.0, 0.03 * number, 0.05) if prop == "location" else (1.0, 1.0 + 0.1 * number, 1.0))
        bone.keyframe_insert(prop, frame=frame)
    stage.frame_set(11)
    before = hand_at(stage, POSES, "left_hand")
    done(bpy.ops.cadenza.fill)
    assert np.linalg.norm(hand_at(stage, POSES, "left_hand") - before, axis=1).max() < 2e-4
    assert "moved or scaled in your poses" in character().cadenza.report


def test_a_track_that_played_alone_plays_alone_again(stage: Any) -> None:
    """A preview plays alone meanwhile; then the job is cancelled."""
    pose()
    data = character().animation_data
    own, data.action = data.action, None
    track = data.nla_tracks.new()
    track.name = "blocking"
    track.strips.new("blocking", 1, own).influence = 1.0
    track.is_solo = True
    option(seconds=60.0)
    bpy.ops.cadenza.fill()
    drive(lambda job: job._preview is not None)
    assert not track.is_solo
    bpy.ops.cadenza.cancel()
    assert [t.name for t in data.nla_tracks if t.is_solo] == ["blocking"]
