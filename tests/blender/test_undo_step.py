# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Steps of undo from a timer, and Blender while other threads of Python run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import undo_step  # noqa: E402
from blender_addon.core import pianist, piano  # noqa: E402
from blender_addon.rig import perform  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]

BUSY = """
import gc, os, sys, threading
import bpy
from blender_addon import undo_step
from blender_addon.rig.mannequin import editing_bones

def collect():
    while not done.is_set():
        gc.collect(0)

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.ed.undo_push(message="start")
armature = bpy.data.objects.new("Ada", bpy.data.armatures.new("Ada"))
bpy.context.scene.collection.objects.link(armature)
done = threading.Event()
threads = [threading.Thread(target=collect) for _ in range(2)]
sys.setswitchinterval(1e-4)
for thread in threads:
    thread.start()
for _ in range(100):
    with editing_bones(armature) as bones:
        bones.new("bone").tail = (0.0, 0.0, 1.0)
    undo_step.push("step")
done.set()
for thread in threads:
    thread.join()
print(len(armature.data.bones), flush=True)
os._exit(0)  # some builds of Blender's module crash while they are torn down
"""


@pytest.fixture
def scene() -> object:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.edit.use_global_undo = True
    return bpy.context.scene


def test_without_a_window_there_is_a_step(scene: object, capfd: pytest.CaptureFixture[str]) -> None:
    bpy.ops.ed.undo_push(message="before")
    bpy.data.objects.new("new", None).use_fake_user = True
    with bpy.context.temp_override(window=None):
        undo_step.push("Cadenza: Generate")
    bpy.context.window_manager.print_undo_steps()
    assert "Cadenza: Generate" in capfd.readouterr().out
    bpy.ops.ed.undo()
    assert "new" not in bpy.data.objects
    bpy.ops.ed.redo()
    assert "new" in bpy.data.objects


def test_nothing_stays_behind_that_could_undo_it(scene: object) -> None:
    bpy.ops.mesh.primitive_cube_add("EXEC_DEFAULT", True)
    assert len(bpy.context.window_manager.operators) == 1
    undo_step.push("once")
    undo_step.push("twice")
    assert not len(bpy.context.window_manager.operators)
    assert not hasattr(bpy.types, "CADENZA_OT_step")


def test_a_step_that_cannot_be_made_is_no_error(scene: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("no class today")

    monkeypatch.setattr(bpy.utils, "register_class", refuse)
    undo_step.push("never")


def test_long_labels_are_cut(scene: object, capfd: pytest.CaptureFixture[str]) -> None:
    bpy.ops.ed.undo_push(message="before")
    undo_step.push("ü" * 100)
    bpy.context.window_manager.print_undo_steps()
    assert "ü" * 30 in capfd.readouterr().out


def test_other_threads_may_run_meanwhile() -> None:
    """An operator under ``temp_override`` crashes here within a second, up to Python 3.11."""
    run = subprocess.run([sys.executable, "-c", BUSY], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout.split()[-1:]) == (0, ["100"]), run.stderr[-2000:]


def test_nothing_of_ours_overrides_the_context() -> None:
    sources = sorted([*(ROOT / "blender_addon").rglob("*.py"), *(ROOT / "tests" / "addon").rglob("*.py")])
    assert len(sources) > 50
    assert [p.name for p in sources if ".temp_override(" in p.read_text(encoding="utf-8")] == []


def test_instruments_are_built_without_an_operator(scene: object) -> None:
    """In a timer there is no window, so no operator that makes bones; the file brings nothing else along."""
    with bpy.context.temp_override(window=None):
        props = perform._bones_of_props(perform.ARMATURES[perform.VIOLIN])
    assert [(b.name, *b.head_local, *b.tail_local) for b in props.data.bones] == [
        ("violin_end", 0.0, 0.0, 0.0, 0.0, pytest.approx(0.1), 0.0),
        ("bow_frog", 0.0, 0.0, 0.0, 0.0, pytest.approx(0.1), 0.0),
    ]
    assert [list(map(round, np.ravel(b.matrix_local))) for b in props.data.bones] == [list(np.eye(4).ravel())] * 2
    assert [b.name for b in props.pose.bones] == ["violin_end", "bow_frog"]
    assert (len(bpy.data.libraries), len(bpy.data.objects), len(bpy.data.armatures)) == (0, 1, 1)


def test_a_piano_too(scene: object) -> None:
    """Keyboard, pedal and bench at the origin, 88 keys on the keyboard's bone, each as long as its lever."""
    with bpy.context.temp_override(window=None):
        props = perform._bones_of_props(perform.ARMATURES[perform.PIANO])
    bones = props.data.bones
    assert {b.name for b in bones} == {*pianist.PROPS, *pianist.KEY_JOINTS}
    assert all(tuple(bones[name].head_local) == (0.0, 0.0, 0.0) for name in pianist.PROPS)
    pitches = range(piano.LOWEST, piano.HIGHEST + 1)
    for pitch, joint in zip(pitches, pianist.KEY_JOINTS, strict=True):
        assert bones[joint].parent.name == "keyboard"
        assert np.allclose(bones[joint].tail_local, piano.front(pitch), atol=1e-6)
        assert bones[joint].length == pytest.approx(float(piano.lever(pitch)), abs=1e-6)
        assert props.pose.bones[joint].rotation_mode == "XYZ"
    assert (len(bpy.data.libraries), len(bpy.data.objects), len(bpy.data.armatures)) == (0, 1, 1)
