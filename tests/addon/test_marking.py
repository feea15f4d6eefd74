# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Markers that come with a take or a recognition: what of the animator's they leave alone, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import markers, music_curves, report, takes  # noqa: E402
from blender_addon.core.annotations import Annotation, AnnotationTrack  # noqa: E402
from tests.addon_driving import character, drive  # noqa: E402
from tests.serving import sound_file  # noqa: E402


def recognise(scene: Any) -> None:
    scene.cadenza.recognize = {"beat", "downbeat"}
    assert bpy.ops.cadenza.recognize() == {"FINISHED"}
    assert drive().state == "finished"


def shown(scene: Any) -> list[tuple[int, str]]:
    return sorted((m.frame, m.name) for m in scene.timeline_markers)


def ordered(scene: Any) -> list[Any]:
    return sorted(scene.timeline_markers, key=lambda m: m.frame)


def test_a_generated_part_leaves_the_beats_outside_it(scene: Any, tmp_path: Path) -> None:
    scene.cadenza.sound_file = str(sound_file(tmp_path / "long.wav", 8.0))
    recognise(scene)
    ordered(scene)[-1].name = "my cut"
    outside = [m for m in shown(scene) if not 49 <= m[0] < 97]
    state = scene.cadenza
    state.generator, state.mark_takes = "performer", True
    state.range, state.start, state.end = "SECONDS", 2.0, 4.0
    bpy.ops.cadenza.generate()
    assert drive().state == "finished"
    kept = [frame for frame, _ in shown(scene) if not 49 <= frame < 97]
    assert set(kept) >= {frame for frame, _ in outside}
    assert outside[-1] in shown(scene)
    assert "note" in {t.namespace for t in markers.tracks_of(scene)}


@pytest.mark.parametrize("how", ["moved", "tapped", "deleted"])
def test_what_is_corrected_while_a_take_is_made_stays(scene: Any, how: str) -> None:
    scene.cadenza.sound_file = str(sound_file(Path(scene.cadenza.sound_file).with_name("long.wav"), 4.0))
    recognise(scene)
    scene.cadenza.generator, scene.cadenza.mark_takes = "performer", True
    bpy.ops.cadenza.generate()
    if how == "moved":
        ordered(scene)[0].frame += 5
    elif how == "tapped":
        scene.frame_set(60)
        bpy.ops.cadenza.tap_beat()
    else:
        scene.timeline_markers.remove(ordered(scene)[0])
    during = shown(scene)
    job = drive()
    assert job.state == "finished"
    assert shown(scene) == during
    assert "what you changed on the timeline meanwhile stays as you left it (beat, downbeat)" in job.message
    assert "note" in {t.namespace for t in markers.tracks_of(scene)}  # what was not changed is put


def test_what_is_corrected_while_beats_are_recognised_stays(scene: Any) -> None:
    recognise(scene)
    bpy.ops.cadenza.recognize()
    ordered(scene)[0].frame += 5
    during = shown(scene)
    job = drive()
    assert shown(scene) == during
    assert "stays as you left it" in job.message


def test_nothing_is_said_where_nothing_was_corrected(scene: Any) -> None:
    recognise(scene)
    ordered(scene)[0].frame += 5
    bpy.ops.cadenza.recognize()
    assert "stays as you left it" not in drive().message


def test_a_take_stays_where_its_markers_cannot_be_put(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any) -> int:
        raise RuntimeError("the scene's action is linked")

    monkeypatch.setattr(markers, "add_markers", refuses)
    scene.cadenza.generator, scene.cadenza.mark_takes = "performer", True
    bpy.ops.cadenza.generate()
    job = drive()
    assert (job.state, job.error) == ("finished", "")
    assert [t.name for t in takes.takes_of(character())] == ["Take 1"]
    assert "its markers could not be put (the scene's action is linked)" in job.message
    assert "RuntimeError" in report.report_of(job)


@pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender module is built without sound")
def test_beats_of_another_recording_are_neither_used_nor_replaced(scene: Any, tmp_path: Path) -> None:
    recognise(scene)
    ordered(scene)[0].frame += 3
    other = str(sound_file(tmp_path / "other.wav", 3.0))
    scene.sequence_editor_create().strips.new_sound("Other", other, 1, 501)
    state = scene.cadenza
    state.source, state.strip, state.generator, state.mark_takes = "STRIP", "Other", "performer", True
    before = shown(scene)
    bpy.ops.cadenza.generate()
    job = drive()
    (take,) = takes.takes_of(character())
    assert "annotations" not in takes.provenance(take)["request"]
    assert shown(scene) == before
    assert "what you corrected (beat, downbeat) is of tune.wav" in job.message
    recognise(scene)
    assert all(m.frame > 500 for m in scene.timeline_markers)


def sent(take: Any) -> dict[str, list[float]]:
    """Namespace -> times of what a take was made from."""
    tracks = takes.provenance(take)["request"].get("annotations", {"tracks": []})["tracks"]
    return {t["namespace"]: [a["time"] for a in t["annotations"]] for t in tracks}


def test_a_moved_beat_is_what_every_later_take_is_made_from(scene: Any) -> None:
    recognise(scene)
    moved = ordered(scene)[0]
    moved.frame += 5
    wanted = moved.frame
    scene.cadenza.generator, scene.cadenza.mark_takes = "performer", True
    for _ in range(2):
        bpy.ops.cadenza.generate()
        assert drive().state == "finished"
    first, second = takes.takes_of(character())
    assert sent(first) == sent(second) != {}
    assert wanted in [m.frame for m in scene.timeline_markers]


def test_an_edited_curve_of_dynamics_is_sent_and_stays(scene: Any) -> None:
    dynamics = AnnotationTrack("dynamics", (Annotation(0.0, 1.0, "p"), Annotation(1.0, 1.0, "f")))
    markers.add_markers(scene, [dynamics], 0.0)
    points = music_curves.curve_of(scene, "dynamics").keyframe_points
    points[0].co.y = music_curves.LEVELS.index("ff")
    points.insert(37.0, music_curves.LEVELS.index("pp"))
    before = [tuple(k.co) for k in points]
    scene.cadenza.generator, scene.cadenza.mark_takes = "performer", True
    for _ in range(2):
        bpy.ops.cadenza.generate()
        assert drive().state == "finished"
    assert [sent(t)["dynamics"] for t in takes.takes_of(character())] == [[0.0, 1.0, 1.5]] * 2
    points = music_curves.curve_of(scene, "dynamics").keyframe_points
    assert [tuple(k.co) for k in points] == before
    scene.cadenza.recognize = {"dynamics"}
    bpy.ops.cadenza.recognize()
    assert "the curve that you edited stays (dynamics)" in drive().message
