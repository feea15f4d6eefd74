# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact on the target's own proportions: feet on the floor, violin at the neck, bow on the
string, fingertips on their stops. No bpy.

The instrument, bow included, is the source's, made larger or smaller to suit the arms
(:mod:`.instrument`), so that whatever touches in the source touches here; then legs, arms and
fingers are solved again for where feet, hands and fingertips must be. An arm that cannot
reach goes as far as it goes, and the error says by how much.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core import violinist
from ..core.rotations import Array
from ..core.solvers import CurledChain, two_bones
from .body import Body
from .instrument import Instrument
from .joints import SIDES
from .retarget import Retargeted, Source

LARGEST_BEND: Final = np.radians(112.0)
"""Of the middle joint of a finger."""
ROUNDS: Final = 3
"""How often the left hand is moved to bring the fingertips nearer to their stops."""
STEADY: Final = 0.9
"""Mean of the hips' headings as unit vectors: above it, the performer stays where it looks."""


@dataclass(frozen=True, eq=False)
class Contact:
    """A performance with everything in touch.

    Attributes:
        retargeted: the performance with legs, arms and fingers solved again.
        violin, bow: (T, 3) places in the body's space, None without an instrument.
        violin_turn, bow_turn: (T, 4).
        scale: size of instrument and bow, with the source's as 1 (times the units of the rig).
        errors: what touches -> (T,) or (T, N) distances from where it should be. For the bow and
            the fingertips in metres on a full-size violin, for the feet in metres of the source.
    """

    retargeted: Retargeted
    violin: Array | None = field(default=None, repr=False)
    violin_turn: Array | None = field(default=None, repr=False)
    bow: Array | None = field(default=None, repr=False)
    bow_turn: Array | None = field(default=None, repr=False)
    scale: float = 1.0
    errors: dict[str, Array] = field(default_factory=dict, repr=False)


class _Limbs:
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


def touch(source: Source, result: Retargeted, instrument: Instrument | None = None) -> Contact:
    """Solve the limbs again: legs always, arms and left fingers when there is an instrument.

    Args:
        source: the performance as it was.
        result: the same, retargeted.
        instrument: placed on the target's body (:func:`.instrument.fit`).
    """
    limbs = _Limbs(result)
    errors = {"feet": _plant(source, limbs, result.ratio)}
    if instrument is None:
        return Contact(replace(result, rotations=limbs.rotations), errors=errors)
    fell_short = _hold_bow(limbs, instrument)
    errors["bow"] = np.linalg.norm(fell_short, axis=-1) / instrument.scale
    errors["fingertips"] = _stop_strings(source, limbs, instrument) / instrument.scale
    return Contact(
        replace(result, rotations=limbs.rotations),
        violin=instrument.violin,
        violin_turn=instrument.violin_turn,
        bow=instrument.bow + fell_short,
        bow_turn=instrument.bow_turn,
        scale=instrument.scale,
        errors=errors,
    )


def _plant(source: Source, limbs: _Limbs, ratio: float) -> Array:
    """Legs that take the feet where the source's stood, scaled; (T, feet) how far short they fall."""
    errors = []
    for side in SIDES:
        chain = (f"{side}_upper_leg", f"{side}_lower_leg", f"{side}_foot")
        if not all(joint in limbs.body and joint in source.body for joint in chain):
            continue
        target = _foothold(source, limbs.body, side, ratio)
        forward = rot.rotate(limbs.turn(chain[2]), np.array([0.0, -0.001, 0.0])) * limbs.length(*chain[:2])
        errors.append(limbs.bend(chain, target, forward) / ratio)
        _settle(limbs, chain[2])
    return np.stack(errors, axis=-1) if errors else np.zeros((len(limbs.positions), 0))


def _foothold(source: Source, body: Body, side: str, ratio: float) -> Array:
    """(T, 3) where an ankle belongs: the source's, scaled about where the body stands, on the body's own
    height of ankle and as far apart as its hips are."""
    foot, hip = f"{side}_foot", f"{side}_upper_leg"
    target = body.at("hips") + ratio * (source.position(foot) - source.body.at("hips"))
    target[:, 2] = body.at(foot)[2] + ratio * (source.position(foot)[:, 2] - source.body.at(foot)[2])
    wider = (body.at(hip) - body.at("hips")) - ratio * (source.body.at(hip) - source.body.at("hips"))
    heading = rot.rotate(source.rotation("hips"), np.array([1.0, 0.0, 0.0])).mean(axis=0) * [1.0, 1.0, 0.0]
    if np.linalg.norm(heading) > STEADY:
        target += heading / np.linalg.norm(heading) * wider[0]
    return np.asarray(target)


def _settle(limbs: _Limbs, joint: str) -> None:
    """Place what hangs on a joint, all the way out; its rotations stay."""
    skeleton = limbs.body.skeleton
    for child in skeleton.children(skeleton.index(joint)):
        limbs.place(skeleton.joints[child])
        _settle(limbs, skeleton.joints[child])


def _elbow_hint(limbs: _Limbs, side: str) -> Array:
    """Elbows hang down and a little out where nothing else tells."""
    sign = 1.0 if side == "left" else -1.0
    return np.array([0.0005 * sign, 0.0, -0.001]) * limbs.length(f"{side}_upper_arm", f"{side}_lower_arm")


def _arm(side: str) -> tuple[str, str, str]:
    return f"{side}_upper_arm", f"{side}_lower_arm", f"{side}_hand"


def _hold_bow(limbs: _Limbs, instrument: Instrument) -> Array:
    """The right hand on the bow; (T, 3) from where the hand should be to where it is."""
    limbs.bend(_arm("right"), instrument.right_wrist, _elbow_hint(limbs, "right"))
    _settle(limbs, "right_hand")
    return limbs.at("right_hand") - instrument.right_wrist


def _stop_strings(source: Source, limbs: _Limbs, instrument: Instrument) -> Array:
    """The left hand and its fingers on the strings; (T, fingers) from fingertips to where they belong.
    Without fingers: (T, 1) of the hand."""
    wrist = instrument.left_wrist
    fingers = [f for f in instrument.tips if _joints(limbs.body, f)]
    for _ in range(ROUNDS if fingers else 1):
        short = limbs.bend(_arm("left"), wrist, _elbow_hint(limbs, "left"))
        _settle(limbs, "left_hand")
        if not fingers:
            return short[:, None]
        away = np.stack([_curl(source, limbs, f, instrument.tips[f]) for f in fingers], axis=1)
        wrist = wrist + away.mean(axis=1)
    return np.asarray(np.linalg.norm(away, axis=-1))


def _joints(body: Body, finger: str) -> tuple[str, ...]:
    """The joints of a left finger that the body has, with its tip; empty without a tip."""
    *bones, tip = violinist.finger_joints("left", finger)
    return (*body.chain(tuple(bones)), tip) if tip in body else ()


def _curl(source: Source, limbs: _Limbs, finger: str, target: Array) -> Array:
    """Bend a finger so that its tip meets a target; (T, 3) what is left."""
    joints = _joints(limbs.body, finger)
    base, lengths = limbs.at(joints[0]), [limbs.length(a, b) for a, b in pairwise(joints)]
    hinge = rot.rotate(source.rotation("left_hand"), np.array([0.0, 1.0, 0.0]))
    if len(lengths) == 3:
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
