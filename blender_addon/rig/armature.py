# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rest pose of a Blender armature as arrays."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..core import rotations as rot
from ..core.rotations import Array
from .rest_pose import RestPose

SKIN_POINTS: Final = 20_000
"""Vertices that are enough to tell how large a body is."""


def rest_pose_of(armature: Any) -> RestPose:
    """Read an armature object's rest pose; nothing is evaluated and no frame is stepped."""
    bones = list(armature.data.bones)
    order = sorted(range(len(bones)), key=lambda i: len(bones[i].parent_recursive))
    bones = [bones[i] for i in order]
    index = {bone.name: i for i, bone in enumerate(bones)}
    pose = armature.pose.bones if armature.pose is not None else {}  # none before Blender evaluates it
    matrices = np.array([bone.matrix_local for bone in bones], dtype=np.float64).reshape(-1, 4, 4)
    return RestPose(
        name=armature.name,
        bones=tuple(index),
        parents=tuple(index[bone.parent.name] if bone.parent else -1 for bone in bones),
        heads=matrices[:, :3, 3],
        tails=np.array([bone.tail_local for bone in bones], dtype=np.float64).reshape(-1, 3),
        rotations=rot.from_matrix(matrices[:, :3, :3]),
        deform=tuple(bone.use_deform for bone in bones),
        rotation_modes=tuple(pose[bone.name].rotation_mode if bone.name in pose else "QUATERNION" for bone in bones),
        inherits=tuple(bone.use_inherit_rotation for bone in bones),
        local=tuple(bone.use_local_location for bone in bones),
        world=np.array(armature.matrix_world, dtype=np.float64),
        connected=tuple(bone.use_connect for bone in bones),
    )


def skin_of(armature: Any) -> Array:
    """(N, 3) vertices of the meshes that an armature moves, at rest, in its own space."""
    world = np.array(armature.matrix_world, dtype=np.float64)
    if not np.linalg.det(world):
        return np.empty((0, 3))  # scaled to nothing
    back = np.linalg.inv(world)
    points = [np.empty((0, 3))]
    for item in armature.children_recursive:
        if item.type != "MESH" or not any(m.type == "ARMATURE" and m.object == armature for m in item.modifiers):
            continue
        vertices = item.data.vertices
        found = np.empty(len(vertices) * 3, dtype=np.float32)
        vertices.foreach_get("co", found)
        matrix = back @ np.array(item.matrix_world, dtype=np.float64)
        points.append(found.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
    every = np.concatenate(points)
    return every[:: max(1, len(every) // SKIN_POINTS)]
