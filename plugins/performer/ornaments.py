# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Trills and tremolos, played out: what is written as one note and moved as many.

A trill goes between the written note and the next of the scale above it, six to seven times a second in skilled
players (D. Moore, *Keyboard trills revisited*, Music Perception 9, 1992, for the piano), all in one bow, the lower
finger down throughout. A tremolo is as many short bows as there is time for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from plugins.performer.fingering import Grip
from plugins.performer.music import HIGHEST, Chord

TRILL_RATE: Final = 13.0
"""Notes a second."""
TREMOLO_RATE: Final = 11.0
"""Bows a second."""
AROUND: Final = 8.0
"""Seconds to each side of a trill whose notes tell the scale."""


def played_out(chords: Sequence[Chord]) -> list[Chord]:
    """The same music with trills and tremolos as the notes that they consist of."""
    out: list[Chord] = []
    for chord in chords:
        if chord.trill:
            out += _trill(chord, chords)
        elif chord.tremolo:
            out += _tremolo(chord)
        else:
            out.append(chord)
    return out


def _times(chord: Chord, rate: float) -> list[tuple[float, float]]:
    """Equal parts of a chord's time, at least two."""
    edges = np.linspace(chord.start, chord.end, max(2, round(chord.duration * rate)) + 1)
    return [(float(a), float(b)) for a, b in pairwise(edges)]


def _parts(chord: Chord, rate: float, new_bow: bool) -> list[Chord]:
    times = _times(chord, rate)
    first = replace(chord, start=times[0][0], end=times[0][1], phrase_end=False)
    later = replace(first, new_bow=new_bow, bow="", accent=False, downbeat=0.0)
    parts = [first, *(replace(later, start=a, end=b) for a, b in times[1:])]
    return [*parts[:-1], replace(parts[-1], phrase_end=chord.phrase_end)]


def _tremolo(chord: Chord) -> list[Chord]:
    return _parts(chord, TREMOLO_RATE, new_bow=True)


def _trill(chord: Chord, chords: Sequence[Chord]) -> list[Chord]:
    """The upper note of a chord trills; it ends on the written one, which then may take another part's time."""
    upper = chord.pitches[-1] + step_above(chord, chords)
    if upper > HIGHEST:
        return [chord]
    parts = _parts(chord, TRILL_RATE, new_bow=False)
    beaten = (*chord.pitches[:-1], upper)
    return [replace(p, pitches=beaten, on_lower=True) if i % 2 else p for i, p in enumerate(parts)]


def step_above(chord: Chord, chords: Sequence[Chord]) -> int:
    """1 or 2 semitones up to the next note of the scale that is played around a chord; 2 where nothing tells."""
    near = {p % 12 for c in chords if c is not chord and abs(c.start - chord.start) <= AROUND for p in c.pitches}
    half, whole = ((chord.pitches[-1] + step) % 12 in near for step in (1, 2))
    return 1 if half and not whole else 2


def with_lower_fingers(grips: Sequence[Grip], chords: Sequence[Chord]) -> list[Grip]:
    """Grips in which the finger of a trill's lower note stays down while the upper one sounds."""
    out = list(grips)
    for i in range(1, len(out)):
        if chords[i].on_lower:
            string, semitone, finger = out[i].stops[-1]
            under = [s for s in grips[i - 1].stops if s[0] == string and 0 < s[2] < finger and s[1] < semitone]
            out[i] = replace(out[i], stops=(*under, *out[i].stops))
    return out
