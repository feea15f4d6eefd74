# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The rest of the body after thirteen of its joints: bones keep their lengths, hands their poses, props their places.

A motion with rotations stays one: its rotations are freed of jitter, and limbs and trunk are swung, with all that hangs
on them, until the joints are where they should be. Of a motion without, the other joints go along with the nearest of
the thirteen, and the elbows are put where the arms' bones have their lengths.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from plugins.api import Motion, Skeleton, two_bones
from plugins.api import rotations as rot
from plugins.api.playing_joints import ARM_BONES, JOINTS, LIMBS, THIGH, THIGHS, Floats, length_of

SIDES: Final = ("left", "right")
TRUNK: Final = ("spine", "chest", "upper_chest")


class Posed:
    """A skeleton over T frames that can be swung about its joints."""

    def __init__(self, skeleton: Skeleton, local: Floats, positions: Floats) -> None:
        self.skeleton = skeleton
        self.places, self.world = skeleton.forward_kinematics(local, positions)
        self._below = [self._descendants(i) for i in range(len(skeleton))]

    def _descendants(self, joint: int) -> list[int]:
        found = [joint]
        for child in self.skeleton.children(joint):
            found += self._descendants(child)
        return found

    def at(self, joint: str) -> Floats:
        return np.asarray(self.places[:, self.skeleton.index(joint)])

    def move(self, by: Floats) -> None:
        """The whole body, by (T, 3)."""
        self.places = self.places + by[:, None]

    def swing(self, joint: str, end: Floats, to: Floats) -> None:
        """Turn a joint, with all that it carries, so that ``end`` lies in the direction of ``to``; (T, 3) both."""
        index = self.skeleton.index(joint)
        pivot = self.places[:, index]
        self.turn(joint, rot.between(end - pivot, to - pivot))

    def turn(self, joint: str, by: Floats) -> None:
        """Turn a joint by (T, 4) of the world, with all that it carries."""
        index = self.skeleton.index(joint)
        below = self._below[index]
        pivot = self.places[:, index][:, None]
        self.places[:, below] = pivot + rot.rotate(by[:, None], self.places[:, below] - pivot)
        self.world[:, below] = rot.multiply(by[:, None], self.world[:, below])

    def local(self) -> Floats:
        """(T, J, 4)."""
        out = self.world.copy()
        for i, parent in enumerate(self.skeleton.parents):
            if parent >= 0:
                out[:, i] = rot.multiply(rot.conjugate(self.world[:, parent]), self.world[:, i])
        return np.asarray(rot.unroll(out))


def swung(skeleton: Skeleton, local: Floats, positions: Floats, targets: dict[str, Floats]) -> tuple[Floats, Floats]:
    """Positions (T, J, 3) and local rotations (T, J, 4) of a body whose joints lie as near to the targets as its bones
    allow.

    Args:
        local, positions: of the body before; of positions only the root's and held props' are read.
        targets: joint -> (T, 3) metres, of JOINTS, and the head.
    """
    posed = Posed(skeleton, local, positions)
    hips = [name for name in ("left_upper_leg", "right_upper_leg") if name in targets and name in skeleton]
    feet = {side: posed.world[:, skeleton.index(f"{side}_foot")].copy() for side in SIDES if f"{side}_foot" in skeleton}
    if hips:
        posed.move(np.mean([targets[name] - posed.at(name) for name in hips], axis=0))
    trunk = [name for name in TRUNK if name in skeleton]
    if trunk and "neck" in targets and "neck" in skeleton:
        posed.swing(trunk[0], posed.at("neck"), targets["neck"])
    elif not hips:
        shoulders = [f"{side}_upper_arm" for side in SIDES]
        posed.move(np.mean([targets[name] - posed.at(name) for name in shoulders], axis=0))
    if "head" in targets and "neck" in skeleton and "head" in skeleton:
        posed.swing("neck", posed.at("head"), targets["head"])
    for side in SIDES:
        _swing_arm(posed, side, targets)
        if side in feet and f"{side}_toes" in targets:
            _swing_leg(posed, side, targets, feet[side])
    return posed.places, posed.local()


def _swing_arm(posed: Posed, side: str, targets: dict[str, Floats]) -> None:
    shoulder, elbow, wrist = (f"{side}_{part}" for part in ("upper_arm", "lower_arm", "hand"))
    collar = f"{side}_shoulder"
    if collar in posed.skeleton:
        posed.swing(collar, posed.at(shoulder), targets[shoulder])
    _swing_limb(posed, (shoulder, elbow, wrist), targets[wrist], targets[elbow])


