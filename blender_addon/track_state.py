# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's annotation tracks as they are kept in its properties, and what was done to their markers. No bpy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .core.annotations import Annotation, AnnotationTrack

SAME: Final = 0.05
"""Seconds within which an annotation of a new run is the one of the run before."""


@dataclass
class Edits:
    """What was done to a track's markers by hand, by the annotation's index.

    Attributes:
        placed: annotations that have a marker now.
        deleted: annotations whose marker was deleted.
        selected: annotations whose marker is selected.
        moved: seconds by which a marker was moved.
        names: names that were given.
    """

    placed: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    selected: set[int] = field(default_factory=set)
    moved: dict[int, float] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, item: Any) -> Edits:
        data: dict[str, Any] = json.loads(item.edits or "{}")
        edits = cls()
        edits.placed, edits.deleted, edits.selected = (set(data.get(k, ())) for k in ("placed", "deleted", "selected"))
        edits.moved = {int(i): shift for i, shift in data.get("moved", {}).items()}
        edits.names = {int(i): name for i, name in data.get("names", {}).items()}
        return edits

    def renewed(self, now: dict[int, int]) -> Edits:
        """What outlives a new run, in which annotations have other indices (``now``): not where markers were."""
        placed, selected = ({now[i] for i in those if i in now} for those in (self.placed, self.selected))
        return Edits(placed, set(), selected, {}, {now[i]: name for i, name in self.names.items() if i in now})

    def keep(self, item: Any) -> None:
        item.edits = json.dumps({k: sorted(v) if isinstance(v, set) else v for k, v in vars(self).items()})


@dataclass(frozen=True)
class PlacedTrack:
    """A track as it lies in a scene.

    Attributes:
        origin: seconds in the recording that lie at ``anchor``.
        anchor: scene frame.
        rate: frames a second for which its markers were placed.
    """

    annotations: AnnotationTrack
    origin: float
    anchor: float
    rate: float

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
        item.place = json.dumps({"origin": self.origin, "anchor": self.anchor, "rate": self.rate})

    def exact_frame(self, seconds: float) -> float:
        """Scene frame, with its fraction, of a time in the recording, at the track's rate."""
        return self.anchor + (seconds - self.origin) * self.rate

    def frame(self, index: int, shift: float = 0.0) -> int:
        """Whole frame of an annotation's marker, at the track's rate."""
        return round(self.anchor + (self.annotations.annotations[index].time + shift - self.origin) * self.rate)


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
