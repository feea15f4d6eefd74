# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the pianist is to play: notes, each in one of the hands, gathered where they begin together.

A score's staves tell the hands. Where they do not, a search over the places at which the notes
of each moment are parted finds the hands that reach least and move least; it keeps the best few
partings of the music so far (beam search), as the hands' places depend on all that went before.
The costs were set by hand on two- and three-part inventions, waltzes and scales.
"""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from plugins.api import Annotation, AnnotationTrack, Audio, piano
from plugins.performer.music import NOTHING, TRILLS, beats_of, heard_loudness
from plugins.performer.ornaments import AROUND, step_above, trill_times
from plugins.performer.ornaments import SHORTEST as SHORTEST_TRILL
from plugins.performer.told import LOUDNESS, levels

TOGETHER: Final = 0.03
"""Seconds within which notes of a hand are struck as one chord."""
SHORTEST: Final = 0.04
"""Seconds that a note sounds at least."""
BEAM: Final = 24
SPANS: Final = (12, 15)
"""Semitones that a hand spans with ease, and at most."""
REGISTER: Final = 62
"""Where the hands meet: D4, the middle of the keyboard."""
LEFT, RIGHT = 0, 1


@dataclass(frozen=True)
class Note:
    """One note: times in the recording, MIDI number, loudness 0 to 1, hand (0 left, 1 right, -1 unknown)."""

    start: float
    end: float
    pitch: int
    loudness: float = 0.6
    hand: int = -1


@dataclass(frozen=True)
class Piece:
    """All notes in order of time, the beats with whether a bar begins, and what was not taken as it stood."""

    notes: tuple[Note, ...] = field(repr=False)
    beats: tuple[tuple[float, bool], ...] = ()
    warnings: tuple[str, ...] = ()


def read_piece(
    notes: AnnotationTrack, beats: AnnotationTrack, audio: Audio, dynamics: AnnotationTrack = NOTHING
) -> Piece:
    """Notes from annotations, each with its hand; pitches off the keyboard are moved by octaves and reported.

    Args:
        dynamics: in force before what notes say of themselves, half where they have a velocity.
    """
    warnings = []
    off = sum(not piano.LOWEST <= n.value["pitch"] <= piano.HIGHEST for n in notes.annotations)
    if off:
        warnings.append(f"{off} notes lie outside the piano's range and are played in another octave")
    heard = heard_loudness([[n] for n in notes.annotations], audio)
    told = levels(dynamics.annotations, np.array([n.time for n in notes.annotations]))
    ordered = sorted(notes.annotations, key=lambda n: n.time)
    onsets = [n.time for n in ordered]
    read = [
        part
        for n, h, level in zip(notes.annotations, heard, told, strict=True)
        for part in _played(
            n, h, level, ordered[bisect_left(onsets, n.time - AROUND) : bisect(onsets, n.time + AROUND)]
        )
    ]
    once = _once(sorted(read, key=lambda n: (n.start, n.pitch)))
    return Piece(tuple(with_hands(once)), beats_of(beats), tuple(warnings))


def _played(note: Annotation, heard: float, told: float, near: Sequence[Annotation]) -> list[Note]:
    """A note as it is struck: once, or, where it is trilled, in turn with the next of the scale above it."""
    plain = _note(note, heard, told)
    if not set(note.value.get("marks", ())) & set(TRILLS) or note.duration < SHORTEST_TRILL:
        return [plain]
    upper = plain.pitch + step_above(plain.pitch, (int(n.value["pitch"]) for n in near if n is not note))
    if upper > piano.HIGHEST:
        return [plain]
    edges = trill_times(plain.start, plain.end)
    softer = replace(plain, loudness=0.85 * plain.loudness)
    return [
        replace(softer if i else plain, start=a, end=b, pitch=upper if i % 2 else plain.pitch)
        for i, (a, b) in enumerate(pairwise(edges))
    ]


def _note(note: Annotation, heard: float, told: float) -> Note:
    value = note.value
    pitch = int(value["pitch"])
    pitch += 12 * max(0, -((pitch - piano.LOWEST) // 12)) - 12 * max(0, -((piano.HIGHEST - pitch) // 12))
    loud = float(value["velocity"]) if "velocity" in value else LOUDNESS.get(value.get("dynamics", ""), heard)
    if not np.isnan(told):
        loud = (loud + told) / 2 if "velocity" in value else told
    hand = {"left": LEFT, "right": RIGHT}.get(value.get("hand", ""), -1)
    length = note.duration * (0.5 if "staccato" in value.get("marks", ()) else 1.0)
    return Note(note.time, note.time + max(length, SHORTEST), pitch, float(np.clip(loud, 0.0, 1.0)), hand)


def _once(notes: Sequence[Note]) -> list[Note]:
    """One note at a time on every key: what begins together is one, what goes on is struck again."""
    out: list[Note] = []
    last: dict[int, int] = {}
    for note in notes:
        before = last.get(note.pitch)
        if before is not None and note.start < out[before].start + SHORTEST:
            out[before] = replace(out[before], end=max(out[before].end, note.end))
            continue
        if before is not None and out[before].end > note.start:
            out[before] = replace(out[before], end=note.start)
        last[note.pitch] = len(out)
        out.append(note)
    return out


def chords_of(notes: Sequence[Note]) -> list[list[Note]]:
    """Notes that begin together, the lowest first."""
    groups: list[list[Note]] = []
    for note in notes:
        if groups and note.start - groups[-1][0].start <= TOGETHER:
            groups[-1].append(note)
        else:
            groups.append([note])
    return [sorted(g, key=lambda n: n.pitch) for g in groups]


class _Hand(NamedTuple):
    """Where a hand is: middle of its last notes, and what it still holds as (pitch, end)."""

    middle: float
    time: float
    held: tuple[tuple[int, float], ...] = ()


class _Parting(NamedTuple):
    cost: float
    left: _Hand
    right: _Hand
    back: tuple[_Parting, int] | None


def with_hands(notes: Sequence[Note]) -> list[Note]:
    """The notes with a hand each; those that have one keep it."""
    groups = chords_of(notes)
    beam = [_Parting(0.0, _Hand(48.0, -9.0), _Hand(72.0, -9.0), None)]
    for group in groups:
        grown = [_parted(p, group, k) for p in beam for k in _places(group)]
        beam = sorted(grown, key=lambda p: p.cost)[:BEAM]
    cuts: list[int] = []
    at = min(beam, key=lambda p: p.cost)
    while at.back is not None:
        at, cut = at.back
        cuts.append(cut)
    out = []
    for group, cut in zip(groups, reversed(cuts), strict=True):
        out += [_given(note, i, cut) for i, note in enumerate(group)]
    return sorted(out, key=lambda n: (n.start, n.pitch))


def _places(group: Sequence[Note]) -> range:
    """How many of a chord's notes, from below, the left hand may take; one place where all hands are known."""
    return range(1) if all(n.hand >= 0 for n in group) else range(len(group) + 1)


