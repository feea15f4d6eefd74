# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rest-pose alignment and retargeting, for all frames at once. No bpy.

A rotation here is what carries a joint's surroundings from the rest pose to the frame, in a
body's own axes (left +X, up +Z). The **alignment** of a joint carries the target's rest pose
to the source's: arms, legs and fingers by the direction of their bones (a T-pose meets an
A-pose), hands by the plane of the palm too, feet by their heading; the trunk keeps its own
posture. Then ``target rotation = source rotation x alignment``, and where the target lacks
joints that the source has, the bone that spans them takes their common direction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core import violinist
from ..core.motion import Motion, MotionError
from ..core.rotations import Array
from .body import Body
from .joints import SIDES, TRUNK

LEG: Final = ("upper_leg", "lower_leg", "foot")
TWIST_SHARE: Final = 0.5
"""Part of a hand's roll against the forearm at rest that the forearm takes."""


@dataclass(frozen=True, eq=False)
class Retargeted:
    """A performance of a body, before contact.

    Attributes:
        body: the target.
        rotations: (T, J, 4) of the body's joints, from the rest pose, wxyz.
        hips: (T, 3) in the body's space.
        ratio: lengths of the target over lengths of the source, by the legs.
        alignment: joint -> (4,) what carries the target's rest pose to the source's.
    """

    body: Body
    rotations: Array = field(repr=False)
    hips: Array = field(repr=False)
    ratio: float
    alignment: dict[str, Array] = field(repr=False)

    def positions(self) -> Array:
        """(T, J, 3) where the body's joints are."""
        skeleton = self.body.skeleton
        frames, joints, _ = self.rotations.shape
        out = np.moveaxis(np.empty((joints, frames, 3)), 0, 1)  # a joint's frames side by side
        out[:, 0] = self.hips
        for i, parent in enumerate(skeleton.parents[1:], start=1):
            out[:, i] = out[:, parent] + rot.rotate(self.rotations[:, parent], skeleton.offsets[i])
        return out


@dataclass(frozen=True, eq=False)
class Source:
    """A motion as its body's joints move: positions (T, J, 3) and rotations (T, J, 4) in the body's axes."""

    body: Body
    positions: Array = field(repr=False)
    rotations: Array = field(repr=False)

    def position(self, joint: str) -> Array:
        return self.positions[:, self.body.skeleton.index(joint)]

    def rotation(self, joint: str) -> Array:
        return self.rotations[:, self.body.skeleton.index(joint)]


def source_of(motion: Motion, body: Body) -> Source:
    """The motion, seen by a body made of its skeleton (``body_of_motion``).

    Raises:
        MotionError: when the motion has no rotations.
    """
    if motion.rotations is None:
        raise MotionError("the motion has no rotations; run it through inverse kinematics first")
    world = motion.skeleton.world_rotations(motion.rotations)
    back = rot.conjugate(body.axes)
    tips = {j: j for j in body.skeleton.joints if j not in body.bones and j in motion.skeleton}
    at = [body.bones.get(j, motion.skeleton.index(tips[j]) if j in tips else -1) for j in body.skeleton.joints]
    positions = rot.rotate(back, motion.positions[:, at].astype(np.float64))
    rotations = rot.multiply(rot.multiply(back, world[:, at]), body.axes)
    source = Source(body, positions, rotations)
    for i in range(len(at)):
        if at[i] < 0:  # the tip of a finger that the motion does not name
            parent = body.skeleton.parents[i]
            rotations[:, i] = rotations[:, parent]
            positions[:, i] = positions[:, parent] + rot.rotate(rotations[:, parent], body.skeleton.offsets[i])
    return source


def retarget(source: Source, target: Body) -> Retargeted:
    """The source's performance on the target's proportions."""
    alignment = rest_alignment(source.body, target)
    skeleton = target.skeleton
    rotations = np.moveaxis(np.empty((len(skeleton), len(source.positions), 4)), 0, 1)  # a joint's frames side by side
    for i, joint in enumerate(skeleton.joints):
        turned = _turned(source, target, joint)
        if turned is None:  # nothing in the source moves it: it follows what carries it
            parent = skeleton.parents[i]
            rotations[:, i] = rotations[:, parent] if parent >= 0 else rot.IDENTITY
        else:
            rotations[:, i] = rot.multiply(turned, alignment[joint])
    ratio = leg_ratio(source.body, target)
    return Retargeted(target, rotations, _hips(source, target, ratio), ratio, alignment)


