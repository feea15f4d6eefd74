# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bones of a chain are upper arm, forearm, hand, or thigh, shin, foot. No bpy.

Every way to choose the bones is scored by names (what each bone's name says of its part) less
implausibility (ratios of lengths outside the range of people and cartoons). Names decide where
the lengths allow it; where a name would make an upper arm begin in the breastbone, lengths win.

Ranges are wide bounds set by hand around the segment lengths of ``core/violinist.py`` (forearm to
upper arm 0.78, hand to upper arm 0.58, shoulders' distance to upper arm 1.07, shin to thigh 1.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ..core.rotations import Array
from .bone_names import JOINT_STYLE
from .bone_tree import ROOT, BoneTree
from .joints import ARM, LEG

UNFIT: Final = -4.0
"""Legs and arms that fit together no better are not both there."""
LONGEST: Final = 11
"""Bones of a chain that are looked at: two-part limbs with twist bones have up to eight."""
MISSING: Final = -1
STEEP: Final = 0.35
"""Logarithm of the ratio that costs 1 outside a range."""
WORST: Final = 8.0
FORK: Final = 3
"""Children that make a hand."""
CONTRADICTED: Final = 0.4
BENT: Final = 15.0
"""Bones within an upper arm or a shin lie in line: cost of the way's excess over the straight line."""
PARTS: Final = {"arm": ARM, "leg": LEG}
JOINT_NAMED: Final[Mapping[str, Mapping[str, float]]] = {
    "shoulder": {"upper_arm": 0.95, "shoulder": 0.5},
    "wrist": {"hand": 1.0},
    "hand": {"hand": 0.7},
    "ankle": {"foot": 1.0},
    "foot": {"foot": 0.7, "toes": 0.5},
}
"""What words mean in rigs whose bones are named after the joints they begin in."""


@dataclass(frozen=True, eq=False)
class Limb:
    """A pair of limbs.

    Attributes:
        kind: "arm" or "leg".
        attach: the bone (or ROOT) that both hang on.
        sides: for each of the two, part -> bone.
        names: how much the names say so, up to one for each part.
        cost: how implausible the lengths are, 0 for a plausible body.
        start, end: (2, 3) where upper arms / thighs begin and limbs end.
        length: of its two long bones together.
    """

    kind: str
    attach: int
    sides: tuple[dict[str, int], dict[str, int]]
    names: float
    cost: float
    start: Array = field(repr=False)
    end: Array = field(repr=False)
    length: float

    @property
    def score(self) -> float:
        return self.names - self.cost


def fit_limb(tree: BoneTree, pair: tuple[int, int], kind: str, named: set[int]) -> Limb | None:
    """The best choice of bones in the two chains that begin with a pair; None when they are too short.

    Args:
        tree: the rig's.
        pair: first bones of the two chains.
        kind: "arm" or "leg".
        named: bones under which names of this kind of limb occur.
    """
    chains = [tree.main_chain(bone, lambda b: b in named)[:LONGEST] for bone in pair]
    count = min(map(len, chains))
    if count < 2:
        return None
    chains = [chain[:count] for chain in chains]
    points = np.stack([[*tree.heads[chain], tree.tips[chain[-1]]] for chain in chains])
    choices = _choices(count, kind)
    says = _names(tree, chains, kind)
    cost = (_arm_cost if kind == "arm" else _leg_cost)(_Lengths(points), choices, _forks(tree, chains))
    total = _said(says, choices) - cost
    best = int(np.argmax(total))
    chosen = dict(zip(PARTS[kind], choices[best].tolist(), strict=True))
    sides = tuple({part: chain[i] for part, i in chosen.items() if i != MISSING} for chain in chains)
    upper, lower, end = (chosen[part] for part in (ARM[1:] if kind == "arm" else LEG[:3]))
    end = count if end == MISSING else end
    lengths = _Lengths(points).between
    return Limb(
        kind,
        tree.parents[pair[0]],
        (sides[0], sides[1]),
        float(_said(says, choices[best : best + 1])[0]),
        float(cost[best]),
        points[:, upper],
        points[:, end],
        float(lengths[upper, lower] + lengths[lower, end]),
    )


class _Lengths:
    """Measures of two chains of n bones, (2, n + 1, 3) with their ends: means of both sides."""

    def __init__(self, points: Array) -> None:
        self.points = points
        self.count = points.shape[1] - 1
        self.between = np.linalg.norm(points[:, :, None] - points[:, None], axis=-1).mean(0)
        steps = np.linalg.norm(np.diff(points, axis=1), axis=-1).mean(0)
        self.along = np.concatenate([[0.0], np.cumsum(steps)])
        self.across = np.linalg.norm(points[0] - points[1], axis=-1)

    def bend(self, a: Array, b: Array) -> Array:
        """How much longer the way from a to b is than the straight line, as a part of it."""
        return ratio_of(self.along[b] - self.along[a], self.between[a, b]) - 1.0

    def cosine(self, a: Array, b: Array, c: Array) -> Array:
        """Cosine of the turn at b on the way from a to c, mean of both sides; 0 where there is no way."""
        one, two = self.points[:, b] - self.points[:, a], self.points[:, c] - self.points[:, b]
        size = np.linalg.norm(one, axis=-1) * np.linalg.norm(two, axis=-1)
        return np.asarray(((one * two).sum(-1) / np.where(size > 0, size, 1.0)).mean(0))


@cache
def _choices(count: int, kind: str) -> Array:
    """(C, 4) indices into a chain for the four parts of a limb, in order; MISSING for those left out."""
    rows = [tuple(c) for c in combinations(range(count), 4)]
    if kind == "arm":
        rows += [(MISSING, *c) for c in combinations(range(count), 3)]
        rows += [(*c, MISSING) for c in combinations(range(count), 3)]
        rows += [(MISSING, *c, MISSING) for c in combinations(range(count), 2)]
    else:
        rows += [(*c, MISSING) for c in combinations(range(count), 3)]
        rows += [(*c, MISSING, MISSING) for c in combinations(range(count), 2)]
    return np.array(rows)


def _names(tree: BoneTree, chains: list[list[int]], kind: str) -> Array:
    """(4, n + 1) what the names say of each bone for each part; the last column is for MISSING."""
    says = np.zeros((4, len(chains[0]) + 1))
    joint_named = any(JOINT_STYLE & set(tree.names[bone].words) for chain in chains for bone in chain)
    for i, bones in enumerate(zip(*chains, strict=True)):
        for bone in bones:
            meaning = dict(tree.names[bone].meaning)
            for word in tree.names[bone].words if joint_named else ():
                meaning |= JOINT_NAMED.get(word, {})
            sure = max(meaning.values(), default=0.0)
            for row, part in enumerate(PARTS[kind]):
                value = meaning.get(part, 0.0)
                says[row, i] += 0.5 * (value if value >= 0.2 or sure < 0.7 else -CONTRADICTED)
    return says


def _said(says: Array, choices: Array) -> Array:
    return np.asarray(says[np.arange(4), choices].sum(-1))


def _forks(tree: BoneTree, chains: list[list[int]]) -> Array:
    """(n + 1,) whether a hand's fingers begin at a bone (the end: no)."""
    forks = [min(len(_branches(tree, bone)) for bone in bones) >= FORK for bones in zip(*chains, strict=True)]
    return np.array([*forks, False])


def _branches(tree: BoneTree, bone: int) -> list[int]:
    children = tree.children[bone]
    longest = max((tree.reach[c] for c in children), default=0.0)
    return [c for c in children if tree.reach[c] > 0.3 * longest]


def outside(ratio: Array, low: float, high: float) -> Array:
    """Cost of ratios outside a range: quadratic in the logarithm, none inside."""
    logarithm = np.log(np.clip(ratio, 1e-9, 1e9))
    excess = np.maximum(0.0, np.maximum(np.log(low) - logarithm, logarithm - np.log(high)))
    return np.minimum(WORST, (excess / STEEP) ** 2)


def ratio_of(part: ArrayLike, whole: ArrayLike) -> Array:
    """Quotients; 1 where both are nothing."""
    a, b = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.where(np.maximum(a, b) <= 0.0, 1.0, a / np.where(b > 0.0, b, 1e-30 + 1e-9 * a))


def _near(ratio: Array, typical: float, weight: float) -> Array:
    """A slight preference for the typical ratio."""
    return weight * np.minimum(4.0, (np.log(np.clip(ratio, 1e-9, 1e9) / typical) / STEEP) ** 2)


def _arm_cost(at: _Lengths, choices: Array, forks: Array) -> Array:
    shoulder, upper, lower, hand = choices.T
    end = np.where(hand == MISSING, at.count, hand)
    first, second = at.between[upper, lower], at.between[lower, end]
    wide = ratio_of(at.across[upper], first)
    cost = outside(ratio_of(second, first), 0.55, 1.6) + _near(ratio_of(second, first), 0.85, 0.08)
    cost += outside(wide, 0.4, 3.2) + _near(wide, 1.1, 0.05)
    rest = ratio_of(at.along[-1] - at.along[end], first)
    cost += np.where(hand == MISSING, 0.7, outside(rest, 0.1, 1.4) + _near(rest, 0.6, 0.03))
    cost += 0.8 * (forks[upper] * 1.0 + forks[lower]) - 0.6 * np.where(hand == MISSING, False, forks[end])
    inside = ratio_of(at.between[shoulder, upper], first)
    nearer = at.across[shoulder] <= 1.05 * at.across[upper]
    cost += np.where(shoulder == MISSING, 0.0, outside(inside, 0.12, 1.4) + np.where(nearer, 0.0, 1.0) - 0.35)
    skipped = np.where(shoulder == MISSING, upper, upper - 1)
    cost += np.minimum(WORST, BENT * (at.bend(upper, lower) + at.bend(lower, end)))
    return cost + 0.1 * skipped - 0.8 * ratio_of(first + second, at.along[-1])


def _leg_cost(at: _Lengths, choices: Array, forks: Array) -> Array:
    upper, lower, foot, toes = choices.T
    end = np.where(foot == MISSING, at.count, foot)
    beyond = np.where(toes == MISSING, at.count, toes)
    first, second = at.between[upper, lower], at.between[lower, end]
    shin = ratio_of(second, first)
    cost = outside(shin, 0.6, 1.7) + _near(shin, 1.0, 0.08)
    cost += outside(ratio_of(at.across[upper], first), 0.08, 1.8)
    rest = ratio_of(at.along[-1] - at.along[end], first)
    straight = at.cosine(lower, end, np.where(beyond == end, at.count, beyond)) > 0.9
    cost += np.where(foot == MISSING, 1.0, outside(rest, 0.1, 1.3) + 0.4 * straight)
    instep = ratio_of(at.between[end, beyond], first)
    back = at.cosine(end, beyond, np.full_like(end, at.count)) < -0.45
    cost += np.where(toes == MISSING, 0.0, outside(instep, 0.05, 0.9) + _near(instep, 0.32, 0.05) + 1.5 * back - 0.3)
    before = ratio_of(at.along[upper], first)
    cost += outside(np.maximum(before, 0.1), 0.05, 0.7) + 0.1 * upper
    cost += np.minimum(WORST, BENT * (at.bend(upper, lower) + at.bend(lower, end)))
    return cost - 0.8 * ratio_of(first + second, at.along[-1])


def legs_and_arms(tree: BoneTree) -> tuple[Limb | None, Limb | None]:
    """The pair of legs and the pair of arms that fit best together; one of them, or none, when a rig has no more."""
    legs = [limb for limb in _candidates(tree, "leg") if _plausible(limb)]
    arms = [limb for limb in _candidates(tree, "arm") if _plausible(limb)]
    scored = [(_together(tree, leg, arm), leg, arm) for leg in legs for arm in arms]
    score, leg, arm = max(scored, key=lambda row: row[0], default=(-np.inf, None, None))
    if leg is not None and arm is not None and score > UNFIT:
        return leg, arm
    alone = max([*legs, *arms], key=lambda limb: (limb.names, _is_as_expected(tree, limb), limb.length), default=None)
    if alone is None:
        return None, None
    return (alone, None) if alone.kind == "leg" else (None, alone)


def _is_as_expected(tree: BoneTree, limb: Limb) -> bool:
    """Whether limbs that are alone on a rig hang where their kind does: legs below a trunk, arms above one."""
    limbs = {bone for side in limb.sides for bone in side.values()}
    others = [c for c in tree.children[limb.attach] if not limbs & set(tree.below(c))]
    above = max((len(tree.main_chain(c, lambda b: 0.0)) for c in others), default=0)
    below = len(tree.path_up(limb.attach)) - 1
    return (limb.kind == "leg") == (above > below)


def _plausible(limb: Limb) -> bool:
    return limb.names >= 1.5 or limb.cost < 3.0


def _candidates(tree: BoneTree, kind: str, most: int = 12) -> list[Limb]:
    parts = set(PARTS[kind])
    named: set[int] = set()
    for bone in tree.order:
        if parts & tree.names[bone].meaning.keys():
            named.update(tree.path_up(bone))
    longest = max(tree.reach[tree.children[ROOT]], default=0.0)
    pairs = tree.pairs(0.15 * longest)
    pairs.sort(key=lambda p: (p[0] in named and p[1] in named, tree.reach[p[0]] + tree.reach[p[1]]), reverse=True)
    limbs = [fit_limb(tree, pair, kind, named) for pair in pairs[:most]]
    return [limb for limb in limbs if limb]


def _together(tree: BoneTree, leg: Limb, arm: Limb) -> float:
    """How well two pairs of limbs fit on one body."""
    if {b for side in leg.sides for b in side.values()} & {b for side in arm.sides for b in side.values()}:
        return -np.inf
    upward = arm.start.mean(0) - leg.start.mean(0)
    downward = (leg.end - leg.start).mean(0)
    score = leg.score + arm.score - 1.5 * _cosine(upward, downward)
    score += 0.5 * abs(_cosine(leg.start[0] - leg.start[1], arm.start[0] - arm.start[1]))
    score -= float(outside(ratio_of(arm.length, leg.length), 0.35, 1.6))
    score -= float(outside(ratio_of(np.linalg.norm(upward), leg.length), 0.12, 2.0))
    return score - _attachment_cost(tree, leg, arm)


def _cosine(a: Array, b: Array) -> float:
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size > 0.0 else 0.0


def _attachment_cost(tree: BoneTree, leg: Limb, arm: Limb) -> float:
    """Arms hang on the trunk above the bone that carries the legs."""
    if leg.attach == arm.attach:
        return 0.6
    if leg.attach == ROOT or leg.attach in tree.path_up(arm.attach):
        return 0.0
    return 1.5 if arm.attach in tree.path_up(leg.attach) and tree.parents[leg.attach] != arm.attach else 0.4
