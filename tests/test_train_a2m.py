# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Training of A2M on a tiny folder of clips: it learns, goes on where it was killed, shares the work."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from plugins.a2m.checkpoint import load_weights
from plugins.a2m.model import Network
from plugins.api.checkpoint import CheckpointError, load_checkpoint
from tests.a2m_clips import write_clips
from training.a2m_clips import Clips, ClipsError
from training.a2m_config import TrainConfig
from training.cli import main
from training.config_files import ConfigError, checked, read_arguments, read_config
from training.train_a2m import _Playing, train

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "training" / "configs" / "a2m_violin.yaml"
TINY = {"audio_width": 8, "score_width": 0, "heads": 2, "feed_forward": 16, "main_blocks": 1, "branch_blocks": 1}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"))


def config(clips: Path, output: Path, **changes: Any) -> dict[str, Any]:
    return {
        "clips": str(clips),
        "output": str(output),
        "score": False,
        "strokes": True,
        "model": TINY,
        "window": 64,
        "hop": 16,
        "batch": 4,
        "max_steps": 12,
        "save_every": 4,
        "validate_every": 6,
        "log_every": 1,
        "film": False,
        "tensorboard": False,
        "machine": {"accelerator": "cpu", "threads": 1},
    } | changes


def run(raw: dict[str, Any]) -> Path:
    return train(checked(TrainConfig, raw, "test"))


def weights_of(folder: Path) -> dict[str, np.ndarray]:
    return dict(load_checkpoint(folder / "state.safetensors", component="a2m-training", version=1).tensors)


def logged(folder: Path, key: str) -> list[float]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [row[key] for row in rows if key in row]


@pytest.mark.parametrize("variant", ["SNSL", "Full"])
@pytest.mark.parametrize("strokes", [True, False])
def test_it_learns_and_what_it_saves_can_be_used(clips: Path, tmp_path: Path, variant: str, strokes: bool) -> None:
    path = run(config(clips, tmp_path, variant=variant, strokes=strokes, max_steps=40, schedule={"warmup_steps": 5}))
    losses = logged(tmp_path, "loss")
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
    assert len(logged(tmp_path, "validation")) == 7
    weights = load_weights(path)
    assert weights.strokes == strokes
    network = Network(weights.model)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.tensors.items()})
    assert network(torch.zeros(1, 30, 128)).shape == (1, 30, 36 if strokes else 33)
    saved = load_checkpoint(path, component="a2m", version=1)
    assert saved.config["training"]["variant"] == variant
    assert saved.data_card == Clips.open(clips, "violin").card_sha256


def test_a_run_taken_up_again_ends_the_same(clips: Path, tmp_path: Path) -> None:
    run(config(clips, tmp_path / "whole"))
    run(config(clips, tmp_path / "parts", max_steps=8))
    run(config(clips, tmp_path / "parts"))
    whole, parts = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        np.testing.assert_array_equal(parts[name], value)
    assert logged(tmp_path / "parts", "loss") == logged(tmp_path / "whole", "loss")


def test_a_run_stopped_by_hand_saves_its_step(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run(config(clips, tmp_path / "whole", max_steps=4))
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(config(clips, tmp_path / "parts", max_steps=4, save_every=100)))
    monkeypatch.setattr(sys, "argv", ["cadenza-train", "a2m", "--config", str(file)])
    stepped = _Playing.step

    def step(training: _Playing, network: Any, number: int, fabric: Any) -> Any:
        if number == 2:
            signal.raise_signal(signal.SIGINT)
        return stepped(training, network, number, fabric)

    with monkeypatch.context() as patch:
        patch.setattr(_Playing, "step", step)
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code == 130
    assert "stopped; the same command goes on from here" in capfd.readouterr().err
    assert not (tmp_path / "parts" / "a2m.safetensors").exists()
    with pytest.raises(SystemExit):
        main()
    assert '"step": 3' in (tmp_path / "parts" / "log.jsonl").read_text()
    whole, parts = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    assert all(np.array_equal(parts[name], value) for name, value in whole.items())


