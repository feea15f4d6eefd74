# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Two recordings of one performance put on one clock."""

from __future__ import annotations

import numpy as np
import pytest

from backend.audio_files import read_audio
from plugins.api import Audio
from tests.conftest import ROOT
from tests.versions import other_version
from training.simulate.room import place, record
from training.synchronisation.chroma import find_lag
from training.synchronisation.notes import SynchronisationError

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def audio() -> Audio:
    return read_audio(EXAMPLES / "minuet.flac")


@pytest.mark.parametrize("how", ["room", "noise", "low-pass", "motion capture"])
def test_the_lag_of_another_version_is_found(audio: Audio, how: str) -> None:
    rng = np.random.default_rng(1)
    first = Audio(record(audio.samples, place(rng), audio.sample_rate, rng), audio.sample_rate)
    second = other_version(audio, how, 7.3125)
    lag = find_lag(first, second)
    assert lag.reliable
    assert lag.seconds == pytest.approx(7.3125, abs=0.02)
    back = find_lag(second, first)
    assert back.seconds == pytest.approx(-lag.seconds, abs=0.003)
    later = find_lag(Audio(first.samples, first.sample_rate, 2.0), second)
    assert later.seconds == pytest.approx(lag.seconds + 2.0, abs=1e-6)


def test_different_performances_have_no_lag(audio: Audio) -> None:
    backwards = Audio(audio.samples[::-1], audio.sample_rate)
    assert not find_lag(audio, backwards).reliable
    faster = Audio(audio.samples, round(audio.sample_rate * 1.06))
    assert not find_lag(audio, faster).reliable
    noise = np.random.default_rng(0).normal(0, 0.1, 20 * 22050).astype(np.float32)
    assert not find_lag(audio, Audio(noise, 22050)).reliable


def test_nothing_to_compare_is_said(audio: Audio) -> None:
    with pytest.raises(SynchronisationError, match="silent"):
        find_lag(audio, Audio(np.zeros(10 * 22050, dtype=np.float32), 22050))
    with pytest.raises(SynchronisationError, match="too short"):
        find_lag(audio, Audio(audio.samples[:22050], audio.sample_rate))
