# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Annotations as JAMS, through its library.

E. Humphrey et al., *JAMS: a JSON annotated music specification for reproducible MIR research*, ISMIR 2014.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, Final

from plugins.api import Annotation, AnnotationTrack, ComponentError


def _position(a: Annotation) -> float | None:
    return float(a.value) if isinstance(a.value, int | float) else None


def _text(a: Annotation) -> str:
    return a.value if isinstance(a.value, str) else json.dumps(a.value) if a.value is not None else ""


NAMESPACES: Final[dict[str, tuple[str, Callable[[Annotation], Any]]]] = {
    "beat": ("beat", _position),
    "downbeat": ("beat", lambda a: 1.0),
    "phrase": ("segment_open", lambda a: _text(a) or "phrase"),
    "dynamics": ("tag_open", _text),
    "articulation": ("tag_open", _text),
    "harmony": ("tag_open", _text),
    "cadence": ("tag_open", _text),
    "note": ("note_midi", lambda a: float(a.value["pitch"])),
    "loudness": ("vector", lambda a: [float(a.value)]),
}
"""Ours -> the namespace of JAMS, and the value as that has it; of others the value goes as it is into a "blob"."""


def to_jams(tracks: Sequence[AnnotationTrack], duration: float, title: str) -> str:
    """The tracks as the text of a JAMS file, valid by the library's own schemata.

    Each says in its sandbox which of our namespaces it is, and keeps our values there where JAMS' namespace
    has no room for them (bars' numbers, what is known of notes).

    Args:
        duration: seconds, of the recording.

    Raises:
        ComponentError: the library is not installed.
    """
    jams = jams_library()
    document = jams.JAMS()
    document.file_metadata.duration = duration
    document.file_metadata.title = title
    for track in tracks:
        name, convert = NAMESPACES.get(track.namespace, ("blob", lambda a: a.value))
        made = jams.Annotation(namespace=name, time=0.0, duration=duration)
        made.annotation_metadata.annotation_tools = f"Cadenza {version('cadenza')}"
        made.annotation_metadata.data_source = "program"
        made.sandbox.update(namespace=track.namespace)
        if track.namespace in ("note", "downbeat"):
            made.sandbox.update(values=[a.value for a in track.annotations])
        for a in track.annotations:
            made.append(time=a.time, duration=a.duration, value=convert(a), confidence=a.confidence)
        document.annotations.append(made)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the library's way of asking jsonschema
        document.validate(strict=True)
    text: str = document.dumps(indent=1)
    return text


def jams_library() -> Any:
    """The library; ComponentError with what to do where it is not installed."""
    try:
        import jams
    except ImportError as error:
        raise ComponentError(
            "JAMS files need the jams library; run: pip install 'cadenza[annotate]', or write .json"
        ) from error
    return jams
