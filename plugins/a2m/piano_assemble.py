# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From the model's points to a pianist at the keyboard; ``ik`` completes the body.

Wrists, elbows and trunk are where the model says, but no hand goes into the keys or into the other hand. The model
knows no notes: fingers are curved over the keys as a relaxed hand has them, keys and pedal stay up. Each frame
follows from its own points alone, so that music can be performed in parts.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from plugins.api import Array, Skeleton, pianist, piano, violinist
from plugins.api import rotations as rot
from plugins.api.prediction import Prediction

SIDES: Final = (("left", 1.0), ("right", -1.0))
HEIGHT: Final = (0.040, 0.140)
"""Of a wrist above the white keys, metres."""
DEPTH: Final = (0.020, 0.180)
"""Metres from the keys' front edge to a wrist, towards the player."""
APART: Final = 0.160
"""Metres between the wrists of hands side by side: two palms and their thumbs."""
KNUCKLE: Final = (0.044, 0.065)
"""Height of the first finger's knuckle above the white keys: least, and that from which the fingertips rise with it."""
RISE: Final = (-0.35, 0.35)
"""From wrist to that knuckle, parts of the way between them."""
TURN: Final = np.radians((-8.0, 28.0))
"""How far a hand turns from straight ahead: inwards and outwards at most."""
ROLL: Final = np.radians(4.0)
"""The back of the hand leans to the little finger's side."""
TIPS: Final = np.array([[-0.055, 0.106], [-0.0295, 0.133], [-0.006, 0.143], [0.0175, 0.137], [0.041, 0.121]])
"""Fingertips of a relaxed hand from its wrist, thumb first: metres outwards and ahead; over five white keys."""
HOVER: Final = np.array([0.005, 0.007, 0.007, 0.007, 0.006])
"""Height of the fingertips above the keys under them."""
ONTO_BLACK: Final = (0.036, 0.052)
"""Metres from the keys' front edge over which fingertips rise to pass above the black ones."""
LOOK: Final = np.radians((9.0, 15.0))
"""Down, of neck and head: at the keys."""
SWAY: Final = 0.02
"""Metres that the hips may go from where they sit."""
SHARES: Final = {"hips": 0.25, "spine": 0.30, "chest": 0.25, "upper_chest": 0.20}
"""How the joints of the trunk share its leaning, and"""
LEAN: Final = np.radians(35.0)
"""how far it leans at most."""
ANKLE: Final = np.array([0.135, -0.400])
FOOT_TURN: Final = np.radians(9.0)


def at_the_piano(skeleton: Skeleton, said: Prediction) -> tuple[Array, Array]:
    """(T, J, 3) world positions and (T, J, 4) local rotations; what ``ik`` must find is NaN."""
    points = {joint: place + pianist.SEATED for joint, place in said.points.items()}
    count = len(points["neck"])
    positions = np.full((count, len(skeleton), 3), np.nan)
    rotations = np.full((count, len(skeleton), 4), np.nan)
    wrists = wrists_at_keys(*(points[f"{side}_hand"] - pianist.KEYBOARD for side, _ in SIDES))
    for (side, sign), wrist in zip(SIDES, wrists, strict=True):
        line = points[f"{side}_index_proximal"] - points[f"{side}_hand"]
        _put_hand(skeleton, positions, side, sign, wrist, line)
        positions[:, skeleton.index(f"{side}_lower_arm")] = points[f"{side}_lower_arm"]
    _put_body(skeleton, points, (wrists[0] + wrists[1]) / 2, positions, rotations)
    _put_piano(skeleton, positions, rotations)
    return positions, rotations


def wrists_at_keys(left: Array, right: Array) -> tuple[Array, Array]:
    """(T, 3) wrists in the keyboard's frame, kept above and before the keys and out of each other's way."""
    widest = piano.WIDTH / 2
    low, high = np.array([-widest, DEPTH[0], HEIGHT[0]]), np.array([widest, DEPTH[1], HEIGHT[1]])
    left, right = np.clip(left, low, high), np.clip(right, low, high)
    lack = np.maximum(APART - (left[:, 0] - right[:, 0]), 0.0)[:, None] * [0.5, 0.0, 0.0]
    return left + lack, right - lack


