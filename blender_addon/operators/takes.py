# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done with a take."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, ClassVar

import bpy

from .. import obstacles, orders, takes
from ..character_files import CharacterError, export_character, with_ending
from . import UNDOABLE
from .failing import EXPECTED, refuse
from .generate import begin


class OnTake:
    """What the operators below have in common: they work with one take of the character."""

    bl_options: ClassVar = UNDOABLE
    section: ClassVar = "takes"

    uid: bpy.props.StringProperty(options={"HIDDEN"}, description="Of the take; empty for the active one")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_take(context.scene))

    def take(self, context: Any) -> Any:
        armature = context.scene.cadenza.character
        found = takes.find(armature, self.uid) if self.uid else None
        return found or obstacles.chosen_take(context.scene)

    def execute(self, context: Any) -> set[str]:
        try:
            self.change(context.scene.cadenza.character, self.take(context))
        except takes.TakeError as error:
            return refuse(self, error)
        return {"FINISHED"}

    def change(self, armature: Any, take: Any) -> None:
        raise NotImplementedError


class ShowTake(OnTake, bpy.types.Operator):
    """Show this take and mute the character's others; press again to mute it too"""

    bl_idname = "cadenza.show_take"
    bl_label = "Show Take"

    def change(self, armature: Any, take: Any) -> None:
        takes.check_there(take)
        takes.show(armature, None if takes.shown(take) else take)


class SoloTake(OnTake, bpy.types.Operator):
    """Show this take without your own actions and layers, which stay as they are"""

    bl_idname = "cadenza.solo_take"
    bl_label = "Solo Take"

    def change(self, armature: Any, take: Any) -> None:
        takes.check_there(take)
        alone = takes.soloed(take)
        takes.show(armature, take)
        takes.solo(take, not alone)


class StarTake(OnTake, bpy.types.Operator):
    """Mark the takes that you like"""

    bl_idname = "cadenza.star_take"
    bl_label = "Star Take"

    def change(self, armature: Any, take: Any) -> None:
        takes.star(take)


class EditTake(OnTake, bpy.types.Operator):
    """Open this take's keys: pose the character and key it as always. Press again when you are done"""

    bl_idname = "cadenza.edit_take"
    bl_label = "Edit Keys"

    def change(self, armature: Any, take: Any) -> None:
        takes.check_there(take)
        takes.edit(armature, take, not takes.edited(take))


class AddLayer(OnTake, bpy.types.Operator):
    """Put an empty action over the take: key only what you want different, the rest shines through"""

    bl_idname = "cadenza.add_layer"
    bl_label = "Add Layer"

    def change(self, armature: Any, take: Any) -> None:
        takes.add_layer(armature, take)


class FitScene(OnTake, bpy.types.Operator):
    """Let the scene last as long as this take"""

    bl_idname = "cadenza.fit_scene"
    bl_label = "Fit Scene to Take"

    def change(self, armature: Any, take: Any) -> None:
        takes.check_there(take)
        scene, (_, last) = bpy.context.scene, takes.frames_of(take) or (0.0, 0.0)
        scene.frame_end = max(scene.frame_start, math.floor(last + 1e-6))


class DeleteTake(OnTake, bpy.types.Operator):
    """Delete the take, its strips and its actions"""

    bl_idname = "cadenza.delete_take"
    bl_label = "Delete Take"

    def change(self, armature: Any, take: Any) -> None:
        takes.delete(armature, take)


class ToGenerate(OnTake):
    """What the operators below have in common: the backend works with a take."""

    bl_options: ClassVar = {"REGISTER"}  # the job makes its own undo step when it is done

    @classmethod
    def poll(cls, context: Any) -> bool:
        reason = obstacles.to_take(context.scene) or obstacles.to_working() or obstacles.to_backend()
        return obstacles.allow(cls, reason)

    def execute(self, context: Any) -> set[str]:
        return begin(self, lambda: self.order(context.scene, self.take(context)))

    def order(self, scene: Any, take: Any) -> Any:
        raise NotImplementedError


class NewSeedTake(ToGenerate, bpy.types.Operator):
    """Generate another take with the same source and options, and a new seed"""

    bl_idname = "cadenza.new_seed_take"
    bl_label = "Same with New Seed"

    def order(self, scene: Any, take: Any) -> Any:
        return orders.like_take(scene, take)


class GenerateAgain(ToGenerate, bpy.types.Operator):
    """Generate the chosen frames and part of this take again; your own keys in it stay"""

    bl_idname = "cadenza.generate_again"
    bl_label = "Generate Again"
    section = "again"

    def order(self, scene: Any, take: Any) -> Any:
        return orders.take_again(scene, take)


class UseRange(bpy.types.Operator):
    """Take the preview range, or the scene's, as the range to generate again"""

    bl_idname = "cadenza.use_range"
    bl_label = "Use Preview Range"
    bl_options = UNDOABLE

    def execute(self, context: Any) -> set[str]:
        scene, state = context.scene, context.scene.cadenza
        preview = scene.use_preview_range
        state.again_from = scene.frame_preview_start if preview else scene.frame_start
        state.again_to = scene.frame_preview_end if preview else scene.frame_end
        return {"FINISHED"}


class ExportCharacter(bpy.types.Operator):
    """Export the character as it performs now: FBX, glTF, BVH or USD"""

    bl_idname = "cadenza.export_character"
    bl_label = "Export Performance"
    section = "export"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH")  # type: ignore[valid-type]
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    kind: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Format",
        items=((".fbx", "FBX", ""), (".glb", "glTF", ""), (".bvh", "BVH", ""), (".usd", "USD", "")),
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        none = context.scene.cadenza.character is None
        reason = "Choose a character first" if none else "" if context.mode == "OBJECT" else "Go to Object Mode first"
        return obstacles.allow(cls, reason)

    def invoke(self, context: Any, event: Any) -> set[str]:
        if not self.filepath:
            self.filepath = f"//{bpy.path.clean_name(context.scene.cadenza.character.name)}"
        self.check(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: Any) -> bool:
        """In the file browser: the name as it will be, so that Blender warns of a file that is there."""
        named = with_ending(self.filepath, self.kind)
        changed, self.filepath = named != self.filepath, named
        return changed

    def execute(self, context: Any) -> set[str]:
        if not bpy.path.basename(self.filepath):
            return refuse(self, CharacterError("give the file a name"))
        path = Path(bpy.path.abspath(with_ending(self.filepath, self.kind)))
        try:
            export_character(path, context.scene.cadenza.character, context.scene)
        except EXPECTED as error:
            return refuse(self, error)
        self.report({"INFO"}, f"Wrote {path}")
        return {"FINISHED"}


CLASSES = (
    ShowTake,
    SoloTake,
    StarTake,
    EditTake,
    AddLayer,
    FitScene,
    DeleteTake,
    NewSeedTake,
    GenerateAgain,
    UseRange,
    ExportCharacter,
)
