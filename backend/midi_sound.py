# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A plain sound for MIDI input, so that there is something to hear beside the motion."""

from __future__ import annotations

import io
import warnings
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from backend.audio_files import LONGEST, check_range
from plugins.api import Audio, AudioError, Score
from plugins.api.midi_pedal import pedal_of

SAMPLE_RATE: Final = 22050
TAIL: Final = 1.0
"""Seconds after the last note."""
INAUDIBLE: Final = np.log(1000.0)
"""Of a partial that has fallen by 60 dB."""
DAMPING: Final = 0.06
"""Seconds in which a damped string falls to a third."""


def read_midi(
    score: Score,
    start: float | None = None,
    end: float | None = None,
    *,
    longest: float = LONGEST,
    instrument: str = "violin",
) -> Audio:
    """Render a MIDI file with a wave like a bowed string's, or a struck one's for the piano.

    Raises:
        AudioError: when it cannot be read or holds no notes.
    """
    import pretty_midi

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            midi = pretty_midi.PrettyMIDI(io.BytesIO(score.data))
    except Exception as error:  # the parser raises anything on broken files
        raise AudioError(
            f"{score.name} is not a MIDI file that can be read ({type(error).__name__}: {error}); export it again"
        ) from error
    notes = [n for track in midi.instruments if not track.is_drum for n in track.notes]
    if not notes:
        raise AudioError(f"{score.name} holds no notes; give a MIDI file with the {instrument}'s part")
    length = max(n.end for n in notes) + TAIL
    first, last = check_range(score.name, length, start, end, longest)
    if instrument == "piano":
        sound = _struck(_pedalled(notes, pedal_of(score.data, midi, length)), first, last)
    else:
        sound = _sound_of(notes, first, last)
    return Audio(sound, SAMPLE_RATE, start=int(first * SAMPLE_RATE) / SAMPLE_RATE)


def _sound_of(notes: Sequence[Any], first: float, last: float) -> npt.NDArray[np.float32]:
    """The stretch from ``first`` to ``last``; only what sounds in it is rendered."""
    import pretty_midi

    part = pretty_midi.Instrument(program=40)
    part.notes = [
        pretty_midi.Note(n.velocity, n.pitch, max(n.start - first, 0.0), n.end - first)
        for n in notes
        if n.end > first and n.start < last
    ]
    out = np.zeros(int(last * SAMPLE_RATE) - int(first * SAMPLE_RATE), dtype=np.float32)
    sound = part.synthesize(fs=SAMPLE_RATE, wave=_bowed)[: len(out)]
    if len(sound):
        out[: len(sound)] = 0.5 * sound / max(np.abs(sound).max(), 1e-9)
    return out


def _bowed(phase: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Eight partials of a sawtooth, the wave of a bowed string (H. von Helmholtz, 1863)."""
    return np.asarray(sum(np.sin(k * phase) / k for k in range(1, 9)) * 0.6)


def _pedalled(notes: Sequence[Any], spans: Sequence[tuple[float, float, float]]) -> list[Any]:
    """The notes as long as their strings sound: to where the pedal comes up, or the key is struck again."""
    downs = [start for start, _, _ in spans]
    again: dict[int, float] = {}
    out = []
    for note in sorted(notes, key=lambda n: -n.start):
        i = bisect_right(downs, note.end) - 1
        up = spans[i][1] if i >= 0 else 0.0
        held = max(note.end, min(up, again.get(note.pitch, np.inf)))
        again[note.pitch] = note.start
        out.append(type(note)(note.velocity, note.pitch, note.start, held))
    return out[::-1]


def _struck(notes: Sequence[Any], first: float, last: float) -> npt.NDArray[np.float32]:
    """The stretch from ``first`` to ``last`` of strings that are struck."""
    out = np.zeros(int(last * SAMPLE_RATE) - int(first * SAMPLE_RATE), dtype=np.float32)
    for note in notes:
        if note.end + DAMPING <= first or note.start >= last:
            continue
        tone = _string(440.0 * 2.0 ** ((note.pitch - 69) / 12), note.end - note.start) * np.float32(note.velocity / 127)
        at = int((note.start - first) * SAMPLE_RATE)
        low, high = max(at, 0), min(at + len(tone), len(out))
        if high > low:
            out[low:high] += tone[low - at : high - at]
    return 0.5 * out / max(float(np.abs(out).max(initial=0.0)), 1e-9)


def _string(pitch: float, held: float) -> npt.NDArray[np.float32]:
    """A string that is struck: six partials, the higher ones weaker and sooner gone, damped after ``held`` seconds."""
    decay = 0.6 + pitch / 400.0
    longest = held + 4 * DAMPING
    t = np.arange(int(min(longest, INAUDIBLE / decay) * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)
    tone = np.zeros(len(t), dtype=np.float32)
    for k in range(1, 7):
        if k * pitch < SAMPLE_RATE / 2:
            mine = t[: int(INAUDIBLE / (decay * k**0.7) * SAMPLE_RATE)]
            turning, falling = np.float32(2 * np.pi * k * pitch), np.float32(-decay * k**0.7)
            tone[: len(mine)] += np.sin(turning * mine) * np.exp(falling * mine) * np.float32(k**-1.3)
    damped = np.exp(-np.maximum(t - np.float32(held), 0) / np.float32(DAMPING))
    return np.asarray(tone * np.minimum(t / np.float32(0.003), 1) * damped, dtype=np.float32)
