# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions, slots, channelbags and keys, from Blender 4.2 to 5.2.

Only this module and :mod:`.nla` know them. Keys go in and out in bulk (``foreach_set``):
inserting them one by one is quadratic. An action made here is not assigned to anything:
what an animator has assigned stays assigned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

if TYPE_CHECKING:
    from ..core.rotations import Array

CONSTANT, LINEAR = 0, 1
"""Values of a key's interpolation."""
GENERATED = 5
"""Value of the keyframe type GENERATED."""
AUTO_CLAMPED = 4
"""Value of a handle's type."""
ATTRIBUTES: dict[str, tuple[int, Any]] = {
    "co": (2, np.float32),
    "handle_left": (2, np.float32),
    "handle_right": (2, np.float32),
    "handle_left_type": (1, np.uint8),
    "handle_right_type": (1, np.uint8),
    "interpolation": (1, np.uint8),
    "easing": (1, np.uint8),
    "type": (1, np.uint8),
    "amplitude": (1, np.float32),
    "period": (1, np.float32),
    "back": (1, np.float32),
}
"""Attributes of a key: width, and the type with which Blender copies them as they are."""
STEADY = 1e-6
"""A channel that changes by less gets a key at each end."""
CURVE_ATTRIBUTES = ("extrapolation", "auto_smoothing", "color_mode", "color", "mute", "lock", "hide", "select")


def new_action(name: str, owner: Any) -> Any:
    """A new action, with a slot for the owner where Blender has slots (4.4), assigned to nothing."""
    action = bpy.data.actions.new(name)
    if hasattr(action, "slots"):
        action.slots.new(id_type=owner.id_type, name=owner.name)
    return action


def curves_of(action: Any) -> Any:
    """The container of an action's F-curves: the action itself before 4.4, the first slot's channelbag since."""
    return _curves_in_slot(action, action.slots[0]) if hasattr(action, "slots") else action


def _curves_in_slot(action: Any, slot: Any) -> Any:
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def curves_in_use(data: Any) -> Any:
    """The container of the F-curves that animate ``data`` (an ``AnimData`` with an action, or an NLA strip); None
    without a slot."""
    if not hasattr(data, "action_slot"):
        return data.action
    slot, layers = data.action_slot, data.action.layers
    if slot is None or not layers or not layers[0].strips:
        return None
    return layers[0].strips[0].channelbag(slot)


def own_curves(owner: Any, name: str) -> Any:
    """The container of the F-curves that animate a data-block in its active action; action (of that name), slot and
    container are made where it has none. What animates others in that action is left alone."""
    data = owner.animation_data or owner.animation_data_create()
    if data.action is None:
        data.action = bpy.data.actions.new(name)
    action = data.action
    if not hasattr(action, "slots"):
        return action
    if data.action_slot is None:
        own = (s for s in action.slots if s.target_id_type == owner.id_type and s.name_display == owner.name)
        data.action_slot = next(own, None) or action.slots.new(id_type=owner.id_type, name=owner.name)
    return _curves_in_slot(action, data.action_slot)


def paths_of(curves: Any) -> set[str]:
    """RNA paths of the F-curves in a container that have keys."""
    return {curve.data_path for curve in curves.fcurves if not curve.is_empty} if curves is not None else set()


def new_curve(curves: Any, path: str, index: int, group: str) -> Any:
    """A new F-curve in a channel group."""
    if bpy.app.version >= (5, 0, 0):
        return curves.fcurves.new(path, index=index, group_name=group)
    if bpy.app.version >= (4, 4, 0):
        curve = curves.fcurves.new(path, index=index)
        if group:
            curve.group = curves.groups.get(group) or curves.groups.new(group)
        return curve
    return curves.fcurves.new(path, index=index, action_group=group)


def is_plain(action: Any) -> bool:
    """Whether an action has nothing that :func:`emptied` and :func:`copy_curve` would leave out."""
    if hasattr(action, "slots"):
        strips = [strip for layer in action.layers for strip in layer.strips]
        if len(action.slots) != 1 or len(strips) != 1:
            return False
    if action.pose_markers or action.asset_data or set(action.keys()) - {"cadenza", "cadenza_take"}:
        return False
    return not any(curve.modifiers for curve in curves_of(action).fcurves)


def emptied(action: Any) -> Any:
    """A copy of a plain action without its F-curves."""
    copy = bpy.data.actions.new(action.name)
    if hasattr(action, "slots"):
        slot = action.slots[0]
        copy.slots.new(id_type=slot.target_id_type, name=slot.name_display)
    for name in ("frame_start", "frame_end", "use_frame_range", "use_cyclic"):
        setattr(copy, name, getattr(action, name))
    return copy


def copy_curve(curve: Any, curves: Any) -> None:
    """Copy an F-curve into a container; its keys' selection and its modifiers are left out."""
    group = curve.group
    copy = new_curve(curves, curve.data_path, curve.array_index, group.name if group else "")
    if group and copy.group:
        copy.group.color_set = group.color_set
    for name in CURVE_ATTRIBUTES:
        setattr(copy, name, getattr(curve, name))
    Keys.read(curve).write(copy)


