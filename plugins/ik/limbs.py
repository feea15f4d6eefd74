# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Trunk, arms, legs and fingers, each solved on a :class:`Pose`."""

from __future__ import annotations

from typing import Final

import numpy as np

from plugins.api import Array, CurledChain, fabrik, two_bones, violinist
from plugins.api import rotations as rot
from plugins.ik.body import Pose

TRUNK: Final = ("spine", "chest", "upper_chest", "neck", "head")
LARGEST_BEND: Final = {"thumb": np.radians(80.0)} | dict.fromkeys(violinist.FINGERS[1:], np.radians(112.0))
"""Flexion of the middle finger joint (PIP): 110 to 115 degrees; thumb (IP): 80. American
Academy of Orthopaedic Surgeons, *Joint Motion: Method of Measuring and Recording* (1965)."""
CLAVICLE_LIMIT: Final = np.radians(16.0)
"""Protraction and elevation of the shoulder girdle that an arm may ask for (of 20 to 30, same source)."""
CLAVICLE_FROM: Final = 0.80
"""Part of the arm's length at which the shoulder girdle begins to help."""
SPREAD_LIMIT: Final = np.radians(29.0)
"""Sideways reach of a knuckle: 20 to 25 degrees are usual, string players' hands go further."""
KNUCKLE_LIMITS: Final = (np.radians(-32.0), np.radians(88.0))
"""Extension and flexion of a knuckle (MCP): 30 to 45 and 90 degrees (same source)."""
STANDING: Final = 1e-4
"""Metres that the toes of a foot that stands may be off their height below the ankle."""
TWIST_SHARE: Final = 0.6
"""Part of the hand's roll that the forearm shows at its middle; the rest is at the wrist."""


def solve_trunk(pose: Pose) -> None:
    """Hips to head: given rotations are kept; missing spine joints bend by FABRIK."""
    hips = pose.skeleton.index("hips")
    pose.at[:, hips] = pose.target("hips")
    local = pose.given_local("hips")
    pose.turn("hips", _hips_rotation(pose) if local is None else local)
    if any(pose.given_local(j) is None for j in TRUNK) and pose.knows("neck"):
        _bend_spine(pose)
    for joint in TRUNK:
        pose.place(joint)
        local = pose.given_local(joint)
        if local is not None:
            pose.turn(joint, rot.multiply(pose.rotation(pose.parent(joint)), local))
        elif not np.isfinite(pose.rotation(joint)).all():
            pose.turn(joint, pose.rotation(pose.parent(joint)))


def _hips_rotation(pose: Pose) -> Array:
    """From the two hip joints where they are known, upright."""
    if not (pose.knows("left_upper_leg") and pose.knows("right_upper_leg")):
        return np.broadcast_to(rot.IDENTITY, (len(pose), 4))
    across = pose.target("left_upper_leg") - pose.target("right_upper_leg")
    up = np.broadcast_to([0.0, 0.0, 1.0], across.shape)
    return rot.from_directions(np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), across, up)


def _bend_spine(pose: Pose) -> None:
    """Bend hips, spine, chest, upper chest so that the neck meets its target."""
    chain = ("hips", "spine", "chest", "upper_chest", "neck")
    offsets = np.cumsum([np.zeros(3), *(pose.rest(j) for j in chain[1:])], axis=0)
    start = pose.position("hips")[:, None] + rot.rotate(pose.rotation("hips")[:, None], offsets[None])
    points = fabrik(start, pose.target("neck"))
    for joint, below, above in zip(chain[1:4], range(1, 4), range(2, 5), strict=True):
        rest = pose.rest(chain[above])
        carried = rot.rotate(pose.rotation("hips"), rest)
        swing = rot.between(carried, points[:, above] - points[:, below])
        pose.turn(joint, rot.multiply(swing, pose.rotation("hips")))


