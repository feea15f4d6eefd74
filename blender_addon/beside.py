# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes side by side: for each a copy of the character beside it, which shares its meshes and plays that take alone.

The copies are known by a property and stand in a collection of their own; they are not rendered. The character, its
takes and what the animator made are never changed: taking the copies away leaves the file as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Vector

from . import character, put_away, takes
from .rig import nla
from .take_entries import entries_of

MARK: Final = "cadenza_beside"
"""Custom property of a copy: the take that it plays."""
OF: Final = "cadenza_beside_of"
"""Custom property of a copy: the character."""
COLLECTION: Final = "Cadenza Side by Side"
MOST: Final = 4
ABOVE: Final = 0.08
"""Metres from a copy's head to its name."""
APART: Final = 1.15
"""Of the character's width, from one copy to the next."""
LEFT_OUT: Final = ("CAMERA", "LIGHT", "LIGHT_PROBE", "SPEAKER")
"""What hangs on a character and is not shown again."""


def copies() -> list[Any]:
    """Everything that is there to stand side by side."""
    return [item for item in bpy.data.objects if MARK in item and item.library is None]


def shown() -> bool:
    return any(MARK in item for item in bpy.data.objects)


def to_compare(armature: Any) -> list[Any]:
    """The takes that were made at once with the chosen one; of a take that was made alone, the newest."""
    every = [take for take in takes.takes_of(armature) if takes.strips_of(take)]
    index = armature.cadenza_take_index
    chosen = takes.takes_of(armature)[index] if 0 <= index < len(takes.takes_of(armature)) else None
    series = takes.provenance(chosen).get("series") if chosen is not None else None
    together = [take for take in every if series and takes.provenance(take).get("series") == series]
    return together[-MOST:] or every[-MOST:]


def show(scene: Any, armature: Any) -> int:
    """Put a copy for each take that is to be compared beside the character; how many."""
    remove()
    family = _family(scene, armature)
    chosen = to_compare(armature)
    if not chosen:
        return 0
    place = bpy.data.collections.new(COLLECTION)
    place[MARK] = armature.name
    scene.collection.children.link(place)
    low, high = _extent(family)
    step = APART * max(high[0] - low[0], 0.5)
    head = armature.pose.bones.get(character.bone_map_of(armature).bones.get("head", ""))
    middle = armature.matrix_world @ head.head if head is not None else (low + high) / 2
    above = Vector((middle[0], middle[1], high[2] + ABOVE))
    for number, take in enumerate(chosen, 1):
        shift = Vector((number * step, 0.0, 0.0))
        _stand(family, take, shift, place)
        _label(take, above + shift, place)
    for copy in place.objects:
        copy[OF] = armature
    return len(chosen)


def refresh(scene: Any) -> None:
    """Show the takes of now, where any are shown."""
    armature = scene.cadenza.character if scene is not None else None
    if armature is not None and shown():
        show(scene, armature)


def remove() -> None:
    """Take all copies away."""
    gone = copies()
    actions = {action for item in gone for action in nla.actions_on(item)}
    bpy.data.batch_remove(gone)
    for place in [c for c in bpy.data.collections if MARK in c and c.library is None]:
        if not place.all_objects and not place.children:
            bpy.data.collections.remove(place)
    for action in actions:  # of takes that were deleted meanwhile
        if action.users == 0 and nla.OF_TAKE in action:
            bpy.data.actions.remove(action)


def take_of(item: Any) -> tuple[Any, Any] | None:
    """Character and take of which an object is a copy; None for any other object, and where the take is gone."""
    armature = item.get(OF) if item is not None else None
    take = takes.find(armature, str(item.get(MARK, ""))) if armature is not None else None
    return None if take is None else (armature, take)


