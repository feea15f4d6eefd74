# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which way the bow goes and how much of it each stroke takes, by dynamic programming.

Rules that violinists use (C. Flesch, *The Art of Violin Playing* I; I. Galamian,
*Principles of Violin Playing and Teaching*): strokes alternate, a slur is one stroke,
strong beats and chords go down, upbeats up, a retake needs a rest; loud strokes take
more bow, nearer the frog. Planned together, so that the bow never runs out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.performer.music import Chord

DOWN, UP = 1, -1
FIRST, LAST = 0.035, 0.600
"""Usable hair, metres from the frog: the frog's ferrule and the tip's head stay off the string, and
the last hand's breadth is out of reach for an arm of average length."""
GRID: Final = np.linspace(FIRST, LAST, 33)
LENGTHS: Final = np.array([0.35, 0.55, 0.75, 1.0, 1.3])
"""Stroke lengths that are tried, as parts of the one that is wanted."""
RETAKE_REST: Final = 0.45
"""Seconds of rest that a retake (lifting the bow to begin again) needs to look at ease."""
LIFT_REST: Final = 0.30
"""Rests longer than this lift the bow off the string."""
RETAKE_AT_REST, RETAKE_IN_HASTE = 0.6, 4.0
TRAVEL: Final = 0.15
"""Costs of a retake at a rest and without one, and of beginning elsewhere after a rest."""
RETAKE_TRAVEL: Final = 0.05
"""Metres that a retake goes back at least."""
RETAKE_TIME: Final = 0.16
"""Seconds that a retake without a rest cuts from the stroke before it."""
TREMOLO_PLACE: Final = 0.47
"""Metres from the frog at which a tremolo is played: in the upper half, where the bow is light."""
SHORT_PART: Final = 0.6
"""Part of a staccato note's time in which the bow moves."""
STOP_GAP: Final = 0.06
"""Seconds of silence after which the bow is seen to stop between two strokes."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stroke:
    """One bow: the chords ``first`` to ``last`` (inclusive).

    Attributes:
        start, end: seconds; the bow moves in between.
        direction: DOWN (frog to tip) or UP.
        bow_start, bow_end: metres of hair from the frog to the string.
        loudness: 0 to 1. short, accent: as in Chord.
        lifted: whether the bow leaves the string after it (a rest, a retake, spiccato).
    """

    first: int
    last: int
    start: float
    end: float
    direction: int
    bow_start: float
    bow_end: float
    loudness: float
    short: bool
    accent: bool
    lifted: bool


@dataclass(frozen=True)
class _Bow:
    """A stroke before it is planned: its chords and what they ask for."""

    first: int
    last: int
    start: float
    end: float
    rest: float
    wanted: float
    place: float
    down: float
    mark: str
    loudness: float
    short: bool
    accent: bool
    bounced: bool


def plan_bowing(chords: Sequence[Chord], bow_amount: float = 1.0) -> list[Stroke]:
    """Strokes for all chords that are bowed. ``bow_amount`` scales how much bow is used."""
    bows = [_describe(chords, a, b, bow_amount) for a, b in _spans(chords)]
    if not bows:
        return []
    directions, places = _plan(bows)
    again = [a == b for a, b in pairwise(directions)] + [False]
    return [
        Stroke(
            bow.first,
            bow.last,
            bow.start,
            _end(bow, retaken),
            direction,
            *place,
            bow.loudness,
            bow.short,
            bow.accent,
            lifted=bow.rest > LIFT_REST or retaken or bow.bounced,
        )
        for bow, direction, place, retaken in zip(bows, directions, places, again, strict=True)
    ]


def _end(bow: _Bow, retaken: bool) -> float:
    """When the stroke ends; one that is followed by a retake leaves the time for it."""
    missing = max(RETAKE_TIME - bow.rest, 0.0) if retaken else 0.0
    return bow.end - min(missing, 0.35 * (bow.end - bow.start))


def _spans(chords: Sequence[Chord]) -> list[tuple[int, int]]:
    """First and last chord of each bow; a rest inside a slur ends it, and so does a plucked note."""
    spans: list[tuple[int, int]] = []
    for i, chord in enumerate(chords):
        if chord.plucked:
            continue
        goes_on = bool(spans) and spans[-1][1] == i - 1 and not chord.new_bow
        if goes_on and chord.start - chords[i - 1].end <= LIFT_REST:
            spans[-1] = (spans[-1][0], i)
        else:
            spans.append((i, i))
    return spans


def _describe(chords: Sequence[Chord], first: int, last: int, amount: float) -> _Bow:
    head, group = chords[first], chords[first : last + 1]
    bowed = (k for k in range(last + 1, len(chords)) if not chords[k].plucked)
    following = next((chords[k].start for k in bowed), np.inf)
    end = chords[last].end
    short = head.short and first == last
    if short and not head.bounced:
        # Staccato: the bow stops on the string.
        end = head.start + SHORT_PART * (end - head.start)
    elif not chords[last].bounced and following - end < STOP_GAP:
        # A silence too short to be seen is part of the stroke.
        end = following
    loudness = max(c.loudness for c in group)
    wanted = _wanted_length(end - head.start, loudness, short, head.accent) * amount
    place = 0.20 if short else TREMOLO_PLACE if head.tremolo else 0.40 - 0.16 * loudness
    broken = first < last and chords[first + 1].start - head.start < 0.12
    opening = first == 0 and not any(c.downbeat for c in chords)
    down = 1.2 * head.downbeat + 1.5 * (broken or len(head.pitches) > 2) + 0.4 * head.accent + 0.6 * opening
    return _Bow(
        first,
        last,
        head.start,
        end,
        float(following - end),
        float(np.clip(wanted, 0.015, LAST - FIRST)),
        place,
        down,
        head.bow,
        loudness,
        short,
        head.accent,
        chords[last].bounced,
    )


def _wanted_length(duration: float, loudness: float, short: bool, accent: bool) -> float:
    """Metres of bow: speed times duration, levelling off at a whole bow.

    Speeds of 0.15 (soft) to 0.75 m/s (loud): the order measured by A. Askenfelt, *Measurement
    of bow motion and bow force in violin playing* (JASA 80, 1986).
    """
    if short:
        return 0.03 + 0.05 * loudness
    speed = (0.15 + 0.60 * loudness) * (1.25 if accent else 1.0)
    whole = LAST - FIRST
    return whole * float(np.tanh(speed * duration / whole))


def _plan(bows: list[_Bow]) -> tuple[list[int], list[tuple[float, float]]]:
    """Viterbi over (direction, place on the bow where a stroke ends)."""
    cost = np.zeros((2, len(GRID)))
    back: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    for i, bow in enumerate(bows):
        begin, previous = _beginnings(cost, bows[i - 1].rest if i else np.inf, bow)
        cost, origin = _strokes(begin, bow)
        back.append((previous, origin))
    return _backtrack(cost, back)


def _beginnings(cost: Floats, rest: float, bow: _Bow) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Cheapest way to begin in each direction at each place, and the state that it comes from.

    The bow turns where it stands, for nothing. Going the same way again (a retake) takes it back through
    the air: cheap at a rest, dear without one. At a rest it may also travel to begin elsewhere.
    """
    states = 2 * len(GRID)
    index = np.arange(len(GRID))
    distance = np.abs(GRID[:, None] - GRID[None, :]) * 1.2 / min(max(rest, RETAKE_REST), 2.0)
    again = distance + (RETAKE_AT_REST if rest > LIFT_REST else RETAKE_IN_HASTE)
    turn = distance + TRAVEL if rest > RETAKE_REST else np.full_like(distance, np.inf)
    turn[index, index] = 0.0
    # A retake goes back far enough to be seen.
    back = GRID[:, None] - GRID[None, :]
    down, up = (np.where(way >= RETAKE_TRAVEL, again, np.inf) for way in (back, -back))
    moves = np.block([[down, turn], [turn, up]])
    total = cost.reshape(states, 1) + moves
    previous = np.argmin(total, axis=0)
    return total[previous, np.arange(states)].reshape(2, -1), previous.reshape(2, -1)


