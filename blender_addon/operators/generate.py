# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate, cancel, and what belongs to a generator's options."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import bpy

from .. import connection, followed, jobs, obstacles, options, orders, report, session
from ..order import Order
from ..scene_properties import LARGEST_SEED
from . import UNDOABLE
from .failing import EXPECTED, refuse


def begin(operator: Any, make_order: Callable[[], Order]) -> set[str]:
    """Start a job, or tell why not; the operator's result."""
    return begin_all(operator, lambda: [make_order()])


def begin_all(operator: Any, make_orders: Callable[[], Sequence[Order]]) -> set[str]:
    """Start jobs, one after the other, or tell why not; the operator's result."""
    try:
        jobs.start(*make_orders())
    except EXPECTED as error:
        return refuse(operator, error)
    session.wake()
    return {"FINISHED"}


class Generate(bpy.types.Operator):
    """Generate a new take of the character, playing the source"""

    bl_idname = "cadenza.generate"
    bl_label = "Generate"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_generating(context.scene))

    def execute(self, context: Any) -> set[str]:
        scene = context.scene
        return begin(self, lambda: followed.order(scene) if followed.wanted(scene) else orders.performance(scene))


class Cancel(bpy.types.Operator):
    """Stop the job; the scene stays as it was"""

    bl_idname = "cadenza.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return jobs.running()

    def execute(self, context: Any) -> set[str]:
        jobs.cancel()
        return {"FINISHED"}


class Dismiss(bpy.types.Operator):
    """Take this message away"""

    bl_idname = "cadenza.dismiss"
    bl_label = "Dismiss"

    def execute(self, context: Any) -> set[str]:
        jobs.dismiss()
        return {"FINISHED"}


class CopyReport(bpy.types.Operator):
    """Copy what happened, with all versions, to the clipboard: to be sent to somebody who can help"""

    bl_idname = "cadenza.copy_report"
    bl_label = "Copy Report"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return jobs.current() is not None

    def execute(self, context: Any) -> set[str]:
        job = jobs.current()
        context.window_manager.clipboard = report.report_of(job) if job is not None else ""
        self.report({"INFO"}, "The report is in the clipboard")
        return {"FINISHED"}


class ChooseGenerator(bpy.types.Operator):
    """Generate with this"""

    bl_idname = "cadenza.choose_generator"
    bl_label = "Choose Generator"
    bl_options = UNDOABLE

    name: bpy.props.StringProperty()  # type: ignore[valid-type]

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        info = connection.known().find(properties.name)
        return f"{info.description} (weights: {info.licence})" if info else ""

    def execute(self, context: Any) -> set[str]:
        context.scene.cadenza.generator = self.name
        return {"FINISHED"}


class ResetOptions(bpy.types.Operator):
    """Set the options of this component back to their defaults"""

    bl_idname = "cadenza.reset_options"
    bl_label = "Reset Options"
    bl_options = UNDOABLE

    component: bpy.props.StringProperty()  # type: ignore[valid-type]

    def execute(self, context: Any) -> set[str]:
        options.reset(context.scene.cadenza, self.component)
        return {"FINISHED"}


class NewSeed(bpy.types.Operator):
    """Another seed, another performance"""

    bl_idname = "cadenza.new_seed"
    bl_label = "New Seed"
    bl_options = UNDOABLE

    filling: bpy.props.BoolProperty(options={"HIDDEN"})  # type: ignore[valid-type]

    def execute(self, context: Any) -> set[str]:
        which = "fill_seed" if self.filling else "seed"
        setattr(context.scene.cadenza, which, random.randint(0, LARGEST_SEED))
        return {"FINISHED"}


class ApplyMotion(bpy.types.Operator):
    """Put a motion from disk on the character, as a take; needs no backend"""

    bl_idname = "cadenza.apply_motion"
    bl_label = "Apply Motion"
    section = "motion file"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return obstacles.allow(cls, obstacles.to_applying(context.scene))

    def execute(self, context: Any) -> set[str]:
        return begin(self, lambda: orders.motion_file(context.scene))


CLASSES = (
    Generate,
    Cancel,
    Dismiss,
    CopyReport,
    ChooseGenerator,
    ResetOptions,
    NewSeed,
    ApplyMotion,
)
