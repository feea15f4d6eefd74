# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Takes side by side: each copy plays its own take, and taking the copies away leaves the file as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import beside, obstacles, takes  # noqa: E402
from blender_addon.core.violinist import violinist_skeleton  # noqa: E402
from blender_addon.rig.mannequin import build_musician  # noqa: E402
from tests.scene_dump import changes, dump  # noqa: E402
from tests.take_writing import posed, write  # noqa: E402

FRAMES = (1, 77, 200)


def body(armature: Any, parented: bool) -> Any:
    """A mesh that the arm moves; the second kind hangs on nothing."""
    mesh = bpy.data.meshes.new("Body")
    mesh.from_pydata([(0, 0, 1), (0.4, 0, 1), (0, 0, 2)], [], [(0, 1, 2)])
    item = bpy.data.objects.new("Body", mesh)
    armature.users_collection[0].objects.link(item)
    item.vertex_groups.new(name="arm").add([0, 1, 2], 1.0, "REPLACE")
    modifier = item.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    if parented:
        item.parent = armature
    return item


@pytest.fixture(params=[True, False], ids=["parented", "by its modifier"])
def anna(character: Any, request: pytest.FixtureRequest) -> Any:
    """A character with a body, a violin, a camera, and three takes of which the second is seen and one is hers."""
    body(character, request.param)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    character.users_collection[0].objects.link(camera)
    camera.parent = character
    bpy.context.scene.cadenza.character = character
    for seed in (1, 2, 3):
        write(character, seed, name="Seed 1")
    takes.show(character, takes.takes_of(character)[1])
    bpy.context.scene.frame_set(5)
    return character


def copies_of(kind: str = "ARMATURE") -> list[Any]:
    """Copies of the character (or of its bodies), in their order."""
    found = [c for c in beside.copies() if c.type == kind]
    if kind == "ARMATURE":
        found = [c for c in found if c.parent is None or beside.MARK not in c.parent]  # not their violins
    return sorted(found, key=lambda c: c.delta_location.x + (c.parent.delta_location.x if c.parent else 0.0))


def middle(item: Any, frame: int) -> np.ndarray:
    """(3,) where a mesh is, deformed, in the world."""
    bpy.context.scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    seen = item.evaluated_get(graph)
    return np.mean([seen.matrix_world @ v.co for v in seen.data.vertices], axis=0)


def test_each_copy_plays_its_own_take(anna: Any) -> None:
    assert bpy.ops.cadenza.side_by_side() == {"FINISHED"}
    every = list(takes.takes_of(anna))
    assert [c.name for c in copies_of()] == ["Anna Seed 1", "Anna Seed 2", "Anna Seed 3"]
    labels = sorted((c for c in beside.copies() if c.show_name), key=lambda c: c.location.x)
    assert [c.name for c in labels] == ["Seed 1", "Seed 2", "Seed 3"]
    shifts = [c.delta_location.x for c in copies_of()]
    assert np.allclose(shifts, shifts[0] * np.arange(1, 4), atol=1e-5)
    assert np.allclose(np.diff([c.location.x for c in labels]), shifts[0], atol=1e-5)
    assert min(c.location.z for c in labels) > 2.0  # the body's top
    assert all(beside.take_of(label)[1].name == label.name for label in labels)
    for copy, take in zip(copies_of(), every, strict=True):
        assert copy.data == anna.data
        assert not len(copy.cadenza_takes)
        takes.show(anna, take)
        for frame in FRAMES:
            assert np.allclose(posed(copy, frame), posed(anna, frame), atol=1e-6)
            assert np.allclose(posed(violin_of(copy), frame), posed(bpy.data.objects["Violin"], frame), atol=1e-6)


def violin_of(copy: Any) -> Any:
    return next(child for child in copy.children if child.type == "ARMATURE")


