# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The source as a file and its place: what the scene plays is where the source says it is."""

from __future__ import annotations

import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import blender_addon  # noqa: E402
from blender_addon.audio_source import Source, SourceError, check_strip, source_of  # noqa: E402
from blender_addon.timeline import frame_at, set_frame_rate  # noqa: E402

RATE = 48000
CLICK, LENGTH = 1.9, 4.0
sounding = pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender module is built without sound")


@pytest.fixture
def scene() -> Any:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types.Scene, "cadenza"):
        blender_addon.register()
    return bpy.context.scene


@pytest.fixture
def click(tmp_path: Path) -> Path:
    """Four seconds of silence with one click."""
    samples = np.zeros(int(LENGTH * RATE), dtype="<i2")
    samples[int(CLICK * RATE) : int((CLICK + 0.01) * RATE)] = 20000
    with wave.open(str(tmp_path / "click.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return tmp_path / "click.wav"


def add_strip(scene: Any, path: Path, frame: int = 1) -> Any:
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strip = strips.new_sound("Tune", str(path), channel=1, frame_start=frame)
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    scene.cadenza.source, scene.cadenza.strip = "STRIP", strip.name
    return strip


def heard(scene: Any, folder: Path) -> float:
    """Scene frame of the click in what Blender plays."""
    bpy.ops.sound.mixdown(filepath=str(folder / "mix.wav"), container="WAV", codec="PCM", format="S16")
    with wave.open(str(folder / "mix.wav"), "rb") as file:
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels())[:, 0]
        return float(frame_at(scene, float(np.argmax(np.abs(data) > 5000)) / file.getframerate()))


@sounding
@pytest.mark.parametrize("fps", [24.0, 29.97])
@pytest.mark.parametrize(("frame", "trim", "offset"), [(1, 0, 0.0), (11, 0, 0.0), (-20, 30, 0.0), (5, 7, 0.13)])
def test_a_strip_is_where_it_sounds(
    scene: Any, click: Path, tmp_path: Path, fps: float, frame: int, trim: int, offset: float
) -> None:
    set_frame_rate(scene, fps)
    scene.frame_end = 200
    strip = add_strip(scene, click, frame)
    strip.frame_offset_start = trim
    if offset and hasattr(strip, "sound_offset"):
        strip.sound_offset = offset
    source = source_of(scene)
    assert source.sound == click
    assert frame_at(scene, CLICK, source.origin(scene)) == pytest.approx(heard(scene, tmp_path), abs=0.06)
    shown = [frame_at(scene, t, source.origin(scene)) for t in (source.start, source.end)]
    assert shown[0] == pytest.approx(max(strip.frame_final_start, shown[0] if source.start == 0 else -1e9), abs=1e-3)
    assert shown[1] == pytest.approx(strip.frame_final_end, abs=1e-3)


@sounding
def test_a_strip_stays_in_place_at_another_frame_rate(scene: Any, click: Path, tmp_path: Path) -> None:
    scene.frame_end = 300
    add_strip(scene, click, 12)
    source = source_of(scene)
    set_frame_rate(scene, 59.94)
    assert frame_at(scene, CLICK, source.origin(scene)) == pytest.approx(heard(scene, tmp_path), abs=0.1)


@sounding
def test_strips_that_cannot_be_played(scene: Any, click: Path) -> None:
    strip = add_strip(scene, click)
    strip.mute = True
    with pytest.raises(SourceError, match="muted"):
        source_of(scene)
    strip.mute = False
    scene.sequence_editor.channels[1].mute = True
    with pytest.raises(SourceError, match="muted"):
        source_of(scene)
    scene.sequence_editor.channels[1].mute = False
    scene.cadenza.strip = "Other"
    with pytest.raises(SourceError, match="no sound strip 'Other'"):
        source_of(scene)
    scene.cadenza.strip = strip.name
    click.unlink()
    with pytest.raises(SourceError, match="Find Missing Files"):
        source_of(scene)


def test_a_retimed_strip_says_what_to_do() -> None:
    """A stand-in: adding retiming keys crashes Blender's module, which has no sequencer on a screen."""
    strip = SimpleNamespace(name="Tune", mute=False, retiming_keys=["first", "last"])
    with pytest.raises(SourceError, match="another speed"):
        check_strip(strip, channel_muted=False)


@sounding
def test_a_packed_sound_is_written_out(scene: Any, click: Path) -> None:
    strip = add_strip(scene, click)
    strip.sound.pack()
    data = click.read_bytes()
    click.unlink()
    path = source_of(scene).sound
    assert path is not None
    assert path.read_bytes() == data
    assert path.suffix == ".wav"


@sounding
def test_a_speaker(scene: Any, click: Path) -> None:
    speaker = bpy.data.speakers.new("Speaker")
    item = bpy.data.objects.new("Speaker", speaker)
    scene.collection.objects.link(item)
    scene.cadenza.source, scene.cadenza.speaker = "SPEAKER", item
    with pytest.raises(SourceError, match="has no sound"):
        source_of(scene)
    speaker.sound = bpy.data.sounds.load(str(click))
    assert source_of(scene).sound == click
    speaker.pitch = 2.0
    with pytest.raises(SourceError, match="pitch"):
        source_of(scene)
    speaker.muted = True
    with pytest.raises(SourceError, match="muted"):
        source_of(scene)


def test_files_and_ranges(scene: Any, click: Path) -> None:
    state = scene.cadenza
    state.source, state.sound_file = "FILE", str(click)
    scene.frame_start, scene.frame_end = 11, 34
    whole = source_of(scene)
    assert (whole.start, whole.end, whole.origin(scene)) == (None, None, 0.0)
    state.range = "SCENE"
    assert (source_of(scene).start, source_of(scene).end) == (0.0, 1.0)
    state.range, state.start, state.end = "SECONDS", 1.5, 3.0
    assert (source_of(scene).start, source_of(scene).end) == (1.5, 3.0)
    assert Source.from_dict(source_of(scene).to_dict()) == source_of(scene)
    state.end = 1.0
    with pytest.raises(SourceError, match="range is empty"):
        source_of(scene)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"source": "FILE"}, "no sound file is chosen"),
        ({"source": "FILE", "sound_file": "//gone.wav"}, "missing"),
        ({"source": "SPEAKER"}, "no speaker"),
        ({"source": "STRIP"}, "no sound strip is chosen"),
        ({"source": "SCORE"}, "no score"),
        ({"source": "SCORE", "score_file": "CLICK"}, "is not a score"),
    ],
)
def test_what_is_missing_is_said(scene: Any, click: Path, fields: dict[str, str], words: str) -> None:
    for name, value in fields.items():
        setattr(scene.cadenza, name, str(click) if value == "CLICK" else value)
    with pytest.raises(SourceError, match=words):
        source_of(scene)


def test_scores(scene: Any, tmp_path: Path) -> None:
    for name in ("a.mid", "b.musicxml"):
        (tmp_path / name).write_bytes(b"MThd")
    scene.cadenza.source, scene.cadenza.score_file = "SCORE", str(tmp_path / "a.mid")
    assert (source_of(scene).sound, source_of(scene).score) == (None, tmp_path / "a.mid")
    scene.cadenza.score_file = str(tmp_path / "b.musicxml")
    with pytest.raises(SourceError, match="needs its recording"):
        source_of(scene)


def test_a_midi_file_is_no_sound_file(scene: Any, tmp_path: Path) -> None:
    for name in ("tune.mid", "TUNE.MIDI"):
        (tmp_path / name).write_bytes(b"MThd")
        scene.cadenza.source, scene.cadenza.sound_file = "FILE", str(tmp_path / name)
        with pytest.raises(SourceError, match="choose MIDI in Source"):
            source_of(scene)
