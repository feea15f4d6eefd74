# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limbs and fingers of a pose, brought to where they must be, for all frames at once. No bpy."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core import violinist
from ..core.rotations import Array
from ..core.solvers import CurledChain, fabrik, two_bones
from .body import Body
from .retarget import Retargeted, Source

LARGEST_BEND: Final = np.radians(112.0)
"""Of the middle joint of a finger."""
HINGE: Final = {"left": np.array([0.0, 1.0, 0.0]), "right": np.array([0.0, -1.0, 0.0])}
"""About which fingers curl, in the axes of a hand of the source."""


class Limbs:
    """The pose at work: rotations and positions of a body's joints, all frames."""

    def __init__(self, result: Retargeted) -> None:
        self.body = result.body
        self.rotations = result.rotations.copy()
        self.positions = result.positions()

    def at(self, joint: str) -> Array:
        return self.positions[:, self.body.skeleton.index(joint)]

    def turn(self, joint: str) -> Array:
        return self.rotations[:, self.body.skeleton.index(joint)]

    def point(self, joint: str, below: str, direction: Array) -> None:
        """Turn a joint, the shortest way, so that the joint below it lies in a direction; place that joint."""
        skeleton = self.body.skeleton
        rest = self.body.at(below) - self.body.at(joint)
        swing = rot.between(rot.rotate(self.turn(joint), rest), direction)
        self.rotations[:, skeleton.index(joint)] = rot.multiply(swing, self.turn(joint))
        self.place(below)

    def place(self, joint: str) -> None:
        """Put a joint where its parent carries it."""
        skeleton = self.body.skeleton
        i = skeleton.index(joint)
        parent = skeleton.parents[i]
        self.positions[:, i] = self.positions[:, parent] + rot.rotate(self.rotations[:, parent], skeleton.offsets[i])

    def length(self, joint: str, below: str) -> float:
        return float(np.linalg.norm(self.body.at(below) - self.body.at(joint)))

    def bend(self, chain: tuple[str, str, str], target: Array, spare: Array) -> Array:
        """Bring the end of a limb to a target, its middle joint staying on the side where it was;
        returns (T,) how far short it falls."""
        first, middle, last = chain
        base = self.at(first)
        pole = self.at(middle) - base + spare
        joint, end, _ = two_bones(base, target, self.length(first, middle), self.length(middle, last), pole)
        self.point(first, middle, joint - base)
        self.point(middle, last, end - joint)
        return np.asarray(np.linalg.norm(self.at(last) - target, axis=-1))

    def settle(self, joint: str) -> None:
        """Place what hangs on a joint, all the way out; its rotations stay."""
        skeleton = self.body.skeleton
        for child in skeleton.children(skeleton.index(joint)):
            self.place(skeleton.joints[child])
            self.settle(skeleton.joints[child])


def arm_of(side: str) -> tuple[str, str, str]:
    return f"{side}_upper_arm", f"{side}_lower_arm", f"{side}_hand"


def elbow_hint(limbs: Limbs, side: str) -> Array:
    """Elbows hang down and a little out where nothing else tells."""
    sign = 1.0 if side == "left" else -1.0
    return np.array([0.0005 * sign, 0.0, -0.001]) * limbs.length(f"{side}_upper_arm", f"{side}_lower_arm")


def reach_for(limbs: Limbs, side: str, wrist: Array) -> Array:
    """Take a hand where it belongs; (T,) how far short the arm falls."""
    short = limbs.bend(arm_of(side), wrist, elbow_hint(limbs, side))
    limbs.settle(f"{side}_hand")
    return short


def joints_of(body: Body, side: str, finger: str) -> tuple[str, ...]:
    """The joints of a finger that the body has, with its tip; empty without a tip."""
    *bones, tip = violinist.finger_joints(side, finger)
    return (*body.chain(tuple(bones)), tip) if tip in body else ()


def curl(source: Source, limbs: Limbs, side: str, finger: str, target: Array) -> Array:
    """Bend a finger so that its tip meets a target; (T, 3) what is left."""
    joints = joints_of(limbs.body, side, finger)
    base, lengths = limbs.at(joints[0]), [limbs.length(a, b) for a, b in pairwise(joints)]
    hinge = rot.rotate(source.rotation(f"{side}_hand"), HINGE[side])
    if finger == "thumb" and len(lengths) > 1:  # its joints do not bend about one axis: it keeps its shape
        points = fabrik(np.stack([limbs.at(joint) for joint in joints], axis=1), target)
        directions = np.diff(points, axis=1)
    elif len(lengths) == 3:
        chain = CurledChain((lengths[0], lengths[1], lengths[2]), LARGEST_BEND)
        directions, _, _ = chain.solve(base, target, hinge)
    elif len(lengths) == 2:
        middle, end, _ = two_bones(base, target, lengths[0], lengths[1], np.cross(target - base, hinge))
        directions = np.stack([middle - base, end - middle], axis=1)
    else:
        directions = (target - base)[:, None]
    for i, joint in enumerate(joints[:-1]):
        limbs.point(joint, joints[i + 1], directions[:, i])
    return target - limbs.at(joints[-1])
