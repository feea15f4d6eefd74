# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Takes survive saving, appending, linking and overriding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import takes  # noqa: E402
from tests.take_writing import HEAD, channels, curve, dump, empty_file, hand_key, posed, write  # noqa: E402


def saved(character: Any, folder: Path) -> Path:
    write(character, 1)
    write(character, 2)
    takes.star(character.cadenza_takes[0])
    hand_key(curve(character.cadenza_takes[1], HEAD), 150, 3.0)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "anna.blend"))
    return folder / "anna.blend"


def test_all_survives_saving_and_reopening(character: Any, tmp_path: Path) -> None:
    path = saved(character, tmp_path)
    before, pose = dump(), posed(character, 77)
    bpy.ops.wm.open_mainfile(filepath=str(path))
    anna = bpy.data.objects["Anna"]
    assert dump() == before
    assert np.array_equal(posed(anna, 77), pose)
    assert write(anna, 3, replace=anna.cadenza_takes[1]).hand_keys == 1


@pytest.mark.parametrize("times", [1, 2])
def test_an_appended_character_brings_its_takes(character: Any, tmp_path: Path, times: int) -> None:
    path, pose = saved(character, tmp_path), posed(character, 77)
    empty_file()
    for _ in range(times):
        with bpy.data.libraries.load(str(path)) as (_, wanted):
            wanted.collections = ["Anna"]
        bpy.context.scene.collection.children.link(wanted.collections[0])
    annas = [o for o in bpy.data.objects if o.cadenza_takes]
    assert len(annas) == times
    assert len(bpy.data.actions) == 4 * times
    for anna in annas:
        assert [(t.name, t.starred, takes.shown(t)) for t in anna.cadenza_takes] == [
            ("Take 1", True, False),
            ("Take 2", False, True),
        ]
        assert np.allclose(posed(anna, 77), pose, atol=1e-6)
    takes.show(annas[0], annas[0].cadenza_takes[0])
    takes.delete(annas[0], annas[0].cadenza_takes[1])
    if times == 2:
        assert np.allclose(posed(annas[1], 77), pose, atol=1e-6)


def test_an_overridden_character_has_takes_of_its_own(character: Any, tmp_path: Path) -> None:
    path, pose = saved(character, tmp_path), posed(character, 77)
    empty_file()
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.collections = ["Anna"]
    wanted.collections[0].override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    anna, violin = (next(o for o in bpy.data.objects if o.library is None and n in o.name) for n in ("Anna", "Violin"))
    assert np.allclose(posed(anna, 77), pose, atol=1e-6)
    body, props = channels(3).values()
    write(anna, 3, channels={anna.name: body, violin.name: props})
    own = posed(anna, 77)
    assert not np.allclose(own, pose, atol=0.01)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    anna = next(o for o in bpy.data.objects if o.library is None and "Anna" in o.name)
    assert [t.name for t in anna.cadenza_takes] == ["Take 1", "Take 2", "Take 3"]
    assert np.allclose(posed(anna, 77), own, atol=1e-6)
    with pytest.raises(takes.TakeError, match="comes from the linked file"):
        takes.delete(anna, anna.cadenza_takes[1])
    takes.show(anna, anna.cadenza_takes[1])
    assert np.allclose(posed(anna, 77), pose, atol=1e-6)
    takes.delete(anna, anna.cadenza_takes[2])
    assert [t.name for t in anna.cadenza_takes] == ["Take 1", "Take 2"]


def test_a_take_of_the_library_can_be_written_again_for_the_override(character: Any, tmp_path: Path) -> None:
    """The linked action stays; the override's strip plays a copy, which the shot keeps."""
    path = saved(character, tmp_path)
    empty_file()
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.collections = ["Anna"]
    wanted.collections[0].override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    anna, violin = (next(o for o in bpy.data.objects if o.library is None and n in o.name) for n in ("Anna", "Violin"))
    body, props = channels(3).values()
    before = posed(anna, 77)
    write(anna, 3, channels={anna.name: body, violin.name: props}, replace=anna.cadenza_takes[1], part="bow_arm")
    changed = posed(anna, 77)
    assert not np.allclose(changed, before, atol=0.01)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    anna = next(o for o in bpy.data.objects if o.library is None and "Anna" in o.name)
    assert [t.name for t in anna.cadenza_takes] == ["Take 1", "Take 2"]
    assert np.allclose(posed(anna, 77), changed, atol=1e-6)


def test_a_linked_character_says_what_to_do(character: Any, tmp_path: Path) -> None:
    path = saved(character, tmp_path)
    empty_file()
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.objects = ["Anna"]
    with pytest.raises(takes.TakeError, match="library override"):
        write(wanted.objects[0], 1)
