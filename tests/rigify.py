# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Blender's human Rigify rig, made in a process of its own.

Rigify's generation leaves some versions of Blender's module in a state in which a later import, or the
end of the process, crashes. So it happens elsewhere, and what tests need comes back as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from blender_addon.rig.bone_map import BoneMap, guess_bone_map
from blender_addon.rig.rest_pose import RestPose

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Generated:
    """A Rigify rig.

    Attributes:
        metarig, rest: rest poses of the metarig and of what it generates.
        properties: bone -> names of its custom properties.
        turned: mapped bone -> (4, 4) a turn at random in the bone's own axes.
        posed: bone -> (4, 4) where Blender's evaluation puts it then, in the armature's space.
    """

    metarig: RestPose
    rest: RestPose
    properties: dict[str, set[str]]
    turned: dict[str, np.ndarray]
    posed: dict[str, np.ndarray]


@cache
def generated() -> Generated:
    """Generate the human rig, with the settings of its bone map and posed at random (about 6 s)."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rigify.json"
        run = [sys.executable, "-m", "tests.rigify", str(file)]
        subprocess.run(run, cwd=ROOT, check=True, capture_output=True, timeout=200)
        data = json.loads(file.read_text(encoding="utf-8"))
    return Generated(
        _rest_pose(data["metarig"]),
        _rest_pose(data["rest"]),
        {bone: set(names) for bone, names in data["properties"].items()},
        *({bone: np.array(matrix) for bone, matrix in data[name].items()} for name in ("turned", "posed")),
    )


def _rest_pose(data: dict[str, Any]) -> RestPose:
    arrays = {"heads", "tails", "rotations", "world"}
    return RestPose(
        **{
            f.name: np.array(data[f.name])
            if f.name in arrays
            else data[f.name]
            if f.name == "name"
            else tuple(data[f.name])
            for f in fields(RestPose)
        }
    )


def _generate() -> dict[str, Any]:
    """In Blender: what ``generated`` returns, as JSON's types."""
    import bpy

    # isort: split
    import addon_utils  # Blender's own: there once bpy is

    from blender_addon.rig.armature import rest_pose_of

    bpy.ops.wm.read_factory_settings(use_empty=True)
    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_human_metarig_add()
    metarig = rest_pose_of(bpy.context.object)
    bpy.ops.pose.rigify_generate()
    rig = bpy.context.object
    rest = rest_pose_of(rig)
    turned = _pose_at_random(rig, guess_bone_map(rest))
    return {
        "metarig": asdict(metarig),
        "rest": asdict(rest),
        "properties": {bone.name: sorted(bone.keys()) for bone in rig.pose.bones},
        "turned": turned,
        "posed": {bone.name: np.array(bone.matrix) for bone in rig.pose.bones},
    }


def _pose_at_random(rig: Any, bone_map: BoneMap) -> dict[str, np.ndarray]:
    """Set what the map says that the rig needs, and turn every mapped bone."""
    import bpy
    from mathutils import Quaternion

    for bone, name, value in bone_map.settings:
        holder = rig.pose.bones[bone]
        holder[name] = type(holder[name])(value)
    rng, turned = np.random.default_rng(1), {}
    for bone in bone_map.bones.values():
        matrix = Quaternion(rng.normal(size=3), rng.uniform(-0.6, 0.6)).to_matrix().to_4x4()
        if bone == bone_map.bones["hips"]:
            matrix.translation = (0.1, 0.2, -0.3)
        rig.pose.bones[bone].matrix_basis = matrix
        turned[bone] = np.array(matrix)
    bpy.context.view_layer.update()
    return turned


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(_generate(), default=np.ndarray.tolist), encoding="utf-8")
    os._exit(0)
