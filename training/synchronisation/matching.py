# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which heard note is which written one: followed by the model, then matched pitch by pitch around the tempo curve.

The hidden Markov model tells where in the score the player is, and the tempo curve through its notes when each written
note should come. The notes of each pitch are then assigned to each other at the least total distance in time, and the
curve is drawn again through what was matched. What is left is paired as wrong pitches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from training.synchronisation.hmm import follow
from training.synchronisation.notes import Floats, Heard, Ints, SynchronisationError, Written
from training.synchronisation.tempo_curve import TempoCurve, lines

REACH: Final = 1.0
"""Seconds that a note may be off the curve."""
FOLLOWED: Final = 0.25
"""A distance counts so much where the model took the note for one of this event."""
WRONG_REACH: Final = 0.15
"""Seconds off the curve within which a note of another pitch is taken for a written one."""
WRONG_STEPS: Final = (1, 2, 12, 19, 24)
"""Semitones that a wrong note is off."""
SHORTEST_PASS: Final = 6
"""Notes between two jumps that make a passage of its own; fewer are strays."""
ROUNDS: Final = 2


@dataclass(frozen=True, eq=False)
class Passage:
    """A stretch of the performance without jumps: heard notes from ``first`` to before ``end``, at a tempo."""

    first: int
    end: int
    curve: TempoCurve
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Matching:
    """Pairs (P, 2) of indices into the written and the heard notes, and of those with a wrong pitch (W, 2).

    A written note has as many partners as there were passages over it. ``likelihood`` and ``gain``: :class:`Path`.
    """

    pairs: Ints = field(repr=False)
    wrong: Ints = field(repr=False)
    passages: tuple[Passage, ...] = field(repr=False)
    likelihood: float
    gain: float


def match(written: Written, heard: Heard, check: Callable[[float], object] = lambda _: None) -> Matching:
    """Match a performance with a score. Raises SynchronisationError when either has no notes."""
    if not len(written) or not len(heard):
        raise SynchronisationError(f"the {'score' if not len(written) else 'recording'} holds no notes")
    positions, event = written.events()
    path = follow(written, heard, check)
    passages, pairs, wrong = [], [], []
    for first, end in _passages(path.jumped):
        passage = _matched(written, heard, positions, event, path.events, first, end)
        if passage is not None:
            passages.append(passage[0])
            pairs.append(passage[1])
            wrong.append(passage[2])
    return Matching(_joined(pairs), _joined(wrong), tuple(passages), path.likelihood, path.gain)


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate([np.zeros((0, 2), dtype=np.int64), *parts])


def _passages(jumped: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Iterator[tuple[int, int]]:
    """Stretches between jumps; too short ones join the one before."""
    cuts = [0]
    for cut in [*np.nonzero(jumped)[0].tolist(), len(jumped)]:
        if cut - cuts[-1] >= SHORTEST_PASS or cut == len(jumped):
            cuts.append(cut)
    yield from pairwise(cuts)


def _matched(
    written: Written, heard: Heard, positions: Floats, event: Ints, path: Ints, first: int, end: int
) -> tuple[Passage, Ints, Ints] | None:
    span = np.arange(first, end)
    follows = path[span]
    # A note's event is believed where the event has its pitch.
    right = _has(written, event, follows, heard.pitches[span])
    if right.sum() < 2:
        return None
    low, high = np.percentile(follows[right], [0, 100]).astype(int)
    near = np.nonzero((event >= low - 1) & (event <= high + 1))[0]
    curve = curve_of(positions, follows[right], heard.onsets[span][right])
    for _ in range(ROUNDS):
        pairs = _by_pitch(written, heard, event, near, span, path, curve.at(written.positions[near]))
        if len(pairs) < 2:
            return None
        curve = curve_of(positions, event[pairs[:, 0]], heard.onsets[pairs[:, 1]])
    wrong = _wrong(written, heard, near, span, pairs, curve)
    return Passage(first, end, curve, float(positions[low]), float(positions[high])), pairs, wrong


def _has(written: Written, event: Ints, follows: Ints, pitches: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    written_codes = event * 128 + written.pitches
    return np.isin(follows * 128 + pitches, written_codes)


def curve_of(positions: Floats, events: Ints, onsets: Floats) -> TempoCurve:
    """Through one onset of each event: of a chord's notes the one that fits best what is around it."""
    order = np.lexsort((onsets, events))
    ids, starts, place = np.unique(events[order], return_index=True, return_inverse=True)
    middle = np.array([np.median(part) for part in np.split(onsets[order], starts[1:])])
    if len(ids) > 3:
        off = np.abs(onsets[order] - lines(positions[ids], middle)[0][place])
        order = order[np.lexsort((off, place))]
        middle = onsets[order][starts]
    return TempoCurve.through(positions[ids], middle)


def _by_pitch(written: Written, heard: Heard, event: Ints, near: Ints, span: Ints, path: Ints, due: Floats) -> Ints:
    """Pairs of equal pitch at the least total distance; REACH is the price of leaving two alone."""
    from scipy.optimize import linear_sum_assignment

    found = []
    for pitch in np.unique(written.pitches[near]):
        mine = np.nonzero(written.pitches[near] == pitch)[0]
        theirs = span[heard.pitches[span] == pitch]
        if not len(theirs):
            continue
        off = np.abs(heard.onsets[theirs][None, :] - due[mine][:, None])
        same = event[near[mine]][:, None] == path[theirs][None, :]
        cost = np.where(same, FOLLOWED * off, off)
        rows, columns = linear_sum_assignment(np.minimum(cost, REACH))
        good = cost[rows, columns] < REACH
        # Notes of one pitch keep their order (equal distances could cross).
        found.append(np.column_stack([near[mine[rows[good]]], theirs[np.sort(columns[good])]]))
    pairs = _joined(found)
    return pairs[np.argsort(pairs[:, 0], kind="stable")]


def _wrong(written: Written, heard: Heard, near: Ints, span: Ints, pairs: Ints, curve: TempoCurve) -> Ints:
    """Left-over notes on both sides that come at one time and are off by a usual slip."""
    from scipy.optimize import linear_sum_assignment

    mine = np.setdiff1d(near, pairs[:, 0])
    theirs = np.setdiff1d(span, pairs[:, 1])
    if not len(mine) or not len(theirs):
        return np.zeros((0, 2), dtype=np.int64)
    off = np.abs(heard.onsets[theirs][None, :] - curve.at(written.positions[mine])[:, None])
    steps = np.abs(heard.pitches[theirs][None, :] - written.pitches[mine][:, None])
    cost = np.where(np.isin(steps, WRONG_STEPS), np.minimum(off, WRONG_REACH), WRONG_REACH)
    rows, columns = linear_sum_assignment(cost)
    good = cost[rows, columns] < WRONG_REACH
    return np.column_stack([mine[rows[good]], theirs[columns[good]]])
