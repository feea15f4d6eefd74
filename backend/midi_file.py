# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Annotations as a MIDI file whose tempo map puts the recording's beats on MIDI's.

A beat is a quarter note, a bar is a bar, and seconds stay what they are: the file's time 0 is the
recording's. Format: "Standard MIDI Files 1.0" (MIDI Manufacturers Association), written through mido.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from plugins.api import Annotation, AnnotationTrack, find_track, piano

NAMESPACES: Final = ("beat", "downbeat", "note", "phrase", "dynamics", "pedal")
"""What there is room for: tempo and metre, notes and pedal, and texts on the timeline."""
LIFTED: Final = 0.08
"""Seconds that the pedal is up before it goes down again."""
GRAIN: Final = 0.001
"""Seconds of a tick at most, where that is possible: times survive to half of it."""
MOST_TICKS: Final = 9_000_000
"""Of a file: readers take more for a damaged one (pretty_midi's limit is ten million)."""
SLOWEST: Final = 16.0
"""Seconds of a quarter note that MIDI's three bytes hold, rounded down."""
QUICKEST: Final = 0.2
"""Seconds of a quarter note where there are no beats: thousands of them would leave no ticks for the long ones."""
DEFAULT: Final = 0.5
"""Seconds of a quarter note where no beats tell."""
PROGRAMS: Final = {"violin": 40, "piano": 0}
VELOCITIES: Final = {"ppp": 20, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 124}


