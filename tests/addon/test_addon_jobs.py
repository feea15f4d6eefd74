# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The add-on against a live server, as an animator uses it: buttons pressed, poll() called as the timer would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import connection, jobs, markers, obstacles, report, takes  # noqa: E402
from blender_addon.core.motion import Motion  # noqa: E402
from blender_addon.core.violinist import violinist_skeleton  # noqa: E402
from tests.addon_driving import SECONDS, character, drive, generate, keys, option  # noqa: E402
from tests.running import melody, write_midi  # noqa: E402
from tests.scene_dump import changes, dump  # noqa: E402


def test_from_the_button_to_the_take(scene: Any) -> None:
    assert connection.known().state == "ready"
    option(size=0.2)
    scene.cadenza.seed = 7
    job = generate()
    assert (job.state, job.error, job.progress) == ("finished", "", 1.0)
    (take,) = takes.takes_of(character())
    assert (take.name, take.seed, take.generator) == ("Take 1", 7, "swayer")
    told = takes.provenance(take)
    assert told["request"]["options"] == {"swayer": {"size": 0.2}}
    assert told["source"]["sound"].endswith("tune.wav")
    assert len(keys(take)) == round(SECONDS * 24)
    assert keys(take)[0, 0] == scene.frame_start
    assert takes.shown(take)
    assert "contact" in character().cadenza.report


@pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender module is built without sound")
def test_a_strip_is_performed_where_it_lies(scene: Any) -> None:
    """Trimmed by ten frames at its beginning, and longer than its sound by the rest of a frame at its end."""
    scene.render.fps, scene.render.fps_base = 30, 1.001
    strip = scene.sequence_editor_create().strips.new_sound("Tune", scene.cadenza.sound_file, 1, 21)
    strip.frame_offset_start = 10
    scene.cadenza.source, scene.cadenza.strip = "STRIP", "Tune"
    job = generate()
    assert job.state == "finished", job.error
    points = keys(takes.takes_of(character())[0])
    assert points[0, 0] == pytest.approx(31.0, abs=1e-3)
    assert points[-1, 0] == pytest.approx(20 + SECONDS * 30 / 1.001, abs=1.0)


def test_midi_is_played_without_a_recording(scene: Any, tmp_path: Path) -> None:
    state = scene.cadenza
    state.source, state.score_file = "SCORE", str(write_midi(tmp_path / "tune.mid", melody()))
    state.generator, state.mark_takes = "performer", True
    job = generate()
    assert job.state == "finished", job.error
    (take,) = takes.takes_of(character())
    assert takes.provenance(take)["score"] == "tune.mid"
    assert "note" in {t.namespace for t in markers.tracks_of(scene)}


def test_the_same_job_gives_the_same_motion_and_another_seed_another(scene: Any) -> None:
    generate()
    generate()
    bpy.ops.cadenza.new_seed_take()
    drive()
    first, second, third = takes.takes_of(character())
    assert np.array_equal(keys(first), keys(second))
    assert not np.array_equal(keys(first), keys(third))
    assert third.seed == first.seed + 1
    assert [takes.shown(t) for t in (first, second, third)] == [False, False, True]


def test_a_first_part_is_shown_and_replaced(scene: Any) -> None:
    option(shows=True)
    option(seconds=1.0)
    bpy.ops.cadenza.generate()
    drive(lambda job: len(takes.takes_of(character())) == 1)
    (preview,) = takes.takes_of(character())
    assert "first part" in preview.name
    assert takes.shown(preview)
    assert len(keys(preview)) == 12
    job = drive()
    assert job.state == "finished"
    (take,) = takes.takes_of(character())
    assert take.name == "Take 1"
    assert takes.shown(take)
    assert len(keys(take)) == round(SECONDS * 24)
    assert len(bpy.data.actions) == 1


