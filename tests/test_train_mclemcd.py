# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Training of the style embedding on dances that nobody danced: it learns, goes on, is measured, and is used."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from plugins.api import Audio, ComponentError, JobContext, Motion
from plugins.api.checkpoint import CheckpointError, load_checkpoint
from plugins.api.testing import declaration_problems
from plugins.mclemcd import style
from plugins.mclemcd.checkpoint import load_weights
from plugins.mclemcd.style import DanceStyle, Embedder, style_annotations
from tests.styled_dances import write_dances
from training.cli import main
from training.config_files import ConfigError, checked
from training.datasets import music_to_dance
from training.datasets.dances import Dance, DanceError
from training.mclemcd import figures
from training.mclemcd.clock import told_by_roughness
from training.mclemcd.config import MclemcdConfig, Split
from training.mclemcd.losses import Batch, terms
from training.mclemcd.segments import Segments, cut, folds, split
from training.mclemcd.train import Run, train, turned
from training.mclemcd.trials import Answer

JOINTS = ["spine", "head", "left_hand", "right_hand", "left_upper_leg", "right_upper_leg"]
TINY = {"units": [4, 4, 4, 4, 8, 8], "music_channels": 4, "dense": [16], "smooth": 0.05}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dances(tmp_path_factory.mktemp("dances"), pieces=3, seconds=6.0)


@pytest.fixture(scope="module")
def dances(folder: Path) -> list[Dance]:
    return music_to_dance.read_dances(folder)


def raw(folder: Path, output: Path, **changes: Any) -> dict[str, Any]:
    return {
        "data": {"folder": str(folder), "joints": JOINTS},
        "output": str(output),
        "split": {"folds": 3},
        "model": TINY,
        "epochs": 6,
        "batch": 8,
        "schedule": {"learning_rate": 0.01, "decay": 1.0},
        "log_every": 1,
        "save_every": 4,
        "machine": {"accelerator": "cpu", "threads": 1},
    } | changes


def config(folder: Path, output: Path, **changes: Any) -> MclemcdConfig:
    return checked(MclemcdConfig, raw(folder, output, **changes), "test")


@pytest.fixture(scope="module")
def segments(folder: Path, dances: list[Dance]) -> Segments:
    made = config(folder, folder / "unused")
    return cut(dances, made.data.joints, made.style)


