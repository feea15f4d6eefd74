# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Sound from a spectrogram of ``plugins.api.log_mel``, without a network: mel bands to bins, then phases.

- Bands to bins: Richardson and Lucy's multiplicative updates, which keep powers positive. (A pseudo-inverse
  and non-negative least squares minimise squares of powers, in which only the loudest counts.)
- Phases: the fast algorithm of Griffin and Lim (N. Perraudin et al., 2013), from random ones of a seed. Its
  windows stand where those of ``log_mel`` do, every 551.25 samples (rounded), so that no spectrogram is
  interpolated and nothing drifts. As 8 x 551.25 is whole, the windows are 8 regular combs.
- The last iterations hold the bands that were asked for, and leave it to the sound which bins hold them.

The spectrogram counts from the loudest of the past, which it forgets slowly. So does the sound: from a frame that
is the loudest on, what 1 stands for sinks from ``LEVEL`` by ``FORGET`` decibels a second, up to the next one. How
much louder that is, nothing tells; nor how loud what comes first is, which is the loudest of its own past.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import ComponentError
from plugins.api.log_mel import BANDS, FORGET, FPS, HIGHEST, RANGE, SAMPLE_RATE, WINDOW, Floats, mel_filters

ITERATIONS: Final = 32
HELD: Final = 8
"""Of these the last, which hold bands instead of bins."""
MOMENTUM: Final = 0.99
UPDATES: Final = 40
"""From bands to bins."""
LEVEL: Final = 0.25
"""Amplitude of a sine that is 1 in the spectrogram."""
LOUDEST: Final = 0.99
"""From here on a frame is as loud as can be (within 0.8 dB: what a network makes is hardly ever 1)."""
SINKS: Final = 6.0
"""Decibels at most that the level sinks (after 12 s): music that stays quiet is not lost."""
PEAK: Final = 0.9
"""Of the samples: louder sound is turned down as a whole."""
BOOST: Final = 100.0
"""At most so many times the power an iteration gives a band that is too weak."""
COMBS: Final = 8
STRIDE: Final = COMBS * SAMPLE_RATE // FPS
"""Samples between the windows of one comb: they do not overlap."""
BINS: Final = int(HIGHEST / SAMPLE_RATE * WINDOW) + 1
"""Nothing is known of what is higher."""
BLOCK: Final = 50 * COMBS
"""Frames that are worked on at once (10 s)."""
TINY: Final = 1e-12
"""Power that is none: far below the least that a spectrogram holds."""

Spectra = npt.NDArray[np.complex64]


def sound(
    heard: npt.NDArray[np.floating[Any]],
    seed: int = 0,
    *,
    iterations: int = ITERATIONS,
    on_iteration: Callable[[float], None] = lambda done: None,
) -> Floats:
    """Samples at ``SAMPLE_RATE``, round(T * 551.25) of them, whose ``log_mel`` is near to what is given.

    Args:
        heard: (T, 128) in 0..1, what is beyond is cut off; 0 is silence.
        iterations: more take longer and sound clearer.
        on_iteration: hears the share that is done, before each iteration; may raise to stop.

    Raises:
        ComponentError: there are no frames, or they are no spectrogram.
    """
    powers = _powers(heard)
    frames = _Frames(len(powers))
    bins = np.concatenate([_spread(powers[part]) for part in frames.parts])
    chance = np.random.default_rng(seed)
    made = frames.empty()
    for part in frames.parts:
        phases = chance.uniform(-np.pi, np.pi, bins[part].shape).astype(np.float32)
        frames.add(made, part, np.sqrt(bins[part]) * np.exp(1j * phases))
    before = np.zeros(bins.shape, dtype=np.complex64)
    for i in range(iterations):
        on_iteration(i / iterations)
        current, made = frames.finished(made), frames.empty()
        for part in frames.parts:
            found = frames.spectra(current, part)
            aim = found - np.float32(MOMENTUM / (1.0 + MOMENTUM)) * before[part]
            before[part] = found
            wanted = bins[part] if i < iterations - HELD else _held(found, powers[part])
            frames.add(made, part, aim * np.sqrt(wanted / np.maximum(_power(aim), TINY**2)))
    return _levelled(frames.cut(frames.finished(made)))