def test_bodies_stand_beside_each_other(anna: Any) -> None:
    bpy.ops.cadenza.side_by_side()
    shifts = [c.delta_location.x for c in copies_of()]
    assert shifts[0] > 0.5
    assert np.allclose(np.diff(shifts), shifts[0])
    own = bpy.data.objects["Body"]
    for mesh, shift, take in zip(copies_of("MESH"), shifts, takes.takes_of(anna), strict=True):
        assert mesh.data == own.data
        takes.show(anna, take)
        for frame in FRAMES:
            assert np.allclose(middle(mesh, frame) - middle(own, frame), (shift, 0.0, 0.0), atol=1e-4)
    assert all(copy.hide_render for copy in beside.copies())
    assert not [c for c in beside.copies() if c.type == "CAMERA"]


def test_taking_them_away_leaves_the_file_as_it_was(anna: Any) -> None:
    before = dump()
    bpy.ops.cadenza.side_by_side()
    assert beside.shown()
    bpy.ops.cadenza.side_by_side()
    assert not beside.shown()
    assert changes(before, dump()) == []


def test_undo_takes_them_away_and_redo_brings_them_back(anna: Any) -> None:
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.cadenza.side_by_side()
    bpy.ops.ed.undo_push(message="Side by Side")
    bpy.ops.ed.undo()
    assert not beside.shown()
    assert bpy.data.collections.get(beside.COLLECTION) is None
    bpy.ops.ed.redo()
    assert len(copies_of()) == 3
    bpy.ops.cadenza.side_by_side()
    assert not beside.shown()


def test_what_looks_at_the_character_looks_at_its_copy(anna: Any) -> None:
    """A rig that hangs on itself by constraints and drivers, as control rigs do."""
    follow = anna.pose.bones["head"].constraints.new("COPY_ROTATION")
    follow.target, follow.subtarget = anna, "arm"
    several = anna.pose.bones["hips"].constraints.new("ARMATURE")
    several.targets.new().target, several.targets[0].subtarget = anna, "arm"
    several.influence = 0.5
    own = bpy.data.objects["Body"]
    own.driver_add("hide_viewport")
    driver = own.animation_data.drivers[0].driver
    variable = driver.variables.new()
    variable.type = "TRANSFORMS"
    variable.targets[0].id, variable.targets[0].bone_target = anna, "arm"
    bpy.ops.cadenza.side_by_side()
    for copy, mesh in zip(copies_of(), copies_of("MESH"), strict=True):
        assert copy.pose.bones["head"].constraints[0].target == copy
        assert copy.pose.bones["hips"].constraints[0].targets[0].target == copy
        assert mesh.animation_data.drivers[0].driver.variables[0].targets[0].id == copy
        assert mesh.modifiers[0].object == copy
    assert (follow.target, several.targets[0].target, variable.targets[0].id) == (anna, anna, anna)
    for copy, take in zip(copies_of(), takes.takes_of(anna), strict=True):
        takes.show(anna, take)
        assert np.allclose(posed(copy, 77), posed(anna, 77), atol=1e-6)


def test_the_animators_own_action_stays_and_does_not_hide_the_copies(anna: Any) -> None:
    own = bpy.data.actions.new("mine")
    anna.animation_data.action = own
    anna.pose.bones["arm"].keyframe_insert("rotation_quaternion", frame=1)
    own = anna.animation_data.action
    bpy.ops.cadenza.side_by_side()
    moved = [posed(copy, 77) for copy in copies_of()]
    assert not np.allclose(moved[0], moved[1])
    assert anna.animation_data.action == own
    bpy.ops.cadenza.side_by_side()
    assert anna.animation_data.action == own


def test_those_made_at_once_stand_together_else_the_newest_four(anna: Any) -> None:
    for seed in (4, 5):
        write(anna, seed)
    assert [t.seed for t in beside.to_compare(anna)] == [2, 3, 4, 5]
    every = takes.takes_of(anna)
    for index in (0, 3):
        every[index].provenance = '{"series": "abc"}'
    anna.cadenza_take_index = 3
    assert [t.seed for t in beside.to_compare(anna)] == [1, 4]