def _swing_leg(posed: Posed, side: str, targets: dict[str, Floats], sole: Floats) -> None:
    """The foot keeps its own turn, and the toes come where they should be."""
    hip, knee, foot, toes = (f"{side}_{part}" for part in ("upper_leg", "lower_leg", "foot", "toes"))
    if not all(joint in posed.skeleton for joint in (hip, knee, foot, toes)):
        return
    index = posed.skeleton.index(toes)
    ankle = targets[toes] - rot.rotate(sole, posed.skeleton.offsets[index])
    pole = targets.get(knee, posed.at(knee))
    _swing_limb(posed, (hip, knee, foot), ankle, pole)
    turned = posed.world[:, posed.skeleton.index(foot)]
    posed.turn(foot, rot.multiply(sole, rot.conjugate(turned)))


def _swing_limb(posed: Posed, joints: tuple[str, str, str], end: Floats, middle: Floats) -> None:
    first, second = (
        float(np.linalg.norm(posed.skeleton.rest_positions[b] - posed.skeleton.rest_positions[a]))
        for a, b in _pairs(posed.skeleton, joints)
    )
    base = posed.at(joints[0])
    bend, reached, _ = two_bones(base, end, first, second, middle - base, straightest=1.0)
    posed.swing(joints[0], posed.at(joints[1]), bend)
    posed.swing(joints[1], posed.at(joints[2]), reached)


def _pairs(skeleton: Skeleton, joints: tuple[str, str, str]) -> list[tuple[int, int]]:
    at = [skeleton.index(joint) for joint in joints]
    return [(at[0], at[1]), (at[1], at[2])]


def with_lengths(places: Floats, seen: Floats) -> Floats:
    """(T, 13, 3) with arms and thighs of constant length: elbows move to where both bones of the arm have theirs, knees
    along the thigh, and a wrist that is out of reach comes in.

    Args:
        seen: (K, 13, 3) what was seen, which tells the lengths.
    """
    out = places.copy()
    for shoulder, elbow, wrist in LIMBS:
        first = length_of(seen[:, elbow] - seen[:, shoulder], ARM_BONES[0])
        second = length_of(seen[:, wrist] - seen[:, elbow], ARM_BONES[1])
        if first > 0.0 and second > 0.0:
            base = out[:, shoulder]
            bend, reached, _ = two_bones(base, out[:, wrist], first, second, out[:, elbow] - base, straightest=1.0)
            out[:, elbow], out[:, wrist] = bend, reached
    for hip, knee in THIGHS:
        length = length_of(seen[:, knee] - seen[:, hip], THIGH)
        if length > 0.0:
            out[:, knee] = out[:, hip] + rot.normalize(out[:, knee] - out[:, hip]) * length
    return np.where(np.isfinite(out), out, places)


def anchors(motion: Motion) -> dict[int, int]:
    """Index of every other joint of a motion -> index of the one of JOINTS that it goes along with."""
    names = motion.skeleton.joints
    known = {i: name for i, name in enumerate(names) if name in JOINTS and np.isfinite(motion.positions[:, i]).any()}
    found = {}
    for i in range(len(names)):
        if i in known:
            continue
        found[i] = _carrier(motion.skeleton, i, set(known))
    return found


def _carrier(skeleton: Skeleton, joint: int, known: set[int]) -> int:
    """By kinship, else by name, else the neck or a shoulder."""
    name, above = skeleton.joints[joint], skeleton.parents[joint]
    while above >= 0:
        if above in known:
            return above
        above = skeleton.parents[above]
    side = name.partition("_")[0]
    for part, carrier in (
        (("shoulder",), "upper_arm"),
        (("foot", "toes"), "toes"),
        (("thumb", "index", "middle", "ring", "little"), "hand"),
        (("bow",), "right_hand"),
    ):
        if any(p in name for p in part):
            wanted = carrier if carrier in skeleton else f"{side}_{carrier}"
            if wanted in skeleton and skeleton.index(wanted) in known:
                return skeleton.index(wanted)
    usual = ("neck", "left_upper_arm", "right_upper_arm")
    return next((skeleton.index(n) for n in usual if n in skeleton and skeleton.index(n) in known), min(known))


def held_props(given: Motion, local: Floats, positions: Floats) -> dict[int, Floats]:
    """Index of a held prop -> (T, 3) where it is in the axes of what holds it."""
    placed, world = given.skeleton.forward_kinematics(local, positions)
    found = {}
    for i in given.skeleton.held:
        parent = given.skeleton.parents[i]
        found[i] = rot.rotate(rot.conjugate(world[:, parent]), placed[:, i] - placed[:, parent])
    return found


def held_again(given: Motion, placed: Floats, local: Floats, held: dict[int, Floats]) -> Floats:
    """Positions with held props where they were in the axes of what holds them."""
    world = given.skeleton.world_rotations(local)
    out = placed.copy()
    for i, beside in held.items():
        parent = given.skeleton.parents[i]
        out[:, i] = out[:, parent] + rot.rotate(world[:, parent], beside)
    done, _ = given.skeleton.forward_kinematics(local, out)
    return np.asarray(done)