@pytest.fixture(scope="module")
def weights(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(config(folder, tmp_path_factory.mktemp("run"), epochs=10, split={"by": "all"}))


def logged(path: Path, key: str) -> list[float]:
    rows = [json.loads(line) for line in (path / "log.jsonl").read_text().splitlines()]
    return [row[key] for row in rows if key in row]


def test_it_learns_together_and_apart(folder: Path, tmp_path: Path) -> None:
    train(config(folder, tmp_path, epochs=20, model=TINY | {"fusion": "limbs"}))
    motion, pair = logged(tmp_path, "motion"), logged(tmp_path, "pair")
    assert np.mean(motion[-4:]) < 0.6 * np.mean(motion[:4])
    assert len(pair) == len(motion) // 2  # only after the switch
    assert np.mean(pair[-4:]) < np.mean(pair[:4])
    assert logged(tmp_path, "accuracy")[0] > 0.7


def test_a_run_taken_up_again_ends_the_same(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train(config(folder, tmp_path / "whole"))
    advance, steps = Run.advance, []

    def broken(self: Run, step: int) -> dict[str, float]:
        if step == 6:
            raise KeyboardInterrupt
        steps.append(step)
        return advance(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "advance", broken)
        with pytest.raises(KeyboardInterrupt):
            train(config(folder, tmp_path / "parts"))
    parts = train(config(folder, tmp_path / "parts"))
    assert steps == list(range(6))
    first, second = load_weights(whole), load_weights(parts)
    for name, value in first.tensors.items():
        np.testing.assert_array_equal(second.tensors[name], value)
    assert logged(tmp_path / "parts", "loss") == logged(tmp_path / "whole", "loss")
    with pytest.raises(ConfigError, match="another config"):
        train(config(folder, tmp_path / "parts", seed=1))


def test_a_run_that_diverges_says_so(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"diverged in step \d+: .* a lower schedule.learning_rate"):
        train(config(folder, tmp_path, schedule={"learning_rate": 1e30}))


def test_losses_are_the_papers(segments: Segments, folder: Path, tmp_path: Path) -> None:
    run = Run(config(folder, tmp_path, model=TINY | {"fusion": "joints", "music": "plain"}), segments, np.arange(6))
    network: Any = run.network.eval()
    seen = {n: torch.from_numpy(v) for n, v in run.seen(segments.places[:4]).items()}
    batch = Batch(seen, torch.from_numpy(segments.sound[:4]), torch.tensor([0, 1, 1, 0]))
    with torch.no_grad():
        apart, together = (terms(network, batch, together=on) for on in (False, True))
        z, a = network.move(seen).embedding["joints"], network.encoder(batch.heard)
    assert set(apart) == {"motion", "music", "reconstruction"}
    assert together["pair"].item() == pytest.approx(((z - a) ** 2).mean().item(), rel=1e-5)
    again = ((network.decoder(z) - batch.heard) ** 2).mean().item()
    assert together["reconstruction"].item() == pytest.approx(again, rel=1e-5)
    alone = ((network.decoder(a) - batch.heard) ** 2).mean().item()
    assert apart["reconstruction"].item() == pytest.approx(alone, rel=1e-5)


def test_normalisation_is_measured_when_training_ends(segments: Segments, folder: Path, tmp_path: Path) -> None:
    rows = np.arange(len(segments))
    run = Run(config(folder, tmp_path, model=TINY | {"fusion": "joints"}), segments, rows)
    for step in range(3):
        run.advance(step)
    before = run.logits(rows)["joints"]
    run.settle()
    after = run.logits(rows)["joints"]
    assert np.abs(after - before).max() > 1e-3
    run.settle()  # it is of the network alone
    np.testing.assert_allclose(run.logits(rows)["joints"], after, atol=1e-5)
    norm: Any = run.network.motion["joints"].norm  # type: ignore[index]
    assert norm.momentum == 0.1
    np.testing.assert_allclose(run.average()["motion.joints.norm.running_mean"], norm.running_mean.numpy())


def test_the_sound_goes_on_being_learned_from_itself(segments: Segments, folder: Path, tmp_path: Path) -> None:
    run = Run(config(folder, tmp_path, model=TINY | {"fusion": "joints"}), segments, np.arange(6))
    network: Any = run.network.eval()
    seen = {n: torch.from_numpy(v) for n, v in run.seen(segments.places[:4]).items()}
    batch = Batch(seen, torch.from_numpy(segments.sound[:4]), torch.tensor([0, 1, 1, 0]))
    with torch.no_grad():
        apart, paper, ours = (
            terms(network, batch, together=on, keep_music=keep)["reconstruction"].item()
            for on, keep in ((False, True), (True, False), (True, True))
        )
    assert ours == pytest.approx(apart + paper, rel=1e-5)


def test_a_turned_dance_is_as_tall() -> None:
    places = np.random.default_rng(0).normal(size=(3, 25, 4, 3)).astype(np.float32)
    found = turned(places, np.array([0.0, np.pi / 2, 1.0]))
    np.testing.assert_allclose(found[0], places[0])
    np.testing.assert_allclose(found[1, ..., 0], -places[1, ..., 1], atol=1e-6)
    np.testing.assert_allclose(found[..., 2], places[..., 2])
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), np.linalg.norm(places, axis=-1), rtol=1e-5)


def test_pieces_are_kept_apart_and_every_class_is_in_every_fold(segments: Segments) -> None:
    dealt = folds(segments, 3, seed=0)
    assert sorted(piece for fold in dealt for piece in fold) == sorted(segments.pieces)
    assert all({piece[6] for piece in fold} == {"W", "R"} for fold in dealt)
    held: list[int] = []
    for fold in range(3):
        rows, kept = split(segments, Split(folds=3, fold=fold), 0)
        assert not set(segments.owner[rows]) & set(segments.owner[kept])
        held += kept.tolist()
    assert sorted(held) == list(range(len(segments)))
    rows, kept = split(segments, Split(by="segments"), 0)
    assert not set(rows) & set(kept)
    assert set(segments.owner[rows]) & set(segments.owner[kept])  # the paper's shares pieces out
    assert len(split(segments, Split(by="all"), 0)[0]) == len(segments)
    with pytest.raises(DanceError, match="no published split"):
        split(segments, Split(by="published"), 0)
    with pytest.raises(DanceError, match="3 pieces of rumba, fewer than 4"):
        folds(segments, 4, seed=0)


