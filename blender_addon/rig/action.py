# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions, slots, channelbags and keys, from Blender 4.2 to 5.2.

Only this module and :mod:`.nla` know them. Keys go in and out in bulk (``foreach_set``):
inserting them one by one is quadratic. An action made here is not assigned to anything:
what an animator has assigned stays assigned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

if TYPE_CHECKING:
    from ..core.rotations import Array

LINEAR = 1
"""Value of the interpolation LINEAR in an F-curve's keys."""
GENERATED = 5
"""Value of the keyframe type GENERATED."""
STEADY = 1e-6
"""A channel that changes by less gets one key."""


def new_action(name: str, owner: Any) -> Any:
    """A new action, with a slot for the owner where Blender has slots (4.4), assigned to nothing."""
    action = bpy.data.actions.new(name)
    if hasattr(action, "slots"):
        action.slots.new(id_type=owner.id_type, name=owner.name)
    return action


def curves_of(action: Any) -> Any:
    """The container of an action's F-curves: the action itself before 4.4, the first slot's channelbag since."""
    if not hasattr(action, "slots"):
        return action
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(action.slots[0], ensure=True)


def new_curve(curves: Any, path: str, index: int, group: str) -> Any:
    """A new F-curve in a channel group."""
    if bpy.app.version >= (5, 0, 0):
        return curves.fcurves.new(path, index=index, group_name=group)
    if bpy.app.version >= (4, 4, 0):
        curve = curves.fcurves.new(path, index=index)
        curve.group = curves.groups.get(group) or curves.groups.new(group)
        return curve
    return curves.fcurves.new(path, index=index, action_group=group)


def set_keys(curve: Any, frames: Array, values: Array) -> None:
    """Give a new F-curve linear keys of the type GENERATED; one key when it does not move.

    Each key repeats its value in ``back``, which a linear key does not use: where the two
    differ, somebody has changed the key by hand (see :func:`read_keys`).

    Args:
        curve: without keys.
        frames: (T,) rising.
        values: (T,).
    """
    if np.ptp(values) < STEADY:
        frames, values = frames[:1], values[:1]
    count = len(frames)
    points = np.empty((count, 2), dtype=np.float32)
    points[:, 0], points[:, 1] = frames, values
    keys = curve.keyframe_points
    keys.add(count)
    keys.foreach_set("co", points.ravel())
    keys.foreach_set("back", np.ascontiguousarray(points[:, 1]))
    keys.foreach_set("interpolation", np.full(count, LINEAR, dtype=np.uint8))
    keys.foreach_set("type", np.full(count, GENERATED, dtype=np.uint8))
    curve.update()
