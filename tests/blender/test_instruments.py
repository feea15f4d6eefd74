# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Violin and bow of a foreign character: built and removed without a trace on what the animator was doing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import takes  # noqa: E402
from blender_addon.rig import perform  # noqa: E402
from blender_addon.rig.bone_map import BoneMap  # noqa: E402
from tests import performing, scene_dump  # noqa: E402
from tests.built_rigs import bones_of, build, empty_scene, show, world_of  # noqa: E402
from tests.rig_families import FAMILIES  # noqa: E402
from tests.rigs import person  # noqa: E402

MIXAMO = FAMILIES["mixamo"]
MAP = BoneMap(MIXAMO.bones, {})


def solved(armature: Any) -> perform.Performance:
    return perform.plan(armature, performing.player(), MAP, bpy.context.scene).solve()


def state() -> Any:
    """What an animator is doing: active object, selection, modes, selected bones."""
    layer = bpy.context.view_layer
    layer.update()  # what was removed is listed as None until then
    modes = {o.name: o.mode for o in layer.objects}
    rigs = [o for o in layer.objects if o.type == "ARMATURE"]
    of_bones = "select" in bpy.types.Bone.bl_rna.properties  # from Blender 5.0 on, poses have the selection
    bones = {o.name: [b.name for b in (o.data.bones if of_bones else o.pose.bones) if b.select] for o in rigs}
    edited = {o.name: len(o.data.edit_bones) for o in layer.objects if o.mode == "EDIT" and o.type == "ARMATURE"}
    active = layer.objects.active
    return (active and active.name, {o.name for o in layer.objects if o.select_get()}, modes, bones, edited)


def without_instruments(found: Any) -> Any:
    """A state in which only the objects from before are looked at."""
    active, selected, modes, bones, edited = found
    kept = [name for name in modes if "instruments" not in name and "violin" not in name and "bow" not in name]
    return (
        active,
        selected,
        {n: modes[n] for n in kept},
        {n: bones[n] for n in kept if n in bones},
        {n: edited[n] for n in kept if n in edited},
    )


def characters() -> list[Any]:
    """Anna, who is to perform, another armature and a cube."""
    empty_scene()
    anna, ben = build(person(MIXAMO, "Anna")), build(person(MIXAMO, "Ben"))
    mesh = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    bpy.context.scene.collection.objects.link(mesh)
    return [anna, ben, mesh]


@pytest.mark.parametrize("mode", ["OBJECT", "POSE", "EDIT"])
@pytest.mark.parametrize("active", [0, 1, 2, None], ids=["performer", "another rig", "mesh", "nothing"])
@pytest.mark.parametrize("together", [False, True], ids=["", "with others"])
def test_modes_selection_and_active_object_stay(mode: str, active: int | None, together: bool) -> None:
    items = characters()
    layer = bpy.context.view_layer
    chosen = None if active is None else items[active]
    for item in items:
        item.select_set(item == chosen or together)
    layer.objects.active = chosen
    if chosen is not None and not (mode == "POSE" and chosen.type == "MESH"):
        bpy.ops.object.mode_set(mode=mode)
    performance = solved(items[0])
    before = state()
    perform.ensure_props(items[0], performance)
    assert without_instruments(state()) == before
    perform.remove_props(items[0])
    assert state() == before
    if bpy.context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")


def test_without_a_window() -> None:
    anna = characters()[0]
    with bpy.context.temp_override(window=None):
        props = perform.ensure_props(anna, solved(anna))
    assert [b.name for b in props.data.bones] == ["violin_end", "bow_frog"]


def test_removed_without_a_trace_and_built_once() -> None:
    anna = characters()[0]
    before = scene_dump.dump()
    performance = solved(anna)
    props = perform.ensure_props(anna, performance)
    assert perform.ensure_props(anna, performance) == props
    assert {c.parent_bone for c in props.children} == {"violin_end", "bow_frog"}
    again = perform.plan(anna, performing.player(), MAP, bpy.context.scene)
    assert again.props == props.name
    perform.remove_props(anna)
    assert scene_dump.dump() == before
    perform.remove_props(anna)
    assert scene_dump.dump() == before


