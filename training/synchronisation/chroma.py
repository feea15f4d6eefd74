# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How much later one recording of a performance runs than another: chroma, cross-correlated.

The first stage of MOSA's synchronisation (Y.-F. Huang et al., 2024, section III-D): motion capture records a rough
sound with its own clock, the microphones a good one. Chroma survives what differs between them: level, equaliser,
room, noise, low sample rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio
from training.synchronisation.notes import Floats, SynchronisationError

SAMPLE_RATE: Final = 22050
HOP: Final = 256
FPS: Final = SAMPLE_RATE / HOP
WINDOW: Final = 4096
LOWEST, HIGHEST = 60.0, 4000.0
"""Hz."""
SHORTEST: Final = 3.0
"""Seconds that two recordings must share at least ..."""
SHARED: Final = 0.2
"""... and part of the shorter one."""
DOUBT: Final = 8.0
"""Seconds."""
APART: Final = 0.3
"""Seconds from the maximum at which another maximum is one of its own."""
NEAR: Final = 0.1
"""Seconds that the onsets may move the lag."""
GROWN: Final = 3
"""Frames over which a level is seen to grow."""
RELIABLE: Final = 0.35
"""Correlation of the chroma that one performance reaches at least ..."""
AHEAD: Final = 1.15
"""... and how much higher than any other it must be."""


@dataclass(frozen=True)
class Lag:
    """Attributes:
    seconds: to add to a time in the other recording to get the time in this one.
    correlation: of the chroma there (-1 to 1).
    rival: the highest correlation elsewhere.
    """

    seconds: float
    correlation: float
    rival: float

    @property
    def confidence(self) -> float:
        """0 (chance) to 1; reliable from one half."""
        high = self.correlation / RELIABLE
        clear = (self.correlation / max(self.rival, 1e-3) - 1.0) / (AHEAD - 1.0)
        return float(np.clip(0.5 * min(high, clear), 0.0, 1.0))

    @property
    def reliable(self) -> bool:
        return self.confidence >= 0.5


def find_lag(recording: Audio, other: Audio) -> Lag:
    """The lag of two recordings of one performance (same performance, not only same piece).

    Raises SynchronisationError when one is silent or shorter than SHORTEST. Two different performances give a Lag
    that is not ``reliable``.
    """
    highest = min(HIGHEST, 0.45 * min(recording.sample_rate, other.sample_rate))
    first, second = (chroma(audio, highest) for audio in (recording, other))
    correlation, lags = _correlation(first, second)
    best = int(np.argmax(correlation))
    rivals = correlation[np.abs(lags - lags[best]) > APART * FPS]
    seconds = _refined(first, second, int(lags[best])) / FPS + recording.start - other.start
    return Lag(float(seconds), float(correlation[best]), float(max(rivals.max(initial=0.0), 0.0)))


def _refined(first: Floats, second: Floats, lag: int) -> float:
    """The lag in frames between which the pitch classes grow together: a room makes sounds end later, and so
    seem later altogether, but begin when they do."""
    growth = (_growth(first), _growth(second))
    correlation, lags = _correlation(*growth)
    near = np.nonzero(np.abs(lags - lag) <= NEAR * FPS)[0]
    best = int(near[np.argmax(correlation[near])])
    return float(lags[best] + _vertex(correlation, best))


def _growth(level: Floats) -> Floats:
    grown = np.maximum(level[GROWN:] - level[:-GROWN], 0.0)
    return np.asarray(grown - grown.mean(axis=0))


def chroma(audio: Audio, highest: float = HIGHEST) -> Floats:
    """(T, 12) log level of the pitch classes at FPS up to ``highest`` Hz, each without its mean."""
    if audio.duration < SHORTEST:
        raise SynchronisationError(f"{audio.duration:.1f} s are too short to compare; give at least {SHORTEST:g} s")
    if float(np.abs(audio.samples).max(initial=0.0)) < 1e-5:
        raise SynchronisationError("the recording is silent; check the export")
    samples = audio.samples
    if audio.sample_rate != SAMPLE_RATE:
        import soxr

        samples = soxr.resample(samples, audio.sample_rate, SAMPLE_RATE, quality="MQ")
    energy = _spectrum(samples) @ _classes(highest)
    level = np.log1p(30.0 * energy / (energy.max() + 1e-12))
    return np.asarray(level - level.mean(axis=0))


def _spectrum(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(T, bins) magnitudes; frame t is centred on sample t HOP."""
    count = int(np.ceil(len(samples) / HOP))
    padded = np.pad(samples, (WINDOW // 2, WINDOW + HOP))
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    hann = np.hanning(WINDOW).astype(np.float32)
    parts = [np.abs(np.fft.rfft(windows[i : i + 2048] * hann)) for i in range(0, count, 2048)]
    return np.concatenate(parts).astype(np.float32)


def _classes(highest: float) -> npt.NDArray[np.float32]:
    """(bins, 12) which pitch classes each frequency belongs to: a triangle of a semitone each way."""
    frequencies = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
    heard = (frequencies >= LOWEST) & (frequencies <= highest)
    pitch = 69.0 + 12.0 * np.log2(np.maximum(frequencies, 1.0) / 440.0)
    off = np.abs((pitch[:, None] - np.arange(12) + 6.0) % 12.0 - 6.0)
    return (np.clip(1.0 - off, 0.0, None) * heard[:, None]).astype(np.float32)


def _correlation(first: Floats, second: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Correlation at every lag that shares enough, each over what the two share there; and the lags in frames.

    Chance reaches far over a few seconds: what is shared counts as if DOUBT seconds more had been shared and differed.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    n, m = len(first), len(second)
    size = next_fast_len(n + m)
    product = irfft((rfft(first, size, axis=0) * rfft(second, size, axis=0).conj()).sum(axis=1), size)
    least = max(SHORTEST * FPS, SHARED * min(n, m))
    lags = np.arange(-(m - 1), n)
    begin, end = np.maximum(lags, 0), np.minimum(lags + m, n)
    lags, begin, end = (x[end - begin >= least] for x in (lags, begin, end))
    power = _sums(first, begin, end) * _sums(second, begin - lags, end - lags)
    known = (end - begin) / (end - begin + DOUBT * FPS)
    return known * product[lags % size] / np.sqrt(np.maximum(power, 1e-12)), lags


def _sums(chroma: Floats, begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> Floats:
    """Energy of frames begin to end."""
    total = np.concatenate([[0.0], np.cumsum((chroma**2).sum(axis=1))])
    return np.asarray(total[end] - total[begin])


def _vertex(curve: Floats, at: int) -> float:
    """Where between the frames the maximum lies: the vertex of the parabola through three values."""
    if not 0 < at < len(curve) - 1:
        return 0.0
    before, here, after = curve[at - 1 : at + 2]
    bend = before - 2.0 * here + after
    return float(0.5 * (before - after) / bend) if bend < 0 else 0.0