def test_a_run_that_is_killed_goes_on(clips: Path, tmp_path: Path) -> None:
    raw = config(clips, tmp_path / "killed", max_steps=300, save_every=2, validate_every=1000)
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(raw))  # JSON is YAML
    process = subprocess.Popen(
        [sys.executable, "-m", "training.train_a2m", str(file)], cwd=ROOT, stdout=subprocess.PIPE
    )
    state = tmp_path / "killed" / "state.safetensors"
    deadline = time.monotonic() + 120
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    done = int(weights_of(tmp_path / "killed")["step"].item())
    steps = done + 4
    run(raw | {"max_steps": steps, "save_every": 4})
    run(raw | {"output": str(tmp_path / "whole"), "max_steps": steps, "save_every": 4})
    killed, whole = weights_of(tmp_path / "killed"), weights_of(tmp_path / "whole")
    assert killed["step"] == whole["step"] == steps
    for name in whole.keys() - {"best"}:
        np.testing.assert_array_equal(killed[name], whole[name])


def test_two_processes_do_the_work_of_one(clips: Path, tmp_path: Path) -> None:
    # Without dropout, which each process draws for itself.
    model = TINY | {"dropout": 0.0}
    alone = config(clips, tmp_path / "one", model=model, max_steps=3, validate_every=100)
    run(alone)
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(alone | {"output": str(tmp_path / "two")}))
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "1", "--nproc_per_node", "2"]
    # A free port of this machine alone, whatever its name resolves to.
    command += ["--rdzv_backend", "c10d", "--rdzv_endpoint", "localhost:0", "--local_addr", "127.0.0.1"]
    command += ["-m", "training.train_a2m", str(file), "machine.devices=2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = weights_of(tmp_path / "one"), weights_of(tmp_path / "two")
    for name, value in one.items():
        if name.startswith("network."):
            np.testing.assert_allclose(two[name], value, atol=2e-4)


def test_low_precision_learns_too(clips: Path, tmp_path: Path) -> None:
    machine = {"accelerator": "cpu", "threads": 1, "precision": "bf16-mixed"}
    run(config(clips, tmp_path, machine=machine, schedule={"kind": "cosine"}))
    losses = logged(tmp_path, "loss")
    assert np.isfinite(losses).all()
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def test_another_config_or_data_does_not_go_on(clips: Path, tmp_path: Path) -> None:
    run(config(clips, tmp_path / "run", max_steps=4))
    with pytest.raises(ConfigError, match=r"another config \(batch, seed\)"):
        run(config(clips, tmp_path / "run", batch=8, seed=1))
    raw = config(clips, tmp_path / "cosine", max_steps=4, schedule={"kind": "cosine"})
    run(raw)
    with pytest.raises(ConfigError, match="max_steps"):
        run(raw | {"max_steps": 8})
    other = tmp_path / "clips"
    shutil.copytree(clips, other)
    (other / "card.json").write_text("{}")
    with pytest.raises(ConfigError, match="data card"):
        run(config(clips, tmp_path / "run") | {"clips": str(other)})


def test_a_damaged_state_is_not_gone_on_from(clips: Path, tmp_path: Path) -> None:
    run(config(clips, tmp_path, max_steps=4))
    state = tmp_path / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"state\.safetensors"):
        run(config(clips, tmp_path))


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("batsh=4", "batsh is no known key"),
        ("schedule.learning_rat=1", "schedule.learning_rat is no known key"),
        ("schedule.learning_rate=fast", "schedule.learning_rate"),
        ("batch=4.5", "batch"),
        ("batch='16'", "batch"),
        ("variant=Fuller", "variant"),
        ("model.head=4", "model.head is no known key"),
        ("model.heads=3", "model: .*multiple"),
        ("targets.torso=[head, nose]", "nose"),
        ("loss.part_scales=[1.0]", "part_scales"),
        ("window=641", None),
        ("batch", "key=value"),
        ("batch.size=3", "batch"),
        ("batch=[", "not YAML"),
    ],
)
def test_what_is_wrong_in_a_config_is_named(override: str, named: str | None) -> None:
    if named is None:
        with pytest.raises(ConfigError, match="longer"):
            read_config(TrainConfig, SHIPPED, [override, "model.positions=learned"])
        return
    with pytest.raises(ConfigError, match=named):
        read_config(TrainConfig, SHIPPED, [override])