def leg_ratio(source: Body, target: Body) -> float:
    """How long the target's legs are, with the source's as 1; without legs, its trunk."""
    ratios = [
        target.length(chain) / source.length(chain)
        for chain in (
            ("left_upper_leg", "left_lower_leg", "left_foot"),
            ("right_upper_leg", "right_lower_leg", "right_foot"),
            ("hips", "neck"),
            ("hips", "head"),
        )
    ]
    known = [r for r in ratios[:2] if np.isfinite(r)] or [r for r in ratios if np.isfinite(r)]
    return float(np.mean(known)) if known else 1.0


def _hips(source: Source, target: Body, ratio: float) -> Array:
    """The hips' way, scaled by the legs, about where the target stands; with legs, as high above the ankles as
    legs of this length are, however spread or bent they are at rest."""
    hips = source.position("hips")
    placed = target.at("hips") + ratio * (hips - source.body.at("hips"))
    sides = [s for s in SIDES if all(f"{s}_{part}" in body for part in LEG for body in (source.body, target))]
    if sides:
        mine, theirs = (_leg_base(body, sides) for body in (target, source.body))
        placed[:, 2] = mine + ratio * (hips[:, 2] - theirs)
    return np.asarray(placed)


def _leg_base(body: Body, sides: list[str]) -> float:
    """Height of the ankles at rest, and of the hips above the legs' upper ends: what legs have nothing to do with."""
    feet, tops = (np.mean([body.at(f"{side}_{part}")[2] for side in sides]) for part in (LEG[2], LEG[0]))
    return float(feet + body.at("hips")[2] - tops)


def _turned(source: Source, target: Body, joint: str) -> Array | None:
    """(T, 4) what the source does at a joint of the target; None when it has nothing like it."""
    if joint not in source.body:
        return None
    if joint in TRUNK[1:4]:
        return source.rotation(_spanned(source.body, target, joint))
    rotation = source.rotation(joint)
    below = aim(target, joint)
    direct = aim(source.body, joint)
    if below is None or below not in source.body or (below == direct and _rigid(source.body, joint, below)):
        return rotation
    # The target's bone spans joints of the source: it points where they point together.
    rest = source.body.at(below) - source.body.at(joint)
    swing = rot.between(rot.rotate(rotation, rest), source.position(below) - source.position(joint))
    return rot.multiply(swing, rotation)


def _rigid(body: Body, joint: str, below: str) -> bool:
    """Whether no other bone lies between two joints, so that one turns about the other as a whole."""
    return below not in body.bones or body.rest.parents[body.bones[below]] == body.bones[joint]


def _spanned(source: Body, target: Body, joint: str) -> str:
    """The last of the spine's joints that a target's bone stands for: the next one is its own."""
    last = joint
    for above in TRUNK[TRUNK.index(joint) + 1 : 4]:
        if above in target:
            break
        if above in source:
            last = above
    return last


def aim(body: Body, joint: str) -> str | None:
    """The joint that a limb's bone points to, None for the rest of the body."""
    for chain in _CHAINS:
        if joint in chain[:-1]:
            below = [j for j in chain[chain.index(joint) + 1 :] if j in body]
            return below[0] if below else None
    return None


def _chains() -> list[tuple[str, ...]]:
    chains: list[tuple[str, ...]] = []
    for side in SIDES:
        arm = (f"{side}_upper_arm", f"{side}_lower_arm", f"{side}_hand", f"{side}_middle_proximal")
        leg = (f"{side}_upper_leg", f"{side}_lower_leg", f"{side}_foot")
        chains += [arm, leg, *(violinist.finger_joints(side, finger) for finger in violinist.FINGERS)]
    return chains


_CHAINS: Final = _chains()


