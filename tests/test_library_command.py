# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza library`` and ``cadenza recommend``, with real sounds and the real recommender."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scripts.dancing import RATE, beats_of, loudness_of, music, stepping
from tests.running import Command, names, start, wait

SECONDS, BEGINS = 30.0, 4.0
TEMPI = {"slow.wav": 76.0, "middle.flac": 96.0, "fast.ogg": 124.0}


@pytest.fixture(autouse=True)
def _own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capfd)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("songs")
    for seed, (name, tempo) in enumerate(TEMPI.items()):
        beats = beats_of(tempo, SECONDS, seed=seed)
        soundfile.write(folder / name, music(beats, loudness_of(len(beats), seed), SECONDS, seed=seed), RATE)
    return folder


@pytest.fixture(scope="module")
def dance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Steps on the beats of middle.flac."""
    beats = beats_of(96.0, SECONDS, seed=1)
    inside = beats > BEGINS - 1.0
    first = -int(np.flatnonzero(inside)[0]) % 4
    loud = loudness_of(len(beats), 1)[inside][first:]
    motion = stepping(beats[inside][first:] - BEGINS, 0.4 + 0.8 * loud, 25.0, seconds=24.0)
    path = tmp_path_factory.mktemp("dance") / "dance.npz"
    path.write_bytes(motion.to_bytes())
    return path


def test_music_is_recommended_from_a_folder(command: Command, songs: Path, dance: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "found.json"
    ended = command("recommend", dance, "--library", songs, "--top", 2, "-o", out)
    assert ended.status == 0, ended.error
    first, second, third, _ = ended.out.splitlines()
    assert first == f"  1. {songs / 'middle.flac'}"
    assert "begin the motion at " in second
    assert "96 beats a minute" in second
    assert third.startswith("  2. ")
    written = json.loads(out.read_text(encoding="utf-8"))
    assert (written["recommender"], written["compared"], written["left_out"]) == ("mclemcd", 3, [])
    best = written["tracks"][0]
    assert best["path"] == str(songs / "middle.flac")
    assert best["offset"] == pytest.approx(BEGINS, abs=60 / 96)
    assert best["tempo_ratio"] == pytest.approx(1.0, abs=0.02)
    again = command("recommend", dance, "--library", songs, "--json", "--option", "tempo_change=0.04")
    assert json.loads(again.out)["tracks"][0]["path"] == best["path"]
    assert names(songs) == set(TEMPI)


def test_a_library_of_ones_own(command: Command, songs: Path, dance: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.mp3").write_text("dear")
    ended = command("library", "add", songs, other)
    assert ended.status == 0, ended.error
    assert "4 listened to, 0 known; 1 of these left out, 0 gone" in ended.error
    assert f"left out: {other / 'letter.mp3'}: it is not a sound file" in ended.error
    assert (tmp_path / "data" / "cadenza" / "library.sqlite").is_file()
    listed = command("library", "list")
    assert [line.split()[0] for line in listed.out.splitlines()] == ["0:30", "0:30", "0:30", "-"]
    assert "3 tracks, 1 left out" in listed.error
    whole = json.loads(command("library", "list", "--json").out)
    assert whole["folders"] == sorted([str(songs), str(other)])
    assert [bool(t["problem"]) for t in whole["tracks"]] == [False, False, False, True]
    ended = command("recommend", dance, "--top", 1)
    assert ended.out.startswith(f"  1. {songs / 'middle.flac'}")
    (other / "letter.mp3").unlink()
    ended = command("library", "update")
    assert f"gone: {other / 'letter.mp3'}" in ended.error
    assert "0 listened to, 3 known; 0 of these left out, 1 gone" in ended.error
    assert "tracks forgotten: 3" in command("library", "remove", songs).error
    command("library", "remove", songs).failed_with("is not in the library; it has", str(other))
    command("recommend", dance).failed_with("the library holds no tracks", "cadenza library add")


def test_a_library_in_a_file(command: Command, songs: Path, dance: Path, tmp_path: Path) -> None:
    file = tmp_path / "there" / "mine.sqlite"
    assert command("library", "add", songs, "--library", file).status == 0
    assert command("recommend", dance, "--library", file, "--top", 1).out.startswith(f"  1. {songs / 'middle.flac'}")
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "cache").exists()


def test_a_track_that_was_deleted_is_said(command: Command, songs: Path, dance: Path, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    for name in TEMPI:
        (folder / name).write_bytes((songs / name).read_bytes())
    assert command("library", "add", folder).status == 0
    (folder / "middle.flac").unlink()
    ended = command("recommend", dance, "--no-update")
    assert f"left out: {folder / 'middle.flac'}: the file is not there any more" in ended.error
    assert "middle.flac" not in ended.out
    assert len(ended.out.splitlines()) == 4


def test_bad_input_is_told(command: Command, songs: Path, dance: Path, tmp_path: Path) -> None:
    command("library", "add", tmp_path / "nowhere").failed_with("nowhere is no folder")
    command("library", "list").failed_with("there is no library at", "cadenza library add FOLDER")
    command("library", "update", "--library", songs).failed_with("is a folder; --library is the file")
    command("recommend", tmp_path / "no.npz", "--library", songs).failed_with("there is no file", "no.npz")
    command("recommend", songs / "slow.wav", "--library", songs).failed_with("not a Cadenza motion file")
    command("recommend", dance, "--library", songs / "slow.wav").failed_with("is not a library that can be read")
    command("recommend", dance, "--library", songs, "--end", "0.1").failed_with("are too short")
    command("recommend", dance, "--library", songs, "--end", "2").failed_with("too few to have a rhythm", "3 s")
    command("recommend", dance, "--library", songs, "--top", 0).failed_with("--top must be at least 1")
    command("recommend", dance, "--library", songs, "--recommender", "x").failed_with("installed: mclemcd")
    command("recommend", dance, "--library", songs, "--option", "tempo_change=9").failed_with("mclemcd.tempo_change")
    command("recommend", dance, "--library", songs, "--device", "tuba").failed_with("--device is auto, cpu or cuda")
    command("recommend", dance, "--library", songs, "--option", "weights=no.st").failed_with("no.st")
    kept = tmp_path / "kept.json"
    kept.write_text("mine")
    command("recommend", dance, "--library", songs, "-o", kept).failed_with("exists already")
    command("recommend", dance, "--library", songs, "-o", "found.txt").failed_with("found.txt must end in .json")
    assert kept.read_text() == "mine"


def test_a_watched_folder_is_listened_to_until_it_is_stopped(songs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    (folder / "slow.wav").write_bytes((songs / "slow.wav").read_bytes())
    file = tmp_path / "l.sqlite"
    process = start("library", "add", folder, "--watch", "--library", file)
    try:
        _until(lambda: _known(file) == 1)
        (folder / "later.flac").write_bytes((songs / "middle.flac").read_bytes())
        _until(lambda: _known(file) == 2)
    finally:
        process.send_signal(signal.SIGINT)
        ended = wait(process)
    assert ended.status == 130
    assert "what was listened to is kept" in ended.error
    assert "1 listened to, 1 known" in ended.error
    assert "Traceback" not in ended.error


def _known(file: Path) -> int:
    from backend.library_file import LibraryFile

    if not file.is_file():
        return 0
    with LibraryFile(file) as library:
        return len(library.tracks())


def _until(done: object, patience: float = 60.0) -> None:
    limit = time.monotonic() + patience
    while not done():  # type: ignore[operator]
        assert time.monotonic() < limit
        time.sleep(0.2)
