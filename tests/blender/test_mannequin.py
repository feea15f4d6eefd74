# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default musician: bones where the joints are, a skin that follows, strings where they belong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from bpy_extras.object_utils import world_to_camera_view  # noqa: E402
from mathutils import Matrix, Quaternion, Vector  # noqa: E402

from blender_addon.core import violin  # noqa: E402
from blender_addon.core.violinist import violinist_skeleton  # noqa: E402
from blender_addon.rig import mannequin, studio  # noqa: E402

SKELETON = violinist_skeleton()


@pytest.fixture(scope="module")
def musician() -> Iterator[mannequin.Musician]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield mannequin.build_musician(SKELETON)
    bpy.ops.wm.read_factory_settings(use_empty=True)


def vertices(item: Any, evaluated: bool = False) -> np.ndarray:
    """Vertices (N, 3), in the world, before or after the modifiers."""
    if evaluated:
        bpy.context.view_layer.update()
        item = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    out = np.zeros(len(item.data.vertices) * 3, dtype=np.float32)
    item.data.vertices.foreach_get("co", out)
    matrix = np.array(item.matrix_world)
    return out.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def triangles(item: Any) -> int:
    item.data.calc_loop_triangles()
    return len(item.data.loop_triangles)


def group_vertices(item: Any, name: str) -> np.ndarray:
    index = item.vertex_groups[name].index
    return np.array([v.index for v in item.data.vertices if any(g.group == index for g in v.groups)])


def moved_by(musician: mannequin.Musician, bones: list[str], degrees: float) -> np.ndarray:
    """How far each vertex of the body moves when ``bones`` turn about their X axes."""
    before = vertices(musician.body, evaluated=True)
    for bone in bones:
        musician.armature.pose.bones[bone].rotation_quaternion = Quaternion((1, 0, 0), np.radians(degrees))
    after = vertices(musician.body, evaluated=True)
    for bone in bones:
        musician.armature.pose.bones[bone].rotation_quaternion = (1, 0, 0, 0)
    return np.asarray(np.linalg.norm(after - before, axis=1))


def test_a_bone_for_every_joint_that_moves_something(musician: mannequin.Musician) -> None:
    bones = musician.armature.data.bones
    leaves = {j for i, j in enumerate(SKELETON.joints) if not SKELETON.children(i)}
    assert {b.name for b in bones} == set(SKELETON.joints) - leaves
    for bone in bones:
        i = SKELETON.index(bone.name)
        parent = SKELETON.joints[SKELETON.parents[i]] if SKELETON.parents[i] >= 0 else None
        assert (bone.parent.name if bone.parent else None) == parent
        assert np.allclose(bone.head_local, SKELETON.rest_positions[i], atol=1e-5)
        assert bone.length > 0.01
        assert not bone.use_connect
        assert bone.use_deform == (SKELETON.roles[i] != "prop")


def test_pose_bones_use_quaternions_and_collections_hold_all_bones(musician: mannequin.Musician) -> None:
    assert {b.rotation_mode for b in musician.armature.pose.bones} == {"QUATERNION"}
    groups = {c.name: {b.name for b in c.bones} for c in musician.armature.data.collections}
    assert set(groups) == {"Body", "Left hand", "Right hand", "Props"}
    assert sum(map(len, groups.values())) == len(musician.armature.data.bones)
    assert groups["Props"] == {"violin_end", "bow_frog"}
    assert len(groups["Left hand"]) == len(groups["Right hand"]) == 16


def test_one_collection_holds_the_four_objects(musician: mannequin.Musician) -> None:
    collection = bpy.data.collections["Violinist"]
    assert set(collection.objects) == {musician.armature, musician.body, musician.violin, musician.bow}


def test_every_vertex_is_weighted_by_at_most_four_bones(musician: mannequin.Musician) -> None:
    weights = [[g.weight for g in v.groups if g.weight > 0] for v in musician.body.data.vertices]
    assert max(map(len, weights)) <= 4
    assert np.allclose([sum(w) for w in weights], 1.0, atol=1e-4)
    assert {g.name for g in musician.body.vertex_groups} <= {b.name for b in musician.armature.data.bones}


def test_the_figure_has_human_measures_and_is_symmetric(musician: mannequin.Musician) -> None:
    points = vertices(musician.body)
    low, high = points.min(axis=0), points.max(axis=0)
    assert 1.73 < high[2] < 1.78
    assert -0.002 < low[2] < 0.005
    assert np.allclose(low[0], -high[0], atol=2e-3)


