# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``loudness`` recogniser: momentary loudness after ITU-R BS.1770-4.

Sound is weighted as the ear hears it (K-weighting: a shelf for the head, a high pass) and its power
averaged over 400 ms. The filters are those of the Recommendation, which tabulates them at 48 kHz only;
at other rates they are made again from their analogue parameters (B. De Man, *Evaluation of
implementations of the EBU R128 loudness measurement*, AES 145, 2018).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, JobContext, Motion, Recognizer

RATE: Final = 10.0
"""Values a second."""
WINDOW: Final = 0.4
"""Seconds that a value averages, around its time."""
FLOOR: Final = -70.0
"""LUFS; BS.1770 counts nothing softer as sound."""
OFFSET: Final = -0.691
"""Makes a full-scale sine of 997 Hz -3.01 LUFS."""
SHELF: Final = (1681.974450955533, 3.999843853973347, 0.7071752369554196)
"""Hz, dB and Q of the shelf."""
HIGH_PASS: Final = (38.13547087602444, 0.5003270373238773)
"""Hz and Q."""
BLOCK: Final = 1 << 18
"""Samples between two looks at whether the job is cancelled."""

Floats = npt.NDArray[np.float64]


class LoudnessMeter(Recognizer):
    """Measures how loud the sound is, ten times a second, in LUFS (momentary loudness, ITU-R BS.1770);
    silence is -70."""

    name = "loudness"
    label = "Loudness"
    writes = ("loudness",)

    def load(self, device: str) -> None:
        import scipy.signal  # noqa: F401 (takes its time: once)

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        if audio is None:
            raise ComponentError("loudness needs a sound; give a recording")
        levels = loudness(audio, context)
        values = (Annotation(audio.start + i / RATE, 0.0, round(float(v), 2)) for i, v in enumerate(levels))
        return [AnnotationTrack("loudness", tuple(values))]


def loudness(audio: Audio, context: JobContext | None = None) -> Floats:
    """(ceil(duration * RATE),) LUFS at i / RATE seconds from the sound's start, FLOOR at least.

    One channel counts as BS.1770 counts a mono file. Windows are cut where the sound ends.
    """
    energy = _energy(audio, context or JobContext())
    half = WINDOW / 2 * audio.sample_rate
    centres = np.arange(int(np.ceil(audio.duration * RATE - 1e-9))) / RATE * audio.sample_rate
    low = np.clip(np.round(centres - half), 0, len(audio.samples)).astype(int)
    high = np.clip(np.round(centres + half), 0, len(audio.samples)).astype(int)
    power = (energy[high] - energy[low]) / np.maximum(high - low, 1)
    return np.asarray(np.maximum(OFFSET + 10.0 * np.log10(np.maximum(power, 1e-12)), FLOOR))


def _energy(audio: Audio, context: JobContext) -> Floats:
    """(N + 1,) sum of the squares of the weighted samples before each."""
    from scipy.signal import sosfilt

    filters = k_weighting(audio.sample_rate)
    state = np.zeros((len(filters), 2))
    energy = np.zeros(len(audio.samples) + 1)
    for first in range(0, len(audio.samples), BLOCK):
        context.progress(first / len(audio.samples), "Measuring loudness")
        block = audio.samples[first : first + BLOCK].astype(np.float64)
        weighted, state = sosfilt(filters, block, zi=state)
        energy[first + 1 : first + 1 + len(block)] = energy[first] + np.cumsum(weighted**2)
    return energy


def k_weighting(sample_rate: int) -> Floats:
    """(2, 6) second-order sections b0 b1 b2 1 a1 a2: BS.1770-4's tables 1 and 2, for any rate."""
    frequency, gain, quality = SHELF
    k, high = _warped(frequency, sample_rate), 10.0 ** (gain / 20.0)
    band = high**0.4996667741545416
    a0 = 1.0 + k / quality + k * k
    b = [high + band * k / quality + k * k, 2.0 * (k * k - high), high - band * k / quality + k * k]
    shelf = [*(x / a0 for x in b), 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / quality + k * k) / a0]
    frequency, quality = HIGH_PASS
    k = _warped(frequency, sample_rate)
    a0 = 1.0 + k / quality + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / quality + k * k) / a0]
    return np.array([shelf, high_pass])


def _warped(frequency: float, sample_rate: int) -> float:
    """The bilinear transform's frequency; of very low rates the shelf lies at the top."""
    return float(np.tan(np.pi * min(frequency / sample_rate, 0.49)))
