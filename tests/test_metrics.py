# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Distances between real and generated motion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from training.metrics import SPAN, event_f1, frechet_distance, mean_pair_distance, motion_distances

PARTS = (12, 12, 9)


def clips(count: int = 4, frames: int = 300, seed: int = 0, size: float = 1.0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.cumsum(size * rng.normal(0.0, 0.01, (frames, 33)), axis=0) for _ in range(count)]


def test_the_frechet_distance_is_that_of_its_formula() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6))
    b = rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6)) + 0.5
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    formula = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(ca + cb - 2 * np.real(sqrtm(ca @ cb)))
    assert frechet_distance(a, b) == pytest.approx(formula, rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(a, a + 3.0) == pytest.approx(6 * 9.0)


def test_a_coordinate_that_never_moves_does_no_harm() -> None:
    a = np.random.default_rng(0).normal(size=(50, 3)) * [1.0, 1.0, 0.0]
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)


def test_worse_motion_is_further_away() -> None:
    real = clips()
    near = [c + np.random.default_rng(1).normal(0.0, 0.002, c.shape) for c in real]
    still = [np.tile(c.mean(axis=0), (len(c), 1)) for c in real]
    at_home, close, far = (motion_distances(real, g, PARTS) for g in (real, near, still))
    assert at_home.fd_g == pytest.approx(0.0, abs=1e-6)
    assert at_home.fd_g < close.fd_g < far.fd_g
    assert at_home.fd_k < close.fd_k
    assert far.ed_k < at_home.ed_k


def test_the_unit_does_not_matter() -> None:
    real, made = clips(seed=0), clips(seed=1, size=0.7)
    metres = motion_distances(real, made, PARTS)
    millimetres = motion_distances([1000 * c for c in real], [1000 * c for c in made], PARTS)
    assert vars(millimetres) == pytest.approx(vars(metres), rel=1e-3)


def test_diversity_is_the_distance_of_pairs() -> None:
    a, b = np.zeros((10, 2)), np.tile([3.0, 4.0], (8, 1))
    assert mean_pair_distance([a, b]) == 5.0
    assert mean_pair_distance([a, b, b]) == pytest.approx(10.0 / 3)
    assert mean_pair_distance([a]) == 0.0
    assert SPAN == 50.0


def test_events_in_time() -> None:
    assert event_f1([1.0, 2.0, 3.0], [1.05, 2.2, 3.0], 0.07) == pytest.approx(2 / 3)
    assert event_f1([], [], 0.07) == 1.0
    assert event_f1([1.0], [], 0.07) == 0.0