@pytest.mark.parametrize("where", ["hidden", "excluded", "of another scene", "object hidden", "not selectable"])
def test_characters_in_odd_places(where: str) -> None:
    empty_scene()
    collection = bpy.data.collections.new("Cast")
    scene = bpy.data.scenes.new("Other") if where == "of another scene" else bpy.context.scene
    scene.collection.children.link(collection)
    if where == "of another scene":
        anna = build(person(MIXAMO, "Anna"))
        collection.objects.link(anna)
        bpy.context.scene.collection.objects.unlink(anna)
    else:
        anna = build(person(MIXAMO, "Anna"), collection)
    shown = bpy.context.view_layer.layer_collection.children
    if where == "hidden":
        shown["Cast"].hide_viewport = True
    elif where == "excluded":
        shown["Cast"].exclude = True
    elif where == "object hidden":
        anna.hide_set(True)
    elif where == "not selectable":
        anna.hide_select = True
    props = perform.ensure_props(anna, solved(anna))
    assert [b.name for b in props.data.bones] == ["violin_end", "bow_frog"]
    assert list(props.users_collection) == [collection]


def test_two_characters_of_one_name_start_have_their_own() -> None:
    anna, ben, _ = characters()
    taken = bpy.data.objects.new("Anna instruments", None)
    bpy.context.scene.collection.objects.link(taken)
    ben.name = "Anna.001"
    names = []
    for item in (anna, ben):
        performance = solved(item)
        props = perform.ensure_props(item, performance)
        names.append(props.name)
        assert props.name == performance.props
        assert performance.channels[props.name]
    assert len({*names, taken.name}) == 3


def library(path: Path) -> None:
    """A file with a character in a collection of its own."""
    empty_scene()
    collection = bpy.data.collections.new("Cast")
    bpy.context.scene.collection.children.link(collection)
    build(person(MIXAMO, "Anna"), collection)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    empty_scene()


def linked(path: Path) -> Any:
    with bpy.data.libraries.load(str(path), link=True) as (found, wanted):
        wanted.collections = found.collections
    collection = bpy.data.collections["Cast"]
    bpy.context.scene.collection.children.link(collection)
    return collection


def test_a_library_override_performs(tmp_path: Path) -> None:
    library(tmp_path / "cast.blend")
    collection = linked(tmp_path / "cast.blend")
    over = collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    anna = next(o for o in over.all_objects if o.type == "ARMATURE")
    assert anna.override_library is not None
    performance = solved(anna)
    props = perform.ensure_props(anna, performance)
    for _ in takes.write_take(anna, performance.channels, performance.frames, provenance={}):
        pass
    expected = performing.posed(perform.rest_pose_of(anna), performance.channels[anna.name], len(performance.frames))
    show(bpy.context.scene, performance.frames[9])
    for bone, matrix in bones_of(anna, MIXAMO.bones.values()).items():
        assert np.allclose(matrix, expected[bone][9], atol=2e-4), bone
    violin = next(c for c in props.children if c.parent_bone == "violin_end")
    place = next(c for c in performance.channels[props.name] if c.path.endswith('["violin_end"].location'))
    assert np.allclose(world_of(violin)[:3, 3], place.values[9], atol=1e-4)


def test_a_linked_rig_without_override_says_what_to_do(tmp_path: Path) -> None:
    library(tmp_path / "cast.blend")
    anna = next(o for o in linked(tmp_path / "cast.blend").all_objects if o.type == "ARMATURE")
    performance = solved(anna)
    perform.ensure_props(anna, performance)
    with pytest.raises(takes.TakeError, match="override"):
        takes.write_take(anna, performance.channels, performance.frames, provenance={}).send(None)