def _strokes(begin: Floats, bow: _Bow) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Cheapest way to end in each direction at each place, and where that stroke began (grid index)."""
    cost = np.full((2, len(GRID)), np.inf)
    origin = np.zeros((2, len(GRID)), dtype=np.int64)
    step = GRID[1] - GRID[0]
    for row, direction in enumerate((DOWN, UP)):
        against = bow.down if direction == UP else 0.35 * (bow.down == 0)
        if bow.mark and (bow.mark == "down") != (direction == DOWN):
            against += 50.0
        for part in LENGTHS:
            steps = max(round(bow.wanted * part / step), 1) * direction
            low, high = max(0, -steps), min(len(GRID), len(GRID) - steps)
            if low >= high:
                continue
            starts = np.arange(low, high)
            middle = (GRID[starts] + GRID[starts + steps]) / 2
            price = (
                begin[row, starts] + against + 1.5 * np.log(part) ** 2 + 2.0 * ((middle - bow.place) / 0.25) ** 2 * 0.3
            )
            ends = starts + steps
            better = price < cost[row, ends]
            cost[row, ends] = np.where(better, price, cost[row, ends])
            origin[row, ends] = np.where(better, starts, origin[row, ends])
    return cost, origin


def _backtrack(
    cost: Floats, back: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]
) -> tuple[list[int], list[tuple[float, float]]]:
    row, end = divmod(int(np.argmin(cost)), len(GRID))
    directions, places = [], []
    for previous, origin in reversed(back):
        start = int(origin[row, end])
        directions.append(DOWN if row == 0 else UP)
        places.append((float(GRID[start]), float(GRID[end])))
        row, end = divmod(int(previous[row, start]), len(GRID))
    return directions[::-1], places[::-1]
