# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What is kept of a track: which beat and metre it may have, its beats, where something begins, how loud it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio
from plugins.api.log_mel import FPS, decibels
from plugins.mclemcd.rhythm import BEATS, Floats, levelled, salience, spectrum, tempi, uneven

BANDS: Final = ((0, 10), (10, 30), (30, 70), (70, 128))
"""Mel bands that are listened to together: up to about 230 Hz, 700 Hz, 2 kHz, 8 kHz."""
DEEPEST: Final = 70.0
"""Decibels below the loudest under which nothing is heard."""
CHANGE: Final = 8
"""Frames before and after, 0.2 s each, that a change of sound is a difference of."""
EVENTFUL: Final = 0.035
"""Part of the time in which something begins, of music: 0.05 at least of twenty recordings, 0.03 at most of tones."""
FEWEST: Final = 4
"""Beginnings without which there is no beat."""
SLOWER: Final = 6.0
"""Seconds: what is slower is no rhythm."""
CLOCK: Final = 20.0
"""Frames a second of ``accents``."""
SLOW: Final = 4.0
"""Frames a second of ``energy``."""
COARSE: Final = 0.01
"""From a rate of ``rhythm`` to the next, as a logarithm."""
COARSE_RATES: Final = np.exp(np.arange(np.log(BEATS[0]), np.log(BEATS[-1]), COARSE))
STEADY: Final = 100.0
"""How much a beat that is late costs, over squared logarithms (D. Ellis, *Beat tracking by dynamic programming*,
2007)."""


def listen(audio: Audio, check: Callable[[], None]) -> dict[str, npt.NDArray[np.floating[Any]]]:
    """What is kept of a track.

    Returns:
        ``rhythm`` (2, C) chance of a beat at COARSE_RATES in bars of three, of four; ``tempo`` (3, 3) of
        ``rhythm.tempi``; ``beats`` (B,) seconds; ``accents`` (T,) at CLOCK, where something begins, of deviation 1;
        ``pattern`` (T,), of these what is not the same in every bar; ``energy`` (S,) at SLOW, decibels from the mean.
    """
    heard = decibels(audio.samples, audio.sample_rate)
    check()
    heard = np.maximum(heard, heard.max() - DEEPEST) / 10.0
    curves = beginnings(heard)
    level = levelled(curves, FPS, SLOWER)
    check()
    power = spectrum(level, FPS)
    middle = np.median(power, axis=1, keepdims=True)
    # Roots, so that no band drowns the others.
    found = tempi(salience(np.sqrt(power / np.maximum(middle, 1e-9)).mean(axis=0)))
    check()
    onset = levelled(curves[:, :4].mean(axis=1, keepdims=True), FPS, SLOWER)[:, 0]
    accents = onset[: len(onset) // 2 * 2].reshape(-1, 2).mean(axis=1)
    return {
        "rhythm": rhythm_of(found).astype(np.float32),
        "tempo": found.astype(np.float32),
        "beats": (track(onset, found[0, 0], FPS) / FPS).astype(np.float32),
        "accents": accents.astype(np.float16),
        "pattern": uneven(accents, CLOCK).astype(np.float16),
        "energy": _energy(audio).astype(np.float16),
    }


def beat_heard(kept: Mapping[str, npt.NDArray[Any]]) -> bool:
    """Whether there is a beat in what is kept of a track: of a tone too some rate stands out most."""
    begun = int((kept["accents"] > 1.0).sum())
    return begun >= max(FEWEST, EVENTFUL * len(kept["accents"]))


def beginnings(heard: npt.NDArray[np.floating[Any]]) -> Floats:
    """(T, 5) of (T, 128) tens of decibels: how much louder each band gets, and how much the sound changes."""
    rise = np.zeros((len(heard), len(BANDS)))
    if len(heard) > 2:
        louder = np.maximum(heard[2:] - heard[:-2], 0.0)
        rise[1:-1] = np.stack([louder[:, a:b].mean(axis=1) for a, b in BANDS], axis=1)
    padded = np.pad(heard, ((CHANGE, CHANGE), (0, 0)), mode="edge")
    sums = np.concatenate([np.zeros((1, heard.shape[1])), np.cumsum(padded, axis=0, dtype=np.float64)])
    means = (sums[CHANGE:] - sums[:-CHANGE]) / CHANGE
    change = np.abs(means[CHANGE:] - means[:-CHANGE]).mean(axis=1)[: len(heard)]
    return np.concatenate([rise, change[:, None]], axis=1)


def rhythm_of(tempo: Floats) -> Floats:
    """(2, C) chances at COARSE_RATES of what ``tempi`` found, each split between the two rates around it."""
    out = np.zeros((2, len(COARSE_RATES)))
    for rate, chance, three in tempo:
        at = np.clip(np.log(rate / COARSE_RATES[0]) / COARSE, 0.0, len(COARSE_RATES) - 1.001)
        low, part = int(at), at - int(at)
        for row, share in ((0, three), (1, 1.0 - three)):
            out[row, low] += chance * share * (1.0 - part)
            out[row, low + 1] += chance * share * part
    return out


def track(onset: Floats, rate: float, fps: float) -> Floats:
    """Frames of the beats: the chain that hits the most beginnings and comes every ``fps / rate`` frames."""
    period = fps / rate
    back = np.arange(round(0.5 * period), round(2.0 * period) + 1)
    cost = STEADY * np.log(back / period) ** 2
    reach = int(back[-1])
    total = np.zeros(len(onset) + reach)
    before = np.full(len(onset), -1, dtype=np.int64)
    for i, here in enumerate(onset):
        ways = total[i + reach - back] - cost
        best = int(ways.argmax())
        gained = ways[best]
        if gained > 0.0:
            before[i] = i - back[best]
            total[i + reach] = here + gained
        else:
            total[i + reach] = here
    chain = [int(total[reach:].argmax())] if len(onset) else []
    while chain and before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    return np.array(chain[::-1], dtype=np.float64)


def _energy(audio: Audio) -> Floats:
    level = np.maximum(audio.loudness(SLOW, window=1.0).astype(np.float64), -60.0)
    return np.asarray(level - level.mean())
