# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A studio round the musician: floor, backdrop, lights, soft world, cameras, preview settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..core.rotations import Array
from .implicit import smoothstep
from .materials import Materials
from .meshing import build_mesh, loft

CAMERAS: Final = {
    # name: position, target (None: the left hand, and the position is from there), focal length in mm
    "Front": ((-0.70, -3.55, 1.62), (0.07, -0.15, 1.36), 50.0),
    "Bow side": ((-2.20, -1.55, 1.62), (0.04, -0.18, 1.30), 50.0),
    "Left hand": ((-0.30, -0.42, 0.30), None, 50.0),
}
PIANO_CAMERAS: Final = {
    "Front": ((-2.75, -0.62, 1.78), (-0.10, -0.62, 0.88), 40.0),
    "Keys": ((-0.62, -0.66, 1.28), (0.0, -0.44, 0.76), 32.0),
    "Side": ((-3.30, -0.10, 1.50), (0.0, -0.42, 0.84), 46.0),
    "Left hand": ((0.34, 0.12, 0.40), None, 40.0),
}
"""From the audience's side, where the lid is open; the left hand from the other, over the bass."""
HIPS: Final = 0.95
"""Metres above the floor of our musician's hips: from there on a character is to be in the picture."""
ROOM: Final = 1.05
"""Space around it."""
CLIP: Final = (0.02, 60.0)
LIGHTS: Final = {
    # name: position, size, power in W, colour
    "Key": ((-2.2, -2.6, 3.2), 1.6, 130.0, (1.0, 0.95, 0.88)),
    "Fill": ((2.8, -2.2, 1.9), 2.4, 60.0, (0.86, 0.92, 1.0)),
    "Rim": ((1.2, 2.4, 2.8), 1.0, 120.0, (1.0, 0.97, 0.92)),
}


@dataclass(frozen=True)
class Studio:
    """The objects of a studio."""

    collection: Any
    cameras: dict[str, Any]
    lights: dict[str, Any]
    backdrop: Any


def _aim(item: Any, target: Vector) -> None:
    """Turn a camera or light towards a point."""
    item.rotation_euler = (target - item.location).to_track_quat("-Z", "Y").to_euler()


def _add(name: str, data: Any, collection: Any, position: Any = (0.0, 0.0, 0.0)) -> Any:
    item = bpy.data.objects.new(name, data)
    item.location = position
    collection.objects.link(item)
    return item


def _backdrop(collection: Any, materials: Materials, radius: float = 5.5, bend: float = 1.6, high: float = 7.0) -> Any:
    """Floor and wall in one bowl, open to the front, where an animator's view comes from: 2.6 m to each side. A camera
    at the piano's side sees the wall as far as there."""
    arc = np.linspace(0, np.pi / 2, 13)
    corner = np.stack([radius - bend + bend * np.sin(arc), bend - bend * np.cos(arc)], axis=1)
    profile = np.concatenate([[[0.01, 0.0], [1.2, 0.0], [2.4, 0.0]], corner, [[radius, high]]])
    angle = np.arange(64) * 2 * np.pi / 64
    circle = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    rise = smoothstep(np.sin(angle), -0.88, -0.70)[:, None] * [0.0, 0.0, 1.0]
    rings = profile[:, None, :1] * circle + profile[:, None, 1:] * rise
    bowl = loft(rings[::-1], "backdrop", (False, False))
    backdrop = _add("Backdrop", build_mesh("Backdrop", [bowl], materials), collection)
    backdrop.hide_select, backdrop.display.show_shadows = True, False
    return backdrop


def _lights(collection: Any, matrix: Matrix) -> dict[str, Any]:
    """Key, fill and rim light."""
    lights = {}
    larger = matrix.median_scale
    for name, (position, size, power, colour) in LIGHTS.items():
        data = bpy.data.lights.new(name, "AREA")
        data.size, data.energy, data.color = size * larger, power * larger**2, colour
        lights[name] = _add(name, data, collection, matrix @ Vector(position))
        _aim(lights[name], matrix @ Vector((0.0, 0.0, 1.25)))
    return lights


def _camera(name: str, collection: Any, position: Any, lens: float) -> Any:
    data = bpy.data.cameras.new(name)
    data.lens = lens
    return _add(name, data, collection, position)


def _follow(camera: Any, armature: Any, bones: Sequence[str]) -> None:
    """Let a camera keep its distance from the left hand, and look at it."""
    follow, look = camera.constraints.new("COPY_LOCATION"), camera.constraints.new("TRACK_TO")
    follow.use_offset = True
    look.track_axis, look.up_axis = "TRACK_NEGATIVE_Z", "UP_Y"
    for constraint, bone in ((follow, bones[0]), (look, bones[-1])):
        constraint.target, constraint.subtarget = armature, bone


