# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What an animator does while a job runs: keys in a first part, files saved, keys in a take that is written again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import jobs, takes  # noqa: E402
from blender_addon.rig import perform  # noqa: E402
from tests.addon_driving import add_character, character, drive, generate, keys, option  # noqa: E402

POSE = (0.8, 0.6, 0.0, 0.0)


def first_part(seconds: float = 60.0) -> Any:
    """Press Generate, and wait for the first part."""
    option(shows=True)
    option(seconds=seconds)
    before = len(takes.takes_of(character()))
    bpy.ops.cadenza.generate()
    drive(lambda job: len(takes.takes_of(character())) > before)
    return takes.takes_of(character())[-1]


def key_by_hand(frame: int, bone: str = "head") -> None:
    """With the take's keys open."""
    bpy.ops.cadenza.edit_take()
    bpy.context.scene.frame_set(frame)
    character().pose.bones[bone].rotation_quaternion = POSE
    assert character().pose.bones[bone].keyframe_insert("rotation_quaternion", frame=frame)
    bpy.ops.cadenza.edit_take()


def names() -> list[str]:
    return [take.name for take in takes.takes_of(character())]


@pytest.mark.parametrize("end", ["finished", "cancelled", "reopened"])
def test_a_first_part_that_was_keyed_stays(scene: Any, end: str) -> None:
    part = first_part(0.5 if end == "finished" else 60.0)
    key_by_hand(5)
    assert takes.is_temporary(part)
    if end == "finished":
        assert drive().state == "finished"
        assert names() == ["Take 1 (first part)", "Take 1"]
    elif end == "cancelled":
        bpy.ops.cadenza.cancel()
        assert names() == ["Take 1 (first part)"]
    else:
        jobs.current()._preview = None  # as after an undo that brought it back: no job knows of it
        jobs.cancel()
        jobs.remove_leftovers()
        assert names() == ["Take 1 (first part)"]
    kept = takes.takes_of(character())[0]
    assert takes.made_theirs(kept)
    assert not takes.is_temporary(kept)


def test_a_star_is_enough_and_nothing_is_too_little(scene: Any) -> None:
    takes.star(first_part())
    bpy.ops.cadenza.cancel()
    assert names() == ["Take 1 (first part)"]
    first_part()
    bpy.ops.cadenza.cancel()
    assert names() == ["Take 1 (first part)"]


def test_a_file_is_saved_as_if_no_job_ran(scene: Any, tmp_path: Path) -> None:
    """Shown take, unkeyed pose, no violin; and here the first part is there again."""
    bpy.data.objects.remove(character())
    bert = add_character("Bert", rename=lambda joint: joint.replace("violin", "v").replace("bow_", "b_"))
    bert.pose.bones["left_upper_leg"].rotation_quaternion = POSE
    first_part()
    scene.frame_set(5)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "x.blend"), copy=True)
    assert names() == []
    drive(lambda job: len(takes.takes_of(bert)) == 1)
    assert names() == ["Take 1 (first part)"]
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "x.blend"))
    bert = character()
    assert names() == []
    assert perform.props_of(bert) is None
    assert np.allclose(bert.pose.bones["left_upper_leg"].rotation_quaternion, POSE)


def test_a_key_set_while_the_take_is_written_again_is_there_after(scene: Any) -> None:
    generate()
    scene.cadenza.again_from, scene.cadenza.again_to = 20, 40
    bpy.ops.cadenza.generate_again()
    job = drive(lambda job: job._final is not None)
    while job._final is None or job._final.progress < 0.6:  # in steps as small as they come
        jobs.poll(1e-4)
        assert not job.ended
    key_by_hand(5)
    drive()
    assert (job.state, job.error) == ("finished", "")
    (take,) = takes.takes_of(character())
    assert np.allclose(keys(take)[keys(take)[:, 0] == 5.0, 1], POSE[1], atol=1e-6)


def test_another_frame_rate_meanwhile_is_told(scene: Any) -> None:
    """The frames that were to be written again would be others."""
    generate()
    before = keys(takes.takes_of(character())[0])
    option(seconds=0.3)
    scene.cadenza.again_from, scene.cadenza.again_to = 20, 40
    bpy.ops.cadenza.generate_again()
    drive(lambda job: job.state == "running")
    scene.render.fps = 48
    job = drive()
    assert (job.state, "frame rate" in job.error) == ("failed", True)
    assert np.array_equal(keys(takes.takes_of(character())[0]), before)


def test_renamed_meanwhile_it_performs_all_the_same(scene: Any) -> None:
    """And nobody who has got the old name is keyed."""
    option(seconds=0.3)
    bpy.ops.cadenza.generate()
    drive(lambda job: job._final is not None)
    anna = character()
    anna.name = "Hero"
    other = bpy.data.objects.new("Anna", None)
    scene.collection.objects.link(other)
    job = drive()
    assert (job.state, job.error) == ("finished", "")
    assert [entry.object for entry in takes.takes_of(anna)[0].actions] == [anna]
    assert other.animation_data is None


def test_a_kept_first_part_keeps_its_violin(scene: Any) -> None:
    """It was hung on the character for this very job, which is cancelled after a second part."""
    bpy.data.objects.remove(character())
    bert = add_character("Bert", rename=lambda joint: joint.replace("violin", "v").replace("bow_", "b_"))
    option(windows=2)
    takes.star(first_part())
    drive(lambda job: len(takes.takes_of(bert)) == 2 and job._longer is None)  # the second has taken its place
    bpy.ops.cadenza.cancel()
    (kept,) = takes.takes_of(bert)
    assert perform.props_of(bert) is not None
    assert {entry.object for entry in kept.actions} == {bert, perform.props_of(bert)}


def test_saving_makes_no_more_of_a_kept_part(scene: Any, tmp_path: Path) -> None:
    takes.star(first_part())
    for _ in range(3):
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "x.blend"), copy=True)
        assert jobs.current()._longer is None  # nothing is on its way
    assert names() == ["Take 1 (first part)"]
