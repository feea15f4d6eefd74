# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Sound from spectrograms: pitch, level, time, silence, and what it refuses; sounds made by formulas."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from plugins.api import ComponentError
from plugins.api.log_mel import BANDS, FPS, RANGE, SAMPLE_RATE, SILENCE, Floats, decibels, log_mel
from plugins.momu import vocoder
from plugins.momu.vocoder import LEVEL, PEAK, sound


def tone(hertz: float, seconds: float, amplitude: float = 0.5) -> Floats:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * hertz * t)).astype(np.float32)


def clicks(times: np.ndarray, seconds: float) -> Floats:
    """Short bursts of noise that die away in 5 ms."""
    samples = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    burst = np.random.default_rng(0).normal(size=400) * np.exp(-np.arange(400) / 110)
    for first in np.round(times * SAMPLE_RATE).astype(int):
        samples[first : first + 400] += 0.3 * burst
    return samples


def tune(seconds: float) -> Floats:
    """Plucked tones with overtones, four a second."""
    samples = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    chance = np.random.default_rng(1)
    for begin in np.arange(0.1, seconds - 0.5, 0.25):
        pitch = 220.0 * 2 ** (chance.integers(0, 24) / 12)
        t = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
        note = sum(np.sin(2 * np.pi * k * pitch * t) / k**2 for k in range(1, 6)) * np.exp(-8 * t)
        first = round(begin * SAMPLE_RATE)
        samples[first : first + len(note)] += 0.2 * note
    return samples


def spread_of(one: Floats, other: Floats) -> float:
    """Decibels, on the average of what is above -60 of the first."""
    return float(RANGE * np.abs(one - other)[one > 0.25].mean())


@pytest.mark.parametrize("frames", [1, 2, 7, 8, 9, 399, 400, 401, 417])
def test_the_sound_is_as_long_as_the_frames(frames: int) -> None:
    heard = np.random.default_rng(0).random((frames, BANDS))
    made = sound(heard, iterations=2)
    assert made.dtype == np.float32
    assert len(made) == round(frames * SAMPLE_RATE / FPS)
    assert len(log_mel(made, SAMPLE_RATE)) == frames
    assert np.isfinite(made).all()


def test_the_windows_are_those_of_log_mel() -> None:
    samples = tune(11.0)  # more than a block
    frames = vocoder._Frames(11 * FPS)
    padded = frames.empty()
    padded[1024 : 1024 + len(samples)] = samples
    filters = vocoder._filters()[0]
    found = [vocoder._power(frames.spectra(padded, part)) @ filters.T * (4 / 2048) ** 2 for part in frames.parts]
    levels = 10 * np.log10(np.maximum(np.concatenate(found), SILENCE))
    np.testing.assert_allclose(levels, decibels(samples, SAMPLE_RATE), atol=0.01)


def test_windows_laid_over_each_other_are_the_sound_again() -> None:
    samples = np.random.default_rng(0).normal(size=11 * SAMPLE_RATE).astype(np.float32)
    low = np.fft.rfft(samples)
    low[7000 * 11 :] = 0  # nothing is kept above 8 kHz
    samples = np.fft.irfft(low).astype(np.float32)
    frames = vocoder._Frames(11 * FPS)
    padded, again = frames.empty(), frames.empty()
    padded[1024 : 1024 + len(samples)] = samples
    for part in frames.parts:
        frames.add(again, part, frames.spectra(padded, part))
    middle = slice(SAMPLE_RATE, -SAMPLE_RATE)  # its ends are hard, and so not without what is high
    np.testing.assert_allclose(frames.cut(frames.finished(again))[middle], samples[middle], atol=2e-3)


