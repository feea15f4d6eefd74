# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Makes ``blender_addon/rig/props.blend``: the armatures that hold violin and bow, or a piano, for a character.

    .venv-bpy-4.2/bin/python scripts/make_props_armature.py     (older Blenders may not read what newer ones write)

Bones can only be made in edit mode, which a timer cannot enter safely (blender_addon/undo_step.py says why);
so they are made here, once. All but the piano's keys are at the origin, along the armature's own axes: their
channels are plain places and turns.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import bpy  # noqa: E402

from blender_addon.core.pianist import KEY_JOINTS  # noqa: E402
from blender_addon.core.pianist import PROPS as PIANO_PROPS  # noqa: E402
from blender_addon.rig.mannequin import editing_bones  # noqa: E402
from blender_addon.rig.perform import ARMATURES, PIANO, PROPS_FILE, VIOLIN  # noqa: E402
from blender_addon.rig.performance import PROPS  # noqa: E402
from blender_addon.rig.pianist import add_piano_bones  # noqa: E402


def main() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    items = {_violin(), _piano()}
    bpy.data.libraries.write(str(PROPS_FILE), items, compress=True)
    print(f"{PROPS_FILE.relative_to(ROOT)}: {PROPS_FILE.stat().st_size} bytes")


def _armature(name: str) -> Any:
    item = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(item)
    item.data.display_type = "STICK"
    return item


def _violin() -> Any:
    item = _armature(ARMATURES[VIOLIN])
    with editing_bones(item) as bones:
        for name in PROPS:
            bone = bones.new(name)
            bone.head, bone.tail, bone.roll = (0.0, 0.0, 0.0), (0.0, 0.1, 0.0), 0.0
    return item


def _piano() -> Any:
    """The keys, of which nobody wants to see the bones, in a collection of their own."""
    item = _armature(ARMATURES[PIANO])
    with editing_bones(item) as bones:
        add_piano_bones(bones, dict.fromkeys(PIANO_PROPS, (0.0, 0.0, 0.0)))
    keys = item.data.collections.new("Keys")
    for joint in KEY_JOINTS:
        keys.assign(item.data.bones[joint])
        item.pose.bones[joint].rotation_mode = "XYZ"
    keys.is_visible = False
    return item


if __name__ == "__main__":
    main()
