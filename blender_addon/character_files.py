# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters from files (.blend, glTF, VRM, FBX, BVH) and performances to files (FBX, glTF, BVH, USD)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np

from . import put_away
from .bvh_axes import stand_up
from .rig import nla
from .rig.armature import rest_pose_of
from .rig.bone_map import guess_bone_map

READABLE: Final = (".blend", ".glb", ".gltf", ".vrm", ".fbx", ".bvh")
WRITABLE: Final = (".fbx", ".glb", ".bvh", ".usd", ".usdc")


class CharacterError(ValueError):
    """A character cannot be read or written; the message says what to do."""


def open_character(path: Path, armature_name: str = "") -> Any:
    """Open or import a character in place of the current file; returns its armature.

    What moved it before is kept, set aside: actions become muted NLA tracks.

    Raises:
        CharacterError: unknown kind of file, damaged, without an armature, or with several to choose from.
    """
    if path.suffix.lower() not in READABLE:
        raise CharacterError(f"{path.name} is no character file; give one of {', '.join(READABLE)}")
    if not path.is_file():
        raise CharacterError(f"there is no file {path}; check the name")
    is_blend = path.suffix.lower() == ".blend"
    try:
        if is_blend:
            bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
        else:
            bpy.ops.wm.read_factory_settings(use_empty=True)
            _import(path)
    except RuntimeError as error:
        reason = str(error).removeprefix("Error: ").strip().splitlines()[-1]
        raise CharacterError(f"{path.name} cannot be opened: {reason}") from error
    armature = _choose(path, armature_name)
    _set_aside(armature)
    if not is_blend:
        for bone in armature.pose.bones:  # importers leave the pose of some frame
            bone.matrix_basis.identity()
    return armature


def _import(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix in (".glb", ".gltf"):
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif suffix == ".vrm":  # a glTF of another name
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / f"{path.stem}.glb"
            shutil.copyfile(path, copy)
            bpy.ops.import_scene.gltf(filepath=str(copy))
    elif suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    else:
        bpy.ops.import_anim.bvh(filepath=str(path), use_fps_scale=False, update_scene_fps=False)


def _set_aside(armature: Any) -> None:
    """Keep what moves a character as muted tracks, so that a take is seen."""
    data = armature.animation_data
    if data is None:
        return
    action, data.action = data.action, None
    if action is not None:
        nla.add_strip(armature, action, action.name, action.name)
    for track in data.nla_tracks:
        track.mute = True


def _choose(path: Path, name: str) -> Any:
    """The armature by name, or the one whose bones make the most of a body."""
    armatures = [o for o in bpy.context.scene.objects if o.type == "ARMATURE"]
    names = ", ".join(repr(a.name) for a in armatures)
    if not armatures:
        raise CharacterError(f"{path.name} has no armature; give a file with a rigged character")
    if name:
        found = next((a for a in armatures if a.name == name), None)
        if found is None:
            raise CharacterError(f"{path.name} has no armature {name!r}; it has {names}")
        return found
    mapped = [len(guess_bone_map(rest_pose_of(a)).bones) for a in armatures]
    best = int(np.argmax(mapped))
    if sorted(mapped)[-2:].count(mapped[best]) > 1:
        raise CharacterError(f"{path.name} has several characters, {names}; choose one with --armature")
    return armatures[best]


def with_ending(name: str, kind: str) -> str:
    """A file's name with the ending of a kind of file, in place of another kind's: ``anna v1.2`` has none. A folder
    stays as it is."""
    stem, ending = os.path.splitext(name)
    return name if not bpy.path.basename(name) else (stem if ending.lower() in WRITABLE else name) + kind


def export_character(path: Path, armature: Any, scene: Any) -> None:
    """Write a character as it performs, its meshes and instruments with it.

    Raises:
        CharacterError: unknown kind of file, a character that is not there to be seen, or Blender's exporter failed.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITABLE:
        raise CharacterError(f"{path.name}: a performance is exported to one of {', '.join(WRITABLE)}")
    target = str(path)
    with _shown(armature), _selected(armature):
        try:
            if suffix == ".fbx":
                bpy.ops.export_scene.fbx(
                    filepath=target,
                    use_selection=True,
                    add_leaf_bones=False,
                    bake_anim_use_nla_strips=False,
                    bake_anim_use_all_actions=False,
                    bake_anim_simplify_factor=0.0,  # thinned-out keys are millimetres off
                )
            elif suffix == ".glb":
                bpy.ops.export_scene.gltf(
                    filepath=target,
                    use_selection=True,
                    export_animation_mode="SCENE",
                    export_anim_scene_split_object=False,
                )
            elif suffix == ".bvh":
                frames = {"frame_start": scene.frame_start, "frame_end": scene.frame_end}
                bpy.ops.export_anim.bvh(filepath=target, root_transform_only=True, **frames)
                if _up(armature) == "Z":
                    path.write_text(stand_up(path.read_text(encoding="utf-8")), encoding="utf-8")
            else:
                bpy.ops.wm.usd_export(filepath=target, selected_objects_only=True, export_animation=True)
        except AttributeError as error:
            raise CharacterError(
                f"Blender's add-on that writes {suffix} is switched off; switch it on in Preferences > Add-ons"
            ) from error
        except RuntimeError as error:
            raise CharacterError(f"{path.name} could not be exported: {error}") from error


def _up(armature: Any) -> str:
    """The axis of an armature's own space that points up in the scene."""
    up = np.array(armature.matrix_world.inverted_safe())[:3, 2]
    return "XYZ"[int(np.argmax(up))]


@contextmanager
def _shown(armature: Any) -> Iterator[None]:
    """A rig that is hidden, as rigs often are, shown for a moment: exporters leave out what is hidden."""
    layer = bpy.context.view_layer
    layer.update()
    if armature.name not in layer.objects:
        raise CharacterError(f"{armature.name!r} is not in this scene, or its collection is excluded; include it first")
    hidden, disabled = armature.hide_get(), armature.hide_viewport
    armature.hide_viewport = False
    armature.hide_set(False)
    layer.update()
    try:
        if not armature.visible_get():
            raise CharacterError(f"the collection of {armature.name!r} is hidden; show it first")
        yield
    finally:
        armature.hide_set(hidden)
        armature.hide_viewport = disabled


@contextmanager
def _selected(armature: Any) -> Iterator[None]:
    """The character and all that hangs on it selected, and the selection put back."""
    layer = bpy.context.view_layer
    active, before = layer.objects.active, [o for o in layer.objects if o.select_get()]
    worn = [o for o in layer.objects if any(m.type == "ARMATURE" and m.object == armature for m in o.modifiers)]
    for item in layer.objects:
        mine = item == armature or item in worn or item in armature.children_recursive
        item.select_set(mine and not put_away.put_away(item))
    layer.objects.active = armature
    try:
        yield
    finally:
        for item in layer.objects:
            item.select_set(item in before)
        layer.objects.active = active
