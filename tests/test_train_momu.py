# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Training of MoMu on tiny clips and dances: each stage learns, goes on where it was stopped, shares the work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from plugins.api.checkpoint import CheckpointError, load_checkpoint
from plugins.momu.checkpoint import load_weights
from plugins.momu.config import Ask
from plugins.momu.engine import Desire, Engine
from tests.a2m_clips import write_clips
from tests.styled_dances import write_dances
from training.a2m_clips import ClipsError
from training.config_files import ConfigError, checked
from training.momu.config import STAGES, MomuRun
from training.momu.train import train
from training.run_state import STARTED_FROM

ROOT = Path(__file__).resolve().parents[1]
TINY: dict[str, dict[str, Any]] = {
    "music-vae": {"latent": 4, "width": 8},
    "motion-vae": {"pose_latent": 3, "event_latent": 1, "pose_width": 8, "event_width": 8},
    "music2motion": {"width": 16, "heads": 2, "blocks": 1, "sense_width": 8, "window": 16, "dropout": 0.0},
    "motion2music": {"width": 16, "heads": 2, "blocks": 1, "sense_width": 8, "window": 16},
}


def config(clips: Path, output: Path, stage: str, **changes: Any) -> dict[str, Any]:
    return {
        "stage": stage,
        "clips": str(clips),
        "output": str(output),
        "model": TINY[stage],
        "window": 64,
        "batch": 4,
        "steps": 6,
        "save_every": 3,
        "validate_every": 6,
        "log_every": 1,
        "tensorboard": False,
        "loss": {"critic_from": 2},
        "schedule": {"learning_rate": 0.003, "kind": "cosine"},
        "machine": {"accelerator": "cpu", "threads": 1},
    } | changes


def run(raw: dict[str, Any]) -> Path:
    return train(checked(MomuRun, raw, "test"))


def state_of(folder: Path, stage: str) -> dict[str, np.ndarray]:
    found = load_checkpoint(folder / "state.safetensors", component=f"momu-{stage}-training", version=1)
    return dict(found.tensors)


def logged(folder: Path, key: str) -> list[float]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [row[key] for row in rows if key in row]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"))


def stages(clips: Path, folder: Path, **changes: Any) -> Iterator[Path]:
    """The weights after each stage."""
    start = ""
    for stage in STAGES:
        raw = config(clips, folder / stage, stage, **changes) | ({"start": start} if start else {})
        start = str(run(raw))
        yield Path(start)


@pytest.fixture(scope="module")
def trained(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return list(stages(clips, tmp_path_factory.mktemp("runs")))


def test_each_stage_adds_its_part_and_the_last_is_complete(trained: list[Path]) -> None:
    assert [len(load_weights(path).configs) for path in trained] == [1, 2, 3, 4]
    weights = load_weights(trained[-1])
    assert weights.body is not None
    assert weights.grip is not None
    assert np.abs(weights.body.lengths[[weights.body.index("right_hand")]]) > 0.05
    engine = Engine(weights)
    made = engine.dance(np.zeros((50, 128), dtype=np.float32), 1, Ask(steps=3))
    assert made.places.shape == (50, len(weights.body.joints), 3)
    assert engine.compose(made.places, 1, Ask(steps=3), lambda done: None).shape == (50, 128)
    both, sound = engine.improvise(30, 1, Ask(steps=3), 0.5, lambda done: None)
    assert (len(both.places), len(sound)) == (30, 30)


@pytest.mark.parametrize("stage", STAGES)
def test_it_learns(clips: Path, trained: list[Path], tmp_path: Path, stage: str) -> None:
    before = {} if stage == "music-vae" else {"start": str(trained[STAGES.index(stage) - 1])}
    run(config(clips, tmp_path, stage, steps=60, validate_every=100, loss={"critic": 0.0}, **before))
    losses = logged(tmp_path, "error")
    assert np.mean(losses[-8:]) < 0.85 * np.mean(losses[:4])


@pytest.mark.parametrize("stage", ["music-vae", "music2motion"])
def test_a_run_taken_up_again_ends_the_same(clips: Path, trained: list[Path], tmp_path: Path, stage: str) -> None:
    before = {} if stage == "music-vae" else {"start": str(trained[1])}
    schedule = {"learning_rate": 0.003, "kind": "exponential"}
    run(config(clips, tmp_path / "whole", stage, schedule=schedule, **before))
    run(config(clips, tmp_path / "parts", stage, schedule=schedule, minutes=1e-9, save_every=1, **before))
    assert state_of(tmp_path / "parts", stage)["step"].item() == 1
    run(config(clips, tmp_path / "parts", stage, schedule=schedule, **before))
    whole, parts = state_of(tmp_path / "whole", stage), state_of(tmp_path / "parts", stage)
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(parts[name], value, err_msg=name)


def test_a_run_goes_on_from_a_moved_start_but_not_from_another(clips: Path, tmp_path: Path) -> None:
    first = run(config(clips, tmp_path / "one", "music-vae"))
    begun = config(clips, tmp_path / "second", "motion-vae", start=str(first), minutes=1e-9)
    run(begun)
    moved = first.rename(tmp_path / "moved.safetensors")
    run({**begun, "start": str(moved)})
    run(config(clips, tmp_path / "other", "music-vae", seed=1)).rename(moved)  # made again in place
    with pytest.raises(ConfigError, match="the weights of start"):
        run({**begun, "start": str(moved)})


def test_a_run_begun_before_contents_were_compared_goes_on(clips: Path, trained: list[Path], tmp_path: Path) -> None:
    begun = config(clips, tmp_path, "motion-vae", start=str(trained[0]), minutes=1e-9)
    run(begun)
    path, kind = tmp_path / "state.safetensors", "momu-motion-vae-training"
    state = load_checkpoint(path, component=kind, version=1)
    old = {k: v for k, v in state.config["run"].items() if k != STARTED_FROM} | {"start": "elsewhere.safetensors"}
    replace(state, config={"run": old}).save(path)
    run(begun)
    assert load_checkpoint(path, component=kind, version=1).tensors["step"].item() == 2


@pytest.mark.parametrize("stage", ["music-vae", "music2motion"])
def test_two_processes_share_the_work(clips: Path, trained: list[Path], tmp_path: Path, stage: str) -> None:
    before = {} if stage == "music-vae" else {"start": str(trained[STAGES.index(stage) - 1])}
    file = tmp_path / "config.yaml"
    raw = config(clips, tmp_path / "two", stage, steps=4, **before)
    file.write_text(json.dumps(raw | {"machine": {"accelerator": "cpu", "threads": 1, "devices": 2}}))
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "1", "--nproc_per_node", "2"]
    command += ["--rdzv_backend", "c10d", "--rdzv_endpoint", "localhost:0", "--local_addr", "127.0.0.1"]
    command += ["-m", "training.momu.train", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-3000:]
    assert state_of(tmp_path / "two", stage)["step"].item() == 4