def test_the_shipped_config_is_read(tmp_path: Path) -> None:
    found = read_config(TrainConfig, SHIPPED, ["seed=3", "schedule.kind=cosine"])
    assert (found.seed, found.schedule.kind, found.network.branches) == (3, "cosine", (15, 15, 6, 3))
    rates = [f"schedule.learning_rate={rate}" for rate in ("1e-3", "1E-03", "0.001", "1.e-3")]
    assert {read_config(TrainConfig, SHIPPED, [rate]).schedule.learning_rate for rate in rates} == {0.001}
    file = tmp_path / "rate.yaml"
    file.write_text(SHIPPED.read_text() + "gradient_norm: 2e0\n")
    assert read_config(TrainConfig, file).gradient_norm == 2.0
    for text in ("[1, 2]", "a: [", "\x00"):
        file = tmp_path / "bad.yaml"
        file.write_text(text)
        with pytest.raises(ConfigError, match=r"bad\.yaml"):
            read_config(TrainConfig, file)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(TrainConfig, tmp_path / "none.yaml")


def test_the_command_trains_and_says_what_is_wrong(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(config(clips, tmp_path / "run")))
    command = ["cadenza-train", "a2m", "--config", str(file), "--override", "max_steps=2"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    assert str(tmp_path / "run" / "a2m.safetensors") in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", [*command, "--override", "model.head=4"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith(f"cadenza-train: the config {file}")
    assert "model.head is no known key" in error


def test_a_run_that_diverges_says_so(clips: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"diverged in step \d+: .* a lower schedule.learning_rate"):
        run(config(clips, tmp_path, schedule={"learning_rate": 1e30}))


def test_clips_without_a_validation_are_told(clips: Path, tmp_path: Path) -> None:
    rows = json.loads((clips / "clips.json").read_text())
    folder = shutil.copytree(clips, tmp_path / "clips")
    (folder / "clips.json").write_text(json.dumps([{**row, "split": "train"} for row in rows]))
    run(config(folder, tmp_path / "run", max_steps=1))
    assert "nothing is left for the validation" in logged(tmp_path / "run", "warning")[0]


def test_a_module_without_a_config_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="give a config"):
        read_arguments(TrainConfig, [])
    with pytest.raises(SystemExit, match="cannot be read"):
        read_arguments(TrainConfig, [str(tmp_path / "none.yaml")])


def _spoilt(clips: Path, folder: Path, name: str, array: np.ndarray | None) -> Path:
    shutil.copytree(clips, folder)
    if array is None:
        (folder / name).unlink()
    else:
        np.save(folder / name, array)
    return folder


def test_clips_that_are_missing_or_spoilt_are_named(clips: Path, tmp_path: Path) -> None:
    whole = np.load(clips / "joints.npy")
    for i, (name, array) in enumerate(
        [
            ("audio.npy", None),
            ("card.json", None),
            ("clips.json", None),
            ("joints.npy", whole[:-1]),
            ("joints.npy", whole[:, :-1]),
            ("score.npy", np.zeros((len(whole), 10), dtype=np.int64)),
        ]
    ):
        with pytest.raises(ClipsError, match=name):
            Clips.open(_spoilt(clips, tmp_path / str(i), name, array), "violin")
    holed = whole.copy()
    holed[50, -1, 1] = np.nan
    with pytest.raises(ClipsError, match=r"joints.npy: frame 50 \(piece0/vn00/01\)"):
        run(
            config(_spoilt(clips, tmp_path / "holed", "joints.npy", holed), tmp_path / "out")
            | {"targets": {"right_hand": ["bow_tip"], "left_hand": ["violin_scroll"], "torso": ["head"]}}
        )
    unheard = np.load(clips / "audio.npy")
    unheard[50] = np.nan
    with pytest.raises(ClipsError, match=r"audio.npy: frame 50 \(piece0/vn00/01\)"):
        run(config(_spoilt(clips, tmp_path / "unheard", "audio.npy", unheard), tmp_path / "out2"))
    cut = tmp_path / "cut"
    shutil.copytree(clips, cut)
    (cut / "audio.npy").write_bytes((clips / "audio.npy").read_bytes()[:5000])
    with pytest.raises(ClipsError, match=r"audio\.npy"):
        Clips.open(cut, "violin")
    with pytest.raises(ClipsError, match="piano"):
        Clips.open(clips, "piano")
