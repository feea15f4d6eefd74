# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion as channels of an armature whose bones are named as its joints (the default musician)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import rotations as rot
from ..core.pianist import KEY_JOINTS
from ..core.pianist import PROPS as PIANO_PROPS
from .bone_channels import escape, part_of
from .channels import Channel
from .pianist import is_pianist, piano_channels

if TYPE_CHECKING:
    from ..core.motion import Motion
    from ..core.rotations import Array


class BakeError(ValueError):
    """The motion does not fit the armature; the message says why."""


def channels_of(motion: Motion, armature: Any) -> list[Channel]:
    """Channels of the bones that are named as joints: rotations, and locations of what leaves its place.

    Args:
        motion: with rotations.
        armature: an armature object at the origin, in the motion's rest pose, its bones in quaternion mode.
    """
    if motion.rotations is None:
        raise BakeError("the motion has no rotations; run it through inverse kinematics first")
    piano = is_pianist(motion.skeleton)
    own = {*PIANO_PROPS, *KEY_JOINTS} if piano else set()
    bones = [b.name for b in armature.data.bones if b.name in motion.skeleton and b.name not in own]
    if not bones:
        raise BakeError(f"no bone of {armature.name!r} is named as a joint of {motion.skeleton.name!r}")
    skeleton = motion.skeleton
    _, world = skeleton.forward_kinematics(motion.rotations, motion.positions)
    held = {skeleton.joints[i] for i in skeleton.held}
    channels = []
    for bone in bones:
        joint, part = skeleton.index(bone), "props" if bone in held else part_of(bone)
        rest = _rest_rotation(armature.data.bones[bone])
        local = rot.multiply(rot.conjugate(rest), rot.multiply(motion.rotations[:, joint], rest))
        path = f'pose.bones["{escape(bone)}"].'
        channels.append(Channel(path + "rotation_quaternion", bone, rot.unroll(local), part))
        if joint == 0 or bone in held:
            channels.append(Channel(path + "location", bone, _location(motion, world, joint, rest), part))
    return channels + piano_channels(motion) if piano else channels


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
