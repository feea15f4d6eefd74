# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which string and which finger for every note, by dynamic programming.

A *grip* is what the left hand does for one chord: a place on the neck and, for each
note, a string and a finger. Its own cost is strain; from one grip to the next come
the costs of shifting, of crossing strings and of moving a finger that is still down.
This follows S. Sayegh, *Fingering for string instruments with the optimum path paradigm*
(CMJ 13, 1989). The costs were set by hand on scales, the example and the Bach recordings.
Fingerings and strings that a score prints are not read; a finger is remembered for one chord.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import violin
from plugins.performer.music import Chord

REACH: Final = ((0, 0), (-1, 0), (0, 2), (2, 4), (4, 7))
"""For each finger (0 = open string) the lowest and highest semitone above the place of the hand."""
NATURAL: Final = (0.0, -0.2, 1.4, 3.1, 5.0)
"""Where each finger falls by itself, semitones above the place of the hand."""
STRAIN: Final = 0.5
PLACES: Final = range(1, violin.HIGHEST_SEMITONE - 1)
"""Semitone of the first finger; 2 is first position."""
FINGER_COST: Final = (0.15, 0.0, 0.0, 0.05, 0.3)
HEIGHT_COST: Final = 0.10
"""For each semitone that the hand is above first position."""
SHIFT_COST: Final = 1.6
SHIFT_STEP: Final = 0.12
CROSSING_COST: Final = 0.25
CROSSING_IN_SLUR: Final = 0.45
SLIDE_COST: Final = 1.2
"""A finger that must go to another stop without a shift."""
LET_GO_COST: Final = 5.0
"""A finger that should stay down while another voice moves."""
MAX_GRIPS: Final = 160


@dataclass(frozen=True)
class Grip:
    """A place of the hand (semitone of the first finger) and (string, semitone, finger) of each note."""

    place: int
    stops: tuple[tuple[int, int, int], ...]

    @property
    def level(self) -> float:
        """Mean string, 0 (G) to 3 (E)."""
        return float(np.mean(sorted({s for s, _, _ in self.stops})))


def plan_fingering(chords: Sequence[Chord]) -> tuple[list[Grip], list[str]]:
    """The cheapest grips for all chords, and warnings about what no hand can stop."""
    warnings: list[str] = []
    choices, told = [], -np.inf
    for chord in chords:
        pitches = chord.pitches
        grips = grips_for(pitches)
        while not grips:
            # Leave out the lowest: the melody is on top.
            pitches = pitches[1:]
            grips = grips_for(pitches)
        trembling = (chord.trill or chord.tremolo) and chord.start - told <= 1e-6
        if len(pitches) < len(chord.pitches) and not trembling:
            left_out = len(chord.pitches) - len(pitches)
            warnings.append(f"no hand can stop the whole chord at {chord.start:.2f} s: its lowest {left_out} left out")
        if len(pitches) < len(chord.pitches):
            told = chord.end  # what trembles from here on is the same written chord
        choices.append(grips)
    return _cheapest_path(chords, choices), warnings


@lru_cache(maxsize=4096)
def grips_for(pitches: tuple[int, ...]) -> tuple[Grip, ...]:
    """All ways to stop the pitches at once, on neighbouring strings; the least strained first."""
    if len(pitches) > len(violin.STRINGS):
        return ()
    grips: dict[Grip, float] = {}
    for strings in _string_sets(len(pitches)):
        semitones = [p - violin.OPEN_PITCHES[s] for p, s in zip(pitches, strings, strict=True)]
        if any(not 0 <= n <= violin.HIGHEST_SEMITONE for n in semitones):
            continue
        for place in PLACES:
            options = [_fingers(n, place) for n in semitones]
            for fingers in product(*options):
                stops = tuple(zip(strings, semitones, fingers, strict=True))
                if _possible(stops):
                    grip = Grip(place, stops)
                    grips[grip] = strain(grip)
    ordered = sorted(grips, key=lambda g: (grips[g], g.place, g.stops))
    return tuple(ordered[:MAX_GRIPS])


def _string_sets(count: int) -> list[tuple[int, ...]]:
    """Runs of neighbouring strings, lowest first."""
    return [tuple(range(first, first + count)) for first in range(len(violin.STRINGS) - count + 1)]


def _fingers(semitone: int, place: int) -> tuple[int, ...]:
    if semitone == 0:
        return (0,)
    return tuple(f for f in range(1, 5) if REACH[f][0] <= semitone - place <= REACH[f][1])


def _possible(stops: tuple[tuple[int, int, int], ...]) -> bool:
    """Fingers in the order of their stops along the neck; one finger may bar two neighbouring strings."""
    pressed = sorted((f, n, s) for s, n, f in stops if f)
    for (f1, n1, s1), (f2, n2, s2) in pairwise(pressed):
        if f1 == f2 and not (n1 == n2 and abs(s1 - s2) == 1):
            return False
        if f1 < f2 and n1 > n2:
            return False
        if f1 < f2 and n1 == n2 and f2 - f1 > 1:
            return False
    return True


