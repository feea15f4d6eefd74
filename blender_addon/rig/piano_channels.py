# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A piano as channels: keyboard, pedal and bench, and the keys that are played. No bpy.

Each key turns about its X axis alone: one curve, and none for a key that is never played.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..core import piano as measures
from ..core import rotations as rot
from ..core.pianist import KEY_JOINTS, PROPS
from ..core.rotations import Array
from .bone_channels import HeldBone
from .channels import Channel
from .keyboard import Piano
from .rest_pose import RestPose

STILL: Final = 1e-4
"""Metres that a key must go down to be keyed."""


def key_channels(depths: Array) -> list[Channel]:
    """Turns of the keys that go down; depths are (T, 88), metres on a full-size piano."""
    channels = []
    for i, joint in enumerate(KEY_JOINTS):
        depth = np.clip(depths[:, i], 0.0, 2 * measures.DIP)
        if depth.max(initial=0.0) >= STILL:
            turn = measures.tilt(measures.LOWEST + i, depth)[:, None]
            channels.append(Channel(f'pose.bones["{joint}"].rotation_euler', joint, turn, "props"))
    return channels


def piano_channels(piano: Piano) -> list[Channel]:
    """Places and sizes of keyboard, pedal and bench, whose bones lie at the origin, and the keys' turns."""
    count = len(piano.depths)
    channels = []
    for bone, place, size in _items(piano):
        path = f'pose.bones["{bone}"].'
        channels += [
            Channel(path + "location", bone, np.array(np.broadcast_to(place, (count, 3))), "props"),
            Channel(path + "scale", bone, np.tile(size, (count, 1)), "props"),
        ]
    return channels + key_channels(piano.depths)


def own_bones(rest: RestPose, piano: Piano) -> dict[str, HeldBone]:
    """The piano, when the rig has bones of its own for it (our pianist has); else nothing."""
    if not all(bone in rest for bone in (*PROPS, *KEY_JOINTS)):
        return {}
    count = len(piano.depths)
    still = np.broadcast_to(rot.IDENTITY, (count, 4))
    return {b: HeldBone(np.broadcast_to(place, (count, 3)), still, float(size[2])) for b, place, size in _items(piano)}


def _items(piano: Piano) -> tuple[tuple[str, Array, Array], ...]:
    """Bone, place (3,) or (T, 3), and size (3,)."""
    stand = piano.stand
    size = np.full(3, stand.scale)
    places = (stand.keyboard, piano.pedal, stand.bench)
    return tuple(zip(PROPS, places, (size, size, stand.bench_size), strict=True))
