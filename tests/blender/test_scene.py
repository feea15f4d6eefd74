# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A motion in Blender: baked exactly, on time, with markers of ours alone, saved and reopened."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import headless, markers, preview, takes, timeline  # noqa: E402
from blender_addon.core import rotations as rot  # noqa: E402
from blender_addon.core.annotations import Annotation, AnnotationTrack, to_json  # noqa: E402
from blender_addon.core.motion import Motion  # noqa: E402
from blender_addon.core.protocol import BakeJob, SoundFile  # noqa: E402
from blender_addon.core.violinist import violinist_skeleton  # noqa: E402

START = 2.5


def wild_motion(frames: int = 12, fps: float = 30.0) -> Motion:
    """Every joint turns, the root walks, the props leave the hands."""
    rng = np.random.default_rng(5)
    skeleton = violinist_skeleton()
    turns = rot.from_rotation_vector(rng.normal(0, 0.3, size=(frames, len(skeleton), 3)))
    positions = np.repeat(skeleton.rest_positions[None], frames, axis=0)
    positions[:, [0, *skeleton.held]] += rng.normal(0, 0.2, size=(frames, 1 + len(skeleton.held), 3))
    positions, _ = skeleton.forward_kinematics(turns, positions)
    return Motion(skeleton, fps, positions, turns, start=START, provenance={"generator": "wild", "seed": 5})


TRACKS = [
    AnnotationTrack("beat", tuple(Annotation(START + 0.11 * i, 0.0, i % 3 + 1) for i in range(4))),
    AnnotationTrack("downbeat", (Annotation(START, 0.0, 7), Annotation(START + 0.33, 0.0, 8))),
]


@pytest.fixture
def scene():
    return headless.build_scene(wild_motion(), 30.0)


@pytest.mark.parametrize("frame", [0, 5, 11])
def test_bones_are_where_the_motion_says(scene, frame: int) -> None:
    motion = wild_motion()
    scene.frame_set(scene.frame_start + frame)
    armature = next(o for o in bpy.data.objects if o.type == "ARMATURE")
    for bone in armature.pose.bones:
        head = armature.matrix_world @ bone.head
        expected = motion.positions[frame, motion.skeleton.index(bone.name)]
        assert np.allclose(head, expected, atol=2e-5), bone.name


def test_strings_and_hair_follow_the_props(scene) -> None:
    """The violin and bow objects stand as the motion's points of violin and bow do."""
    motion = wild_motion()
    scene.frame_set(scene.frame_start + 7)
    graph = bpy.context.evaluated_depsgraph_get()
    for bone, joint in (("violin_end", "violin_scroll"), ("bow_frog", "bow_tip")):
        item = next(o for o in bpy.data.objects if o.parent_bone == bone)
        offset = motion.skeleton.offsets[motion.skeleton.index(joint)]
        placed = np.array(item.evaluated_get(graph).matrix_world) @ np.array([*offset, 1.0])
        assert np.allclose(placed[:3], motion.positions[7, motion.skeleton.index(joint)], atol=5e-5), joint


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0, 60.0, 23.976])
def test_seconds_become_frames_at_any_rate(fps: float) -> None:
    scene = bpy.context.scene
    timeline.set_frame_rate(scene, fps)
    rate = scene.render.fps / scene.render.fps_base
    assert rate == pytest.approx(fps, rel=1e-6)
    assert timeline.frame_at(scene, START + 10.0, START) == pytest.approx(scene.frame_start + 10.0 * fps, rel=1e-6)


def test_markers_carry_exact_times_and_leave_others_alone(scene) -> None:
    mine = scene.timeline_markers.new("my cue", frame=3)
    assert markers.add_markers(scene, TRACKS, START) == 4
    markers.add_markers(scene, TRACKS, START)
    ours = [m for m in scene.timeline_markers if m.cadenza.namespace]
    assert len(ours) == 4
    assert len(scene.timeline_markers) == 5
    assert mine.frame == 3
    bars = sorted((m.frame, m.name) for m in ours if m.cadenza.namespace == "downbeat")
    assert bars == [(1, "Bar 7"), (11, "Bar 8")]
    second = next(m for m in ours if m.cadenza.value == "2" and m.frame < 8)
    assert second.cadenza.time == pytest.approx(START + 0.11, abs=1e-6)