def rest_alignment(source: Body, target: Body) -> dict[str, Array]:
    """Joint -> (4,) rotation that carries the target's rest pose to the source's."""
    found: dict[str, Array] = {}
    for i, joint in enumerate(target.skeleton.joints):
        parent = target.skeleton.parents[i]
        above = found[target.skeleton.joints[parent]] if parent >= 0 else rot.IDENTITY
        if joint.endswith(("_foot", "_toes")):
            found[joint] = _heading(source, target, joint.split("_")[0])
        elif joint.endswith("_hand"):
            found[joint] = _palm(source, target, joint, above)
        elif any(joint in chain for chain in _CHAINS):
            above = above if "_upper_" not in joint else rot.IDENTITY
            found[joint] = _swing(_direction(source, target, joint), above)
        else:
            found[joint] = rot.IDENTITY
    for side in SIDES:
        _share_roll(found, source, side)
    return found


def _direction(source: Body, target: Body, joint: str) -> tuple[Array, Array] | None:
    """Rest directions of a limb's bone, (target's, source's), None where it has none."""
    below = aim(target, joint)
    if below is not None and below in source and joint in source:
        return target.at(below) - target.at(joint), source.at(below) - source.at(joint)
    if joint in target.ends and joint in source.ends:
        return target.ends[joint], source.ends[joint]
    return None


def _swing(directions: tuple[Array, Array] | None, above: Array) -> Array:
    """What the parent's alignment lacks for the bone to lie as the source's: the shortest turn."""
    if directions is None or min(np.linalg.norm(d) for d in directions) < 1e-9:
        return above
    mine, theirs = directions
    return rot.multiply(rot.between(rot.rotate(above, mine), theirs), above)


def _palm(source: Body, target: Body, hand: str, above: Array) -> Array:
    """A hand by its middle finger and its knuckles, without knuckles by its direction alone."""
    side = hand.split("_")[0]
    directions = _direction(source, target, hand)
    knuckles = [f"{side}_{finger}_proximal" for finger in violinist.FINGERS[1:]]
    both = [k for k in knuckles if k in source and k in target]
    if directions is None or len(both) < 2:
        return _swing(directions, above)
    across = [body.at(both[0]) - body.at(both[-1]) for body in (target, source)]
    if min(np.linalg.norm(np.cross(d, a)) for d, a in zip(directions, across, strict=True)) < 1e-9:
        return _swing(directions, above)
    return rot.from_directions(directions[0], across[0], directions[1][None], across[1][None])[0]


def _heading(source: Body, target: Body, side: str) -> Array:
    """Feet turn about the vertical only: both stand flat at rest."""
    foot, toes = f"{side}_foot", f"{side}_toes"
    ways = [b.at(toes) - b.at(foot) if toes in b else b.ends.get(foot, np.zeros(3)) for b in (target, source)]
    flat = [w * [1.0, 1.0, 0.0] for w in ways]
    if min(np.linalg.norm(f) for f in flat) < 0.2 * max(np.linalg.norm(w) for w in ways):
        return rot.IDENTITY
    return rot.between(flat[0], flat[1])


def _share_roll(found: dict[str, Array], source: Body, side: str) -> None:
    """Give the forearm its part of the palm's roll at rest, so that the wrist does not wring."""
    lower, hand = f"{side}_lower_arm", f"{side}_hand"
    if lower not in found or hand not in found or hand not in source or lower not in source:
        return
    axis = rot.normalize(source.at(hand) - source.at(lower))
    roll = rot.multiply(found[hand], rot.conjugate(found[lower]))
    angle = 2.0 * np.arctan2(roll[1:] @ axis, roll[0])
    angle = (angle + np.pi) % (2 * np.pi) - np.pi
    found[lower] = rot.multiply(rot.from_axis_angle(axis, TWIST_SHARE * angle), found[lower])


def direction_errors(source: Source, result: Retargeted) -> dict[str, float]:
    """Joint -> largest angle (degrees) between where a limb's bone points and where the source's does."""
    positions = result.positions()
    index = result.body.skeleton.index
    errors = {}
    for joint in result.body.bones:
        below = aim(result.body, joint)
        if below is None or below not in source.body or joint not in source.body:
            continue
        mine = rot.normalize(positions[:, index(below)] - positions[:, index(joint)])
        theirs = rot.normalize(source.position(below) - source.position(joint))
        sine = np.linalg.norm(np.cross(mine, theirs), axis=-1)
        errors[joint] = float(np.degrees(np.arctan2(sine, (mine * theirs).sum(-1)).max()))
    return errors
