# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The plain beat tracker: no beats where nothing sounds."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.api import Audio, JobContext, find_track
from plugins.beats.tracker import BeatTracker

RATE = 22050
TRACKER = BeatTracker()


def beats(samples: np.ndarray, start: float = 0.0) -> list[float]:
    tracks = TRACKER.recognize(Audio(samples.astype(np.float32), RATE, start), None, TRACKER.Options(), JobContext())
    assert all(0.0 <= a.confidence <= 0.5 for t in tracks for a in t.annotations)
    return find_track(tracks, "beat").times


def clicks(seconds: float, every: float = 0.5) -> np.ndarray:
    sound = np.zeros(round(seconds * RATE))
    for at in np.arange(0.0, seconds - 0.1, every):
        first = round(at * RATE)
        sound[first : first + 800] += np.exp(-np.arange(800) / 150) * np.sin(np.arange(800) * 0.3)
    return sound


def silence(seconds: float, level: float = 0.0) -> np.ndarray:
    return level * np.random.default_rng(0).normal(size=round(seconds * RATE))


@pytest.mark.parametrize("level", [0.0, 10 ** (-75 / 20)])
def test_no_beats_on_silence(level: float) -> None:
    assert beats(silence(20.0, level)) == []


def test_no_beats_in_the_silence_around_music() -> None:
    sound = np.concatenate([silence(15.0), clicks(20.0), silence(30.0, 10 ** (-75 / 20))])
    found = np.array(beats(sound, start=100.0)) - 115.0
    assert len(found) >= 35
    assert found.min() > -1.6
    assert found.max() < 21.6


def test_beats_go_on_through_a_short_rest() -> None:
    sound = np.concatenate([clicks(10.0), silence(2.0), clicks(10.0)])
    assert any(10.2 < t < 11.8 for t in beats(sound))