def solve_leg(pose: Pose, side: str) -> None:
    """Hip to toes: the ankle on its target, the knee over the foot."""
    upper, lower, foot, toes = (f"{side}_{part}" for part in ("upper_leg", "lower_leg", "foot", "toes"))
    hip = pose.place(upper)
    toe_line = pose.target(toes) - pose.target(foot)
    toe_line[:, 2] = 0.0
    knee, ankle, axis = two_bones(hip, pose.target(foot), pose.length(lower), pose.length(foot), toe_line)
    rest_axis = np.array([1.0, 0.0, 0.0])
    pose.turn(upper, rot.from_directions(pose.rest(lower), rest_axis, knee - hip, axis))
    pose.place(lower)
    pose.turn(lower, rot.from_directions(pose.rest(foot), rest_axis, ankle - knee, axis))
    pose.place(foot)
    pose.turn(foot, _foot_rotation(pose, foot, toes, toe_line))
    pose.place(toes)
    pose.turn(toes, pose.rotation(foot))


def _foot_rotation(pose: Pose, foot: str, toes: str, toe_line: Array) -> Array:
    """Flat where ankle and toes are as high as in a foot that stands; else turned up or down about the ankle."""
    up = np.array([0.0, 0.0, 1.0])
    flat = pose.rest(toes) * [1.0, 1.0, 0.0]
    heading = rot.from_directions(flat, up, toe_line, np.broadcast_to(up, toe_line.shape))
    line = pose.target(toes) - pose.target(foot)
    if (np.abs(line[:, 2] - pose.rest(toes)[2]) < STANDING).all():
        return heading
    across = rot.rotate(heading, np.array([1.0, 0.0, 0.0]))
    return rot.from_directions(pose.rest(toes), np.array([1.0, 0.0, 0.0]), line, across)


def solve_arm(pose: Pose, side: str) -> None:
    """Collar bone to wrist: the wrist on its target, the elbow near its hint, the hand as its knuckles lie."""
    sign = 1.0 if side == "left" else -1.0
    upper, lower, hand = (f"{side}_{part}" for part in ("upper_arm", "lower_arm", "hand"))
    wrist = pose.target(hand)
    shoulder = _shoulder(pose, side, wrist)
    pole = pose.target(lower) - shoulder if pose.knows(lower) else _default_pole(pose, sign)
    elbow, reached, axis = two_bones(shoulder, wrist, pose.length(lower), pose.length(hand), pole)
    hinge = np.array([0.0, 0.0, -sign])
    pose.turn(upper, rot.from_directions(pose.rest(lower), hinge, elbow - shoulder, axis))
    pose.place(lower)
    straight = rot.from_directions(pose.rest(hand), hinge, reached - elbow, axis)
    turned = _hand_rotation(pose, side, straight)
    pose.turn(lower, _share_twist(straight, turned, rot.normalize(pose.rest(hand))))
    pose.place(hand)
    pose.turn(hand, turned)


def _shoulder(pose: Pose, side: str, wrist: Array) -> Array:
    """Turn the shoulder girdle towards a wrist that is far; returns the shoulder joint."""
    clavicle, upper = f"{side}_shoulder", f"{side}_upper_arm"
    base = pose.place(clavicle)
    chest = pose.rotation("upper_chest")
    rest = rot.rotate(chest, pose.rest(upper))
    length = pose.length(f"{side}_lower_arm") + pose.length(f"{side}_hand")
    stretch = np.linalg.norm(wrist - base - rest, axis=-1) / length
    ease = np.clip((stretch - CLAVICLE_FROM) / (1.0 - CLAVICLE_FROM), 0.0, 1.0)
    wanted = rot.rotation_vector(rot.between(rest, wrist - base))
    angle = np.linalg.norm(wanted, axis=-1)
    turn = CLAVICLE_LIMIT * ease * ease * (3 - 2 * ease)
    part = np.minimum(turn, angle) / np.maximum(angle, 1e-9)
    pose.turn(clavicle, rot.multiply(rot.from_rotation_vector(wanted * part[:, None]), chest))
    return pose.place(upper)


def _default_pole(pose: Pose, sign: float) -> Array:
    """Elbows hang down, a little out and back, as the chest stands."""
    return rot.rotate(pose.rotation("upper_chest"), np.array([0.35 * sign, 0.25, -1.0]))