def test_the_violins_plates_are_one_surface_with_sharp_seams(musician: mannequin.Musician) -> None:
    """Of open edges Workbench draws shadows like streaks through the room."""
    mesh = musician.violin.data
    belly = {
        i for i, m in enumerate(mesh.materials) if m.name.removesuffix(".001") in ("Cadenza edge", "Cadenza varnish")
    }
    assert len(belly) == 2
    sides: dict[tuple[int, int], list[int]] = {}
    for face in mesh.polygons:
        for key in face.edge_keys:
            sides.setdefault(key, []).append(face.material_index)
    assert sum(len(of) == 1 for of in sides.values()) < 600  # of 1,700: under the edges, and the sound holes
    sharp = {tuple(sorted(e.vertices)) for e in mesh.edges if e.use_edge_sharp}
    seams = {key for key, of in sides.items() if len(of) == 2 and set(of) == belly}
    assert seams
    assert seams <= sharp


def test_triangle_budget(musician: mannequin.Musician) -> None:
    assert sum(map(triangles, (musician.body, musician.violin, musician.bow))) < 42_000


@pytest.mark.parametrize("item", ["body", "violin", "bow"])
def test_neighbouring_faces_agree_on_outside(musician: mannequin.Musician, item: str) -> None:
    mesh = getattr(musician, item).data
    ways = [(a, b) for p in mesh.polygons for a, b in zip(p.vertices, [*p.vertices[1:], p.vertices[0]], strict=True)]
    assert len(set(ways)) == len(ways), "an edge is used twice in one direction: shadows and normals go wrong"
    assert min(p.area for p in mesh.polygons) > 1e-10


@pytest.mark.parametrize(("item", "joint"), [("violin", "violin_end"), ("bow", "bow_frog")])
def test_props_rest_on_their_joints(musician: mannequin.Musician, item: str, joint: str) -> None:
    bpy.context.view_layer.update()
    matrix = np.array(getattr(musician, item).matrix_world)
    assert np.allclose(matrix[:3, :3], np.eye(3), atol=1e-5)
    assert np.allclose(matrix[:3, 3], SKELETON.rest_positions[SKELETON.index(joint)], atol=1e-5)


def test_strings_cross_bridge_and_nut(musician: mannequin.Musician) -> None:
    mesh = musician.violin.data
    points = np.array([v.co for v in mesh.vertices])
    for i, string in enumerate(violin.STRINGS):
        mine = points[group_vertices(musician.violin, f"string_{string}")]
        for end in (violin.BRIDGE[i], violin.NUT[i]):
            ring = mine[np.abs(mine[:, 1] - end[1]) < 1e-5]
            assert np.allclose(ring.mean(axis=0), end, atol=1e-4)
            assert np.linalg.norm(ring - end, axis=1).max() < 6e-4


def test_nothing_of_the_violin_is_above_the_strings_where_one_plays(musician: mannequin.Musician) -> None:
    points = np.array([v.co for v in musician.violin.data.vertices])
    strings = np.concatenate([group_vertices(musician.violin, f"string_{s}") for s in violin.STRINGS])
    rest = np.delete(points, strings, axis=0)
    t = (rest[:, 1] - violin.NUT[0, 1]) / (violin.BRIDGE[0, 1] - violin.NUT[0, 1])
    middle = violin.NUT_TOP + (violin.BRIDGE_TOP - violin.NUT_TOP) * t
    x = np.clip(rest[:, 0], -violin.BRIDGE_RADIUS, violin.BRIDGE_RADIUS)
    arc = middle - (violin.BRIDGE_RADIUS - np.sqrt(violin.BRIDGE_RADIUS**2 - x**2))
    over = (np.abs(rest[:, 0]) < violin.BRIDGE_SPACING / 2) & (t > 0.02) & (t < 0.98)
    assert (rest[over, 2] < arc[over]).all()


def test_hair_of_the_bow_is_a_ribbon_of_ten_millimetres(musician: mannequin.Musician) -> None:
    mesh = musician.bow.data
    slot = next(i for i, m in enumerate(mesh.materials) if "hair" in m.name)
    used = sorted({v for p in mesh.polygons if p.material_index == slot for v in p.vertices})
    hair = np.array([mesh.vertices[i].co for i in used])
    assert np.allclose(hair.min(axis=0), [0.0, -0.005, 0.0], atol=1e-6)
    assert np.allclose(hair.max(axis=0)[:2], [violin.HAIR_LENGTH, 0.005], atol=1e-6)
    assert hair[:, 2].max() < 0.001


