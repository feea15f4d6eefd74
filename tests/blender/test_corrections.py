# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Beats and bars by hand: the operators that the panel has, what a generation is told of them, curves and ranges."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import corrections, markers, music_curves, ranges  # noqa: E402
from blender_addon.core.annotations import Annotation, AnnotationTrack, find_track  # noqa: E402
from blender_addon.operators.annotate import Recognize  # noqa: E402

BEATS = AnnotationTrack("beat", tuple(Annotation(1.0 + 0.5 * i, 0.0, i % 4 + 1, 0.6) for i in range(16)))
BARS = AnnotationTrack("downbeat", tuple(Annotation(1.0 + 2.0 * i, 0.0, i + 1, 0.5) for i in range(4)))
LOUDNESS = AnnotationTrack("loudness", tuple(Annotation(1.0 + 0.05 * i, 0.0, -30.0 + i % 10) for i in range(100)))
DYNAMICS = AnnotationTrack(
    "dynamics", (Annotation(1.0, 4.0, "p"), Annotation(5.0, 3.0, "ff"), Annotation(4, 1, "cresc"))
)
PHRASES = AnnotationTrack("phrase", (Annotation(1.0, 4.0, "A"), Annotation(5.0, 4.0, "B")))


@pytest.fixture
def scene(scene: Any) -> Any:
    user = scene.timeline_markers.new("mine", frame=30)
    user.select = False
    return scene


def beats(scene: Any) -> list[tuple[float, int]]:
    return [(round(a.time, 3), a.value) for a in find_track(markers.corrected_tracks(scene), "beat").annotations]


def bars(scene: Any) -> list[float]:
    return [round(t, 3) for t in find_track(markers.corrected_tracks(scene), "downbeat").times]


def mine(scene: Any) -> list[tuple[str, int]]:
    return [(m.name, m.frame) for m in scene.timeline_markers if not m.cadenza.namespace]


def test_nothing_can_be_corrected_without_beats(scene: Any) -> None:
    for name in ("set_downbeats", "double_tempo", "halve_tempo", "snap_strips", "use_corrections"):
        assert not getattr(bpy.ops.cadenza, name).poll(), name


def test_recognising_asks_before_corrections_are_replaced(scene: Any) -> None:
    asked: list[dict[str, Any]] = []

    def confirm(operator: Any, event: Any, **words: Any) -> set[str]:
        asked.append(words)
        return {"RUNNING_MODAL"}

    def press() -> set[str]:
        """As the button does; a window would be needed for the real question."""
        manager = SimpleNamespace(invoke_confirm=confirm)
        button = SimpleNamespace(execute=lambda context: {"FINISHED"})
        return Recognize.invoke(button, SimpleNamespace(scene=scene, window_manager=manager), None)

    scene.cadenza.recognize = {"beat", "phrase"}
    markers.add_markers(scene, [BEATS, BARS, PHRASES], 0.0)
    assert press() == {"FINISHED"}
    next(m for m in scene.timeline_markers if m.cadenza.namespace == "beat").frame += 2
    assert press() == {"RUNNING_MODAL"}
    assert asked[0]["message"] == "You corrected beat; what is recognised takes the place of that"
    scene.cadenza.recognize = {"phrase"}
    assert press() == {"FINISHED"}


def test_beats_are_tapped_where_there_are_none(scene: Any) -> None:
    for frame in (25, 37, 49):
        scene.frame_set(frame)
        assert bpy.ops.cadenza.tap_beat() == {"FINISHED"}
    assert beats(scene) == [(1.0, 1), (1.5, 2), (2.0, 3)]  # second 0 is at the scene's first frame
    assert bars(scene) == [1.0]
    scene.frame_set(49)
    bpy.ops.cadenza.tap_beat(downbeat=True)
    assert bars(scene) == [1.0, 2.0]
    assert mine(scene) == [("mine", 30)]


