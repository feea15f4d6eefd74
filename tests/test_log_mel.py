# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the A2M model hears."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from plugins.api import log_mel as features

RATE = features.SAMPLE_RATE


def sine(hertz: float, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate).astype(np.float32)


def noise(seconds: float) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).normal(size=round(seconds * RATE))).astype(np.float32)


def test_the_filters_are_slaneys() -> None:
    peer = librosa.filters.mel(sr=RATE, n_fft=2048, n_mels=128, fmax=8000, norm=None)
    np.testing.assert_allclose(features.mel_filters(), peer, atol=1e-6)


def test_decibels_agree_with_librosa_where_the_frames_coincide() -> None:
    sound = noise(2.0)
    power = librosa.feature.melspectrogram(
        y=sound, sr=RATE, n_fft=2048, hop_length=2205, n_mels=128, fmax=8000, norm=None, pad_mode="constant"
    )
    # 2205 samples are four frames exactly.
    peer = 10 * np.log10(power.T * (4 / 2048) ** 2)
    np.testing.assert_allclose(features.decibels(sound, RATE)[::4], peer[:20], atol=1e-3)


def test_a_click_is_in_the_frame_of_its_time() -> None:
    sound = np.zeros(RATE * 4, dtype=np.float32)
    sound[round(3.2 * RATE)] = 1.0
    assert abs(int(np.argmax(features.log_mel(sound, RATE).sum(axis=1))) - 3.2 * 40) <= 1


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_the_sample_rate_does_not_matter(rate: int) -> None:
    at_home, elsewhere = features.log_mel(sine(440), RATE), features.log_mel(sine(440, rate=rate), rate)
    assert at_home.shape == elsewhere.shape == (40, 128)
    audible = at_home[5:-5] > 0.5
    np.testing.assert_allclose(elsewhere[5:-5][audible], at_home[5:-5][audible], atol=0.01)


def test_the_level_does_not_matter_and_a_crescendo_shows() -> None:
    sound = noise(3.0)
    np.testing.assert_allclose(features.log_mel(sound * 0.3, RATE), features.log_mel(sound, RATE), atol=1e-5)
    quieter = np.concatenate([sound, 0.1 * sound])
    halves = features.log_mel(quieter, RATE).mean(axis=1).reshape(2, -1)
    # Twenty decibels of eighty, less what was forgotten on average.
    assert halves[0].mean() - halves[1].mean() == pytest.approx(20 / 80, abs=0.03)


def test_nothing_later_than_half_a_window_is_heard() -> None:
    sound = noise(3.0)
    whole, beginning = features.log_mel(sound, RATE), features.log_mel(sound[: 2 * RATE], RATE)
    ahead = int(np.ceil(features.WINDOW / 2 / RATE * features.FPS))
    np.testing.assert_allclose(whole[: 80 - ahead], beginning[: 80 - ahead], atol=1e-6)


def test_blocks_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = noise(2.0)
    whole = features.log_mel(sound, RATE)
    monkeypatch.setattr(features, "BLOCK", 7)
    np.testing.assert_allclose(features.log_mel(sound, RATE), whole, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 100, RATE])
def test_silence_and_almost_nothing(count: int) -> None:
    heard = features.log_mel(np.zeros(count, dtype=np.float32), RATE)
    assert heard.shape == (features.frame_count(count, RATE), 128)
    assert heard.dtype == np.float32
    assert not heard.any()
