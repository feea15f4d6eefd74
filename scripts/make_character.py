# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Makes a character that could be anybody's, for the guide's pictures and for trying things out.

    python scripts/make_character.py out/character.blend     (or .glb, .fbx)

It is our own figure with other proportions, other clothes, arms that hang at rest (an
A-pose) and the bone names that Mixamo gives; it has no instrument.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import bpy  # noqa: E402
import numpy as np  # noqa: E402
from mathutils import Quaternion  # noqa: E402

from blender_addon.character_files import export_character  # noqa: E402
from blender_addon.core.skeleton import Skeleton  # noqa: E402
from blender_addon.core.violinist import violinist_skeleton  # noqa: E402
from blender_addon.rig import studio  # noqa: E402
from blender_addon.rig.mannequin import build_musician  # noqa: E402

PRESET = ROOT / "blender_addon/rig/presets/mixamo.json"
LENGTHS = {"upper_leg": 1.0, "lower_leg": 0.90, "foot": 0.90, "lower_arm": 0.93, "hand": 0.93, "neck": 1.1}
"""Lengths of the segments that end at these joints, as parts of our violinist's."""
COLOURS = {
    "jacket": (0.20, 0.028, 0.040),
    "lapel": (0.10, 0.012, 0.020),
    "trousers": (0.06, 0.06, 0.07),
    "hair": (0.16, 0.07, 0.025),
    "skin": (0.44, 0.235, 0.150),
}
ARMS_DOWN = np.radians(38.0)


def main() -> None:
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "out/character.blend").absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    armature = make_character()
    studio.render_settings(bpy.context.scene)
    if target.suffix == ".blend":
        bpy.ops.wm.save_as_mainfile(filepath=str(target), compress=True)
    else:
        export_character(target, armature, bpy.context.scene)
    print(target, flush=True)


def make_character() -> Any:
    """Build the character in the current scene; returns its armature."""
    musician = build_musician(_proportions(), "Emil")
    for prop in (musician.violin, musician.bow):
        bpy.data.objects.remove(prop)
    _dress(musician.body)
    _hang_arms(musician.armature, musician.body)
    _rename(musician.armature)
    return musician.armature


def _proportions() -> Skeleton:
    skeleton = violinist_skeleton()
    offsets = skeleton.offsets.copy()
    for i, joint in enumerate(skeleton.joints):
        part = joint.removeprefix("left_").removeprefix("right_")
        offsets[i] *= LENGTHS.get(part, 1.0)
    lost = (
        skeleton.rest_positions
        - Skeleton(skeleton.name, skeleton.joints, skeleton.parents, offsets, skeleton.roles).rest_positions
    )
    offsets[0, 2] += lost[skeleton.index("left_foot"), 2]
    return Skeleton(skeleton.name, skeleton.joints, skeleton.parents, offsets, skeleton.roles)


def _dress(body: Any) -> None:
    for material in body.data.materials:
        colour = next((c for name, c in COLOURS.items() if material.name.lower().split(".")[0].endswith(name)), None)
        if colour is not None:
            material.diffuse_color = (*colour, 1.0)
            for node in material.node_tree.nodes if material.node_tree else ():
                if "Base Color" in node.inputs:
                    node.inputs["Base Color"].default_value = (*colour, 1.0)


def _hang_arms(armature: Any, body: Any) -> None:
    """Make a pose with hanging arms the rest pose, of bones and mesh."""
    for side, sign in (("left", 1.0), ("right", -1.0)):
        bone = armature.pose.bones[f"{side}_upper_arm"]
        rest = bone.bone.matrix_local.to_quaternion()
        turn = Quaternion((0.0, 1.0, 0.0), sign * ARMS_DOWN)
        bone.rotation_quaternion = rest.inverted() @ turn @ rest
    bpy.context.view_layer.update()
    evaluated = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    places = np.empty(len(body.data.vertices) * 3, dtype=np.float32)
    evaluated.data.vertices.foreach_get("co", places)
    body.data.vertices.foreach_set("co", places)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.armature_apply()
    bpy.ops.object.mode_set(mode="OBJECT")


def _rename(armature: Any) -> None:
    """Mixamo's names, and no bones for instruments."""
    names = json.loads(PRESET.read_text())
    bones = armature.data.bones
    for joint, pattern in names["bones"].items():
        for side in ("left", "right"):
            ours = joint if joint in bones else f"{side}_{joint}"
            if ours in bones:
                bones[ours].name = f"mixamorig:{pattern.format(side=names['sides'][side])}"
    bpy.ops.object.mode_set(mode="EDIT")
    for name in ("violin_end", "bow_frog"):
        armature.data.edit_bones.remove(armature.data.edit_bones[name])
    bpy.ops.object.mode_set(mode="OBJECT")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