def strain(grip: Grip) -> float:
    """Cost of a grip by itself."""
    cost = HEIGHT_COST * max(grip.place - 2, 0) + 0.4 * (grip.place == 1)
    for string, semitone, finger in grip.stops:
        cost += FINGER_COST[finger]
        if finger:
            cost += STRAIN * (semitone - grip.place - NATURAL[finger]) ** 2 / 2
            # High on a low string is dark and far: only when something is gained by it.
            cost += 0.03 * semitone * (3 - string)
    return cost


def _cheapest_path(chords: Sequence[Chord], choices: list[tuple[Grip, ...]]) -> list[Grip]:
    """Viterbi over the grips."""
    if not choices:
        return []
    cost = np.array([strain(g) for g in choices[0]])
    back: list[npt.NDArray[np.int64]] = []
    for i in range(1, len(choices)):
        total = cost[:, None] + _moves(choices[i - 1], choices[i], chords[i - 1], chords[i])
        best = np.argmin(total, axis=0)
        back.append(best)
        cost = total[best, np.arange(len(best))] + np.array([strain(g) for g in choices[i]])
    path = [int(np.argmin(cost))]
    for best in reversed(back):
        path.append(int(best[path[-1]]))
    return [grips[k] for grips, k in zip(choices, reversed(path), strict=True)]


@lru_cache(maxsize=65536)
def _move(before: tuple[Grip, ...], after: tuple[Grip, ...]) -> tuple[npt.NDArray[np.float64], ...]:
    """Shift distance, string distance, slides and whether an open string covers the shift, for all pairs."""
    shift = np.abs(np.array([g.place for g in after])[None] - np.array([g.place for g in before])[:, None])
    cross = np.abs(np.array([g.level for g in after])[None] - np.array([g.level for g in before])[:, None])
    uses = _finger_table(before)[:, None], _finger_table(after)[None]
    both = (uses[0] >= 0) & (uses[1] >= 0)
    slides = (both & (uses[0] != uses[1])).sum(axis=-1)
    covered = np.array([all(f == 0 for _, _, f in g.stops) for g in before])[:, None] | np.zeros(len(after), dtype=bool)
    return shift.astype(float), cross, slides.astype(float), covered.astype(float)


def _finger_table(grips: tuple[Grip, ...]) -> npt.NDArray[np.int64]:
    """(N, 5) a code of the stop that each finger holds, -1 for none."""
    table = np.full((len(grips), 5), -1, dtype=np.int64)
    for i, grip in enumerate(grips):
        for string, semitone, finger in grip.stops:
            if finger:
                table[i, finger] = string * 100 + semitone
    return table


def _moves(
    before: tuple[Grip, ...], after: tuple[Grip, ...], chord: Chord, following: Chord
) -> npt.NDArray[np.float64]:
    shift, cross, slides, covered = _move(before, after)
    gap = following.start - chord.start
    rest = following.start - chord.end > 0.15
    haste = np.clip(0.35 / max(gap, 0.05), 0.6, 3.0)
    shifting = np.where(shift > 0, SHIFT_COST * haste * (1 - 0.5 * covered) * (0.3 if rest else 1.0), 0.0)
    crossing = CROSSING_COST if following.new_bow else CROSSING_IN_SLUR
    tops = (chord.top, following.top)
    trilled = _not_beaten(before, after, tops) if following.on_lower or chord.on_lower else 0.0
    let_go = sum((_lets_go(before, after, pitch) for pitch in following.held), np.zeros_like(shift))
    return np.asarray(
        shifting
        + SHIFT_STEP * shift
        + crossing * cross
        + SLIDE_COST * haste * slides * (shift == 0)
        + LET_GO_COST * (let_go + trilled)
    )


def stop_of(grip: Grip, pitch: int) -> tuple[int, int, int]:
    """(string, semitone, finger) of a pitch in a grip; of the highest, where that pitch was left out."""
    return next((s for s in grip.stops if violin.OPEN_PITCHES[s[0]] + s[1] == pitch), grip.stops[-1])


def _not_beaten(before: tuple[Grip, ...], after: tuple[Grip, ...], pitches: tuple[int, int]) -> npt.NDArray[np.float64]:
    """(before, after) 1 where two pitches are not two fingers' of one string and place: no trill."""
    rows = [
        np.array([(stop_of(g, pitch)[0], g.place, stop_of(g, pitch)[2]) for g in grips])
        for grips, pitch in zip((before, after), pitches, strict=True)
    ]
    string, place, finger = ((rows[0][:, None, k], rows[1][None, :, k]) for k in range(3))
    apart = (string[0] != string[1]) | (place[0] != place[1])
    return np.asarray(apart | (finger[0] == finger[1]), dtype=float)


def _lets_go(before: tuple[Grip, ...], after: tuple[Grip, ...], pitch: int) -> npt.NDArray[np.float64]:
    """(before, after) 1 where a pitch that goes on changes its string or its finger, or the hand its place."""

    def of(grips: tuple[Grip, ...]) -> npt.NDArray[np.int64]:
        stops = [(g.place, stop_of(g, pitch)) for g in grips]
        return np.array([(string, finger, place if finger else 0) for place, (string, _, finger) in stops])

    return np.asarray((of(before)[:, None] != of(after)[None]).any(axis=-1), dtype=float)
