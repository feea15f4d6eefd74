# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A piano before another body: its size, its place, how high the bench is, and where the hands must be. No bpy.

The piano stands on the floor and does not move. It is as large as the arms ask for; the bench is
put up or down, as pianists do, until the keys lie as far below the shoulders as the source's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from ..core import pianist, violinist
from ..core import piano as measures
from ..core import rotations as rot
from ..core.motion import Motion
from ..core.rotations import Array
from ..core.solvers import STRAIGHTEST
from .body import Body, RigError
from .instrument import ARM, ENOUGH, LOOKED_AT, arm_ratio
from .joints import SIDES
from .retarget import Retargeted, Source

SIZES: Final = (1.0, 0.95, 0.9, 0.85, 0.8)
"""Sizes that are tried, as parts of the one that the arms' lengths ask for."""
CLOSER: Final = (0.0, 0.03, 0.06, 0.10)
"""How much nearer the piano may stand, metres of a full-size one."""
FLESH: Final = 0.0025
"""A fingertip's joint lies this far above the key that its pad touches (plugins/performer/piano_hand.py)."""
NEAR: Final = 0.004
"""Metres above a key within which a fingertip counts when the hand is placed."""
IDLE: Final = 0.05
"""How much a fingertip counts that is far above the keys."""
BESIDE: Final = 0.25
"""Metres of a full-size piano within which hips must be of the middle, for a body to sit at it."""
SOLE: Final = 0.15
"""Part of the body's height around the ankles in which its soles are looked for."""


@dataclass(frozen=True, eq=False)
class AtPiano:
    """The source's piano: keyboard (3,), which stands still, pedal and bench (T, 3); how far keys are down (T, 88)."""

    keyboard: Array = field(repr=False)
    pedal: Array = field(repr=False)
    bench: Array = field(repr=False)
    depths: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class Stand:
    """Where a piano stands, in the body's space and units.

    Attributes:
        scale: size, with a full-size piano in metres as 1.
        keyboard: (3,) origin of the keyboard's frame.
        lift: how much higher the body sits than its legs ask for.
        bench: (3,) middle of its seat; bench_size: (3,) of its width, depth and height.
    """

    scale: float
    keyboard: Array = field(repr=False)
    lift: float
    bench: Array = field(repr=False)
    bench_size: Array = field(repr=False)


@dataclass(frozen=True, eq=False)
class Piano:
    """A performance at a piano, in the body's space and units; T frames.

    Attributes:
        pedal: (T, 3) its end.
        depths: (T, 88) how far each key is down, metres on a full-size piano.
        wrists: side -> (T, 3) where the wrists belong.
        tips: (side, finger) -> (T, 3) where the fingertips belong.
        counts: (side, finger) -> (T,) how much a fingertip counts: 1 on a key, ``IDLE`` far above.
        right_foot: (T, 3) where the right ankle belongs, None without a foot.
    """

    stand: Stand
    pedal: Array = field(repr=False)
    depths: Array = field(repr=False)
    wrists: dict[str, Array] = field(repr=False)
    tips: dict[tuple[str, str], Array] = field(repr=False)
    counts: dict[tuple[str, str], Array] = field(repr=False)
    right_foot: Array | None = field(default=None, repr=False)


def at_piano_in(motion: Motion) -> AtPiano | None:
    """The piano of a motion, None when it has none."""
    if motion.rotations is None or not {"keyboard", pianist.KEY_JOINTS[0]} <= set(motion.skeleton.joints):
        return None
    keyboard, pedal, bench = (motion.joint(j).astype(np.float64) for j in pianist.PROPS)
    return AtPiano(np.median(keyboard, axis=0), pedal, bench, depths_in(motion))


def depths_in(motion: Motion) -> Array:
    """(T, 88) metres that each key's front is down: keys are joints, against the keyboard's."""
    index = [motion.skeleton.index(j) for j in pianist.KEY_JOINTS]
    fronts = measures.front(np.arange(measures.LOWEST, measures.HIGHEST + 1))
    keyboard = motion.joint("keyboard").astype(np.float64)
    return np.asarray((keyboard[:, None] + fronts - motion.positions[:, index])[..., 2])


