# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""When each key goes down and up, and by which finger: presses, and the depth of all keys over time.

A key takes from 25 ms (as loud as can be) to 160 ms (as soft) to go down, and reaches its bed about
when the hammer meets the string (A. Askenfelt and E. Jansson, *From touch to string vibrations I: Timing
in the grand piano action*, JASA 88, 1990): so it moves ahead of the note and is down when that begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Final

import numpy as np

from plugins.api import Array, piano
from plugins.performer.curves import Floats, ease
from plugins.performer.piano_fingering import Fingering
from plugins.performer.piano_music import Note

TRAVEL: Final = (0.160, 0.025)
"""Seconds that a key takes to go down, softest and loudest."""
RISE: Final = 0.070
"""Seconds that it takes to come up again."""
REACH: Final = 0.050
"""Seconds that a finger needs from one key to the next."""
SHORTEST: Final = 0.030


@dataclass(frozen=True)
class Press:
    """A key held down by a finger (0 = thumb) of a hand (0 left, 1 right).

    Attributes:
        start: when it is all the way down; end: when it is let go.
        down: when it begins to go down.
    """

    start: float
    end: float
    down: float
    pitch: int
    loudness: float
    hand: int
    finger: int


def plan_presses(fingering: Fingering, hand: int) -> list[Press]:
    """A press for each note, ended in time for what its finger and its key do next."""
    notes = fingering.notes
    presses = [_press(n, f, hand) for n, f in zip(notes, fingering.fingers, strict=True)]
    for what in (attrgetter("pitch"), attrgetter("finger")):
        last: dict[int, int] = {}
        for i, press in enumerate(presses):
            before = last.get(what(press))
            if before is not None:
                presses[before], presses[i] = _apart(presses[before], press)
            last[what(press)] = i
    return presses


def _press(note: Note, finger: int, hand: int) -> Press:
    travel = TRAVEL[0] + (TRAVEL[1] - TRAVEL[0]) * note.loudness
    return Press(note.start, note.end, note.start - travel, note.pitch, note.loudness, hand, finger)


def _apart(first: Press, second: Press) -> tuple[Press, Press]:
    """Two presses of one key or one finger: the first ends in time for the second."""
    gap = second.start - first.start
    down = max(second.down, second.start - 0.4 * gap)
    need = min(RISE if first.pitch == second.pitch else REACH, 0.35 * gap)
    end = max(min(first.end, down - need), first.start + min(SHORTEST, 0.2 * gap))
    return replace(first, end=end), replace(second, down=down)


def merged(hands: Iterable[Sequence[Press]]) -> list[Press]:
    """The presses of both hands in order of time; a key that one hand holds is let go for the other."""
    presses = sorted((p for hand in hands for p in hand), key=lambda p: (p.start, p.pitch))
    last: dict[int, int] = {}
    for i, press in enumerate(presses):
        before = last.get(press.pitch)
        if before is not None and presses[before].hand != press.hand:
            presses[before], presses[i] = _apart(presses[before], press)
        last[press.pitch] = i
    return presses


@dataclass(frozen=True, eq=False)
class Keys:
    """(T, 88) how far the front of each key is down, metres."""

    depth: Array = field(repr=False)

    def of(self, pitch: int) -> Floats:
        return np.asarray(self.depth[:, pitch - piano.LOWEST])


def key_depths(times: Floats, presses: Sequence[Press]) -> Keys:
    """All keys at ``times``: down ahead of each note, up after it."""
    depth = np.zeros((len(times), piano.KEYS))
    following: dict[int, float] = {}
    for press in reversed(presses):
        rise = min(RISE, 0.9 * (following.get(press.pitch, np.inf) - press.end))
        following[press.pitch] = press.down
        first, last = np.searchsorted(times, (press.down, press.end + rise))
        t = times[first:last]
        # Falling, a key gathers speed; it comes up against the finger that leaves it.
        falling = np.clip((t - press.down) / max(press.start - press.down, 1e-3), 0.0, 1.0) ** 2
        rising = 1.0 - ease((t - press.end) / max(rise, 1e-3))
        column = depth[first:last, press.pitch - piano.LOWEST]
        np.maximum(column, piano.DIP * np.minimum(falling, rising), out=column)
    return Keys(depth)