def _given(note: Note, index: int, cut: int) -> Note:
    return note if note.hand >= 0 else replace(note, hand=LEFT if index < cut else RIGHT)


def _parted(before: _Parting, group: Sequence[Note], cut: int) -> _Parting:
    given = [_given(note, i, cut) for i, note in enumerate(group)]
    time, cost, hands = group[0].start, before.cost, []
    for side, hand in ((LEFT, before.left), (RIGHT, before.right)):
        mine = [n for n in given if n.hand == side]
        held = tuple((p, e) for p, e in hand.held if e > time + TOGETHER)
        hand = hand._replace(held=held)
        if mine:
            pitches = sorted([n.pitch for n in mine] + [p for p, _ in held])
            cost += _strain(pitches, side) + _travel(hand, pitches, time)
            held += tuple((n.pitch, n.end) for n in mine)
            hand = _Hand((pitches[0] + pitches[-1]) / 2, time, held)
        hands.append(hand)
    left, right = hands
    crossing = left.middle - right.middle
    cost += 0.4 * max(crossing + 4.0, 0.0) if time - min(left.time, right.time) < 2.0 else 0.0
    return _Parting(cost, left, right, (before, cut))


def _strain(pitches: Sequence[int], side: int) -> float:
    """Cost of what a hand holds at once: too far apart, too many, far beyond the keyboard's middle."""
    span = pitches[-1] - pitches[0]
    wide = 1.5 * max(span - SPANS[0], 0) + 12.0 * max(span - SPANS[1], 0)
    middle = (pitches[0] + pitches[-1]) / 2
    beyond = middle - REGISTER if side == LEFT else REGISTER - middle
    return wide + 30.0 * max(len(pitches) - 5, 0) + 0.12 * max(beyond + 3.0, 0.0) + 0.02 * span


def _travel(hand: _Hand, pitches: Sequence[int], time: float) -> float:
    haste = float(np.clip(0.5 / max(time - hand.time, 0.02), 0.15, 3.0))
    return 0.10 * haste * max(abs((pitches[0] + pitches[-1]) / 2 - hand.middle) - 2.0, 0.0)
