# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Training of what repairs motion: takes, noise, the published networks, a run that goes on, what is measured."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from plugins.api.transformer import parameter_count
from plugins.mapnet.checkpoint import load_weights
from plugins.mapnet.config import HEARD, OUR_POSE, MapNetConfig, paper
from plugins.mapnet.corrector import MapNet
from plugins.mapnet.model import network_of
from tests.simulated import short_studies, small_corpus, small_piano_corpus  # noqa: F401 - fixtures
from tests.test_mapnet import corrected, error, jittery, performance
from training.a2m_clips import ClipsError
from training.cli import main
from training.config_files import ConfigError, checked
from training.datasets.mosa import CorpusError
from training.datasets.telmi import AROUND, find_sessions, read_session, read_tsv
from training.mapnet.batches import Known, elsewhere, our_batch, paper_batch
from training.mapnet.config import MapNetRun
from training.mapnet.filters import families
from training.mapnet.habits import fit_habit, fit_usual
from training.mapnet.judging import judge
from training.mapnet.noise import PAPER_RATES, our_noise, paper_noise, seen_at
from training.mapnet.takes import Takes, make_takes
from training.mapnet.train import train

# ruff: noqa: F811 - fixtures are arguments

TINY = {"width": 16, "heads": 2, "feed_forward": 16, "pose_layers": 1, "sound_layers": 1, "fusion_layers": 1}


