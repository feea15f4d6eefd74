# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza annotate``: every format from every input; what goes wrong is one message, and no file is left."""

from __future__ import annotations

import os
import signal
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backend.chain import Job, recognizers_for
from backend.plugin_manager import load_plugins
from plugins.api import AnnotationTrack, find_track, from_json
from tests.running import RATE, TUNE, Command, melody, names, start, tone, wait, write_midi, write_score

needs_jams = pytest.mark.skipif(find_spec("jams") is None, reason="the jams library is not installed")
EXAMPLES = Path(__file__).parents[1] / "examples"
SCORED = ["beat", "downbeat", "phrase", "dynamics", "articulation", "note", "loudness", "pedal"]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capfd)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording and its score."""
    folder = tmp_path_factory.mktemp("tune")
    soundfile.write(folder / "tune.wav", tone(), RATE)
    write_score(folder / "tune.musicxml")
    write_midi(folder / "tune.mid", melody())
    return folder


def read(path: Path) -> list[AnnotationTrack]:
    return from_json(path.read_text(encoding="utf-8"))


def test_a_recording_with_its_score(command: Command, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder" / "tune.json"
    ended = command("annotate", folder / "tune.wav", "-o", out, "--score", folder / "tune.musicxml")
    assert ended.status == 0, ended.error
    assert ended.out == f"{out}\n"
    assert names(out.parent) == {"tune.json"}
    tracks = read(out)
    assert [t.namespace for t in tracks] == SCORED
    assert [a.value["pitch"] for a in find_track(tracks, "note").annotations] == list(TUNE)
    assert [a.value for a in find_track(tracks, "beat").annotations] == [1, 2, 3, 4]
    assert len(find_track(tracks, "dynamics")) == 0  # the score says none
    assert len(find_track(tracks, "loudness")) == 20
    assert "4 note" in ended.error


def test_a_recording_alone(command: Command, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "tune.json"
    assert command("annotate", folder / "tune.wav", "-o", out, "--start", "0.5").status == 0
    tracks = read(out)
    assert {t.namespace for t in tracks} >= {"beat", "downbeat", "note", "loudness"}
    assert [a.value["pitch"] for a in find_track(tracks, "note").annotations] == list(TUNE[1:])
    assert find_track(tracks, "loudness").times[0] == 0.5


def test_midi_alone(command: Command, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "tune.json"
    ended = command("annotate", folder / "tune.mid", "-o", out, "--start", "0.4", "--end", "1.6")
    assert ended.status == 0, ended.error
    tracks = read(out)
    assert "loudness" not in {t.namespace for t in tracks}
    assert [round(t, 2) for t in find_track(tracks, "note").times] == [0.5, 1.0, 1.5]
    assert all(a.confidence == 1.0 for t in tracks for a in t.annotations)


def test_what_is_asked_for_and_no_more(command: Command, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "tune.csv"
    rest = ("--what", "downbeat, Note", "--score", folder / "tune.musicxml")
    assert command("annotate", folder / "tune.wav", "-o", out, *rest).status == 0
    rows = [line.split(",")[0] for line in out.read_text().splitlines()]
    assert rows == ["namespace", "downbeat", *["note"] * 4]


def test_a_recogniser_may_be_chosen(command: Command, folder: Path, tmp_path: Path) -> None:
    recognizers = load_plugins().recognizers
    for chosen, asked_for in (((), "hear-beats"), (("beats",), "beats")):
        assert [r.name for r in recognizers_for(recognizers, ["beat"], Job(recognizers=chosen))] == [asked_for]
    asked = ("annotate", folder / "tune.wav", "--what", "beat", "-o")
    assert command(*asked, tmp_path / "a.json", "--recognizer", "beats").status == 0
    command(*asked, tmp_path / "b.json", "--recognizer", "beets").failed_with("no recognizer named 'beets'", "beats")
    command(*asked, tmp_path / "c.json", "--recognizer", "align").failed_with("align cannot run", "give the score")


@pytest.mark.parametrize("suffix", ["csv", "txt", "mid", "JSON", pytest.param("jams", marks=needs_jams)])
def test_every_format(command: Command, folder: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"tune.{suffix}"
    ended = command("annotate", folder / "tune.wav", "-o", out, "--score", folder / "tune.musicxml")
    assert ended.status == 0, ended.error
    assert out.stat().st_size > 100
    assert ("loudness" in ended.error) == (suffix not in ("txt", "mid"))  # a curve is no label, and no note


def test_the_midi_file_has_the_recordings_times(command: Command, tmp_path: Path) -> None:
    pretty_midi = pytest.importorskip("pretty_midi")
    source, score = EXAMPLES / "minuet.flac", EXAMPLES / "minuet.musicxml"
    for name in ("m.mid", "m.json"):
        ended = command("annotate", source, "-o", tmp_path / name, "--score", score, "--end", "20")
        assert ended.status == 0, ended.error
    midi, tracks = pretty_midi.PrettyMIDI(str(tmp_path / "m.mid")), read(tmp_path / "m.json")
    onsets = sorted(n.start for n in midi.instruments[0].notes)
    np.testing.assert_allclose(onsets, find_track(tracks, "note").times, atol=1e-3)
    beats = [t for t in find_track(tracks, "beat").times if t < onsets[-1]]
    assert all(np.abs(midi.get_beats() - t).min() < 1e-3 for t in beats)


@pytest.mark.parametrize(
    ("name", "rest", "words"),
    [
        (
            "out.json",
            ("--what", "beat,gesture"),
            ("'gesture' cannot be recognised", "beat, downbeat, phrase", "--score"),
        ),
        ("out.json", ("--what", "harmony"), ("'harmony'", "with --score")),
        ("out.mid", ("--what", "loudness"), (".mid has no room for 'loudness'", ".csv")),
        ("out.txt", ("--what", "beat,loudness"), (".txt has no room for 'loudness'", ".csv")),
        ("out.xls", (), ("must end in .json", "the ending decides")),
        ("out", (), ("must end in .json",)),
        ("out.json", ("--option", "sway=1"), ("component.name=value",)),
        ("out.json", ("--option", "beats.metre=9"), ("beats.metre",)),
        ("out.json", ("--start", "7"), ("begins at 7 s", "only 2.00 s long")),
        ("out.json", ("--score", "nowhere.xml"), ("there is no file nowhere.xml",)),
        ("tune.wav", (), ("must end in .json",)),
    ],
)
def test_what_cannot_be_done_is_said(
    command: Command, folder: Path, tmp_path: Path, name: str, rest: tuple[str, ...], words: tuple[str, ...]
) -> None:
    command("annotate", folder / "tune.wav", "-o", tmp_path / name, *rest).failed_with(*words)
    assert names(tmp_path) == set()


def test_nothing_is_lost(command: Command, folder: Path, tmp_path: Path) -> None:
    midi = write_midi(tmp_path / "a.mid", melody())
    command("annotate", midi, "-o", midi, "--overwrite").failed_with("is also the input")
    (tmp_path / "old.csv").write_text("mine")
    command("annotate", midi, "-o", tmp_path / "old.csv").failed_with("exists already", "--overwrite")
    assert (tmp_path / "old.csv").read_text() == "mine"
    assert command("annotate", midi, "-o", tmp_path / "old.csv", "--overwrite").status == 0
    assert (tmp_path / "old.csv").read_text().startswith("namespace,")
    command("annotate", midi, "-o", tmp_path / "a.json", "--score", midi).failed_with("leave out --score")
    assert names(tmp_path) == {"a.mid", "old.csv"}


def test_jams_without_the_library(command: Command, folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "jams", None)
    ended = command("annotate", folder / "tune.wav", "-o", tmp_path / "a.jams")
    ended.failed_with("pip install 'cadenza[annotate]'")
    assert "Listening" not in ended.error  # said before the work, not after it


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.tile(tone(), 300), RATE)
    process = start("annotate", tmp_path / "long.wav", "-o", tmp_path / "out" / "long.json")
    time.sleep(4.0)
    os.kill(process.pid, signal.SIGINT)
    ended = wait(process)
    assert ended.status == 130, ended.error
    assert "cancelled; nothing was written" in ended.error
    assert names(tmp_path) == {"long.wav"}
