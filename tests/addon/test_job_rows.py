# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Progress, ends and errors are shown in the section whose button was pressed."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import jobs, takes  # noqa: E402
from blender_addon.operators import annotate, correct, fill, music, performer, repair, source  # noqa: E402
from blender_addon.operators import takes as takes_operators  # noqa: E402
from blender_addon.panels.annotate import AnnotatePanel  # noqa: E402
from blender_addon.panels.generator import GeneratePanel, MotionFilePanel  # noqa: E402
from blender_addon.panels.music import MusicPanel  # noqa: E402
from blender_addon.panels.repair import RepairPanel  # noqa: E402
from blender_addon.panels.takes import TakesPanel  # noqa: E402
from tests.addon_driving import character, drive, generate, option  # noqa: E402
from tests.panel_drawing import drawn  # noqa: E402

RUNS = "A job is running; wait for it, or cancel it"


def said(panel: Any) -> str:
    """All lines together."""
    return " ".join(drawn(panel))


def test_recognising_is_followed_in_annotate(scene: Any) -> None:
    scene.cadenza.recognize = {"beat"}
    bpy.ops.cadenza.recognize()
    assert {"progress", "cadenza.cancel"} <= set(drawn(AnnotatePanel))
    assert RUNS not in said(AnnotatePanel)
    assert "progress" not in drawn(MusicPanel)
    assert RUNS in said(MusicPanel)
    assert "progress" in drawn(GeneratePanel)  # nothing can be generated meanwhile
    job = drive()
    assert job.message in said(AnnotatePanel)
    assert job.message not in said(GeneratePanel)
    bpy.ops.cadenza.dismiss()
    assert job.message not in said(AnnotatePanel)


def test_generating_is_followed_in_generate(scene: Any) -> None:
    option(seconds=1.0)
    bpy.ops.cadenza.generate()
    assert "progress" not in drawn(AnnotatePanel)
    assert RUNS in said(AnnotatePanel)
    assert "progress" in drawn(GeneratePanel)
    jobs.cancel()
    assert "Cancelled" in said(GeneratePanel)
    assert "Cancelled" not in said(AnnotatePanel)


def test_errors_are_told_where_the_button_is(scene: Any, tmp_path: Path) -> None:
    (tmp_path / "odd.txt").write_text("odd")
    scene.cadenza.motion_file = str(tmp_path / "odd.txt")
    bpy.ops.cadenza.apply_motion()
    assert "choose a .npz" in drive().error
    assert "choose a .npz" in said(MotionFilePanel)
    assert "cadenza.copy_report" in drawn(MotionFilePanel)
    assert "choose a .npz" not in said(GeneratePanel)
    with pytest.raises(RuntimeError):
        bpy.ops.cadenza.import_annotations(filepath=str(tmp_path / "not_there.json"))
    assert "not_there.json: No such file" in said(AnnotatePanel)
    assert "not_there.json" not in said(MotionFilePanel)


def test_every_operator_that_refuses_says_where() -> None:
    """Only what stands in Generate may leave out where its error is to be shown."""
    for module in (annotate, correct, fill, music, performer, repair, source, takes_operators):
        for cls in module.CLASSES:
            text = "".join(inspect.getsource(base) for base in cls.__mro__ if base.__module__ == cls.__module__)
            if any(f"{name}(" in text for name in ("refuse", "begin", "begin_all")):
                assert getattr(cls, "section", ""), cls.__name__


def test_a_repair_that_cannot_begin_is_told_in_repair(scene: Any) -> None:
    generate()
    scene.cadenza.repair_part, scene.cadenza.repair_from, scene.cadenza.repair_to = True, 900, 901
    with pytest.raises(RuntimeError) as refused:
        bpy.ops.cadenza.repair()
    job = jobs.current()
    assert job is not None
    assert job.error in str(refused.value)
    assert job.error in said(RepairPanel)
    assert "cadenza.copy_report" in drawn(RepairPanel)
    assert "cadenza.copy_report" not in drawn(GeneratePanel)


def test_a_take_that_is_gone_hides_nothing(scene: Any) -> None:
    generate()
    assert bpy.ops.cadenza.new_seed_take() == {"FINISHED"}
    takes.delete(character(), takes.takes_of(character())[0])
    assert {"No takes yet", "progress"} <= set(drawn(TakesPanel))
    bpy.ops.cadenza.cancel()
    assert "Cancelled" in said(TakesPanel)
    assert "Cancelled" not in said(GeneratePanel)
