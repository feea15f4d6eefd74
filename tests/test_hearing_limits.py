# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What one exact number tells: judged on pieces unseen, weighted by time, each hand for itself."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.quality_hearing_limits import articulation, dynamics, judged
from training.datasets.mosa_annotations import AlignedNote, Annotations, Expression, ScoreNote


def scale(held: dict[int, float], marks: tuple[Expression, ...] = ()) -> Annotations:
    """Quarter notes half a second each, in two hands; ``held``: staff -> part of its time that a note lasts."""
    aligned, written = [], []
    for staff, part in held.items():
        for k in range(8):
            pitch = 60 - 20 * staff + k
            aligned.append(AlignedNote(k, 0.5 * k, 0.5 * (k + part), k, k + 1.0, "", pitch, 1.0, 0, 0.0))
            written.append(ScoreNote(k, k + 1.0, pitch, "", 1.0, staff, 0, 0.0))
    return Annotations(align_notetime=tuple(aligned), note=tuple(written), expression=marks)


def test_lengths_are_told_hand_by_hand() -> None:
    slur = Expression(0.0, 4.0, "legato")
    values, classes, weights = articulation(scale({0: 1.0, 1: 0.5}, (slur,)), 0)
    assert values == pytest.approx([1.0] * 7 + [0.5] * 7)
    assert classes.tolist() == [1, 1, 1, 1, 0, 0, 0] * 2
    assert weights == pytest.approx([0.5] * 7 + [0.25] * 7)


def test_the_level_of_a_recording_is_taken_off_unless_it_is_known() -> None:
    soft = scale({0: 0.9}, (Expression(0.0, 8.0, "p"),))
    loud = scale({0: 0.9}, (Expression(0.0, 8.0, "ff"),))
    known = [dynamics(a, np.random.default_rng(0), True)[0].mean() for a in (soft, loud)]
    unknown = [dynamics(a, np.random.default_rng(0), False)[0].mean() for a in (soft, loud)]
    assert known[1] - known[0] > 0.4
    assert abs(unknown[1] - unknown[0]) < 0.05
    assert set(dynamics(soft, np.random.default_rng(0), True)[1]) == {1}


def test_values_that_tell_are_right_and_others_no_better_than_the_commonest() -> None:
    rng = np.random.default_rng(1)
    classes = rng.integers(0, 3, 4000)
    noise = rng.normal(size=4000)
    for values, low, high in ((classes + 0.1 * noise, 0.97, 1.0), (noise, 0.30, 0.40)):
        tables = [(p, (values[i::4], classes[i::4], np.ones(1000))) for i, p in enumerate("abcd")]
        right, common = judged(tables)
        assert low <= right <= high
        assert common == pytest.approx(1 / 3, abs=0.05)