def set_keys(curve: Any, frames: Array, values: Array) -> None:
    """Give a new F-curve linear keys of the type GENERATED; two when it does not move.

    Each key repeats its value in ``back``, which a linear key does not use: where the two
    differ, somebody has changed the key by hand (see :class:`Keys`).

    Args:
        curve: without keys.
        frames: (T,) rising.
        values: (T,).
    """
    frames, values = ends_of_steady(frames, values)
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


def ends_of_steady(frames: Array, values: Array) -> tuple[Array, Array]:
    """Keys of a channel: the first and the last when it does not move."""
    if np.ptp(values) < STEADY:
        ends = [0, -1] if len(frames) > 1 else [0]
        return frames[ends], values[ends]
    return frames, values


@dataclass(frozen=True, eq=False)
class Keys:
    """All that there is to say about the keys of an F-curve.

    Attributes:
        columns: attribute of a key -> (K,) or, for points, (K, 2).
    """

    columns: dict[str, Array]

    @classmethod
    def read(cls, curve: Any) -> Keys:
        """Read an F-curve's keys."""
        count, columns = len(curve.keyframe_points), {}
        for name, (width, kind) in ATTRIBUTES.items():
            column = np.empty(count * width, dtype=kind)
            curve.keyframe_points.foreach_get(name, column)
            columns[name] = column.reshape(count, width) if width > 1 else column
        return cls(columns)

    @classmethod
    def generated(cls, frames: Array, values: Array, cuts: Any) -> Keys:
        """Keys of ours: linear, or constant where there is a cut."""
        count = len(frames)
        columns = {n: np.zeros((count, w) if w > 1 else count, dtype=k) for n, (w, k) in ATTRIBUTES.items()}
        columns["co"][:, 0], columns["co"][:, 1] = frames, values
        columns["handle_left"][:], columns["handle_right"][:] = columns["co"], columns["co"]
        columns["handle_left_type"][:], columns["handle_right_type"][:] = AUTO_CLAMPED, AUTO_CLAMPED
        columns["back"][:] = columns["co"][:, 1]
        columns["interpolation"][:] = np.where(cuts, CONSTANT, LINEAR)
        columns["type"][:] = GENERATED
        return cls(columns)

    @property
    def frames(self) -> Array:
        """(K,) where the keys are."""
        return self.columns["co"][:, 0]

    @property
    def by_hand(self) -> Any:
        """(K,) which keys an animator has set or changed."""
        return (self.columns["type"] != GENERATED) | (self.columns["co"][:, 1] != self.columns["back"])

    def chosen(self, mask: Any) -> Keys:
        """Some of the keys."""
        return Keys({name: column[mask] for name, column in self.columns.items()})

    def joined(self, others: Keys) -> Keys:
        """These and other keys, in the order of time."""
        columns = {name: np.concatenate([column, others.columns[name]]) for name, column in self.columns.items()}
        order = np.argsort(columns["co"][:, 0], kind="stable")
        return Keys({name: column[order] for name, column in columns.items()})

    def write(self, curve: Any) -> None:
        """Make them an F-curve's keys, in place of those that it has."""
        points = curve.keyframe_points
        points.clear()
        points.add(len(self.frames))
        for name, column in self.columns.items():
            points.foreach_set(name, np.ascontiguousarray(column).ravel())
        curve.update()


def hand_frames(curve: Any) -> Array:
    """(K,) where an F-curve has keys that an animator has set or changed (see :class:`Keys`)."""
    points = curve.keyframe_points
    co, back = np.empty(2 * len(points), dtype=np.float32), np.empty(len(points), dtype=np.float32)
    kinds = np.empty(len(points), dtype=np.uint8)
    for name, column in (("co", co), ("back", back), ("type", kinds)):
        points.foreach_get(name, column)
    places = co.reshape(-1, 2)
    return np.asarray(places[(kinds != GENERATED) | (places[:, 1] != back), 0], dtype=np.float64)


def fingerprint(curve: Any) -> int:
    """Changes with what an animator does to an F-curve."""
    found = hash((curve.data_path, curve.array_index, curve.extrapolation, len(curve.modifiers)))
    for name in ("co", "interpolation", "easing", "type", "handle_left_type", "handle_right_type"):
        width, kind = ATTRIBUTES[name]
        column = np.empty(width * len(curve.keyframe_points), dtype=kind)
        curve.keyframe_points.foreach_get(name, column)
        found = hash((found, column.tobytes()))
    return found


def key_frames(curve: Any) -> Array:
    """(K,) where an F-curve has keys."""
    co = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", co)
    return np.asarray(co[::2], dtype=np.float64)


def key_values(curve: Any) -> Array:
    """(K,) values of an F-curve's keys."""
    co = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", co)
    return np.asarray(co[1::2], dtype=np.float64)


def values_at(curve: Any, frames: Array) -> Array:
    """(N,) values of an F-curve, without what its modifiers add."""
    modifiers = [m for m in curve.modifiers if not m.mute]
    for modifier in modifiers:
        modifier.mute = True
    try:
        return np.array([curve.evaluate(float(frame)) for frame in frames])
    finally:
        for modifier in modifiers:
            modifier.mute = False
