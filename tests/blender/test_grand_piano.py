# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pianist in Blender: bones where the joints are, keys that turn about their rail, what is played and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils import Vector  # noqa: E402

from blender_addon import headless  # noqa: E402
from blender_addon.core import pianist as measures  # noqa: E402
from blender_addon.core import piano  # noqa: E402
from blender_addon.core import rotations as rot  # noqa: E402
from blender_addon.core.motion import Motion  # noqa: E402
from blender_addon.core.pianist import KEY_JOINTS, key_joint, pianist_skeleton  # noqa: E402
from blender_addon.rig import pianist, studio  # noqa: E402

SKELETON = pianist_skeleton()
PLAYED = (60, 61, 88)


def seated(frames: int = 6) -> Motion:
    """At rest on the bench's height; three keys go down one after the other, with the pedal."""
    positions = np.repeat(SKELETON.rest_positions[None], frames, axis=0)
    turns = np.tile(rot.IDENTITY, (frames, len(SKELETON), 1))
    moved = {SKELETON.joints[i]: positions[:, i].copy() for i in SKELETON.held}
    positions[:, 0] = measures.SEATED
    for joint, place in moved.items():
        positions[:, SKELETON.index(joint)] = place
    for k, pitch in enumerate(PLAYED):
        positions[2 * k : 2 * k + 2, SKELETON.index(key_joint(pitch)), 2] -= piano.DIP
    positions[1:3, SKELETON.index("pedal"), 2] -= piano.PEDAL_TRAVEL
    positions, _ = SKELETON.forward_kinematics(turns, positions)
    return Motion(SKELETON, 30.0, positions, turns, provenance={"generator": "test"})


@pytest.fixture(scope="module")
def scene() -> Iterator[Any]:
    yield headless.build_scene(seated(), 30.0)
    bpy.ops.wm.read_factory_settings(use_empty=True)


def armature() -> Any:
    return next(o for o in bpy.data.objects if o.type == "ARMATURE")


def points(item: Any, group: str | None = None) -> np.ndarray:
    """Vertices (N, 3) in the world, after the modifiers; those of a vertex group."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    shown = item.evaluated_get(graph)
    out = np.zeros(len(shown.data.vertices) * 3, dtype=np.float32)
    shown.data.vertices.foreach_get("co", out)
    matrix = np.array(shown.matrix_world)
    out = out.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    if group is None:
        return out
    index = item.vertex_groups[group].index
    return out[[v.index for v in item.data.vertices if any(g.group == index for g in v.groups)]]


def test_every_key_has_a_bone_that_rocks_on_the_rail(scene: Any) -> None:
    bones = armature().data.bones
    rest = SKELETON.rest_positions
    for pitch, joint in zip(range(piano.LOWEST, piano.HIGHEST + 1), KEY_JOINTS, strict=True):
        bone = bones[joint]
        assert bone.parent.name == "keyboard"
        assert np.allclose(bone.tail_local, rest[SKELETON.index(joint)], atol=1e-5)
        assert bone.length == pytest.approx(float(piano.lever(pitch)), abs=1e-5)
    assert bones["keyboard"].parent is None
    assert not armature().data.collections["Keys"].is_visible


def test_keys_stand_where_the_motion_has_them(scene: Any) -> None:
    keys = bpy.data.objects["Pianist keys"]
    for frame in range(6):
        scene.frame_set(scene.frame_start + frame)
        for k, pitch in enumerate(PLAYED):
            mine = points(keys, key_joint(pitch))
            front = mine[mine[:, 1] > mine[:, 1].max() - 0.008]
            down = piano.DIP if frame // 2 == k else 0.0
            top = measures.KEYBOARD[2] + float(piano.front(pitch)[2]) - down
            assert front[:, 2].max() == pytest.approx(top, abs=0.0007), (frame, pitch)
        still = points(keys, key_joint(64))
        assert still[:, 2].max() == pytest.approx(measures.KEYBOARD[2], abs=1e-5)


def test_only_keys_that_are_played_have_curves(scene: Any) -> None:
    channels = {c.group for c in pianist.piano_channels(seated())}
    assert channels & set(KEY_JOINTS) == {key_joint(p) for p in PLAYED}
    assert {"keyboard", "pedal", "bench"} <= channels


def test_the_pedal_goes_down_and_the_piano_stands(scene: Any) -> None:
    tops = []
    for frame in (0, 1):
        scene.frame_set(scene.frame_start + frame)
        tops.append(points(bpy.data.objects["Pianist pedal"])[:, 2].max())
        feet = points(bpy.data.objects["Pianist piano"])[:, 2].min()
        assert feet == pytest.approx(0.0, abs=1e-4)
    assert tops[0] - tops[1] == pytest.approx(piano.PEDAL_TRAVEL, abs=1e-4)


def test_the_figure_is_the_violinists_and_sits(scene: Any) -> None:
    scene.frame_set(scene.frame_start)
    hips = armature().pose.bones["hips"].head
    assert np.allclose(hips, measures.SEATED, atol=1e-4)
    bench = points(bpy.data.objects["Pianist bench"])
    assert bench[:, 2].min() == pytest.approx(0.0, abs=1e-4)
    assert bench[:, 2].max() == pytest.approx(piano.SEAT_HEIGHT, abs=0.01)


def test_cameras_look_at_the_piano(scene: Any) -> None:
    assert {"Front", "Keys", "Side"} <= {o.name for o in bpy.data.objects if o.type == "CAMERA"}
    assert scene.camera.name == "Front"


def hit(scene: Any, start: Any, end: Any) -> Any:
    """The first object on the way from a point through another; None where there is only the world."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    found, _, _, _, item, _ = scene.ray_cast(graph, start, (end - start).normalized())
    return item.name if found else None


@pytest.mark.parametrize("pitch", [28, 40, 52, 64])
def test_the_left_hand_is_seen_and_not_the_inside_of_the_piano(scene: Any, pitch: int) -> None:
    """From the camera's place beside a hand that plays this key, the key is the first thing on the way to it."""
    key = Vector(measures.KEYBOARD + piano.front(pitch)) + Vector((0.0, -0.03, 0.0))
    place = Vector(studio.PIANO_CAMERAS["Left hand"][0])
    follows = bpy.data.objects["Left hand"]
    assert tuple(follows.location) == pytest.approx(tuple(place))
    assert hit(scene, key + place, key) == "Pianist keys"


@pytest.mark.parametrize("name", ["Front", "Side"])
def test_the_backdrop_fills_the_picture(scene: Any, name: str) -> None:
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    camera = bpy.data.objects[name]
    for corner in camera.data.view_frame(scene=scene):
        assert hit(scene, camera.matrix_world.translation, camera.matrix_world @ corner), tuple(corner)


@pytest.mark.parametrize("item", ["keys", "piano", "pedal", "bench"])
def test_neighbouring_faces_agree_on_outside(scene: Any, item: str) -> None:
    mesh = bpy.data.objects[f"Pianist {item}"].data
    ways = [(a, b) for p in mesh.polygons for a, b in zip(p.vertices, [*p.vertices[1:], p.vertices[0]], strict=True)]
    assert len(set(ways)) == len(ways), "an edge is used twice in one direction: shadows and normals go wrong"
