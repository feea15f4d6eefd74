# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Annotations: the music's structure as timed values, in one track per namespace."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

FORMAT_VERSION: Final = 1
NAMESPACES: Final = (
    *("beat", "downbeat", "phrase", "dynamics", "articulation", "note", "harmony", "cadence"),
    *("loudness", "pedal"),
)
"""What tracks are about, the most asked for first."""
MADE_OF_BEATS: Final = ("beat", "downbeat")
"""Namespaces that say one thing together, the metre."""
CURVES: Final = ("loudness", "change")
"""Namespaces whose annotations are the values of a curve, many a second."""


class AnnotationError(ValueError):
    """Annotations that cannot be used: the message says which and why."""


@dataclass(frozen=True)
class Annotation:
    """Something that the music does.

    Attributes:
        time: seconds in the recording.
        duration: seconds, 0 for an instant.
        value: what it is. A beat: its position in the bar, 1 = downbeat. A downbeat: the number of
            its bar. A note: a mapping with ``pitch`` (MIDI number) and what else is known of it.
            Dynamics: ppp to fff, or the hairpins cresc and dim. Articulation: legato, neutral or
            staccato. Loudness: LUFS. Pedal: how far the piano's right pedal is down, 0 to 1.
        confidence: 0 to 1.
    """

    time: float
    duration: float = 0.0
    value: Any = None
    confidence: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.time) and math.isfinite(self.duration) and self.duration >= 0):
            raise AnnotationError(f"an annotation needs a finite time and duration, not {self.time}, {self.duration}")

    @property
    def end(self) -> float:
        return self.time + self.duration


@dataclass(frozen=True)
class AnnotationTrack:
    """Annotations of one namespace, in order of time."""

    namespace: str
    annotations: tuple[Annotation, ...] = ()

    def __post_init__(self) -> None:
        ordered = sorted(self.annotations, key=lambda a: (a.time, a.duration))
        object.__setattr__(self, "annotations", tuple(ordered))

    def __len__(self) -> int:
        return len(self.annotations)

    @property
    def times(self) -> list[float]:
        return [a.time for a in self.annotations]

    def slice(self, start: float, end: float) -> AnnotationTrack:
        """What begins in start <= time < end; durations are cut at ``end``."""
        kept = (replace(a, duration=min(a.duration, end - a.time)) for a in self.annotations if start <= a.time < end)
        return AnnotationTrack(self.namespace, tuple(kept))

    def to_dict(self) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "annotations": [
                {"time": a.time, "duration": a.duration, "value": a.value, "confidence": a.confidence}
                for a in self.annotations
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AnnotationTrack:
        try:
            rows: Sequence[Mapping[str, Any]] = data["annotations"]
            return cls(
                str(data["namespace"]),
                tuple(
                    Annotation(float(r["time"]), float(r["duration"]), r["value"], float(r["confidence"])) for r in rows
                ),
            )
        except AnnotationError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise AnnotationError(f"not an annotation track: {error}") from error


def find_track(tracks: Iterable[AnnotationTrack], namespace: str) -> AnnotationTrack:
    """The track of that namespace; an empty one when there is none."""
    return next((t for t in tracks if t.namespace == namespace), AnnotationTrack(namespace))


def to_json(tracks: Iterable[AnnotationTrack]) -> str:
    """The tracks as the project's JSON."""
    return json.dumps({"version": FORMAT_VERSION, "tracks": [t.to_dict() for t in tracks]}, indent=1)


def from_json(text: str) -> list[AnnotationTrack]:
    """Read :func:`to_json`; AnnotationError when it is something else."""
    try:
        data = json.loads(text)
        version, tracks = data["version"], data["tracks"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise AnnotationError(f"not a Cadenza annotation file: {error}") from error
    if version != FORMAT_VERSION:
        raise AnnotationError(f"the annotations have version {version}, this Cadenza reads {FORMAT_VERSION}")
    if not isinstance(tracks, list):
        raise AnnotationError(f"not a Cadenza annotation file: tracks must be a list, not {tracks!r}")
    return [AnnotationTrack.from_dict(t) for t in tracks]