def test_dances_are_learned_with_a_fold_held_out(trained: list[Path], tmp_path: Path) -> None:
    folder = write_dances(tmp_path / "dances", seconds=8.0)
    dancing = {"kind": "music-to-dance", "fold": 0, "folds": 2, "on_the_beat": True, "start": str(trained[0])}
    path = run(config(folder, tmp_path / "run", "motion-vae", **dancing))
    weights = load_weights(path)
    assert weights.classes == ("rumba", "waltz")
    assert weights.body is not None
    assert weights.body.travels
    free = run(config(folder, tmp_path / "free", "motion-vae", directions=False, **dancing))
    body = load_weights(free).body
    assert body is not None
    assert not any(body.rigid)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"stage": "motion-vae"}, "start must name the weights of an earlier stage"),
        ({"stage": "music-vae", "start": "x"}, "first stage"),
        ({"stage": "music-vae", "window": 63}, "multiple of 4"),
        ({"stage": "music-vae", "fold": 1}, "fold is for dances"),
        ({"stage": "music-vae", "kind": "aist", "fold": 4}, "4 folds, 0 to 3"),
        ({"stage": "music-vae", "on_the_beat": True}, "on_the_beat is for dances"),
        ({"stage": "music-vae", "widht": 3}, "widht is no known key"),
        ({"stage": "music-vae", "model": {"wdith": 3}}, "model.wdith is no known key"),
        ({"stage": "music-vae", "model": {"width": "wide"}}, "model.width: Input should be a valid integer"),
        ({"stage": "music-vae", "batch": 1000}, "windows to train on"),
    ],
)
def test_a_config_that_cannot_be_says_why(clips: Path, tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        run(config(clips, tmp_path, "music-vae") | changes)


def test_clips_without_motion_are_named(clips: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(clips, tmp_path / "clips")
    np.save(folder / "joints.npy", np.full_like(np.load(clips / "joints.npy"), np.nan))
    with pytest.raises(ClipsError, match=r"joints\.npy: of .* no motion is known"):
        run(config(folder, tmp_path / "run", "music-vae"))


def test_latents_that_cannot_be_compared_are_refused(clips: Path, trained: list[Path], tmp_path: Path) -> None:
    model = TINY["motion-vae"] | {"pose_latent": 5}
    with pytest.raises(ConfigError, match="must be 4 together"):
        run(config(clips, tmp_path, "motion-vae", start=str(trained[0]), model=model))


def test_a_stage_that_is_trained_again_drops_those_after_it(clips: Path, trained: list[Path], tmp_path: Path) -> None:
    again = run(config(clips, tmp_path, "motion-vae", start=str(trained[-1])))
    assert list(load_weights(again).configs) == ["music", "motion"]


def test_latents_of_another_body_are_refused(trained: list[Path], tmp_path: Path) -> None:
    folder = write_dances(tmp_path / "dances", seconds=8.0)
    with pytest.raises(ConfigError, match="of another body"):
        run(config(folder, tmp_path / "run", "music2motion", start=str(trained[1]), kind="music-to-dance"))


def test_a_style_is_asked_for(trained: list[Path], tmp_path: Path) -> None:
    folder = write_dances(tmp_path / "dances", seconds=8.0)
    path = trained[0]
    for stage in ("motion-vae", "music2motion", "motion2music"):
        path = run(config(folder, tmp_path / stage, stage, start=str(path), kind="music-to-dance"))
    engine = Engine(load_weights(path))
    heard = np.zeros((64, 128), dtype=np.float32)
    made = [engine.dance(heard, 1, Ask(steps=3), Desire(style)).places for style in ("", "waltz", "rumba")]
    assert not np.allclose(made[1], made[2], atol=1e-5)
    assert not np.allclose(made[0], made[1], atol=1e-5)
    assert np.isfinite(engine.compose(made[0], 1, Ask(steps=3), lambda done: None)).all()


def test_an_earlier_stage_must_be_there(clips: Path, trained: list[Path], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="lack motion"):
        run(config(clips, tmp_path, "music2motion", start=str(trained[0])))
