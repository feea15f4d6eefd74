# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Checkpoints: what comes back, what is refused and why, and saving on a full disk."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from plugins.api import Skeleton, violinist
from plugins.api.checkpoint import Checkpoint, CheckpointError, load_checkpoint, load_network, read_checkpoint

VIOLINIST = violinist.violinist_skeleton()


def checkpoint(**changes: object) -> Checkpoint:
    tensors = {
        "weight": np.arange(12, dtype=np.float32).reshape(3, 4),
        "step": np.array(7, dtype=np.int64),
        "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    }
    whole = Checkpoint("a2m", 1, {"heads": 4}, tensors, {"mean": [0.5]}, VIOLINIST, data_card="0" * 64, revision="abc")
    return dataclasses.replace(whole, **changes)  # type: ignore[arg-type]


def test_everything_comes_back(tmp_path: Path) -> None:
    saved = checkpoint()
    saved.save(tmp_path / "new folder" / "a2m.safetensors")
    found = load_checkpoint(tmp_path / "new folder" / "a2m.safetensors", component="a2m", version=1, skeleton=VIOLINIST)
    assert {**vars(found), "tensors": None} == {**vars(saved), "tensors": None}
    assert found.tensors.keys() == saved.tensors.keys()
    for name, value in saved.tensors.items():
        np.testing.assert_array_equal(found.tensors[name], value)
        assert found.tensors[name].dtype == value.dtype


def _other_skeleton(**changes: object) -> Skeleton:
    return dataclasses.replace(VIOLINIST, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("saved", "reason"),
    [
        (checkpoint(component="momu"), "is for the component 'momu', not 'a2m'"),
        (checkpoint(version=2), "version 2 of 'a2m', this is version 1: this Cadenza is too old"),
        (checkpoint(version=0), "train it again"),
        (checkpoint(skeleton=_other_skeleton(name="pianist")), "moves the skeleton 'pianist', not 'violinist'"),
        (checkpoint(skeleton=_other_skeleton(offsets=VIOLINIST.offsets * 1.1)), "measures differ"),
        (checkpoint(skeleton=_other_skeleton(joints=(*VIOLINIST.joints[:-1], "bow_end"))), "bow_end, bow_tip"),
        (checkpoint(skeleton=None), "names no skeleton"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, saved: Checkpoint, reason: str) -> None:
    path = tmp_path / "a2m.safetensors"
    saved.save(path)
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path, component="a2m", version=1, skeleton=VIOLINIST)
    assert str(path) in str(caught.value)
    assert reason in str(caught.value)


def test_the_same_checkpoint_is_the_same_bytes() -> None:
    made = {checkpoint().to_bytes() for _ in range(8)}
    assert len(made) == 1
    assert read_checkpoint(made.pop()).tensors.keys() == checkpoint().tensors.keys()


def test_every_flipped_bit_is_refused() -> None:
    data = bytearray(checkpoint().to_bytes())
    read_checkpoint(bytes(data))
    # The whole of the tensors, the length, and every seventh byte of the long header.
    ends = len(data) - sum(v.nbytes for v in checkpoint().tensors.values())
    for position in [*range(8), *range(8, ends, 7), *range(ends, len(data))]:
        bit = 1 << (position % 8)
        data[position] ^= bit
        with pytest.raises(CheckpointError):
            read_checkpoint(bytes(data))
        data[position] ^= bit


@pytest.mark.parametrize("data", [b"", b"x", b"\xff" * 8, b"\x80\x04pickle" * 5, bytes(1000)])
def test_what_is_no_checkpoint_is_refused(data: bytes) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint"):
        read_checkpoint(data)


def test_half_a_file_and_no_file(tmp_path: Path) -> None:
    half = tmp_path / "half.safetensors"
    half.write_bytes(checkpoint().to_bytes()[:-20])
    for path in (half, tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(CheckpointError, match=path.name):
            load_checkpoint(path, component="a2m", version=1)


FULL_DISK = """
import resource, sys
import numpy as np
from plugins.api.checkpoint import Checkpoint, CheckpointError
path = sys.argv[1]
Checkpoint("a2m", 1, {}, {"x": np.zeros(10)}).save(path)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    Checkpoint("a2m", 1, {}, {"x": np.ones(100_000)}).save(path)
except CheckpointError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes to play a full disk with")
def test_on_a_full_disk_the_checkpoint_before_is_intact(tmp_path: Path) -> None:
    path = tmp_path / "a2m.safetensors"
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert "could not be saved" in run.stdout
    assert str(path) in run.stdout
    assert not load_checkpoint(path, component="a2m", version=1).tensors["x"].any()
    assert list(tmp_path.iterdir()) == [path]


def test_numbers_of_another_network_are_refused() -> None:
    torch = pytest.importorskip("torch")
    network = torch.nn.Linear(3, 2)
    right = {"weight": np.ones((2, 3), np.float32), "bias": np.zeros(2, np.float32)}
    load_network(network, right)
    np.testing.assert_array_equal(network.weight.detach().numpy(), right["weight"])
    for wrong in (
        {**right, "weight": np.ones((3, 3), np.float32)},
        {"bias": right["bias"]},
        {**right, "more": right["bias"]},
    ):
        with pytest.raises(CheckpointError, match=r"numbers of another network than it says \(.+\); train it again"):
            load_network(network, wrong)
