# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Annotations out of Blender: as the animator corrected them, in three formats, whole or not at all."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import markers  # noqa: E402
from blender_addon.core.annotations import Annotation, AnnotationTrack, find_track, from_json  # noqa: E402

BEATS = AnnotationTrack("beat", tuple(Annotation(10.0 + 0.5 * i, 0.0, i % 4 + 1, 0.75) for i in range(8)))
PHRASES = AnnotationTrack("phrase", (Annotation(10.0, 2.0, "A"), Annotation(12.0, 2.0)))


@pytest.fixture
def scene(scene: Any) -> Any:
    markers.add_markers(scene, [BEATS, PHRASES], 10.0)
    return scene


def export(path: Path) -> None:
    assert bpy.ops.cadenza.export_annotations(filepath=str(path)) == {"FINISHED"}


def marker(scene: Any, index: int) -> Any:
    return next(m for m in scene.timeline_markers if m.cadenza.namespace == "beat" and m.cadenza.index == index)


def test_what_was_recognised_comes_out_exactly(scene: Any, tmp_path: Path) -> None:
    export(tmp_path / "a.json")
    assert from_json((tmp_path / "a.json").read_text(encoding="utf-8")) == [BEATS, PHRASES]
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_corrections_come_out(scene: Any, tmp_path: Path) -> None:
    marker(scene, 2).frame += 6
    scene.timeline_markers.remove(marker(scene, 5))
    markers.show_track(scene, "beat", False)
    export(tmp_path / "a.json")
    beats = find_track(from_json((tmp_path / "a.json").read_text(encoding="utf-8")), "beat")
    assert beats.times == [10.0, 10.5, 11.25, 11.5, 12.0, 13.0, 13.5]
    assert markers.tracks_of(scene) == [BEATS, PHRASES]  # the scene keeps what was recognised


def test_a_table_and_labels(scene: Any, tmp_path: Path) -> None:
    export(tmp_path / "a.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8"))))
    assert [float(r["time"]) for r in rows if r["namespace"] == "beat"] == BEATS.times
    export(tmp_path / "b.TXT")
    assert "10.000000\t12.000000\tphrase A\n" in (tmp_path / "b.TXT").read_text(encoding="utf-8")


def test_what_is_exported_can_be_imported(scene: Any, tmp_path: Path) -> None:
    export(tmp_path / "a.json")
    markers.remove_markers(scene)
    bpy.ops.cadenza.import_annotations(filepath=str(tmp_path / "a.json"))
    assert markers.tracks_of(scene) == [BEATS, PHRASES]


@pytest.mark.parametrize(("name", "words"), [("a.xls", "end the name in .json"), ("no/where/a.csv", "No such file")])
def test_what_cannot_be_written_is_said(scene: Any, tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        export(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_without_annotations_it_is_grey(scene: Any) -> None:
    assert bpy.ops.cadenza.export_annotations.poll()
    markers.remove_markers(scene)
    assert not bpy.ops.cadenza.export_annotations.poll()
