# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Markers of ours: exact at any frame rate, hidden and shown as they were; the user's are never touched."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

import blender_addon  # noqa: E402
from blender_addon import frame_rate, markers  # noqa: E402
from blender_addon.core.annotations import Annotation, AnnotationTrack  # noqa: E402

ORIGIN = 0.1234567891234
BEATS = AnnotationTrack("beat", tuple(Annotation(ORIGIN + 0.503 * i, 0.0, i % 4 + 1, 0.75) for i in range(16)))
BARS = AnnotationTrack("downbeat", tuple(Annotation(ORIGIN + 4 * 0.503 * i, 0.0, i + 1) for i in range(4)))
PHRASES = AnnotationTrack("phrase", (Annotation(ORIGIN, 4.0, "A"), Annotation(ORIGIN + 4.0, 3.0)))


@pytest.fixture
def scene() -> Any:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types.Scene, "cadenza_timeline"):
        blender_addon.register()
    bpy.context.scene.frame_start = 101
    user = bpy.context.scene.timeline_markers.new("2", frame=101)  # named and placed as one of ours would be
    user.select = False
    return bpy.context.scene


def rate(scene: Any, fps: int, base: float) -> None:
    scene.render.fps, scene.render.fps_base = fps, base


def ours(scene: Any, namespace: str = "beat") -> list[Any]:
    return sorted((m for m in scene.timeline_markers if m.cadenza.namespace == namespace), key=lambda m: m.frame)


def picture(scene: Any) -> list[Any]:
    return sorted(
        (m.frame, m.name, m.select, m.camera and m.camera.name, m.cadenza.namespace, m.cadenza.index)
        for m in scene.timeline_markers
    )


def test_beats_and_downbeats_are_shown_and_others_kept(scene: Any) -> None:
    assert markers.add_markers(scene, [BEATS, BARS, PHRASES], ORIGIN) == 16
    assert [m.name for m in ours(scene, "downbeat")] == ["Bar 1", "Bar 2", "Bar 3", "Bar 4"]
    assert {m.name for m in ours(scene)} == {"2", "3", "4"}  # the first of each bar is the bar's marker
    assert not ours(scene, "phrase")
    assert markers.tracks_of(scene) == [BEATS, BARS, PHRASES]
    markers.show_track(scene, "phrase")
    assert [m.name for m in ours(scene, "phrase")] == ["A", "Phrase"]
    assert ours(scene)[0].cadenza.confidence == 0.75


def test_downbeats_hidden_leave_their_beats(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], ORIGIN)
    scene.cadenza_timeline.tracks[1].shown = False  # as the panel's check box does
    assert (len(ours(scene)), len(ours(scene, "downbeat"))) == (16, 0)
    markers.show_track(scene, "downbeat")
    assert (len(ours(scene)), len(ours(scene, "downbeat"))) == (12, 4)
    markers.delete_track(scene, "downbeat")
    assert len(ours(scene)) == 16
    assert markers.tracks_of(scene) == [BEATS]


@pytest.mark.parametrize(
    ("fps", "base", "exact"),
    [
        (24, 1.0, Fraction(24)),
        (24, 1.001, Fraction(24000, 1001)),
        (25, 1.0, Fraction(25)),
        (30, 1.001, Fraction(30000, 1001)),
        (60, 1.001, Fraction(60000, 1001)),
        (120, 1.0, Fraction(120)),
        (30, 2.0, Fraction(15)),
        (1, 1 / 12.5, Fraction(25, 2)),
    ],
)
def test_frames_are_exact_for_two_hours(scene: Any, fps: int, base: float, exact: Fraction) -> None:
    rate(scene, fps, base)
    times = [Fraction(7 * i, 10) + Fraction(1, 7919) for i in range(0, 10000, 97)] + [Fraction(7200)]
    track = AnnotationTrack("beat", tuple(Annotation(float(t)) for t in times))
    markers.add_markers(scene, [track], 0.0)
    wanted = [101 + t * exact for t in times]
    for marker, frame in zip(ours(scene), wanted, strict=True):
        assert abs(marker.frame - frame) <= Fraction(1, 2) + Fraction(1, 10)


def test_markers_follow_the_frame_rate_and_come_back(scene: Any) -> None:
    rate(scene, 24, 1.0)
    markers.add_markers(scene, [BEATS, BARS], ORIGIN)
    before = picture(scene)
    scene.frame_start = 1  # the range that is rendered; the sound stays where it is
    rate(scene, 60, 1.001)
    markers.refresh_markers(scene)
    refreshed = picture(scene)
    frame_rate.changed()  # what the window does after every change
    assert picture(scene) == refreshed
    bars = [101 + round(b.time * 60 / 1.001 - ORIGIN * 60 / 1.001) for b in BARS.annotations]
    assert [m.frame for m in ours(scene, "downbeat")] == bars
    assert [(m.frame, m.name) for m in scene.timeline_markers if not m.cadenza.namespace] == [(101, "2")]
    rate(scene, 24, 1.0)
    markers.refresh_markers(scene)
    assert picture(scene) == before