def stand_before(source: Source, at: AtPiano, result: Retargeted, skin: Array | None = None) -> Stand:
    """Where the largest piano stands that the arms can play, and how high its bench is.

    Args:
        skin: (N, 3) points of the body's mesh at rest, in the armature's space, which tell where its soles are.

    Raises:
        RigError: when the body has no arms to play with.
    """
    missing = [f"{s}_{part}" for s in SIDES for part in ARM if f"{s}_{part}" not in result.body]
    if missing:
        raise RigError(
            f"{result.body.rest.name} cannot play the piano: no bones are chosen for {', '.join(missing)}; "
            "choose them in the bone map"
        )
    placing, floor = _Placing(source, at, result), floor_of(source.body, result.body, result.ratio, skin)
    best, most = placing.stand(SIZES[0], CLOSER[0], floor), -1.0
    for size, closer in sorted(((a, b) for a in SIZES for b in CLOSER), key=lambda c: (1.0 - c[0]) + c[1]):
        stand = placing.stand(size, closer, floor)
        reached = placing.reached(stand)
        if reached > most + 1e-6:
            best, most = stand, reached
        if reached >= 1.0 - ENOUGH:
            break
    return best


def sit_down(source: Source, at: AtPiano, result: Retargeted, stand: Stand) -> tuple[Piano, Retargeted]:
    """A performance at a piano that stands there, and the body on its bench."""
    return _Placing(source, at, result).place(stand)


def sat_before(source: Source, at: AtPiano, result: Retargeted, stand: Stand, seen: Array) -> tuple[Retargeted, bool]:
    """A performance at a piano that stands there already: by a body that sits where it was seen, if that is at the
    piano, else in the middle before it. Also whether it is where it was seen.

    Args:
        seen: (T, 3) of its hips.
    """
    placing, hips = _Placing(source, at, result), np.median(result.hips, axis=0)
    middle = hips + stand.keyboard - (placing.mean + stand.scale * placing.before)
    there = np.median(seen, axis=0)  # who gets up now and then sits where they mostly do
    near = bool(np.linalg.norm(there - middle) < BESIDE * stand.scale)
    return replace(result, hips=result.hips + ((there if near else middle) - hips)), near


def floor_of(source: Body, target: Body, ratio: float, skin: Array | None) -> float:
    """Height of the floor: the soles of the mesh, else as far below the ankles as the source's (which stands at 0)."""
    ankles = [s for s in SIDES if f"{s}_foot" in target and f"{s}_foot" in source]
    if not ankles:
        return float(target.at("hips")[2] - ratio * source.at("hips")[2])
    height = float(np.mean([target.at(f"{s}_foot")[2] for s in ankles]))
    guess = height - ratio * float(np.mean([source.at(f"{s}_foot")[2] for s in ankles]))
    if skin is None or not len(skin):
        return guess
    heights = rot.rotate(rot.conjugate(target.axes), skin)[:, 2]
    near = heights[np.abs(heights - height) < SOLE * np.ptp(target.skeleton.rest_positions[:, 2])]
    return float(near.min()) if len(near) else guess


