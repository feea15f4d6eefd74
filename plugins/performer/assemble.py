# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Body, violin, bow and hands, each planned in its own frame, put together in the world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from plugins.api import Array, Skeleton, violinist
from plugins.api import rotations as rot
from plugins.performer.body import BodyPose, Trunk
from plugins.performer.bow_path import BowPath
from plugins.performer.hands import FINGERS, HandPose, knuckle_offsets

LEFT_ELBOW: Final = (np.array([0.06, 0.10, -1.0]), np.array([-0.20, -0.05, -1.0]))
"""Where the left elbow points on the E string and on the G string: under the violin, further in for low strings."""
RIGHT_ELBOW: Final = (np.array([-0.75, -0.14, -0.96]), np.array([-1.0, -0.14, -0.28]))
"""Where the right elbow points on the E and on the G string: level with the bow."""


def assemble(skeleton: Skeleton, body: BodyPose, bow: BowPath, left: HandPose, right: HandPose) -> tuple[Array, Array]:
    """(T, J, 3) world positions and (T, J, 4) local rotations; what inverse kinematics must find is NaN."""
    count = len(bow.hair)
    positions = np.full((count, len(skeleton), 3), np.nan)
    rotations = np.full((count, len(skeleton), 4), np.nan)
    put_trunk(skeleton, body, positions, rotations)
    chest_at, chest = chest_of(skeleton, body)
    violin_at = chest_at + rot.rotate(chest, body.violin_at)
    violin_turn = rot.multiply(chest, body.violin_rotation)
    bow_at = violin_at + rot.rotate(violin_turn, bow.frog)
    bow_turn = rot.multiply(violin_turn, bow.rotation)
    left_world = left.carried(violin_at, violin_turn)
    right_world = right.carried(bow_at, bow_turn)
    _put_prop(skeleton, positions, "violin_end", violin_at, violin_turn)
    _put_prop(skeleton, positions, "bow_frog", bow_at, bow_turn)
    rotations[:, skeleton.index("violin_end")] = body.violin_rotation
    rotations[:, skeleton.index("bow_frog")] = rot.multiply(rot.conjugate(right_world.rotation), bow_turn)
    low = np.clip(1.0 - bow.level / 3.0, 0.0, 1.0)[:, None]
    for side, hand, pole in (("left", left_world, LEFT_ELBOW), ("right", right_world, RIGHT_ELBOW)):
        put_hand(skeleton, positions, side, hand)
        shoulder = shoulder_of(skeleton, side, chest_at, chest)
        aim = rot.rotate(chest, pole[0] * (1 - low) + pole[1] * low)
        positions[:, skeleton.index(f"{side}_lower_arm")] = (shoulder + hand.wrist) / 2 + 0.25 * aim
    put_feet(skeleton, body.feet, positions)
    return positions, rotations


def put_trunk(skeleton: Skeleton, body: Trunk, positions: Array, rotations: Array) -> None:
    positions[:, skeleton.index("hips")] = body.hips
    for joint, local in body.rotations.items():
        rotations[:, skeleton.index(joint)] = local


def chest_of(skeleton: Skeleton, body: Trunk) -> tuple[Array, Array]:
    """World position and rotation of the upper chest."""
    at, turn = body.hips, body.rotations["hips"]
    for joint in ("spine", "chest", "upper_chest"):
        at = at + rot.rotate(turn, skeleton.offsets[skeleton.index(joint)])
        turn = rot.multiply(turn, body.rotations[joint])
    return at, turn


def shoulder_of(skeleton: Skeleton, side: str, chest_at: Array, chest: Array) -> Array:
    offset = sum(skeleton.offsets[skeleton.index(f"{side}_{part}")] for part in ("shoulder", "upper_arm"))
    return np.asarray(chest_at + rot.rotate(chest, np.asarray(offset)))


def _put_prop(skeleton: Skeleton, positions: Array, held: str, at: Array, turn: Array) -> None:
    """A held prop and its points."""
    index = skeleton.index(held)
    positions[:, index] = at
    for child in skeleton.children(index):
        positions[:, child] = at + rot.rotate(turn, skeleton.offsets[child])


def put_hand(skeleton: Skeleton, positions: Array, side: str, hand: HandPose) -> None:
    positions[:, skeleton.index(f"{side}_hand")] = hand.wrist
    for finger, offset in zip(FINGERS, knuckle_offsets(skeleton, side), strict=True):
        knuckle = skeleton.index(violinist.finger_joints(side, finger)[0])
        positions[:, knuckle] = hand.wrist + rot.rotate(hand.rotation, offset)
    for i, finger in enumerate(violinist.FINGERS):
        positions[:, skeleton.index(violinist.finger_joints(side, finger)[3])] = hand.tips[:, i]


def put_feet(skeleton: Skeleton, feet: Mapping[str, tuple[Array, Array]], positions: Array) -> None:
    """Ankles and toes."""
    for side, (ankle, toes) in feet.items():
        positions[:, skeleton.index(f"{side}_foot")] = ankle
        positions[:, skeleton.index(f"{side}_toes")] = toes