def _powers(heard: npt.NDArray[np.floating[Any]]) -> Floats:
    """(T, 128) power of each band, 1 for the loudest; ComponentError for what is no spectrogram."""
    if heard.ndim != 2 or heard.shape[1] != BANDS:
        raise ComponentError(f"a spectrogram of (T, {BANDS}) bands is needed, not {heard.shape}")
    if not len(heard):
        raise ComponentError("there are no frames to make sound of; give a longer motion")
    if not np.isfinite(heard).all():
        raise ComponentError("the spectrogram holds values that are not numbers; nothing can be made of it")
    level = np.clip(heard, 0.0, 1.0)
    below = RANGE * (1.0 - level) + _sunk(level)[:, None]
    return np.where(level > 0.0, 10.0 ** (-below / 10.0), 0.0).astype(np.float32)


def _sunk(level: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """(T,) decibels that each frame's loudest of the past has been forgotten."""
    frames = np.arange(len(level))
    last = np.maximum.accumulate(np.where(level.max(axis=1) >= LOUDEST, frames, 0))
    return np.minimum(FORGET / FPS * (frames - last), SINKS)


@cache
def _filters() -> tuple[Floats, Floats]:
    """(128, BINS) weights of bins in each band; the same, each bin's adding up to 1."""
    found = mel_filters()[:, :BINS]
    shares = found / np.maximum(found.sum(axis=0), TINY)
    return found.astype(np.float32), shares.astype(np.float32)


def _spread(powers: Floats) -> Floats:
    """(T, BINS) powers of bins, from flat bands on made such that they add up to the powers of bands."""
    filters, shares = _filters()
    bins: Floats = (powers / filters.sum(axis=1)) @ shares
    for _ in range(UPDATES):
        bins *= (powers / np.maximum(bins @ filters.T, TINY)) @ shares
    return bins


def _held(found: Spectra, powers: Floats) -> Floats:
    """(T, BINS) powers as they were found, their bands turned up or down to what they should be."""
    filters, shares = _filters()
    bins = _power(found)
    gain = np.minimum(powers / np.maximum(bins @ filters.T, TINY), BOOST)
    held: Floats = bins * (gain @ shares)
    return held


def _power(spectra: Spectra) -> Floats:
    power: Floats = spectra.real**2 + spectra.imag**2
    return power


def _levelled(samples: Floats) -> Floats:
    # A sine of amplitude 1 has the magnitude WINDOW / 4 in its bin, which is 1 in the spectrogram.
    samples = samples * np.float32(LEVEL * WINDOW / 4.0)
    peak = float(np.abs(samples).max())
    return samples if peak <= PEAK else samples * np.float32(PEAK / peak)


class _Frames:
    """The windows of ``log_mel`` over a sound that begins half a window before its first sample."""

    def __init__(self, count: int) -> None:
        self._firsts = np.round(np.arange(count) * (SAMPLE_RATE / FPS)).astype(int)
        self._samples = max(1, round(count * SAMPLE_RATE / FPS))
        self._size = -(-count // COMBS) * STRIDE + STRIDE + WINDOW
        self._hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
        self.parts = [slice(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]
        self._weight = self.empty()
        for part in self.parts:
            self._lay(self._weight, part, np.broadcast_to(self._hann**2, (part.stop - part.start, WINDOW)))
        np.maximum(self._weight, 0.05, out=self._weight)  # less only where there is no sound

    def empty(self) -> Floats:
        return np.zeros(self._size, dtype=np.float32)

    def spectra(self, samples: Floats, part: slice) -> Spectra:
        """(T, BINS) of the frames of a part."""
        from scipy import fft

        windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[self._firsts[part]]
        found: Spectra = fft.rfft(windows * self._hann)[:, :BINS]
        return found

    def add(self, samples: Floats, part: slice, spectra: Spectra) -> None:
        """Lay what the frames of a part sound like over samples that are ``finished`` when all parts are there."""
        from scipy import fft

        whole = np.zeros((len(spectra), WINDOW // 2 + 1), dtype=np.complex64)
        whole[:, :BINS] = spectra
        self._lay(samples, part, fft.irfft(whole, WINDOW) * self._hann)

    def _lay(self, samples: Floats, part: slice, windows: Floats) -> None:
        for comb in range(min(COMBS, len(windows))):
            teeth = windows[comb::COMBS]
            first = self._firsts[part.start + comb]
            samples[first : first + len(teeth) * STRIDE].reshape(-1, STRIDE)[:, :WINDOW] += teeth

    def finished(self, samples: Floats) -> Floats:
        """Each sample by the windows that cover it; outside the sound there is nothing, as ``log_mel`` has it."""
        out = self.empty()
        inside = slice(WINDOW // 2, WINDOW // 2 + self._samples)
        out[inside] = samples[inside] / self._weight[inside]
        return out

    def cut(self, samples: Floats) -> Floats:
        return samples[WINDOW // 2 : WINDOW // 2 + self._samples]
