# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's annotation tracks as they are kept in its properties, and what was done to their markers. No bpy."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .core.annotations import Annotation, AnnotationTrack
from .recording import Recording

SAME: Final = 0.05
"""Seconds within which an annotation of a new run is the one of the run before."""


@dataclass(frozen=True)
class Span:
    """Seconds of the recording, from ``start`` to before ``end``."""

    start: float = -math.inf
    end: float = math.inf

    def __contains__(self, time: float) -> bool:
        return self.start - 1e-6 <= time < self.end - 1e-6


WHOLE: Final = Span()
STRETCHES: Final = ("phrase", "dynamics", "articulation", "pedal")
"""Namespaces whose annotations may be cut: what was said goes on. A note that is cut would be another one."""
StripEdit = tuple[str | None, float | None, float | None]
"""What was done to a strip by hand: its name, and seconds by which its ends were moved."""
UNCHANGED: Final[StripEdit] = (None, None, None)
LAST_FRAME: Final = 1048574
"""Blender's timeline has no frame beyond it, before or after."""


@dataclass
class Edits:
    """What was done to a track's markers by hand, by the annotation's index.

    Attributes:
        placed: annotations that have a marker now.
        deleted: annotations whose marker was deleted.
        selected: annotations whose marker is selected.
        moved: seconds by which a marker was moved.
        names: names that were given.
        strips: what was done to its strip.
    """

    placed: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    selected: set[int] = field(default_factory=set)
    moved: dict[int, float] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    strips: dict[int, StripEdit] = field(default_factory=dict)

    @classmethod
    def of(cls, item: Any) -> Edits:
        data: dict[str, Any] = json.loads(item.edits or "{}")
        edits = cls()
        edits.placed, edits.deleted, edits.selected = (set(data.get(k, ())) for k in ("placed", "deleted", "selected"))
        edits.moved = {int(i): shift for i, shift in data.get("moved", {}).items()}
        edits.names = {int(i): name for i, name in data.get("names", {}).items()}
        edits.strips = {int(i): tuple(edit) for i, edit in data.get("strips", {}).items()}
        return edits

    @property
    def shifts(self) -> dict[int, float]:
        """Seconds by which annotations begin elsewhere, by their strips and markers."""
        return {i: start for i, (_, start, _) in self.strips.items() if start is not None} | self.moved

    def corrected(self, index: int, annotation: Annotation) -> Annotation:
        """An annotation as it was moved, with its strip's ends."""
        _, start, end = self.strips.get(index, UNCHANGED)
        time = annotation.time + self.shifts.get(index, 0.0)
        if start is None or end is None:
            return replace(annotation, time=time)
        return replace(annotation, time=time, duration=max(annotation.end + end - time, 0.0))

    def renewed(self, now: Mapping[int, int], stayed: Mapping[int, int]) -> Edits:
        """What outlives a new run, in which annotations have other indices (``now``): where markers were only of those
        that stayed as they were (``stayed``)."""
        placed, selected = ({now[i] for i in those if i in now} for those in (self.placed, self.selected))
        deleted = {stayed[i] for i in self.deleted if i in stayed}
        moved = {stayed[i]: shift for i, shift in self.moved.items() if i in stayed}
        names = {now[i]: name for i, name in self.names.items() if i in now}
        strips = {now[i]: e if i in stayed else (e[0], None, None) for i, e in self.strips.items() if i in now}
        return Edits(placed, deleted, selected, moved, names, strips)

    def keep(self, item: Any) -> None:
        item.edits = json.dumps({k: sorted(v) if isinstance(v, set) else v for k, v in vars(self).items()})


