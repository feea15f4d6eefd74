# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A bowed violin, note by note: a string, the body's resonances, vibrato, bow noise.

The string is a waveguide that a bow drives (``bowed_string``), or Helmholtz's sawtooth (*On the
Sensations of Tone*, 1863), brighter the louder it is bowed. The body is a row of resonances: Helmholtz air
mode near 275 Hz, the two B1 modes near 450 and 540, the bridge hill near 2.5 kHz (C. Gough, *The violin:
Chladni patterns, plates, shells and sounds*, European Physical Journal 145, 2007), and chance between them,
so that each instrument sounds its own way and vibrato makes its partials wax and wane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.simulate.bowed_string import RUN_IN, bow
from training.simulate.players import Violinist
from training.simulate.playing import Sounding

RATE: Final = 22050
TABLE: Final = 2048
RING: Final = 0.35
"""Seconds that a string is heard after the bow has left it."""
BODY_TAPS: Final = 2048
LOWEST: Final = 150.0
"""Hz, below the open G string."""
BORROWED: Final = 0.4
WAVEGUIDES: Final = 0.5
"""Parts of the recordings on another violin, and with a simulated string."""

Floats = npt.NDArray[np.float64]
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Instrument:
    """What the sound is made with.

    Attributes:
        body: seed of the body's resonances.
        waveguide: the string is simulated, not drawn.
        reference: Hz of A4.
    """

    body: int
    waveguide: bool
    reference: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def instrument(player: Violinist, reference: float, rng: np.random.Generator) -> Instrument:
    """The player's own violin, or now and then somebody else's."""
    borrowed = rng.random() < BORROWED
    body = int(rng.integers(2**31)) if borrowed else player.violin
    return Instrument(body, bool(rng.random() < WAVEGUIDES), reference)


def play(
    notes: Sequence[Sounding], player: Violinist, violin: Instrument, seconds: float, rng: np.random.Generator
) -> Samples:
    """The dry sound of a performance.

    Args:
        seconds: length of the answer.

    Returns:
        (N,) float32 at RATE, loudest about 0.5.
    """
    from scipy.signal import butter, oaconvolve, sosfilt

    string = np.zeros(int(seconds * RATE), dtype=np.float32)
    hiss = np.zeros(len(string), dtype=np.float32)
    noise = _bow_noise(rng)
    for note in notes:
        _add_note(string, hiss, note, player, violin, noise, rng)
    # A bow that starts and stops also pushes the bridge as a whole, which nobody hears.
    string = sosfilt(butter(2, LOWEST, "highpass", fs=RATE, output="sos"), string)
    body = body_response(violin.body)
    out = oaconvolve(string, body)[: len(string)] + 0.5 * oaconvolve(hiss, body)[: len(string)]
    return np.asarray(0.5 * out / max(float(np.abs(out).max()), 1e-9), dtype=np.float32)


def _add_note(
    string: Samples,
    hiss: Samples,
    note: Sounding,
    player: Violinist,
    violin: Instrument,
    noise: Samples,
    rng: np.random.Generator,
) -> None:
    fade = player.crossfade
    first = max(int((note.start - (0.0 if note.new_bow else fade / 2)) * RATE), 0)
    tail = RING if note.lifted else fade if note.slurred_on else 0.05
    count = min(int((note.end + tail) * RATE), len(string)) - first
    if count < 16:
        return
    t = np.arange(count, dtype=np.float32) / RATE
    length = note.end - first / RATE
    envelope = _envelope(t, length, note, player, rng)
    amplitude = np.float32(10 ** (0.9 * (note.loudness - 1.0)))
    hertz = _frequency(t, length, note, player, violin.reference, rng)
    oscillate = _waveguide if violin.waveguide else _drawn
    string[first : first + count] += amplitude * oscillate(hertz, envelope, length, note, violin, rng)
    hiss[first : first + count] += amplitude * _friction(t, envelope, note, noise, rng)


