# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Bad input and bad luck: one message that says what to do, an exit status, nothing half written."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import time
import wave
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backend import animate as animate_module
from backend import drafts as drafts_module
from backend.animate import animate_file
from backend.audio_files import read_audio
from backend.blender import BlenderProcess
from backend.drafts import Outputs
from backend.pipeline import Job
from plugins.api import BakeJob, ComponentError
from tests.running import (
    RATE,
    Command,
    Ended,
    FakeBlender,
    melody,
    names,
    start,
    stub_bpy,
    tone,
    wait,
    write_midi,
    write_score,
)

needs_blender = pytest.mark.skipif(find_spec("bpy") is None, reason="Blender's module is not installed")
HOURS = 3 * 3600
STUB_ANSWERS = """
import json, os, sys
sys.stderr.write("a line for every frame\\n" * 20000)
sys.stdin.readline()
print(json.dumps({"done": "x"}), flush=True)
os._exit(0)
"""

Run = Callable[..., Ended]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setattr(animate_module, "BlenderProcess", FakeBlender)
    return Command(monkeypatch, capfd)


@pytest.fixture
def animate(command: Command, tmp_path: Path) -> Run:
    """``cadenza animate INPUT -o out/demo.blend ...``"""
    return lambda source, *rest: command("animate", source, "-o", tmp_path / "out" / "demo.blend", *rest)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sound files, good and bad."""
    folder = tmp_path_factory.mktemp("sounds")
    sound = tone()
    soundfile.write(folder / "good.wav", sound, RATE)
    soundfile.write(folder / "short.wav", sound[: RATE // 20], RATE)
    soundfile.write(folder / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(folder / "old.wav", tone(rate=8000), 8000, subtype="PCM_U8")
    soundfile.write(folder / "surround.flac", np.stack([tone(rate=96000)] * 6, axis=1), 96000)
    broken = sound.copy()
    broken[1000] = np.nan
    soundfile.write(folder / "nan.wav", broken, RATE, subtype="FLOAT")
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("no sound at all\n" * 50)
    (folder / "header.wav").write_bytes((folder / "good.wav").read_bytes()[:44])
    (folder / "empty.mid").touch()
    (folder / "broken.mid").write_bytes(b"MThd\0\0\0\6\0\1\0\1" + b"junk" * 20)
    write_midi(folder / "rests.mid", [])
    write_midi(folder / "good.mid", melody())
    return folder


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hours at 8 kHz, with a tune at 9000 s; the rest is a hole in the file."""
    path = tmp_path_factory.mktemp("hours") / "hours.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.setnframes(HOURS * 8000)
        file._ensure_header_written(0)  # type: ignore[attr-defined]
        file._datawritten = HOURS * 8000  # type: ignore[attr-defined]
    with path.open("r+b") as raw:
        raw.truncate(44 + HOURS * 8000)
        raw.seek(44 + 9000 * 8000)
        raw.write((128 + 127 * tone(rate=8000)).astype(np.uint8).tobytes())
    return path


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("text.wav", (), ("not a sound file", "give wav")),
        ("empty.wav", (), ("is empty", "export it again")),
        ("header.wav", (), ("holds no sound", "export")),
        ("short.wav", (), ("0.05 s", "too short", "at least 0.5 s")),
        ("silent.wav", (), ("is silent", "check the export")),
        ("nan.wav", (), ("not numbers", "export")),
        ("nowhere.wav", (), ("there is no file", "check its name")),
        ("[bold]x[/].wav", (), ("there is no file", "[bold]x[/].wav")),
        (".", (), ("is a folder", "give a file")),
        ("good.wav", ("--start", "9", "--end", "12"), ("9 to 12 s", "2.00 s long", "--start and --end")),
        ("good.wav", ("--start", "1.5", "--end", "1"), ("1.5 to 1 s", "--start and --end")),
        ("good.wav", ("--start", "-1"), ("-1 to 2 s", "--start and --end")),
        ("good.wav", ("--start", "nan"), ("--start and --end",)),
        ("good.wav", ("--end", "nan"), ("--start and --end",)),
        ("good.wav", ("--start", "1", "--end", "1.2"), ("too short",)),
        ("empty.mid", (), ("is empty", "export it again")),
        ("broken.mid", (), ("not a MIDI file", "export it again")),
        ("rests.mid", (), ("holds no notes", "give a MIDI file")),
        ("good.mid", ("--start", "7"), ("7 to 3 s", "--start and --end")),
        ("good.mid", ("--start", "-1"), ("--start and --end",)),
        ("good.mid", ("--score", "good.mid"), ("leave out --score",)),
    ],
)
def test_bad_sounds(animate: Run, sounds: Path, out: Path, name: str, options: tuple[str, ...], words: tuple) -> None:
    animate(sounds / name, *options).failed_with(*words)
    assert not out.exists()


