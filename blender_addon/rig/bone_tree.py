# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig's tree without its helper bones: main chains, lengths, mirrored pairs. No bpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..core.rotations import Array
from .bone_names import BoneName, read_names
from .rest_pose import RestPose

ROOT: Final = -1
"""Above all roots: rigs may have several."""
MOST_SIBLINGS: Final = 60
"""Of more bones of one parent only those of most reach are paired."""
ALIKE: Final = 0.2
"""How much lengths of the two of a pair may differ, as a part of the longer."""


@dataclass(frozen=True, eq=False)
class BoneTree:
    """Bones that may be joints, with helpers bypassed: their children hang on the next bone above.

    Attributes:
        names: B, what the names say.
        parents: B indices of parents among the kept bones, ROOT above roots (helpers: unused).
        children: index (or ROOT) -> indices of kept children.
        heads: (B, 3); where a rig's numbers are not finite, its bones lie in the origin.
        tips: (B, 3) where a bone ends: its tail, but no further from its head than its surroundings allow.
        reach: (B,) longest way from a bone's head to the end of a chain below it.
        order: kept indices, parents first.
    """

    names: Sequence[BoneName]
    parents: Sequence[int]
    children: dict[int, list[int]]
    heads: Array = field(repr=False)
    tips: Array = field(repr=False)
    reach: Array = field(repr=False)
    order: Sequence[int] = field(repr=False)

    def path_up(self, bone: int) -> list[int]:
        """The bone and all above it."""
        found = []
        while bone != ROOT:
            found.append(bone)
            bone = self.parents[bone]
        return found

    def common(self, bones: Sequence[int]) -> int:
        """The lowest bone above or at all of the bones; ROOT when there is none."""
        paths = [self.path_up(b)[::-1] for b in bones]
        shared = ROOT
        for level in zip(*paths, strict=False):
            if len(set(level)) > 1:
                break
            shared = level[0]
        return shared

    def below(self, bone: int) -> list[int]:
        """The bone and everything under it."""
        found, queue = [], [bone]
        while queue:
            found.append(queue.pop())
            queue.extend(self.children[found[-1]])
        return found

    def main_chain(self, bone: int, weight: Callable[[int], float]) -> list[int]:
        """From a bone downwards, at each fork by weight first, then by reach."""
        chain = [bone]
        while self.children[chain[-1]]:
            chain.append(max(self.children[chain[-1]], key=lambda b: (weight(b), self.reach[b])))
        return chain

    def between(self, above: int, bone: int) -> list[int]:
        """From under ``above`` down to the bone; empty when it is not below."""
        path = self.path_up(bone)
        if above != ROOT and above not in path:
            return []
        return path[: path.index(above)][::-1] if above != ROOT else path[::-1]

    def pairs(self, shortest: float = 0.0) -> list[tuple[int, int]]:
        """Bones of one parent that look like left and right of each other: by their names, or by their lengths.

        Args:
            shortest: pairs of less reach are left out.
        """
        found = []
        for children in self.children.values():
            siblings = [child for child in children if self.reach[child] >= shortest]
            siblings = sorted(siblings, key=lambda child: -self.reach[child])[:MOST_SIBLINGS]
            for i, a in enumerate(siblings):
                found += [(a, b) for b in siblings[i + 1 :] if self._alike(a, b)]
        return found

    def _alike(self, a: int, b: int) -> bool:
        sides = {self.names[a].side, self.names[b].side}
        if sides == {"left", "right"}:
            return self.names[a].words == self.names[b].words or self._same_length(a, b)
        return sides == {""} and self._same_length(a, b)

    def _same_length(self, a: int, b: int) -> bool:
        longer = max(self.reach[a], self.reach[b])
        return bool(longer > 0.0 and abs(self.reach[a] - self.reach[b]) <= ALIKE * longer)


def tree_of(rest: RestPose, with_names: bool = True) -> BoneTree:
    """The tree of a rig; without names every bone is kept and none means anything."""
    names = read_names(rest.bones) if with_names else [BoneName("", ())] * len(rest)
    kept = [not name.helper for name in names]
    if not any(kept):
        kept = [True] * len(rest)
    parents = _kept_parents(rest.parents, kept)
    order = [i for i in range(len(rest)) if kept[i]]
    children: dict[int, list[int]] = {ROOT: [], **{i: [] for i in order}}
    for i in order:
        children[parents[i]].append(i)
    heads = finite_points(rest.heads)
    tips = _tips(heads, finite_points(rest.tails), parents, order)
    return BoneTree(names, parents, children, heads, tips, _reach(heads, tips, parents, order), order)


def finite_points(points: Array) -> Array:
    """(B, 3) with the origin for points that are not finite."""
    points = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    return np.where(np.isfinite(points).all(axis=-1, keepdims=True), np.clip(points, -1e12, 1e12), 0.0)


def _kept_parents(parents: Sequence[int], kept: Sequence[bool]) -> list[int]:
    found: list[int] = []
    for i, parent in enumerate(parents):
        if not 0 <= parent < i:
            parent = ROOT
        found.append(parent if parent == ROOT or kept[parent] else found[parent])
    return found


def _tips(heads: Array, tails: Array, parents: Sequence[int], order: Sequence[int]) -> Array:
    """Tails; importers invent those of end bones, so these reach no further than the bone above did."""
    tips = tails.copy()
    for i in order:
        above = heads[i] - heads[parents[i]] if parents[i] != ROOT else np.zeros(3)
        longest, length = np.linalg.norm(above), np.linalg.norm(tails[i] - heads[i])
        if length > longest > 0.0:
            tips[i] = heads[i] + (tails[i] - heads[i]) * (longest / length)
    return tips


def _reach(heads: Array, tips: Array, parents: Sequence[int], order: Sequence[int]) -> Array:
    reach = np.zeros(len(heads))
    own = np.linalg.norm(tips - heads, axis=-1)
    has_child = np.zeros(len(heads), dtype=bool)
    for i in reversed(order):
        if not has_child[i]:
            reach[i] = own[i]
        parent = parents[i]
        if parent != ROOT:
            has_child[parent] = True
            reach[parent] = max(reach[parent], reach[i] + float(np.linalg.norm(heads[i] - heads[parent])))
    return reach