def test_parity_takes_the_released_limbs(dances: list[Dance], folder: Path) -> None:
    whole = {"data": {"folder": str(folder)}, "model": TINY | {"parity": True}}
    made = config(folder, folder / "unused", **whole)
    found = cut(dances, made.data.joints, made.style)
    names = found.skeleton.joints
    assert [(names[a], names[b]) for a, b in found.edges] == list(music_to_dance.RELEASED)
    assert len(cut(dances, (), made.style.model_copy(update={"parity": False})).edges) == 22


def test_figures() -> None:
    matrices = np.array([[[8.0, 2.0], [1.0, 1.0]]])
    assert figures.accuracy(matrices)[0] == pytest.approx(0.75)
    assert figures.balanced(matrices)[0] == pytest.approx((0.8 + 0.5) / 2)
    assert figures.macro_f(matrices)[0] == pytest.approx((16.0 / 19.0 + 2.0 / 5.0) / 2)


def test_who_always_says_the_commonest_gets_what_that_gets(segments: Segments) -> None:
    answers = [
        Answer("piece", 0, "late", "none", name, (1, 5) if name[6] == "W" else (6, 0), int(name[6] == "W"))
        for name in segments.names
    ]
    found = figures.measured(figures.Said.of(answers, segments), segments)
    assert found["piece", "accuracy"][0] == 1.0
    assert found["second", "accuracy"][0] == pytest.approx(11.0 / 12.0)
    assert found["second", "accuracy"].shape == (1001,)
    assert figures.measured(figures.constant(segments)["by lot"], segments)["second", "accuracy"][0] == 0.5


def test_a_class_can_be_told_by_its_captures_rate(segments: Segments) -> None:
    """The stand-ins' waltzes and rumbas differ in roughness alone, too."""
    found = figures.measured(told_by_roughness(segments, 3), segments)
    assert found["piece", "accuracy"][0] == 1.0


def command(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["cadenza-train", *arguments])
    main()


