# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Beats and bars that agree with themselves, from what a network says of each frame."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.hearing.metre import METRES, count_bars, near, regularity, track_beats


def chain(seed: int, missed: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Peaks of beats in a free tempo (some hardly heard), and weaker ones between them; the true beats."""
    rng = np.random.default_rng(seed)
    steps = 0.6 * np.exp(0.3 * np.cumsum(rng.normal(0.0, 0.03, 120)))
    beats = np.cumsum(steps)
    sure = np.where(rng.random(120) < missed, 0.03, 0.8)
    between = beats[:-1] + 0.5 * steps[1:]
    weak = np.where(rng.random(119) < 0.3, 0.5, 0.1)
    times, chances = np.concatenate([beats, between]), np.concatenate([sure, weak])
    order = np.argsort(times)
    return times[order], chances[order], beats


@pytest.mark.parametrize("seed", range(4))
def test_a_free_tempo_is_followed_past_what_is_between_and_what_is_missed(seed: int) -> None:
    times, chances, beats = chain(seed)
    found, sure = track_beats(times, chances, 20.0)
    right = np.abs(found[:, None] - beats).min(axis=1) < 0.05
    assert right.mean() > 0.97
    assert np.mean(np.abs(beats[:, None] - found).min(axis=1) < 0.05) > 0.95
    assert len(sure) == len(found)
    assert (np.diff(found) > 0).all()
    # Whoever takes all that is more likely than not is wrong more often.
    picked = times[chances > 0.4]
    assert np.mean(np.abs(picked[:, None] - beats).min(axis=1) < 0.05) < right.mean()


def test_a_beat_that_nobody_hears_is_put_between_its_neighbours() -> None:
    times = np.array([0.0, 0.5, 1.0, 2.0, 2.5, 3.0])
    found, sure = track_beats(times, np.full(6, 0.9), 20.0)
    np.testing.assert_allclose(found, np.arange(7) * 0.5)
    assert sure[3] < 0.2 < sure[2]


def test_hardly_any_peaks_are_no_trouble() -> None:
    for count in (0, 1, 2):
        found, sure = track_beats(np.arange(count) * 9.0, np.full(count, 0.8), 20.0)
        assert len(found) == len(sure) <= count


@pytest.mark.parametrize("metre", [2, 3, 4])
@pytest.mark.parametrize("pickup", [0, 1])
def test_bars_are_counted_through_what_is_wrong(metre: int, pickup: int) -> None:
    true = (np.arange(60) - pickup) % metre + 1
    chance = np.where(true == 1, 0.7, 0.15)
    chance[20], chance[31] = 0.1, 0.8
    np.testing.assert_array_equal(count_bars(chance), true)


def test_a_change_of_metre_is_followed_and_a_given_metre_kept() -> None:
    true = np.concatenate([np.arange(32) % 4 + 1, np.arange(30) % 3 + 1])
    chance = np.where(true == 1, 0.9, 0.05)
    np.testing.assert_array_equal(count_bars(chance), true)
    assert count_bars(chance, (2,)).max() == 2
    assert len(count_bars(np.empty(0))) == 0
    assert set(METRES) >= {2, 3, 4}


def test_the_nearest_chance_counts() -> None:
    curve = np.zeros(50)
    curve[12] = 0.8
    np.testing.assert_allclose(near(curve, np.array([10.4, 12.0, 20.0]), 2), [0.8, 0.8, 0.0])
    assert near(np.empty(0), np.array([1.0]), 2).tolist() == [0.0]


def test_regular_beats_are_surer_than_those_of_speech() -> None:
    steady = 0.5 * np.arange(20.0)
    rubato = np.cumsum(0.5 * 1.05 ** np.resize([1, 0, -1, 0], 20))
    spoken = np.cumsum(0.3 * 1.25 ** np.resize([1, 0, -1, 1, -2], 20))
    np.testing.assert_allclose(regularity(steady), 1.0)
    assert (regularity(rubato) > 0.8).all()
    assert (regularity(spoken) < 0.5).all()
    assert [len(regularity(steady[:n])) for n in range(4)] == [0, 1, 2, 3]
    assert regularity(steady[:2]).max() < 0.1
