# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Real rigs from ``shared/data/rigs``, which are not part of the project: read without Blender, or built in it.

``rest_pose_of_mpfb("mixamo")`` and its like give rest poses; ``build_mpfb("mixamo")`` an armature object.
MPFB's tables place bone ends on the vertices of a body mesh (1 unit = 1 dm, Y up); both functions turn
them to metres, Z up, facing -Y.
"""

from __future__ import annotations

import json
import re
import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from blender_addon.core import rotations as rot
from blender_addon.core.rotations import Array
from blender_addon.rig.rest_pose import RestPose
from tests.rigs import Row, rest_pose

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "rigs"
ABSENT = "the real rigs (shared/data/rigs) are not here"
MPFB = {"mixamo", "game_engine", "cmu_mb", "default", "openpose"}
DECIMETRE = 0.1


def here() -> bool:
    return FOLDER.is_dir()


@cache
def _body() -> tuple[Array, dict[str, Array]]:
    """Vertices (V, 3) of the body in dm, and the middle (3,) of each joint's cube."""
    vertices: list[list[float]] = []
    groups: dict[str, set[int]] = {}
    group: set[int] = set()
    for line in (FOLDER / "mpfb-cc0" / "base.obj").read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()[:3]])
        elif kind == "g":
            group = groups.setdefault(rest.strip(), set())
        elif kind == "f":
            group.update(int(corner.split("/")[0]) - 1 for corner in rest.split())
    points = np.array(vertices)
    cubes = {name: points[sorted(g)].mean(axis=0) for name, g in groups.items() if name.startswith("joint-")}
    return points, cubes


def _place(end: dict[str, Any]) -> Array:
    """(3,) metres, Z up, of a bone's end."""
    vertices, cubes = _body()
    strategy = end["strategy"]
    if strategy == "CUBE":
        point = cubes[end["cube_name"]]
    elif strategy == "VERTEX":
        point = vertices[end["vertex_index"]]
    else:
        point = vertices[end["vertex_indices"]].mean(axis=0)
    x, y, z = DECIMETRE * point
    return np.array([x, -z, y])


def mpfb_bones(name: str) -> dict[str, Any]:
    """MPFB's table of a rig ("mixamo", ..., or "rigify" for its metarig): bone -> its entry."""
    file = "rigify_rig.human.json" if name == "rigify" else f"rig.{name}.json"
    data = json.loads((FOLDER / "mpfb-cc0" / file).read_text())
    return dict(data.get("bones", data))


def mpfb_rows(name: str) -> list[Row]:
    """Bone, parent, head and tail of a rig of MPFB's."""
    return [
        (bone, entry["parent"] or None, _place(entry["head"]), _place(entry["tail"]))
        for bone, entry in mpfb_bones(name).items()
    ]


def rest_pose_of_mpfb(name: str) -> RestPose:
    return rest_pose(name, mpfb_rows(name), [float(e["roll"]) for e in mpfb_bones(name).values()])


def build_mpfb(name: str) -> Any:
    """A new armature object in Blender's scene; it is made the active one."""
    import bpy

    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    entries = mpfb_bones(name)
    bpy.ops.object.mode_set(mode="EDIT")
    edit = armature.data.edit_bones
    for bone, _, head, tail in mpfb_rows(name):
        new = edit.new(bone)
        new.head, new.tail, new.roll = head, tail, float(entries[bone]["roll"])
    for bone, parent, _, _ in mpfb_rows(name):
        if parent is not None:
            edit[bone].parent = edit[parent]
        edit[bone].use_inherit_rotation = bool(entries[bone].get("use_inherit_rotation", True))
        edit[bone].use_local_location = bool(entries[bone].get("use_local_location", True))
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def rest_pose_of_gltf(path: Path) -> RestPose:
    """The joints of a glTF binary's first skin, Y up as in the file; bones end at their first child."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    nodes = json.loads(data[20 : 20 + length])
    joints = sorted(nodes["skins"][0]["joints"])
    above = {child: i for i, node in enumerate(nodes["nodes"]) for child in node.get("children", [])}
    heads = {i: _gltf_matrix(nodes["nodes"], above, i)[:3, 3] for i in joints}
    rows: list[Row] = []
    for i in joints:
        children = [c for c in nodes["nodes"][i].get("children", []) if c in heads]
        matrix = _gltf_matrix(nodes["nodes"], above, i)
        tail = heads[children[0]] if children else heads[i] + 0.05 * matrix[:3, 1]
        parent = nodes["nodes"][above[i]]["name"] if above.get(i) in heads else None
        rows.append((nodes["nodes"][i]["name"], parent, heads[i], tail))
    return rest_pose(path.stem, rows)


def _gltf_matrix(nodes: list[dict[str, Any]], above: dict[int, int], i: int) -> Array:
    node = nodes[i]
    matrix = np.eye(4)
    x, y, z, w = node.get("rotation", [0.0, 0.0, 0.0, 1.0])
    matrix[:3, :3] = rot.to_matrix(np.array([w, x, y, z])) * np.array(node.get("scale", [1.0, 1.0, 1.0]))
    matrix[:3, 3] = node.get("translation", [0.0, 0.0, 0.0])
    return _gltf_matrix(nodes, above, above[i]) @ matrix if i in above else matrix


def rest_pose_of_bvh(path: Path) -> RestPose:
    """A BVH's hierarchy, in its own units and axes; bones end at their first child."""
    names: list[str] = []
    parents: list[int] = []
    heads: list[Array] = []
    ends: dict[int, Array] = {}
    open_joints: list[int] = []
    in_end = False
    for line in path.read_text().splitlines():
        words = line.split()
        if words[:1] == ["MOTION"]:
            break
        if words[:1] in (["ROOT"], ["JOINT"]):
            parents.append(open_joints[-1] if open_joints else -1)
            names.append(words[1])
        elif re.match(r"\s*End Site", line):
            in_end = True
        elif words[:1] == ["OFFSET"]:
            offset = np.array([float(x) for x in words[1:]])
            if in_end:
                ends[open_joints[-1]] = heads[open_joints[-1]] + offset
            else:
                heads.append(offset + (heads[parents[-1]] if parents[-1] >= 0 else 0.0))
        elif words == ["{"]:
            open_joints.append(-1 if in_end else len(names) - 1)
        elif words == ["}"]:
            in_end = in_end and open_joints.pop() != -1 if in_end else bool(open_joints.pop() < -1)
    return rest_pose(path.stem, _bvh_rows(names, parents, heads, ends))


def _bvh_rows(names: list[str], parents: list[int], heads: list[Array], ends: dict[int, Array]) -> list[Row]:
    rows: list[Row] = []
    for i, name in enumerate(names):
        below = [heads[c] for c in range(len(names)) if parents[c] == i]
        tail = ends.get(i, below[0] if below else heads[i])
        rows.append((name, names[parents[i]] if parents[i] >= 0 else None, heads[i], tail))
    return rows