@dataclass(frozen=True)
class PlacedTrack:
    """A track as it lies in a scene.

    Attributes:
        origin: seconds in the recording that lie at ``anchor``.
        anchor: scene frame.
        rate: frames a second for which its markers were placed.
        recording: which the seconds are of (``recording.recording_of``).
    """

    annotations: AnnotationTrack
    origin: float
    anchor: float
    rate: float
    recording: Recording = ()

    @classmethod
    def of(cls, item: Any) -> PlacedTrack:
        rows = (Annotation(*row) for row in json.loads(item.data))
        return cls(AnnotationTrack(item.namespace, tuple(rows)), **json.loads(item.place))

    @staticmethod
    def rate_of(item: Any) -> float:
        """The rate of a track, without reading its annotations."""
        return float(json.loads(item.place)["rate"])

    def keep(self, item: Any) -> None:
        rows = [(a.time, a.duration, a.value, a.confidence) for a in self.annotations.annotations]
        item.namespace, item.count, item.data = self.annotations.namespace, len(rows), json.dumps(rows)
        item.confidence = sum(row[3] for row in rows) / len(rows) if rows else 0.0
        self.keep_place(item)

    def keep_place(self, item: Any) -> None:
        place = {"origin": self.origin, "anchor": self.anchor, "rate": self.rate, "recording": list(self.recording)}
        item.place = json.dumps(place)

    def seconds_of(self, other: PlacedTrack) -> PlacedTrack:
        """This track in another's seconds: of a recording that is not known only the place in the scene is."""
        shift = other.origin - self.origin + (self.anchor - other.anchor) / self.rate
        if self.recording or abs(shift) < 1e-6:
            return self
        shifted = tuple(replace(a, time=a.time + shift) for a in self.annotations.annotations)
        track = AnnotationTrack(self.annotations.namespace, shifted)
        return replace(self, annotations=track, origin=self.origin + shift)

    def exact_frame(self, seconds: float) -> float:
        """Scene frame, with its fraction, of a time in the recording, at the track's rate; Blender's last one for what
        lies beyond."""
        return max(-LAST_FRAME, min(self.anchor + (seconds - self.origin) * self.rate, LAST_FRAME))

    def seconds(self, frame: float) -> float:
        """The time in the recording at a scene frame."""
        return self.origin + (frame - self.anchor) / self.rate

    def frame(self, index: int, shift: float = 0.0) -> int:
        """Whole frame of an annotation's marker, at the track's rate."""
        return round(self.exact_frame(self.annotations.annotations[index].time + shift))


def merged(
    old: AnnotationTrack, edits: Edits, new: AnnotationTrack, span: Span
) -> tuple[AnnotationTrack, dict[int, int]]:
    """A track of which a part of the recording is made anew; and which of the old annotations stayed, being outside
    that part: old index -> index now."""
    fresh = [a for a in new.annotations if a.time in span]
    edges = (fresh[0].time, fresh[-1].time) if fresh else ()
    stays: dict[int, Annotation] = {}
    rest: list[Annotation] = []
    for i, a in enumerate(old.annotations):
        seen = edits.corrected(i, a)
        if seen.time not in span and not any(abs(seen.time - t) <= SAME for t in edges):
            over = fresh and seen.time < span.start < seen.end  # a stretch that ends where the new ones begin
            stays[i] = replace(a, duration=a.duration + span.start - seen.end) if over else a
        if new.namespace in STRETCHES and seen.time < span.end < seen.end - SAME:
            rest.append(replace(seen, time=span.end, duration=seen.end - span.end))
    track = AnnotationTrack(new.namespace, (*stays.values(), *fresh, *rest))
    places = {id(a): j for j, a in enumerate(track.annotations)}
    stayed = {i: places[id(a)] for i, a in stays.items()}
    if new.namespace == "downbeat" and stays:
        track = _numbered(track, set(stayed.values()), len(fresh) - (len(old) - len(stays)))
    return track, stayed


def _numbered(track: AnnotationTrack, stayed: set[int], more: int) -> AnnotationTrack:
    """Bars go on counting where a part of them was numbered anew; there are so many ``more`` of them than before."""
    bars: list[Annotation] = []
    shift: int | None = None  # of the new ones
    for j, a in enumerate(track.annotations):
        if not isinstance(a.value, int):
            bars.append(a)
            continue
        if j in stayed:
            bars.append(replace(a, value=a.value + (more if shift is not None else 0)))
            continue
        before = bars[-1].value if bars else None
        if shift is None:
            shift = before + 1 - a.value if isinstance(before, int) and a.value <= before else 0
        bars.append(replace(a, value=a.value + shift))
    return AnnotationTrack(track.namespace, tuple(bars))


def there_again(old: AnnotationTrack, edits: Edits, new: AnnotationTrack, stayed: Mapping[int, int]) -> dict[int, int]:
    """Which of the old annotations are there again: old index -> new index. Where markers are now is looked at first,
    then where they were placed."""
    now = dict(stayed)
    for moved in (edits.shifts, {}):
        before = {i: a.time + moved.get(i, 0.0) for i, a in enumerate(old.annotations) if i not in now}
        taken = set(now.values())
        after = {j: a.time for j, a in enumerate(new.annotations) if j not in taken}
        rows, columns = sorted(before, key=before.__getitem__), sorted(after, key=after.__getitem__)
        found = matches([before[i] for i in rows], [after[j] for j in columns])
        now |= {rows[i]: columns[j] for i, j in found.items()}
    return now


def matches(old: Sequence[float], new: Sequence[float]) -> dict[int, int]:
    """Which of the old times (rising) is there again among the new ones (rising): old index -> new index."""
    found: dict[int, int] = {}
    j = 0
    for i, time in enumerate(old):
        while j < len(new) and new[j] < time - SAME:
            j += 1
        while j + 1 < len(new) and abs(new[j + 1] - time) < abs(new[j] - time):
            j += 1
        if j < len(new) and abs(new[j] - time) <= SAME:
            found[i] = j
            j += 1
    return found
