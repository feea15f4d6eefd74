# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which finger for every note of a hand, by dynamic programming over what the hand holds at each onset.

A *grip* is all that a hand holds from one onset to the next: keys struck then, and keys held on. Its
states are the ways to hold them in the order of the fingers; costs in :mod:`.piano_costs`.
A key held from grip to grip keeps its finger, or it is let go, at a price, and the pedal carries it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Final

import numpy as np

from plugins.performer.piano_costs import chord_cost, middle, reaches, step_cost
from plugins.performer.piano_music import LEFT, Note, chords_of

OVERLAP: Final = 0.06
"""Seconds that a note may sound into the next one without being held on purpose."""
LET_GO: Final = 12.0
"""Cost of letting a held key go early."""
WAY: Final = 0.25
"""For each semitone that the hand goes."""
LEGATO: Final = 0.25
"""Seconds of silence after which two notes have nothing to do with each other but the way between."""
MIRROR: Final = 124
"""Twice the D about which the left hand's keys are mirrored."""


@dataclass(frozen=True)
class Grip:
    """What a hand holds from ``time`` to the next grip: indices of notes, and a finger for each.

    The notes stand in the order of the fingers, thumb first; ``struck`` of them begin here.
    """

    time: float
    notes: tuple[int, ...]
    fingers: tuple[int, ...]
    struck: frozenset[int]


@dataclass(frozen=True, eq=False)
class Fingering:
    """Notes of one hand (their ends as the hand can hold them), the finger of each, and the grips."""

    notes: tuple[Note, ...]
    fingers: tuple[int, ...]
    grips: tuple[Grip, ...]
    warnings: tuple[str, ...] = ()
    let_go: int = 0


@dataclass
class _Work:
    """Notes under work; indices stay, ends change."""

    notes: list[Note]
    side: int
    dropped: set[int]
    let_go: set[int]

    def key(self, index: int) -> int:
        """The key as the right hand has it."""
        pitch = self.notes[index].pitch
        return MIRROR - pitch if self.side == LEFT else pitch

    def release(self, index: int, time: float) -> None:
        """End a note early."""
        note = self.notes[index]
        if time < note.end:
            self.notes[index] = replace(note, end=max(time, note.start + 0.02))
            self.let_go.add(index)


def plan_hand(notes: Sequence[Note], side: int) -> Fingering:
    """The cheapest fingers for all notes of a hand; what no hand can hold is left out and said."""
    work = _Work(list(notes), side, set(), set())
    held = [_held(work, struck) for struck in _onsets(notes)]
    held = [h for h in held if h[1]]
    chosen = _cheapest(work, held) if held else []
    fingers = {i: f for (_, _, grip), hand in zip(held, chosen, strict=True) for i, f in zip(grip, hand, strict=True)}
    grips = _settled(work, held, chosen)
    kept = [i for i in range(len(notes)) if i not in work.dropped]
    place = {i: k for k, i in enumerate(kept)}
    renamed = tuple(
        Grip(g.time, tuple(place[i] for i in g.notes), g.fingers, frozenset(place[i] for i in g.struck)) for g in grips
    )
    first = {i: f for g in reversed(grips) for i, f in zip(g.notes, g.fingers, strict=True)}
    assert set(first) == set(fingers)
    warnings = _warnings(work, notes)
    return Fingering(
        tuple(work.notes[i] for i in kept), tuple(first[i] for i in kept), renamed, warnings, len(work.let_go)
    )


def _onsets(notes: Sequence[Note]) -> list[list[int]]:
    """Indices of the notes that begin together."""
    out: list[list[int]] = []
    start = 0
    for group in chords_of(notes):
        out.append(list(range(start, start + len(group))))
        start += len(group)
    return out


def _held(work: _Work, struck: list[int]) -> tuple[float, tuple[int, ...], tuple[int, ...]]:
    """Time, the notes struck, and all notes held then in the order of the fingers: as many as a hand can hold."""
    time = work.notes[struck[0]].start
    since = [
        i
        for i in range(max(struck[0] - 24, 0), struck[0])
        if i not in work.dropped and work.notes[i].end > time + OVERLAP
    ]
    struck = list(struck)
    while struck:
        grip = sorted([*since, *struck], key=work.key)
        if _ways(tuple(work.key(i) for i in grip)):
            return time, tuple(struck), tuple(grip)
        if since:  # the one farthest from what is struck is let go
            middle_key = np.mean([work.key(i) for i in struck])
            far = max(since, key=lambda i: abs(work.key(i) - middle_key))
            since.remove(far)
            work.release(far, time)
        else:
            out = _least_missed(work, sorted(struck, key=work.key))
            struck.remove(out)
            work.dropped.add(out)
    return time, (), ()


