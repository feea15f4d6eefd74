# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train evaluate`` from weights to page, plots and film; what is refused; films while training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from plugins.a2m.targets import PLAYING_TARGETS
from tests.a2m_clips import write_clips, write_piano_clips
from tests.test_a2m_piano import piano_config
from tests.test_study_make import command
from tests.test_train_a2m import TINY, config, logged, run, weights_of
from training.a2m_clips import Clips
from training.a2m_sway import add_sway
from training.evaluate import moved, predict, real_points
from training.report import film
from training.report.contestants import open_contestants
from training.report.film import FilmError, write_film
from training.report.stick_figure import Body, line, seen
from training.study.media import loudness, probe

SPLITS = ("train", "train", "valid", "test_piece", "test_piece", "test_performer")
PAPER = TINY | {"audio_width": 8, "score_width": 8}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"), seconds=10.0, splits=SPLITS)


@pytest.fixture(scope="module")
def trained(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Weights that play, two of the paper's four, and two folds."""
    folder = tmp_path_factory.mktemp("runs")
    playing = {part: list(joints) for part, joints in PLAYING_TARGETS.items()}
    ours = {"targets": playing, "model": TINY | {"positions": "rotary"}}
    paper: dict[str, Any] = {"score": True, "strokes": False, "model": PAPER}
    runs = {
        "ours": ours,
        "Full": paper,
        "SNSL": paper | {"variant": "SNSL"},
        "fold0": paper | {"fold": 0},
        "fold3": paper | {"fold": 3},
    }
    return {name: run(config(clips, folder / name, max_steps=2, **changes)) for name, changes in runs.items()}


@pytest.fixture(scope="module")
def corpus(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sound of the recording that is filmed."""
    folder = tmp_path_factory.mktemp("corpus")
    recording = Clips.open(clips, "violin").split("test_piece")[0]
    names = (recording.piece, recording.performer, recording.trial)
    trial = folder / "yv" / Path(*names)
    trial.mkdir(parents=True)
    tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(10 * 22050) / 22050)
    soundfile.write(trial / f"{'_'.join(names)}_audio.wav", tone, 22050)
    return folder


def test_the_command_writes_a_page_with_plots_and_a_film(
    clips: Path, corpus: Path, trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.report.evaluation.FILM_SECONDS", 2.0)
    out = tmp_path / "results" / "a2m.md"
    options = ["--clips", clips, "-o", out, "--film", out.with_suffix(".mp4"), "--corpus", corpus]
    weights = [trained["ours"], *(f"{name}={path}" for name, path in trained.items() if name != "ours")]
    assert command(monkeypatch, "evaluate", *weights, *options) == 0
    page = out.read_text()
    for expected in ("## Unseen pieces", "## Unseen players", "random five-fold", "FD_g as a part of that of SNSL"):
        assert page.count(expected) == (2 if "SNSL" in expected else 1)
    assert "2 recordings, 0.3 minutes, of 2 pieces by 2 players; clips of 10 s." in page
    assert "random fold 3 held out" in page
    assert "trained on other clips" not in page
    # Folds, their mean, and the same training on the honest split; not the SNSL.
    folds = page[page.index("random five-fold") :]
    assert [row.split(" | ")[:2] for row in folds.splitlines() if row.startswith(("| F", "| f"))] == [
        ["| fold0", "fold 0"],
        ["| fold3", "fold 3"],
        ["| Full", "unseen pieces"],
        ["| Full", "unseen players"],
    ]
    assert "mean of 2 folds" in folds
    for name in ("a2m_bow.png", "a2m_fd.png", "a2m_acceleration.png", "a2m.mp4", "a2m.jpg"):
        assert f"({name})" in page
        assert (out.parent / name).stat().st_size > 1000
    media = probe(out.with_suffix(".mp4"))
    assert media.seconds == pytest.approx(2.0, abs=0.1)
    assert loudness(out.with_suffix(".mp4")) == pytest.approx(-17.0, abs=1.0)
    assert sorted(path.name for path in out.parent.iterdir() if path.name.startswith(".")) == []
    # Only who has both ends of the bow can be asked for contact.
    contact = page[page.index("hair to string, mean") :].splitlines()
    assert [row[:7] for row in contact[2:4]] == ["| ours ", ""]


def test_a_pianist_is_evaluated_by_the_wrists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = write_piano_clips(tmp_path / "clips", seconds=8.0)
    weights = run(piano_config(clips, tmp_path / "run", max_steps=2))
    out = tmp_path / "piano.md"
    given = (weights, "--clips", clips, "-o", out, "--instrument", "piano")
    assert command(monkeypatch, "evaluate", *given) == 0
    page = out.read_text()
    assert "wrists off, mm" in page
    assert "bow" not in page
    assert not (tmp_path / "piano_bow.png").exists()
    assert "## Unseen pieces" in page
    assert command(monkeypatch, "evaluate", *given, "--split", "train", "--split", "valid") == 0
    page = out.read_text()
    assert page.index("## Trained on") < page.index("## Validation")
    assert "## Unseen" not in page
    violins = write_clips(tmp_path / "violins", seconds=4.0)
    assert command(monkeypatch, "evaluate", weights, "--clips", violins, "-o", out) == 1
    assert "moves the skeleton 'pianist', not 'violinist'" in capsys.readouterr().err


def test_what_cannot_be_evaluated_is_named(
    clips: Path,
    corpus: Path,
    trained: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, seen_all = tmp_path / "a2m.md", write_clips(tmp_path / "seen", seconds=4.0, splits=("train", "valid"))
    other = write_clips(tmp_path / "other", seconds=4.0, splits=("train", "valid", "test_piece"))
    (tmp_path / "broken.safetensors").write_bytes(trained["ours"].read_bytes()[:-9])
    film = ("--film", tmp_path / "a.mp4")
    cases: list[tuple[tuple[object, ...], str]] = [
        ((trained["ours"], "--clips", seen_all), "no recordings of unseen pieces or unseen players"),
        ((trained["fold0"], "--clips", other), "fold0 is of a random fold of other clips"),
        ((trained["ours"], f"ours={trained['Full']}", "--clips", clips), "ours is a name already"),
        ((tmp_path / "no.safetensors", "--clips", clips), "no.safetensors"),
        ((tmp_path / "broken.safetensors", "--clips", clips), "broken.safetensors"),
        ((trained["ours"], "--clips", tmp_path / "nowhere"), "clips.json cannot be read"),
        ((trained["ours"], "--clips", clips, *film), "--film needs --corpus"),
        ((trained["ours"], "--clips", clips, "--film", "/a/a.mp4", "--corpus", corpus), "beside the report"),
        ((trained["ours"], "--clips", other, *film, "--corpus", corpus), "has no performance piece2/vn02/01"),
    ]
    for given, reason in cases:
        assert command(monkeypatch, "evaluate", *given, "-o", out) == 1
        assert reason in capsys.readouterr().err
    assert command(monkeypatch, "evaluate", trained["ours"], "--clips", clips, "-o", tmp_path / "a.html") == 1
    assert "must end in .md" in capsys.readouterr().err
    assert not out.exists()


def test_who_stops_it_finds_nothing_half_done(
    clips: Path, trained: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.report.measuring.predict", stop)
    out = tmp_path / "results" / "a2m.md"
    assert command(monkeypatch, "evaluate", trained["ours"], "--clips", clips, "-o", out) == 130
    assert not out.parent.exists()


def test_a_line_is_drawn_where_it_is_and_what_is_unknown_is_not() -> None:
    picture = np.full((40, 60, 3), 255, np.uint8)
    line(picture, np.array([10.0, 20.0]), np.array([50.0, 20.0]), (0, 0, 0), 4.0)
    assert (picture[19:22, 12:49] == 0).all()
    assert (picture[:16] == 255).all()
    assert (picture[:, :6] == 255).all()
    before = picture.copy()
    line(picture, np.array([np.nan, 20.0]), np.array([50.0, 20.0]), (0, 0, 0), 4.0)
    line(picture, np.array([-90.0, -20.0]), np.array([-50.0, -20.0]), (0, 0, 0), 4.0)
    np.testing.assert_array_equal(picture, before)


def test_what_a_model_does_not_say_goes_with_the_neck(clips: Path) -> None:
    opened = Clips.open(clips, "violin")
    recording = opened.recordings[0]
    body = Body.of(opened, recording)
    points = real_points(opened, recording.rows, ("neck", "right_index_proximal", "bow_tip"))
    moved = points | {"neck": points["neck"] + [0.0, 0.0, 0.1]}
    whole, higher = body.completed(points), body.completed(moved)
    np.testing.assert_allclose(higher["left_upper_arm"] - whole["left_upper_arm"], [[0.0, 0.0, 0.1]] * recording.frames)
    np.testing.assert_array_equal(higher["hips"], whole["hips"])
    np.testing.assert_array_equal(whole["bow_frog"], points["right_index_proximal"])
    assert (seen(higher)["head"][:, 1] > seen(whole)["head"][:, 1]).all()


def test_a_film_that_cannot_be_written_leaves_nothing(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Clips.open(clips, "violin")
    recording = opened.recordings[0]
    players = {"real": real_points(opened, slice(0, 8), ("neck", "head"))}
    body = Body.of(opened, recording)
    (tmp_path / "file").write_text("")
    with pytest.raises(FilmError, match=r"a\.mp4 cannot be written"):
        write_film(tmp_path / "file" / "a.mp4", players, body)

    def full(*_: object) -> None:
        (tmp_path / ".a.part.mp4").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(film, "_encode", full)
    with pytest.raises(FilmError, match="No space left"):
        write_film(tmp_path / "a.mp4", players, body)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(FilmError, match="films need PyAV"):
        write_film(tmp_path / "a.mp4", players, body)


def test_training_shows_itself_and_ends_the_same(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.report.training_film.FRAMES", 40)
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    watched = {"film": True, "tensorboard": True, "max_steps": 8, "validate_every": 4, "save_every": 4}
    run(config(clips, tmp_path / "plain", **(watched | {"film": False, "tensorboard": False})))
    run(config(clips, tmp_path / "shown", **(watched | {"max_steps": 5})))
    run(config(clips, tmp_path / "shown", **watched))
    plain, shown = weights_of(tmp_path / "plain"), weights_of(tmp_path / "shown")
    for name, value in plain.items():
        if name != "best":  # the run of five steps has a validation of its own
            np.testing.assert_array_equal(shown[name], value)
    films = logged(tmp_path / "shown", "film")
    assert films == ["films/000004.mp4", "films/000005.mp4", "films/000008.mp4"]
    for name in films:
        assert (tmp_path / "shown" / str(name)).stat().st_size > 1000
    board = EventAccumulator(str(tmp_path / "shown" / "tensorboard"))
    board.Reload()
    losses = board.Scalars("loss")
    assert [event.step for event in losses] == list(range(1, 9))
    np.testing.assert_allclose([event.value for event in losses], logged(tmp_path / "plain", "loss"), rtol=1e-6)
    assert len(board.Scalars("validation")) == 3
    assert not (tmp_path / "plain" / "tensorboard").exists()


def test_training_goes_on_without_what_shows_it(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    monkeypatch.setitem(sys.modules, "av", None)
    run(config(clips, tmp_path, film=True, tensorboard=True, max_steps=2))
    assert "no tensorboard here" in capsys.readouterr().out
    assert logged(tmp_path, "film") == ["films need PyAV; run: pip install 'cadenza[training]'"]
    assert len(logged(tmp_path, "loss")) == 2


def test_who_sways_is_measured_without_it_too(clips: Path, trained: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "swaying.safetensors"
    path.write_bytes(trained["ours"].read_bytes())
    opened = Clips.open(clips, "violin")
    add_sway(path, opened, "violin")
    swaying, still = open_contestants([str(path)], "violin")
    assert (swaying.name, still.name) == ("swaying", "swaying without sway")
    recording = opened.split("test_piece")[0]
    said = predict(swaying.predictor, opened, recording)
    (bowed,) = open_contestants([str(trained["ours"])], "violin")
    calm, plain, swayed = (moved(c.predictor, said, 1).points["head"] for c in (still, bowed, swaying))
    np.testing.assert_array_equal(calm, plain)
    assert np.abs(swayed - plain).max() > 1e-6


def test_contestants_are_called_after_their_folders(trained: dict[str, Path], tmp_path: Path) -> None:
    named = tmp_path / "violin.safetensors"
    named.write_bytes(trained["ours"].read_bytes())
    found = open_contestants([str(trained["SNSL"]), str(named), f"mine={named}"], "violin")
    assert [who.name for who in found] == ["SNSL", "violin", "mine"]
    assert [who.variant for who in found] == ["SNSL", "", ""]
    assert [who.plays for who in found] == [False, True, True]
