# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a character knows of its takes, kept in the .blend file.

Objects and actions are referred to by pointers: they follow renaming, appending, copying
and library overrides.
"""

from __future__ import annotations

from typing import Any

import bpy

OVERRIDABLE = {"LIBRARY_OVERRIDABLE"}
"""``override`` of a property that a library override may change."""
GROWING = {"LIBRARY_OVERRIDABLE", "USE_INSERTION"}
"""``override`` of a list that a library override may add to."""


class CadenzaTakeAction(bpy.types.PropertyGroup):
    """One object that a take moves, and the take's action for it."""

    object: bpy.props.PointerProperty(type=bpy.types.Object, override=OVERRIDABLE)  # type: ignore[valid-type]
    action: bpy.props.PointerProperty(type=bpy.types.Action, override=OVERRIDABLE)  # type: ignore[valid-type]


def _renamed(take: Any, context: Any) -> None:
    from . import takes

    takes.follow_name(take)


class CadenzaTake(bpy.types.PropertyGroup):
    """One performance of a character."""

    name: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Name", description="Name of the take, its strips and actions", override=OVERRIDABLE, update=_renamed
    )
    uid: bpy.props.StringProperty(name="Identifier", override=OVERRIDABLE)  # type: ignore[valid-type]
    seed: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Seed", description="The chance that the take was made with", override=OVERRIDABLE
    )
    generator: bpy.props.StringProperty(name="Generator", description="What made the take", override=OVERRIDABLE)  # type: ignore[valid-type]
    starred: bpy.props.BoolProperty(name="Star", description="Mark the takes that you like", override=OVERRIDABLE)  # type: ignore[valid-type]
    provenance: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Provenance", description="How the take was made, as JSON", override=OVERRIDABLE
    )
    created: bpy.props.StringProperty(name="Made", description="When the take was made (UTC)", override=OVERRIDABLE)  # type: ignore[valid-type]
    actions: bpy.props.CollectionProperty(type=CadenzaTakeAction, override=GROWING)  # type: ignore[valid-type]


CLASSES: tuple[Any, ...] = (CadenzaTakeAction, CadenzaTake)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Object.cadenza_takes = bpy.props.CollectionProperty(type=CadenzaTake, override=GROWING)
    bpy.types.Object.cadenza_take_index = bpy.props.IntProperty(name="Take", override=OVERRIDABLE)
    bpy.types.Object.cadenza_pose = bpy.props.StringProperty(
        name="Pose",
        description="What takes move, as it was before any was seen (JSON)",
        options={"HIDDEN"},
        override=OVERRIDABLE,
    )
    bpy.types.Object.cadenza_put_away = bpy.props.IntProperty(
        name="Put Away",
        description="Out of sight while no shown take plays it",
        options={"HIDDEN"},
        override=OVERRIDABLE,
    )


def unregister() -> None:
    del bpy.types.Object.cadenza_take_index, bpy.types.Object.cadenza_takes
    del bpy.types.Object.cadenza_put_away, bpy.types.Object.cadenza_pose
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
