# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Sway: chance with the size and the rhythm of what the model left over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plugins.a2m.checkpoint import load_weights
from plugins.a2m.generator import WEIGHTS
from plugins.a2m.sway import DIRECTIONS, Sway
from plugins.api import violinist
from plugins.api.bowed_pose import assemble, string_level, swayed, violin_turn
from plugins.api.log_mel import FPS
from plugins.api.prediction import Prediction
from training.a2m_clips import Clips
from training.a2m_sway import add_sway


def left_over(seed: int, seconds: float = 240.0) -> np.ndarray:
    """Five joints: two sway together at 0.3 Hz, one alone slowly, one stands, one only hurries (9 Hz)."""
    rng, t = np.random.default_rng(seed), np.arange(round(seconds * FPS)) / FPS
    together = np.sin(2 * np.pi * 0.3 * t + np.cumsum(rng.normal(0.0, 0.05, len(t))))
    clip = np.zeros((len(t), 5, 3))
    clip[:, 0, 0], clip[:, 1, 0] = 0.04 * together, 0.02 * together
    clip[:, 2, 1] = 0.01 * np.sin(2 * np.pi * 0.1 * t + 6.0 * rng.random())
    clip[:, 4, 2] = 0.05 * np.sin(2 * np.pi * 9.0 * t)
    return clip + rng.normal(0.0, 1e-4, clip.shape)


@pytest.fixture(scope="module")
def sway() -> Sway:
    return Sway.fit([left_over(s) for s in range(3)], leading=[0, 1, 2, 3])


def test_it_has_the_size_the_company_and_the_rhythm_of_the_clips(sway: Sway) -> None:
    made = sway.sample(round(1200 * FPS), seed=5)
    real = left_over(9, 1200.0)
    np.testing.assert_allclose(made[:, :3].std(axis=0), real[:, :3].std(axis=0), atol=0.003)
    assert np.corrcoef(made[:, 0, 0], made[:, 1, 0])[0, 1] > 0.99
    spectrum = np.abs(np.fft.rfft(made[:, 0, 0])) ** 2
    fastest = np.fft.rfftfreq(len(made), 1 / FPS)[spectrum.argmax()]
    assert 0.2 < fastest < 0.4
    assert made[:, 3].std() < 1e-3
    assert made[:, 4, 2].std() < 2e-3  # strokes are not sway


def test_each_seed_sways_its_own_way_and_a_beginning_stays(sway: Sway) -> None:
    long, short, other = sway.sample(900, 1), sway.sample(300, 1), sway.sample(300, 2)
    np.testing.assert_allclose(long[:300], short, atol=1e-12)
    assert np.abs(short - other).max() > 0.01
    assert sway.sample(0, 1).shape == (0, 5, 3)


def test_it_survives_its_file(sway: Sway) -> None:
    again = Sway.from_tensors(sway.tensors())
    assert again is not None
    np.testing.assert_allclose(again.sample(100, 3), sway.sample(100, 3), atol=1e-6)
    assert Sway.from_tensors({"dense": np.zeros(1)}) is None
    assert again.directions.shape == (DIRECTIONS, 5, 3)


def test_the_bow_stays_on_its_string_while_the_violin_sways() -> None:
    weights = load_weights(WEIGHTS)
    count = 200
    rng = np.random.default_rng(0)
    still = weights.normaliser.metres(np.zeros((count, 3 * len(weights.joints)))).reshape(count, -1, 3)
    said = Prediction({j: still[:, i] for i, j in enumerate(weights.joints)}, np.full(count, 0.3))
    moved = swayed(said, rng.normal(0.0, 0.03, (1, len(weights.joints), 3)).repeat(count, axis=0))

    def level(of: Prediction) -> np.ndarray:
        return string_level(of.points, violin_turn(of.points["violin_end"], of.points["violin_scroll"]))

    np.testing.assert_allclose(level(moved), level(said), atol=1e-9)
    assert np.abs(moved.points["bow_frog"] - said.points["bow_frog"]).max() > 0.005


def test_the_spine_is_as_long_as_it_is() -> None:
    weights = load_weights(WEIGHTS)
    assert weights.grip is not None
    count = 50
    still = weights.normaliser.metres(np.zeros((count, 3 * len(weights.joints)))).reshape(count, -1, 3)
    points = {j: still[:, i] for i, j in enumerate(weights.joints)}
    points["neck"] = points["neck"] + np.linspace(-0.05, 0.05, count)[:, None]
    skeleton = violinist.violinist_skeleton()
    positions, _ = assemble(skeleton, Prediction(points, np.full(count, 0.3)), weights.grip)
    hips, neck = skeleton.index("hips"), skeleton.index("neck")
    length = np.linalg.norm(skeleton.rest_positions[neck] - skeleton.rest_positions[hips])
    np.testing.assert_allclose(np.linalg.norm(positions[:, neck] - positions[:, hips], axis=-1), length)


def test_trained_weights_get_their_sway(tmp_path: Path) -> None:
    from tests.a2m_clips import write_clips

    folder = write_clips(tmp_path / "clips")
    path = tmp_path / "w.safetensors"
    path.write_bytes(WEIGHTS.read_bytes())
    before = load_weights(path)
    add_sway(path, Clips.open(folder, "violin"), "violin")
    after = load_weights(path)
    assert after.sway is not None
    assert set(after.tensors) == set(before.tensors)
    assert np.isfinite(after.swayed(100, 0)).all()
