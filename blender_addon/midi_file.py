# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes, beats and bars of a Standard MIDI File, without a backend and without bpy.

Format: "Standard MIDI Files 1.0" (MIDI Manufacturers Association): chunks of big-endian
lengths; events with variable-length delta times in ticks, and running status.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from .core import piano
from .core.annotations import Annotation, AnnotationError, AnnotationTrack

DEFAULT_TEMPO: Final = 500_000
"""Microseconds a quarter note: 120 beats a minute."""
TEMPO, METRE, END_OF_TRACK = 0x51, 0x58, 0x2F
CONTROL: Final = 0xB0
DRUMS: Final = 9
"""The tenth channel: its numbers are instruments, not pitches."""
MOST_BEATS: Final = 20_000
"""Of a metre; more are none."""
DAMAGED: Final = "this MIDI file is damaged; export it again"


@dataclass(frozen=True)
class _Event:
    """Something at a time in ticks: a channel message, or (``meta`` set) a meta event."""

    tick: int
    status: int
    data: bytes
    meta: int = -1


def read_midi(data: bytes) -> list[AnnotationTrack]:
    """The tracks ``note``, ``beat`` and ``downbeat``, and ``pedal`` if there is any; times in seconds from the file's
    beginning.

    Raises:
        AnnotationError: the bytes are no such file, or one that counts in SMPTE frames.
    """
    try:
        division, events = _parse(data)
    except (struct.error, IndexError) as error:
        raise AnnotationError("this MIDI file ends in the middle; export it again") from error
    clock = _Clock.of(division, events)
    notes = AnnotationTrack("note", tuple(_notes(events, clock)))
    last = max((e.tick for e in events), default=0)
    beats = list(_beats(events, division, last))
    firsts = [tick for tick, position in beats if position == 1]
    pedal = tuple(Annotation(down, up - down, depth) for down, up, depth in _pedal(events, clock, last))
    return [
        notes,
        AnnotationTrack("beat", tuple(Annotation(clock.seconds(tick), 0.0, position) for tick, position in beats)),
        AnnotationTrack("downbeat", tuple(Annotation(clock.seconds(t), 0.0, bar) for bar, t in enumerate(firsts, 1))),
        *([AnnotationTrack("pedal", pedal)] if pedal else []),
    ]


def _pedal(events: list[_Event], clock: _Clock, last: int) -> list[tuple[float, float, float]]:
    """Seconds at which the damper pedal goes down and comes up, and how far down it was."""
    said: dict[int, list[tuple[float, int]]] = {}
    for event in events:
        channel = event.status & 0x0F
        control = event.meta < 0 and event.status & 0xF0 == CONTROL and channel != DRUMS
        if control and event.data[0] == piano.DAMPER:
            said.setdefault(channel, []).append((clock.seconds(event.tick), event.data[1]))
    return piano.pedal_spans(said.values(), clock.seconds(last))


def _parse(data: bytes) -> tuple[int, list[_Event]]:
    """Ticks a quarter note, and all events in order of time."""
    if data[:4] != b"MThd":
        raise AnnotationError("this is no MIDI file; choose a .mid")
    length, _, count, division = struct.unpack(">IHHH", data[4:14])
    if division & 0x8000 or division == 0:
        raise AnnotationError("this MIDI file counts in SMPTE frames; export it with ticks a quarter note")
    events: list[_Event] = []
    place = 8 + length
    while place < len(data):
        kind, size = struct.unpack(">4sI", data[place : place + 8])
        body = data[place + 8 : place + 8 + size]
        if len(body) < size:
            raise IndexError(place)
        events += _track(body) if kind == b"MTrk" else []
        place += 8 + size
    if count and not events:
        raise AnnotationError("this MIDI file holds no tracks; export it again")
    return division, sorted(events, key=lambda e: e.tick)


def _track(body: bytes) -> Iterator[_Event]:
    place = tick = status = 0
    while place < len(body):
        delta, place = _variable(body, place)
        tick += delta
        if body[place] & 0x80:
            status = body[place]
            place += 1
        if status == 0xFF:
            meta = body[place]
            size, place = _variable(body, place + 1)
            _check_end(body, place + size)
            yield _Event(tick, status, body[place : place + size], meta)
            if meta == END_OF_TRACK:
                return
        elif status in (0xF0, 0xF7):
            size, place = _variable(body, place)
        elif status & 0x80:
            size = 1 if status & 0xF0 in (0xC0, 0xD0) else 2
            _check_end(body, place + size)
            yield _Event(tick, status, body[place : place + size])
        else:
            raise AnnotationError(DAMAGED)
        place += size


def _check_end(body: bytes, end: int) -> None:
    if end > len(body):
        raise IndexError(end)


def _variable(body: bytes, place: int) -> tuple[int, int]:
    """A number in groups of seven bits, and the place after it."""
    value = 0
    for at in range(place, place + 4):
        value = value << 7 | body[at] & 0x7F
        if not body[at] & 0x80:
            return value, at + 1
    raise AnnotationError(DAMAGED)


@dataclass(frozen=True)
class _Clock:
    """Seconds of ticks: where each tempo begins, in ticks and seconds, and its seconds a tick."""

    ticks: list[int]
    times: list[Fraction]
    rates: list[Fraction]

    @classmethod
    def of(cls, division: int, events: list[_Event]) -> _Clock:
        clock = cls([0], [Fraction(0)], [Fraction(DEFAULT_TEMPO, 1_000_000 * division)])
        for event in events:
            if event.meta == TEMPO and len(event.data) == 3:
                clock.times.append(clock._exact(event.tick))
                clock.ticks.append(event.tick)
                clock.rates.append(Fraction(int.from_bytes(event.data, "big"), 1_000_000 * division))
        return clock

    def seconds(self, tick: int) -> float:
        return float(self._exact(tick))

    def _exact(self, tick: int) -> Fraction:
        i = bisect_right(self.ticks, tick) - 1
        return self.times[i] + (tick - self.ticks[i]) * self.rates[i]


def _notes(events: list[_Event], clock: _Clock) -> Iterator[Annotation]:
    """A note begins with note-on, and ends with note-off or with note-on of velocity 0."""
    sounding: dict[tuple[int, int], tuple[int, int]] = {}
    for event in events:
        kind, channel = event.status & 0xF0, event.status & 0x0F
        if event.meta >= 0 or kind not in (0x80, 0x90) or channel == DRUMS:
            continue
        key, velocity = (channel, event.data[0]), event.data[1]
        begun = sounding.pop(key, None)
        if begun is not None and event.tick > begun[0]:
            start, end = clock.seconds(begun[0]), clock.seconds(event.tick)
            yield Annotation(start, end - start, {"pitch": key[1], "velocity": begun[1]})
        if kind == 0x90 and velocity:
            sounding[key] = (event.tick, velocity)


def _beats(events: list[_Event], division: int, last: int) -> Iterator[tuple[int, int]]:
    """(tick, place in its bar) of each beat up to ``last``; a metre counts from where it stands."""
    told = [e for e in events if e.meta == METRE and len(e.data) > 1 and e.data[1] <= 6]
    metres = [(0, 4, 4)] + [(e.tick, e.data[0], 1 << e.data[1]) for e in told]
    for i, (begin, count, unit) in enumerate(metres):
        end = metres[i + 1][0] if i + 1 < len(metres) else last + 1
        step = Fraction(4 * division, unit)
        for n in range(min(-(-(end - begin) * unit // (4 * division)), MOST_BEATS)):
            yield round(begin + n * step), n % max(count, 1) + 1
