# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Varying takes, four seeds, and the panel: the buttons pressed, against a live server."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import beside, connection, fills, jobs, obstacles, options, takes  # noqa: E402
from blender_addon.panels.fill import FillerMenu, FillPanel  # noqa: E402
from blender_addon.panels.generator import GeneratePanel  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from tests.addon_driving import character, drive, generate  # noqa: E402
from tests.fill_driving import ARM, LAST, POSES, done, hand_at, option, pose  # noqa: E402
from tests.panel_drawing import Layout, drawn  # noqa: E402


def test_a_take_is_varied_by_how_much_and_where(stage: Any) -> None:
    generate()
    (take,) = takes.takes_of(character())
    option(variation=0.001)
    same = done(bpy.ops.cadenza.vary)
    assert takes.provenance(same)["varied"] == {"frames": [1, LAST], "take": "Take 1"}
    takes.show(character(), take)
    character().cadenza_take_index = 0
    frames = range(1, LAST + 1)
    own = {bone: hand_at(stage, frames, bone) for bone in ("right_hand", "left_hand", "head")}
    takes.show(character(), same)
    assert np.linalg.norm(hand_at(stage, frames) - own["right_hand"], axis=1).max() < 1e-3
    option(variation=1.0, part="right-arm")
    takes.show(character(), same)  # the chosen take is looked at, whichever is seen
    arm = done(bpy.ops.cadenza.vary)
    assert (arm.name, arm.seed) == ("Varied 2", 5)
    assert takes.provenance(arm)["job_options"]["tween"] == {"variation": 1.0, "part": "right-arm"}
    assert np.linalg.norm(hand_at(stage, frames) - own["right_hand"], axis=1).mean() > 0.02
    for still in ("left_hand", "head"):
        assert np.linalg.norm(hand_at(stage, frames, still) - own[still], axis=1).max() < 1e-3
    with pytest.raises(RuntimeError, match="was varied, not generated; press Vary This Take"):
        bpy.ops.cadenza.new_seed_take()


def test_marked_frames_and_keys_by_hand_stay_where_a_take_is_varied(stage: Any) -> None:
    generate()
    (take,) = takes.takes_of(character())
    curve = next(
        c for c in curves_of(take.actions[0].action).fcurves if f'"{ARM}"' in c.data_path and c.array_index == 1
    )
    curve.keyframe_points[29].co[1] += 0.2
    stage.timeline_markers.new("Keep", frame=10)
    before = hand_at(stage, range(1, LAST + 1))
    option(variation=1.0)
    done(bpy.ops.cadenza.vary)
    away = np.linalg.norm(hand_at(stage, range(1, LAST + 1)) - before, axis=1)
    assert away[[9, 29]].max() < 1e-3
    assert away[[8, 10, 28, 30]].min() > 1e-2


def test_what_lies_over_a_take_is_not_varied_twice(stage: Any) -> None:
    generate()
    (take,) = takes.takes_of(character())
    takes.add_layer(character(), take)
    neck = character().pose.bones["neck"]
    neck.rotation_quaternion = (0.9689, 0.2474, 0.0, 0.0)  # half a radian
    neck.keyframe_insert("rotation_quaternion", frame=1)
    layer = character().animation_data.action
    frames = range(1, LAST + 1, 6)
    before = hand_at(stage, frames, "head")
    option(variation=0.001)
    done(bpy.ops.cadenza.vary)
    assert character().animation_data.action == layer
    assert np.linalg.norm(hand_at(stage, frames, "head") - before, axis=1).max() < 1e-3


def test_four_seeds_make_four_takes(stage: Any) -> None:
    pose()
    poses = hand_at(stage, POSES)
    stage.frame_set(3)
    assert bpy.ops.cadenza.fill_four() == {"FINISHED"}
    assert jobs.waiting() == 3
    titles = wait()
    assert titles == [f"Fill Between My Keys, seed {i} of 4" for i in (1, 2, 3, 4)]
    every = list(takes.takes_of(character()))
    assert [(t.name, t.seed) for t in every] == [(f"Seed {i}", 4 + i) for i in (1, 2, 3, 4)]
    assert len({takes.provenance(t)["series"] for t in every}) == 1
    assert stage.frame_current == 3
    moved = []
    for take in every:
        takes.show(character(), take)
        assert np.linalg.norm(hand_at(stage, POSES) - poses, axis=1).max() < 2e-4
        moved.append(hand_at(stage, range(2, 10)))
    assert min(np.abs(a - b).max() for i, a in enumerate(moved) for b in moved[:i]) > 1e-3


def wait() -> list[str]:
    """Until no job runs and none waits; what they were called."""
    titles: list[str] = []
    while jobs.running():
        job = jobs.current()
        assert job is not None
        titles += [job.order.title] if job.order.title not in titles else []
        jobs.poll()
        time.sleep(0.002)
    job = jobs.current()
    assert job is not None
    assert job.state == "finished", job.error
    return titles