@pytest.mark.parametrize("hertz", [196.0, 440.0, 1318.5])
def test_a_tone_keeps_its_pitch_and_has_the_level(hertz: float) -> None:
    made = sound(log_mel(tone(hertz, 3.0), SAMPLE_RATE))
    middle = made[SAMPLE_RATE // 2 : -SAMPLE_RATE // 2]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    peak = np.argmax(spectrum) * SAMPLE_RATE / len(middle)
    assert abs(12 * np.log2(peak / hertz)) < 0.35  # a band is no finer
    assert middle.std() * np.sqrt(2) == pytest.approx(LEVEL, rel=0.35)


def test_music_is_heard_as_what_was_given() -> None:
    given = log_mel(tune(6.0), SAMPLE_RATE)
    made = sound(given)
    assert spread_of(given, log_mel(made, SAMPLE_RATE)) < 2.0
    assert spread_of(given, log_mel(tune(6.0)[::-1], SAMPLE_RATE)) > 8.0  # so that the test can fail
    rough = sound(given, iterations=1)
    assert spread_of(given, log_mel(rough, SAMPLE_RATE)) > spread_of(given, log_mel(made, SAMPLE_RATE))


def test_onsets_stay_in_place_over_three_minutes() -> None:
    seconds = 180.0
    times = np.arange(1.0, seconds - 1, 1.0) + np.random.default_rng(2).uniform(0.0, 0.5, int(seconds) - 2)
    made = sound(log_mel(clicks(times, seconds), SAMPLE_RATE), iterations=2)
    off = [centre(made, t) - centre(clicks(np.array([0.5]), 1.0), 0.5) for t in times]
    # Before the first there is silence: its beginning is the loudest of its past, and sounds too loud.
    assert np.abs(off[0]) < 0.025
    assert np.abs(off[1:]).max() < 0.010
    early, late = off[1:60], off[-60:]
    assert abs(np.mean(late) - np.mean(early)) < 0.001


def test_a_fading_tone_fades() -> None:
    seconds, fall = 9.0, 4.0
    fading = tone(440, seconds) * 10 ** (-fall * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE / 20)
    loud = log_levels(sound(log_mel(fading, SAMPLE_RATE)))
    np.testing.assert_allclose(loud[2:] - loud[1], -fall * np.arange(1, len(loud) - 1), atol=1.0)


def test_what_stays_quiet_is_not_lost() -> None:
    heard = np.zeros((60 * FPS, BANDS))
    heard[:, 30] = 0.9  # 8 dB below a loudest that never comes
    loud = log_levels(sound(heard, iterations=4))
    assert loud[1] - loud[20:].min() < vocoder.SINKS + 1.0


def log_levels(samples: Floats) -> np.ndarray:
    """Decibels of each whole second."""
    return 10 * np.log10((samples[: len(samples) // SAMPLE_RATE * SAMPLE_RATE].reshape(-1, SAMPLE_RATE) ** 2).mean(1))


def centre(samples: Floats, near: float) -> float:
    """Seconds from ``near`` to the middle of the energy around it."""
    first, last = (round((near + d) * SAMPLE_RATE) for d in (-0.2, 0.2))
    energy = samples[first:last].astype(float) ** 2
    return float((energy * np.arange(first, last)).sum() / energy.sum() / SAMPLE_RATE - near)


def test_silence_stays_silent() -> None:
    assert not sound(np.zeros((100, BANDS))).any()
    heard = log_mel(np.concatenate([tone(440, 1.0), np.zeros(2 * SAMPLE_RATE), tone(440, 1.0)]), SAMPLE_RATE)
    made = sound(heard)
    assert not made[round(1.2 * SAMPLE_RATE) : round(2.8 * SAMPLE_RATE)].any()
    assert made[: SAMPLE_RATE // 2].any()


def test_the_peak_is_below_full_scale() -> None:
    made = sound(np.ones((80, BANDS)))  # as loud as can be
    assert np.abs(made).max() == pytest.approx(PEAK, rel=1e-4)
    beyond = sound(np.full((80, BANDS), 3.0))
    np.testing.assert_array_equal(beyond, made)
    assert not sound(np.full((80, BANDS), -1.0)).any()


def test_chance_comes_from_the_seed() -> None:
    heard = log_mel(tune(2.0), SAMPLE_RATE)
    first = sound(heard, 3, iterations=4)
    np.testing.assert_array_equal(sound(heard, 3, iterations=4), first)
    assert (sound(heard, 4, iterations=4) != first).any()


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        (np.zeros((0, BANDS)), "there are no frames to make sound of; give a longer motion"),
        (np.zeros((5, 80)), r"a spectrogram of \(T, 128\) bands is needed, not \(5, 80\)"),
        (np.zeros(BANDS), r"not \(128,\)"),
        (np.full((5, BANDS), np.nan), "not numbers"),
        (np.full((5, BANDS), np.inf), "not numbers"),
    ],
)
def test_what_is_no_spectrogram_is_told(heard: Floats, words: str) -> None:
    with pytest.raises(ComponentError, match=words):
        sound(heard)


def test_it_says_how_far_it_is_and_can_be_stopped() -> None:
    told: list[float] = []
    sound(np.ones((10, BANDS)), iterations=4, on_iteration=told.append)
    assert told == [0.0, 0.25, 0.5, 0.75]

    def stop(done: float) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        sound(np.ones((10, BANDS)), on_iteration=stop)


def test_memory_grows_as_the_music() -> None:
    def most(seconds: int) -> int:
        heard = np.full((seconds * FPS, BANDS), 0.5, dtype=np.float32)
        tracemalloc.start()
        sound(heard, iterations=2)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most(5)  # what is made once
    assert most(80) < 2.2 * most(40)
    assert most(40) < 40 * 2_000_000  # 2 MB a second