def _put_hand(skeleton: Skeleton, positions: Array, side: str, sign: float, wrist: Array, line: Array) -> None:
    """Wrist, knuckles and fingertips; ``line`` is where the model has the first knuckle from the wrist."""
    knuckle = skeleton.offsets[skeleton.index(f"{side}_index_proximal")]
    length = float(np.linalg.norm(knuckle))
    # The first knuckle lies beside the hand's own line.
    beside = float(np.arctan2(abs(knuckle[1]), abs(knuckle[0])))
    turned = np.clip(np.arctan2(sign * line[:, 0], -line[:, 1]) + beside, *TURN)
    yaw = sign * (turned - beside)
    rise = np.clip(line[:, 2] / np.maximum(np.linalg.norm(line, axis=-1), 1e-6), *RISE) * length
    height = np.maximum(wrist[:, 2] + rise, KNUCKLE[0])
    rise = height - wrist[:, 2]
    flat = np.sqrt(length**2 - rise**2)
    pointing = np.stack([flat * np.sin(yaw), -flat * np.cos(yaw), rise], axis=-1)
    back = np.array([sign * np.sin(ROLL), 0.0, np.cos(ROLL)])
    turn = rot.from_directions(knuckle, np.array([0.0, 0.0, 1.0]), pointing, np.broadcast_to(back, pointing.shape))
    at = pianist.KEYBOARD + wrist
    positions[:, skeleton.index(f"{side}_hand")] = at
    for finger in violinist.FINGERS[1:]:
        joint = skeleton.index(violinist.finger_joints(side, finger)[0])
        positions[:, joint] = at + rot.rotate(turn, skeleton.offsets[joint])
    tips = fingertips(wrist, sign * turned, sign)
    tips[..., 2] += np.maximum(height - KNUCKLE[1], 0.0)[:, None]
    for finger, tip in zip(violinist.FINGERS, np.moveaxis(tips, 1, 0), strict=True):
        positions[:, skeleton.index(violinist.finger_joints(side, finger)[3])] = pianist.KEYBOARD + tip


def fingertips(wrist: Array, yaw: Array, sign: float) -> Array:
    """(T, 5, 3) tips of a relaxed hand in the keyboard's frame, over the keys; ``yaw`` (T,) towards +X."""
    out, ahead = sign * TIPS[:, 0], TIPS[:, 1]
    cos, sin = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
    x = wrist[:, :1] + cos * out + sin * ahead
    y = wrist[:, 1:2] + sin * out - cos * ahead
    inside = np.clip((-y - ONTO_BLACK[0]) / (ONTO_BLACK[1] - ONTO_BLACK[0]), 0.0, 1.0)
    over = piano.BLACK_HEIGHT * inside * inside * (3.0 - 2.0 * inside)
    return np.stack([x, y, HOVER + over], axis=-1)


def _put_body(skeleton: Skeleton, points: dict[str, Array], hands: Array, positions: Array, rotations: Array) -> None:
    """Hips on the bench, the neck on the line where the model says, eyes on the hands, feet flat on the floor."""
    hips = skeleton.index("hips")
    away = np.clip(points["hips"] - pianist.SEATED, -SWAY, SWAY) * [1.0, 1.0, 0.0]
    positions[:, hips] = pianist.SEATED + away
    for joint, turn in leaning(skeleton, points["neck"] - positions[:, hips]).items():
        rotations[:, skeleton.index(joint)] = turn
    towards = np.clip(0.35 * hands[:, 0], -0.5, 0.5)
    for joint, share, nod in (("neck", 0.4, LOOK[0]), ("head", 0.6, LOOK[1])):
        yaw = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), share * towards)
        rotations[:, skeleton.index(joint)] = rot.multiply(yaw, rot.from_axis_angle(np.array([1.0, 0.0, 0.0]), nod))
    for side, sign in SIDES:
        ankle = np.array([sign * ANKLE[0], ANKLE[1], skeleton.rest_positions[skeleton.index(f"{side}_foot")][2]])
        outwards = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(sign * FOOT_TURN))
        positions[:, skeleton.index(f"{side}_foot")] = ankle
        toes = rot.rotate(outwards, skeleton.offsets[skeleton.index(f"{side}_toes")])
        positions[:, skeleton.index(f"{side}_toes")] = ankle + toes


def leaning(skeleton: Skeleton, line: Array) -> dict[str, Array]:
    """(T, 4) local rotations of the trunk that take the neck to the line (T, 3) from the hips to it.

    How long the line is does not matter: a trunk that had to be shorter than it is would hunch.
    """
    rest = skeleton.rest_positions
    above = {joint: rest[skeleton.index("neck")] - rest[skeleton.index(joint)] for joint in SHARES}
    upright = above["hips"]
    axis = np.cross(np.broadcast_to(upright, line.shape), line)
    angle = np.minimum(np.arctan2(np.linalg.norm(axis, axis=-1), line @ upright), LEAN)
    # What bends near the neck moves it less.
    reach = sum(share * np.linalg.norm(above[joint]) for joint, share in SHARES.items()) / np.linalg.norm(upright)
    axis = rot.normalize(np.where(np.linalg.norm(axis, axis=-1, keepdims=True) > 1e-9, axis, [1.0, 0.0, 0.0]))
    return {joint: rot.from_axis_angle(axis, angle * share / reach) for joint, share in SHARES.items()}


def _put_piano(skeleton: Skeleton, positions: Array, rotations: Array) -> None:
    """Keyboard, bench, pedal and keys, all at rest; rotations are said against the hips."""
    back = rot.conjugate(rotations[:, skeleton.index("hips")])
    places = dict(zip(pianist.PROPS, (pianist.KEYBOARD, pianist.PEDAL, pianist.BENCH), strict=True))
    pitches = range(piano.LOWEST, piano.HIGHEST + 1)
    places |= {j: pianist.KEYBOARD + piano.front(p) for p, j in zip(pitches, pianist.KEY_JOINTS, strict=True)}
    for joint, place in places.items():
        positions[:, skeleton.index(joint)] = place
        rotations[:, skeleton.index(joint)] = back
