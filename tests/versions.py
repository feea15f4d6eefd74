# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Another recording of the same performance, for tests."""

from __future__ import annotations

import numpy as np

from plugins.api import Audio
from training.simulate.room import place, record


def other_version(audio: Audio, how: str, cut: float) -> Audio:
    """The sound as something else recorded it, from ``cut`` seconds on, without the last three."""
    from scipy.signal import butter, sosfilt

    rng, rate = np.random.default_rng(4), audio.sample_rate
    samples = audio.samples[int(cut * rate) : -3 * rate].astype(float)
    if how == "room":
        samples = record(samples.astype(np.float32), place(rng), rate, rng)
    elif how == "noise":
        samples = 0.1 * (samples + rng.normal(0, samples.std(), len(samples)))
    elif how == "low-pass":
        samples = sosfilt(butter(8, 1500, fs=rate, output="sos"), samples)
    elif how == "motion capture":
        import soxr

        samples, rate = soxr.resample(samples, rate, 600), 600
    return Audio(samples.astype(np.float32), rate)