def test_a_name_that_is_no_text(animate: Run, tmp_path: Path) -> None:
    animate(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav"))).failed_with("cannot be read", "rename it")


@pytest.mark.parametrize(("name", "seconds"), [("old.wav", 2.0), ("surround.flac", 2.0)])
def test_unusual_sounds_work(animate: Run, sounds: Path, out: Path, name: str, seconds: float) -> None:
    assert animate(sounds / name).status == 0
    assert names(out) == {"demo.blend"}
    assert abs(read_audio(sounds / name).duration - seconds) < 0.01


def test_three_hours_are_too_many_at_once(animate: Run, hours: Path, out: Path) -> None:
    animate(hours).failed_with("180 minutes", "at most 30", "--start and --end")
    assert not out.exists()


def test_a_stretch_of_three_hours_is_read_alone(animate: Run, hours: Path, out: Path) -> None:
    begun = time.monotonic()
    assert abs(read_audio(hours, 9000, 9002).start - 9000) < 1e-3
    assert time.monotonic() - begun < 1.0
    assert animate(hours, "--start", "9000", "--end", "9002").status == 0
    assert FakeBlender.jobs[0].sound is not None
    assert FakeBlender.jobs[0].sound.start == 9000
    assert names(out) == {"demo.blend"}


def test_a_midi_file_of_many_hours_renders_only_the_range(animate: Run, tmp_path: Path, out: Path) -> None:
    path = write_midi(tmp_path / "long.mid", [*melody(), (70, 10800.0, 10801.0)])
    animate(path).failed_with("180 minutes", "--start and --end")
    assert animate(path, "--end", "2").status == 0
    assert abs(soundfile.info(out / "demo.wav").duration - 2.0) < 0.01


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cut.musicxml", "<score-partwise><part><measure>", ("cannot be read as a score", "give MusicXML")),
        ("text.musicxml", "no score", ("cannot be read as a score", "give MusicXML")),
        ("page.xml", "<html><body/></html>", ("cannot be read as a score", "give MusicXML")),
        ("zip.mxl", "PK\3\4junk", ("cannot be read as a score", "give MusicXML")),
        ("junk.mid", "MThd junk", ("cannot be read as a score", "MIDI")),
        ("empty.xml", "", ("is empty", "export it again")),
        ("words.txt", "c d e", ("is not a score", ".musicxml")),
    ],
)
def test_bad_scores(
    animate: Run, sounds: Path, tmp_path: Path, out: Path, name: str, content: str, words: tuple
) -> None:
    (tmp_path / name).write_text(content)
    animate(sounds / "good.wav", "--score", tmp_path / name).failed_with(name, *words)
    assert not out.exists()


def test_a_score_that_is_not_there(animate: Run, sounds: Path) -> None:
    animate(sounds / "good.wav", "--score", "nowhere.xml").failed_with("there is no file nowhere.xml")


def test_a_score_of_rests(animate: Run, sounds: Path, tmp_path: Path) -> None:
    score = write_score(tmp_path / "rests.xml", ())
    animate(sounds / "good.wav", "--score", score).failed_with("rests.xml holds no notes")


def test_a_score_of_another_piece(animate: Run, sounds: Path, tmp_path: Path, out: Path) -> None:
    other = write_score(tmp_path / "other.xml", (56, 61, 66, 58, 63, 68))
    animate(sounds / "good.wav", "--score", other).failed_with("other.xml does not fit", "score of this piece")
    assert not out.exists()


