# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Making and reading a study: what is copied, what is told, what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from tests.studies import write_conditions, write_film, write_study
from training.cli import main
from training.config_files import ConfigError
from training.study.make import make_study
from training.study.media import MediaError, copy_bare, loudness, probe
from training.study.study_file import StudyError, read_study


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["cadenza-train", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_conditions(tmp_path_factory.mktemp("films"))


def listed(folder: Path, *clips: dict[str, str], name: str = "study.json", **keys: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps({"seed": 1, "clips": clips, **keys}))
    return folder


def clip(piece: str, condition: str, file: Path | str) -> dict[str, str]:
    return {"piece": piece, "condition": condition, "file": str(file)}


def test_the_command_makes_a_study_that_tells_nothing(
    films: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [f"--condition={name}={folder}" for name, folder in films.items()]
    assert command(monkeypatch, "study", "make", *given, "-o", tmp_path / "study") == 0
    out, error = capsys.readouterr()
    assert out.startswith("4 clips")
    assert error == ""
    study = read_study(tmp_path / "study")
    written = yaml.safe_load((tmp_path / "study" / "study.yaml").read_text())
    assert study.seed == written["seed"]
    assert {(c.item.piece, c.item.condition) for c in study.clips} == {
        (p, c) for p in ("de1", "mo2") for c in ("real", "full")
    }
    for one in study.clips:
        assert one.media.seconds == pytest.approx(1.0, abs=0.1)
        content = one.path.read_bytes()
        source = (films[one.item.condition] / f"{one.item.piece}.mp4").read_bytes()
        assert f"{one.item.piece} by {one.item.condition}".encode() in source
        for name in films:
            assert name not in one.path.name
            assert name not in one.id
            assert f"by {name}".encode() not in content
        assert loudness(one.path) == pytest.approx(-17.0, abs=0.5)  # 0.2 / sqrt 2


def test_two_studies_of_the_same_films_have_names_of_their_own(films: dict[str, Path], tmp_path: Path) -> None:
    for seed in (1, 2):
        make_study(films, tmp_path / str(seed), seed)
    one, other = (read_study(tmp_path / seed) for seed in ("1", "2"))
    assert not {c.id for c in one.clips} & {c.id for c in other.clips}
    assert one.fingerprint != other.fingerprint
    assert one.fingerprint == read_study(tmp_path / "1").fingerprint


def test_orders_follow_from_seed_and_rater(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path))
    orders = {tuple(c.id for c in study.order(f"rater {i}")) for i in range(200)}
    assert orders == {tuple(c.id for c in study.order(f"rater {i}")) for i in range(200)}
    assert len(orders) == 24  # all orders of four
    firsts = [study.order(f"rater {i}")[0].id for i in range(400)]
    assert all(70 < firsts.count(c.id) < 130 for c in study.clips)


def test_what_lacks_is_named(films: dict[str, Path], tmp_path: Path) -> None:
    other = write_conditions(tmp_path, ("base",), ("mo2", "ba3"))
    with pytest.raises(
        StudyError, match="base lacks the piece de1; full lacks the piece ba3; real lacks the piece ba3"
    ):
        make_study({**films, **other}, tmp_path / "study", 1)
    (tmp_path / "empty").mkdir()
    for folder, words in ((tmp_path / "nowhere", "no folder"), (tmp_path / "empty", "no mp4 files")):
        with pytest.raises(StudyError, match=words):
            make_study({**films, "third": folder}, tmp_path / "study", 1)
    assert {path.name for path in tmp_path.iterdir()} == {"base", "empty"}


def test_a_folder_in_use_is_left_alone(films: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "notes.txt").write_text("mine")
    with pytest.raises(StudyError, match="there already"):
        make_study(films, tmp_path / "study", 1)
    assert [path.name for path in (tmp_path / "study").iterdir()] == ["notes.txt"]


def test_differences_that_give_a_condition_away_are_told(tmp_path: Path) -> None:
    write_film(tmp_path / "a" / "x.mp4", 1.0)
    write_film(tmp_path / "b" / "x.mp4", 1.5, level=0.1, size=(160, 90))
    told: list[str] = []
    steps: list[tuple[int, int]] = []
    folders = {name: tmp_path / name for name in "ab"}
    make_study(folders, tmp_path / "study", 1, warn=told.append, progress=lambda *step: steps.append(step))
    assert steps == [(1, 2), (2, 2)]
    long, loud, large = told
    assert "x: the films are not equally long: a 1.0" in long
    assert "not equally loud: a -17" in loud
    assert "b -23" in loud
    assert "a 320x180, b 160x90" in large


def test_films_that_cannot_be_shown_are_all_named(films: dict[str, Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    write_film(bad / "de1.mp4", tone=None)
    (bad / "mo2.mp4").write_bytes(b"no film")
    with pytest.raises(StudyError, match=r"de1\.mp4 has no sound; .*mo2\.mp4 is no film"):
        make_study({**films, "bad": bad}, tmp_path / "study", 1)
    assert not (tmp_path / "study").exists()
    with pytest.raises(MediaError, match=r"holds mpeg4 and aac.*libx264"):
        probe(write_film(tmp_path / "old.mp4", codec="mpeg4"))
    whole = films["real"] / "de1.mp4"
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[:-300])  # the index is at the end
    with pytest.raises(MediaError, match=r"cut\.mp4"):
        copy_bare(tmp_path / "cut.mp4", tmp_path / "copy.mp4")


def test_a_study_written_by_hand(films: dict[str, Path], tmp_path: Path) -> None:
    film, silent = films["real"] / "de1.mp4", write_film(tmp_path / "silent.mp4", tone=None)
    good = [clip("p", "a", film), clip("p", "b", film)]
    assert len(read_study(listed(tmp_path / "good", *good)).clips) == 2
    with pytest.raises(ConfigError, match=r"clips\.1\.colour is no known key"):
        read_study(listed(tmp_path / "1", good[0], {**good[1], "colour": "red"}))
    with pytest.raises(ConfigError, match=r"sed is no known key"):
        read_study(listed(tmp_path / "2", *good, sed=1))
    with pytest.raises(StudyError, match=r"gone\.mp4 is not there; .*silent\.mp4 has no sound"):
        read_study(listed(tmp_path / "3", clip("p", "a", "gone.mp4"), clip("p", "b", silent)))
    with pytest.raises(StudyError, match="a has the piece p twice; b lacks the piece q"):
        read_study(listed(tmp_path / "4", *good, good[0], clip("q", "a", film)))
    with pytest.raises(StudyError, match="neither"):
        read_study(tmp_path)
    with pytest.raises(StudyError, match="both"):
        read_study(listed(tmp_path / "good", *good, name="study.yaml"))


@pytest.mark.parametrize("given", ["real", "=films", "real="])
def test_a_condition_is_name_and_folder(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "study", "make", "--condition", given, "-o", tmp_path / "study") == 1
    assert "NAME=FOLDER" in capsys.readouterr().err
