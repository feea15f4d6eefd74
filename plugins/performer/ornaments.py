# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Trills and tremolos, played out: what is written as one note and moved as many.

A trill goes between the written note and the next of the scale above it, six to seven times a second in skilled
players (D. Moore, *Keyboard trills revisited*, Music Perception 9, 1992, for the piano), all in one bow, the lower
finger down throughout. A tremolo is as many short bows as there is time for.
"""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from plugins.performer.fingering import Grip, stop_of
from plugins.performer.music import HIGHEST, Chord

TRILL_RATE: Final = 13.0
"""Notes a second."""
TREMOLO_RATE: Final = 11.0
"""Bows a second."""
SHORTEST: Final = 0.22
"""Seconds from which a note has the time for either."""
ROLLED: Final = 0.18
"""Seconds in which the bow rolls over a chord of three before its upper notes tremble."""
AROUND: Final = 8.0
"""Seconds to each side of a trill whose notes tell the scale."""


def played_out(chords: Sequence[Chord]) -> list[Chord]:
    """The same music with trills and tremolos as the notes that they consist of."""
    starts = [c.start for c in chords]
    out: list[Chord] = []
    for chord in chords:
        if chord.trill and chord.duration >= SHORTEST:
            out += _trill(chord, around(chord, chords, starts))
        elif chord.tremolo and chord.duration >= SHORTEST:
            out += _parts(chord, TREMOLO_RATE)
        else:
            out.append(chord)
    return out


def _parts(chord: Chord, rate: float, odd: bool = False) -> list[Chord]:
    """A chord as equal ones; of three notes and more the bow rolls over all first, and the upper two go on."""
    rolled = min(ROLLED, 0.4 * chord.duration) if len(chord.pitches) > 2 else 0.0
    count = max(2, round((chord.duration - rolled) * rate))
    count += (count % 2 == 0) * odd
    times = [chord.start, *np.linspace(chord.start + rolled, chord.end, count + 1).tolist()[not rolled :]]
    first = replace(chord, end=times[1], phrase_end=False)
    later = replace(first, pitches=chord.pitches[-2:], new_bow=not odd, bow="", accent=False, downbeat=0.0)
    parts = [first, *(replace(later, start=a, end=b) for a, b in pairwise(times[1:]))]
    return [*parts[:-1], replace(parts[-1], phrase_end=chord.phrase_end)]


def _trill(chord: Chord, near: Sequence[Chord]) -> list[Chord]:
    """The upper note of a chord trills in one bow; it begins and ends on the written one."""
    upper = upper_of(chord, near)
    if upper > HIGHEST:
        return [chord]
    parts = _parts(chord, TRILL_RATE, odd=True)
    first = len(parts) % 2 == 0  # a chord that was rolled stands before the odd number of parts
    return [
        replace(p, pitches=_beaten(p, upper), on_lower=True) if i > first and (i - first) % 2 else p
        for i, p in enumerate(parts)
    ]


def upper_of(chord: Chord, near: Sequence[Chord]) -> int:
    """The upper note of a chord's trill, by what is played around it."""
    return chord.top + step_above(chord.top, (p for c in near if c is not chord for p in c.pitches))


def _beaten(chord: Chord, upper: int) -> tuple[int, ...]:
    return tuple(sorted({*(p for p in chord.pitches if p != chord.top), upper}))


def around(chord: Chord, chords: Sequence[Chord], starts: Sequence[float]) -> Sequence[Chord]:
    """The chords within AROUND of one; ``starts`` are those of all, rising."""
    return chords[bisect_left(starts, chord.start - AROUND) : bisect(starts, chord.start + AROUND)]


def step_above(pitch: int, near: Iterable[int]) -> int:
    """1 or 2 semitones up to the next note of the scale of the pitches that are played around one; 2 where
    nothing tells."""
    played = {p % 12 for p in near}
    half, whole = ((pitch + step) % 12 in played for step in (1, 2))
    return 1 if half and not whole else 2


def trill_times(start: float, end: float) -> list[float]:
    """Edges of the notes of a trill, an odd number of them: it ends on the note that it began with."""
    count = max(2, round((end - start) * TRILL_RATE))
    return [float(t) for t in np.linspace(start, end, count + (count % 2 == 0) + 1)]


def with_lower_fingers(grips: Sequence[Grip], chords: Sequence[Chord]) -> list[Grip]:
    """Grips in which the finger of a trill's lower note stays down while the upper one sounds."""
    out = list(grips)
    for i in range(1, len(out)):
        if chords[i].on_lower:
            string, semitone, finger = stop_of(out[i], chords[i].top)
            under = [s for s in grips[i - 1].stops if s[0] == string and 0 < s[2] < finger and s[1] < semitone]
            out[i] = replace(out[i], stops=(*under, *out[i].stops))
    return out