def test_the_commands(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(raw(folder, tmp_path / "run", epochs=1, split={"folds": 2})))  # JSON is YAML
    out, results = tmp_path / "docs" / "page.md", tmp_path / "said.jsonl"
    evaluate = ["evaluate-mclemcd", "--config", str(file), "-o", str(out), "--seeds", "1", "--results", str(results)]
    for arguments in (["mclemcd", "--config", str(file)], evaluate):
        with pytest.raises(SystemExit) as stopped:
            command(arguments, monkeypatch)
        assert stopped.value.code == 0
    assert (tmp_path / "run" / "mclemcd.safetensors").exists()
    page = out.read_text()
    for part in (
        "both, late fusion",
        "always the commonest class",
        "The paper's split",
        "roughness alone",
        "--seeds 1",
    ):
        assert part in page
    assert {p.name for p in out.parent.iterdir()} == {"page.md", "page_accuracy.png", "page_confusion.png"}
    lines = results.read_text().splitlines()
    assert len(lines) == 2 * 2 + 1
    monkeypatch.setattr(Run, "advance", None)  # nothing is trained again
    with pytest.raises(SystemExit):
        command(evaluate, monkeypatch)
    assert (results.read_text().splitlines(), out.read_text()) == (lines, page)
    short = tmp_path / "short.md"
    with pytest.raises(SystemExit):  # part of what was said is enough for what is asked less of
        command([*evaluate, "--late", "--out", str(short)], monkeypatch)
    told = short.read_text()
    assert "both, late fusion" in told
    assert "--late" in told
    assert "The paper's split" not in told
    assert "early fusion" not in told


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"split": {"folds": 3, "fold": 3}}, "split.fold"),
        ({"model": {"colour": 1}}, "model.colour"),
        ({"epochs": "many"}, "epochs"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_config_that_cannot_be_is_named(folder: Path, tmp_path: Path, wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        config(folder, tmp_path, **wrong)


def test_an_embedder_knows_motion_and_sound(weights: Path, dances: list[Dance]) -> None:
    embedder = Embedder(weights)
    assert embedder.classes == ("rumba", "waltz")
    right = 0
    for dance in dances:
        assert embedder.motion(dance.motion).shape == embedder.music(dance.audio).shape == (256,)
        chances = embedder.classify_motion(dance.motion)
        assert chances.sum() == pytest.approx(1.0)
        right += embedder.classes[int(chances.argmax())] == dance.label
        assert embedder.classify_music(dance.audio).sum() == pytest.approx(1.0)
    assert right >= 5
    # The same motion at another rate is the same style.
    motion = dances[-1].motion
    near = np.linalg.norm(embedder.motion(motion.resample(60.0)) - embedder.motion(motion))
    assert near < 0.5 * np.linalg.norm(embedder.motion(dances[0].motion) - embedder.motion(motion))


def test_a_body_without_the_joints_is_refused(weights: Path) -> None:
    from training.datasets.dances import skeleton_of

    motion = Motion(skeleton_of("stick", [("hips", None)]), 25.0, np.zeros((30, 1, 3), np.float32))
    with pytest.raises(ComponentError, match="'stick' has no head"):
        Embedder(weights).motion(motion)


def test_the_recogniser_says_the_piece_and_its_stretches(weights: Path, dances: list[Dance]) -> None:
    recognizer = DanceStyle()
    assert declaration_problems(recognizer) == []
    options = DanceStyle.Options(weights=str(weights))
    recognizer.load("cpu")
    waltz = next(d for d in dances if d.label == "waltz")
    for audio, motion in ((None, waltz.motion), (waltz.audio, waltz.motion), (waltz.audio, None)):
        (track,) = recognizer.recognize(audio, motion, options, JobContext())
        assert track.namespace == "style"
        (whole,) = (a for a in track.annotations if isinstance(a.value, dict))
        assert whole.duration == pytest.approx(6.0, abs=0.05)
        stretches = [a for a in track.annotations if isinstance(a.value, str)]
        assert stretches[0].time == 0.0
        assert stretches[-1].end == pytest.approx(6.0, abs=0.05)
        if motion is not None:
            assert whole.value["piece"] == "waltz"
    with pytest.raises(ComponentError, match="give one"):
        recognizer.recognize(None, None, options, JobContext())


def test_seconds_of_one_class_become_one_stretch() -> None:
    chances = np.array([[0.9, 0.1]] * 10 + [[0.2, 0.8]] * 12 + [[0.6, 0.4]] + [[0.2, 0.8]] * 7)
    whole, *rest = style_annotations(chances, ("rumba", "waltz"), 2.0, 32.4)
    assert whole.value == {"piece": "waltz", "share": 0.633}
    assert [(a.time, a.value) for a in rest] == [(2.0, "rumba"), (12.0, "waltz")]
    assert rest[-1].end == pytest.approx(32.4)
    assert rest[0].confidence == pytest.approx(0.9)


def test_without_weights_it_says_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADENZA_MCLEMCD", str(tmp_path / "none.safetensors"))
    assert style.installed() == []
    audio = Audio(np.zeros(16000, np.float32), 16000)
    with pytest.raises(ComponentError, match="cadenza-train mclemcd"):
        DanceStyle().recognize(audio, None, DanceStyle.Options(), JobContext())
    (tmp_path / "none.safetensors").write_bytes(b"no weights")
    with pytest.raises(ComponentError, match="is no checkpoint of Cadenza"):
        DanceStyle().recognize(audio, None, DanceStyle.Options(), JobContext())


def test_where_weights_are_found(weights: Path, dances: list[Dance], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADENZA_MCLEMCD", str(weights))
    (recognizer,) = style.installed()
    assert recognizer.checkpoint.startswith("mclemcd ")
    (track,) = recognizer.recognize(None, dances[0].motion, DanceStyle.Options(), JobContext())
    assert len(track) >= 2


def test_a_checkpoint_of_something_else_is_refused(weights: Path) -> None:
    saved = load_checkpoint(weights, component="mclemcd", version=1)
    assert saved.config["training"]["data"]["folder"].count("/") == 0
    assert saved.skeleton is not None
    assert set(saved.skeleton.joints) == set(JOINTS)
    with pytest.raises(CheckpointError, match="is for the component 'mclemcd'"):
        load_checkpoint(weights, component="hearing", version=1)
