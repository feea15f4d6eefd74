# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Violin and bow on another body: their size, their place at the neck, and where the hands must be. No bpy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core import violin as measures
from ..core import violinist
from ..core.motion import Motion
from ..core.rotations import Array
from ..core.solvers import STRAIGHTEST
from .body import Body, RigError
from .joints import SIDES, TRUNK
from .retarget import Retargeted, Source

ARM: Final = ("upper_arm", "lower_arm", "hand")
HEAD_CENTRE: Final = np.array([0.0, -0.005, 0.10])
"""Centre of the source's head, from its joint; with ``HEAD_RADIUS`` measured on our musician."""
HEAD_RADIUS: Final = 0.090
LARGE_HEAD: Final = 1.6
"""Size against the violin's, with ours as 1, up to which a head is not large: jaws differ, and rest on chin rests."""
CLEAR_OF_HEAD: Final = (np.zeros(3), measures.BRIDGE.mean(axis=0), measures.NUT.mean(axis=0))
"""Points of the violin that keep the source's distance from the head."""
AWAY_FROM_HEAD: Final = rot.normalize(np.array([0.0, -0.5, -1.0]))
"""The way, in the chest's axes, in which a violin makes room for a head."""
SIZES: Final = np.linspace(1.0, 0.5, 11)
"""Sizes that are tried, as parts of the one that the arms' lengths ask for."""
SHIFTS: Final = (0.0, 0.1, 0.2, 0.3)
"""How far the violin may move towards the other shoulder, in shoulder widths."""
ENOUGH: Final = 0.002
"""Part of the frames in which an arm may fall short without a smaller violin being tried."""
LOOKED_AT: Final = 400
"""Frames that are looked at to choose the size."""


@dataclass(frozen=True, eq=False)
class Instrument:
    """A violin and its bow, placed; T frames, in the body's space and units.

    Attributes:
        scale: size, with a full-size violin in metres as 1.
        violin, bow: (T, 3) origins of the violin's and the bow's frames; ``*_turn`` (T, 4).
        left_wrist, right_wrist: (T, 3) where the wrists belong.
        tips: finger -> (T, 3) where the left fingertips belong.
        reached: part of the frames in which both arms reach, of those looked at.
    """

    scale: float
    violin: Array = field(repr=False)
    violin_turn: Array = field(repr=False)
    bow: Array = field(repr=False)
    bow_turn: Array = field(repr=False)
    left_wrist: Array = field(repr=False)
    right_wrist: Array = field(repr=False)
    tips: dict[str, Array] = field(repr=False)
    reached: float = 1.0


@dataclass(frozen=True, eq=False)
class Held:
    """The source's violin and bow: (T, 3) origins and (T, 4) rotations."""

    violin: Array = field(repr=False)
    violin_turn: Array = field(repr=False)
    bow: Array = field(repr=False)
    bow_turn: Array = field(repr=False)


def held_in(motion: Motion) -> Held | None:
    """The violin and bow of a motion, None when it has none."""
    skeleton = motion.skeleton
    if motion.rotations is None or "violin_end" not in skeleton or "bow_frog" not in skeleton:
        return None
    _, world = skeleton.forward_kinematics(motion.rotations, motion.positions)
    places = [motion.joint(j).astype(np.float64) for j in ("violin_end", "bow_frog")]
    turns = [world[:, skeleton.index(j)] for j in ("violin_end", "bow_frog")]
    return Held(places[0], turns[0], places[1], turns[1])


def fit(source: Source, held: Held, result: Retargeted) -> Instrument:
    """The largest violin, nearest to its place at the neck, that the arms can play.

    Raises:
        RigError: when the body has no arms to play with.
    """
    missing = [f"{s}_{part}" for s in SIDES for part in ARM if f"{s}_{part}" not in result.body]
    if missing:
        raise RigError(
            f"{result.body.rest.name} cannot hold a violin: no bones are chosen for {', '.join(missing)}; "
            "choose them in the bone map"
        )
    fitting = _Fitting(source, held, result)
    best, most = (SIZES[0], SHIFTS[0]), -1.0
    for size, shift in sorted(((a, b) for a in SIZES for b in SHIFTS), key=lambda c: (1.0 - c[0]) + c[1]):
        reached = fitting.reached(size, shift)
        if reached > most + 1e-6:
            best, most = (size, shift), reached
        if reached >= 1.0 - ENOUGH:
            break
    return fitting.place(*best, reached=most)


def as_it_is(source: Source, held: Held, result: Retargeted, size: float) -> Instrument:
    """The violin as it was seen on this very body, where it is and as large as it is: nothing is to be fitted again."""
    placed = _Fitting(source, held, result).place(1.0, 0.0, clear=False)
    return replace(placed, scale=size)


