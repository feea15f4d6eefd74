# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion onto an armature whose bones are named as the motion's joints (the default musician)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

from ..core import rotations as rot
from .action import curves_of, new_action, set_keys

if TYPE_CHECKING:
    from ..core.motion import Motion
    from ..core.rotations import Array


class BakeError(ValueError):
    """The motion does not fit the armature; the message says why."""


def bake(motion: Motion, armature: Any, frames: Array, name: str) -> Any:
    """Key the armature's bones with the motion in a new action; returns the action.

    Args:
        motion: with rotations.
        armature: an armature object at the origin, in the motion's rest pose.
        frames: (T,) scene frames of the motion's frames.
        name: of the action; it carries the motion's provenance as a property.
    """
    if motion.rotations is None:
        raise BakeError("the motion has no rotations; run it through inverse kinematics first")
    bones = [b.name for b in armature.data.bones if b.name in motion.skeleton]
    if not bones:
        raise BakeError(f"no bone of {armature.name!r} is named as a joint of {motion.skeleton.name!r}")
    action = new_action(armature, name)
    action["cadenza"] = json.dumps(dict(motion.provenance))
    curves = curves_of(armature)
    skeleton = motion.skeleton
    _, world = skeleton.forward_kinematics(motion.rotations, motion.positions)
    moving = {skeleton.joints[0], *(skeleton.joints[i] for i in skeleton.held)}
    for bone in bones:
        joint = skeleton.index(bone)
        rest = _rest_rotation(armature.data.bones[bone])
        local = rot.multiply(rot.conjugate(rest), rot.multiply(motion.rotations[:, joint], rest))
        path = f'pose.bones["{bpy.utils.escape_identifier(bone)}"].'
        set_keys(curves, path + "rotation_quaternion", bone, frames, rot.unroll(local))
        if bone in moving:
            set_keys(curves, path + "location", bone, frames, _location(motion, world, joint, rest))
    return action


def _rest_rotation(bone: Any) -> Array:
    """Rest orientation of a bone in the armature's space, wxyz."""
    return np.array(bone.matrix_local.to_quaternion())


def _location(motion: Motion, world: Array, joint: int, rest: Array) -> Array:
    """A bone's location channel: how far it is from where its parent carries it, in its own rest axes."""
    skeleton = motion.skeleton
    parent = skeleton.parents[joint]
    positions = motion.positions.astype(np.float64)
    if parent < 0:
        away = positions[:, joint] - skeleton.rest_positions[joint]
    else:
        carried = positions[:, parent] + rot.rotate(world[:, parent], skeleton.offsets[joint])
        away = rot.rotate(rot.conjugate(world[:, parent]), positions[:, joint] - carried)
    return rot.rotate(rot.conjugate(rest), away)