def test_notes_off_the_violin_are_played_and_told(animate: Run, tmp_path: Path, out: Path) -> None:
    ended = animate(write_midi(tmp_path / "off.mid", melody((40, 69, 120, 74))))
    assert ended.status == 0
    assert "note: 2 notes lie outside the violin's range" in ended.error
    assert names(out) == {"demo.blend", "demo.wav"}


def test_chords_that_no_hand_can_stop_are_played_and_told(animate: Run, tmp_path: Path, out: Path) -> None:
    notes = [(p, 0.0, 0.5) for p in (55, 57)] + [(p, 0.5, 1.0) for p in (55, 100)] + melody()[2:]
    ended = animate(write_midi(tmp_path / "chords.mid", notes))
    assert ended.status == 0
    assert ended.error.count("note: no hand can stop") == 2
    assert names(out) == {"demo.blend", "demo.wav"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--option", "foo"), ("name=value", "'foo'")),
        (("--option", "=3"), ("name=value",)),
        (("--option", ".x=3"), ("name=value",)),
        (("--option", "performer.=3"), ("name=value",)),
        (("--option", "foo=1"), ("performer.foo", "sway")),
        (("--option", "sway=9"), ("performer.sway", "less than or equal to 2")),
        (("--option", "sway=much"), ("performer.sway", "number")),
        (("--option", "sway=NaN"), ("performer.sway",)),
        (("--option", "transcribe.sensitivity=9"), ("transcribe.sensitivity", "0.9")),
        (("--option", "nobody.x=1"), ("nobody", "not installed", "performer")),
        (("--fps", "0"), ("--fps must be 1 to 240",)),
        (("--fps", "nan"), ("--fps must be 1 to 240",)),
        (("--seed", "-1"), ("--seed must be 0 to",)),
        (("--device", "gpu"), ("auto, cpu or cuda", "'gpu'")),
        (("--generator", "nobody"), ("no generator named 'nobody'", "performer")),
        (("--instrument", "[/red]tuba"), ("plays violin, not [/red]tuba",)),
    ],
)
def test_bad_options(animate: Run, sounds: Path, out: Path, options: tuple[str, ...], words: tuple) -> None:
    begun = time.monotonic()
    animate(sounds / "good.wav", *options).failed_with(*words)
    assert time.monotonic() - begun < 2.0  # before listening
    assert not out.exists()


@pytest.mark.parametrize("options", [("--fps", "many"), ("--seed", "x"), ("--start", "soon"), ("--nothing",)])
def test_options_that_cannot_be_parsed(animate: Run, sounds: Path, options: tuple[str, ...]) -> None:
    ended = animate(sounds / "good.wav", *options)
    assert ended.status == 2
    assert options[0] in ended.error
    assert "Traceback" not in ended.error


