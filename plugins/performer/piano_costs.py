# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What it costs a hand to play two keys with two fingers, in the terms of one published model.

Spans and rules: R. Parncutt, J. Sloboda, E. Clarke, M. Raekallio and P. Desain, *An ergonomic
model of keyboard fingering for melodic fragments* (Music Perception 14, 1997): stretch, small and
large span, weak finger, three to four, four, five and thumb on black, thumb passing. Its rules
over three notes (change of position) become the way that the hand goes, which needs only two.
Within chords the spans count likewise (A. Al Kasimi, E. Nichols and C. Raphael, *A simple
algorithm for automatic generation of polyphonic piano fingerings*, ISMIR 2007).

All is said of the right hand; the left one plays the same keys mirrored about D, which takes
black keys to black ones. Fingers are 0 (thumb) to 4.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from plugins.api import piano

SPANS: Final = {
    # fingers: least and most that is practical, comfortable, relaxed (semitones)
    (0, 1): (-5, -3, 1, 5, 8, 10),
    (0, 2): (-4, -2, 3, 7, 10, 12),
    (0, 3): (-3, -1, 5, 9, 12, 14),
    (0, 4): (-1, 1, 7, 10, 13, 15),
    (1, 2): (1, 1, 1, 2, 3, 5),
    (1, 3): (1, 1, 3, 4, 5, 7),
    (1, 4): (2, 2, 5, 6, 8, 10),
    (2, 3): (1, 1, 1, 2, 2, 4),
    (2, 4): (1, 1, 3, 4, 5, 7),
    (3, 4): (1, 1, 1, 2, 3, 5),
}
RELAXED: Final = (-4.0, -2.0, 0.0, 1.5, 3.5)
"""Semitones of each finger of a relaxed hand from its middle finger."""
IMPRACTICAL: Final = 10.0
"""For each semitone beyond what is practical."""
SAME_FINGER: Final = 6.0
"""One finger from key to key."""
SMALL_HAND: Final = (99, 9, 11, 11, 15)
"""Semitones from the thumb that each finger of our figure's hand spans in a chord, where that is less."""
POSITION: Final = 2.0
"""Of a full change of position, as the thumb's passing makes it."""
THUMB: Final = 0


@cache
def black(pitch: int) -> bool:
    return bool(piano.is_black(pitch))


@cache
def span_cost(first: int, second: int, interval: int) -> float:
    """Of two fingers that are ``interval`` semitones apart."""
    if first == second:
        return 0.0 if interval == 0 else SAME_FINGER + 0.5 * abs(interval)
    if first > second:
        first, second, interval = second, first, -interval
    least, low, near, far, high, most = SPANS[first, second]
    each = 1.0 if first == THUMB else 2.0
    stretch = 2.0 * (max(interval - high, 0) + max(low - interval, 0))
    loose = each * (max(near - interval, 0) + max(interval - far, 0))
    return stretch + loose + IMPRACTICAL * (max(interval - most, 0) + max(least - interval, 0))


@cache
def step_cost(first: int, second: int, low: int, high: int) -> float:
    """Of going from the key ``low`` by finger ``first`` to the key ``high`` by finger ``second``."""
    cost = span_cost(first, second, high - low)
    cost += 1.0 * (second in (3, 4))
    if {first, second} == {2, 3}:
        ring, other = (high, low) if second == 3 else (low, high)
        cost += 1.0 * (second == 3) + 1.0 * (black(ring) and not black(other))
    for finger, mine, other in ((first, low, high), (second, high, low)):
        if black(mine) and finger in (THUMB, 4):
            cost += (1.0 if finger == THUMB and mine == high else 0.0) + 2.0 * (not black(other))
    return cost + _passing(first, second, low, high)


def _passing(first: int, second: int, low: int, high: int) -> float:
    """The thumb goes under, or a finger over it."""
    if first == second or THUMB not in (first, second):
        return 0.0
    if (second - first) * (high - low) >= 0:
        return 0.0
    thumb, finger = (low, high) if first == THUMB else (high, low)
    return POSITION + (3.0 if black(thumb) and not black(finger) else 1.0)


@cache
def chord_cost(keys: tuple[int, ...], fingers: tuple[int, ...]) -> float:
    """Of holding keys, the lowest first, at once."""
    cost = 0.0
    for i, (low, a) in enumerate(zip(keys, fingers, strict=True)):
        cost += (0.3, 0.0, 0.0, 0.3, 0.3)[a] + 0.8 * (black(low) and a in (THUMB, 4))
        cost += sum(span_cost(a, b, high - low) for high, b in zip(keys[i + 1 :], fingers[i + 1 :], strict=True)) / 2
    return cost


@cache
def reaches(keys: tuple[int, ...], fingers: tuple[int, ...]) -> bool:
    """Whether a hand can hold the keys at once with these fingers, in the order of the keys."""
    pairs = [(i, j) for i in range(len(keys)) for j in range(i + 1, len(keys))]
    most = {(i, j): min(SPANS[fingers[i], fingers[j]][5], SMALL_HAND[fingers[j]]) for i, j in pairs}
    return all(1 <= keys[j] - keys[i] <= most[i, j] for i, j in pairs)


def middle(keys: tuple[int, ...], fingers: tuple[int, ...]) -> float:
    """Where the middle finger of a hand is that holds keys so."""
    return sum(k - RELAXED[f] for k, f in zip(keys, fingers, strict=True)) / len(keys)