def test_what_is_shown_grows_window_by_window(scene: Any) -> None:
    option(shows=True)
    option(windows=3)
    option(seconds=60.0)
    before = dump()
    bpy.ops.cadenza.generate()
    lengths: list[int] = []

    def three_windows(job: Any) -> bool:
        shown = [len(keys(t)) for t in takes.takes_of(character()) if takes.shown(t)]
        lengths.extend(shown)
        return shown == [36] and len(takes.takes_of(character())) == 1

    drive(three_windows)
    assert sorted(set(lengths)) in ([12, 24, 36], [12, 36], [24, 36], [36])
    assert lengths == sorted(lengths)
    bpy.ops.cadenza.cancel()
    drive()
    assert changes(before, dump()) == []


@pytest.mark.parametrize("ending", ["cancel", "fail"])
def test_a_first_part_goes_when_the_job_does(scene: Any, ending: str) -> None:
    generate()
    scene.frame_set(20)
    before = dump()
    option(shows=True)
    option(seconds=1.0 if ending == "fail" else 60.0)
    option(fails=ending == "fail")
    before["scenes"] = dump()["scenes"]
    bpy.ops.cadenza.generate()
    drive(lambda job: len(takes.takes_of(character())) == 2)
    scene.frame_set(10)
    scene.frame_set(20)
    if ending == "cancel":
        bpy.ops.cadenza.cancel()
    job = drive()
    assert job.state == {"cancel": "cancelled", "fail": "failed"}[ending]
    scene.frame_set(20)
    assert changes(before, dump()) == []
    if ending == "fail":
        assert "fell over; hold it" in job.error
        assert "fell over" in report.report_of(job)


def test_the_pose_before_a_first_part_comes_back(scene: Any) -> None:
    character().pose.bones["head"].rotation_quaternion = (0.8, 0.6, 0.0, 0.0)
    option(shows=True)
    option(seconds=60.0)
    before = dump()
    bpy.ops.cadenza.generate()
    drive(lambda job: len(takes.takes_of(character())) == 1)
    scene.frame_set(9)
    scene.frame_set(1)
    bpy.ops.cadenza.cancel()
    assert changes(before, dump()) == []


def test_one_part_and_range_again(scene: Any) -> None:
    generate()
    take = takes.takes_of(character())[0]
    arm, head = keys(take, "right_upper_arm"), keys(take)
    scene.cadenza.part, scene.cadenza.again_from, scene.cadenza.again_to, scene.cadenza.fade = "bow_arm", 10, 30, 4
    assert bpy.ops.cadenza.generate_again() == {"FINISHED"}
    assert drive().state == "finished"
    (again,) = takes.takes_of(character())
    new = keys(again, "right_upper_arm")
    outside = (new[:, 0] < 10) | (new[:, 0] > 30)
    assert np.array_equal(keys(again), head)
    assert np.array_equal(new[outside], arm[(arm[:, 0] < 10) | (arm[:, 0] > 30)])
    inside = (arm[:, 0] > 15) & (arm[:, 0] < 25)
    assert np.abs(new[(new[:, 0] > 15) & (new[:, 0] < 25), 1] - arm[inside, 1]).max() > 1e-4
    assert takes.provenance(again)["revisions"][0]["parts"] == ["bow_arm", "props"]  # the bow goes with its arm


def test_a_take_that_was_moved_is_generated_again_where_it_lies(scene: Any) -> None:
    generate()
    take = takes.takes_of(character())[0]
    before = keys(take)
    for _, _, strip in takes.strips_of(take):
        strip.frame_start_ui = strip.frame_start + 100
    option(size=0.3)
    scene.cadenza.again_from, scene.cadenza.again_to, scene.cadenza.fade = 110, 130, 4
    bpy.ops.cadenza.generate_again()
    assert drive().state == "finished"
    after = keys(takes.takes_of(character())[0])
    changed = before[before[:, 1] != after[:, 1], 0]
    assert np.array_equal(changed, np.arange(11.0, 30.0))  # of the action; in the scene 100 frames later
    bpy.ops.cadenza.new_seed_take()
    drive()
    assert takes.frames_of(takes.takes_of(character())[1]) == (101.0, 148.0)


