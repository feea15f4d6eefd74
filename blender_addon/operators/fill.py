# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill between poses, vary a take, try four seeds, and compare what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import bpy

from .. import beside, connection, fills, followed, obstacles, takes
from ..order import Order
from . import UNDOABLE
from .generate import begin, begin_all

ONE_BODY: Final = "All four would have the same body: untick Keep My Body, or vary the take"


class Fill(bpy.types.Operator):
    """Make up the frames between your own poses from the music, as a new take. The frames that you keyed stay"""

    bl_idname = "cadenza.fill"
    bl_label = "Fill Between My Keys"
    section = "fill"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_filling(context.scene))

    def execute(self, context: Any) -> set[str]:
        return begin(self, lambda: fills.fill(context.scene))


class Vary(bpy.types.Operator):
    """Make the chosen take anew, as near to it as you like. Frames that you keyed in it, or marked, stay as they are"""

    bl_idname = "cadenza.vary"
    bl_label = "Vary This Take"
    section = "vary"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_varying(context.scene))

    def execute(self, context: Any) -> set[str]:
        return begin(self, lambda: fills.vary(context.scene))


class Four:
    """What the operators below have in common: four takes, one after the other."""

    bl_label: ClassVar = "Four Seeds"

    def execute(self, context: Any) -> set[str]:
        return begin_all(self, lambda: self.orders(context.scene))

    def orders(self, scene: Any) -> Sequence[Order]:
        raise NotImplementedError


class FillFour(Four, bpy.types.Operator):
    """Fill between your keys four times: with this seed and the next three, a take each"""

    bl_idname = "cadenza.fill_four"
    section = "fill"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_filling(context.scene))

    def orders(self, scene: Any) -> Sequence[Order]:
        return fills.four_fills(scene)


class VaryFour(Four, bpy.types.Operator):
    """Vary the chosen take four times: with this seed and the next three, a take each"""

    bl_idname = "cadenza.vary_four"
    section = "vary"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_varying(context.scene))

    def orders(self, scene: Any) -> Sequence[Order]:
        return fills.four_variations(scene)


class GenerateFour(Four, bpy.types.Operator):
    """Generate four times: with this seed and the next three, a take each"""

    bl_idname = "cadenza.generate_four"
    section = "generate"

    @classmethod
    def poll(cls, context: Any) -> bool:
        one_body = ONE_BODY if followed.wanted(context.scene) else ""
        return obstacles.allow(cls, obstacles.to_generating(context.scene) or one_body)

    def orders(self, scene: Any) -> Sequence[Order]:
        return fills.four_performances(scene)


class SideBySide(bpy.types.Operator):
    """Show the takes that were made at once with the chosen one (or the newest four) beside the character, each on a
    copy that shares its meshes. Again to take the copies away"""

    bl_idname = "cadenza.side_by_side"
    bl_label = "Side by Side"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, "" if beside.shown() else obstacles.to_comparing(context.scene))

    def execute(self, context: Any) -> set[str]:
        if beside.shown():
            beside.remove()
        else:
            beside.show(context.scene, context.scene.cadenza.character)
        return {"FINISHED"}


class TakeThisOne(bpy.types.Operator):
    """Show the take of the selected copy on the character itself"""

    bl_idname = "cadenza.take_this_one"
    bl_label = "Take This One"
    bl_options = UNDOABLE

    @classmethod
    def poll(cls, context: Any) -> bool:
        found = beside.take_of(context.object)
        return obstacles.allow(cls, "" if found else "Click on one of the copies that stand side by side")

    def execute(self, context: Any) -> set[str]:
        found = beside.take_of(context.object)
        if found is None:
            return {"CANCELLED"}
        armature, take = found
        takes.show(armature, take)
        armature.cadenza_take_index = next(i for i, t in enumerate(armature.cadenza_takes) if t.uid == take.uid)
        self.report({"INFO"}, f"{armature.name} plays {take.name}")
        return {"FINISHED"}


class UseFillRange(bpy.types.Operator):
    """Take the preview range, or the scene's, as the range to fill or vary"""

    bl_idname = "cadenza.use_fill_range"
    bl_label = "Use Preview Range"
    bl_options = UNDOABLE

    def execute(self, context: Any) -> set[str]:
        scene, state = context.scene, context.scene.cadenza
        preview = scene.use_preview_range
        state.fill_from = scene.frame_preview_start if preview else scene.frame_start
        state.fill_to = scene.frame_preview_end if preview else scene.frame_end
        return {"FINISHED"}


class ChooseFiller(bpy.types.Operator):
    """Fill and vary with this"""

    bl_idname = "cadenza.choose_filler"
    bl_label = "Choose Filler"
    bl_options = UNDOABLE

    name: bpy.props.StringProperty()  # type: ignore[valid-type]

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        known = connection.known().fillers()
        info = next((c for c in known if c.name == properties.name), None)
        return f"{info.description} (weights: {info.licence})" if info else ""

    def execute(self, context: Any) -> set[str]:
        context.scene.cadenza.filler = self.name
        return {"FINISHED"}


CLASSES = (Fill, Vary, FillFour, VaryFour, GenerateFour, SideBySide, TakeThisOne, UseFillRange, ChooseFiller)
