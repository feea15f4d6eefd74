# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the sound itself tells of a violinist's hands: how each note's pitch sways, how strokes swell.

A note's pitch is known, so that its partials can be followed by demodulation: turned back by the frequency that is
expected, a partial is a slow complex curve, and how fast its phase turns says how far off the frequency is. Partials
are averaged by their strength. A deviation that comes again four to eight times a second is vibrato (5 to 7 is usual:
C. Seashore, *Psychology of Music*, 1938), and the fingertip rolls with it; a steady one is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from plugins.api import Audio
from plugins.performer.curves import Floats
from plugins.performer.music import Chord

HOP, WINDOW = 0.005, 0.04
"""Seconds."""
PARTIALS: Final = 6
HIGHEST: Final = 4000.0
"""Hz of the highest partial that is followed."""
LONG: Final = 0.32
"""Seconds of a note that is followed."""
EDGES: Final = (0.06, 0.04)
"""Seconds at the beginning and the end of a note that the neighbours blur."""
CLEAR: Final = 0.35
"""Part of the sound that the partials make up, at least, for the note to be followed."""
STEADY: Final = 60.0
"""Cents by which most of a note is off, at most: else something else is followed."""
WAVES: Final = (4.0, 8.5)
"""Hz of a vibrato, least and most."""
AGAIN, AGAINST = 0.65, -0.65
"""Correlation of a vibrato with itself one wave later, at least, and half a wave later, at most."""
WAVES_HEARD: Final = 1.8
"""Waves of a vibrato in a note, at least: pitch that only wanders goes up and down by chance, but not so often."""
USUAL: Final = 5.0
"""Hz of a slow vibrato: where so many waves of it had no room, that none is heard says nothing."""
FADE: Final = 0.06
"""Seconds in which a vibrato comes and goes at the ends of what is heard of it."""
LEAST: Final = 4.0
"""Cents, the amplitude of a vibrato that is worth the name."""
QUICK, SLOW = 0.010, 0.13
"""Seconds (deviations) of the smoothing that takes out what is faster and what is slower than a vibrato."""
WHOLE: Final = 1.13
"""What windows and smoothing take from a vibrato of 6 Hz."""
TUNED: Final = 130
"""Cents that a recording may be tuned higher or lower than A4 = 440 Hz."""
SAMPLED: Final = 40
"""Notes that tell the tuning."""
OCTAVE: Final = 1200.0 / np.log(2.0)
"""Cents of a small part of a frequency."""
ENOUGH: Final = 5
"""Notes that tell whether somebody plays with vibrato at all."""
SWELL: Final = 0.5
"""Power of the loudness (amplitude) that the bow's speed goes with; pressure does the rest (A. Askenfelt,
*Measurement of the bowing parameters in violin playing II*, JASA 86, 1989)."""
SWELLS: Final = (0.6, 1.6)
"""Speed, as a part of the usual one, at least and most, before each stroke is brought to its own time."""
BEYOND: Final = 3600.0
"""Seconds before and after the sound in which a bow goes evenly: notes may cross its ends."""
LEVELS: Final = (0.03, 1.0, 35.0)
"""Seconds (deviations) over which a level is smoothed, and with which it is compared; decibels that count."""
LEVEL_RATE: Final = 100.0


@dataclass(frozen=True, eq=False)
class Sway:
    """How a note's pitch sways: (M,) seconds and cents; ``hertz`` and ``cents`` are rate and amplitude, 0 if none."""

    times: Floats = field(repr=False)
    curve: Floats = field(repr=False)
    hertz: float
    cents: float

    def at(self, times: Floats) -> Floats:
        """(T,) cents; nothing before and after."""
        return np.interp(times, self.times, self.curve, left=0.0, right=0.0)


def sways(audio: Audio, chords: Sequence[Chord]) -> list[Sway | None]:
    """Of each chord; None where it cannot be told: more than one pitch, too short, or drowned."""
    alone = [len(c.pitches) == 1 and not c.plucked and c.duration >= LONG for c in chords]
    if not any(alone) or not np.any(audio.samples):
        return [None] * len(chords)
    tuning = tuning_of(audio, [c for c, a in zip(chords, alone, strict=True) if a])
    reference = 440.0 * 2.0 ** (tuning / 1200.0)
    return [_sway(audio, c, reference) if a else None for c, a in zip(chords, alone, strict=True)]


def _sway(audio: Audio, chord: Chord, reference: float) -> Sway | None:
    hertz = reference * 2.0 ** ((chord.top - 69) / 12.0)
    times, cents, clear = deviation(audio, chord.start + EDGES[0], chord.end - EDGES[1], hertz)
    if len(cents) < 2 or np.median(clear) < CLEAR or abs(np.median(cents)) > STEADY:
        return None
    from scipy.ndimage import gaussian_filter1d

    wave = WHOLE * (gaussian_filter1d(cents, QUICK / HOP) - gaussian_filter1d(cents, SLOW / HOP))
    rate = _rate(wave)
    size = float(np.sqrt(2.0) * wave.std())
    if not rate and size >= LEAST and len(wave) * HOP < WAVES_HEARD / USUAL:
        return None
    if not rate or size < LEAST:
        return Sway(times, np.zeros_like(wave), 0.0, 0.0)
    edges = np.clip(np.minimum(times - times[0], times[-1] - times) / FADE, 0.0, 1.0)
    return Sway(times, wave * edges, rate, size)


