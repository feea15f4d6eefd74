# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Whether a score and a recording belong together, and if not, whether they only differ in key."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from plugins.api.pitch_network import LOWEST_PITCH, Posteriors
from plugins.transcription.performed import SURE, Performed
from plugins.transcription.score import Reading

SOUNDING: Final = 0.3
"""Posterior from which a key counts as heard."""
SPARE: Final = 4
"""Frames (46 ms) that a note may sound before and after its time."""
FARTHEST: Final = 12
"""Semitones that are tried to each side."""


def transposed(reading: Reading, semitones: int) -> Reading:
    """The reading with all notes higher by ``semitones``; what would leave MIDI's range is left out."""
    if semitones == 0:
        return reading
    moved = (replace(n, pitch=n.pitch + semitones) for n in reading.notes)
    return replace(reading, notes=tuple(n for n in moved if 0 <= n.pitch <= 127))


def likely_key(reading: Reading, heard: Posteriors) -> int:
    """Semitones by which the sound most likely lies above the score, 0 if it does not: the shift at which
    the written notes' lengths by pitch and the sounding posteriors by pitch have the largest cosine."""
    written = np.zeros(128)
    for note in reading.notes:
        written[note.pitch] += note.duration
    sounding = np.zeros(128)
    sounding[LOWEST_PITCH : LOWEST_PITCH + 88] = heard.note.sum(axis=0, dtype=np.float64)
    padded = np.pad(sounding, FARTHEST)
    shifts = range(-FARTHEST, FARTHEST + 1)
    return max(shifts, key=lambda s: (float(written @ padded[FARTHEST + s : FARTHEST + s + 128]), -abs(s)))


def explained(performed: Performed, heard: Posteriors) -> float:
    """Part (0 to 1) of what is heard that the score's notes account for, where they were put: the sum of the
    posteriors at their keys and times, over the sum of all. 0 where nothing is heard."""
    written = np.zeros(heard.note.shape, dtype=bool)
    for i in performed.played:
        note = performed.reading.notes[i]
        ends = [performed.onsets[i], performed.at(note.onset + note.duration)]
        first, last = (int(f) for f in np.clip(heard.frame(ends), 0, len(written)))
        written[max(first - SPARE, 0) : last + SPARE, int(heard.pitch(note.pitch))] = True
    loud = np.where(heard.note >= SOUNDING, heard.note, 0.0)
    return float(loud[written].sum() / loud.sum()) if loud.any() else 0.0


def sounding(performed: Performed) -> float:
    """How much (0 to 1) of the written notes is heard where they were put: mean of ``min(posterior / SURE, 1)`` over
    the notes from the first to the last that were played, 0 for one that was not."""
    onsets = np.array([note.onset for note in performed.reading.notes])
    inside = (onsets >= performed.score[0]) & (onsets <= performed.score[-1])
    return float(np.minimum(np.nan_to_num(performed.confidence[inside]) / SURE, 1.0).mean())