def test_four_seeds_of_the_generator_and_of_a_variation(stage: Any) -> None:
    stage.cadenza.seed = 2**31 - 2
    assert bpy.ops.cadenza.generate_four() == {"FINISHED"}
    wait()
    every = list(takes.takes_of(character()))
    assert [t.seed for t in every] == [2**31 - 2, 2**31 - 1, 0, 1]
    assert takes.provenance(every[2])["request"]["seed"] == 0
    character().cadenza_take_index = 1
    option(variation=1.0)
    assert bpy.ops.cadenza.vary_four() == {"FINISHED"}
    wait()
    varied = list(takes.takes_of(character()))[4:]
    assert [t.name for t in varied] == ["Seed 5", "Seed 6", "Seed 7", "Seed 8"]
    assert {takes.provenance(t)["varied"]["take"] for t in varied} == {"Seed 2"}


def test_cancelling_ends_those_that_wait_and_leaves_what_is_there(stage: Any) -> None:
    pose()
    bpy.ops.cadenza.fill_four()
    while jobs.waiting() > 2:
        jobs.poll()
    bpy.ops.cadenza.cancel()
    assert (jobs.waiting(), jobs.running()) == (0, False)
    assert [t.name for t in takes.takes_of(character())] == ["Seed 1"]


def test_a_failure_ends_those_that_wait(stage: Any) -> None:
    pose()
    option(fails=True)
    bpy.ops.cadenza.fill_four()
    job = drive()
    assert "numbers that are none" in job.error
    jobs.poll()
    assert (jobs.waiting(), jobs.running()) == (0, False)
    assert not takes.takes_of(character())


def test_who_fills_and_who_repairs_are_kept_apart(stage: Any) -> None:
    known = connection.known()
    assert "tween" in {c.name for c in known.correctors(fills=True)}
    assert "mapnet" not in {c.name for c in known.correctors(fills=True)}
    assert {c.name for c in known.correctors()} & {"tween", "mapnet"} == {"mapnet"}
    stage.cadenza.filler = "nobody"
    assert obstacles.to_filling(stage) == "This backend has no 'nobody'; choose another"
    bpy.ops.cadenza.choose_filler(name="tween")
    assert obstacles.to_filling(stage) == ""
    assert obstacles.to_varying(stage) == "Choose a take in the list"
    generate()
    assert obstacles.to_varying(stage) == ""
    option(variation=0.0)
    assert obstacles.to_varying(stage) == "Raise Variation: at 0 the take stays as it is"
    stage.cadenza.source = "SCORE"
    assert "follows the sound" in obstacles.to_filling(stage)
    stage.cadenza.source = "FILE"
    stage.cadenza.character = None
    assert "Choose a character" in obstacles.to_filling(stage)


def test_options_of_varying_are_drawn_apart(stage: Any) -> None:
    varying, others = Layout(), Layout()
    options.draw(varying, stage.cadenza, "tween", only=fills.OF_VARYING)
    options.draw(others, stage.cadenza, "tween", without=fills.OF_VARYING)
    assert varying.drawn == ["value_variation", "value_part"]
    assert others.drawn == ["value_swing", "value_seconds", "value_fails"]


def test_seeds_can_be_drawn_anew(stage: Any) -> None:
    before = stage.cadenza.seed
    bpy.ops.cadenza.new_seed(filling=True)
    assert stage.cadenza.seed == before
    assert stage.cadenza.fill_seed != 5


def test_the_panel_draws_what_there_is(stage: Any) -> None:
    there = drawn(FillPanel)
    assert {"fill_seed", "cadenza.new_seed", "value_swing", "fill_part", "fill_ends", "cadenza.fill"} <= set(there)
    assert there.index("cadenza.fill_four") < there.index("value_variation") < there.index("cadenza.vary")
    assert "Choose a take in the list" in there
    assert "fill_from" not in there
    assert "cadenza.take_this_one" not in there
    stage.cadenza.fill_part, stage.cadenza.filler = True, "nobody"
    generate()
    bpy.ops.cadenza.side_by_side()
    there = drawn(FillPanel)
    assert {"fill_from", "cadenza.use_fill_range", "CADENZA_MT_fillers", "cadenza.take_this_one"} <= set(there)
    assert "This backend has no 'nobody'; choose another" in " ".join(there)
    assert "cadenza.generate_four" in drawn(GeneratePanel)
    assert drawn(FillerMenu) == ["cadenza.choose_filler"] * len(connection.known().fillers("violin"))


def test_the_panel_says_how_many_are_to_come(stage: Any) -> None:
    pose()
    bpy.ops.cadenza.fill_four()
    assert "Keys, seed 1 of 4; 3 more to come" in " ".join(drawn(GeneratePanel))


def test_copies_that_stand_there_follow_the_newest_four(stage: Any) -> None:
    generate()
    bpy.ops.cadenza.side_by_side()
    assert [c.name for c in beside.copies() if c.show_name] == ["Take 1"]
    pose()
    bpy.ops.cadenza.fill_four()
    wait()
    assert [c.name for c in beside.copies() if c.show_name] == ["Seed 1", "Seed 2", "Seed 3", "Seed 4"]
    bpy.ops.cadenza.side_by_side()
    assert not beside.copies()