def _least_missed(work: _Work, struck: list[int]) -> int:
    """Of a chord that no hand holds, its notes in the order of the fingers: which is left out first.

    The outer notes are heard most; but where they are too far apart, the one that is farther from the rest
    must go, or of two the thumb's.
    """
    keys = [work.key(i) for i in struck]
    if reaches((keys[0], keys[-1]), (0, 4)):
        inner = struck[1:-1] or struck[:1]
        return min(inner, key=lambda i: work.notes[i].loudness)
    middle_key = float(np.median(keys))
    return struck[0] if middle_key - keys[0] >= keys[-1] - middle_key else struck[-1]


@cache
def _ways(keys: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """All ways to hold keys, the lowest first, with the fingers in order."""
    if len(set(keys)) < len(keys):
        return ()
    return tuple(f for f in combinations(range(5), len(keys)) if reaches(keys, f))


def _cheapest(work: _Work, held: list[tuple[float, tuple[int, ...], tuple[int, ...]]]) -> list[tuple[int, ...]]:
    """Viterbi over the ways to hold each grip."""
    keys = [tuple(work.key(i) for i in grip) for _, _, grip in held]
    ways = [_ways(k) for k in keys]
    cost = np.array([chord_cost(keys[0], w) for w in ways[0]])
    back = []
    for i in range(1, len(held)):
        steps = np.array([[_step(work, held[i - 1], a, held[i], b) for b in ways[i]] for a in ways[i - 1]])
        total = cost[:, None] + steps
        back.append(np.argmin(total, axis=0))
        cost = total.min(axis=0) + np.array([chord_cost(keys[i], w) for w in ways[i]])
    path = [int(np.argmin(cost))]
    for best in reversed(back):
        path.append(int(best[path[-1]]))
    return [w[k] for w, k in zip(ways, reversed(path), strict=True)]


_Held = tuple[float, tuple[int, ...], tuple[int, ...]]


def _step(work: _Work, before: _Held, a: tuple[int, ...], after: _Held, b: tuple[int, ...]) -> float:
    """From one grip to the next."""
    with_a, with_b = dict(zip(before[2], a, strict=True)), dict(zip(after[2], b, strict=True))
    cost = sum(LET_GO for i, f in with_b.items() if i in with_a and with_a[i] != f)
    old = list(before[1])
    new = list(after[1])
    gap = after[0] - max(work.notes[i].end for i in before[2])
    share = 1.0 if gap < LEGATO else 0.2
    steps = [step_cost(with_a[i], with_b[k], work.key(i), work.key(k)) for i in old for k in new]
    keys = [tuple(work.key(i) for i in grip) for grip in (before[2], after[2])]
    way = abs(middle(keys[1], b) - middle(keys[0], a))
    haste = float(np.clip(0.25 / max(after[0] - before[0], 0.03), 0.4, 2.0))
    return cost + share * sum(steps) / len(steps) + WAY * haste * max(way - 1.0, 0.0)


def _settled(work: _Work, held: list[_Held], chosen: list[tuple[int, ...]]) -> list[Grip]:
    """Grips whose held notes keep their fingers; where the path changed one, the key was let go."""
    grips: list[Grip] = []
    finger: dict[int, int] = {}
    for (time, struck, grip), hand in zip(held, chosen, strict=True):
        kept = []
        for i, f in zip(grip, hand, strict=True):
            if i in struck:
                finger[i] = f
            elif finger.get(i) != f or work.notes[i].end <= time:
                work.release(i, time)
                continue
            kept.append((i, f))
        grips.append(Grip(time, tuple(i for i, _ in kept), tuple(f for _, f in kept), frozenset(struck)))
    return grips


def _warnings(work: _Work, notes: Sequence[Note]) -> tuple[str, ...]:
    if not work.dropped:
        return ()
    hand = "left" if work.side == LEFT else "right"
    first = min(notes[i].start for i in work.dropped)
    return (
        f"the {hand} hand cannot hold all of its notes: {len(work.dropped)} are left out, the first at {first:.2f} s",
    )
