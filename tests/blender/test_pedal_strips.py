# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The piano's pedal on the timeline: strips, cut by a part that is made again, exact at any frame rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

import blender_addon  # noqa: E402
from blender_addon import markers  # noqa: E402
from blender_addon.core.annotations import Annotation, AnnotationTrack, find_track  # noqa: E402
from blender_addon.track_state import Span  # noqa: E402

PEDAL = AnnotationTrack("pedal", (Annotation(1.0, 2.0, 1.0), Annotation(3.1, 4.0, 0.7), Annotation(8.0, 1.0, 0.92)))


@pytest.fixture
def scene() -> Any:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types.Scene, "cadenza_timeline"):
        blender_addon.register()
    return bpy.context.scene


def strips(scene: Any) -> list[tuple[str, int, int]]:
    editor = scene.sequence_editor
    every = (editor.strips if hasattr(editor, "strips") else editor.sequences) if editor else ()
    return sorted(
        ((s.name, int(s.frame_final_start), int(s.frame_final_end)) for s in every if s.type == "COLOR"),
        key=lambda s: s[1],
    )


def test_the_pedal_is_strips_when_it_is_shown(scene: Any) -> None:
    scene.render.fps = 20
    markers.add_markers(scene, [PEDAL], 0.0)
    assert strips(scene) == []
    markers.show_track(scene, "pedal")
    start = scene.frame_start
    expected = [("Pedal 100 %", 20, 60), ("Pedal 70 %", 62, 142), ("Pedal 92 %", 160, 180)]
    assert strips(scene) == [(name, start + a, start + b) for name, a, b in expected]
    markers.show_track(scene, "pedal", False)
    assert strips(scene) == []
    assert markers.corrected_tracks(scene) == [PEDAL]


def test_a_part_made_again_cuts_the_pedal_that_goes_on(scene: Any) -> None:
    markers.add_markers(scene, [PEDAL], 0.0)
    new = AnnotationTrack("pedal", (Annotation(2.5, 1.5, 0.5),))
    markers.add_markers(scene, [new], 0.0, span=Span(2.0, 5.0))
    left = find_track(markers.corrected_tracks(scene), "pedal").annotations
    assert [(a.time, round(a.end, 6), a.value) for a in left] == [
        *((1.0, 2.0, 1.0), (2.5, 4.0, 0.5)),
        *((5.0, 7.1, 0.7), (8.0, 9.0, 0.92)),
    ]


def test_the_pedal_is_saved_with_the_file(scene: Any, tmp_path: Path) -> None:
    markers.add_markers(scene, [PEDAL], 0.0)
    markers.show_track(scene, "pedal")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    assert markers.corrected_tracks(bpy.context.scene) == [PEDAL]
    assert len(strips(bpy.context.scene)) == 3
