# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What an animator did to markers of ours outlives new runs and edits of the beats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import corrections, markers, music_curves  # noqa: E402
from blender_addon.audio_source import Source  # noqa: E402
from blender_addon.core.annotations import Annotation, AnnotationTrack, find_track  # noqa: E402
from blender_addon.recording import recording_of  # noqa: E402
from blender_addon.rig.action import curves_in_use  # noqa: E402
from blender_addon.track_state import Edits, Span, merged  # noqa: E402

BEATS = AnnotationTrack("beat", tuple(Annotation(0.5 * i, 0.0, i % 4 + 1, 0.6) for i in range(16)))
BARS = AnnotationTrack("downbeat", tuple(Annotation(2.0 * i, 0.0, i + 1, 0.5) for i in range(4)))


def camera(name: str) -> Any:
    return bpy.data.objects.new(name, bpy.data.cameras.new(name))


def at(scene: Any, seconds: float) -> Any:
    """The only marker at a time."""
    (marker,) = [m for m in scene.timeline_markers if m.frame == 1 + round(24 * seconds)]
    return marker


def seen(scene: Any) -> list[tuple[int, str, str]]:
    return sorted((m.frame, m.name, m.camera.name if m.camera else "") for m in scene.timeline_markers)


def test_a_part_that_is_made_again_leaves_the_rest_as_it_is(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    at(scene, 0.0).camera, at(scene, 6.0).name = camera("Wide"), "Coda"
    at(scene, 0.5).frame += 3
    scene.timeline_markers.remove(at(scene, 7.0))
    inside = at(scene, 3.0)
    inside.frame += 3
    before = [m for m in seen(scene) if not 1 + 48 <= m[0] < 1 + 96]
    beats = AnnotationTrack("beat", (Annotation(2.0, 0.0, 1), Annotation(3.0, 0.0, 2), Annotation(3.6, 0.0, 1)))
    bars = AnnotationTrack("downbeat", (Annotation(2.0, 0.0, 1), Annotation(3.6, 0.0, 2)))
    markers.add_markers(scene, [beats, bars], 0.0, span=Span(2.0, 4.0))
    new = [m for m in seen(scene) if 1 + 48 <= m[0] < 1 + 96]
    assert [m for m in seen(scene) if m not in new] == [(f, "Bar 4" if n == "Bar 3" else n, c) for f, n, c in before]
    assert new == [(49, "Bar 2", ""), (73, "2", ""), (1 + round(24 * 3.6), "Bar 3", "")]
    assert inside.frame == 73  # what was moved in the part is where the new run has it
    assert [a.value for a in find_track(markers.tracks_of(scene), "downbeat").annotations] == [1, 2, 3, 4, 5]


def test_stretches_end_where_the_new_part_begins(scene: Any) -> None:
    markers.add_markers(scene, [AnnotationTrack("phrase", (Annotation(0.0, 4.0, "A"), Annotation(4.0, 4.0, "B")))], 0.0)
    again = AnnotationTrack("phrase", (Annotation(2.0, 2.0, "C"),))
    markers.add_markers(scene, [again], 0.0, span=Span(2.0, 4.0))
    (track,) = markers.tracks_of(scene)
    assert [(a.time, a.end, a.value) for a in track.annotations] == [(0.0, 2.0, "A"), (2.0, 4.0, "C"), (4.0, 8.0, "B")]


def test_a_part_recognised_again_is_nobodys_correction_the_rest_stays_one(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    bpy.ops.cadenza.double_tempo()
    corrections.recognised(scene, {"beat", "downbeat"}, Span(2.0, 4.0))
    assert corrections.for_generation(scene)
    assert all(t < 2.0 or t >= 4.0 for t in corrections.touched(scene))
    corrections.recognised(scene, {"beat", "downbeat"}, Span(0.0, 8.0))
    assert corrections.for_generation(scene) == []


def test_cameras_and_names_stay_where_bars_become_beats(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    at(scene, 0.0).camera, at(scene, 2.0).camera, at(scene, 4.0).name = camera("A"), camera("B"), "Solo"
    at(scene, 0.5).camera = camera("C")
    for marker in scene.timeline_markers:
        marker.select = marker.frame == 13
    bpy.ops.cadenza.set_downbeats()
    assert at(scene, 0.0).camera.name == "A"
    assert at(scene, 2.0).camera.name == "B"
    assert at(scene, 4.0).name == "Solo"
    assert (at(scene, 0.5).camera.name, at(scene, 0.5).cadenza.namespace) == ("C", "downbeat")
    assert at(scene, 0.5).select
    assert len(scene.timeline_markers) == 16


def test_what_no_beat_stands_for_any_more_is_the_animators(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    at(scene, 0.5).camera, at(scene, 1.5).name = camera("A"), "breath"
    bpy.ops.cadenza.halve_tempo()
    assert [(m.frame, m.name) for m in scene.timeline_markers if not m.cadenza.namespace] == [(13, "2"), (37, "breath")]
    assert at(scene, 0.5).camera.name == "A"
    assert len(scene.timeline_markers) == 8 + 2
    bpy.ops.cadenza.double_tempo()
    markers.remove_markers(scene)
    assert [(m.frame, m.name) for m in scene.timeline_markers] == [(13, "2"), (37, "breath")]


@pytest.mark.parametrize("shown", [True, False])
def test_cameras_and_names_stay_when_their_track_is_deleted(scene: Any, shown: bool) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    at(scene, 0.5).camera, at(scene, 2.5).name, at(scene, 4.0).camera = camera("A"), "breath", camera("B")
    before = [m for m in seen(scene) if m[2] or m[1] == "breath"]
    for namespace in ("beat", "downbeat"):
        markers.show_track(scene, namespace, shown)
    markers.delete_track(scene, "beat")
    markers.delete_track(scene, "downbeat")
    assert [(f, c) for f, _, c in seen(scene)] == [(f, c) for f, _, c in before]
    assert "breath" in [m.name for m in scene.timeline_markers]
    assert not any(m.cadenza.namespace for m in scene.timeline_markers)
    markers.add_markers(scene, [BEATS, BARS], 0.0)  # they are the animator's, and stay so
    assert len(scene.timeline_markers) == 16 + 3


def test_a_moved_beat_keeps_its_camera(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    moved = at(scene, 0.5)
    moved.camera = camera("A")
    moved.frame += 4
    bpy.ops.cadenza.double_tempo()
    (found,) = [m for m in scene.timeline_markers if m.camera]
    assert (found.frame, found.cadenza.namespace) == (17, "beat")


def test_cameras_of_hidden_beats_are_not_lost(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    at(scene, 0.5).camera = camera("A")
    markers.show_track(scene, "beat", False)
    bpy.ops.cadenza.halve_tempo()
    assert (at(scene, 0.5).camera.name, at(scene, 0.5).cadenza.namespace) == ("A", "")


LOUDNESS = AnnotationTrack("loudness", tuple(Annotation(0.1 * i, 0.0, -20.0 - i) for i in range(10)))


@pytest.mark.skipif(bpy.app.version < (4, 4), reason="actions have no slots before 4.4")
@pytest.mark.parametrize("slot", ["none at all", "another object's", "its own, empty"])
def test_the_scenes_curves_are_in_its_own_slot(scene: Any, slot: str) -> None:
    cube = bpy.data.objects.new("Cube", None)
    scene.collection.objects.link(cube)
    cube.keyframe_insert("location", index=0, frame=1)
    action = cube.animation_data.action if slot != "none at all" else bpy.data.actions.new("Mine")
    scene.animation_data_create().action = action
    if slot == "its own, empty":
        scene.animation_data.action_slot = action.slots.new(id_type="SCENE", name=scene.name)
    for _ in range(2):
        markers.add_markers(scene, [LOUDNESS], 0.0)
        assert scene.animation_data.action == action
        assert len(music_curves.curve_of(scene, "loudness").keyframe_points) == 10
    assert [c.data_path for c in curves_in_use(cube.animation_data).fcurves] == ["location"]


@pytest.mark.parametrize("far", [1e8, 1e9, 1e300, -1e300])
def test_times_that_no_timeline_has_are_put_at_its_end(scene: Any, far: float) -> None:
    beats = AnnotationTrack("beat", (*BEATS.annotations, Annotation(far)))
    stretch = AnnotationTrack("phrase", (Annotation(0.0, 4.0, "A"), Annotation(far, 4.0, "B")))
    markers.add_markers(scene, [beats, stretch], 0.0, {"beat", "phrase"})
    edge = 1048574 if far > 0 else -1048574
    assert sorted(m.frame for m in scene.timeline_markers if abs(m.frame) > 1000) == [edge, edge]
    bpy.ops.cadenza.halve_tempo()
    scene.render.fps = 60
    markers.refresh_markers(scene)
    assert markers.moved_markers(scene) == []


def test_beats_are_corrected_at_their_own_place(scene: Any) -> None:
    seen_in_motion = AnnotationTrack("cadence", (Annotation(1.0, 0.0, "seen"),))
    markers.add_markers(scene, [seen_in_motion], 0.0)
    markers.add_markers(scene, [BEATS, BARS], -100 / 24)  # a strip that begins at frame 101
    bpy.ops.cadenza.double_tempo()
    assert [m.frame for m in sorted(scene.timeline_markers, key=lambda m: m.frame)][:3] == [101, 107, 113]
    scene.frame_set(95)
    bpy.ops.cadenza.tap_beat()
    assert min(m.frame for m in scene.timeline_markers) == 95


def source(path: Path, frame: float = 1.0) -> Source:
    return Source(path, None, 0.0, 8.0, frame, 0.0, path.name)


def test_corrections_are_for_their_own_recording(scene: Any, tmp_path: Path) -> None:
    one, copy, other = (tmp_path / n for n in ("one.wav", "moved.wav", "other.wav"))
    for path, data in ((one, b"a" * 200_000), (copy, b"a" * 200_000), (other, b"a" * 100_000 + b"b" * 100_000)):
        path.write_bytes(data)
    markers.add_markers(scene, [BEATS, BARS], 0.0, recording=recording_of(source(one)))
    at(scene, 0.5).frame += 3
    for path in (one, copy):
        assert 0.625 in find_track(corrections.for_generation(scene, source(path, 77.0)), "beat").times
        assert corrections.not_used(scene, source(path)) == ""
    assert corrections.for_generation(scene, source(other)) == []
    assert corrections.not_used(scene, source(other)) == (
        "what you corrected (beat, downbeat) is of one.wav: it stays, and was not used here"
    )
    one.write_bytes(b"mixed again")
    assert corrections.for_generation(scene, source(one))
    bpy.ops.cadenza.double_tempo()
    assert corrections.for_generation(scene, source(other)) == []


def test_beats_of_no_recording_count_where_they_lie(scene: Any, tmp_path: Path) -> None:
    for frame in (101, 113):
        scene.frame_set(frame)
        bpy.ops.cadenza.tap_beat()
    later = source(tmp_path / "a.wav", 101.0)
    assert find_track(corrections.for_generation(scene, later), "beat").times == pytest.approx([0.0, 0.5])
    tapped = at(scene, 100 / 24)
    tapped.camera = camera("A")
    heard = AnnotationTrack("beat", (Annotation(0.0), Annotation(1.0)))
    markers.add_markers(scene, [heard], -100 / 24, span=Span(0.0, 0.75), recording=recording_of(later))
    assert find_track(markers.tracks_of(scene), "beat").times == [0.0]
    assert [m.camera.name for m in scene.timeline_markers if m.frame == 101 and m.camera] == ["A"]


def test_cameras_of_another_recording_stay_where_they_are(scene: Any, tmp_path: Path) -> None:
    one, other = tmp_path / "one.wav", tmp_path / "other.wav"
    markers.add_markers(scene, [BEATS, BARS], 0.0, recording=recording_of(source(one)))
    at(scene, 0.5).camera = camera("A")
    markers.add_markers(scene, [BEATS, BARS], -500 / 24, span=Span(0.0, 2.0), recording=recording_of(source(other)))
    assert at(scene, 0.5).cadenza.namespace == ""
    assert min(m.frame for m in scene.timeline_markers if m.cadenza.namespace) == 501


def test_beats_need_no_video_sequencer(scene: Any) -> None:
    other = bpy.data.scenes.new("Other")
    markers.add_markers(other, [BEATS, BARS], 0.0)
    assert other.sequence_editor is None


def spans(track: AnnotationTrack) -> list[tuple[float, float, Any]]:
    return [(a.time, a.end, a.value) for a in track.annotations]


@pytest.mark.parametrize("begin", [0.0, 8.0], ids=["spans the part", "begins in it"])
def test_a_stretch_goes_on_after_a_part_that_is_made_anew(begin: float) -> None:
    old = AnnotationTrack("dynamics", (Annotation(begin, 30.0 - begin, "f"),))
    new, stayed = merged(old, Edits(), AnnotationTrack("dynamics", (Annotation(5.0, 5.0, "p"),)), Span(5.0, 10.0))
    before = [(0.0, 5.0, "f")] if begin < 5.0 else []
    assert spans(new) == [*before, (5.0, 10.0, "p"), (10.0, 30.0, "f")]
    assert stayed == ({0: 0} if before else {})


def test_a_trimmed_phrase_is_cut_only_where_it_reaches_the_part() -> None:
    """Trimmed by hand to end at 8 s: the part begins at 9 s, or at 7 s."""
    old, edits = AnnotationTrack("phrase", (Annotation(5.0, 5.0, "A"),)), Edits(strips={0: (None, 0.0, -2.0)})
    for start, end in ((9.0, 8.0), (7.0, 7.0)):
        fresh = AnnotationTrack("phrase", (Annotation(start, 5.0, "B"),))
        new, stayed = merged(old, edits, fresh, Span(start, 20.0))
        assert edits.renewed(stayed, stayed).corrected(0, new.annotations[0]).end == pytest.approx(end)


@pytest.mark.parametrize("count", [9, 10, 11])
def test_bars_after_a_part_count_by_how_many_there_are_now(count: int) -> None:
    old = AnnotationTrack("downbeat", tuple(Annotation(2.0 * i, 0.0, i + 1) for i in range(30)))
    fresh = tuple(Annotation(20.0 + 20.0 * i / count, 0.0, i + 1) for i in range(count))
    new, _ = merged(old, Edits(), AnnotationTrack("downbeat", fresh), Span(20.0, 40.0))
    assert [a.value for a in new.annotations] == list(range(1, 21 + count))
