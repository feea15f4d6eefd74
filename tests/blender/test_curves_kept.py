# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What an animator did to curves and strips of ours outlives new runs and edits of the beats."""

from __future__ import annotations

from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import corrections, markers, music_curves, ranges  # noqa: E402
from blender_addon.core.annotations import Annotation, AnnotationTrack, find_track  # noqa: E402

LOUDNESS = AnnotationTrack("loudness", tuple(Annotation(0.1 * i, 0.0, -20.0 - i) for i in range(10)))
DYNAMICS = AnnotationTrack("dynamics", (Annotation(1.0, 4.0, "p"), Annotation(5.0, 3.0, "ff")))


def keys(scene: Any, namespace: str) -> list[tuple[float, float]]:
    curve = music_curves.curve_of(scene, namespace)
    return [(round(k.co.x, 2), round(k.co.y, 2)) for k in curve.keyframe_points]


@pytest.mark.parametrize("how", ["value", "time", "added", "deleted", "smoothed", "modifier"])
@pytest.mark.parametrize("track", [DYNAMICS, LOUDNESS], ids=lambda t: t.namespace)
def test_a_curve_that_was_edited_stays(scene: Any, track: AnnotationTrack, how: str) -> None:
    markers.add_markers(scene, [track], 0.0)
    assert corrections.edited_curves(scene) == []
    curve = music_curves.curve_of(scene, track.namespace)
    points = curve.keyframe_points
    if how == "value":
        points[0].co.y += 1.0
    elif how == "time":
        points[0].co.x -= 1.0
    elif how == "added":
        points.insert(70.0, 1.0)
    elif how == "deleted":
        points.remove(points[1])
    elif how == "smoothed":
        points[0].interpolation = "BEZIER"
    else:
        curve.modifiers.new("NOISE")
    curve.update()
    before = keys(scene, track.namespace)
    assert corrections.edited_curves(scene) == [track.namespace]
    markers.add_markers(scene, [track], 0.0)
    assert keys(scene, track.namespace) == before
    assert [t.namespace for t in corrections.for_generation(scene)] == (["dynamics"] if track is DYNAMICS else [])
    markers.delete_track(scene, track.namespace)
    markers.add_markers(scene, [track], 0.0)
    assert corrections.edited_curves(scene) == []


def test_curves_are_nobodys_at_any_frame_rate(scene: Any) -> None:
    markers.add_markers(scene, [DYNAMICS, LOUDNESS], 0.0)
    for fps in (60, 25, 24):
        scene.render.fps = fps
        assert corrections.edited_curves(scene) == []
        markers.refresh_markers(scene)
        assert corrections.edited_curves(scene) == []


def test_keys_added_to_the_dynamics_are_marks(scene: Any) -> None:
    markers.add_markers(scene, [DYNAMICS], 0.0)
    points = music_curves.curve_of(scene, "dynamics").keyframe_points
    for frame, level in ((49.0, "f"), (97.0, "pp"), (241.0, "mp")):
        points.insert(frame, music_curves.LEVELS.index(level))
    found = find_track(markers.corrected_tracks(scene), "dynamics").annotations
    assert [(a.time, a.end, a.value) for a in found] == [
        *((1.0, 2.0, "p"), (2.0, 4.0, "f"), (4.0, 5.0, "pp"), (5.0, 8.0, "ff"), (10.0, 10.0, "mp")),
    ]


PHRASES = AnnotationTrack("phrase", (Annotation(0.0, 4.0, "A"), Annotation(4.0, 3.0, "B"), Annotation(7.0, 1.0, "B")))


def strips(scene: Any) -> dict[str, tuple[int, int]]:
    return {s.name: (s.frame_final_start, s.frame_final_end) for s in ranges.all_strips(scene)}


def with_phrases(scene: Any) -> dict[str, Any]:
    markers.add_markers(scene, [PHRASES], 0.0, {"phrase"})
    return {s.name: s for s in ranges.all_strips(scene)}


