# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Annotations as files that need no library: our JSON, a CSV table, Audacity labels."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from .annotations import Annotation, AnnotationTrack, to_json

COLUMNS: Final = ("namespace", "time", "duration", "value", "confidence")


def to_csv(tracks: Iterable[AnnotationTrack]) -> str:
    """One row an annotation, in order of the tracks and of time; seconds to the microsecond.

    Texts and numbers stand as they are, other values as JSON; none is an empty field.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for track in tracks:
        for a in track.annotations:
            table.writerow([track.namespace, _seconds(a.time), _seconds(a.duration), _plain(a.value), a.confidence])
    return out.getvalue()


def to_labels(tracks: Iterable[AnnotationTrack]) -> str:
    """A label track of Audacity: begin, end and text, one label a line in order of time; an instant ends
    where it begins, which Audacity shows as a point (Audacity manual, *Importing and Exporting Labels*)."""
    rows = [(a.time, a.end, label(t.namespace, a)) for t in tracks for a in t.annotations]
    return "".join(f"{_seconds(start)}\t{_seconds(end)}\t{text}\n" for start, end, text in sorted(rows))


def label(namespace: str, annotation: Annotation) -> str:
    """What it is in a few words, on one line: "beat 2", "bar 7", "note 69", "phrase A", "pedal 80 %"."""
    value = annotation.value
    if namespace == "pedal" and isinstance(value, int | float):
        value = f"{100 * value:.0f} %"  # Blender takes what follows a dot for the number of a copy
    if isinstance(value, Mapping):
        value = value.get("label", value.get("pitch"))
    name = "bar" if namespace == "downbeat" else namespace
    return " ".join(f"{name} {'' if value is None else value}".split())


def _seconds(time: float) -> str:
    return f"{time:.6f}"


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    return value if isinstance(value, str | int | float) else json.dumps(value)


def write_whole(path: Path, text: str) -> None:
    """Write a text, UTF-8, or leave what was there as it is: OSError."""
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_text(text, encoding="utf-8", newline="")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


WRITERS: Final[Mapping[str, Callable[[Iterable[AnnotationTrack]], str]]] = {
    ".json": to_json,
    ".csv": to_csv,
    ".txt": to_labels,
}
"""By the file's suffix."""
