# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who performs: our musician, or a character of the animator's own with its bone map."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from .. import beside, character, obstacles
from ..core.pianist import pianist_skeleton
from ..core.violinist import violinist_skeleton
from ..rig.armature import rest_pose_of
from ..rig.bone_map import BoneMap, BoneMapError
from ..rig.mannequin import build_musician
from ..rig.pianist import build_pianist
from . import UNDOABLE
from .failing import refuse

ASIDE = 0.6
"""Metres that the bench stands back while nobody sits on it."""


class AddMusician(bpy.types.Operator):
    """Add our musician with the chosen instrument, and let it perform"""

    bl_idname = "cadenza.add_musician"
    bl_label = "Add Musician"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, "" if context.mode == "OBJECT" else "Go to Object Mode first")

    def execute(self, context: Any) -> set[str]:
        state = context.scene.cadenza
        if state.instrument == "piano":
            musician = build_pianist(pianist_skeleton())
            musician.armature.pose.bones["bench"].location.y = ASIDE
            state.character = musician.armature
        else:
            state.character = build_musician(violinist_skeleton()).armature
        return {"FINISHED"}


class UseActive(bpy.types.Operator):
    """Let the active armature perform"""

    bl_idname = "cadenza.use_active"
    bl_label = "Use Active Armature"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        active = context.object
        if active is None or active.type != "ARMATURE":
            return obstacles.allow(cls, "Select an armature in the 3D view")
        copy = beside.MARK in active
        return obstacles.allow(cls, "This is a copy to compare: Take This One shows its take" if copy else "")

    def execute(self, context: Any) -> set[str]:
        context.scene.cadenza.character = context.object
        return {"FINISHED"}


class OnCharacter:
    """What the operators below have in common: they change the character's bone map."""

    bl_options: ClassVar = UNDOABLE
    section: ClassVar = "bone map"

    @classmethod
    def poll(cls, context: Any) -> bool:
        armature = context.scene.cadenza.character
        if armature is None:
            return obstacles.allow(cls, "Choose a character first")
        return obstacles.allow(cls, obstacles.to_changing(armature))

    def execute(self, context: Any) -> set[str]:
        try:
            self.change(context.scene.cadenza.character)
        except (BoneMapError, OSError) as error:
            return refuse(self, error)
        return {"FINISHED"}

    def change(self, armature: Any) -> None:
        raise NotImplementedError


class GuessBones(OnCharacter, bpy.types.Operator):
    """Guess by names and structure which bone is which joint; replaces the whole map"""

    bl_idname = "cadenza.guess_bones"
    bl_label = "Guess Bones"

    def change(self, armature: Any) -> None:
        bone_map = character.guess(armature)
        self.report({"INFO"}, f"{len(bone_map.bones)} joints have a bone")


class MirrorBones(OnCharacter, bpy.types.Operator):
    """Fill the missing joints of each side with the mirrored bones of the other"""

    bl_idname = "cadenza.mirror_bones"
    bl_label = "Mirror"

    def change(self, armature: Any) -> None:
        character.remember(armature, character.bone_map_of(armature).mirrored(rest_pose_of(armature)))


class LoadBones(OnCharacter, ImportHelper, bpy.types.Operator):
    """Load a bone map that was saved as a preset"""

    bl_idname = "cadenza.load_bones"
    bl_label = "Load Bone Map"
    filename_ext = ".json"
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})  # type: ignore[valid-type]

    def change(self, armature: Any) -> None:
        path = Path(self.filepath)
        try:
            bone_map = BoneMap.from_json(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            raise BoneMapError(f"{path.name} is no bone map; choose a file that Save Bone Map wrote") from None
        absent = sorted(b for b in bone_map.bones.values() if b not in armature.data.bones)
        if absent:
            raise BoneMapError(
                f"the bone map is for another rig: {armature.name!r} has no bones {', '.join(absent[:5])}"
                f"{' and so on' if len(absent) > 5 else ''}; guess its bones instead"
            )
        character.remember(armature, bone_map)


class SaveBones(OnCharacter, ExportHelper, bpy.types.Operator):
    """Save the bone map as a preset, for other characters with the same bones"""

    bl_idname = "cadenza.save_bones"
    bl_label = "Save Bone Map"
    bl_options: ClassVar = {"REGISTER"}
    filename_ext = ".json"
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})  # type: ignore[valid-type]

    def change(self, armature: Any) -> None:
        Path(self.filepath).write_text(character.bone_map_of(armature).to_json(), encoding="utf-8")


CLASSES = (AddMusician, UseActive, GuessBones, MirrorBones, LoadBones, SaveBones)
