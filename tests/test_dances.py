# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Dances as they are read: Music-to-Dance and its clock, AIST++ without unpickling."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.conftest import SHARED
from tests.styled_dances import RATE, write_dance, write_dances
from training.datasets import aist, music_to_dance
from training.datasets.array_pickle import PickleRefused, read_arrays
from training.datasets.dances import DanceError, card_sha256, part_of

REAL = SHARED / "music-to-dance"


def test_a_dance_has_its_own_clock_and_the_sound_begins_with_it(tmp_path: Path) -> None:
    write_dance(tmp_path / "DANCE_W_1.npz", "W", 1, 6.0)
    write_dance(tmp_path / "DANCE_W_2.npz", "W", 2, 6.0)
    for dance in music_to_dance.read_dances(tmp_path):
        assert dance.label == "waltz"
        assert dance.motion.fps == pytest.approx(6.0)
        assert dance.motion.duration == pytest.approx(6.0)
        assert dance.audio.duration == pytest.approx(6.0, abs=0.01)
        spectrum = np.abs(np.fft.rfft(dance.audio.samples))
        assert np.fft.rfftfreq(len(dance.audio.samples), 1.0 / RATE)[spectrum.argmax()] == pytest.approx(200.0, abs=1.0)


def test_columns_become_joints_z_up(tmp_path: Path) -> None:
    write_dance(tmp_path / "DANCE_R_1.npz", "R", 1, 2.0)
    (dance,) = music_to_dance.read_dances(tmp_path)
    with np.load(tmp_path / "DANCE_R_1.npz") as held:
        x, y, z = held["skeletons"][5, 15] / 100.0
    np.testing.assert_allclose(dance.motion.joint("left_hand")[5], [x, -z, y], atol=1e-6)


def test_what_is_no_pair_is_named(tmp_path: Path) -> None:
    with pytest.raises(DanceError, match=r"no DANCE_\*\.npz"):
        music_to_dance.read_dances(tmp_path)
    write_dance(tmp_path / "DANCE_W_1.npz", "W", 1, 2.0)
    (tmp_path / "DANCE_W_1.ogg").write_bytes(b"no sound")
    with pytest.raises(DanceError, match=r"DANCE_W_1\.ogg cannot be read"):
        music_to_dance.read_dances(tmp_path)
    np.savez(tmp_path / "DANCE_W_1.npz", center=np.zeros((4, 3)), skeletons=np.zeros((4, 22, 3)), start_position=0)
    with pytest.raises(DanceError, match="cannot be read"):
        music_to_dance.read_dances(tmp_path)
    (tmp_path / "DANCE_W_1.npz").rename(tmp_path / "DANCE_Q_1.npz")
    with pytest.raises(DanceError, match="no known class"):
        music_to_dance.read_dances(tmp_path)


def test_a_part_of_a_body_hangs_together() -> None:
    part = part_of(music_to_dance.SKELETON, ["head", "left_hand", "left_upper_arm", "right_toes"])
    parents = {j: part.joints[p] if p >= 0 else None for j, p in zip(part.joints, part.parents, strict=True)}
    assert parents == {"head": None, "left_upper_arm": "head", "left_hand": "left_upper_arm", "right_toes": "head"}
    assert part_of(music_to_dance.SKELETON, []).joints == music_to_dance.SKELETON.joints
    with pytest.raises(DanceError, match="has no tail"):
        part_of(music_to_dance.SKELETON, ["tail"])


def test_the_card_knows_the_dances(tmp_path: Path) -> None:
    dances = music_to_dance.read_dances(write_dances(tmp_path, pieces=1, seconds=2.0))
    assert card_sha256(dances) == card_sha256(dances)
    assert card_sha256(dances) != card_sha256(dances[:1])


