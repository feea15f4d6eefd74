# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A struck piano, note by note: partials of stiff strings, brighter the harder they are struck.

Partials are stretched as stiff strings stretch them (H. Fletcher, *Normal vibration frequencies of a stiff piano
string*, JASA 36, 1964), die away first quickly, then slowly (G. Weinreich, *Coupled piano strings*, JASA 62, 1977), and
are weak where the hammer strikes a node, an eighth of the string from its end. How bright, how long and how
stiff is each instrument's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.simulate.piano_playing import Struck
from training.simulate.players import Pianist
from training.simulate.sound import BORROWED, RATE

LENGTH: Final = 4.5
"""Seconds of a string that nobody damps."""
PARTIALS: Final = 22
HIGHEST: Final = 10000.0
"""Hz, below half of RATE."""
KNOCK: Final = 0.06
"""Seconds of the noise of key and hammer."""

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Instrument:
    """Attributes:
    strings: seed of the piano's timbre.
    reference: Hz of A4.
    """

    strings: int
    reference: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def instrument(player: Pianist, reference: float, rng: np.random.Generator) -> Instrument:
    """The player's own piano, or now and then another."""
    borrowed = rng.random() < BORROWED
    return Instrument(int(rng.integers(2**31)) if borrowed else player.piano, reference)


def play(
    notes: Sequence[Struck], player: Pianist, piano: Instrument, seconds: float, rng: np.random.Generator
) -> Samples:
    """The dry sound of a performance.

    Args:
        seconds: length of the answer.

    Returns:
        (N,) float32 at RATE, loudest about 0.5.
    """
    out = np.zeros(int(seconds * RATE), dtype=np.float32)
    for note in notes:
        first = int(note.start * RATE)
        tone = _note(note, piano, rng)[: max(len(out) - first, 0)]
        out[first : first + len(tone)] += tone
    return np.asarray(0.5 * out / max(float(np.abs(out).max(initial=0.0)), 1e-9), dtype=np.float32)


def _note(note: Struck, piano: Instrument, rng: np.random.Generator) -> Samples:
    soft, loud = tones(piano.strings, note.pitch, piano.reference)
    # A damper needs longer for long strings.
    fall = np.float32(0.05 * 2 ** ((60 - note.pitch) / 30))
    count = min(len(soft), int((note.damped - note.start + 6 * fall) * RATE))
    bright = np.float32(note.loudness)
    sound = (1 - bright) * soft[:count] + bright * loud[:count]
    stop = int((note.damped - note.start) * RATE)
    if stop < count:
        sound[stop:] *= np.exp(-np.arange(count - stop, dtype=np.float32) / (fall * RATE))
    noise = rng.normal(0, 1, min(int(KNOCK * RATE), count)).astype(np.float32)
    noise = np.convolve(noise, np.ones(6, dtype=np.float32) / 6, "same")[: len(noise)]
    sound[: len(noise)] += 0.08 * noise * np.exp(-np.arange(len(noise), dtype=np.float32) / (0.012 * RATE))
    return np.asarray(sound * np.float32(10 ** (1.1 * (note.loudness - 1.0))), dtype=np.float32)


@lru_cache(maxsize=128)
def tones(strings: int, pitch: int, reference: float) -> tuple[Samples, Samples]:
    """One key struck softly and hard, undamped."""
    taste = np.random.default_rng([strings, 1])
    stiff, lasting = 2.0e-4 * taste.uniform(0.5, 2.0), taste.uniform(0.7, 1.4)
    cuts = taste.uniform(500.0, 900.0), taste.uniform(1800.0, 4200.0)
    hammer, hills = taste.uniform(0.105, 0.145), taste.uniform(0.0, 2 * np.pi, 4)
    own = np.random.default_rng([strings, 2, pitch])
    first = reference * 2.0 ** ((pitch - 69) / 12.0)
    k = np.arange(1, PARTIALS + 1)
    hertz = k * first * np.sqrt(1.0 + stiff * 2.0 ** ((pitch - 49) / 12.0) * k**2)
    k, hertz = k[hertz < HIGHEST], hertz[hertz < HIGHEST]
    # The soundboard's hills and valleys.
    board = 1.0 + 0.2 * sum(np.sin(n * np.log2(hertz / 55.0) * 2.0 + hills[n - 1]) for n in range(1, 5))
    struck = np.abs(np.sin(np.pi * k * hammer)) + 0.05
    rate = 0.45 / lasting * 2.0 ** ((pitch - 48) / 16.0) * (1.0 + 0.16 * (k - 1))
    t = np.arange(int(LENGTH * RATE), dtype=np.float32) / RATE
    beating = 1.0 + 0.2 * np.sin(2 * np.pi * own.uniform(0.2, 1.3) * t + own.uniform(0, 6.28))
    swing = np.minimum(t / 0.002, 1.0) * beating
    out = [np.zeros(len(t), dtype=np.float32) for _ in cuts]
    for n, f in enumerate(hertz):
        fading = 0.75 * np.exp(-3.0 * rate[n] * t) + 0.25 * np.exp(-0.5 * rate[n] * t)
        wave = np.float32(struck[n] * board[n]) * fading * np.sin(np.float32(2 * np.pi * f) * t + own.uniform(0, 6.28))
        for tone, cut in zip(out, cuts, strict=True):
            tone += np.float32(np.exp(-(f - first) / (cut + 0.4 * first)) / np.sqrt(n + 1)) * wave
    peaks = [float(np.sqrt((tone[: RATE // 4] ** 2).mean())) for tone in out]
    soft, loud = (np.asarray(swing * tone / peak, dtype=np.float32) for tone, peak in zip(out, peaks, strict=True))
    return soft, loud