def _hand_rotation(pose: Pose, side: str, straight: Array) -> Array:
    """From the knuckles; without them the hand goes on straight from the forearm."""
    hand, index, little = f"{side}_hand", f"{side}_index_proximal", f"{side}_little_proximal"
    local = pose.given_local(hand)
    if local is not None:
        return rot.multiply(straight, local)
    if not (pose.knows(index) and pose.knows(little)):
        return straight
    across = pose.target(index) - pose.target(little)
    middle = (pose.target(index) + pose.target(little)) / 2 - pose.target(hand)
    rest_across = pose.rest(index) - pose.rest(little)
    return rot.from_directions((pose.rest(index) + pose.rest(little)) / 2, rest_across, middle, across)


def _share_twist(straight: Array, hand: Array, axis: Array) -> Array:
    """Give the forearm its share of the hand's roll about the forearm's own axis."""
    local = rot.multiply(rot.conjugate(straight), hand)
    along = np.sum(local[:, 1:] * axis, axis=-1)
    angle = np.unwrap(2.0 * np.arctan2(along, local[:, 0]))
    # Of the turns that mean the same pose, take the one a forearm can do.
    angle -= 2 * np.pi * np.round(np.median(angle) / (2 * np.pi))
    return rot.multiply(straight, rot.from_axis_angle(axis, TWIST_SHARE * angle))


def solve_fingers(pose: Pose, side: str) -> None:
    """Every finger whose tip has a target; the others stay as the hand lies."""
    sign = 1.0 if side == "left" else -1.0
    hand = pose.rotation(f"{side}_hand")
    shift = pose.position(f"{side}_hand") - pose.target(f"{side}_hand")
    for finger in violinist.FINGERS:
        joints = violinist.finger_joints(side, finger)
        base = pose.place(joints[0])
        if not pose.knows(joints[3]):
            for joint in joints[:3]:
                pose.turn(joint, hand)
                pose.place(joint)
            continue
        chain = CurledChain(tuple(pose.length(j) for j in joints[1:]), LARGEST_BEND[finger])  # type: ignore[arg-type]
        rest_hinge = _finger_hinge(finger, sign)
        target = pose.target(joints[3]) + shift
        if finger != "thumb":
            target = _within_spread(base, target, hand)
        bones, axis, _ = chain.solve(base, target, rot.rotate(hand, rest_hinge))
        if finger != "thumb":
            bones = _within_flexion(bones, axis, hand, sign)
        for i, joint in enumerate(joints[:3]):
            pose.turn(joint, rot.from_directions(pose.rest(joints[i + 1]), rest_hinge, bones[:, i], axis))
            pose.place(joints[i + 1])


def _within_spread(base: Array, target: Array, hand: Array) -> Array:
    """The target, brought sideways to where the knuckle's spread allows the finger to point."""
    local = rot.rotate(rot.conjugate(hand), target - base)
    widest = np.tan(SPREAD_LIMIT) * np.hypot(local[:, 0], local[:, 2])
    local[:, 1] = np.clip(local[:, 1], -widest, widest)
    return base + rot.rotate(hand, local)


def _within_flexion(bones: Array, axis: Array, hand: Array, sign: float) -> Array:
    """The finger's bones (T, 3, 3), turned about its hinge to where the knuckle can bend."""
    x, _, z = np.moveaxis(rot.rotate(rot.conjugate(hand), bones[:, 0]), -1, 0)
    flexion = np.arctan2(-z, sign * x)
    excess = np.clip(flexion, *KNUCKLE_LIMITS) - flexion
    return rot.rotate(rot.from_axis_angle(axis, excess)[:, None], bones)


def _finger_hinge(finger: str, sign: float) -> Array:
    """Axis (hand at rest) about which a finger curls into the palm."""
    if finger != "thumb":
        return np.array([0.0, sign, 0.0])
    x, y, z = violinist.THUMB_DIRECTION
    # The thumb curls across the palm, towards the root of the ring finger.
    across = np.cross([x, y, z], [0.3, 0.6, -0.75])
    across = across / np.linalg.norm(across)
    # Mirrored for the right hand (an axis is a pseudovector).
    return across if sign > 0 else across * np.array([1.0, -1.0, -1.0])
