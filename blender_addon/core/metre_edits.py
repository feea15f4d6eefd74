# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Corrections of beats and bars as whole tracks: pure functions, whoever asks for them.

Each takes beat times (seconds, rising) and which of them are downbeats, and answers with the same; ``tracks`` makes
annotations of them. A beat that was corrected is sure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .annotations import Annotation, AnnotationTrack, find_track

SAME = 0.03
"""Seconds within which two beats are one."""


@dataclass(frozen=True)
class Metre:
    """Times of the beats, rising; the indices of those that begin a bar."""

    beats: tuple[float, ...]
    firsts: frozenset[int]

    @classmethod
    def of(cls, tracks: Collection[AnnotationTrack]) -> Metre:
        """From the tracks ``beat`` and ``downbeat``; a downbeat without a beat counts as one too."""
        downbeats = find_track(tracks, "downbeat").times
        beats = merged([*find_track(tracks, "beat").times, *downbeats])
        return cls(beats, frozenset(nearest(beats, t) for t in downbeats))

    @property
    def usual(self) -> int:
        """Beats of the commonest bar; 4 where there are no bars."""
        edges = sorted(self.firsts)
        lengths = [b - a for a, b in pairwise(edges)]
        return max(set(lengths), key=lengths.count) if lengths else 4

    def tracks(self) -> list[AnnotationTrack]:
        """``beat`` with places in the bar (a pickup leads up to the first bar) and ``downbeat`` with bars' numbers."""
        edges = sorted(self.firsts)
        beats = []
        for i, time in enumerate(self.beats):
            before = [e for e in edges if e <= i]
            place = i - before[-1] + 1 if before else self._pickup(i, edges)
            beats.append(Annotation(time, 0.0, place, 1.0))
        bars = [Annotation(self.beats[e], 0.0, bar, 1.0) for bar, e in enumerate(edges, 1)]
        return [AnnotationTrack("beat", tuple(beats)), AnnotationTrack("downbeat", tuple(bars))]

    def _pickup(self, index: int, edges: Sequence[int]) -> int:
        return self.usual - (edges[0] - index - 1) % self.usual if edges else 1


def merged(times: Collection[float]) -> tuple[float, ...]:
    """Rising times, those closer than ``SAME`` taken for one."""
    out: list[float] = []
    for time in sorted(times):
        if not out or time - out[-1] > SAME:
            out.append(time)
    return tuple(out)


def nearest(times: Sequence[float], time: float) -> int:
    """Index of the time next to another; there must be one."""
    return min(range(len(times)), key=lambda i: abs(times[i] - time))


def with_beat(metre: Metre, time: float, first: bool = False) -> Metre:
    """A beat more, or the one that is there; as a downbeat if ``first``."""
    beats = merged([*metre.beats, time])
    firsts = {nearest(beats, metre.beats[i]) for i in metre.firsts} | ({nearest(beats, time)} if first else set())
    return Metre(beats, frozenset(firsts))


def with_downbeats(metre: Metre, chosen: Collection[int]) -> Metre:
    """These beats are downbeats; from the first on bars go on as they are far apart, and before it back likewise.

    One alone shifts where bars of the usual length begin. Between two that are chosen, bars are as long as the smallest
    distance of neighbours; what is left over is one shorter bar before the next.
    """
    if not chosen:
        return metre
    edges = sorted(chosen)
    gaps = [b - a for a, b in pairwise(edges)]
    bar = min(gaps) if gaps else metre.usual
    firsts = set(range(edges[0], -1, -bar))
    for begin, end in zip(edges, [*edges[1:], len(metre.beats)], strict=True):
        firsts |= set(range(begin, end, bar))
    return Metre(metre.beats, frozenset(firsts))


def doubled(metre: Metre) -> Metre:
    """Twice the tempo: a beat more between every two; bars begin where they did."""
    if len(metre.beats) < 2:
        return metre
    between = [(a + b) / 2.0 for a, b in zip(metre.beats, metre.beats[1:], strict=False)]
    beats = merged([*metre.beats, *between])
    return Metre(beats, frozenset(nearest(beats, metre.beats[i]) for i in metre.firsts))


def halved(metre: Metre) -> Metre:
    """Half the tempo: of every two beats one stays, the first of each bar if it can; bars of an odd number of beats
    keep their first and every second after it."""
    kept: list[int] = []
    edges = sorted(metre.firsts)
    begin = edges[0] % 2 if edges else 0
    starts = [begin, *[e for e in edges if e > begin]] if begin not in edges else edges
    for first, last in zip(starts, [*starts[1:], len(metre.beats)], strict=True):
        unfinished = last == len(metre.beats) and metre.usual % 2 == 0
        kept += [i for i in range(first, last, 2) if i == first or last - i > 1 or unfinished]
    beats = tuple(metre.beats[i] for i in kept)
    return Metre(beats, frozenset(kept.index(e) for e in edges if e in kept))
