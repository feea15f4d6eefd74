# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the pitch network would make of notes, and how loud they would be, without any sound being made.

A network that hears the music's structure reads posteriors of keys and levels of bands (``plugins.hearing.features``).
Of a sound they take long to make; of notes they can be imagined, so that every step of a training hears music that it
never heard before. The shapes are those that the pitch network (basic-pitch) answers with: it is about 0.8 sure of a
key that sounds and of its beginning; it keeps on hearing what has ended for a tenth of a second or two; where a key
begins, those of its partials seem to begin a little; and of every key it is a tenth sure (measured on nine violin
performances by two synthesisers, and on single notes of our own violins and pianos).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.log_mel import FPS, SAMPLE_RATE, WINDOW, mel_filters
from plugins.hearing.features import KEYS, LEVELS

LOWEST: Final = 21
"""MIDI number of the first key."""
BEFORE: Final = 4
AFTER: Final = 12
"""Frames around the moment at which a key seems to begin that say so."""
ECHOES: Final = {12: 0.32, 19: 0.34, 24: 0.22, 28: 0.22, -12: 0.19, 1: 0.19, -1: 0.18}
"""Semitones from a key to those that seem to begin with it, and how much."""
NEVER: Final = 0.1
"""How sure it is of what is not there."""
GHOSTS: Final = 0.04
"""Chance that a key is heard an octave higher too."""
HARMONICS: Final = 16
SWING: Final = 30.0
"""Decibels from the softest note to the loudest."""

Floats = npt.NDArray[np.float32]
Rng = np.random.Generator


@dataclass(frozen=True)
class Hearing:
    """One recording's manner of being heard, by chance.

    Attributes:
        late: frames from a note's time to where it seems to begin most, and the deviation from note to note.
        sure: of a beginning, and its deviation. held: part of it that remains while a key sounds.
        ringing: frames in which what has ended fades. partials: how much keys seem to begin that are partials of one.
        slope: amplitude of a harmonic by its number, negative exponent.
        attack, release: frames of a bowed note; decay: of a struck one.
        room: frames, and part of the sound that comes from it. colour: (16,) decibels. floor: decibels of the noise.
    """

    late: tuple[float, float]
    sure: tuple[float, float]
    held: float
    ringing: float
    partials: float
    slope: float
    attack: float
    release: float
    decay: float
    room: tuple[float, float]
    colour: npt.NDArray[np.float64]
    floor: float

    @classmethod
    def by(cls, rng: Rng, struck: bool) -> Hearing:
        return cls(
            late=(float(rng.uniform(-0.7, 0.2 if struck else 1.0)), float(rng.uniform(0.1, 0.4 if struck else 0.9))),
            sure=(float(rng.uniform(0.7, 0.9)), float(rng.uniform(0.05, 0.14))),
            held=float(rng.uniform(0.02, 0.15) if struck else rng.uniform(0.22, 0.45)),
            ringing=float(rng.uniform(2.0, 9.0)),
            partials=float(rng.uniform(0.5, 1.3)),
            slope=float(rng.uniform(0.4, 1.7)),
            attack=float(rng.uniform(0.5, 4.0)),
            release=float(rng.uniform(1.0, 6.0)),
            decay=float(rng.uniform(20.0, 90.0)),
            room=(float(rng.uniform(4.0, 60.0)), float(rng.uniform(0.0, 0.4))),
            colour=rng.normal(0.0, 4.0, LEVELS),
            floor=float(rng.uniform(-100.0, -68.0)),
        )


def keys(notes: Sequence[Any], count: int, heard: Hearing, rng: Rng, struck: bool) -> Floats:
    """(count, 176): how sure the pitch network is that each key begins, and that it sounds.

    Args:
        notes: each with ``start``, ``end`` (seconds), ``pitch`` (MIDI), ``loudness`` (0 to 1); a bowed one with
            ``new_bow``, a struck one with ``damped``, the second at which it stops.
        struck: whether notes fade while they are held.
    """
    onset, sounds = np.full((2, count, KEYS), NEVER, np.float32)
    onset += np.abs(rng.normal(0.0, 0.02, onset.shape))
    for note in notes:
        key = int(note.pitch) - LOWEST
        begin = FPS * note.start + float(rng.normal(*heard.late))
        end = max(FPS * (note.damped if struck else note.end), begin + 1.0)
        sure = float(np.clip(rng.normal(*heard.sure), 0.1, 0.95))
        if not struck and not note.new_bow:
            sure *= float(rng.uniform(0.6, 1.0))
        echoes = heard.partials * rng.normal(1.0, 0.3, len(ECHOES)) * list(ECHOES.values())
        _begin(onset, key, begin, end, np.concatenate([[sure], np.clip(echoes, 0.0, 0.9)]), heard.held)
        level = float(np.clip(rng.normal(0.82, 0.05), 0.3, 0.95))
        _sound(sounds, key, begin, end, level, heard.ringing, 4.0 * heard.decay if struck else np.inf)
        if rng.random() < GHOSTS:
            _sound(sounds, key + 12, begin, end, float(rng.uniform(0.2, 0.6)), heard.ringing, np.inf)
    return np.concatenate([onset, sounds], axis=1)