def test_a_take_that_was_cut_apart_is_generated_again_where_each_piece_lies(scene: Any) -> None:
    generate()
    _, track, strip = takes.strips_of(takes.takes_of(character())[0])[0]
    strip.action_frame_end = 24
    second = track.strips.new("second", 60, strip.action)
    second.action_frame_start, second.action_frame_end, second.frame_end = 24, 48, 84
    before = keys(takes.takes_of(character())[0])
    option(size=0.3)
    scene.cadenza.again_from, scene.cadenza.again_to, scene.cadenza.fade = 64, 74, 2
    bpy.ops.cadenza.generate_again()
    assert drive().state == "finished"
    after = keys(takes.takes_of(character())[0])
    assert np.array_equal(before[before[:, 1] != after[:, 1], 0], np.arange(29.0, 38.0))


def test_what_is_not_of_the_take_is_not_generated_again(scene: Any) -> None:
    generate()
    scene.cadenza.again_from, scene.cadenza.again_to = 500, 600
    with pytest.raises(RuntimeError, match="choose some from 1 to 48"):
        bpy.ops.cadenza.generate_again()
    _, track, strip = takes.strips_of(takes.takes_of(character())[0])[0]
    track.strips.remove(strip)
    for press in (bpy.ops.cadenza.generate_again, bpy.ops.cadenza.show_take, bpy.ops.cadenza.edit_take):
        with pytest.raises(RuntimeError, match="has no strips any more"):
            press()
    assert bpy.ops.cadenza.delete_take() == {"FINISHED"}


def test_a_take_out_of_time_is_not_generated_again(scene: Any) -> None:
    generate()
    scene.render.fps = 30
    with pytest.raises(RuntimeError, match=r"made for 24 frames a second and plays at 125 %.* scale of 1.25"):
        bpy.ops.cadenza.generate_again()
    for _, _, strip in takes.strips_of(takes.takes_of(character())[0]):
        strip.scale = 1.25
    scene.cadenza.again_from, scene.cadenza.again_to = 10, 30
    assert bpy.ops.cadenza.generate_again() == {"FINISHED"}
    assert drive().state == "finished"


def test_recognised_beats_become_markers(scene: Any) -> None:
    scene.cadenza.recognize = {"beat", "downbeat"}
    mine = scene.timeline_markers.new("mine", frame=3)
    assert bpy.ops.cadenza.recognize() == {"FINISHED"}
    job = drive()
    assert job.state == "finished", job.error
    assert {t.namespace for t in markers.tracks_of(scene)} == {"beat", "downbeat"}
    assert f"{len(scene.timeline_markers) - 1} markers" in job.message
    assert mine.frame == 3


def raise_hand(at: int, last: int = 80) -> None:
    """Key the character's right arm so that the hand is highest at a frame."""
    bone = character().pose.bones["right_upper_arm"]
    bone.rotation_mode = "XYZ"
    for frame, angle in ((1, 0.0), (at, 1.2), (last, 0.0)):
        bone.rotation_euler = (angle, 0.0, 0.0)
        bone.keyframe_insert("rotation_euler", frame=frame)


def test_a_character_is_watched_without_a_sound(scene: Any) -> None:
    scene.frame_end, scene.frame_current = 80, 7
    raise_hand(40)
    scene.cadenza.sound_file = ""
    scene.cadenza.recognize_from, scene.cadenza.recognize = "MOTION", {"cadence", "note"}
    assert "note" not in connection.known().recognized("MOTION")
    assert "pedal" in connection.known().recognized("SOUND", "piano")
    assert "pedal" not in connection.known().recognized("SOUND", "violin")
    assert obstacles.to_recognizing(scene) == ""
    assert bpy.ops.cadenza.recognize() == {"FINISHED"}
    job = drive()
    assert job.state == "finished", job.error
    (track,) = markers.tracks_of(scene)
    assert (track.namespace, track.annotations[0].value) == ("cadence", "seen")
    assert track.times[0] == pytest.approx((40 - 1) / 24, abs=0.03)  # the scene's first frame is second 0
    assert scene.frame_current == 7


