# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The library of the user's music: real files, real SQLite."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from pydantic import Field

from backend.library import KnownTracks, known_tracks, library_path, open_library, recommend_for
from backend.library_arrays import from_npy, stacked, to_npy
from backend.library_file import LibraryFile, Track
from backend.library_index import Describing, sounds, update
from backend.plugin_manager import Registry
from plugins.api import (
    Array,
    Audio,
    Cancelled,
    ComponentError,
    JobContext,
    Library,
    Motion,
    Recommendation,
    Recommender,
)
from plugins.api.testing import test_dance as a_dance
from tests.running import RATE, tone

HEARD: list[float] = []
"""Durations of what was listened to."""


class Louder(Recommender):
    """Louder is better; cannot stand what is shorter than a second."""

    name, label = "louder", "Louder"
    describing = ("power",)

    class Options(Recommender.Options):
        power: int = Field(1, ge=1, le=3)
        shown: int = Field(5, ge=1, le=9)

    def describe(self, audio: Audio, options: Any, context: JobContext) -> Mapping[str, Array]:
        context.check_cancelled()
        HEARD.append(round(audio.duration, 3))
        if audio.duration < 1.0:
            raise ComponentError("it is too short to be danced to")
        level = np.abs(audio.samples).max() ** options.power
        return {"level": np.array([level]), "samples": audio.samples[: int(10 * audio.duration)]}

    def recommend(self, motion: Motion, library: Library, options: Any, context: JobContext) -> list[Recommendation]:
        context.progress(0.5, "Comparing")
        level = library.matrix("level")[:, 0]
        return [Recommendation(library.paths[i], float(level[i])) for i in np.argsort(-level)]


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    HEARD.clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    write(folder / "a.wav", 2.0, 0.5)
    write(folder / "b.flac", 3.0, 0.9)
    write(folder / "deeper" / "c.ogg", 4.0, 0.2)
    return folder


