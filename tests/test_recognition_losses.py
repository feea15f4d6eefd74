# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What training of the networks that hear makes small, and what it takes for the truth."""

from __future__ import annotations

import numpy as np
import torch

from plugins.a2m.score_features import score_features
from plugins.api import Annotation, AnnotationTrack
from training.recognition import losses
from training.recognition.targets import classes_of, events_of

SURE = 20.0


def logits(frames: list[int], count: int = 60) -> torch.Tensor:
    said = torch.full((1, count), -SURE)
    said[0, frames] = SURE
    return said


def events(frames: list[int], count: int = 60) -> torch.Tensor:
    there = torch.zeros(1, count)
    there[0, frames] = 1.0
    return there


def test_the_papers_losses_are_its_equations() -> None:
    said, truth = torch.tensor([[0.3, -1.2, 2.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    chance = torch.sigmoid(said)
    p = torch.where(truth > 0.5, chance, 1 - chance)
    by_hand = -(torch.tensor([0.8, 0.2, 0.2]) * (1 - p) ** 2 * torch.log(p)).mean()
    torch.testing.assert_close(losses.focal_loss(said, truth), by_hand)
    dice = 2 * (chance * truth).sum() / (chance**2 + truth**2).sum()
    torch.testing.assert_close(losses.dice_loss(said, truth), 1 - dice)
    torch.testing.assert_close(losses.paper_event_loss(said, truth), 5 * by_hand + 1 - dice)


def test_a_shifted_peak_is_forgiven_a_missed_and_an_invented_one_are_not() -> None:
    heard, there = torch.ones(1, 60), events([20, 40])

    def loss(frames: list[int]) -> float:
        return float(losses.shift_tolerant_loss(logits(frames), there, heard, reach=2, weight=4.0))

    assert loss([20, 40]) < 1e-6
    assert loss([18, 42]) < 1e-6
    assert loss([20]) > 0.5
    assert loss([20, 40, 50]) > 0.5
    assert loss([16, 40]) > 0.5  # four frames off: neither heard nor forgiven


def test_silence_before_the_music_counts_for_nothing() -> None:
    heard = torch.ones(1, 60)
    heard[0, :10] = 0.0
    assert float(losses.shift_tolerant_loss(logits([3, 30]), events([30]), heard, reach=2, weight=4.0)) < 1e-6


def test_rare_classes_weigh_more_and_unknown_frames_nothing() -> None:
    classes = torch.tensor([[0, 0, 0, 0, 0, 0, 2, 2, -1]])
    weights = losses.class_weights(classes, 3)
    torch.testing.assert_close(weights[2] / weights[0], torch.tensor(3.0))
    assert weights[1] == 0.0
    torch.testing.assert_close((weights[classes[classes >= 0]]).mean(), torch.tensor(1.0))
    said = torch.zeros(1, 9, 3)
    before = losses.class_loss(said, classes, weights)
    said[0, 8] = torch.tensor([50.0, -50.0, 3.0])
    torch.testing.assert_close(losses.class_loss(said, classes, weights), before)
    assert float(losses.class_loss(said, torch.full((1, 9), -1))) == 0.0


def test_the_truth_is_found_again_in_score_features() -> None:
    beats = [0.5, 1.0, 1.52, 2.0, 2.5]
    tracks = [
        AnnotationTrack("beat", tuple(Annotation(t, 0.0, 1) for t in beats)),
        AnnotationTrack("downbeat", (Annotation(0.5, 0.0, 1), Annotation(2.0, 0.0, 2))),
        AnnotationTrack("phrase", (Annotation(1.0, 1.5, "A"),)),
        AnnotationTrack("dynamics", (Annotation(0.5, 1.0, "pp"), Annotation(1.5, 1.0, "f"))),
        AnnotationTrack("articulation", (Annotation(1.0, 0.5, "legato"), Annotation(2.0, 0.2, "staccato"))),
    ]
    score = score_features(tracks, np.zeros((120, 128), dtype=np.float32), np.zeros(66150), 22050)
    found = events_of(score)
    np.testing.assert_allclose(found["beat"] / 40, beats, atol=0.02)
    np.testing.assert_allclose(found["downbeat"] / 40, [0.5, 2.0], atol=0.02)
    np.testing.assert_allclose(found["phrase"] / 40, [1.0], atol=0.02)
    classes = classes_of(score)
    assert [int(classes["dynamics"][round(40 * t)]) for t in (0.2, 0.8, 2.0)] == [-1, 0, 4]
    assert [int(classes["articulation"][round(40 * t)]) for t in (0.8, 1.2, 2.1)] == [0, 1, 2]