def test_a_character_is_watched_while_its_sound_is_heard(scene: Any) -> None:
    scene.frame_end = 40
    raise_hand(20, 40)
    scene.cadenza.recognize_from, scene.cadenza.recognize = "BOTH", {"cadence"}
    assert bpy.ops.cadenza.recognize() == {"FINISHED"}
    assert drive().state == "finished"
    assert markers.tracks_of(scene)[0].annotations[0].value == "heard"


def test_nobody_to_watch_is_told(scene: Any) -> None:
    scene.cadenza.recognize_from, scene.cadenza.recognize = "MOTION", {"cadence"}
    scene.cadenza.character = None
    assert "whose motion is to be watched" in obstacles.to_recognizing(scene)


def test_corrected_beats_are_what_is_generated_from(scene: Any) -> None:
    scene.cadenza.recognize = {"beat", "downbeat"}
    bpy.ops.cadenza.recognize()
    assert drive().state == "finished"
    assert "annotations" not in takes.provenance(_take(scene))["request"]
    bpy.ops.cadenza.double_tempo()
    option(fails=True)
    bpy.ops.cadenza.generate()
    assert drive().state == "failed"
    option(fails=False)
    bpy.ops.cadenza.use_corrections()  # what failed settled nothing
    again = takes.provenance(_take(scene, "generate_again"))["revisions"][-1]["provenance"]["request"]["annotations"]
    times = {t["namespace"]: [a["time"] for a in t["annotations"]] for t in again["tracks"]}
    assert times["beat"] == list(markers.corrected_tracks(scene)[0].times)
    with pytest.raises(RuntimeError, match="nothing was corrected since"):
        bpy.ops.cadenza.use_corrections()
    assert takes.provenance(_take(scene))["request"]["annotations"] == again  # still the animator's


def _take(scene: Any, operator: str = "generate") -> Any:
    assert getattr(bpy.ops.cadenza, operator)() == {"FINISHED"}
    job = drive()
    assert job.state == "finished", job.error
    return takes.find(character(), job.take)


def test_a_motion_from_disk_needs_no_backend(scene: Any, tmp_path: Path) -> None:
    body = violinist_skeleton()
    rest = np.repeat(body.rest_positions[None], 30, axis=0)
    still = np.tile([1.0, 0.0, 0.0, 0.0], (30, len(body), 1))
    (tmp_path / "still.npz").write_bytes(Motion(body, 30.0, rest, still).to_bytes())
    connection.forget()
    assert obstacles.to_generating(scene) == "Start or connect the backend first"
    scene.cadenza.motion_file = str(tmp_path / "still.npz")
    assert bpy.ops.cadenza.apply_motion() == {"FINISHED"}
    assert drive().state == "finished"
    assert len(takes.takes_of(character())) == 1
    scene.cadenza.motion_file = str(tmp_path / "tune.wav")
    bpy.ops.cadenza.apply_motion()
    assert "choose a .npz" in drive().error


def test_each_job_is_one_step_to_undo(scene: Any) -> None:
    bpy.ops.ed.undo_push(message="before")
    generate()
    assert len(takes.takes_of(character())) == 1
    bpy.ops.ed.undo()
    assert len(takes.takes_of(character())) == 0
    bpy.ops.ed.redo()
    assert len(takes.takes_of(character())) == 1


def test_what_cannot_begin_is_told_in_the_panel(scene: Any) -> None:
    scene.cadenza.sound_file = "//not_there.wav"
    with pytest.raises(RuntimeError, match="missing"):
        bpy.ops.cadenza.generate()
    job = jobs.current()
    assert job is not None
    assert job.state == "failed"
    assert "choose it again" in job.error
    bpy.ops.cadenza.dismiss()
    assert jobs.current() is None