@pytest.fixture(scope="module")
def folder(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes; all of them to train on, whoever plays what."""
    out = tmp_path_factory.mktemp("takes") / "takes"
    make_takes(small_corpus, out, paper=True)
    rows = json.loads((out / "takes.json").read_text())
    for i, row in enumerate(rows):
        row["split"] = "train" if i else "test_piece"
    (out / "takes.json").write_text(json.dumps(rows))
    return out


def config(folder: Path, output: Path, **changes: Any) -> MapNetRun:
    raw = {
        "takes": str(folder),
        "output": str(output),
        "model": TINY,
        "window": 50,
        "batch": 2,
        "steps": 4,
        "validate_every": 2,
        "save_every": 2,
        "tensorboard": False,
        **changes,
    }
    return checked(MapNetRun, raw, "test")


def test_takes_hold_what_they_say(folder: Path) -> None:
    takes = Takes.open(folder, paper=True)
    for row in takes.rows:
        joints, heard = takes.of(row, "joints"), takes.of(row, "heard")
        assert joints.shape == (row["frames"], 13, 3)
        assert heard.shape == (row["sound_frames"], HEARD)
        assert abs(len(joints) / 50 - len(heard) / 40) < 0.1
        upper_arm = np.linalg.norm(joints[:, 3] - joints[:, 1], axis=1)
        assert upper_arm.std() < 0.01
        assert upper_arm.mean() == pytest.approx(0.325, abs=0.03)  # a body of size 1
        assert joints[:, 12, 2].mean() < joints[:, 10, 2].mean() < joints[:, 0, 2].mean()  # toes, knees, neck
        assert set(np.unique(takes.of(row, "paper")[:, 33])) <= {0.0, 1.0}  # peaks
    card = json.loads((folder / "card.json").read_text())
    assert card["recordings"] == len(takes.rows)


def test_takes_are_of_violinists(small_piano_corpus: Path, tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(CorpusError, match="no recording of the corpus can be used"):
        make_takes(small_piano_corpus, tmp_path / "takes", say=said.append)
    assert all("is of the piano; the network repairs violinists" in what for what in said)
    with pytest.raises(CorpusError, match="is of the piano"):
        make_takes(small_piano_corpus, tmp_path / "takes", on_problem="fail")


def test_takes_that_are_cut_off_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ClipsError, match="make one with cadenza-train takes"):
        Takes.open(tmp_path)
    for name in ("takes.json", "card.json", "joints.npy", "playing.npy"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    np.save(tmp_path / "heard.npy", np.zeros((3, HEARD), np.float16))
    with pytest.raises(ClipsError, match="heard"):
        Takes.open(tmp_path)
    with pytest.raises(CorpusError, match="exists"):
        make_takes(tmp_path, folder)


@pytest.mark.parametrize("tau", PAPER_RATES)
def test_the_papers_noise_is_as_published(tau: float) -> None:
    truth = np.zeros((15_000, 13, 3)) + np.arange(13)[:, None]
    looks = paper_noise(truth, PAPER_RATES[tau], np.random.default_rng(1))
    assert len(looks.times) == pytest.approx(15_000 * tau, rel=0.02)
    away = looks.places - np.arange(13)[None, :, None]
    assert np.median(np.abs(away)) / 0.6745 == pytest.approx(0.3, rel=0.1)
    # Five a minute for 1.75 s: 14 % of the time in expectation, overlaps apart.
    assert 0.03 < looks.swapped.mean() < 0.3


def test_our_noise_has_everything() -> None:
    truth = np.zeros((400, 13, 3))
    seen = [our_noise(truth, np.random.default_rng(i)) for i in range(60)]
    rates = [len(s.times) / 10.0 for s in seen]
    assert min(rates) < 12.0
    assert max(rates) > 70.0
    assert any(np.isnan(s.places[:, 7:]).all() for s in seen)
    assert any(s.swapped.any() for s in seen)
    assert all((s.times >= 0).all() and s.times[-1] < 10.0 for s in seen)
    assert len(seen_at(51, 25.0, 50.0)) == 26


def test_batches_are_laid_out_for_the_networks(folder: Path) -> None:
    takes = Takes.open(folder, paper=True)
    habit = fit_habit(takes, takes.rows)
    assert habit.amplitude[5] > habit.amplitude[0] > habit.amplitude[11]  # the bow hand, the neck, the toes
    known = Known(habit, fit_usual(takes, takes.rows))
    batch = our_batch(takes, takes.rows[:2], 50, known, 0.0, np.random.default_rng(0))
    assert batch.looks.shape == (2, 50, OUR_POSE)
    assert batch.sound.shape == (2, 50, HEARD)
    assert np.isfinite(batch.looks).all()
    assert np.linalg.norm(batch.places - batch.truth, axis=-1).mean() < 0.3
    published = paper_batch(takes, takes.rows[:2], 25.0, 75, np.random.default_rng(0))
    assert (published.pose.shape, published.sound.shape) == ((2, 75, 39), (2, 150, 35))


def test_how_players_stand_is_learned(folder: Path) -> None:
    takes = Takes.open(folder)
    usual = fit_usual(takes, takes.rows)
    middles = np.array([takes.of(row, "joints").mean(axis=0) for row in takes.rows])
    assert np.linalg.norm(usual.places - middles.mean(axis=0), axis=-1).max() < 0.1
    assert 3 <= len(usual.shapes) < 39
    # Turned, moved and sized: what lies that way is explained by the shapes.
    rng = np.random.default_rng(3)
    away = np.array([(elsewhere(middles[0], rng) - usual.places).ravel() for _ in range(20)])
    ways, _ = np.linalg.qr(usual.shapes.reshape(len(usual.shapes), -1).T)
    assert np.linalg.norm(away - away @ ways @ ways.T) < 0.1 * np.linalg.norm(away)


def test_the_published_network_and_its_baselines() -> None:
    sound = torch.zeros(2, 150, 35)
    for tau, frames in ((1.0, 150), (0.5, 75), (0.33, 51)):
        for fusion, layers in (("late", (12, 2)), ("balanced", (7, 7)), ("early", (2, 12))):
            run = MapNetRun(takes="", output="", network="mapnet", tau=tau, fusion=fusion)
            assert (run.mapnet.frames_in, run.mapnet.width) == (frames, 160)
            assert (run.mapnet.pose_layers, run.mapnet.fusion_layers) == layers
    for kind in ("mapnet", "pose-transformer", "lstm-pose", "lstm-pose-audio"):
        for rebalance in (True, False):
            small = paper(kind, 51).model_copy(update={**TINY, "rebalance": rebalance})
            answer = network_of(small)(torch.zeros(2, 51, 39), sound)
            assert answer.shape == (2, 150, 13, 3)
    late = parameter_count(network_of(paper()))
    without = parameter_count(network_of(paper().model_copy(update={"rebalance": False})))
    assert late - without == 2 * (150 * 150 + 150)  # a linear layer over time for each


def test_a_run_goes_on_as_if_it_had_not_stopped(folder: Path, tmp_path: Path) -> None:
    whole = train(config(folder, tmp_path / "whole"))
    train(config(folder, tmp_path / "parts", minutes=1e-9))  # one step
    again = train(config(folder, tmp_path / "parts"))
    first, second = load_weights(whole), load_weights(again)
    assert all(np.array_equal(first.tensors[name], second.tensors[name]) for name in first.tensors)
    with pytest.raises(ConfigError, match="another config"):
        train(config(folder, tmp_path / "parts", seed=1))


def test_what_was_trained_repairs(folder: Path, tmp_path: Path) -> None:
    component = MapNet(train(config(folder, tmp_path / "run")))
    component.load("cpu")
    truth = performance()
    given = jittery(truth, 0.05)
    assert error(corrected(component, given), truth) < 0.5 * error(given, truth)


@pytest.mark.parametrize("network", ["mapnet", "lstm-pose-audio"])
def test_published_networks_are_trained_and_measured(
    folder: Path, tmp_path: Path, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = train(config(folder, tmp_path / "ours"))
    other = train(config(folder, tmp_path / network, network=network, tau=0.33))
    out = tmp_path / "new folder" / "report.md"
    arguments = [str(folder), "--checkpoint", f"ours={ours}", "--checkpoint", f"theirs@0.33={other}", "-o", str(out)]
    monkeypatch.setattr(sys, "argv", ["cadenza-train", "evaluate-mapnet", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    page = out.read_text()
    rows = {line.split(" | ")[0].strip("| "): line.split(" | ") for line in page.splitlines() if line.startswith("| ")}
    assert {"ours", "ours, given no sound", "its smoother alone", "theirs", "moving average (3)"} <= set(rows)
    assert float(rows["ours"][1].split()[0]) < float(rows["moving average (3)"][1].split()[0])
    assert (out.parent / "report_wrist.png").stat().st_size > 10_000
    for wrong in (f"theirs={other}", f"theirs@1.0={other}", f"theirs@fast={other}"):
        with pytest.raises(ConfigError, match=r"trained at tau 0\.33; say NAME@0\.33=FILE|tau is one of"):
            judge(str(folder), [wrong], out, 1, 1)


def test_filters_keep_what_stands_still() -> None:
    still = np.ones((40, 2, 3))
    for _, members in families():
        for _, run in members:
            assert np.allclose(run(still, 25.0), 1.0)


def test_a_config_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tau must be one of"):
        config(tmp_path, tmp_path, network="mapnet", tau=0.7)
    for network in ("ours", "mapnet"):
        with pytest.raises(ConfigError, match=r"model\.wdith is no known key"):
            config(tmp_path, tmp_path, network=network, model={"wdith": 3})
    with pytest.raises(ConfigError, match="network"):
        config(tmp_path, tmp_path, network="magic")
    assert MapNetConfig().kind == "ours"


def test_a_window_longer_than_every_take_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no take of 4000 s to train on; make window \(100000 frames\) smaller"):
        train(config(folder, tmp_path, window=100_000))


def write_telmi(folder: Path, frames: int = 200) -> np.ndarray:
    """A session in Qualisys' format: a body that sways, and a bow that is at the strings from frame 50 on."""
    truth = np.random.default_rng(0).uniform(-400.0, 400.0, (13, 3)) + [0.0, 0.0, 1000.0]
    sway = 30.0 * np.sin(np.arange(frames) / 25.0)[:, None] * [1.0, 0.0, 0.0]
    markers: dict[str, np.ndarray] = {}
    for place, (names) in zip(truth, AROUND.values(), strict=True):
        for i, group in enumerate(names):
            side = (20.0 if i == 0 else -20.0) if len(names) > 1 else 0.0
            markers[group[0]] = place + sway + [0.0, side, 0.0]
    bridge = np.array([0.0, -200.0, 1300.0]) + sway
    away = np.where(np.arange(frames) < 50, 600.0, 0.0)[:, None] * [0.0, 0.0, -1.0]
    markers |= {"BRIDGE": bridge, "BOWFROG": bridge + away - [300.0, 0, 0], "BOWTIP": bridge + away + [300.0, 0, 0]}
    markers["C7"][100:104] = 0.0  # not seen
    folder.mkdir(parents=True)
    head = [f"NO_OF_FRAMES\t{frames}", f"NO_OF_MARKERS\t{len(markers)}", "FREQUENCY\t50"]
    head.append("MARKER_NAMES\t" + "\t".join(markers))
    rows = ["\t".join(f"{v:.3f}" for m in markers.values() for v in m[t]) for t in range(frames)]
    (folder / "take.tsv").write_text("\n".join([*head, *rows]) + "\n")
    soundfile.write(folder / "take.wav", np.sin(np.arange(frames * 441) / 20.0) * 0.1, 22050)
    return truth / 1000.0


def test_telmis_layout_is_read(tmp_path: Path) -> None:
    truth = write_telmi(tmp_path / "staccato" / "anna" / "t1")
    (session,) = find_sessions(tmp_path)
    assert session.name == "staccato/anna/t1"
    joints, samples, rate = read_session(session)
    assert joints.shape == (150, 13, 3)  # from where the bow is at the strings
    assert np.allclose(joints.mean(axis=0), truth, atol=0.04)
    assert len(samples) / rate == pytest.approx(3.0, abs=0.02)
    markers, fps = read_tsv(session.motion)
    assert fps == 50.0
    assert np.isnan(markers["C7"][101]).all()
    text = session.motion.read_text()
    session.motion.write_text(text.replace("LTOE", "OTHER"))
    with pytest.raises(CorpusError, match="no marker for LTOE"):
        read_session(session)
    session.motion.write_text(text[:-400])
    with pytest.raises(CorpusError, match="truncated"):
        read_session(session)
    session.motion.write_text("nothing")
    with pytest.raises(CorpusError, match="no table of Qualisys"):
        read_session(session)
    with pytest.raises(CorpusError, match="holds no recordings"):
        find_sessions(tmp_path / "staccato")


def test_telmi_becomes_takes(tmp_path: Path) -> None:
    write_telmi(tmp_path / "corpus" / "staccato" / "anna" / "t1")
    card = make_takes(tmp_path / "corpus", tmp_path / "takes", telmi=True)
    assert (card["recordings"], card["left_out"]) == (1, [])