def test_changed_strips_stay_as_they_are(scene: Any) -> None:
    theme = with_phrases(scene)["Phrase A"]
    theme.name, theme.frame_final_end = "Theme, wide shot", 81
    theme.color = (1.0, 0.0, 0.0)
    before = strips(scene)
    assert sorted(before.values()) == [(1, 81), (97, 169), (169, 193)]
    assert corrections.for_generation(scene)[0].annotations[0].end == pytest.approx(80 / 24)
    markers.show_track(scene, "phrase", False)
    assert not strips(scene)
    markers.show_track(scene, "phrase")
    assert strips(scene) == before
    scene.render.fps = 48
    markers.refresh_markers(scene)
    assert strips(scene)["Theme, wide shot"] == (1, 161)
    scene.render.fps = 24
    markers.refresh_markers(scene)
    assert strips(scene) == before


def test_strips_that_nobody_changed_are_nobodys_correction(scene: Any) -> None:
    with_phrases(scene)["Phrase A"].color = (1.0, 0.0, 0.0)
    for fps in (60, 25, 24):
        scene.render.fps = fps
        markers.refresh_markers(scene)
        assert corrections.for_generation(scene) == []
    assert sorted(strips(scene)) == ["Phrase A", "Phrase B", "Phrase B.001"]


def test_strips_keep_their_looks_while_nothing_else_moves_them(scene: Any) -> None:
    with_phrases(scene)["Phrase A"].color = (1.0, 0.0, 0.0)
    markers.show_as_told(scene, scene.cadenza_timeline.tracks[0])
    assert tuple(next(s for s in ranges.all_strips(scene) if s.name == "Phrase A").color) == (1.0, 0.0, 0.0)


def test_names_of_strips_outlive_a_new_run_and_lost_strips_are_the_animators(scene: Any) -> None:
    found = with_phrases(scene)
    found["Phrase A"].name = "Theme"
    found["Phrase B"].name, found["Phrase B"].frame_final_start = "Bridge", 121
    again = AnnotationTrack("phrase", (Annotation(0.02, 5.0, "A"), Annotation(6.0, 2.0, "C")))
    markers.add_markers(scene, [again], 0.0, {"phrase"})
    assert strips(scene) == {"Theme": (1, 121), "Phrase C": (145, 193), "Bridge": (121, 169)}
    markers.delete_track(scene, "phrase")
    assert list(strips(scene)) == ["Bridge"]


def test_a_take_of_edited_strips_leaves_them_where_they_are(scene: Any) -> None:
    with_phrases(scene)["Phrase B"].frame_final_start = 121
    before = strips(scene)
    sent = corrections.for_generation(scene)
    assert [a.time for a in sent[0].annotations] == pytest.approx([0.0, 5.0, 7.0])
    markers.add_markers(scene, sent, 0.0)
    assert strips(scene) == before


def test_strips_of_earlier_files_are_put_anew_and_copies_are_the_animators(scene: Any) -> None:
    found = with_phrases(scene)
    del found["Phrase A"][ranges.MADE]
    editor = scene.sequence_editor
    every = editor.strips if hasattr(editor, "strips") else editor.sequences
    copy = ranges._new_strip(every, "Mine", 20, 300, 400)
    copy[ranges.OWN], copy[ranges.MADE] = "phrase", found["Phrase B"][ranges.MADE]
    markers.show_as_told(scene, scene.cadenza_timeline.tracks[0])
    assert sorted(strips(scene)) == ["Mine", "Phrase A", "Phrase B", "Phrase B.001"]
    markers.delete_track(scene, "phrase")
    assert list(strips(scene)) == ["Mine"]


def test_channels_that_an_animator_named_are_left_alone(scene: Any) -> None:
    channels = scene.sequence_editor_create().channels
    channels[3].name = "SFX (mine)"
    assert {s.channel for s in with_phrases(scene).values()} == {4}
    assert (channels[3].name, channels[4].name) == ("SFX (mine)", "Cadenza phrase")
    channels[4].name = "Phrases (mine)"
    markers.add_markers(scene, [AnnotationTrack("phrase", (Annotation(0.0, 2.0, "C"),))], 0.0)
    assert {s.channel for s in ranges.all_strips(scene)} == {5}
    markers.delete_track(scene, "phrase")
    assert [channels[i].name for i in (3, 4, 5)] == ["SFX (mine)", "Phrases (mine)", "Channel 5"]
