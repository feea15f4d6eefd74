# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Around where joints move: what was seen, and how players stand."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.mapnet.middle import Usual, likely_middle, variance_of_mean

PLACES = np.random.default_rng(0).normal(0.0, 0.4, (13, 3))
SHAPES = np.stack([0.1 * PLACES, np.full((13, 3), [0.05, 0.0, 0.0])])  # larger or smaller, and to the side
USUAL = Usual(PLACES, SHAPES)


def drawn(rng: np.random.Generator) -> np.ndarray:
    return PLACES + np.tensordot(rng.normal(size=2), SHAPES, axes=1)


def off(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(found - truth, axis=-1).mean())


def test_who_stands_as_others_do_is_found_behind_jitter() -> None:
    rng = np.random.default_rng(1)
    variance = np.full(13, 0.01**2)
    seen, better, said = [], [], []
    for _ in range(40):
        truth = drawn(rng)
        noisy = truth + rng.normal(0.0, 0.01, truth.shape)
        found, unsure = likely_middle(noisy, variance, USUAL)
        seen.append(off(noisy, truth))
        better.append(off(found, truth))
        said.append(unsure.mean())
    assert np.mean(better) < 0.4 * np.mean(seen)
    assert np.mean(better) / 1.6 < 2.0 * np.mean(said) < 4.0 * np.mean(better) / 1.6  # it knows how wrong it is


def test_who_stands_like_nobody_else_is_believed() -> None:
    rng = np.random.default_rng(2)
    truth = drawn(rng) + rng.normal(0.0, 0.2, (13, 3))
    noisy = truth + rng.normal(0.0, 0.005, truth.shape)
    found, unsure = likely_middle(noisy, np.full(13, 0.005**2), USUAL)
    assert off(found, noisy) < 0.002
    assert unsure.max() < 0.006


def test_a_joint_that_was_never_seen_goes_with_the_others() -> None:
    truth = PLACES + SHAPES[0] + 2.0 * SHAPES[1]
    seen = truth.copy()
    seen[4] = np.nan
    found, unsure = likely_middle(seen, np.full(13, 0.002**2), USUAL)
    assert np.isfinite(found).all()
    assert np.linalg.norm(found[4] - truth[4]) < 0.02
    assert unsure[4] >= unsure[3]


def test_nothing_seen_is_as_usual() -> None:
    found, unsure = likely_middle(np.full((13, 3), np.nan), np.full(13, 0.1), USUAL)
    assert found == pytest.approx(PLACES)
    assert (unsure > 0.01).all()


def test_more_looks_are_surer() -> None:
    few, many = (variance_of_mean(np.full(3, 0.3), np.full(3, n)) for n in (10.0, 1000.0))
    assert np.sqrt(few / many) == pytest.approx(10.0)
    assert np.isfinite(variance_of_mean(np.ones(2), np.zeros(2))).all()


def test_who_sits_plays_as_others_do() -> None:
    rng = np.random.default_rng(4)
    away = np.where(np.arange(13)[:, None] >= 9, [0.1, -0.4, 0.3], 0.0)  # knees and toes
    errors = []
    for _ in range(20):
        truth = drawn(rng) + away
        noisy = truth + rng.normal(0.0, 0.01, truth.shape)
        found, _ = likely_middle(noisy, np.full(13, 0.01**2), USUAL)
        errors.append((off(noisy[:9], truth[:9]), off(found[:9], truth[:9]), off(found[9:], truth[9:])))
    before, arms, legs = np.mean(errors, axis=0)
    assert arms < 0.5 * before
    assert legs < 1.2 * before