@dataclass(frozen=True)
class Grid:
    """Where MIDI's quarter notes lie.

    Attributes:
        times: seconds of every quarter note from 0 on, rising; the tempo of the last goes on.
        places: which of them each beat is.
        ticks: of a quarter note.
    """

    times: tuple[float, ...]
    places: tuple[int, ...]
    ticks: int

    @classmethod
    def of(cls, beats: Sequence[float], end: float) -> Grid:
        """Quarter notes on the beats (seconds, rising); before the first and after the last at the tempo
        next to them, and more of them where a beat is longer than MIDI can say."""
        step = _step(beats[:2])
        lead = max(round(beats[0] / step), 1 + int(beats[0] / SLOWEST)) if beats and beats[0] > 0 else 0
        times = [beats[0] * i / lead for i in range(lead)] if lead else [] if beats else [0.0]
        places: list[int] = []
        for beat in beats:
            more = int((beat - times[-1]) / SLOWEST) if places else 0
            times += [times[-1] + (beat - times[-1]) * i / (more + 1) for i in range(1, more + 1)] if more else []
            places.append(len(times))
            times.append(beat)
        step = _step(beats[-2:])
        times += [times[-1] + step * i for i in range(1, int(max(end - times[-1], 0.0) / step) + 3)]
        longest = max(b - a for a, b in pairwise(times))
        ticks = min(max(480, int(longest / GRAIN) + 1), MOST_TICKS // len(times), 32767)
        return cls(tuple(times), tuple(places), max(ticks, 24))

    @property
    def tempi(self) -> list[int]:
        """Microseconds of each quarter note, rounded so that what was rounded away is made up for."""
        out, reached = [], 0
        for time in self.times[1:]:
            out.append(min(max(round(time * 1e6) - reached, 1), 0xFFFFFF))
            reached += out[-1]
        return out

    def tick(self, seconds: float) -> int:
        i = min(max(bisect_right(self.times, seconds) - 1, 0), len(self.times) - 2)
        part = (seconds - self.times[i]) / (self.times[i + 1] - self.times[i])
        return max(round((i + part) * self.ticks), 0)


def _step(beats: Sequence[float]) -> float:
    """Seconds between two beats, within what MIDI can say."""
    return min(max(beats[1] - beats[0], QUICKEST), SLOWEST) if len(beats) == 2 else DEFAULT


def to_midi(tracks: Sequence[AnnotationTrack], instrument: str = "violin") -> bytes:
    """The beats as tempo and metre, the notes as notes with the pedal, phrases as markers, dynamics as texts."""
    import mido

    notes = find_track(tracks, "note").annotations
    beats = find_track(tracks, "beat").annotations or find_track(tracks, "downbeat").annotations
    end = max((a.end for t in tracks for a in t.annotations), default=0.0)
    beats = tuple(a for i, a in enumerate(beats) if a.time >= 0 and (i == 0 or a.time > beats[i - 1].time))
    grid = Grid.of([a.time for a in beats], end)
    file = mido.MidiFile(type=1, ticks_per_beat=grid.ticks)
    said = [(name, find_track(tracks, name).annotations) for name in ("phrase", "dynamics")]
    timeline = [*_tempo(mido, grid), *_metre(mido, grid, beats), *_words(mido, grid, said)]
    file.tracks.append(_sorted(mido, timeline, grid.tick(end)))
    spans = find_track(tracks, "pedal").annotations
    if notes or spans:
        program = mido.Message("program_change", program=PROGRAMS.get(instrument, 0))
        pedal = _pedal(mido, grid, spans)
        file.tracks.append(_sorted(mido, [(0, 0, program), *_notes(mido, grid, notes), *pedal]))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


Timed = tuple[int, int, Any]
"""Tick, order within it, message."""


def _tempo(mido: Any, grid: Grid) -> list[Timed]:
    tempi, events = grid.tempi, []
    for i, tempo in enumerate(tempi):
        if i == 0 or tempo != tempi[i - 1]:
            events.append((i * grid.ticks, 0, mido.MetaMessage("set_tempo", tempo=tempo)))
    return events


def _metre(mido: Any, grid: Grid, beats: Sequence[Annotation]) -> list[Timed]:
    """A signature wherever bars begin to have another number of beats; what comes before the first bar is one bar."""
    firsts = [i for i, beat in enumerate(beats) if beat.value == 1]
    if not firsts:
        return []
    places = [grid.places[i] for i in firsts]
    bars = [(a, b - a) for a, b in pairwise(places)] or [(places[0], len(beats) - firsts[0])]
    if bars[0][0]:
        bars.insert(0, (0, bars[0][0]))
    changes = [bar for i, bar in enumerate(bars) if i == 0 or bar[1] != bars[i - 1][1]]
    return [
        (first * grid.ticks, 1, mido.MetaMessage("time_signature", numerator=min(count, 255), denominator=4))
        for first, count in changes
    ]


def _words(mido: Any, grid: Grid, said: Sequence[tuple[str, Sequence[Annotation]]]) -> list[Timed]:
    kinds = {"phrase": "marker", "dynamics": "text"}
    return [
        (grid.tick(a.time), 2, mido.MetaMessage(kinds[name], text=_latin(str(a.value or name))))
        for name, annotations in said
        for a in annotations
    ]


def _latin(text: str) -> str:
    """MIDI's texts are Latin-1."""
    return text.encode("latin-1", "replace").decode("latin-1")


def _notes(mido: Any, grid: Grid, notes: Sequence[Annotation]) -> list[Timed]:
    """Notes on and off; a key that is struck again is let go before."""
    events: list[Timed] = []
    next_start: dict[int, int] = {}
    for note in sorted(notes, key=lambda a: -a.time):
        pitch, start = int(note.value["pitch"]), grid.tick(note.time)
        if not 0 <= pitch <= 127:
            continue
        end = max(min(grid.tick(note.end), next_start.get(pitch, 1 << 60)), start + 1)
        next_start[pitch] = start
        events.append((start, 1, mido.Message("note_on", note=pitch, velocity=_velocity(note.value))))
        events.append((end, 0, mido.Message("note_off", note=pitch, velocity=0)))
    return events


def _pedal(mido: Any, grid: Grid, spans: Sequence[Annotation]) -> list[Timed]:
    """Down as far as it is said, at least half; up when the next one comes, at the latest."""
    events: list[Timed] = []
    ends = [*(a.time for a in spans[1:]), float("inf")]
    for span, following in zip(spans, ends[: len(spans)], strict=True):
        start, end = grid.tick(span.time), grid.tick(min(span.end, following - LIFTED))
        depth = piano.pedal_depth(span.value)
        if end > start and depth > 0.0:
            down = max(round(127 * depth), piano.HALF)
            events.append((start, 2, mido.Message("control_change", control=piano.DAMPER, value=down)))
            events.append((end, 1, mido.Message("control_change", control=piano.DAMPER, value=0)))
    return events


def _velocity(value: Any) -> int:
    if "velocity" in value:
        return min(max(round(127 * float(value["velocity"])), 1), 127)
    return VELOCITIES.get(value.get("dynamics", ""), VELOCITIES["mf"])


def _sorted(mido: Any, events: Sequence[Timed], end: int = 0) -> Any:
    """A track of messages in order, each with the ticks since the one before, that lasts to ``end`` at least."""
    track, before = mido.MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda e: e[:2]):
        track.append(message.copy(time=tick - before))
        before = tick
    track.append(mido.MetaMessage("end_of_track", time=max(end - before, 0)))
    return track