def test_selected_beats_become_downbeats(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    for marker in scene.timeline_markers:
        marker.select = marker.cadenza.namespace == "beat" and marker.frame == 1 + 24 * 1.5
    assert bpy.ops.cadenza.set_downbeats() == {"FINISHED"}
    assert bars(scene) == [1.5, 3.5, 5.5, 7.5]
    assert [value for _, value in beats(scene)[:6]] == [4, 1, 2, 3, 4, 1]
    names = sorted(m.name for m in scene.timeline_markers if m.cadenza.namespace == "downbeat")
    assert names == ["Bar 1", "Bar 2", "Bar 3", "Bar 4"]


def test_two_downbeats_say_how_long_bars_are(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    for marker in scene.timeline_markers:
        marker.select = marker.frame in (1 + 24 * 2, 1 + 24 * 3.5)
    bpy.ops.cadenza.set_downbeats()
    assert bars(scene) == [2.0, 3.5, 5.0, 6.5, 8.0]


def test_nothing_selected_is_told(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    for marker in scene.timeline_markers:
        marker.select = False
    before = beats(scene)
    with pytest.raises(RuntimeError, match="no beat is selected"):
        bpy.ops.cadenza.set_downbeats()
    assert beats(scene) == before


def test_the_tempo_is_doubled_and_halved(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    bpy.ops.cadenza.double_tempo()
    assert len(beats(scene)) == 31
    assert beats(scene)[:3] == [(1.0, 1), (1.25, 2), (1.5, 3)]
    assert bars(scene) == [1.0, 3.0, 5.0, 7.0]
    bpy.ops.cadenza.halve_tempo()
    assert beats(scene) == [(round(a.time, 3), a.value) for a in BEATS.annotations]
    bpy.ops.cadenza.halve_tempo()
    assert [t for t, _ in beats(scene)] == [1.0 + i for i in range(8)]
    assert mine(scene) == [("mine", 30)]


def test_what_was_corrected_goes_into_the_next_generation(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS, PHRASES], 0.0)
    assert corrections.for_generation(scene) == []
    moved = next(m for m in scene.timeline_markers if m.cadenza.namespace == "beat" and m.frame == 1 + 24 * 2.5)
    moved.frame += 3
    told = corrections.for_generation(scene)
    assert {t.namespace for t in told} == {"beat", "downbeat"}
    assert 2.625 in [round(t, 4) for t in find_track(told, "beat").times]
    assert bpy.ops.cadenza.use_corrections() == {"FINISHED"}
    state = scene.cadenza
    assert (state.again_from, state.again_to) == (1 + 24 * 2, 1 + 24 * 3)
    bpy.ops.cadenza.double_tempo()
    assert corrections.touched(scene)
    asked = corrections.asked_for(scene)
    bpy.ops.cadenza.double_tempo()
    corrections.settle(scene, asked)
    assert corrections.touched(scene)  # since then more was corrected
    corrections.settle(scene, corrections.asked_for(scene))
    assert not corrections.touched(scene)
    assert corrections.for_generation(scene)  # still the animator's


def test_a_new_recognition_is_nobodys_correction(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    bpy.ops.cadenza.double_tempo()
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    corrections.recognised(scene, {"beat", "downbeat"})
    assert corrections.for_generation(scene) == []


def keyed(frames: list[float]) -> Any:
    item = bpy.data.objects.new("keyed", None)
    bpy.context.scene.collection.objects.link(item)
    for frame in frames:
        item.location.x = frame
        item.keyframe_insert("location", index=0, frame=frame)
    bpy.context.view_layer.objects.active = item
    return item


def curve_of(item: Any) -> Any:
    from blender_addon.rig.action import curves_in_use

    return curves_in_use(item.animation_data).fcurves[0]


def test_selected_keys_snap_to_beats_and_others_stay(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    item = keyed([23.0, 40.0, 48.0, 51.0, 70.0])
    for key, selected in zip(curve_of(item).keyframe_points, (True, True, False, True, False), strict=True):
        key.select_control_point = selected
    assert bpy.ops.cadenza.snap_keys() == {"FINISHED"}
    # 25, 37, 49 are beats; 48 is not selected and stays, 51 goes to 49.
    assert [round(k.co.x, 3) for k in curve_of(item).keyframe_points] == [25.0, 37.0, 48.0, 49.0, 70.0]
    assert [round(k.co.y, 3) for k in curve_of(item).keyframe_points] == [23.0, 40.0, 48.0, 51.0, 70.0]


def test_two_keys_never_fall_together(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    item = keyed([24.0, 26.0, 27.0])
    for key in curve_of(item).keyframe_points:
        key.select_control_point = True
    bpy.ops.cadenza.snap_keys()
    assert len({round(k.co.x, 3) for k in curve_of(item).keyframe_points}) == 3


def test_selected_strips_begin_on_beats(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], 0.0)
    item = keyed([1.0, 30.0])
    action = item.animation_data.action
    item.animation_data.action = None
    strip = item.animation_data.nla_tracks.new().strips.new("take", 28, action)
    strip.select = True
    length = strip.frame_end - strip.frame_start
    assert bpy.ops.cadenza.snap_strips() == {"FINISHED"}
    assert strip.frame_start == pytest.approx(25.0)
    assert strip.frame_end - strip.frame_start == pytest.approx(length)


def test_loudness_and_dynamics_are_curves_that_drivers_read(scene: Any) -> None:
    markers.add_markers(scene, [LOUDNESS, DYNAMICS], 0.0)
    scene.frame_set(25)
    assert scene.cadenza_music.loudness == pytest.approx(-30.0)
    assert scene.cadenza_music.dynamics == music_curves.LEVELS.index("p")
    scene.frame_set(1 + 24 * 6)
    assert scene.cadenza_music.dynamics == music_curves.LEVELS.index("ff")
    item = bpy.data.objects.new("driven", None)
    scene.collection.objects.link(item)
    driver = item.driver_add("location", 2).driver
    variable = driver.variables.new()
    variable.type, variable.name = "SINGLE_PROP", "loud"
    variable.targets[0].id_type, variable.targets[0].id = "SCENE", scene
    variable.targets[0].data_path = "cadenza_music.loudness"
    driver.expression = "loud"
    scene.frame_set(25)
    bpy.context.view_layer.update()
    assert item.evaluated_get(bpy.context.evaluated_depsgraph_get()).location.z == pytest.approx(-30.0, abs=0.01)


def test_an_edited_curve_is_a_correction_and_outlives_a_frame_rate(scene: Any) -> None:
    markers.add_markers(scene, [LOUDNESS, DYNAMICS], 0.0)
    curve = music_curves.curve_of(scene, "dynamics")
    curve.keyframe_points[0].co.y = music_curves.LEVELS.index("mf")
    curve.update()
    values = [a.value for a in find_track(markers.corrected_tracks(scene), "dynamics").annotations]
    assert values == ["mf", "cresc", "ff"]
    scene.render.fps = 48
    markers.refresh_markers(scene)
    curve = music_curves.curve_of(scene, "dynamics")
    np.testing.assert_allclose([k.co.x for k in curve.keyframe_points], [49.0, 241.0])
    values = [a.value for a in find_track(markers.corrected_tracks(scene), "dynamics").annotations]
    assert values == ["mf", "cresc", "ff"]


def test_curves_leave_the_scene_s_own_keys_alone(scene: Any) -> None:
    scene.audio_volume = 0.5
    scene.keyframe_insert("audio_volume", frame=1)
    action = scene.animation_data.action
    markers.add_markers(scene, [LOUDNESS], 0.0)
    assert scene.animation_data.action == action
    assert music_curves.curve_of(scene, "loudness") is not None
    markers.delete_track(scene, "loudness")
    assert music_curves.curve_of(scene, "loudness") is None
    assert music_curves.curves_in_use(scene.animation_data).fcurves.find("audio_volume") is not None


def test_phrases_are_ranges_on_a_channel_of_their_own(scene: Any) -> None:
    markers.add_markers(scene, [PHRASES, BEATS], 0.0, {"phrase", "beat"})
    strips = [s for s in ranges.all_strips(scene) if s.get(ranges.OWN) == "phrase"]
    assert [(s.name, s.mute) for s in strips] == [("Phrase A", True), ("Phrase B", True)]
    assert [s.color_tag for s in strips] == ["COLOR_04", "COLOR_04"]
    at = strips[0].channel
    assert scene.sequence_editor.channels[at].name == "Cadenza phrase"
    markers.show_track(scene, "phrase", False)
    assert scene.sequence_editor.channels[at].name == f"Channel {at}"
    assert not [s for s in ranges.all_strips(scene) if s.get(ranges.OWN)]
    markers.show_track(scene, "phrase")
    markers.delete_track(scene, "phrase")
    assert not [s for s in ranges.all_strips(scene) if s.get(ranges.OWN)]