def _drawn(
    hertz: Floats, envelope: Samples, length: float, note: Sounding, violin: Instrument, rng: np.random.Generator
) -> Samples:
    """A sawtooth read from tables, brighter the louder."""
    soft, loud = wave_tables(round(violin.reference * 2 ** ((note.pitch - 69) / 12) / 5) * 5, violin.body)
    phase = np.cumsum(hertz) / RATE + rng.random()
    place = ((phase - np.floor(phase)) * TABLE).astype(np.int32) % TABLE
    bright = np.float32(np.clip(note.loudness * 1.1, 0.0, 1.0))
    return np.asarray(envelope * ((1 - bright) * soft[place] + bright * loud[place]), dtype=np.float32)


def _waveguide(
    hertz: Floats, envelope: Samples, length: float, note: Sounding, violin: Instrument, rng: np.random.Generator
) -> Samples:
    """A string under a bow that goes as fast as the envelope says; slurred notes sound before they are heard."""
    taste = np.random.default_rng([violin.body, 3])
    place, loss = taste.uniform(0.09, 0.14), taste.uniform(0.5, 0.66)
    speed, slope = 0.07 + 0.16 * note.loudness, rng.uniform(1.0, 2.2)
    contact = np.ones(len(hertz))
    if note.lifted:
        contact[int(length * RATE) :] = 0.0
    early = 0 if note.new_bow else int(RUN_IN * RATE)
    # Within a slur the crossfade is not the bow's: the string is bowed all along.
    driven = envelope if note.new_bow else np.maximum(envelope, envelope[len(envelope) // 2])
    wave = bow(
        np.pad(hertz, (early, 0), mode="edge"),
        speed * np.pad(driven, (early, 0), mode="edge"),
        np.pad(contact, (early, 0), mode="edge"),
        slope,
        place,
        loss,
        RATE,
    )[early:]
    if not _has_fundamental(wave, float(np.median(hertz))):
        return _drawn(hertz, envelope, length, note, violin, rng)
    faded = wave if note.new_bow else wave * np.minimum(envelope / np.maximum(driven, 1e-6), 1.0)
    return np.asarray(faded / speed, dtype=np.float32)


def _has_fundamental(wave: Samples, hertz: float) -> bool:
    """Whether the string found its note: pressed too little it sounds an octave above or not at all."""
    middle = wave[len(wave) // 3 : len(wave) // 3 + RATE // 8]
    t = np.arange(len(middle)) / RATE
    first, second = (abs(np.exp(-2j * np.pi * k * hertz * t) @ middle) for k in (1, 2))
    return bool(first > 0.25 * second and first > 1e-3 * len(middle))


def _frequency(
    t: Samples, length: float, note: Sounding, player: Violinist, reference: float, rng: np.random.Generator
) -> Floats:
    """Hz at each sample: intonation, a slide from the note before it in a slur, vibrato on what lasts."""
    cents = rng.normal(0, player.intonation) + 0.0 * t
    if not note.new_bow and 0 < abs(note.pitch - note.before) <= 4 and rng.random() < 0.5:
        cents = cents + 100.0 * (note.before - note.pitch) * np.exp(-t / 0.012)
    if note.new_bow:
        cents = cents + rng.normal(0, 12.0) * np.exp(-t / 0.02)
    if length > 0.22 and note.pitch not in (55, 62, 69, 76):
        rate, depth = player.vibrato[0] * rng.uniform(0.93, 1.07), player.vibrato[1] * rng.uniform(0.5, 1.3)
        grown = np.clip((t - rng.uniform(0.05, 0.2)) / 0.25, 0.0, 1.0)
        cents = cents + depth * grown * np.sin(2 * np.pi * rate * t + rng.uniform(0, 6.28))
    return np.asarray(reference * 2.0 ** ((note.pitch - 69) / 12.0 + cents / 1200.0))


def _envelope(t: Samples, length: float, note: Sounding, player: Violinist, rng: np.random.Generator) -> Samples:
    """Rise, stroke, fall."""
    if note.new_bow:
        rise = player.attack * rng.uniform(0.6, 1.5) * (0.5 if note.accent or note.short else 1.0)
        out = np.sin(np.pi / 2 * np.minimum(t / min(rise, 0.5 * length), 1.0)) ** 2
        if note.accent or note.short or rng.random() < 0.3:
            out = out * (1.0 + rng.uniform(0.2, 0.7) * np.exp(-t / 0.07))
    else:
        out = np.sin(np.pi / 2 * np.minimum(t / player.crossfade, 1.0))
    where = np.clip(t / max(length, 1e-3), 0.0, 1.0)
    swell, slope = rng.uniform(-0.1, 0.3) * (length > 0.6), rng.uniform(-0.3, 0.12)
    out = out * (1.0 + swell * np.sin(np.pi * where) + slope * where)
    if length > 0.3:
        out = out * (1.0 + 0.06 * np.sin(2 * np.pi * rng.uniform(1.5, 6.0) * t + rng.uniform(0, 6.28)))
    if note.lifted:
        return np.asarray(out * np.exp(-np.maximum(t - length, 0.0) / rng.uniform(0.05, 0.13)), dtype=np.float32)
    fall = player.crossfade if note.slurred_on else min(rng.uniform(0.03, 0.06), 0.4 * length)
    # A bow change dips around the end; within a slur the old note goes as the new one comes.
    middle = length if note.slurred_on else length - 0.3 * fall
    out = out * np.cos(np.pi / 2 * np.clip((t - middle) / fall + 0.5, 0.0, 1.0))
    return np.asarray(out, dtype=np.float32)


def _friction(t: Samples, envelope: Samples, note: Sounding, noise: Samples, rng: np.random.Generator) -> Samples:
    """Hair on the string: a breath all along, a bite where a bow begins."""
    start = int(rng.integers(0, len(noise) - len(t) - 1)) if len(noise) > len(t) + 1 else 0
    piece = np.resize(noise[start : start + len(t)], len(t))
    bite = 0.0
    if note.new_bow:
        bite = rng.uniform(0.05, 0.35) * np.exp(-t / rng.uniform(0.012, 0.035)) * np.minimum(t / 0.004, 1.0)
    return np.asarray(piece * (0.02 * envelope + bite), dtype=np.float32)


def _bow_noise(rng: np.random.Generator) -> Samples:
    from scipy.signal import butter, sosfilt

    band = butter(1, (900.0, 7500.0), "bandpass", fs=RATE, output="sos")
    return np.asarray(sosfilt(band, rng.normal(0, 1, 6 * RATE)), dtype=np.float32)


@lru_cache(maxsize=512)
def wave_tables(frequency: float, violin: int) -> tuple[Samples, Samples]:
    """One period, soft and loud, with the partials that fit below 10 kHz."""
    rng = np.random.default_rng([violin, 1])
    slopes = rng.uniform(1.5, 2.1), rng.uniform(0.85, 1.2)
    position = rng.uniform(0.08, 0.15)
    phase = np.arange(TABLE) / TABLE * 2 * np.pi
    partials = np.arange(1, max(2, int(10000.0 / frequency) + 1))
    waves = np.sin(partials[:, None] * phase)
    # Partials with a node near the bow are weak.
    comb = 0.35 + 0.65 * np.abs(np.sin(np.pi * partials * position))
    soft, loud = (((partials**-slope) * comb) @ waves for slope in slopes)
    return tuple(np.asarray(w / np.sqrt((w**2).mean()), dtype=np.float32) for w in (soft, loud))  # type: ignore[return-value]


@lru_cache(maxsize=64)
def body_response(violin: int) -> Samples:
    """(BODY_TAPS,) impulse response of an instrument's body: a sum of decaying modes."""
    rng = np.random.default_rng([violin, 2])
    named = [(rng.normal(275, 8), 1.0), (rng.normal(450, 15), 1.3), (rng.normal(540, 15), 1.4)]
    others = np.exp(rng.uniform(np.log(620), np.log(7500), 60))
    hill, width = rng.uniform(2100, 2900), rng.uniform(0.25, 0.5)
    gains = rng.lognormal(-0.9, 0.5, 60) * (0.25 + np.exp(-((np.log(others / hill) / width) ** 2)))
    t = np.arange(BODY_TAPS) / RATE
    out = np.zeros(BODY_TAPS)
    for frequency, gain in [*named, *zip(others, gains, strict=True)]:
        decay = np.pi * frequency / rng.uniform(15, 45)
        out += gain * decay / RATE * 6 * np.exp(-decay * t) * np.sin(2 * np.pi * frequency * t + rng.uniform(0, 1.5))
    out[0] += rng.uniform(0.1, 0.3)
    return np.asarray(out, dtype=np.float32)