def _rate(wave: Floats) -> float:
    """Hz of the wave that a curve goes up and down by; 0 if it does not."""
    wave = wave - wave.mean()
    longest = min(int(1.0 / WAVES[0] / HOP), int(len(wave) / WAVES_HEARD))
    lags = np.arange(int(1.0 / WAVES[1] / HOP), longest + 1)
    if len(lags) < 3:
        return 0.0
    alike = np.array([_alike(wave, int(k)) for k in lags])
    best = int(alike.argmax())
    lag = int(lags[best])
    inside = 0 < best < len(lags) - 1
    comes = inside and alike[best] >= AGAIN and _alike(wave, round(lag / 2)) <= AGAINST
    return 1.0 / (lag * HOP) if comes else 0.0


def _alike(wave: Floats, later: int) -> float:
    """Correlation of a curve with itself some frames later."""
    a, b = wave[:-later], wave[later:]
    return float(a @ b / np.sqrt(max(float((a @ a) * (b @ b)), 1e-12)))


def deviation(audio: Audio, start: float, end: float, hertz: float) -> tuple[Floats, Floats, Floats]:
    """How far a tone near ``hertz`` is off.

    Returns:
        (M,) seconds, cents, and the part of the sound that its partials are.
    """
    rate = audio.sample_rate
    hop, size = max(round(HOP * rate), 1), max(round(WINDOW * rate), 4)
    first = max(round((start - audio.start) * rate) - size // 2, 0)
    samples = audio.samples[first : max(round((end - audio.start) * rate) + size // 2, first)]
    if len(samples) < size + 2 * hop:
        return np.empty(0), np.empty(0), np.empty(0)
    frames = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(samples, size)[::hop], dtype=np.float32)
    partials = hertz * np.arange(1, PARTIALS + 1)
    partials = partials[partials < min(HIGHEST, 0.45 * rate)] if hertz < HIGHEST else partials[:1]
    window = np.hanning(size).astype(np.float32)
    back = np.exp(-2j * np.pi * np.outer(np.arange(size) / rate, partials)) * window[:, None]
    both = frames @ np.hstack([back.real, back.imag]).astype(np.float32)  # real products: three times as fast
    found = both[:, : len(partials)] + 1j * both[:, len(partials) :]
    turned = found[1:] * found[:-1].conj() * np.exp(-2j * np.pi * partials * hop / rate)
    strength = np.abs(turned)
    off = np.angle(turned) * rate / (2.0 * np.pi * hop) / partials
    cents = OCTAVE * (strength * off).sum(axis=1) / np.maximum(strength.sum(axis=1), 1e-12)
    energy = np.square(frames[1:] * window).sum(axis=1)
    share = 2.0 * np.square(window).sum() / window.sum() ** 2 * strength.sum(axis=1) / np.maximum(energy, 1e-12)
    times = audio.start + (first + size / 2 + hop * (np.arange(len(cents)) + 0.5)) / rate
    return times, cents, share


def tuning_of(audio: Audio, chords: Sequence[Chord]) -> float:
    """Cents that a recording is tuned above A4 = 440 Hz: what most of its long notes are off."""
    longest = sorted(chords, key=lambda c: -c.duration)[:SAMPLED]
    return float(np.median([_off(audio, c) for c in longest])) if longest else 0.0


def _off(audio: Audio, chord: Chord) -> float:
    """Cents at which a note's partials are loudest."""
    import scipy.fft

    rate = audio.sample_rate
    first = max(round((chord.start + EDGES[0] - audio.start) * rate), 0)
    samples = audio.samples[first : first + round(min(chord.duration, 0.6) * rate)]
    if len(samples) < 64:
        return 0.0
    size = 2 * rate
    spectrum = np.abs(scipy.fft.rfft(samples * np.hanning(len(samples)).astype(np.float32), size))
    tried = np.arange(-TUNED, TUNED + 1, 5)
    hertz = 440.0 * 2.0 ** ((chord.top - 69) / 12.0 + tried / 1200.0)
    bins = np.round(hertz[:, None] * np.arange(1, PARTIALS + 1) * size / rate).astype(int)
    loud = np.where(bins < len(spectrum), spectrum[np.minimum(bins, len(spectrum) - 1)], 0.0)
    return float(tried[np.sqrt(loud).sum(axis=1).argmax()])


def habit(heard: Sequence[Sway | None]) -> float:
    """Part of the clear notes that have vibrato, 0 to 1; 1 where too few are clear."""
    clear = [s for s in heard if s is not None]
    return sum(s.hertz > 0.0 for s in clear) / len(clear) if len(clear) >= ENOUGH else 1.0


def paces(audio: Audio, much: float = 1.0) -> tuple[Floats, Floats]:
    """How far a bow has come that goes faster where the sound is louder than around.

    Args:
        much: 0 for a bow that goes evenly, to 1.

    Returns:
        (M,) seconds and (M,) seconds of an even bow that goes as far.
    """
    from scipy.ndimage import gaussian_filter1d

    level = audio.loudness(LEVEL_RATE).astype(np.float64)
    times = audio.start + np.arange(len(level) + 1) / LEVEL_RATE
    if not len(level):
        return _beyond(times), _beyond(times)
    quick, slow, deep = (LEVELS[0] * LEVEL_RATE, LEVELS[1] * LEVEL_RATE, LEVELS[2])
    level = np.maximum(level, level.max() - deep)
    louder = gaussian_filter1d(level, quick, mode="nearest") - gaussian_filter1d(level, slow, mode="nearest")
    speed = np.clip(10.0 ** (much * SWELL * louder / 20.0), *SWELLS)
    come = audio.start + np.concatenate([[0.0], np.cumsum(speed)]) / LEVEL_RATE
    return _beyond(times), _beyond(come)


def _beyond(values: Floats) -> Floats:
    """Values that go on evenly before the first and after the last."""
    return np.concatenate([values[:1] - BEYOND, values, values[-1:] + BEYOND])
