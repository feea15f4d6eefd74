# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Textures of violin music: each makes bars of notes and bows over a chord, one bar going on from the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from plugins.api import violin

LOWEST: Final = violin.OPEN_PITCHES[0]
Generator = np.random.Generator


@dataclass(frozen=True)
class Scale:
    """Seven degrees above a tonic (pitch class); degree 0 is the tonic below middle C."""

    tonic: int
    steps: tuple[int, ...]

    def pitch(self, degree: int) -> int:
        octave, step = divmod(degree, 7)
        return 48 + self.tonic % 12 + 12 * octave + self.steps[step]

    def lowest(self) -> int:
        """The lowest degree that the violin has."""
        return next(d for d in range(-7, 14) if self.pitch(d) >= LOWEST)


@dataclass(frozen=True)
class Event:
    """Notes that start together; position and length in quarter notes of the bar."""

    position: float
    length: float
    pitches: tuple[int, ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bar:
    """Events, and at which of them a bow (or a pianist's slur) begins; what the left hand plays under them."""

    events: tuple[Event, ...]
    bows: tuple[int, ...]
    lower: tuple[Event, ...] = ()


Play = Callable[[int, bool, bool], Bar]
"""(degree of the chord, whether the bar closes a phrase, whether it is the last) -> the bar."""
Texture = Callable[[Generator, Scale, float, float, float], Play]
"""(chance, scale, bar, beat, pulse) -> how its bars are played."""

RHYTHMS: Final = {
    (4.0, 1.0): ((2, 1, 1), (1.5, 0.5, 1, 1), (1, 1, 2), (0.5, 0.5, 1, 2), (3, 1), (1, 0.5, 0.5, 1, 1), (2, 2)),
    (3.0, 1.0): ((2, 1), (1, 1, 1), (1.5, 0.5, 1), (1, 0.5, 0.5, 1), (2, 0.5, 0.5)),
    (2.0, 1.0): ((1, 1), (1.5, 0.5), (0.5, 0.5, 1), (1, 0.5, 0.5), (2,)),
    (3.0, 1.5): ((1.5, 1.5), (1, 0.5, 1, 0.5), (0.5, 0.5, 0.5, 1.5), (1.5, 0.5, 0.5, 0.5), (1, 0.5, 1.5)),
}
FASTEST: Final = 9.0
"""Notes a second in even runs."""


def melody(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float) -> Play:
    """A singing line: chord notes on the strong beats, steps between, in slurs."""
    rhythms = [RHYTHMS[bar, beat][i] for i in rng.integers(0, len(RHYTHMS[bar, beat]), 3)]
    walk = Walk(rng, scale, int(rng.integers(4, 12)))
    bowing = _bowing(rng, pulse, slurred=0.75)

    def play(degree: int, closing: bool, last: bool) -> Bar:
        lengths = closing_lengths(rng, bar, last) if closing else rhythms[rng.integers(len(rhythms))]
        starts = np.cumsum([0.0, *lengths[:-1]])
        pitches = [walk.next(degree, bool(s % 1.5 == 0 if beat > 1 else s % 2 == 0)) for s in starts]
        if last:
            pitches[-1] = walk.settle(0)
        events = [Event(float(s), n, (p,)) for s, n, p in zip(starts, lengths, pitches, strict=True)]
        return Bar(accented(rng, events, 0.04), bowing(events))

    return play


def running(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float) -> Play:
    """Even notes in steps and small leaps: detache, martele, slurs of two, three, four, mixed bows."""
    step = even_step(rng, beat, pulse)
    walk = Walk(rng, scale, int(rng.integers(4, 14)), leap=float(rng.uniform(0.05, 0.35)))
    bowing = _bowing(rng, pulse, slurred=0.45)
    mark = ("staccato",) if rng.random() < 0.25 else ()

    def play(degree: int, closing: bool, last: bool) -> Bar:
        if closing and (last or rng.random() < 0.6):
            return _long_end(walk, bar, degree, last, bowing)
        count = round(bar / step)
        events = [Event(i * step, step, (walk.next(degree, i * step % beat < 1e-6),), mark) for i in range(count)]
        return Bar(accented(rng, events, 0.05), _every(events) if mark else bowing(events))

    return play


def arpeggio(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float) -> Play:
    """Chords broken over the strings, up and down."""
    step = even_step(rng, beat, pulse)
    bottom = scale.lowest() + int(rng.integers(0, 5))
    span = int(rng.integers(4, 9))
    bowing = _bowing(rng, pulse, slurred=0.6)
    zigzag = rng.random() < 0.4
    walk = Walk(rng, scale, bottom + 7)

    def play(degree: int, closing: bool, last: bool) -> Bar:
        if closing and (last or rng.random() < 0.4):
            return _long_end(walk, bar, degree, last, bowing)
        tones = [d for d in range(bottom, bottom + 30) if (d - degree) % 7 in (0, 2, 4)][:span]
        order = [*tones, *tones[-2:0:-1]]
        if zigzag:
            order = [tones[i // 2 + 2 * (i % 2)] for i in range(2 * (len(tones) - 2))]
        events = [Event(i * step, step, (scale.pitch(order[i % len(order)]),)) for i in range(round(bar / step))]
        return Bar(tuple(events), bowing(events))

    return play


def scales(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float) -> Play:
    """Scales through the positions, with shifts."""
    step = even_step(rng, beat, pulse)
    low = scale.lowest() + int(rng.integers(0, 4))
    high = low + int(rng.integers(13, 22))
    bowing = _bowing(rng, pulse, slurred=0.65)
    walk = Walk(rng, scale, low + 7)
    place = [low, 1]

    def play(degree: int, closing: bool, last: bool) -> Bar:
        if last:
            return _long_end(walk, bar, degree, last, bowing)
        events = []
        for i in range(round(bar / step)):
            events.append(Event(i * step, step, (scale.pitch(place[0]),)))
            if not low <= place[0] + place[1] <= high:
                place[1] = -place[1]
            place[0] += place[1]
        return Bar(tuple(events), bowing(events))

    return play


def double_stops(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float) -> Play:
    """A line in thirds or sixths, or over an open string, with a chord at the close."""
    rhythms = RHYTHMS[bar, beat]
    walk = Walk(rng, scale, int(rng.integers(6, 11)))
    interval = int(rng.choice([2, 5]))
    drone = rng.random() < 0.3
    bowing = _bowing(rng, pulse, slurred=0.4)

    def play(degree: int, closing: bool, last: bool) -> Bar:
        lengths = closing_lengths(rng, bar, last) if closing else rhythms[rng.integers(len(rhythms))]
        starts = np.cumsum([0.0, *lengths[:-1]])
        events = []
        for s, n in zip(starts, lengths, strict=True):
            top = walk.next(degree, s % beat < 1e-6)
            both = _over_open(top) if drone else _pair(scale, walk.degree, interval, top)
            events.append(Event(float(s), n, both))
        if closing:
            final = events[-1]
            events[-1] = Event(final.position, final.length, chord(scale, degree, rng))
        return Bar(tuple(events), bowing(events))

    return play


TEXTURES: Final[tuple[Texture, ...]] = (melody, running, arpeggio, scales, double_stops)


class Walk:
    """A line that moves in steps, leans towards its middle, and takes chord notes on strong beats; ``ends`` are
    the degrees that it keeps between (the violin's)."""

    def __init__(
        self, rng: Generator, scale: Scale, middle: int, leap: float = 0.2, ends: tuple[int, int] | None = None
    ) -> None:
        self.rng, self.scale, self.leap = rng, scale, leap
        self.lowest, self.highest = ends or (scale.lowest(), scale.lowest() + 20)
        self.middle = max(middle, self.lowest + 3)
        self.degree = self.middle

    def next(self, chord: int, strong: bool) -> int:
        pull = np.clip((self.middle - self.degree) / 12.0, -0.4, 0.4)
        way = 1 if self.rng.random() < 0.5 + pull else -1
        far = int(self.rng.integers(2, 5)) if self.rng.random() < self.leap else 1
        self.degree += way * far
        if strong:
            near = [self.degree + d for d in (0, 1, -1, 2, -2)]
            self.degree = next(d for d in near if (d - chord) % 7 in (0, 2, 4))
        self.degree = int(np.clip(self.degree, self.lowest, self.highest))
        return self.scale.pitch(self.degree)

    def settle(self, degree: int) -> int:
        """The nearest note of this degree."""
        near = sorted(range(self.degree - 4, self.degree + 5), key=lambda d: abs(d - self.degree))
        self.degree = max(next(d for d in near if (d - degree) % 7 == 0), self.lowest)
        return self.scale.pitch(self.degree)


def chord(scale: Scale, degree: int, rng: Generator) -> tuple[int, ...]:
    """Three or four notes on neighbouring strings in the first position, each a note of the chord."""
    classes = {scale.pitch(degree + d) % 12 for d in (0, 2, 4)}
    first, count = (0, int(rng.integers(3, 5))) if rng.random() < 0.6 else (1, 3)
    out: list[int] = []
    for string in violin.OPEN_PITCHES[first : first + count]:
        reachable = [p for p in range(string, string + 7) if p % 12 in classes and p not in out]
        fresh = [p for p in reachable if p % 12 not in {q % 12 for q in out}]
        if choice := fresh or reachable:
            out.append(choice[0])
    return tuple(sorted(out))


def _pair(scale: Scale, degree: int, interval: int, top: int) -> tuple[int, ...]:
    below = scale.pitch(degree - interval)
    return (below, top) if below >= LOWEST and top >= violin.OPEN_PITCHES[1] else (top,)


def _over_open(top: int) -> tuple[int, ...]:
    """With the open string below the one that plays."""
    below = [p for p in violin.OPEN_PITCHES if p <= top - 3]
    return (below[-1], top) if below and top - below[-1] <= 14 else (top,)


def even_step(rng: Generator, beat: float, pulse: float) -> float:
    steps = (beat / 3, beat / 6) if beat > 1 else (0.5, 0.25, 1 / 3)
    slow = [s for s in steps if pulse / 60 * beat / s <= FASTEST]
    return float(rng.choice(slow or [steps[0]]))


def closing_lengths(rng: Generator, bar: float, last: bool) -> tuple[float, ...]:
    if last:
        return (bar,)
    return (bar,) if rng.random() < 0.3 else (bar / 2, bar / 2) if rng.random() < 0.5 else (bar - 1, 1.0)


def _long_end(
    walk: Walk, bar: float, degree: int, last: bool, bowing: Callable[[Sequence[Event]], tuple[int, ...]]
) -> Bar:
    events = [Event(0.0, bar, (walk.settle(0 if last else degree),))]
    return Bar(tuple(events), bowing(events))


def accented(rng: Generator, events: Sequence[Event], chance: float) -> tuple[Event, ...]:
    return tuple(
        Event(e.position, e.length, e.pitches, (*e.marks, "accent")) if rng.random() < chance else e for e in events
    )


def _every(events: Sequence[Event]) -> tuple[int, ...]:
    return tuple(range(len(events)))


PATTERNS: Final = ((2,), (3,), (4,), (2, 1, 1), (1, 1, 2), (3, 1), (1, 3), (6,), (8,), (2, 2, 1, 1, 1, 1))
"""Notes to a bow, repeated."""
LONGEST_BOW: Final = 5.0
"""Seconds of a slur."""


def _bowing(rng: Generator, pulse: float, slurred: float) -> Callable[[Sequence[Event]], tuple[int, ...]]:
    """A habit of bowing: separate, in a pattern, or by spans of time."""
    kind = rng.random()
    if kind > slurred:
        return _every
    pattern = PATTERNS[rng.integers(len(PATTERNS))]
    span = float(rng.choice([1.0, 1.5, 2.0, 3.0, 4.0]))
    by_time = rng.random() < 0.5

    def bows(events: Sequence[Event]) -> tuple[int, ...]:
        if by_time:
            places = [int(e.position / span + 1e-6) for e in events]
            return tuple(i for i in range(len(events)) if i == 0 or places[i] != places[i - 1])
        starts, i, k = [], 0, 0
        while i < len(events):
            starts.append(i)
            i += pattern[k % len(pattern)]
            k += 1
        return tuple(starts)

    return bows
