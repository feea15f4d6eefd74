# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Figures of A2M on clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from plugins.a2m.checkpoint import load_weights
from plugins.a2m.predictor import Predictor
from plugins.a2m.targets import PLAYING_TARGETS
from plugins.api.strokes import hair_positions
from tests.a2m_clips import write_clips
from tests.test_train_a2m import TINY, config, run
from training.a2m_clips import Clips
from training.evaluate import predict
from training.report.bootstrap import draws
from training.report.contestants import Contestant
from training.report.measuring import measure


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
    # Of the rest of the body only noise moves in these clips.
    moving = {"right_hand": ("bow_tip", "bow_frog", "right_hand")}
    made, real, (figures,) = judged(predictor, clips, moving)
    assert figures["bow"] > 0.97
    assert figures["bow_chance"] < 0.6
    assert real["FD_g"] == pytest.approx(0.0, abs=1e-6)
    # What the scale clipped, what the strokes say a little differently.
    assert made["FD_g"] < 20.0
    assert made["ED_g"] == pytest.approx(real["ED_g"], rel=0.1)


def test_a_model_that_knows_nothing_is_further_away(clips: Clips, predictor: Predictor) -> None:
    assert judged(predictor, clips, predictor.weights.targets)[0]["FD_g"] > 20.0


def judged(
    predictor: Predictor, clips: Clips, targets: Mapping[str, Sequence[str]]
) -> tuple[dict[str, float], dict[str, float], list[dict[str, float]]]:
    """Distances of the model and of the real clips, and the model's figures."""
    joints = {part: tuple(names) for part, names in targets.items()}
    real, made = measure([Contestant("model", predictor, {})], clips, "test_piece", joints).entries
    found = [entry.distances(real, draws([True])) for entry in (made, real)]
    first, second = ({key: float(values[0]) for key, values in of_one.items()} for of_one in found)
    return first, second, made.figures


def test_the_bow_slides_to_where_its_strokes_are(clips: Clips, predictor: Predictor) -> None:
    said = predict(predictor, clips, clips.split("test_piece")[0])
    assert predictor.weights.grip is not None
    points = said.bowed(predictor.weights.grip).points
    ends = ("bow_frog", "bow_tip", "violin_end", "violin_scroll")
    np.testing.assert_allclose(hair_positions(*(points[e] for e in ends)), said.hair, atol=1e-6)
