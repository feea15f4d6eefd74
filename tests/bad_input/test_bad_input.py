# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Bad input and bad luck: one message that says what to do, an exit status, nothing half written."""

from __future__ import annotations

import os
import shutil
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backend.audio_files import read_audio
from tests.running import Command, FakeBlender, Run, melody, names, tone, write_midi, write_score

HOURS = 3 * 3600


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
        ("good.wav", ("--start", "9", "--end", "12"), ("begins at 9 s", "only 2.00 s long", "earlier --start")),
        (
            "good.wav",
            ("--start", "1.5", "--end", "1"),
            ("ends at 1 s, but begins at 1.5 s", "--end come after --start"),
        ),
        ("good.wav", ("--start", "-1"), ("begins at -1 s", "--start be 0 or more")),
        ("good.wav", ("--start", "nan"), ("--start",)),
        ("good.wav", ("--end", "nan"), ("--end",)),
        ("good.wav", ("--start", "60"), ("begins at 60 s, but good.wav is only 2.00 s long",)),
        ("good.wav", ("--start", "1", "--end", "1.2"), ("too short",)),
        ("empty.mid", (), ("is empty", "export it again")),
        ("broken.mid", (), ("not a MIDI file", "export it again")),
        ("rests.mid", (), ("holds no notes", "give a MIDI file")),
        ("good.mid", ("--start", "7"), ("begins at 7 s", "only 3.00 s long")),
        ("good.mid", ("--start", "-1"), ("--start",)),
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
        (("--instrument", "[/red]tuba"), ("nothing installed plays '[/red]tuba'", "piano, violin")),
        (
            ("--instrument", "[/red]tuba", "--generator", "performer"),
            ("plays violin, not [/red]tuba", "--instrument violin"),
        ),
    ],
)
def test_bad_options(animate: Run, sounds: Path, out: Path, options: tuple[str, ...], words: tuple) -> None:
    begun = time.monotonic()
    animate(sounds / "good.wav", *options).failed_with(*words)
    assert time.monotonic() - begun < 2.0  # before listening
    assert not out.exists()


def test_a_rig_of_another_kind_is_told_before_anything_is_heard(animate: Run, sounds: Path) -> None:
    ended = animate(sounds / "good.wav", "--rig", sounds / "text.wav")
    ended.failed_with("text.wav is no character file", ".vrm")
    assert "Reading" not in ended.error


def test_a_film_of_bones_alone_is_told(animate: Run, sounds: Path, tmp_path: Path) -> None:
    (tmp_path / "walk.bvh").write_text("HIERARCHY")
    ended = animate(sounds / "good.wav", "--rig", tmp_path / "walk.bvh", "--preview", tmp_path / "film.mp4")
    assert "note: walk.bvh has bones and no mesh: the film shows the instrument alone" in ended.error


def test_a_failure_leaves_no_bar_behind(animate: Run, sounds: Path) -> None:
    ended = animate(sounds / "silent.wav")
    assert ended.error.lstrip().startswith("cadenza: silent.wav is silent")


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
