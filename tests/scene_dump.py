# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Everything that a .blend file holds, as plain data: to see that nothing of it changed."""

from __future__ import annotations

import hashlib
import warnings
from typing import Any

import bpy
import numpy as np

COLLECTIONS = ("scenes", "objects", "armatures", "meshes", "materials", "collections", "actions", "sounds", "speakers")
PASSING = {
    "rna_type",
    "bl_rna",
    "original",
    "preview",
    "users",
    "session_uid",
    "is_evaluated",
    "is_runtime_data",
    "active",  # which of a list is highlighted
    "tag",
    "depsgraph",
    "view_layers",
    "animation_visualization",
    "display_settings",
    "view_settings",
    "tool_settings",
    "render",
    "eevee",
    "display",
    "grease_pencil_settings",
    "id_data",
}
"""What Blender counts or computes, and settings of which nothing here reads or writes any."""
COUNTED = ("vertices", "edges", "loops", "polygons", "points", "normals", "corner_normals", "vertex_normals")
NAMED = (bpy.types.Bone, bpy.types.PoseBone, bpy.types.BoneCollection, bpy.types.ID)
"""Elsewhere than in the list that holds them, these are references: their name says all."""
LISTS = {("Armature", "bones"), ("Armature", "collections_all"), ("Pose", "bones")}
DEEPEST = 12


def dump() -> dict[str, Any]:
    """By collection and name, all settings of all data-blocks; keys of F-curves as a hash."""
    bpy.context.view_layer.update()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # who reads everything reads what is going away
        return {kind: {block.name: _struct(block, 0) for block in getattr(bpy.data, kind)} for kind in COLLECTIONS}


def _struct(item: Any, depth: int) -> Any:
    if isinstance(item, bpy.types.FCurve):
        return (item.data_path, item.array_index, item.mute, _keys(item))
    if isinstance(item, bpy.types.AnimData) and not (item.action or item.nla_tracks or item.drivers):
        return None  # as good as none; Blender itself never removes it
    found = {}
    for rna in item.bl_rna.properties:
        name = rna.identifier
        if name not in PASSING and not name.startswith("bl_"):
            found[name] = _value(item, rna, depth + 1)
    own = {k: str(v) for k, v in item.items()} if isinstance(item, bpy.types.ID) else {}
    return {**found, **({"custom": own} if own else {})}


def _value(owner: Any, rna: Any, depth: int) -> Any:
    value = getattr(owner, rna.identifier)
    if value is None or isinstance(value, bool | int | str | bytes):
        return value
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, NAMED):
        return f"{type(value).__name__} {value.name}"
    if rna.type == "COLLECTION":
        if rna.identifier in COUNTED or depth >= DEEPEST:
            return len(value)
        holds = (type(owner).__name__, rna.identifier) in LISTS
        return [e.name if isinstance(e, NAMED) and not holds else _struct(e, depth) for e in value]
    if rna.type == "POINTER":
        return _struct(value, depth) if depth < DEEPEST else "..."
    return [round(float(x), 6) for x in np.asarray(value, dtype=float).ravel()]


def _keys(curve: Any) -> str:
    points = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", points)
    return hashlib.sha256(points.tobytes()).hexdigest()


def changes(before: Any, after: Any, path: str = "") -> list[str]:
    """Where two dumps differ; empty when nowhere."""
    if isinstance(before, dict) and isinstance(after, dict):
        every = {**before, **after}
        return [c for key in every for c in changes(before.get(key), after.get(key), f"{path}/{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [c for i, (old, new) in pairs for c in changes(old, new, f"{path}/{i}")]
    return [] if before == after else [f"{path}: {str(before)[:80]} -> {str(after)[:80]}"]
