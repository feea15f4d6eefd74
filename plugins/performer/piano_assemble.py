# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Body, hands, keys, pedal and bench put together in the world; what inverse kinematics must find is NaN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from plugins.api import Array, Skeleton, pianist, piano
from plugins.api import rotations as rot
from plugins.performer.assemble import chest_of, put_feet, put_hand, put_trunk, shoulder_of
from plugins.performer.hands import HandPose
from plugins.performer.piano_body import Seated
from plugins.performer.piano_touch import Keys

ELBOW: Final = np.array([0.62, 0.30, -1.0])
"""Where the left elbow points: down, out and a little back; the right one mirrored."""
_X: Final = np.array([1.0, 0.0, 0.0])


def at_the_piano(skeleton: Skeleton, body: Seated, keys: Keys, hands: Sequence[HandPose]) -> tuple[Array, Array]:
    """(T, J, 3) world positions and (T, J, 4) local rotations; ``hands`` in the keyboard's frame, left first."""
    count = len(body.hips)
    positions = np.full((count, len(skeleton), 3), np.nan)
    rotations = np.full((count, len(skeleton), 4), np.nan)
    put_trunk(skeleton, body, positions, rotations)
    _put_piano(skeleton, body, keys, positions, rotations)
    chest_at, chest = chest_of(skeleton, body)
    still = np.broadcast_to(rot.IDENTITY, (count, 4))
    for side, sign, hand in zip(("left", "right"), (1.0, -1.0), hands, strict=True):
        world = hand.carried(np.broadcast_to(pianist.KEYBOARD, (count, 3)), still)
        put_hand(skeleton, positions, side, world)
        shoulder = shoulder_of(skeleton, side, chest_at, chest)
        aim = rot.rotate(chest, ELBOW * [sign, 1.0, 1.0])
        positions[:, skeleton.index(f"{side}_lower_arm")] = (shoulder + world.wrist) / 2 + 0.25 * aim
    put_feet(skeleton, body.feet, positions)
    return positions, rotations


def _put_piano(skeleton: Skeleton, body: Seated, keys: Keys, positions: Array, rotations: Array) -> None:
    """Keyboard and bench stand still; keys and pedal go down. Rotations are said against the hips."""
    back = rot.conjugate(body.rotations["hips"])
    for joint, place in zip(pianist.PROPS, (pianist.KEYBOARD, pianist.PEDAL, body.bench), strict=True):
        positions[:, skeleton.index(joint)] = place
        rotations[:, skeleton.index(joint)] = back
    positions[:, skeleton.index("pedal"), 2] -= piano.PEDAL_TRAVEL * body.pedal
    for pitch, joint in zip(range(piano.LOWEST, piano.HIGHEST + 1), pianist.KEY_JOINTS, strict=True):
        index, depth = skeleton.index(joint), keys.of(pitch)
        positions[:, index] = pianist.KEYBOARD + piano.front(pitch)
        positions[:, index, 2] -= depth
        rotations[:, index] = rot.multiply(back, rot.from_axis_angle(_X, piano.tilt(pitch, depth)))
