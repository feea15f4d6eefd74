# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The command when all goes well: recording with and without a score, MIDI, what it lists."""

from __future__ import annotations

import json
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
import soundfile

from backend import animate as animate_module
from backend.cli import parse_options
from plugins.api import Motion, find_track, from_json
from tests.running import RATE, TUNE, Command, FakeBlender, melody, names, start, tone, wait, write_midi, write_score
from tests.serving import install_plugin

needs_blender = pytest.mark.skipif(find_spec("bpy") is None, reason="Blender's module is not installed")
COMPONENTS = {"performer", "pianist", "ik", "align", "transcribe", "beats", "loudness"}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setattr(animate_module, "BlenderProcess", FakeBlender)
    return Command(monkeypatch, capfd)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "tune.wav"
    soundfile.write(path, tone(), RATE)
    return path


def test_recording_and_score(command: Command, recording: Path, tmp_path: Path) -> None:
    score = write_score(tmp_path / "tune.musicxml")
    out = tmp_path / "new" / "folder"
    blend, film, motion, notes = (out / f"demo.{suffix}" for suffix in ("blend", "mp4", "npz", "json"))
    rest = ("--preview", film, "--motion", motion, "--annotations", notes, "--score", score)
    ended = command("animate", recording, "-o", blend, *rest, "--fps", "25", "--option", "sway=0.5")
    assert ended.status == 0, ended.error
    assert ended.out.splitlines() == [str(p) for p in (blend, film, motion, notes)]
    assert names(out) == {"demo.blend", "demo.mp4", "demo.npz", "demo.json"}
    tracks = from_json(notes.read_text(encoding="utf-8"))
    assert [a.value["pitch"] for a in find_track(tracks, "note").annotations] == list(TUNE)
    assert [a.value for a in find_track(tracks, "beat").annotations] == [1, 2, 3, 4]
    performed = Motion.load(motion)
    assert (performed.fps, len(performed)) == (25.0, 50)
    assert performed.provenance["options"]["sway"] == 0.5
    assert performed.provenance["score"] == "tune.musicxml"


def test_recording_alone(command: Command, recording: Path, tmp_path: Path) -> None:
    notes = tmp_path / "demo.json"
    ended = command("animate", recording, "-o", tmp_path / "demo.blend", "--annotations", notes, "--start", "0.5")
    assert ended.status == 0, ended.error
    heard = find_track(from_json(notes.read_text(encoding="utf-8")), "note").annotations
    assert [a.value["pitch"] for a in heard] == list(TUNE[1:])
    assert abs(heard[0].time - 0.5) < 0.1  # seconds in the recording, not in the range
    job = FakeBlender.jobs[0]
    assert job.preview is None
    assert job.sound is not None
    assert (job.sound.path, job.sound.start) == (str(recording), 0.5)


def test_the_same_seed_gives_the_same_motion(command: Command, tmp_path: Path) -> None:
    midi = write_midi(tmp_path / "tune.mid", melody())
    made = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        rest = ("--motion", tmp_path / f"{name}.npz", "--seed", seed)
        assert command("animate", midi, "-o", tmp_path / f"{name}.blend", *rest).status == 0
        made.append(Motion.load(tmp_path / f"{name}.npz"))
    assert (made[0].rotations == made[1].rotations).all()
    assert (made[0].rotations != made[2].rotations).any()


def test_midi_brings_its_sound(command: Command, tmp_path: Path) -> None:
    midi = write_midi(tmp_path / "tune.mid", melody())
    out = tmp_path / "out"
    ended = command("animate", midi, "-o", out / "demo.blend", "--annotations", out / "notes.json")
    assert ended.status == 0, ended.error
    written = [out / "demo.blend", out / "demo.wav", out / "notes.json"]
    assert ended.out.splitlines() == [str(p) for p in written]
    assert names(out) == {p.name for p in written}
    notes = find_track(from_json((out / "notes.json").read_text(encoding="utf-8")), "note").annotations
    assert [(a.value["pitch"], round(a.time, 2)) for a in notes] == [(67, 0.0), (69, 0.5), (71, 1.0), (74, 1.5)]
    sound, rate = soundfile.read(out / "demo.wav")
    assert abs(len(sound) / rate - 3.0) < 0.01
    assert 0.3 < abs(sound[: 2 * rate]).max() <= 0.51


def test_the_body_of_a_motion_stays(command: Command, tmp_path: Path) -> None:
    midi, body, out = write_midi(tmp_path / "tune.mid", melody()), tmp_path / "body.npz", tmp_path / "out.npz"
    assert command("animate", midi, "-o", tmp_path / "a.blend", "--motion", body).status == 0
    rest = ("--seed", "5", "--body", body, "--start", "0.5", "--end", "2", "--overwrite")
    away = []
    for varied in ((), ("--option", "variation=0.5")):
        ended = command("animate", midi, "-o", tmp_path / "a.blend", "--motion", out, *rest, *varied)
        assert ended.status == 0, ended.error
        given, made = Motion.load(body).slice(0.5, 2.0), Motion.load(out)
        away.append(abs(given.joint("head") - made.joint("head")).max())
    assert away[0] < 1e-4  # nothing is made up unless it is asked for
    assert away[1] > 1e-3
    command("animate", midi, "-o", tmp_path / "b.blend", "--generator", "a2m", "--body", body).failed_with(
        "a2m cannot play with a body that is given", "performer"
    )
    command("animate", midi, "-o", tmp_path / "b.blend", "--body", midi).failed_with("not a Cadenza motion file")


