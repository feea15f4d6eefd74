# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one file that knows actions, slots and channelbags, from Blender 4.2 to 5.2.

Keys go in in bulk (``foreach_set``): inserting them one by one is quadratic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

if TYPE_CHECKING:
    from ..core.rotations import Array

LINEAR = 1
"""Value of the interpolation LINEAR in an F-curve's keys."""
STEADY = 1e-6
"""A channel that changes by less gets one key."""


def new_action(owner: Any, name: str) -> Any:
    """A new action on a data-block, with a slot where Blender has slots; an older action is left alone."""
    if owner.animation_data is None:
        owner.animation_data_create()
    action = bpy.data.actions.new(name)
    data = owner.animation_data
    data.action = action
    if hasattr(data, "action_slot"):
        data.action_slot = action.slots.new(id_type=owner.id_type, name=owner.name)
    return action


def curves_of(owner: Any) -> Any:
    """The container of F-curves of a data-block's action: the action itself before 4.4, a channelbag since."""
    data = owner.animation_data
    action = data.action
    if not hasattr(data, "action_slot"):
        return action
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(data.action_slot, ensure=True)


def set_keys(curves: Any, path: str, group: str, frames: Array, values: Array) -> None:
    """Key every component of a property.

    Args:
        curves: from :func:`curves_of`.
        path: RNA path.
        group: name of the channel group.
        frames: (T,) scene frames, rising.
        values: (T, C), one column for each array index.
    """
    for index in range(values.shape[1]):
        curve = _new_curve(curves, path, index, group)
        column = values[:, index]
        steady = np.ptp(column) < STEADY
        _fill(curve, frames[:1] if steady else frames, column[:1] if steady else column)


def _new_curve(curves: Any, path: str, index: int, group: str) -> Any:
    if bpy.app.version >= (5, 0, 0):
        return curves.fcurves.new(path, index=index, group_name=group)
    if bpy.app.version >= (4, 4, 0):
        curve = curves.fcurves.new(path, index=index)
        curve.group = curves.groups.get(group) or curves.groups.new(group)
        return curve
    return curves.fcurves.new(path, index=index, action_group=group)


def _fill(curve: Any, frames: Array, values: Array) -> None:
    points = np.empty((len(frames), 2), dtype=np.float32)
    points[:, 0], points[:, 1] = frames, values
    curve.keyframe_points.add(len(frames))
    curve.keyframe_points.foreach_set("co", points.ravel())
    curve.keyframe_points.foreach_set("interpolation", np.full(len(frames), LINEAR, dtype=np.uint8))
    curve.update()
