# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Textures of piano music: what one hand plays (a figure), and pairs of them; bars as the violin's textures make them.

The right hand stays above middle C and the left below it (but where they run together), so that they never meet on
a key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from training.simulate.textures import (
    RHYTHMS,
    Bar,
    Event,
    Generator,
    Play,
    Scale,
    Texture,
    Walk,
    accented,
    closing_lengths,
    even_step,
)

RANGES: Final = ((60, 96), (31, 59))
"""MIDI numbers of the right hand and of the left."""


Part = Callable[[int, bool, bool], tuple[Event, ...]]
"""(degree of the chord, whether the bar closes a phrase, whether it is the last) -> what a hand plays in the bar."""
Figure = Callable[[Generator, Scale, float, float, float, int], Part]
"""(chance, scale, bar, beat, pulse, hand: 0 right, 1 left) -> how it plays its bars."""


def reach(scale: Scale, hand: int) -> tuple[int, int]:
    """Lowest and highest degree of a hand."""
    low, high = RANGES[hand]
    inside = [d for d in range(-21, 35) if low <= scale.pitch(d) <= high]
    return inside[0], inside[-1]


def singing(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float, hand: int) -> Part:
    """A melody, now and then in thirds, sixths or octaves."""
    rhythms = [RHYTHMS[bar, beat][i] for i in rng.integers(0, len(RHYTHMS[bar, beat]), 3)]
    ends = reach(scale, hand)
    walk = Walk(rng, scale, int(rng.integers(ends[0] + 7, ends[1] - 5)), ends=(ends[0] + 7, ends[1]))
    below = int(rng.choice([0, 0, 0, 2, 5, 7]))

    def play(degree: int, closing: bool, last: bool) -> tuple[Event, ...]:
        lengths = closing_lengths(rng, bar, last) if closing else rhythms[rng.integers(len(rhythms))]
        starts = np.cumsum([0.0, *lengths[:-1]])
        events = []
        for start, length in zip(starts, lengths, strict=True):
            top = _home(walk) if last else walk.next(degree, bool(start % (2 * beat) < 1e-6))
            pitches = (scale.pitch(walk.degree - below), top) if below else (top,)
            events.append(Event(float(start), length, pitches))
        return accented(rng, events, 0.05)

    return play


def running(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float, hand: int) -> Part:
    """Even notes in steps and small leaps."""
    step, ends = even_step(rng, beat, pulse), reach(scale, hand)
    walk = Walk(rng, scale, int(rng.integers(ends[0] + 3, ends[1] - 3)), float(rng.uniform(0.05, 0.35)), ends)

    def play(degree: int, closing: bool, last: bool) -> tuple[Event, ...]:
        if last:
            return (Event(0.0, bar, (_home(walk),)),)
        return _even(bar, step, lambda i: (walk.next(degree, i * step % beat < 1e-6),))

    return play


def scales(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float, hand: int) -> Part:
    """Up and down over two octaves and more."""
    step, ends = even_step(rng, beat, pulse), reach(scale, hand)
    low = ends[0] + int(rng.integers(0, 5))
    high = min(low + int(rng.integers(10, 20)), ends[1])
    place = [low, 1] if rng.random() < 0.5 else [high, -1]

    def play(degree: int, closing: bool, last: bool) -> tuple[Event, ...]:
        if last:
            return (Event(0.0, bar, (scale.pitch(nearest(place[0], 0, ends)),)),)

        def following(_: int) -> tuple[int, ...]:
            pitch = scale.pitch(place[0])
            place[1] *= 1 if low <= place[0] + place[1] <= high else -1
            place[0] += place[1]
            return (pitch,)

        return _even(bar, step, following)

    return play


def arpeggios(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float, hand: int) -> Part:
    """The chord broken over one to three octaves, up and down."""
    step, ends = even_step(rng, beat, pulse), reach(scale, hand)
    span, bottom = int(rng.integers(4, 10)), ends[0] + int(rng.integers(0, 6))
    once = rng.random() < 0.3

    def play(degree: int, closing: bool, last: bool) -> tuple[Event, ...]:
        tones = [d for d in range(bottom, ends[1] + 1) if (d - degree) % 7 in (0, 2, 4)][:span]
        if last:
            return (Event(0.0, bar, (scale.pitch(nearest(tones[0], 0, ends)),)),)
        order = tones if once else [*tones, *tones[-2:0:-1]]
        return _even(bar, step, lambda i: (scale.pitch(order[i % len(order)]),))

    return play


def alberti(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float, hand: int) -> Part:
    """Low, high, middle, high (in three: low, middle, high)."""
    step, root = even_step(rng, beat, pulse), _register(rng, scale, hand)
    order = (0, 2, 1, 2) if round(beat / step) % 3 else (0, 1, 2)

    def play(degree: int, closing: bool, last: bool) -> tuple[Event, ...]:
        tones = voiced(scale, degree, root)
        if last:
            return (Event(0.0, bar, tones),)
        return _even(bar, step, lambda i: (tones[order[i % len(order)]],))

    return play


def chords(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float, hand: int) -> Part:
    """Chords on each beat or held through the bar, with or without the octave."""
    root = _register(rng, scale, hand)
    held, octave = rng.random() < 0.4, rng.random() < 0.3
    mark = ("staccato",) if not held and rng.random() < 0.3 else ()

    def play(degree: int, closing: bool, last: bool) -> tuple[Event, ...]:
        tones = voiced(scale, degree, root)
        tones = (*tones, tones[0] + 12) if octave and tones[0] + 12 <= RANGES[hand][1] else tones
        if last or held:
            return (Event(0.0, bar, tones),)
        return _even(bar, beat, lambda i: tones, mark)

    return play


