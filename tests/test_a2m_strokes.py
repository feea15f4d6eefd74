# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Bow strokes as numbers and back; the scale of the targets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.a2m.targets import Normaliser
from plugins.api import Motion, strokes, violinist
from tests.a2m_clips import _hair
from training.performance_metrics import bow_reversals

FPS = 40.0


def test_a_path_becomes_numbers_and_a_path_again() -> None:
    hair = np.clip(_hair(800, np.random.default_rng(0)), *strokes.HAIR)
    said = strokes.scaled(hair, FPS).astype(np.float64)
    said[:, 2] = np.log((said[:, 2] + 1e-6) / (1 - said[:, 2] + 1e-6))
    path = strokes.said_path(said, FPS)
    assert np.abs(path - hair).mean() < 0.02
    real, made = strokes.turns(hair), strokes.turns(path)
    assert len(real) == len(made)
    assert np.abs(np.array(real) - np.array(made)).max() <= 1


def test_the_way_of_the_first_stroke_follows_the_wish() -> None:
    speed = np.full(101, 0.3)
    for sign in (1.0, -1.0):
        wish = 0.325 + sign * 0.15 * np.sin(np.pi * np.arange(101) / 50)
        path = strokes.hair_path([25, 75], speed, wish, FPS)
        assert np.sign(path[25] - path[0]) == sign
        assert strokes.turns(path) == pytest.approx([25, 75], abs=1)


def test_turns_are_those_of_the_performance_metrics() -> None:
    # A bow along X on a violin along -Y, whose strings all pass through one point.
    skeleton = violinist.violinist_skeleton()
    hair = _hair(400, np.random.default_rng(3))
    positions = np.zeros((400, len(skeleton), 3), dtype=np.float32)
    positions[:, skeleton.index("bow_frog"), 0] = -hair
    positions[:, skeleton.index("bow_tip"), 0] = 0.65 - hair
    positions[:, skeleton.index("violin_end")] = [0.0, 0.2, 0.0]
    positions[:, skeleton.index("violin_scroll")] = [0.0, -0.4, 0.01]
    motion = Motion(skeleton, FPS, positions)
    ends = ("bow_frog", "bow_tip", "violin_end", "violin_scroll")
    found = strokes.hair_positions(*(motion.joint(j).astype(float) for j in ends))
    np.testing.assert_allclose(found, hair, atol=1e-4)
    np.testing.assert_allclose(np.array(strokes.turns(found)) / FPS, bow_reversals(motion))


def test_the_neighbourhood_of_a_turn() -> None:
    near = strokes.neighbourhood([10], 20, FPS)
    assert (near[8], near[9], near[10], near[11], near[12]) == pytest.approx((0.0, 0.5, 1.0, 0.5, 0.0))
    assert not strokes.neighbourhood([], 5, FPS).any()


def test_peaks_are_apart() -> None:
    chance = np.zeros(50)
    chance[[5, 6, 20, 22, 40]] = [0.9, 0.8, 0.7, 0.9, 0.3]
    assert strokes.pick_turns(chance, FPS) == [5, 22]
    assert strokes.pick_turns(np.full(9, 0.8), FPS)[0] == 0
    assert strokes.pick_turns(np.empty(0), FPS) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 79), max_size=12, unique=True), st.integers(0, 1000), st.floats(0.0, 3.0))
def test_the_bow_stays_within_its_hair(frames: list[int], seed: int, fastest: float) -> None:
    rng = np.random.default_rng(seed)
    path = strokes.hair_path(sorted(frames), rng.uniform(0, fastest, 80), rng.uniform(-0.2, 0.9, 80), FPS)
    assert path.shape == (80,)
    assert np.isfinite(path).all()
    assert strokes.HAIR[0] - 1e-9 <= path.min() <= path.max() <= strokes.HAIR[1] + 1e-9


@pytest.mark.parametrize("count", [1, 2, 3])
def test_almost_no_frames(count: int) -> None:
    assert strokes.scaled(np.full(count, 0.3), FPS).shape == (count, 3)
    assert strokes.said_path(np.zeros((count, 3)), FPS).shape == (count,)


def test_the_scale_goes_there_and_back_and_keeps_shapes() -> None:
    points = np.random.default_rng(0).normal(0.4, [0.2] * 3 + [0.01] * 3 + [0.05] * 3, (2000, 9))
    scale = Normaliser.fit(points, (6, 3))
    normalised = scale.normalise(points)
    inside = np.abs(points - scale.mean) < np.minimum(-scale.low, scale.high)
    np.testing.assert_allclose(scale.metres(normalised)[inside], points[inside], atol=1e-6)
    spans = np.ptp(normalised, axis=0)
    assert spans[:3].max() == pytest.approx(1.0, abs=0.1)
    assert spans[3:6].max() < 0.1
    assert spans[6:].max() == pytest.approx(1.0, abs=0.1)
    again = Normaliser.from_json(scale.to_json())
    np.testing.assert_array_equal(again.normalise(points), normalised)


def test_outliers_do_not_set_the_scale_and_stillness_divides_by_no_zero() -> None:
    points = np.random.default_rng(0).normal(0.0, 0.1, (1000, 3))
    points[7] = 50.0
    assert np.abs(Normaliser.fit(points, (3,)).normalise(points)).max() < 1.5
    assert np.isfinite(Normaliser.fit(np.zeros((10, 3)), (3,)).normalise(np.zeros((2, 3)))).all()