def _begin(onset: Floats, key: int, begin: float, end: float, sure: npt.NDArray[np.float64], held: float) -> None:
    """Peaks of a key and of its ECHOES, and what remains of them as long as the key sounds."""
    first, last = max(int(begin) - BEFORE, 0), min(int(max(end, begin + AFTER)), len(onset))
    if last <= first:
        return
    at = np.arange(first, last) - begin
    rise = np.exp(-0.5 * np.square(np.minimum(at, 0.0) / 1.15))
    fall = np.exp(-np.square(np.maximum(at, 0.0) / 1.6))
    stays = held * (1.0 + 0.5 * np.exp(-np.maximum(at, 0.0) / 5.0))
    shape = rise * (stays + (1.0 - stays) * fall)
    columns = key + np.array([0, *ECHOES])
    there = (columns >= 0) & (columns < KEYS)
    onset[first:last, columns[there]] = np.maximum(onset[first:last, columns[there]], shape[:, None] * sure[there])


def _sound(sounds: Floats, key: int, begin: float, end: float, level: float, ringing: float, fading: float) -> None:
    first, last = max(int(begin) - 1, 0), min(int(end + 4.0 * ringing) + 1, len(sounds))
    if last <= first or not 0 <= key < KEYS:
        return
    at = np.arange(first, last)
    after = np.maximum(at - end, 0.0)
    curve = level * np.clip(at - begin + 1.5, 0.0, 1.0) * np.exp(-after / ringing)
    if np.isfinite(fading):
        curve *= np.exp(-np.square(np.maximum(at - begin, 0.0) / fading))
    sounds[first:last, key] = np.maximum(sounds[first:last, key], curve)


def levels(notes: Sequence[Any], count: int, heard: Hearing, struck: bool) -> Floats:
    """(count, 16) decibels of bands, as ``features.levels`` measures them of a sound."""
    from scipy.signal import lfilter

    power = np.full((count, LEVELS), 0.0)
    for note in notes:
        begin, end = FPS * note.start, FPS * (note.damped if struck else note.end)
        first = int(np.clip(begin, 0, count))
        last = int(np.clip(end + 5.0 * heard.release, first, count))
        at = np.arange(first, last) - begin
        swell = 1.0 - np.exp(-np.maximum(at + 0.5, 0.0) / (0.4 if struck else heard.attack))
        curve = swell * np.exp(-np.maximum(at - (end - begin), 0.0) / heard.release)
        if struck:
            curve *= np.exp(-np.maximum(at, 0.0) / (heard.decay * 2.0 ** ((60.0 - note.pitch) / 24.0)))
        loud = 10.0 ** (SWING * (note.loudness - 1.0) / 10.0)
        power[first:last] += loud * np.square(curve)[:, None] * _bands(int(note.pitch), round(heard.slope, 1))
    fades, wet = np.exp(-1.0 / heard.room[0]), heard.room[1]
    power = (1.0 - wet) * power + wet * lfilter([1.0 - fades], [1.0, -fades], power, axis=0)
    floor = 10.0 ** (heard.floor / 10.0)
    return np.asarray(10.0 * np.log10(power * 10.0 ** (heard.colour / 10.0) + floor), dtype=np.float32)


@cache
def _bands(pitch: int, slope: float) -> npt.NDArray[np.float64]:
    """(16,) power of a note's harmonics in eight neighbouring mel bands each, the mean of them; of all 128 it is 1."""
    hertz = 440.0 * 2.0 ** ((pitch - 69) / 12.0) * np.arange(1, HARMONICS + 1)
    place = hertz[hertz < SAMPLE_RATE / 2 - 20.0] * WINDOW / SAMPLE_RATE
    low = place.astype(int)
    found = mel_filters()[:, low] * (low + 1 - place) + mel_filters()[:, low + 1] * (place - low)
    power = found @ np.arange(1, len(place) + 1.0) ** (-2.0 * slope)
    return np.asarray(power.reshape(LEVELS, -1).mean(axis=1) / max(float(power.sum()), 1e-12))
