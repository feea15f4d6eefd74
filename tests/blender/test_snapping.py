# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Keys and strips onto the beats where they are seen, and the sound stays; a sound is added where there is room."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import markers, timeline  # noqa: E402
from blender_addon.core.annotations import Annotation, AnnotationTrack  # noqa: E402
from blender_addon.core.protocol import SoundFile  # noqa: E402
from blender_addon.rig.action import curves_in_use  # noqa: E402

BEATS = AnnotationTrack("beat", tuple(Annotation(0.5 * i, 0.0, i % 4 + 1) for i in range(20)))  # frames 1, 13, 25 ...
sounding = pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender module is built without sound")


@pytest.fixture
def scene(scene: Any) -> Any:
    markers.add_markers(scene, [BEATS], 0.0)
    return scene


@pytest.fixture
def sound(tmp_path: Path) -> str:
    with wave.open(str(tmp_path / "tune.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000 * 2))
    return str(tmp_path / "tune.wav")


def new_strip(scene: Any, begin: float) -> tuple[Any, Any]:
    """An object with an NLA strip of keys at its frames 0, 7 and 30; object and strip."""
    item = bpy.data.objects.new("keyed", None)
    scene.collection.objects.link(item)
    for frame in (0.0, 7.0, 30.0):
        item.location.x = frame
        item.keyframe_insert("location", index=0, frame=frame)
    action = item.animation_data.action
    item.animation_data.action = None
    strip = item.animation_data.nla_tracks.new().strips.new("wave", int(begin), action)
    bpy.context.view_layer.objects.active = item
    return item, strip


def all_strips(scene: Any) -> Any:
    editor = scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


@pytest.mark.parametrize(("scale", "wanted"), [(1.0, 9.0), (2.0, 4.5)])
def test_keys_of_an_edited_strip_go_to_the_beats_that_are_seen(scene: Any, scale: float, wanted: float) -> None:
    """The key of frame 7 is seen at 107, stretched at 114; the beat next to both is at 109."""
    item, strip = new_strip(scene, 100)
    strip.scale = scale
    data = item.animation_data
    data.nla_tracks.active, strip.select = data.nla_tracks[0], True
    data.use_tweak_mode = True
    curve = curves_in_use(data).fcurves[0]
    for key in curve.keyframe_points:
        key.select_control_point = key.co.x == 7.0
    assert bpy.ops.cadenza.snap_keys() == {"FINISHED"}
    (frame,) = [k.co.x for k in curve.keyframe_points if k.select_control_point]
    assert frame == pytest.approx(wanted, abs=1e-3)
    assert data.nla_tweak_strip_time_to_scene(frame) == pytest.approx(109.0, abs=1e-3)


@sounding
def test_the_sound_of_the_source_is_not_moved(scene: Any, sound: str) -> None:
    strips = all_strips(scene)
    tune, other = (strips.new_sound(n, sound, c, 4) for n, c in (("Tune", 1), ("Other", 2)))
    tune.select = other.select = True
    _, wave = new_strip(scene, 40)
    wave.select = True
    scene.cadenza.source, scene.cadenza.strip = "STRIP", "Tune"
    assert bpy.ops.cadenza.snap_strips() == {"FINISHED"}
    assert (tune.frame_final_start, other.frame_final_start, wave.frame_start) == (4, 1, 37)


@sounding
def test_a_sound_is_added_on_a_free_channel(scene: Any, sound: str) -> None:
    strips = all_strips(scene)
    strips.new_sound("Mine", sound, 1, 500)
    scene.sequence_editor.channels[2].mute = True
    strip = timeline.add_sound(scene, SoundFile(sound))
    assert strip.channel == 3
    assert not strip.select
