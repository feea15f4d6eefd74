# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How far and how fast each joint usually moves, found by smoothing what is known, and how players stand."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from plugins.mapnet.config import FPS, JOINT_COUNT
from plugins.mapnet.middle import Usual
from plugins.mapnet.repair import TRIMMED, middles
from plugins.mapnet.smoother import Habit, Seen, smooth
from training.mapnet.batches import at_ours, elsewhere
from training.mapnet.takes import Takes

SECONDS: Final = (0.25, 0.4, 0.6, 0.9, 1.4, 2.2, 3.5, 5.5, 9.0)
LEAST: Final = 0.008
"""Metres that any joint moves: simulated players do not shift their feet, others do."""
NOISE: Final = (0.01, 0.05, 0.3)
"""Metres of jitter under which a habit must do well."""
EXCERPT: Final = 800
EXCERPTS: Final = 16
ANEW: Final = 4
"""How often each take is placed and sized anew to learn how players stand."""
SMALLEST: Final = 0.0005
"""Metres of deviation from which a way to stand otherwise counts."""


def fit_habit(takes: Takes, rows: list[dict[str, Any]], seed: int = 0) -> Habit:
    """The range of each joint about its middle, and the time that leaves the least error, relative to the best."""
    rng = np.random.default_rng([seed, 77])
    chosen = [rows[i] for i in rng.permutation(len(rows))[:EXCERPTS]]
    joints = [at_ours(takes.of(row, "joints")) for row in chosen]
    spread = np.sqrt(np.mean([j.var(axis=0).mean(axis=-1) for j in joints], axis=0))
    spread = np.maximum(spread, LEAST)
    errors = np.zeros((len(SECONDS), JOINT_COUNT))
    for noise in NOISE:
        for i, seconds in enumerate(SECONDS):
            errors[i] += _error(joints, Habit(spread, np.full(JOINT_COUNT, seconds)), noise) / noise**0.7
    return Habit(spread, np.array(SECONDS)[np.argmin(errors, axis=0)])


def fit_usual(takes: Takes, rows: list[dict[str, Any]], seed: int = 0) -> Usual:
    """The mean of the takes' middles and the principal ways in which they differ, frames found from jitter included."""
    rng = np.random.default_rng([seed, 78])
    found = [middles(takes.of(row, "joints"), TRIMMED) for row in rows]
    anew = np.array([elsewhere(middle, rng).ravel() for middle in found for _ in range(ANEW)])
    mean = anew.mean(axis=0)
    _, deviations, ways = np.linalg.svd((anew - mean) / np.sqrt(max(len(anew) - 1, 1)), full_matrices=False)
    shapes = (deviations[:, None] * ways)[deviations > SMALLEST]
    return Usual(mean.reshape(JOINT_COUNT, 3).round(5), shapes.reshape(-1, JOINT_COUNT, 3).round(6))


def _error(joints: list[Any], habit: Habit, noise: float) -> Any:
    """(13,) metres of mean error of the smoother."""
    rng = np.random.default_rng(5)
    cut = [j[: min(EXCERPT, min(map(len, joints)))] for j in joints]
    truth = np.concatenate(cut, axis=1)
    many = Habit(np.tile(habit.amplitude, len(cut)), np.tile(habit.seconds, len(cut)))
    seen = truth + rng.normal(0.0, noise, truth.shape)
    middle = np.concatenate([np.median(j, axis=0) for j in joints])
    ones = np.ones(truth.shape[:2])
    found, _ = smooth(Seen(seen, ones, 0.0 * ones), middle, np.full(truth.shape[1], noise), many, FPS)
    wrong = np.linalg.norm(found - truth, axis=-1).mean(axis=0)
    return wrong.reshape(len(cut), JOINT_COUNT).mean(axis=0)