def by_hand(scene: Any) -> dict[str, Any]:
    """What an animator does to markers of ours."""
    camera = bpy.data.objects.new("close", bpy.data.cameras.new("close"))
    beats = ours(scene)
    beats[1].frame += 5
    beats[3].name = "breath"
    beats[4].camera = camera
    for marker in scene.timeline_markers:
        marker.select = marker == beats[5]
    scene.timeline_markers.remove(beats[6])
    return {"picture": picture(scene), "camera": camera}


def test_hidden_markers_are_shown_again_exactly(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], ORIGIN)
    done = by_hand(scene)
    markers.show_track(scene, "beat", False)
    assert not ours(scene)
    assert len(markers.moved_markers(scene)) == 1
    done["camera"].name = "closer"
    markers.show_track(scene, "beat")
    assert picture(scene) == [(f, n, s, c and "closer", k, i) for f, n, s, c, k, i in done["picture"]]


def test_what_was_done_by_hand_survives_saving_and_other_rates(scene: Any, tmp_path: Path) -> None:
    rate(scene, 24, 1.0)
    markers.add_markers(scene, [BEATS, BARS], ORIGIN)
    before = by_hand(scene)["picture"]
    markers.show_track(scene, "beat", False)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    scene = bpy.context.scene
    rate(scene, 30, 1.001)
    markers.show_track(scene, "beat")
    (moved,) = markers.moved_markers(scene)
    assert moved.time == pytest.approx(moved.annotation.time + 5 / 24)
    assert ours(scene)[1].frame == round(101 + (moved.time - ORIGIN) * 30 / 1.001)
    rate(scene, 24, 1.0)
    markers.refresh_markers(scene)
    assert picture(scene) == before
    assert markers.tracks_of(scene) == [BEATS, BARS]


def test_a_new_run_updates_in_place(scene: Any) -> None:
    markers.add_markers(scene, [BEATS, BARS], ORIGIN)
    done = by_hand(scene)
    shifted = tuple(Annotation(a.time + 0.02, 0.0, a.value) for a in BEATS.annotations[1:])
    again = AnnotationTrack("beat", (*shifted, Annotation(20.0, 0.0, 1)))
    addresses = {m.cadenza.index: m.as_pointer() for m in ours(scene)}
    markers.add_markers(scene, [again], ORIGIN)
    kept = [m for m in ours(scene) if m.cadenza.index + 1 in addresses]
    assert len(kept) == 11
    assert all(m.as_pointer() == addresses[m.cadenza.index + 1] for m in kept)
    assert [m.camera for m in ours(scene) if m.camera] == [done["camera"]]
    assert [m.name for m in ours(scene)].count("breath") == 1
    assert not markers.moved_markers(scene)  # the explicit run puts the moved one where it belongs,
    assert 8 in {m.cadenza.index for m in ours(scene)}  # and brings the deleted one back
    assert sum(m.select for m in ours(scene)) >= 1
    assert [(m.frame, m.name) for m in scene.timeline_markers if not m.cadenza.namespace] == [(101, "2")]


def test_a_copy_that_the_user_made_is_theirs(scene: Any) -> None:
    markers.add_markers(scene, [BEATS], ORIGIN)
    first = ours(scene)[2]
    copy = scene.timeline_markers.new(first.name, frame=first.frame + 3)
    for name in ("namespace", "index", "frame", "time"):
        setattr(copy.cadenza, name, getattr(first.cadenza, name))
    markers.show_track(scene, "beat", False)
    markers.show_track(scene, "beat")
    assert len(ours(scene)) == 16
    assert copy.cadenza.namespace == ""
    markers.remove_markers(scene)
    assert [(m.frame, m.name) for m in scene.timeline_markers] == [(101, "2"), (copy.frame, copy.name)]
    assert not markers.tracks_of(scene)


def test_chosen_namespaces_are_shown(scene: Any) -> None:
    dynamics = AnnotationTrack("dynamics", (Annotation(1.0, 2.0, "mf"), Annotation(3.0, 1.0, {"label": "f"})))
    assert markers.add_markers(scene, [dynamics, PHRASES], 0.0, shown={"dynamics"}) == 2
    assert [m.name for m in ours(scene, "dynamics")] == ["mf", "f"]
    assert [t.shown for t in scene.cadenza_timeline.tracks] == [True, False]
    assert [t.count for t in scene.cadenza_timeline.tracks] == [2, 2]


def test_a_curve_is_kept_but_has_no_markers(scene: Any) -> None:
    loudness = AnnotationTrack("loudness", tuple(Annotation(0.1 * i, 0.0, -20.0 - i) for i in range(50)))
    assert markers.add_markers(scene, [loudness, BARS], 0.0, shown={"loudness", "downbeat"}) == 4
    assert not ours(scene, "loudness")
    assert markers.tracks_of(scene) == [loudness, BARS]
