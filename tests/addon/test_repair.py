# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Repairing a character's motion from its sound, as an animator does it: rough keys, the button, a new take."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import jobs, markers, obstacles, repairs, takes  # noqa: E402
from blender_addon.orders import OrderError  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from tests.addon_driving import character, drive  # noqa: E402

ARM = "right_upper_arm"
LAST = 48
"""Frames of the sound's two seconds."""


def play(every: int = 1, jitter: float = 0.0) -> None:
    """Key a bow arm that goes to and fro, on every so many frames, with jitter in radians."""
    rng = np.random.default_rng(3)
    bone = character().pose.bones[ARM]
    bone.rotation_mode = "XYZ"
    for frame in range(1, LAST + 1, every):
        swing = 0.4 * np.sin(2 * np.pi * frame / 24)
        bone.rotation_euler = (swing + rng.normal(0.0, jitter), rng.normal(0.0, jitter), 0.2)
        bone.keyframe_insert("rotation_euler", frame=frame)


def hand_at(scene: Any, frames: range) -> np.ndarray:
    """(T, 3) where the right hand is."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        found.append(np.array(character().pose.bones["right_hand"].head))
    return np.array(found)


def action_keys(action: Any) -> list[tuple[float, float]]:
    """All keys of an action."""
    curves = curves_of(action).fcurves
    return [tuple(point.co) for curve in curves for point in curve.keyframe_points]


def shake(places: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(places, n=2, axis=0), axis=1).mean())


@pytest.fixture
def stage(scene: Any) -> Any:
    scene.frame_end = LAST
    scene.render.fps, scene.render.fps_base = 24, 1.0
    return scene


def repaired() -> Any:
    assert bpy.ops.cadenza.repair() == {"FINISHED"}
    job = drive()
    assert job.state == "finished", job.error
    return takes.find(character(), job.take)


def test_a_shaky_arm_becomes_steady_in_a_take_of_its_own(stage: Any) -> None:
    play(jitter=0.06)
    own = character().animation_data.action
    before, rough = action_keys(own), hand_at(stage, range(1, LAST))
    stage.frame_set(7)
    take = repaired()
    assert (take.name, take.generator) == ("Repaired 1", "mapnet")
    assert stage.frame_current == 7
    assert action_keys(own) == before  # what was there is as it was, as a strip below the take
    below = [strip.action for track in character().animation_data.nla_tracks for strip in track.strips]
    assert below == [own, take.actions[0].action]
    assert takes.hidden_by(character()) == ""
    steady = hand_at(stage, range(1, LAST))
    assert shake(steady) < 0.5 * shake(rough)
    assert np.linalg.norm(steady - rough, axis=1).mean() < 0.05
    with pytest.raises(RuntimeError, match="was repaired, not generated"):
        bpy.ops.cadenza.new_seed_take()
    found = takes.provenance(take)["repair"]
    assert 0.003 < found["jitter"] < 0.05
    takes.show(character(), None)
    assert np.allclose(hand_at(stage, range(1, LAST)), rough, atol=1e-5)


def test_where_much_was_changed_is_shown(stage: Any) -> None:
    play()
    bone = character().pose.bones[ARM]
    bone.rotation_euler = (2.0, 0.0, 0.2)
    bone.keyframe_insert("rotation_euler", frame=30)  # one frame that a tracker got wrong
    repaired()
    (track,) = [t for t in markers.tracks_of(stage) if t.namespace == "change"]
    assert max(a.value for a in track.annotations) > repairs.NOTICED
    assert stage.animation_data.action is not None  # the curve that drivers can read
    stage.frame_set(20)
    assert bpy.ops.cadenza.next_change() == {"FINISHED"}
    assert abs(stage.frame_current - 30) <= 3
    assert not stage.timeline_markers  # a curve, no markers


def test_a_frame_that_is_right_stays(stage: Any) -> None:
    play(jitter=0.06)
    rough = hand_at(stage, range(1, LAST))
    stage.frame_set(20)
    assert bpy.ops.cadenza.keep_frame() == {"FINISHED"}
    assert repairs.kept_frames(stage) == [20]
    take = repaired()
    assert takes.shown(take)
    steady = hand_at(stage, range(1, LAST))
    away = np.linalg.norm(steady - rough, axis=1)
    assert away[19] < 0.001
    assert away[[9, 29]].max() > 0.003
    stage.frame_set(20)
    bpy.ops.cadenza.keep_frame()
    assert repairs.kept_frames(stage) == []


def test_of_blocking_only_the_posed_frames_are_looked_at(stage: Any) -> None:
    play(every=6)
    take = repaired()
    assert takes.provenance(take)["repaired"]["posed"] == LAST // 6
    assert len(takes.frames_of(take) or ()) == 2
    posed = hand_at(stage, range(1, LAST, 6))
    takes.show(character(), None)
    assert np.linalg.norm(posed - hand_at(stage, range(1, LAST, 6)), axis=1).max() < 0.04


def test_mocap_of_half_the_rate_is_repaired_and_not_kept(stage: Any) -> None:
    play(every=2, jitter=0.06)
    take = repaired()
    found = takes.provenance(take)
    assert found["repaired"]["posed"] == LAST // 2 + 1  # and the last frame, where all stands
    assert found["repair"]["jitter"] > 0.005  # between its keys it looks smooth
    rough = hand_at(stage, range(1, LAST, 2))
    takes.show(character(), None)
    assert np.linalg.norm(rough - hand_at(stage, range(1, LAST, 2)), axis=1).mean() > 0.005


def test_a_range_makes_a_take_of_that_length(stage: Any) -> None:
    play(jitter=0.05)
    stage.cadenza.repair_part, stage.cadenza.repair_from, stage.cadenza.repair_to = True, 11, 30
    first, last = takes.frames_of(repaired()) or (0, 0)
    assert (first, round(last)) == (11, 30)
    stage.cadenza.repair_to = 11
    with pytest.raises(OrderError, match="range to repair is empty"):
        repairs.order(stage)


def test_looking_can_be_cancelled(stage: Any) -> None:
    play()
    stage.frame_set(5)
    assert bpy.ops.cadenza.repair() == {"FINISHED"}
    job = jobs.current()
    assert job is not None
    job.poll(0.0)
    assert job.message == "Looking at the character"
    assert 0.0 < job.progress < 0.1
    assert stage.frame_current == 5
    bpy.ops.cadenza.cancel()
    assert job.state == "cancelled"
    assert not takes.takes_of(character())


def test_without_the_recording_nothing_is_repaired(stage: Any) -> None:
    play()
    stage.cadenza.source = "SCORE"
    assert "notes alone repair nothing" in obstacles.to_repairing(stage)
    stage.cadenza.source, stage.cadenza.sound_file = "FILE", ""
    assert obstacles.to_repairing(stage) == "Choose a sound file in Source"


def test_a_character_that_is_deleted_meanwhile_is_told(stage: Any) -> None:
    play()
    bpy.ops.cadenza.repair()
    bpy.data.objects.remove(character())
    assert "was deleted" in drive().error


def test_an_offset_that_was_found_is_offered(stage: Any) -> None:
    play(jitter=0.05)
    take = repaired()
    assert "seems to lie where it should" in _why_not()
    told = takes.provenance(take)
    told["repair"]["offset"] = 0.52
    take.provenance = json.dumps(told)
    assert bpy.ops.cadenza.use_offset() == {"FINISHED"}
    assert stage.cadenza.options_mapnet.value_offset == pytest.approx(0.52)
    assert takes.provenance(repaired())["job_options"] == {"mapnet": {"offset": 0.52}}


def _why_not() -> str:
    with pytest.raises(RuntimeError) as error:
        bpy.ops.cadenza.use_offset()
    return str(error.value)


def rests(places: np.ndarray) -> np.ndarray:
    """Frames at which the hand is slowest."""
    speed = np.linalg.norm(np.diff(places, axis=0), axis=1)
    return np.nonzero((speed[1:-1] < speed[:-2]) & (speed[1:-1] <= speed[2:]))[0] + 2.5


def test_a_dance_is_put_onto_beats_that_were_set_by_hand(stage: Any) -> None:
    play()
    beats = [9, 21, 33, 45]
    for frame in beats:
        stage.frame_set(frame)
        bpy.ops.cadenza.tap_beat()
    assert bpy.ops.cadenza.choose_corrector(name="beat-align") == {"FINISHED"}

    def off() -> float:
        found = rests(hand_at(stage, range(1, LAST + 1)))
        return float(np.mean([np.abs(found - frame).min() for frame in beats]))

    before = off()
    take = repaired()
    assert (take.name, take.generator) == ("Onto the beat 1", "beat-align")
    assert before > 2.0
    assert off() < 0.5 * before
    (note,) = takes.provenance(take)["repair"]["notes"]
    assert "came to rest" in note or "comes to rest" in note


def test_a_corrector_that_the_backend_lacks_is_told(stage: Any) -> None:
    stage.cadenza.corrector = "nobody"
    assert obstacles.to_repairing(stage) == "This backend has no 'nobody'; choose another"
    assert not bpy.ops.cadenza.repair.poll()


def test_key_poses_go_to_other_times_with_what_lies_between(stage: Any) -> None:
    """Blocking: none of its poses is kept in its time, but for those that are marked."""
    play(every=6)
    for frame in (9, 21, 33, 45):
        stage.frame_set(frame)
        bpy.ops.cadenza.tap_beat()
    stage.cadenza.corrector = "beat-align"
    stage.frame_set(25)
    bpy.ops.cadenza.keep_frame()
    rough = hand_at(stage, range(1, LAST + 1))
    take = repaired()
    assert takes.provenance(take)["repaired"]["posed"] == LAST
    found = hand_at(stage, range(1, LAST + 1))
    assert np.linalg.norm(found - rough, axis=1).max() > 0.01
    assert np.linalg.norm(found[24] - rough[24]) < 0.001
    # Seen at other times, it is nowhere else than it was.
    assert np.linalg.norm(found[:, None] - rough[None], axis=-1).min(axis=1).max() < 0.04
