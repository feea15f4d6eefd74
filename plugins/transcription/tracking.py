# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Posteriors to notes, for an instrument that sounds one string or two at a time.

The sound is cut at its onsets; each piece gets the pitches that sound in it, and a
pitch that merely goes on across a cut stays one note.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.pitch_network import Posteriors
from plugins.transcription.candidates import LOWEST, Candidates, violin_range

SOUNDING: Final = 0.35
"""Mean posterior of a pitch that sounds, at a sensitivity of one half."""
RELEASE: Final = 0.2
"""Posterior below which a pitch has stopped ..."""
GAP: Final = 8
"""... once it has lasted for so many frames (93 ms)."""
SHORTEST: Final = 5
"""Frames (58 ms)."""
GHOSTS: Final = (12, 19, 24, 28, 31, 36)
"""Semitones from a tone to its overtones 2, 3, 4, 5, 6 and 8, where ghosts of it appear."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HeardNote:
    """A note: frames, MIDI pitch, whether a bow begins with it, how sure (0 to 1)."""

    start: int
    end: int
    pitch: int
    new_bow: bool
    confidence: float


def track_notes(heard: Posteriors, candidates: Candidates, sensitivity: float = 0.5) -> list[HeardNote]:
    """Notes in order of time; ``sensitivity`` (0 to 1) is how faint an onset still counts."""
    note, onset = violin_range(heard.note), violin_range(heard.onset)
    chosen = candidates.onset >= 1.0 - sensitivity
    cuts = [*candidates.frames[chosen].tolist(), len(note)]
    bows = (candidates.new_bow[chosen] >= 1.0 - sensitivity).tolist()
    if cuts[0] > SHORTEST and note[2:SHORTEST].mean(axis=0).max() >= SOUNDING:
        # A recording, or a range of one, may begin when a note sounds already.
        cuts, bows = [0, *cuts], [True, *bows]
    notes: list[HeardNote] = []
    for start, end, bow in zip(cuts[:-1], cuts[1:], bows, strict=True):
        found = list(_sounding(note[start:end], 0.7 * SOUNDING / (0.2 + sensitivity)))
        for pitch, length, confidence in found:
            last = next((n for n in reversed(notes) if n.pitch == pitch + LOWEST), None)
            held = last is not None and last.end >= start and onset[start : start + 4, pitch].max() < 0.3
            if held and last is not None and len(found) > 1 and not bow:
                notes[notes.index(last)] = replace(last, end=start + length)
            else:
                notes.append(HeardNote(start, start + length, pitch + LOWEST, bool(bow), confidence))
    return list(_with_first_bows(notes))


def _sounding(note: Floats, threshold: float) -> Iterator[tuple[int, int, float]]:
    """(column, frames that it lasts, confidence) of the pitches in one piece of the sound."""
    if len(note) < SHORTEST:
        return
    # The attack blurs into the note before: judge by what follows it.
    body = note[2 : max(SHORTEST, min(len(note), 40))]
    level = body.mean(axis=0)
    order = [int(c) for c in np.argsort(-level) if level[c] >= threshold][:6]
    kept: list[int] = []
    for column in order:
        below = [k for k in kept if column - k in GHOSTS]
        if below and level[column] < 0.8 * max(level[k] for k in below):
            continue
        # A ghost may also lie under its tone, an octave or a twelfth too low.
        if any(k - column in (12, 19) and level[column] < 0.6 * level[k] for k in kept):
            continue
        # Neighbouring semitones are one note's vibrato.
        if any(abs(column - k) <= 1 for k in kept):
            continue
        kept.append(column)
    for column in kept[:2]:
        yield column, lasts(note[:, column]), float(np.clip(level[column], 0.0, 1.0))


def lasts(posterior: npt.NDArray[np.floating[Any]]) -> int:
    """Frames until a pitch (its posteriors, (T,)) has stopped for good."""
    off = posterior[SHORTEST:] < RELEASE
    if len(off) < GAP:
        return len(posterior)
    quiet = np.convolve(off, np.ones(GAP), "valid") >= GAP
    stops = np.nonzero(quiet)[0]
    return int(stops[0]) + SHORTEST if len(stops) else len(posterior)


def _with_first_bows(notes: list[HeardNote]) -> Iterator[HeardNote]:
    """A slur cannot go on over a rest: the first note after one begins a bow."""
    reached = -GAP - 1
    for note in notes:
        rested = note.start - reached > GAP
        yield replace(note, new_bow=True) if rested else note
        reached = max(reached, note.end)