def write(path: Path, seconds: float, level: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = tone(seconds=seconds / 4.0)
    soundfile.write(path, level * sound / np.abs(sound).max(), RATE)
    return path


def describing(**options: Any) -> Describing:
    return Describing(Louder(), Louder.Options(**options))


def registry() -> Registry:
    found = Registry()
    found.components["recommender"] = {"louder": Louder()}
    return found


def make(path: Path, *folders: Path) -> LibraryFile:
    library = LibraryFile(path)
    for folder in folders:
        library.add_folder(folder)
    return library


def test_tracks_are_listened_to_once(music: Path, tmp_path: Path) -> None:
    with make(tmp_path / "l.sqlite", music) as library:
        told: list[tuple[float, str]] = []
        report = update(library, describing(), lambda f, m: told.append((f, m)))
        assert (report.new, report.known, report.left_out, report.gone, report.missing) == (3, 0, [], [], [])
        assert [f for f, _ in told] == sorted(f for f, _ in told)
        assert any("b.flac" in message for _, message in told)
        assert HEARD == [2.0, 3.0, 4.0]
        again = update(library, describing())
        assert (again.new, again.known, again.changed) == (0, 3, False)
    with LibraryFile(tmp_path / "l.sqlite") as library:
        assert update(library, describing(shown=7)).known == 3
        assert len(HEARD) == 3
        tracks, left_out = known_tracks(library, describing())
        assert [p.name for p in tracks.paths] == ["a.wav", "b.flac", "c.ogg"]
        np.testing.assert_allclose(tracks.durations, [2.0, 3.0, 4.0], atol=0.01)
        np.testing.assert_allclose(tracks.matrix("level")[:, 0], [0.5, 0.9, 0.2], atol=0.02)
        assert tracks.arrays(2)["samples"].shape == (40,)
        assert left_out == []
        with pytest.raises(ComponentError, match="differ in shape"):
            tracks.matrix("samples")
        with pytest.raises(ComponentError, match="nothing called 'tempo' is kept"):
            tracks.matrix("tempo")


def test_what_changes_the_description_is_listened_to_again(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make(tmp_path / "l.sqlite", music) as library:
        update(library, describing())
        assert update(library, describing(power=2)).new == 3
        assert known_tracks(library, describing(power=3))[0].paths == []
        monkeypatch.setattr(Louder, "checkpoint", "other")
        assert update(library, describing()).new == 3
        assert len(HEARD) == 9


def test_changed_touched_moved_and_copied_tracks(music: Path, tmp_path: Path) -> None:
    with make(tmp_path / "l.sqlite", music) as library:
        update(library, describing())
        HEARD.clear()
        write(music / "a.wav", 2.5, 0.4)
        os.utime(music / "b.flac", (1.0, 1.0))
        (music / "deeper" / "c.ogg").rename(music / "moved.ogg")
        shutil.copy(music / "b.flac", music / "copy.flac")
        report = update(library, describing())
        assert HEARD == [2.5]
        assert (report.new, report.known) == (1, 3)
        assert report.gone == [music / "deeper" / "c.ogg"]
        tracks, _ = known_tracks(library, describing())
        assert [p.name for p in tracks.paths] == ["a.wav", "b.flac", "copy.flac", "moved.ogg"]
        np.testing.assert_allclose(tracks.durations, [2.5, 3.0, 3.0, 4.0], atol=0.01)


def test_what_cannot_be_read_is_listed_with_the_reason(music: Path, tmp_path: Path) -> None:
    (music / "text.mp3").write_text("no music")
    (music / "empty.wav").touch()
    soundfile.write(music / "silent.wav", np.zeros(RATE * 2), RATE)
    write(music / "short.wav", 0.8, 0.5)
    (music / "notes.txt").write_text("not even called music")
    write(music / ".hidden.wav", 2.0, 0.5)
    write(music / ".trash" / "old.wav", 2.0, 0.5)
    with make(tmp_path / "l.sqlite", music) as library:
        report = update(library, describing())
        reasons = {path.name: reason for path, reason in report.left_out}
        assert set(reasons) == {"text.mp3", "empty.wav", "silent.wav", "short.wav"}
        assert "is not a sound file" in reasons["text.mp3"]
        assert "is empty" in reasons["empty.wav"]
        assert "is silent" in reasons["silent.wav"]
        assert "silent.wav" not in reasons["silent.wav"]  # another file of the same content is given the same reason
        assert reasons["short.wav"] == "it is too short to be danced to"
        again = update(library, describing())
        assert (again.new, {path.name: reason for path, reason in again.left_out}) == (0, reasons)
        tracks, left_out = known_tracks(library, describing())
        assert len(tracks.paths) == 3
        assert {path.name: reason for path, reason in left_out} == reasons
        shutil.copy(music / "a.wav", music / "text.mp3")
        assert "text.mp3" not in {path.name for path, _ in update(library, describing()).left_out}


def test_a_deleted_track_is_said_and_left_out(music: Path, tmp_path: Path) -> None:
    with make(tmp_path / "l.sqlite", music) as library:
        update(library, describing())
        (music / "b.flac").unlink()
        tracks, left_out = known_tracks(library, describing())
        assert [p.name for p in tracks.paths] == ["a.wav", "c.ogg"]
        assert left_out == [(music / "b.flac", "the file is not there any more; run: cadenza library update")]
        assert update(library, describing()).gone == [music / "b.flac"]
        assert library.known(describing().key).keys() == {t.sound for t in library.tracks()}


def test_a_folder_that_is_away_is_remembered(music: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "disk" / "d.wav", 2.0, 0.7).parent
    with make(tmp_path / "l.sqlite", music, other) as library:
        assert update(library, describing()).new == 4
        other.rename(tmp_path / "away")
        report = update(library, describing())
        assert (report.missing, report.gone) == ([other], [])
        (tmp_path / "away").rename(other)
        assert update(library, describing()).known == 4
        assert len(HEARD) == 4


def test_breaking_off_keeps_what_was_listened_to(music: Path, tmp_path: Path) -> None:
    with make(tmp_path / "l.sqlite", music) as library, pytest.raises(Cancelled):
        update(library, describing(), is_cancelled=lambda: len(HEARD) >= 2)
    with LibraryFile(tmp_path / "l.sqlite") as library:
        report = update(library, describing())
        assert (report.new, report.known) == (1, 2)
        assert HEARD == [2.0, 3.0, 4.0]


def test_a_write_that_fails_half_way_leaves_nothing(music: Path, tmp_path: Path) -> None:
    with make(tmp_path / "l.sqlite", music) as library:
        track = Track(music / "a.wav", 1, 1, "sound", 2.0)
        with pytest.raises(ValueError, match="pickle"):
            library.keep(track, "x", {"good": np.ones(2), "bad": np.array([None])})
        assert library.tracks() == []
        assert library.known("x") == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"SQLite? no, this is text" * 50, "is not a library that can be read"), (None, "database of another program")],
)
def test_a_file_that_is_no_library_is_told(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "other.sqlite"
    if content is None:
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE t (x)")
        db.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(ComponentError, match=words):
        LibraryFile(path)
    assert path.read_bytes() == before


def test_a_library_of_another_version_is_told(tmp_path: Path) -> None:
    LibraryFile(tmp_path / "l.sqlite").close()
    with sqlite3.connect(tmp_path / "l.sqlite") as db:
        db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(ComponentError, match="library of version 9, this Cadenza reads 1"):
        LibraryFile(tmp_path / "l.sqlite")


def test_a_library_that_is_being_written_or_damaged_is_told(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.library_file.PATIENCE", 0.1)
    path = tmp_path / "l.sqlite"
    with make(path, music) as library:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ComponentError, match=r"cannot be written .*locked.*another program"):
            update(library, describing())
        other.close()
        assert update(library, describing()).new == 3
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(bytes(data))
    with LibraryFile(path) as library, pytest.raises(ComponentError, match="cannot be read"):
        library.tracks()


def test_damaged_arrays_are_told() -> None:
    data = to_npy(np.arange(6.0).reshape(2, 3))
    assert np.array_equal(from_npy(data), np.arange(6.0).reshape(2, 3))
    for broken in (b"", data[:20], data[:-1], b"\x80\x04N."):
        with pytest.raises(ComponentError, match="the library is damaged"):
            from_npy(broken)


@pytest.mark.parametrize("dtype", ["<f4", "<f2", "<i8", "|u1"])
def test_arrays_of_all_tracks_at_once(dtype: str) -> None:
    arrays = [(10 * i + np.arange(6)).reshape(2, 3).astype(dtype) for i in range(5)]
    found = stacked([to_npy(a) for a in arrays])
    assert found.dtype == np.dtype(dtype)
    assert np.array_equal(found, np.stack(arrays))
    mixed = stacked([to_npy(arrays[0]), to_npy(np.asfortranarray(arrays[1]))])
    assert np.array_equal(mixed, np.stack(arrays[:2]))
    assert stacked([]).shape[0] == 0


def test_a_huge_library_is_read_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    with LibraryFile(tmp_path / "l.sqlite") as library:
        library._db.execute("PRAGMA synchronous = OFF")
        for i in range(2000):
            (folder / f"{i:04}.wav").touch()
            track = Track(folder / f"{i:04}.wav", 0, 0, f"sound {i}", 100.0)
            library.keep(track, describing().key, {"level": np.array([float(i)])})
        tracks, left_out = known_tracks(library, describing())
        assert left_out == []
        assert np.array_equal(tracks.matrix("level")[:, 0], np.arange(2000.0))
        assert isinstance(tracks, KnownTracks)


def test_sounds_of_a_folder(music: Path, tmp_path: Path) -> None:
    (music / "link").symlink_to(music, target_is_directory=True)
    (music / "UPPER.WAV").touch()
    assert [str(p.relative_to(music)) for p in sounds(music)] == ["UPPER.WAV", "a.wav", "b.flac", "deeper/c.ogg"]


def test_recommendations_from_a_folder_come_from_a_library_in_the_cache(music: Path, tmp_path: Path) -> None:
    told: list[float] = []
    found = recommend_for(a_dance(), music, registry=registry(), top=2, on_progress=lambda f, m: told.append(f))
    assert [r.path.name for r in found.tracks] == ["b.flac", "a.wav"]
    assert (found.recommender, found.compared, found.left_out) == ("louder", 3, [])
    assert told == sorted(told)
    assert told[-1] == 1.0
    place = library_path(music)
    assert place.is_file()
    assert place.is_relative_to(tmp_path / "cache")
    HEARD.clear()
    (music / "b.flac").unlink()
    write(music / "e.wav", 2.0, 0.8)
    later = recommend_for(a_dance(), music, registry=registry(), listen=False)
    assert [r.path.name for r in later.tracks] == ["a.wav", "c.ogg"]
    assert [(p.name, "not there" in reason) for p, reason in later.left_out] == [("b.flac", True)]
    new = recommend_for(a_dance(), music, registry=registry())
    assert [r.path.name for r in new.tracks] == ["e.wav", "a.wav", "c.ogg"]
    assert new.left_out == [(music / "b.flac", "the file is not there any more, and is forgotten")]
    assert HEARD == [2.0]


def test_what_cannot_be_answered_is_told(music: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ComponentError, match="holds no tracks"):
        recommend_for(a_dance(), empty, registry=registry())
    (empty / "text.mp3").write_text("no music")
    with pytest.raises(ComponentError, match=r"no track of the library can be used; text.mp3: .*not a sound file"):
        recommend_for(a_dance(), empty, registry=registry())
    with pytest.raises(ComponentError, match="there is no library at"):
        open_library()
    with pytest.raises(ComponentError, match="there is no library at"):
        recommend_for(a_dance(), tmp_path / "nothing.sqlite", registry=registry())
    with pytest.raises(ComponentError, match="no recommender named 'x'; installed: louder"):
        recommend_for(a_dance(), music, registry=registry(), recommender="x")
    with pytest.raises(ComponentError, match="nothing that recommends music is installed"):
        recommend_for(a_dance(), music, registry=Registry())
    with pytest.raises(ComponentError, match=r"bad option louder\.power"):
        recommend_for(a_dance(), music, registry=registry(), options={"power": 7})
    with pytest.raises(ComponentError, match="--top must be at least 1"):
        recommend_for(a_dance(), music, registry=registry(), top=0)
    with pytest.raises(Cancelled):
        recommend_for(a_dance(), music, registry=registry(), is_cancelled=lambda: True)