class _Fitting:
    """What choosing a size needs to know, once."""

    def __init__(self, source: Source, held: Held, result: Retargeted) -> None:
        self.source, self.held, self.body = source, held, result.body
        self.positions = positions = result.positions()
        self.at = {joint: positions[:, i] for i, joint in enumerate(self.body.skeleton.joints)}
        self.rotations = result.rotations
        self.whole = arm_ratio(source.body, self.body)
        self.hand = hand_ratio(source.body, self.body, self.whole)
        self.anchor = self._anchor(self.body, self.at, self._turn(self.body, result.rotations))
        chest = self._carrier(source.body)
        there = {chest: source.position(chest)}
        self.source_anchor = self._anchor(source.body, there, source.rotation(chest))

    def _carrier(self, body: Body) -> str:
        """The joint of the trunk that carries the shoulders."""
        return next(j for j in reversed(TRUNK[:4]) if j in body)

    def _turn(self, body: Body, rotations: Array) -> Array:
        return rotations[:, body.skeleton.index(self._carrier(body))]

    def _anchor(self, body: Body, at: dict[str, Array], turn: Array) -> Array:
        """(T, 3) between the neck and the left shoulder, carried by the chest."""
        carrier = self._carrier(body)
        neck = next(j for j in ("neck", "head", carrier) if j in body)
        middle = (body.at(neck) + body.at("left_upper_arm")) / 2
        return np.asarray(at[carrier] + rot.rotate(turn, middle - body.at(carrier)))

    def reached(self, size: float, shift: float) -> float:
        """Part of the frames looked at in which both wrists are within reach."""
        step = max(1, len(self.anchor) // LOOKED_AT)
        placed = self.place(size, shift, step)
        good = np.ones(len(placed.violin), dtype=bool)
        for side, wrist in (("left", placed.left_wrist), ("right", placed.right_wrist)):
            away = np.linalg.norm(wrist - self.at[f"{side}_upper_arm"][::step], axis=-1)
            good &= away <= STRAIGHTEST * self.body.length(tuple(f"{side}_{part}" for part in ARM))
        return float(good.mean())

    def place(self, size: float, shift: float, step: int = 1, reached: float = 1.0, clear: bool = True) -> Instrument:
        """The instrument at a size and a shift, every ``step``-th frame; clear of the head."""
        every = slice(None, None, step)
        scale = self.whole * size
        across = self.at["right_upper_arm"][every] - self.at["left_upper_arm"][every]
        violin = self.anchor[every] + shift * across
        violin = violin + scale * (self.held.violin - self.source_anchor)[every]
        if clear:
            violin = violin + self._clear_of_head(violin, scale, every)

        def there(points: Array) -> Array:
            """Points of the source, on or about its violin, on this one."""
            return np.asarray(violin + scale * (points - self.held.violin)[every])

        bow = there(self.held.bow)
        right = bow + self.hand * (self.source.position("right_hand") - self.held.bow)[every]
        names = [f for f in violinist.FINGERS[1:] if f"left_{f}_tip" in self.source.body]
        tips = {f: there(self.source.position(f"left_{f}_tip")) for f in names}
        left = self._left_wrist(tips, there(self.source.position("left_hand")), every)
        return Instrument(
            scale, violin, self.held.violin_turn[every], bow, self.held.bow_turn[every], left, right, tips, reached
        )

    def _clear_of_head(self, violin: Array, scale: float, every: slice) -> Array:
        """(3,) or (T, 3) by which a violin moves down and forward, so that a large head does not swallow it."""
        if self.body.head is None:
            return np.zeros(3)
        centre, radius = self.body.head
        radius = max(radius - (LARGE_HEAD - 1.0) * scale * HEAD_RADIUS, scale * HEAD_RADIUS)
        source = self.source
        theirs = _carried(source.body.at("head") + HEAD_CENTRE, source.body, source.positions, source.rotations)
        mine = _carried(centre, self.body, self.positions[every], self.rotations[every])
        carrier = self.rotations[every, self.body.skeleton.index(self._carrier(self.body))]
        way = rot.rotate(carrier, AWAY_FROM_HEAD)
        moves = []
        for point in CLEAR_OF_HEAD:
            offset = rot.rotate(self.held.violin_turn, point)
            room = radius + scale * (np.linalg.norm(self.held.violin + offset - theirs, axis=-1)[every] - HEAD_RADIUS)
            away = violin + scale * offset[every] - mine
            # The distance d at which |away + d way| is the room that is needed.
            toward = (away * way).sum(axis=-1)
            inside = toward**2 - (away**2).sum(axis=-1) + room**2
            moves.append(np.median(np.sqrt(np.maximum(inside, 0.0)) - toward))
        return np.asarray(max(*moves, 0.0) * way)

    def _left_wrist(self, tips: dict[str, Array], alone: Array, every: slice) -> Array:
        """Where the wrist must be for fingers of this length; without fingers, where the source's is."""
        turn = self.rotations[every, self.body.skeleton.index("left_hand")]
        wrists = []
        for finger, tip in tips.items():
            joints = self.body.chain(violinist.finger_joints("left", finger))
            if len(joints) < 2 or not joints[-1].endswith("_tip"):
                continue
            theirs = self.source.body.chain(violinist.finger_joints("left", finger))
            ratio = self.body.length(joints) / self.source.body.length(theirs)
            bent = (self.source.position(theirs[0]) - self.source.position(theirs[-1]))[every]
            rest = self.body.at(joints[0]) - self.body.at("left_hand")
            wrists.append(tip + ratio * bent - rot.rotate(turn, rest))
        return np.mean(wrists, axis=0) if wrists else alone


def _carried(point: Array, body: Body, positions: Array, rotations: Array) -> Array:
    """(T, 3) where the head takes a point of the rest pose."""
    head = body.skeleton.index("head")
    return np.asarray(positions[:, head] + rot.rotate(rotations[:, head], point - body.at("head")))


def arm_ratio(source: Body, target: Body) -> float:
    """How long the target's arms are, with the source's as 1: the size of its violin."""
    chains = [tuple(f"{side}_{part}" for part in ARM) for side in SIDES]
    return float(np.mean([target.length(chain) / source.length(chain) for chain in chains]))


def hand_ratio(source: Body, target: Body, otherwise: float) -> float:
    """How long the target's palms are, with the source's as 1."""
    palms = [(f"{side}_hand", f"{side}_middle_proximal") for side in SIDES]
    ratios = [target.length(p) / source.length(p) for p in palms]
    known = [r for r in ratios if np.isfinite(r) and r > 0]
    return float(np.mean(known)) if known else otherwise
