# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Figures of A2M on clips."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.a2m.checkpoint import load_weights
from plugins.a2m.predictor import Predictor
from plugins.a2m.strokes import hair_positions
from plugins.a2m.targets import PLAYING_TARGETS
from tests.a2m_clips import write_clips
from tests.test_train_a2m import TINY, config, run
from training.a2m_clips import Clips
from training.evaluate import bow_changes, distances, interval, predict


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips.open(
        write_clips(tmp_path_factory.mktemp("clips"), seconds=40.0, splits=("train", "test_piece")), "violin"
    )


@pytest.fixture(scope="module")
def predictor(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    raw = config(
        clips.folder,
        tmp_path_factory.mktemp("run"),
        targets={part: list(joints) for part, joints in PLAYING_TARGETS.items()},
        model=TINY | {"positions": "rotary"},
        max_steps=3,
    )
    weights = load_weights(run(raw))
    return Predictor(weights, weights.window)


def test_a_model_that_says_the_truth_is_perfect_and_chance_is_not(
    clips: Clips, predictor: Predictor, monkeypatch
) -> None:
    targets = predictor.weights.targets

    def truth(windows: np.ndarray) -> np.ndarray:
        (audio,) = windows
        (row,) = [i for i in range(len(clips.audio) - len(audio) + 1) if np.array_equal(clips.audio[i], audio[0, :128])]
        rows = slice(row, row + len(audio))
        points = predictor.weights.normaliser.normalise(clips.points(rows, targets))
        said = clips.strokes[rows].copy()
        said[:, 2] = 12.0 * (said[:, 2] - 0.4)
        return np.concatenate([points, said], axis=1)[None]

    monkeypatch.setattr(predictor, "infer", truth)
    (found,) = bow_changes(predictor, clips, "test_piece")
    assert found.f1 > 0.97
    assert found.chance < 0.6
    # Of the rest of the body only noise moves in these clips.
    moving = {"right_hand": ("bow_tip", "bow_frog", "right_hand")}
    made, real = (distances(p, clips, "test_piece", moving) for p in (predictor, None))
    assert real.fd_g == pytest.approx(0.0, abs=1e-6)
    # What the scale clipped, what the strokes say a little differently.
    assert made.fd_g < 20.0
    assert made.ed_g == pytest.approx(real.ed_g, rel=0.1)


def test_a_model_that_knows_nothing_is_further_away(clips: Clips, predictor: Predictor) -> None:
    assert distances(predictor, clips, "test_piece", predictor.weights.targets).fd_g > 20.0


def test_the_bow_slides_to_where_its_strokes_are(clips: Clips, predictor: Predictor) -> None:
    said = predict(predictor, clips, clips.split("test_piece")[0])
    assert predictor.weights.grip is not None
    points = said.bowed(predictor.weights.grip).points
    ends = ("bow_frog", "bow_tip", "violin_end", "violin_scroll")
    np.testing.assert_allclose(hair_positions(*(points[e] for e in ends)), said.hair, atol=1e-6)


def test_intervals() -> None:
    mean, low, high = interval([0.5, 0.7, 0.9, 0.7])
    assert mean == pytest.approx(0.7)
    assert 0.5 < low < mean < high < 0.9