def test_one_of_them_is_taken(anna: Any) -> None:
    assert not bpy.ops.cadenza.take_this_one.poll()
    bpy.ops.cadenza.side_by_side()
    bpy.context.view_layer.objects.active = copies_of("MESH")[2]
    assert bpy.ops.cadenza.take_this_one() == {"FINISHED"}
    assert [takes.shown(t) for t in takes.takes_of(anna)] == [False, False, True]
    assert anna.cadenza_take_index == 2
    takes.delete(anna, takes.takes_of(anna)[2])
    assert not bpy.ops.cadenza.take_this_one.poll()


def test_actions_of_takes_that_were_deleted_meanwhile_go_with_the_copies(anna: Any) -> None:
    bpy.ops.cadenza.side_by_side()
    takes.delete(anna, takes.takes_of(anna)[0])
    assert len(bpy.data.actions) == 6
    bpy.ops.cadenza.side_by_side()
    assert len(bpy.data.actions) == 4


def test_they_are_known_after_the_file_was_opened_again(anna: Any, tmp_path: Path) -> None:
    bpy.ops.cadenza.side_by_side()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    assert len(copies_of()) == 3
    bpy.ops.cadenza.side_by_side()
    assert not beside.copies()
    assert bpy.data.collections.get(beside.COLLECTION) is None
    assert {o.name for o in bpy.data.objects} == {"Anna", "Violin", "Body", "Camera"}


def test_a_character_that_stands_on_something_turned_and_scaled(anna: Any) -> None:
    stand = bpy.data.objects.new("Stand", None)
    anna.users_collection[0].objects.link(stand)
    stand.rotation_euler, stand.scale = (0.0, 0.0, 1.0), (0.5, 0.5, 0.5)
    anna.parent = stand
    bpy.context.view_layer.update()
    bpy.ops.cadenza.side_by_side()
    bpy.context.view_layer.update()
    ways = [np.array(copy.matrix_world.translation - anna.matrix_world.translation) for copy in copies_of()]
    assert np.allclose([way[1:] for way in ways], 0.0, atol=1e-5)
    assert sorted(way[0] for way in ways)[0] >= 0.5


def test_what_stands_in_the_way_is_told(anna: Any) -> None:
    scene = bpy.context.scene
    assert obstacles.to_comparing(scene) == ""
    takes.edit(anna, takes.takes_of(anna)[0], True)
    assert obstacles.to_comparing(scene) == "Press Done Editing first"
    takes.edit(anna, takes.takes_of(anna)[0], False)
    while len(takes.takes_of(anna)):
        takes.delete(anna, takes.takes_of(anna)[0])
    assert "no takes" in obstacles.to_comparing(scene)
    scene.cadenza.character = None
    assert "Choose a character" in obstacles.to_comparing(scene)


def test_the_names_stand_over_the_heads() -> None:
    """Of a real character: the violin before it and a helper that is not seen move no name."""
    musician = build_musician(violinist_skeleton())
    armature = musician.armature
    bpy.context.view_layer.update()
    mesh = bpy.data.meshes.new("helper")
    mesh.from_pydata([(3, 0, 9), (3, 1, 9), (4, 0, 9)], [], [(0, 1, 2)])
    helper = bpy.data.objects.new("helper", mesh)
    armature.users_collection[0].objects.link(helper)
    helper.parent = armature
    helper.hide_set(True)
    for seed in (1, 2):
        write(armature, seed, name="Seed 1")
    bpy.context.scene.cadenza.character = armature
    assert beside.show(bpy.context.scene, armature) == 2
    bpy.context.view_layer.update()
    head = armature.matrix_world @ armature.pose.bones["head"].head
    for label, copy in zip([c for c in beside.copies() if c.show_name], copies_of(), strict=True):
        assert label.location.x - head.x == pytest.approx(copy.delta_location.x, abs=1e-3)
        assert label.location.y == pytest.approx(head.y, abs=1e-3)
        assert head.z < label.location.z < head.z + 0.5