def test_no_gpu(animate: Run, sounds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    animate(sounds / "good.wav", "--device", "cuda").failed_with("no CUDA device", "--device cpu")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-o", "demo.mp4"), ("demo.mp4 must end in .blend",)),
        (("--preview", "film.avi"), ("film.avi must end in .mp4",)),
        (("--motion", "motion.json"), ("must end in .npz",)),
        (("--annotations", "notes.npz"), ("must end in .json",)),
        (("-o", "same.blend", "--motion", "./same.blend"), ("two outputs", "name of its own")),
        (("-o", "folder.blend"), ("is a folder", "name of a file")),
        (("-o", "good.wav/demo.blend"), ("nothing can be written to", "choose another place")),
        (("-o", "n" * 300 + ".blend"), ("choose a shorter name",)),
    ],
)
def test_bad_outputs(
    command: Command, sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple, words: tuple
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.blend").mkdir()
    shutil.copy(sounds / "good.wav", tmp_path)
    before = names(tmp_path)
    command("animate", "good.wav", "-o", "demo.blend", *options).failed_with(*words)
    assert names(tmp_path) == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has such a place")
def test_a_place_where_nobody_can_write(command: Command, sounds: Path) -> None:
    ended = command("animate", sounds / "good.wav", "-o", "/proc/cadenza/demo.blend")
    ended.failed_with("nothing can be written to /proc", "choose another place")


@pytest.mark.parametrize("name", ["demo.blend", "demo.mp4", "demo.npz", "demo.json"])
def test_what_exists_is_kept(animate: Run, sounds: Path, out: Path, name: str) -> None:
    out.mkdir()
    (out / name).write_text("mine")
    rest = ("--preview", out / "demo.mp4", "--motion", out / "demo.npz", "--annotations", out / "demo.json")
    animate(sounds / "good.wav", *rest).failed_with(name, "exists already", "--overwrite")
    assert (out / name).read_text() == "mine"
    assert names(out) == {name}


def test_the_sound_of_a_midi_file_is_kept_too(animate: Run, sounds: Path, out: Path) -> None:
    out.mkdir()
    (out / "demo.wav").write_text("mine")
    animate(sounds / "good.mid").failed_with("demo.wav exists already", "--overwrite")
    assert (out / "demo.wav").read_text() == "mine"
    assert animate(sounds / "good.mid", "--overwrite").status == 0
    assert names(out) == {"demo.blend", "demo.wav"}
    assert soundfile.info(out / "demo.wav").duration > 2


@pytest.mark.parametrize("given", ["source", "score"])
def test_the_input_is_never_replaced(command: Command, sounds: Path, tmp_path: Path, given: str) -> None:
    place = tmp_path / "it.blend"
    shutil.copy(sounds / "good.wav", place)
    source, rest = (place, ()) if given == "source" else (sounds / "good.wav", ("--score", place))
    command("animate", source, "-o", place, *rest, "--overwrite").failed_with("also the input", "another name")
    assert place.read_bytes() == (sounds / "good.wav").read_bytes()


def test_basic_pitch_is_missing(animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "basic_pitch", None)
    animate(sounds / "good.wav").failed_with("basic-pitch", "pip install")
    assert not out.exists()


def test_bpy_is_missing(animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animate_module, "BlenderProcess", BlenderProcess)
    monkeypatch.setitem(sys.modules, "bpy", None)
    animate(sounds / "good.wav").failed_with("Blender's Python module is missing", "pip install")
    assert not out.exists()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            'raise ImportError("libXrender.so.1: cannot open shared object file: No such file or directory")',
            ("libXrender.so.1", "install", "libxrender1"),
        ),
        ("import os; os.kill(os.getpid(), 9)", ("SIGKILL", "memory", "try again")),
        ("import sys; sys.stdin.readline(); import os; os._exit(3)", ("Blender stopped without an answer",)),
        ("raise RuntimeError('out of luck')", ("Blender stopped without an answer", "out of luck")),
    ],
)
def test_blender_fails(
    animate: Run, sounds: Path, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch, source: str, words: tuple
) -> None:
    stub = stub_bpy(tmp_path / "stub", source)
    monkeypatch.setattr(animate_module, "BlenderProcess", BlenderProcess)
    monkeypatch.syspath_prepend(stub)
    monkeypatch.setenv("PYTHONPATH", str(stub))
    animate(sounds / "good.mid").failed_with(*words)
    assert not out.exists()