def test_a_range_of_midi_sounds_as_the_whole_does_there(command: Command, tmp_path: Path) -> None:
    midi = write_midi(tmp_path / "tune.mid", melody())
    rest = ("--start", "0.6", "--end", "1.6")
    assert command("animate", midi, "-o", tmp_path / "demo.blend", *rest).status == 0
    assert FakeBlender.jobs[0].sound is not None
    assert FakeBlender.jobs[0].sound.start == 0.0
    assert abs(soundfile.info(tmp_path / "demo.wav").duration - 1.0) < 0.01


@pytest.mark.parametrize(("suffix", "kind"), [("mp3", "MPEG_LAYER_III"), ("ogg", "VORBIS"), ("opus", "OPUS")])
def test_compressed_and_stereo(command: Command, tmp_path: Path, suffix: str, kind: str) -> None:
    if kind not in soundfile.available_subtypes():
        pytest.skip(f"this libsndfile cannot write {suffix}")
    mono = tone(rate=48000)
    path = tmp_path / f"tune.{suffix}"
    form = "MP3" if suffix == "mp3" else "OGG"
    soundfile.write(path, mono[:, None] * [1.0, 0.3], 48000, format=form, subtype=kind)
    ended = command("animate", path, "-o", tmp_path / "demo.blend", "--annotations", tmp_path / "notes.json")
    assert ended.status == 0, ended.error
    notes = find_track(from_json((tmp_path / "notes.json").read_text(encoding="utf-8")), "note").annotations
    assert [a.value["pitch"] for a in notes] == list(TUNE)


def test_any_name(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "Mein Ordner ♪ [bold]"
    folder.mkdir()
    midi = write_midi(folder / "été, 夏.mid", melody())
    ended = command("animate", midi, "-o", folder / "new é" / "film ü.blend")
    assert ended.status == 0, ended.error
    assert ended.out.splitlines()[0] == str(folder / "new é" / "film ü.blend")
    assert names(folder / "new é") == {"film ü.blend", "film ü.wav"}


def test_overwrite(command: Command, tmp_path: Path) -> None:
    midi = write_midi(tmp_path / "tune.mid", melody())
    out = tmp_path / "demo.blend"
    out.write_bytes(b"old")
    assert command("animate", midi, "-o", out, "--overwrite").status == 0
    assert out.read_bytes() == b"half"
    assert names(tmp_path) == {"tune.mid", "demo.blend", "demo.wav"}


def test_options_are_read_as_json_or_text() -> None:
    given = ["sway=0.5", "beats.metre=3", "beats.name=a=b", "flag=true"]
    expected = {"performer": {"sway": 0.5, "flag": True}, "beats": {"metre": 3, "name": "a=b"}}
    assert parse_options(given, "performer") == expected


def test_components_lists_what_is_installed(command: Command) -> None:
    ended = command("components")
    assert ended.status == 0
    assert {line.split()[0] for line in ended.out.splitlines() if line and not line.startswith(" ")} >= COMPONENTS
    assert "--option performer.sway=1.0" in ended.out
    assert "(0 to 2)" in ended.out


def test_components_as_json(command: Command) -> None:
    listed = json.loads(command("components", "--json").out)
    assert {info["name"] for info in listed} >= COMPONENTS
    performer = next(info for info in listed if info["name"] == "performer")
    assert performer["kind"] == "generator"
    assert performer["options"]["properties"]["sway"]["maximum"] == 2.0
    assert all(info["licence"] and info["devices"] for info in listed if not info["error"])


def test_the_version(command: Command) -> None:
    ended = command("--version")
    assert ended.status == 0
    assert ended.out == f"cadenza {version('cadenza')}\n"


def test_the_end_tells_of_the_film(command: Command, recording: Path, tmp_path: Path) -> None:
    ended = command("animate", recording, "-o", tmp_path / "a.blend", "--preview", tmp_path / "a.mp4")
    assert "Blender file and film" in ended.error


@pytest.mark.parametrize("arguments", [("--help",), ("animate", "--help"), ("-h",), ("library", "add", "-h")])
def test_help(command: Command, arguments: tuple[str, ...]) -> None:
    ended = command(*arguments)
    assert ended.status == 0
    assert f"Usage: cadenza {arguments[0] if len(arguments) > 1 else '['}" in ended.out


@needs_blender
def test_a_real_blend_file(recording: Path, tmp_path: Path) -> None:
    """The whole way: a process of its own, with Blender."""
    score = write_score(tmp_path / "tune.musicxml")
    blend = tmp_path / "out dir" / "demo ♪.blend"
    ended = wait(start("animate", recording, "--score", score, "-o", blend))
    assert ended.status == 0, ended.error
    assert ended.out == f"{blend}\n"
    assert names(blend.parent) == {blend.name}
    assert blend.stat().st_size > 100_000


BROKEN = '''
from plugins.api import *

class Rocker(Generator):
    """Falls over."""
    name, label, instruments, skeleton = "rocker", "Rocker", ("violin",), "violinist"

    def generate(self, audio, options, context):
        return 1 / 0

@hookimpl
def register_generators(register):
    register(Rocker())
'''


def test_a_mistake_in_a_plugin_is_told_with_its_name_and_place(
    command: Command, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_plugin(tmp_path, monkeypatch, "rocking", BROKEN)
    ended = command("animate", recording, "--generator", "rocker", "-o", tmp_path / "x.blend")
    assert ended.status == 1
    said = ended.error.splitlines()
    message = "cadenza: generator rocker (rocking 1.0) failed: ZeroDivisionError: division by zero; tell its author"
    assert said[-1] == message
    assert "    return 1 / 0" in said
    assert len(said) < 16