def aist_folder(folder: Path, protocol: int = 4, **more: Any) -> Path:
    for name in ("keypoints3d", "splits", "music"):
        (folder / name).mkdir()
    rng = np.random.default_rng(0)
    for at, name in enumerate(("gBR_sBM_cAll_d04_mBR0_ch01", "gWA_sFM_cAll_d26_mWA3_ch20")):
        places = rng.uniform(-100.0, 100.0, (120, 17, 3))
        places[3, 5] = np.nan
        held = {"keypoints3d": places.astype(np.float32), "keypoints3d_optim": np.asfortranarray(places), **more}
        (folder / "keypoints3d" / f"{name}.pkl").write_bytes(pickle.dumps(held, protocol))
        (folder / "splits" / f"crossmodal_{('train', 'test')[at]}.txt").write_text(f"{name}\n")
    (folder / "keypoints3d" / "gBR_sBM_cAll_d04_mBR9_ch01.pkl").write_bytes(b"")  # there is no music of it
    for name in ("mBR0", "mWA3"):
        soundfile.write(folder / "music" / f"{name}.wav", 0.1 * rng.standard_normal(RATE * 3), RATE)
    return folder


@pytest.mark.parametrize("protocol", [3, 4])
def test_aist_is_read_without_unpickling(tmp_path: Path, protocol: int) -> None:
    first, second = aist.read_dances(aist_folder(tmp_path, protocol))
    assert (first.label, first.piece, first.part) == ("break", "mBR0", "train")
    assert (second.label, second.piece, second.part) == ("waack", "mWA3", "test")
    assert first.motion.fps == 60.0
    assert np.isfinite(first.motion.positions).all()
    assert first.audio.duration == pytest.approx(2.0)
    held = pickle.loads((tmp_path / "keypoints3d" / "gBR_sBM_cAll_d04_mBR0_ch01.pkl").read_bytes())  # noqa: S301 - ours
    x, y, z = held["keypoints3d_optim"][7, 9] / 100.0
    np.testing.assert_allclose(first.motion.joint("left_hand")[7], [x, -z, y], atol=1e-6)


class Malicious:
    """Runs a command in whoever unpickles it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self._path),))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_that_does_something_is_refused_and_does_nothing(tmp_path: Path, protocol: int) -> None:
    trap, path = tmp_path / "sprung", tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps({"keypoints3d_optim": Malicious(trap)}, protocol))
    with pytest.raises(PickleRefused, match=r"bad\.pkl asks for \w+\.mkdir"):
        read_arrays(path)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "damaged|ends too soon"),
        (b"\x80\x04.", "damaged"),
        (pickle.dumps([1, 2]), "no dictionary"),
        (pickle.dumps({"a": np.array([{}, None], dtype=object)}, 4), "'O8', not of numbers"),
        (pickle.dumps({"a": np.zeros(3)}, 4)[:-20], "damaged|too soon|not exhausted"),
        (b"cposix\nsystem\n(S'true'\ntR.", "asks for posix.system"),
        (b"(i__builtin__\neval\n.", "uses INST"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "uses NEWOBJ"),
    ],
)
def test_what_holds_no_arrays_is_refused(tmp_path: Path, content: bytes, named: str) -> None:
    path = tmp_path / "bad.pkl"
    path.write_bytes(content)
    with pytest.raises(PickleRefused, match=named):
        read_arrays(path)


def test_what_aist_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(DanceError, match="holds no dance of AIST"):
        aist.read_dances(tmp_path)
    folder = aist_folder(tmp_path)
    (folder / "keypoints3d" / "gBR_sBM_cAll_d04_mBR0_ch01.pkl").write_bytes(pickle.dumps({"other": np.zeros(3)}, 4))
    with pytest.raises(DanceError, match="has no keypoints3d_optim"):
        aist.read_dances(folder)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real dances (shared/data/music-to-dance) are not here")
def test_real_dances_last_as_long_as_their_music() -> None:
    paths = [REAL / f"DANCE_{name}.npz" for name in ("W_24", "R_8", "C_8")]
    dances = [music_to_dance.read_dance(path) for path in paths]
    assert [d.label for d in dances] == ["waltz", "rumba", "cha-cha"]
    for dance, (low, high) in zip(dances, ((5.0, 7.0), (15.0, 21.0), (20.0, 30.0)), strict=True):
        assert low < dance.motion.fps < high
        assert dance.audio.duration == pytest.approx(dance.motion.duration, abs=0.05)
        height = dance.motion.positions[..., 2].max(axis=1) - dance.motion.positions[..., 2].min(axis=1)
        assert 1.0 < np.median(height) < 2.2  # metres