def _family(scene: Any, armature: Any) -> list[Any]:
    """The character with all that hangs on it or is moved by its bones."""
    found = [armature, *armature.children_recursive]
    found += [i for i in scene.objects if any(m.type == "ARMATURE" and m.object in found for m in i.modifiers)]
    in_scene = set(scene.objects)
    return [i for i in dict.fromkeys(found) if i in in_scene and i.type not in LEFT_OUT and MARK not in i]


def _played(family: Sequence[Any], actions: Mapping[Any, Any]) -> list[Any]:
    """The family without the instruments that a take does not play."""
    instruments = [root for item in family for root in put_away.instruments_of(item) if root not in actions]
    idle = {item for root in instruments for item in (root, *root.children_recursive)}
    return [item for item in family if item not in idle]


def _extent(family: Iterable[Any]) -> tuple[Any, Any]:
    """(3,) metres from which to which coordinates those that are seen reach in the world."""
    every = list(family)
    seen = [item for item in every if item.visible_get() or put_away.put_away(item)] or every
    corners = np.array([item.matrix_world @ Vector(corner) for item in seen for corner in item.bound_box])
    return corners.min(axis=0), corners.max(axis=0)


def _label(take: Any, at: Vector, place: Any) -> None:
    """The take's name over the copy's head: at its feet, where Blender shows a name, it is in the dark."""
    label = bpy.data.objects.new(take.name, None)
    label[MARK] = take.uid
    label.empty_display_size, label.show_name, label.hide_render = 0.01, True, True
    label.location = at
    place.objects.link(label)


def _stand(family: Sequence[Any], take: Any, shift: Vector, place: Any) -> None:
    """One copy of the family that plays a take, beside the character."""
    actions = {entry.object: entry.action for entry in entries_of(take)}
    pairs = {item: item.copy() for item in _played(family, actions)}
    for item, copy in pairs.items():
        copy[MARK] = take.uid
        copy.name = f"{item.name} {take.name}"
        copy.hide_render = True
        copy.cadenza_takes.clear()
        place.objects.link(copy)
        if put_away.put_away(copy):  # another take is shown, which does not play it
            copy.hide_viewport, copy.cadenza_put_away = False, 0
        with suppress(RuntimeError):  # what is not in the view layer is seen nowhere
            copy.hide_set(item.hide_get())
        nla.show_only(copy, actions.get(item))
        _relate(copy, pairs)
        if copy.parent not in pairs.values():
            _move(copy, shift)


def _move(item: Any, way: Vector) -> None:
    """In the world, over whatever else places the object."""
    over = item.parent.matrix_world.to_3x3().inverted_safe() if item.parent is not None else None
    item.delta_location = Vector(item.delta_location) + (over @ way if over is not None else way)


def _relate(copy: Any, pairs: Mapping[Any, Any]) -> None:
    """Let a copy hang on copies, look at copies and be driven by copies."""
    if copy.parent in pairs:
        kept = copy.parent_type, copy.parent_bone, copy.matrix_parent_inverse.copy()
        copy.parent = pairs[copy.parent]
        copy.parent_type, copy.parent_bone, copy.matrix_parent_inverse = kept
    for owner in (copy, *(copy.pose.bones if copy.pose is not None else ())):
        for constraint in owner.constraints:
            _point(constraint, pairs)
            for target in getattr(constraint, "targets", ()):
                _point(target, pairs)
    for modifier in copy.modifiers:
        _point(modifier, pairs)
    for curve in copy.animation_data.drivers if copy.animation_data is not None else ():
        for variable in curve.driver.variables:
            for target in variable.targets:
                if target.id in pairs:
                    target.id = pairs[target.id]


def _point(item: Any, pairs: Mapping[Any, Any]) -> None:
    """Let what points at members of the family point at their copies."""
    for rna in item.bl_rna.properties:
        if rna.type == "POINTER" and not rna.is_readonly and rna.fixed_type.identifier == "Object":
            value = getattr(item, rna.identifier)
            if value in pairs:
                setattr(item, rna.identifier, pairs[value])
