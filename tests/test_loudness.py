# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The loudness curve against the tables and the reference signal of ITU-R BS.1770-4."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.api import Audio, ComponentError, JobContext
from plugins.api.testing import check_component
from plugins.loudness.meter import FLOOR, RATE, LoudnessMeter, k_weighting, loudness


def sine(level: float, rate: int = 48000, seconds: float = 3.0, hertz: float = 997.0) -> Audio:
    """A sine of so many dB below full scale."""
    t = np.arange(round(seconds * rate)) / rate
    return Audio(10 ** (level / 20) * np.sin(2 * np.pi * hertz * t), rate, 5.0)  # type: ignore[arg-type]


def test_it_keeps_the_contract() -> None:
    check_component(LoudnessMeter())


def test_the_filters_are_those_of_the_recommendation() -> None:
    shelf, high_pass = k_weighting(48000)
    table_1 = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    table_2 = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    np.testing.assert_allclose(shelf, table_1, atol=1e-9)
    np.testing.assert_allclose(high_pass, table_2, atol=1e-9)


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
@pytest.mark.parametrize("level", [0.0, -20.0, -40.0])
def test_a_sine_has_the_loudness_of_the_recommendation(level: float, rate: int) -> None:
    inner = loudness(sine(level, rate))[5:-5]
    np.testing.assert_allclose(inner, level - 3.01, atol=0.1)


def test_the_ear_hears_bass_less() -> None:
    assert loudness(sine(-20, hertz=30.0))[10] < loudness(sine(-20))[10] - 6.0 < loudness(sine(-20, hertz=4000.0))[10]


def test_silence_lies_on_the_floor_and_a_breath_of_noise_too() -> None:
    noise = np.random.default_rng(0).normal(0.0, 10 ** (-90 / 20), 48000)
    for samples in (np.zeros(48000), noise):
        assert set(loudness(Audio(samples.astype(np.float32), 48000))) == {FLOOR}


def test_values_lie_at_their_times() -> None:
    sound = np.concatenate([np.zeros(48000), sine(-10).samples, np.zeros(48000)])
    track = LoudnessMeter().recognize(Audio(sound, 48000, 2.5), None, LoudnessMeter.Options(), JobContext())[0]
    assert (track.namespace, len(track)) == ("loudness", 50)
    np.testing.assert_allclose(np.diff(track.times), 1 / RATE)
    assert track.times[0] == 2.5
    loud = [a.time for a in track.annotations if a.value > -16.0]  # half of the window is loud
    assert (loud[0], loud[-1]) == pytest.approx((3.5, 6.5), abs=0.11)


def test_long_sound_in_blocks_is_the_same() -> None:
    sound = np.random.default_rng(1).normal(0.0, 0.1, 600_000).astype(np.float32)
    whole, tail = loudness(Audio(sound, 48000)), loudness(Audio(sound[-96000:], 48000))
    np.testing.assert_allclose(whole[-10:], tail[-10:], atol=0.01)


def test_without_a_sound_it_says_so() -> None:
    with pytest.raises(ComponentError, match="needs a sound"):
        LoudnessMeter().recognize(None, None, LoudnessMeter.Options(), JobContext())