def afterbeats(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float, hand: int) -> Part:
    """A deep note on the downbeat, chords on the other beats: leaps."""
    low, high = reach(scale, hand)
    root = high - 7
    deep = low + int(rng.integers(0, 5))

    def play(degree: int, closing: bool, last: bool) -> tuple[Event, ...]:
        bass, tones = scale.pitch(nearest(deep, degree, (low, high))), voiced(scale, degree, root)
        if last:
            return (Event(0.0, bar, (bass,)),)
        return _even(bar, beat, lambda i: tones if i else (bass,))

    return play


def octaves(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float, hand: int) -> Part:
    """A slow line in octaves, broken or struck together."""
    step, (low, high) = max(even_step(rng, beat, pulse), 0.5 if beat == 1 else beat / 3), reach(scale, hand)
    walk = Walk(rng, scale, (low + high - 7) // 2, 0.3, (low, high - 7))
    broken = rng.random() < 0.7

    def play(degree: int, closing: bool, last: bool) -> tuple[Event, ...]:
        if last:
            _home(walk)
            return (Event(0.0, bar, _octave(scale, walk.degree)),)
        line = [_degree(walk, degree) for _ in range(round(bar / beat))]
        if not broken:
            return _even(bar, beat, lambda i: _octave(scale, line[i]))
        return _even(bar, step, lambda i: (_octave(scale, line[int(i * step / beat + 1e-6)])[i % 2],))

    return play


RIGHT_FIGURES: Final[tuple[Figure, ...]] = (singing, singing, running, scales, arpeggios, chords, octaves, alberti)
LEFT_FIGURES: Final[tuple[Figure, ...]] = (
    *(alberti, afterbeats, chords, arpeggios, octaves, singing),
    *(scales, running),
)


def together(upper: Figure | None, lower: Figure | None) -> Texture:
    """Two figures, one a hand; None is any."""

    def texture(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float) -> Play:
        above = upper or RIGHT_FIGURES[rng.integers(len(RIGHT_FIGURES))]
        below = lower or LEFT_FIGURES[rng.integers(len(LEFT_FIGURES))]
        parts = [figure(rng, scale, bar, beat, pulse, hand) for hand, figure in enumerate((above, below))]
        legato = rng.random() < 0.6

        def play(degree: int, closing: bool, last: bool) -> Bar:
            events, left = (part(degree, closing, last) for part in parts)
            bows = (0,) if legato and not any(e.marks for e in events) else tuple(range(len(events)))
            return Bar(events, bows, left)

        return play

    return texture


def in_unison(rng: Generator, scale: Scale, bar: float, beat: float, pulse: float) -> Play:
    """Both hands run the same notes one or two octaves apart."""
    figure = (scales, running, arpeggios)[rng.integers(3)]
    upper, down = figure(rng, scale, bar, beat, pulse, 0), int(rng.choice([12, 24]))

    def play(degree: int, closing: bool, last: bool) -> Bar:
        events = upper(degree, closing, last)
        lower = tuple(Event(e.position, e.length, tuple(p - down for p in e.pitches), e.marks) for e in events)
        return Bar(events, (0,), lower)

    return play


PIANO_TEXTURES: Final[tuple[Texture, ...]] = (
    together(singing, alberti),
    together(singing, afterbeats),
    together(singing, arpeggios),
    together(singing, None),
    together(running, chords),
    together(scales, chords),
    together(chords, scales),
    together(chords, singing),
    together(arpeggios, octaves),
    together(octaves, None),
    together(None, running),
    together(None, None),
    in_unison,
)


def voiced(scale: Scale, degree: int, root: int) -> tuple[int, ...]:
    """The chord's three notes in the seven degrees from ``root`` on."""
    return tuple(scale.pitch(d) for d in range(root, root + 7) if (d - degree) % 7 in (0, 2, 4))


def nearest(near: int, degree: int, ends: tuple[int, int]) -> int:
    """The degree next to ``near`` that is this one in some octave."""
    found = [d for d in range(ends[0], ends[1] + 1) if (d - degree) % 7 == 0]
    return min(found, key=lambda d: abs(d - near))


def _register(rng: Generator, scale: Scale, hand: int) -> int:
    """The lowest degree of a hand's chords."""
    low, high = reach(scale, hand)
    return int(rng.integers(low + 2, high - 9 if hand == 0 else high - 5))


def _home(walk: Walk) -> int:
    """The line's end: the tonic next to it that its hand has."""
    walk.degree = nearest(walk.degree, 0, (walk.lowest, walk.highest))
    return walk.scale.pitch(walk.degree)


def _degree(walk: Walk, chord: int) -> int:
    """The degree that a line goes on to."""
    walk.next(chord, True)
    return walk.degree


def _octave(scale: Scale, degree: int) -> tuple[int, int]:
    return scale.pitch(degree), scale.pitch(degree) + 12


def _even(
    bar: float, step: float, pitches: Callable[[int], Sequence[int]], marks: tuple[str, ...] = ()
) -> tuple[Event, ...]:
    return tuple(Event(i * step, step, tuple(pitches(i)), marks) for i in range(round(bar / step)))
