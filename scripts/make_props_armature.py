# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Makes ``blender_addon/rig/props.blend``: the armature that holds violin and bow for a character without them.

    .venv-bpy-4.2/bin/python scripts/make_props_armature.py     (older Blenders may not read what newer ones write)

Bones can only be made in edit mode, which a timer cannot enter safely (blender_addon/undo_step.py says why);
so they are made here, once. Both are at the origin, along the armature's own axes: their channels are plain
places and turns.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import bpy  # noqa: E402

from blender_addon.rig.perform import PROPS_ARMATURE, PROPS_FILE  # noqa: E402
from blender_addon.rig.performance import PROPS  # noqa: E402


def main() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    data = bpy.data.armatures.new(PROPS_ARMATURE)
    item = bpy.data.objects.new(PROPS_ARMATURE, data)
    bpy.context.scene.collection.objects.link(item)
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    for name in PROPS:
        bone = data.edit_bones.new(name)
        bone.head, bone.tail, bone.roll = (0.0, 0.0, 0.0), (0.0, 0.1, 0.0), 0.0
    bpy.ops.object.mode_set(mode="OBJECT")
    data.display_type = "STICK"
    bpy.data.libraries.write(str(PROPS_FILE), {item}, compress=True)
    print(f"{PROPS_FILE.relative_to(ROOT)}: {PROPS_FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
