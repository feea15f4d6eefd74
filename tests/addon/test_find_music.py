# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Music for what a character does: the folder, the button, the list, the strip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

bpy = pytest.importorskip("bpy")

from blender_addon import connection, jobs, music_search, obstacles  # noqa: E402
from blender_addon.timeline import frame_rate  # noqa: E402
from scripts.dancing import RATE, beats_of, loudness_of, music  # noqa: E402
from tests.addon_driving import character, drive  # noqa: E402

TEMPI = {"slow.wav": 76.0, "right.wav": 96.0, "fast.wav": 124.0}
SECONDS = 30.0


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("songs")
    for seed, (name, tempo) in enumerate(TEMPI.items()):
        beats = beats_of(tempo, SECONDS, seed=seed, drift=0.0)
        soundfile.write(folder / name, music(beats, loudness_of(len(beats), seed), SECONDS, seed=seed), RATE)
    (folder / "broken.mp3").write_bytes(b"no sound at all")
    return folder


@pytest.fixture
def dance(scene: Any, songs: Path) -> Iterator[Any]:
    """A character whose arms strike the beats of one of the songs, from its fifth second on."""
    scene.render.fps, scene.render.fps_base = 24, 1.0
    scene.frame_start, scene.frame_end = 101, 101 + 20 * 24
    scene.cadenza.music_folder = str(songs)
    beats = beats_of(TEMPI["right.wav"], SECONDS, seed=1, drift=0.0) - 5.0
    times = np.arange(20 * 24 + 1) / 24
    phase = np.interp(times, beats, np.arange(len(beats)))
    sizes = 0.4 + 0.8 * loudness_of(len(beats), 1)
    swing = np.interp(phase, np.arange(len(beats)), sizes) * np.cos(np.pi * phase)
    for name in ("right_upper_arm", "left_upper_arm"):
        bone = character().pose.bones[name]
        bone.rotation_mode = "XYZ"
        for i in range(len(times)):
            bone.rotation_euler = (0.8 * swing[i], 0.0, 0.0)
            bone.keyframe_insert("rotation_euler", frame=scene.frame_start + i)
    yield scene
    music_search.Listening.stop()


def found(scene: Any) -> Any:
    assert bpy.ops.cadenza.find_music() == {"FINISHED"}
    job = drive(seconds=120.0)
    assert job.state == "finished", job.error
    return scene.cadenza_music_found


def test_tracks_are_listed_and_the_best_is_placed_on_its_beats(dance: Any) -> None:
    state = found(dance)
    assert {t.name for t in state.tracks} == {*TEMPI, "broken.mp3"}
    assert "3 tracks" in (jobs.current().message if jobs.current() else "")
    best = state.tracks[0]
    assert (best.name, best.left_out) == ("right.wav", "")
    assert "beats" in best.reason
    assert best.tempo_ratio == pytest.approx(1.0, abs=0.02)
    last = state.tracks[len(state.tracks) - 1]
    assert last.name == "broken.mp3"
    assert last.left_out
    state.index = len(state.tracks) - 1
    assert obstacles.to_found_track(dance) == "This track was left out"
    state.index = 0
    if not bpy.app.build_options.audaspace:
        pytest.skip("this Blender module is built without sound")
    assert bpy.ops.cadenza.place_track() == {"FINISHED"}
    (strip,) = dance.sequence_editor.strips_all if hasattr(dance.sequence_editor, "strips_all") else ()
    begins = strip.frame_start + strip.sound_offset * frame_rate(dance)
    assert (state.frame - begins) / frame_rate(dance) == pytest.approx(best.offset, abs=0.002)
    beat = 60.0 / TEMPI["right.wav"]
    off = (best.offset - 5.0) / beat
    assert abs(off - round(off)) < 0.2  # on some beat of it
    assert (dance.cadenza.source, dance.cadenza.strip) == ("STRIP", strip.name)


def test_what_stands_in_the_way_is_told(scene: Any, tmp_path: Path) -> None:
    assert connection.known().recommenders()
    scene.frame_end = 40
    scene.cadenza.music_folder = str(tmp_path / "nowhere")
    assert bpy.ops.cadenza.find_music() == {"FINISHED"}
    assert "is no folder" in drive().error
    scene.cadenza.character = None
    assert obstacles.to_finding_music(scene) == "Choose in Performer whose motion it is"
    assert obstacles.to_found_track(scene) == "Find music first"


def test_a_still_character_is_told_to_move(scene: Any, songs: Path) -> None:
    scene.frame_end = 240
    scene.cadenza.music_folder = str(songs)
    assert bpy.ops.cadenza.find_music() == {"FINISHED"}
    job = drive(seconds=120.0)
    assert job.state == "failed"
    assert "keeps still" in job.error or "rhythm" in job.error


def test_a_track_from_another_computer_is_not_placed(scene: Any) -> None:
    item = scene.cadenza_music_found.tracks.add()
    item.name, item.path = "there.wav", "/not/on/this/computer/there.wav"
    if not bpy.app.build_options.audaspace:
        pytest.skip("this Blender module is built without sound")
    with pytest.raises(RuntimeError, match="is not on this computer"):
        bpy.ops.cadenza.place_track()