def test_curling_a_finger_moves_only_that_hand(musician: mannequin.Musician) -> None:
    bones = [f"left_index_{part}" for part in ("proximal", "intermediate", "distal")]
    moved = moved_by(musician, bones, -80.0)
    rest = vertices(musician.body)
    wrist = SKELETON.rest_positions[SKELETON.index("left_hand")]
    tip = SKELETON.rest_positions[SKELETON.index("left_index_tip")]
    assert (moved[rest[:, 0] < wrist[0] + 0.03] < 1e-6).all()
    assert moved[np.linalg.norm(rest - tip, axis=1).argmin()] > 0.05
    other = SKELETON.rest_positions[SKELETON.index("left_ring_distal")]
    assert (moved[np.linalg.norm(rest - other, axis=1) < 0.012] < 1e-4).all()


def test_a_bent_elbow_does_not_fold_the_sleeve(musician: mannequin.Musician) -> None:
    before = np.array([e.vertices for e in musician.body.data.edges])
    rest = vertices(musician.body)
    length = np.linalg.norm(rest[before[:, 0]] - rest[before[:, 1]], axis=1)
    musician.armature.pose.bones["left_lower_arm"].rotation_quaternion = Quaternion((0, 0, 1), np.radians(100))
    bent = vertices(musician.body, evaluated=True)
    musician.armature.pose.bones["left_lower_arm"].rotation_quaternion = (1, 0, 0, 0)
    after = np.linalg.norm(bent[before[:, 0]] - bent[before[:, 1]], axis=1)
    assert np.percentile(after / np.maximum(length, 1e-6), 99.9) < 2.5


def test_other_proportions_are_followed() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    small = replace(SKELETON, offsets=SKELETON.offsets * 0.8)
    try:
        built = mannequin.build_musician(small, "Child")
        points = vertices(built.body)
        assert points[:, 2].max() == pytest.approx(0.8 * 1.755, abs=0.03)
        head = built.armature.data.bones["left_hand"].head_local
        assert np.allclose(head, small.rest_positions[small.index("left_hand")], atol=1e-5)
    finally:
        bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.mark.parametrize("hat", [0.0, 1.5])
def test_the_front_camera_steps_back_until_a_character_is_in_its_picture(hat: float) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    built = mannequin.build_musician(SKELETON)
    corners = [Vector((x * hat, 0.0, z)) for x in (-1.0, 1.0) for z in (1.5, 1.5 + hat)]
    if hat:
        mesh = bpy.data.meshes.new("Hat")
        mesh.from_pydata(corners, [], [(0, 1, 3), (0, 3, 2)])
        item = bpy.data.objects.new("Hat", mesh)
        bpy.context.scene.collection.objects.link(item)
        item.parent = built.armature
    bpy.context.view_layer.update()
    made = studio.build_studio(built.armature, matrix=Matrix.Identity(4))
    bpy.context.view_layer.update()
    camera, usual = made.cameras["Front"], Vector(studio.CAMERAS["Front"][0])
    assert ((camera.location - usual).length > 1.0) == bool(hat)
    for corner in corners if hat else ():
        x, y, _ = world_to_camera_view(bpy.context.scene, camera, corner)
        assert 0.0 < x < 1.0
        assert 0.0 < y < 1.0


def test_studio_looks_through_the_front_camera() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    built = mannequin.build_musician(SKELETON)
    made = studio.build_studio(built.armature)
    studio.render_settings(bpy.context.scene)
    assert set(made.cameras) == {"Front", "Bow side", "Left hand"}
    assert bpy.context.scene.camera is made.cameras["Front"] or bpy.context.scene.camera == made.cameras["Front"]
    assert bpy.context.scene.render.engine == "BLENDER_WORKBENCH"
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    place = np.array(made.cameras["Left hand"].evaluated_get(graph).matrix_world)[:3, 3]
    hand = SKELETON.rest_positions[SKELETON.index("left_hand")]
    assert np.allclose(place - hand, studio.CAMERAS["Left hand"][0], atol=1e-4)
