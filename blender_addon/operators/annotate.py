# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations as markers: recognised by the backend, or read from a file; deleted by track, and written to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from .. import corrections, markers, obstacles, orders
from ..core.annotation_files import WRITERS, write_whole
from ..core.annotations import AnnotationError, AnnotationTrack, from_json
from ..midi_file import read_midi
from . import UNDOABLE
from .correct import heard
from .failing import refuse
from .generate import begin


class Recognize(bpy.types.Operator):
    """Recognise what is chosen in the source, and put markers"""

    bl_idname = "cadenza.recognize"
    bl_label = "Recognise and Mark"
    section = "annotate"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_recognizing(context.scene))

    def invoke(self, context: Any, event: Any) -> set[str]:
        own = sorted(corrections.asked_for(context.scene).keys() & context.scene.cadenza.recognize)
        if not own:
            return self.execute(context)
        told = f"You corrected {' and '.join(own)}; what is recognised takes the place of that"
        return set(
            context.window_manager.invoke_confirm(
                self, event, title="Recognise anew?", message=told, confirm_text="Recognise"
            )
        )

    def execute(self, context: Any) -> set[str]:
        return begin(self, lambda: orders.recognition(context.scene))


class ImportAnnotations(bpy.types.Operator, ImportHelper):
    """Put markers from an annotation file, or from a MIDI file's notes, beats and bars; needs no backend"""

    bl_idname = "cadenza.import_annotations"
    bl_label = "Import Annotations"
    section = "annotate"
    bl_options = UNDOABLE
    filename_ext = ".json"
    filter_glob: bpy.props.StringProperty(default="*.json;*.mid;*.midi", options={"HIDDEN"})  # type: ignore[valid-type]

    def execute(self, context: Any) -> set[str]:
        scene = context.scene
        try:
            tracks = _read(Path(self.filepath))
        except (AnnotationError, OSError, UnicodeDecodeError) as error:
            return refuse(self, error)
        origin, recording = heard(scene)
        count = markers.add_markers(scene, tracks, origin, recording=recording)
        corrections.brought(scene, tracks)
        self.report({"INFO"}, f"{count} markers")
        return {"FINISHED"}


def _read(path: Path) -> list[AnnotationTrack]:
    if path.suffix.lower() in (".mid", ".midi"):
        return read_midi(path.read_bytes())
    return from_json(path.read_text(encoding="utf-8"))


class ExportAnnotations(bpy.types.Operator, ExportHelper):
    """Write the annotations, as you have corrected them, to a file; needs no backend"""

    bl_idname = "cadenza.export_annotations"
    bl_label = "Export Annotations"
    section = "annotate"
    filename_ext = ".json"
    check_extension = None  # the format is in the name that was typed
    filter_glob: bpy.props.StringProperty(default="*.json;*.csv;*.txt", options={"HIDDEN"})  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_exporting(context.scene))

    def execute(self, context: Any) -> set[str]:
        path, tracks = Path(self.filepath), markers.corrected_tracks(context.scene)
        try:
            write = _writer(path)
            write_whole(path, write(tracks))
        except (AnnotationError, OSError) as error:
            return refuse(self, error)
        self.report({"INFO"}, f"{sum(map(len, tracks))} annotations")
        return {"FINISHED"}


def _writer(path: Path) -> Callable[[Iterable[AnnotationTrack]], str]:
    try:
        return WRITERS[path.suffix.lower()]
    except KeyError:
        raise AnnotationError(
            f"{path.name}: end the name in .json, .csv (a table) or .txt (labels for Audacity)"
        ) from None


class DeleteTrack(bpy.types.Operator):
    """Delete these markers and their annotations; yours stay"""

    bl_idname = "cadenza.delete_track"
    bl_label = "Delete Markers"
    bl_options = UNDOABLE

    namespace: bpy.props.StringProperty()  # type: ignore[valid-type]

    def execute(self, context: Any) -> set[str]:
        markers.delete_track(context.scene, self.namespace)
        return {"FINISHED"}


CLASSES = (Recognize, ImportAnnotations, ExportAnnotations, DeleteTrack)