def test_blender_may_say_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a pipe holds: a film of a minute must not stop half-way."""
    stub = stub_bpy(tmp_path / "stub", STUB_ANSWERS)
    monkeypatch.syspath_prepend(stub)
    monkeypatch.setenv("PYTHONPATH", str(stub))
    with BlenderProcess() as blender:
        blender.apply(BakeJob("m", "a", "o", 30.0), lambda fraction, message: None)


class FullDisk(FakeBlender):
    def apply(self, job: BakeJob, progress: Callable[[float, str], None]) -> None:
        super().apply(job, progress)
        raise ComponentError("the .blend could not be written (No space left on device)")


def test_a_full_disk_in_blender(
    animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(animate_module, "BlenderProcess", FullDisk)
    out.mkdir()
    (out / "demo.wav").write_text("mine")
    animate(sounds / "good.mid", "--overwrite").failed_with("No space left")
    assert names(out) == {"demo.wav"}
    assert (out / "demo.wav").read_text() == "mine"


def test_a_full_disk_at_the_end(animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        Path(target).write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(drafts_module.shutil, "copy", full)
    ended = animate(sounds / "good.mid", "--motion", out / "demo.npz")
    ended.failed_with("No space left on device", "make room")
    assert not out.exists()


STAGES = ["Loading", "Listening", "Following", "Planning", "Moving bow", "Building", "Saving", "Rendering"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("stage", STAGES)
def test_stopped_at_every_stage(
    animate: Run,
    sounds: Path,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    number: int,
    status: int,
) -> None:
    shown = animate_module.Progress.update

    def update(bars: object, task: object, **changes: object) -> None:
        shown(bars, task, **changes)  # type: ignore[arg-type]
        if str(changes.get("description")).startswith(stage):
            os.kill(os.getpid(), number)

    monkeypatch.setattr(animate_module.Progress, "update", update)
    score = write_score(tmp_path / "score.xml")
    ended = animate(sounds / "good.wav", "--score", score, "--preview", out / "demo.mp4")
    assert (ended.status, ended.out) == (status, "")
    assert ended.error.rstrip().endswith("cadenza: cancelled; nothing was written")
    assert not out.exists()


def test_stopped_while_copying(animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = shutil.copy

    def stopped(source: Path, target: Path) -> None:
        copy(source, target)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(drafts_module.shutil, "copy", stopped)
    assert animate(sounds / "good.mid", "--motion", out / "demo.npz").status == 130
    assert not out.exists()


@pytest.mark.parametrize("turned_into", [None, ImportError])
def test_a_signal_that_a_library_swallows_is_not_lost(
    animate: Run, sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch, turned_into: type[Exception] | None
) -> None:
    listen = animate_module.sound_of

    def swallowing(*arguments: object) -> object:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except BaseException as error:
            print("lost", file=sys.stderr)
            if turned_into is not None:
                raise turned_into("initialization failed") from error
        return listen(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(animate_module, "sound_of", swallowing)
    ended = animate(sounds / "good.wav")
    assert "lost" in ended.error
    assert ended.status == 130
    assert "Traceback" not in ended.error
    assert not out.exists()


def test_handlers_are_put_back(animate: Run, sounds: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    animate(sounds / "text.wav")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the child in /proc")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_while_blender_works(sounds: Path, tmp_path: Path, out: Path, number: int, status: int) -> None:
    """A real process with a real child, which never answers."""
    said = tmp_path / "child"
    stub = stub_bpy(
        tmp_path / "stub",
        f"import os, sys, time\nsys.stdin.readline()\nopen({str(said)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)",
    )
    process = start("animate", sounds / "good.mid", "-o", out / "demo.blend", paths=[stub])
    while not (said.exists() and said.read_text()) and process.poll() is None:
        time.sleep(0.02)
    assert (out / "demo.wav").exists()
    process.send_signal(number)
    ended = wait(process)
    assert (ended.status, ended.out) == (status, "")
    assert "Traceback" not in ended.error
    assert not Path("/proc", said.read_text()).exists()
    assert not out.exists()


@needs_blender
def test_the_library_for_rendering_is_missing(sounds: Path, tmp_path: Path, out: Path) -> None:
    wrapper = tmp_path / "wrapper"
    wrapper.mkdir()
    (wrapper / "sitecustomize.py").write_text("import ctypes.util\nctypes.util.find_library = lambda name: None\n")
    rest = ("-o", out / "demo.blend", "--preview", out / "demo.mp4")
    ended = wait(start("animate", sounds / "good.mid", *rest, paths=[wrapper]))
    if sys.platform == "linux":
        ended.failed_with("EGL", "libegl1", "leave out --preview")
        assert not out.exists()


def test_called_from_a_thread_or_a_server(sounds: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr(animate_module, "BlenderProcess", FakeBlender)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(animate_file, sounds / "good.mid", Outputs(out / "demo.blend"), Job()).result()
    assert written == [out / "demo.blend", out / "demo.wav"]
