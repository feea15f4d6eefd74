# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The place where a performance is recorded: room, microphone, noise, level."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
BANDS: Final = ((0.0, 700.0, 1.1), (700.0, 2800.0, 1.0), (2800.0, 11000.0, 0.6))
"""Hz from, Hz to, and the decay relative to the middle: rooms swallow the treble first."""


@dataclass(frozen=True)
class Place:
    """Attributes:
    reverberation: seconds to fall by 60 dB. wet: level of the room under the direct sound, dB.
    lowest, highest: Hz that the microphone takes; tilt: dB an octave about 1 kHz.
    noise: dB below full scale; hum: Hz, 0 for none. level: dB of the loudest sample. reference: Hz of A4.
    """

    reverberation: float
    wet: float
    lowest: float
    highest: float
    tilt: float
    noise: float
    hum: float
    level: float
    reference: float

    def to_dict(self) -> dict[str, Any]:
        return {k: round(v, 3) for k, v in asdict(self).items()}


def place(rng: np.random.Generator) -> Place:
    """From a dead studio to a church, from a good microphone to a telephone on a chair."""
    return Place(
        reverberation=float(np.exp(rng.uniform(np.log(0.15), np.log(2.8)))),
        wet=float(rng.uniform(-24.0, -2.0)),
        lowest=float(rng.uniform(30.0, 160.0)),
        highest=float(rng.uniform(5500.0, 10800.0)),
        tilt=float(rng.uniform(-1.5, 1.5)),
        noise=float(rng.uniform(-85.0, -56.0)),
        hum=float(rng.choice([0.0, 0.0, 0.0, 50.0, 60.0])),
        level=float(rng.uniform(-18.0, -0.5)),
        reference=_reference(rng),
    )


def _reference(rng: np.random.Generator) -> float:
    """Mostly modern pitch; now and then a baroque one."""
    return 415.3 * float(rng.uniform(0.995, 1.005)) if rng.random() < 0.1 else float(rng.normal(441.0, 2.0))


def record(dry: Samples, where: Place, rate: int, rng: np.random.Generator) -> Samples:
    """The dry sound as it is recorded there; as long, and no later."""
    from scipy.signal import oaconvolve

    sound = dry + oaconvolve(dry, _reflections(where, rate, rng))[: len(dry)]
    sound = oaconvolve(sound, _microphone(where, rate))[: len(dry)]
    sound *= 10 ** (where.level / 20) / max(float(np.abs(sound).max()), 1e-9)
    noise = np.cumsum(rng.normal(0, 1, len(sound)).astype(np.float32))
    noise = np.diff(noise, prepend=0) + 0.02 * (noise - np.convolve(noise, np.ones(200) / 200, "same"))
    sound = sound + 10 ** (where.noise / 20) * noise / max(float(noise.std()), 1e-9)
    if where.hum:
        t = np.arange(len(sound)) / rate
        hum = sum(np.sin(2 * np.pi * where.hum * k * t) / k**1.5 for k in (1, 2, 3, 5))
        sound = sound + 10 ** ((where.noise + 6.0) / 20) * hum
    return np.asarray(np.clip(sound, -1.0, 1.0), dtype=np.float32)


def _reflections(where: Place, rate: int, rng: np.random.Generator) -> Samples:
    """What comes back from the walls: single echoes, then noise that dies away."""
    from scipy.signal import butter, sosfilt

    count = int(min(where.reverberation, 2.5) * rate)
    t = np.arange(count) / rate
    white = rng.normal(0, 1, count)
    tail = np.zeros(count)
    for low, high, part in BANDS:
        kind, edges = ("lowpass", high) if low == 0 else ("bandpass", (low, min(high, 0.49 * rate)))
        band = sosfilt(butter(1, edges, kind, fs=rate, output="sos"), white)
        tail += band * np.exp(-6.91 * t / (where.reverberation * part))
    gap = rng.uniform(0.004, 0.03)
    tail *= np.clip((t - gap) / 0.02, 0.0, 1.0)
    for _ in range(int(rng.integers(3, 9))):
        at = min(int(rng.uniform(gap, gap + 0.05) * rate), count - 1)
        tail[at] += rng.choice([-1, 1]) * rng.uniform(0.5, 2.5)
    return np.asarray(tail * 10 ** (where.wet / 20) / np.sqrt((tail**2).sum()), dtype=np.float32)


def _microphone(where: Place, rate: int) -> Samples:
    """Linear-phase filter moved to begin at once: band limits and a tilt."""
    taps = 1024
    frequencies = np.fft.rfftfreq(taps, 1 / rate)
    octaves = np.log2(np.maximum(frequencies, 20.0) / 1000.0)
    gain = 10 ** (where.tilt * octaves / 20)
    gain = gain / np.sqrt(1 + (where.lowest / np.maximum(frequencies, 1.0)) ** 4)
    gain = gain / np.sqrt(1 + (frequencies / where.highest) ** 8)
    return np.asarray(_minimum_phase(gain), dtype=np.float32)


def _minimum_phase(gain: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Impulse response with this magnitude and no more delay than it must have (through the cepstrum:
    A. Oppenheim and R. Schafer, *Discrete-Time Signal Processing*, chapter 12)."""
    count = 2 * (len(gain) - 1)
    cepstrum = np.fft.irfft(np.log(np.maximum(gain, 1e-4)))
    fold = np.zeros(count)
    fold[0] = fold[count // 2] = 1.0
    fold[1 : count // 2] = 2.0
    return np.asarray(np.fft.irfft(np.exp(np.fft.rfft(cepstrum * fold))))
