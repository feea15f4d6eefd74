# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
# ruff: noqa: F811 - fixtures are arguments
"""From a corpus to clips, and the command line that makes both."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plugins.a2m.generator import WEIGHTS
from plugins.a2m.score_features import NAMES, score_features
from plugins.api import Annotation, AnnotationTrack
from plugins.api.log_mel import log_mel
from tests.simulated import HOURS, SEED, short_studies, small_corpus  # noqa: F401
from training import cli
from training.datasets import mosa, mosa_motion
from training.datasets.clips import make_clips
from training.datasets.corpus_card import corpus_card, warning_of
from training.datasets.markers import JOINTS, MARKERS, PELVIS
from training.datasets.splits import split_of
from training.simulate import corpus
from training.whole_files import FileError


@pytest.fixture(scope="session")
def small_clips(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clips") / "clips"
    make_clips(small_corpus, out)
    return out


def _arrays(folder: Path) -> dict[str, np.ndarray]:
    return {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("audio", "score", "joints")}


def test_arrays_hold_what_clips_json_says(small_clips: Path, small_corpus: Path) -> None:
    rows = json.loads((small_clips / "clips.json").read_text())
    arrays = _arrays(small_clips)
    trials = mosa.find_trials(small_corpus)
    assert [r["trial"] for r in rows] == [t.trial for t in trials]
    total = 0
    for row, trial in zip(rows, trials, strict=True):
        assert (row["piece"], row["performer"], row["instrument"]) == (trial.piece, trial.performer, "violin")
        assert row["split"] == split_of(trial.piece, trial.performer)
        assert row["offset"] == total
        markers = mosa.read_trial(trial).markers
        assert markers is not None
        assert row["frames"] == pytest.approx(len(markers) / 3, abs=2)
        total += row["frames"]
    assert {name: a.shape for name, a in arrays.items()} == {
        "audio": (total, 128),
        "score": (total, 10),
        "joints": (total, len(JOINTS), 3),
    }
    assert (arrays["audio"].dtype, arrays["score"].dtype, arrays["joints"].dtype) == (
        np.float16,
        np.float32,
        np.float32,
    )
    for array in arrays.values():
        assert np.isfinite(array).all()
    for name in ("audio", "score"):
        assert 0 <= arrays[name].min() < 0.5 < arrays[name].max() <= 1
    assert np.load(small_clips / "joints.npy", mmap_mode="r").shape == arrays["joints"].shape


def test_sound_score_and_motion_are_of_one_time(small_clips: Path, small_corpus: Path) -> None:
    rows, arrays = json.loads((small_clips / "clips.json").read_text()), _arrays(small_clips)
    for row, trial in zip(rows, mosa.find_trials(small_corpus), strict=True):
        part = slice(row["offset"], row["offset"] + row["frames"])
        performance = mosa.read_trial(trial)
        first = performance.tracks[0].annotations[0].time
        loud = arrays["score"][part][:, NAMES.index("rms")]
        start = round(first * 40)
        assert loud[start + 4 : start + 12].mean() > loud[: start - 4].mean() + 0.05
        pitch = arrays["score"][part][:, NAMES.index("pitch")]
        assert pitch[: start - 1].max(initial=0) == 0
        assert pitch[start + 2] * 127 == pytest.approx(performance.tracks[0].annotations[0].value["pitch"], abs=25)
        tip = arrays["joints"][part][:, JOINTS.index("bow_tip")]
        moved = np.linalg.norm(np.diff(tip, axis=0), axis=1)
        assert moved[start : start + 20].mean() > 0


def test_clips_are_the_same_whoever_makes_them(small_clips: Path, small_corpus: Path, tmp_path: Path) -> None:
    make_clips(small_corpus, tmp_path / "clips", workers=2)
    for path in small_clips.iterdir():
        assert path.read_bytes() == (tmp_path / "clips" / path.name).read_bytes(), path.name


def test_bad_recordings_are_named_and_left_out_or_stop_the_work(small_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(small_corpus, folder)
    trials = mosa.find_trials(folder)
    trials[0].audio.unlink()
    with pytest.raises(mosa.CorpusError, match=f"^{trials[0].prefix}: .*audio.wav is missing"):
        make_clips(folder, tmp_path / "clips")
    assert not list(tmp_path.glob("clips*"))
    said: list[mosa.Problem] = []
    card = make_clips(folder, tmp_path / "clips", on_problem="skip", say=said.append)
    assert card["left_out"] == [str(said[0])]
    assert card["recordings"] == len(trials) - 1
    for trial in trials[1:]:
        trial.motion.unlink()
    with pytest.raises(mosa.CorpusError, match="no recording of the corpus can be used"):
        make_clips(folder, tmp_path / "none", on_problem="skip")
    with pytest.raises(mosa.CorpusError, match="exists; choose another"):
        make_clips(small_corpus, tmp_path / "clips")


def test_a_player_who_turns_round_is_named_and_left_out(small_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(small_corpus, folder)
    trial = mosa.find_trials(folder)[0]
    markers = mosa_motion.read_motion(trial.motion)
    half = len(markers) // 2
    middle = markers[:, [MARKERS.index(name) for name in PELVIS]].mean(axis=(0, 1))
    markers[half : 2 * half] = middle + (markers[:half] - middle) * [-1.0, -1.0, 1.0]  # half a turn about the vertical
    mosa_motion.write_motion(trial.motion, markers[: 2 * half])
    said: list[mosa.Problem] = []
    make_clips(folder, tmp_path / "clips", on_problem="skip", say=said.append)
    assert [p.where for p in said] == [trial.prefix]
    assert "turned round" in said[0].what


def test_a_card_that_cannot_be_read_stops_before_the_work(small_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(small_corpus, folder)
    (folder / "card.json").write_text('{"what": ')
    asked: list[int] = []
    with pytest.raises(FileError, match=r"card\.json is empty, cut off"):
        make_clips(folder, tmp_path / "clips", progress=lambda done, of: asked.append(done))
    assert not asked
    assert not list(tmp_path.glob("clips*"))


def test_a_simulation_that_was_stopped_is_told(small_corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(small_corpus, folder)
    assert not warning_of(folder, {"corpus": corpus_card(folder)})
    (folder / "card.json").unlink()
    assert "a simulation that was stopped" in warning_of(folder, {"corpus": corpus_card(folder)})
    (folder / "simulation.json").unlink()  # a corpus of somebody else's
    assert corpus_card(folder) == {}


def test_the_card_travels_with_the_clips(small_clips: Path, small_corpus: Path) -> None:
    card = json.loads((small_clips / "card.json").read_text())
    assert card["joints"] == list(JOINTS)
    assert card["corpus"] == json.loads((small_corpus / "card.json").read_text())
    assert len(card["sha256"]) == 64


def test_splits_keep_pieces_and_players_apart() -> None:
    pieces, players = [f"st{i:04d}" for i in range(400)], [f"sv{i:02d}" for i in range(24)]
    found = {(piece, who): split_of(piece, who) for piece in pieces for who in players}
    held = {piece for (piece, _), split in found.items() if split == "test_piece"}
    unseen = {who for (_, who), split in found.items() if split == "test_performer"}
    trained = {key for key, split in found.items() if split == "train"}
    assert 0.08 < len(held) / 400 < 0.17
    assert 2 <= len(unseen) <= 6
    assert not {piece for piece, _ in trained} & held
    assert not {who for _, who in trained} & unseen
    assert not {piece for piece, _ in trained} & {piece for (piece, _), s in found.items() if s == "valid"}


def test_score_features_of_known_music() -> None:
    rate = 22050
    t = np.arange(4 * rate) / rate
    sound = (0.5 * np.sin(2 * np.pi * 440 * t) * (t > 2)).astype(np.float32)
    tracks = [
        AnnotationTrack("note", (Annotation(2.0, 1.0, {"pitch": 69}),)),
        AnnotationTrack("beat", (Annotation(1.0, 0.0, 1), Annotation(2.0, 0.0, 2))),
        AnnotationTrack("downbeat", (Annotation(1.0, 0.0, 1),)),
        AnnotationTrack("phrase", (Annotation(1.0, 2.0, "A"),)),
        AnnotationTrack(
            "dynamics", (Annotation(0.0, 2.0, "p"), Annotation(1.0, 2.0, "cresc"), Annotation(2.0, 2.0, "ff"))
        ),
        AnnotationTrack("articulation", (Annotation(2.0, 1.0, "legato"),)),
    ]
    found = score_features(tracks, log_mel(sound, rate), sound, rate)
    assert found.shape == (160, 10)
    column = {name: found[:, i] for i, name in enumerate(NAMES)}
    assert (column["one"] == 1).all()
    np.testing.assert_array_equal(np.nonzero(column["beat"])[0], [38, 39, 40, 41, 42, 78, 79, 80, 81, 82])
    np.testing.assert_array_equal(np.nonzero(column["downbeat"])[0], [38, 39, 40, 41, 42])
    assert column["phrase"].sum() == 41
    np.testing.assert_allclose(column["dynamics"][[10, 60, 100]], [2 / 6, 2 / 6, 1.0])
    np.testing.assert_allclose(column["articulation"][[10, 100]], [0.0, 0.5])
    np.testing.assert_allclose(column["pitch"][[10, 100, 130]], [0.0, 69 / 127, 0.0], atol=1e-6)
    assert 78 <= int(np.argmax(column["onset_strength"])) <= 83
    assert column["rms"][60] == 0.0
    assert column["rms"][120] == pytest.approx(1 - 9.03 / 60, abs=0.01)
    nothing = score_features([], log_mel(sound, rate), sound, rate)
    assert (nothing[:, 1:8] == 0).all()


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["cadenza-train", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


def test_the_command_line(
    short_studies: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, clips = tmp_path / "corpus", tmp_path / "clips"
    assert _run(monkeypatch, "simulate", "-o", str(folder), "--hours", "0.001", "--seed", "1") == 0
    assert "1 recordings in" in capfd.readouterr().out
    assert _run(monkeypatch, "clips", str(folder), "-o", str(clips)) == 0
    assert "1 recordings, 0.0" in capfd.readouterr().out
    assert (clips / "clips.json").is_file()
    assert _run(monkeypatch, "clips", str(folder), "-o", str(clips)) == 1
    assert "exists; choose another folder" in capfd.readouterr().err
    assert _run(monkeypatch, "simulate", "-o", str(folder), "--seed", "2") == 1
    assert "holds another simulation" in capfd.readouterr().err
    assert _run(monkeypatch, "clips", str(tmp_path / "none"), "-o", str(tmp_path / "new")) == 1
    assert "is not a folder" in capfd.readouterr().err
    assert _run(monkeypatch, "simulate", "-o", str(folder), "--hours", "0") == 2
    capfd.readouterr()
    other = ["evaluate-recognition", str(WEIGHTS), "--clips", str(clips), "-o", str(tmp_path / "report.md")]
    assert _run(monkeypatch, *other) == 1
    assert capfd.readouterr().err.splitlines()[-1].startswith("cadenza-train: ")


def test_a_full_disk_is_told(small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise soundfile.LibsndfileError(2)

    monkeypatch.setattr(soundfile, "write", full)
    with pytest.raises(mosa.CorpusError, match="is the disk full"):
        corpus.simulate(tmp_path / "corpus", HOURS, SEED)