def _tone(path: Path, seconds: float = 4.0) -> Path:
    _write(path, (8000 * np.sin(np.arange(int(seconds * 8000)) * 0.3)).astype("<i2"), 8000)
    return path


def _write(path: Path, samples: np.ndarray, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def _job(folder: Path, **changes) -> BakeJob:
    (folder / "motion.npz").write_bytes(wild_motion().to_bytes())
    (folder / "annotations.json").write_text(to_json(TRACKS))
    sound = SoundFile(str(_tone(folder / "tone.wav")), START)
    fields = {"output": str(folder / "take.blend"), "fps": 30.0, "sound": sound, **changes}
    return BakeJob(motion=str(folder / "motion.npz"), annotations=str(folder / "annotations.json"), **fields)


def test_a_job_survives_saving_and_reopening(tmp_path: Path) -> None:
    headless.apply(_job(tmp_path), lambda fraction, message: None)
    assert [p.name for p in tmp_path.glob(".*")] == []
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "take.blend"))
    scene = bpy.context.scene
    assert (scene.frame_start, scene.frame_end) == (1, 12)
    assert sum(bool(m.cadenza.namespace) for m in scene.timeline_markers) == 4
    armature = next(o for o in bpy.data.objects if o.type == "ARMATURE")
    (take,) = takes.takes_of(armature)
    assert (take.name, take.seed, takes.provenance(take)["generator"]) == ("Take 1", 5, "wild")
    assert takes.shown(take)
    scene.frame_set(6)
    expected = wild_motion().positions[5, wild_motion().skeleton.index("right_hand")]
    assert np.allclose(armature.pose.bones["right_hand"].head, expected, atol=2e-5)


@pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender module is built without sound")
@pytest.mark.parametrize("start", [0.0, 1.0, 1.517])
def test_the_sound_starts_with_the_motion(tmp_path: Path, start: float) -> None:
    """What the scene plays at its first frame is the recording's second ``start``, to the millisecond."""
    click = 1.9
    samples = np.zeros(4 * 48000, dtype="<i2")
    samples[int(click * 48000) : int((click + 0.01) * 48000)] = 20000
    _write(tmp_path / "click.wav", samples, 48000)
    scene = headless.build_scene(wild_motion(60, 24.0), 24.0)
    timeline.add_sound(scene, SoundFile(str(tmp_path / "click.wav"), start))
    bpy.ops.sound.mixdown(filepath=str(tmp_path / "mix.wav"), container="WAV", codec="PCM", format="S16")
    with wave.open(str(tmp_path / "mix.wav"), "rb") as file:
        heard = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels())[:, 0]
        first = np.argmax(np.abs(heard) > 5000) / file.getframerate()
    assert first == pytest.approx(click - start, abs=0.001)


@pytest.mark.skipif(bpy.app.version < (4, 4), reason="4.2 has no sound; its film is not part of the promise")
def test_a_preview_film_is_written(tmp_path: Path) -> None:
    try:
        preview.check_rendering()
    except preview.RenderError as error:
        pytest.skip(str(error))
    seen: list[float] = []
    job = _job(tmp_path, preview=str(tmp_path / "film.mp4"), width=160, height=90)
    headless.apply(job, lambda fraction, message: seen.append(fraction))
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"
    assert seen == sorted(seen)
    assert len(seen) >= 12


def test_without_egl_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview.ctypes.util, "find_library", lambda name: None)
    monkeypatch.setattr(preview.sys, "platform", "linux")
    with pytest.raises(preview.RenderError, match="libegl1"):
        preview.check_rendering()