class _Placing:
    """What putting a piano before a body needs to know, once."""

    def __init__(self, source: Source, at: AtPiano, result: Retargeted) -> None:
        self.source, self.at, self.result = source, at, result
        self.body = result.body
        self.whole = arm_ratio(source.body, self.body)
        positions = result.positions()
        self.shoulders = {s: positions[:, self.body.skeleton.index(f"{s}_upper_arm")] for s in SIDES}
        self.mean = np.mean([p.mean(axis=0) for p in self.shoulders.values()], axis=0)
        theirs = np.mean([source.position(f"{s}_upper_arm").mean(axis=0) for s in SIDES], axis=0)
        self.before = at.keyboard - theirs
        self.fingers = [
            (s, f)
            for s in SIDES
            for f in violinist.FINGERS
            if all(f"{s}_{f}_tip" in b for b in (source.body, self.body))
        ]
        self.counts = {f: _counting(source.position(f"{f[0]}_{f[1]}_tip") - at.keyboard) for f in self.fingers}

    def stand(self, size: float, closer: float, floor: float) -> Stand:
        """A piano of a size, so much closer, and the bench at the height at which the keys lie right."""
        scale = self.whole * size
        wanted = self.mean + scale * (self.before + [0.0, closer, 0.0])
        keyboard = np.array([wanted[0], wanted[1], floor + scale * measures.KEYBOARD_HEIGHT])
        lift = float(keyboard[2] - wanted[2])
        under = self.result.ratio * (self.at.bench - self.source.position("hips")).mean(axis=0)
        bench = self.result.hips.mean(axis=0) + [0.0, 0.0, lift] + under
        height = max(bench[2] - floor, 0.05 * self.whole) / measures.SEAT_HEIGHT
        return Stand(scale, keyboard, lift, bench, np.array([scale, scale, height]))

    def reached(self, stand: Stand) -> float:
        """Part of the frames looked at in which both wrists are within reach."""
        step = max(1, len(self.at.depths) // LOOKED_AT)
        good = np.ones(len(range(0, len(self.at.depths), step)), dtype=bool)
        for side in SIDES:
            wrist = self._wrist(side, stand, step)
            away = np.linalg.norm(wrist - self.shoulders[side][::step] - [0.0, 0.0, stand.lift], axis=-1)
            good &= away <= STRAIGHTEST * self.body.length(tuple(f"{side}_{part}" for part in ARM))
        return float(good.mean())

    def place(self, stand: Stand) -> tuple[Piano, Retargeted]:
        piano = Piano(
            stand,
            self._there(self.at.pedal, stand),
            self.at.depths,
            {side: self._wrist(side, stand) for side in SIDES},
            {f: self._there(self.source.position(f"{f[0]}_{f[1]}_tip"), stand) for f in self.fingers},
            self.counts,
            self._right_foot(stand),
        )
        return piano, replace(self.result, hips=self.result.hips + [0.0, 0.0, stand.lift])

    def _there(self, points: Array, stand: Stand) -> Array:
        """Points of the source, about its keyboard, about this one."""
        return np.asarray(stand.keyboard + stand.scale * (points - self.at.keyboard))

    def _wrist(self, side: str, stand: Stand, step: int = 1) -> Array:
        """(T, 3) where the wrist must be for fingers of this length; without fingers, where the source's is."""
        every = slice(None, None, step)
        turn = self.result.rotations[every, self.body.skeleton.index(f"{side}_hand")]
        wrists, weights = [], []
        for finger in (f for f in self.fingers if f[0] == side):
            joints, theirs = (b.chain(violinist.finger_joints(*finger)) for b in (self.body, self.source.body))
            if len(joints) < 2:
                continue
            ratio = self.body.length(joints) / self.source.body.length(theirs)
            tip = self.source.position(theirs[-1])[every]
            bent = self.source.position(theirs[0])[every] - tip
            rest = self.body.at(joints[0]) - self.body.at(f"{side}_hand")
            wrists.append(self._there(tip, stand) + ratio * bent - rot.rotate(turn, rest))
            weights.append(np.broadcast_to(self.counts[finger][every, None], wrists[-1].shape))
        if wrists:
            return np.average(wrists, axis=0, weights=np.asarray(weights))
        return self._there(self.source.position(f"{side}_hand")[every], stand)

    def _right_foot(self, stand: Stand) -> Array | None:
        """(T, 3) of the right ankle, so that its ball lies on the pedal as the source's does."""
        bodies = (self.body, self.source.body)
        if not all("right_foot" in body for body in bodies):
            return None
        if not all("right_toes" in body for body in bodies):
            return self._there(self.source.position("right_foot"), stand)
        floor = stand.keyboard[2] - stand.scale * measures.KEYBOARD_HEIGHT
        higher = self.body.at("right_toes")[2] - floor - stand.scale * self.source.body.at("right_toes")[2]
        ball = self._there(self.source.position("right_toes"), stand) + [0.0, 0.0, higher]
        turn = self.result.rotations[:, self.body.skeleton.index("right_foot")]
        return np.asarray(ball - rot.rotate(turn, self.body.at("right_toes") - self.body.at("right_foot")))


def _counting(tips: Array) -> Array:
    """(T,) how much fingertips (T, 3, in the keyboard's frame) count: those near their key or on it."""
    black = measures.centre(np.array([p for p in range(measures.LOWEST, measures.HIGHEST + 1) if measures.is_black(p)]))
    over = (np.abs(tips[:, :1] - black).min(axis=1) < measures.BLACK_WIDTH / 2 + 0.002) & (
        tips[:, 1] < -measures.HEAD_LENGTH
    )
    above = np.maximum(tips[:, 2] - FLESH - measures.BLACK_HEIGHT * over, 0.0)
    return np.asarray(IDLE + (1.0 - IDLE) / (1.0 + (above / NEAR) ** 2))