def _step_back(camera: Any, scene: Any, points: Array) -> None:
    """Move a camera straight back until all points (N, 3) are in its picture."""
    view = np.array(camera.matrix_basis.inverted())
    here = points @ view[:3, :3].T + view[:3, 3]
    wide, high, far = np.abs(camera.data.view_frame(scene=scene)[0])
    needed = np.maximum(np.abs(here[:, 0]) / wide, np.abs(here[:, 1]) / high) * far * ROOM + here[:, 2]
    back = max(0.0, float(needed.max(initial=0.0)))
    camera.location = camera.matrix_basis @ Vector((0.0, 0.0, back))


def _upper_body(armature: Any, matrix: Matrix) -> Array:
    """(N, 3) what is seen of a character from its hips upwards."""
    graph = bpy.context.evaluated_depsgraph_get()
    found = [np.zeros((0, 3))]
    for item in armature.children_recursive:
        if item.type == "MESH" and item.visible_get():
            shown = item.evaluated_get(graph)
            places = np.zeros(3 * len(shown.data.vertices), dtype=np.float32)
            shown.data.vertices.foreach_get("co", places)
            world = np.array(shown.matrix_world)
            found.append(places.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3])
    points = np.concatenate(found)
    ours = np.array(matrix.inverted())
    return points[points @ ours[2, :3] + ours[2, 3] > HIPS]


def _world(scene: Any) -> None:
    """A soft grey world."""
    world = bpy.data.worlds.new("Studio")
    world.color = (0.30, 0.31, 0.33)
    if world.node_tree is None:
        world.use_nodes = True
    background = next((n for n in world.node_tree.nodes if n.type == "BACKGROUND"), None)
    if background is not None:
        background.inputs["Color"].default_value = (0.55, 0.60, 0.68, 1.0)
        background.inputs["Strength"].default_value = 0.35
    scene.world = world


def build_studio(
    armature: Any,
    *,
    scene: Any = None,
    name: str = "Studio",
    matrix: Matrix | None = None,
    look_at: Sequence[str] = ("left_hand", "left_middle_proximal"),
    cameras: Mapping[str, tuple[Any, Any, float]] = CAMERAS,
) -> Studio:
    """Set up a studio in a new collection and look through its front camera.

    Args:
        armature: of the musician, whom cameras and lights look at.
        scene: where to build; the current scene if not given.
        name: of the collection.
        matrix: takes our musician's place and size to the character's; None for our musician.
        look_at: bones of the left hand and of its middle knuckle; none for no camera there.
        cameras: as CAMERAS; "Front" is looked through.
    """
    theirs, matrix = matrix is not None, Matrix.Identity(4) if matrix is None else matrix
    scene = scene or bpy.context.scene
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    made = {}
    for camera, (position, target, lens) in cameras.items():
        if target is not None:
            made[camera] = _camera(camera, collection, matrix @ Vector(position), lens)
            _aim(made[camera], matrix @ Vector(target))
        elif look_at:
            made[camera] = _camera(camera, collection, matrix.to_3x3() @ Vector(position), lens)
            _follow(made[camera], armature, look_at)
    for camera in made.values():
        camera.data.clip_start, camera.data.clip_end = (v * matrix.median_scale for v in CLIP)
    if theirs and cameras is CAMERAS:  # heads, hats and shields of any size; at the piano a wall stands behind
        _step_back(made["Front"], scene, _upper_body(armature, matrix))
    lights = _lights(collection, matrix)
    _world(scene)
    scene.camera = made["Front"]
    backdrop = _backdrop(collection, Materials())
    backdrop.matrix_world = matrix
    return Studio(collection, made, lights, backdrop)


def render_settings(scene: Any, width: int = 960, height: int = 540, *, still: bool = False) -> None:
    """A good-looking preview by Workbench: studio light, material colours, cavity.

    A film's frame takes a tenth of a second even without a GPU; ``still`` adds shadows and
    finer edges for about two seconds a picture.
    """
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.look = "None"
    display, shading = scene.display, scene.display.shading
    display.render_aa = "8" if still else "FXAA"
    display.light_direction = (-0.40, 0.74, 0.54)  # turned: from the left, above, in front
    display.shadow_shift, display.shadow_focus = 0.10, 0.30
    shading.light, shading.studio_light = "STUDIO", "paint.sl"
    shading.color_type = "MATERIAL"
    shading.show_specular_highlight = True
    shading.show_shadows, shading.shadow_intensity = still, 0.35
    shading.show_cavity, shading.cavity_type = True, "BOTH" if still else "SCREEN"
    shading.cavity_ridge_factor, shading.cavity_valley_factor = 0.25, 0.80
    shading.curvature_ridge_factor, shading.curvature_valley_factor = 0.20, 0.50
    shading.show_object_outline = False
