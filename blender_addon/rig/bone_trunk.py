# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bones are hips, spine, neck and head, once legs and arms are known. No bpy."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core.rotations import Array
from .bone_limbs import Limb
from .bone_tree import ROOT, BoneTree

FAR: Final = 0.8
"""A bone further than this part of the trunk's length from the legs' beginnings is no pelvis."""


def trunk_bones(tree: BoneTree, leg: Limb | None, arm: Limb | None) -> dict[str, int]:
    """Joint of the trunk -> bone, as far as the rig has them."""
    limbs = {bone for limb in (leg, arm) if limb for side in limb.sides for bone in side.values()}
    top = _top(tree, leg, arm)
    upward = _upward(tree, leg, arm, top)
    hips = _hips(tree, leg, arm, top, limbs)
    if hips is None:
        return {}
    found = {"hips": hips}
    spines = tree.between(hips, top) or tree.between(tree.parents[hips], top)
    spines = [bone for bone in spines if bone != hips]
    above = _above(tree, top if top != ROOT else hips, limbs | {hips, *spines}, upward)
    neck_below = [bone for bone in spines if _says(tree, bone, "neck") and not _says(tree, bone, "trunk")]
    spines = [bone for bone in spines if bone not in neck_below]
    return found | _spine_joints(tree, spines) | _neck_and_head(tree, [*neck_below, *above])


def _says(tree: BoneTree, bone: int, part: str, least: float = 0.8) -> bool:
    return tree.names[bone].meaning.get(part, 0.0) >= least


def _top(tree: BoneTree, leg: Limb | None, arm: Limb | None) -> int:
    """The bone that carries the arms; without arms, the last of the spine's or what carries the neck."""
    if arm is not None:
        return arm.attach
    necks = [bone for bone in tree.order if _says(tree, bone, "neck")] or [
        bone for bone in tree.order if _says(tree, bone, "head")
    ]
    if necks:
        return tree.parents[necks[0]]
    spines = [bone for bone in tree.order if _says(tree, bone, "trunk")]
    if spines:
        return spines[-1]
    return _where_arms_may_be(tree, leg) if leg is not None else ROOT


def _where_arms_may_be(tree: BoneTree, leg: Limb) -> int:
    """Without two arms and without names: where the chain that rises from the pelvis forks, or its neck begins."""
    legs = {side["upper_leg"] for side in leg.sides}
    upward = rot.normalize((leg.start - leg.end).mean(0))
    chain = [leg.attach]
    while ways := [c for c in tree.children[chain[-1]] if not legs & set(tree.below(c))]:
        chain.append(max(ways, key=lambda c: float(rot.normalize(tree.heads[c] - tree.heads[chain[-1]]) @ upward)))
    forks = [
        a for a, b in pairwise(chain[1:]) if any(tree.reach[c] > tree.reach[b] for c in tree.children[a] if c != b)
    ]
    return forks[-1] if forks else chain[max(0, len(chain) - 3)]


def _upward(tree: BoneTree, leg: Limb | None, arm: Limb | None, top: int) -> Array:
    """Direction from the legs to the arms, not of unit length."""
    if leg is not None and arm is not None:
        return np.asarray(arm.start.mean(0) - leg.start.mean(0))
    if leg is not None:
        return np.asarray((leg.start - leg.end).mean(0))
    roots = tree.path_up(top)
    return np.asarray(tree.heads[top] - tree.heads[roots[-1]]) if roots else np.zeros(3)


def _hips(tree: BoneTree, leg: Limb | None, arm: Limb | None, top: int, limbs: set[int]) -> int | None:
    """The bone that carries legs and trunk."""
    carried = [limb.attach for limb in (leg, arm) if limb] + [top]
    carrier = tree.common([bone for bone in carried if bone != ROOT])
    named = [bone for bone in tree.order if _says(tree, bone, "hips") and bone not in limbs]
    if leg is None or leg.attach == ROOT:
        path = tree.path_up(top)[::-1]
        near = [bone for bone in path if bone in named] or _nearest_to_legs(tree, path, leg)
        return near[-1] if near else (named[0] if named else None)
    over = [bone for bone in tree.path_up(carrier) if bone in named]
    if over:
        return over[0]
    if carrier != ROOT and not _is_far(tree, carrier, leg, top):
        return carrier
    between = [bone for bone in tree.path_up(leg.attach) if bone in named]
    return between[0] if between else leg.attach


def _nearest_to_legs(tree: BoneTree, path: list[int], leg: Limb | None) -> list[int]:
    """Of the bones from the root up, the one where the legs begin; without legs the root."""
    if leg is None or not path:
        return path[:1]
    return [min(path, key=lambda bone: float(np.linalg.norm(tree.heads[bone] - leg.start.mean(0))))]


def _is_far(tree: BoneTree, bone: int, leg: Limb, top: int) -> bool:
    """Whether a bone lies on the ground rather than in the pelvis."""
    middle = leg.start.mean(0)
    long = max(float(np.linalg.norm(tree.heads[top] - middle)) if top != ROOT else 0.0, 0.5 * leg.length)
    return bool(np.linalg.norm(tree.heads[bone] - middle) > FAR * long)


def _above(tree: BoneTree, top: int, taken: set[int], upward: Array) -> list[int]:
    """Bones from under the arms' carrier to the head."""
    heads = [b for b in tree.order if _says(tree, b, "head") and b not in taken]
    if heads:
        path = [bone for bone in tree.path_up(heads[0])[::-1] if bone not in taken]
        shared = set(tree.path_up(top))
        return [bone for bone in path if bone not in shared]
    ways = [c for c in tree.children[top] if not taken & set(tree.below(c)) and c not in taken]
    if not ways:
        return []
    size = float(np.linalg.norm(upward)) or 1.0

    def fitness(way: int) -> tuple[bool, float]:
        chain = _to_the_head(tree, way)
        rise = (tree.tips[chain[-1]] - tree.heads[top]) @ upward / size
        return any(_says(tree, b, "neck") for b in chain), float(rise)

    best = max(ways, key=fitness)
    named, rise = fitness(best)
    return _to_the_head(tree, best) if named or rise > 0.05 * size or not upward.any() else []


def _to_the_head(tree: BoneTree, bone: int) -> list[int]:
    """A chain of unnamed bones up to the one that carries a face, hair or nothing more."""
    chain = [bone]
    while len(tree.children[chain[-1]]) == 1:
        chain.append(tree.children[chain[-1]][0])
    return chain


def _neck_and_head(tree: BoneTree, chain: list[int]) -> dict[str, int]:
    """Neck and head in a chain that ends in the head (or beyond it, when nothing is named)."""
    if not chain:
        return {}
    named = [bone for bone in chain if _says(tree, bone, "head")]
    if named:
        head = named[0]
    elif len(chain) == 1 and _says(tree, chain[0], "neck"):
        return {"neck": chain[0]}
    else:
        head = _unnamed_head(tree, chain)
    below = chain[: chain.index(head)]
    necks = [bone for bone in below if _says(tree, bone, "neck")] or below
    return {"neck": necks[0], "head": head} if necks else {"head": head}


def _unnamed_head(tree: BoneTree, chain: list[int]) -> int:
    """The last bone; the one before it where the last only marks the top of the head."""
    if len(chain) < 3 or tree.children[chain[-1]]:
        return chain[-1]
    steps = np.linalg.norm(np.diff(tree.heads[chain], axis=0), axis=-1)
    return chain[-2] if steps[-1] > 1.6 * steps[:-1].max() else chain[-1]


def _spine_joints(tree: BoneTree, spines: list[int]) -> dict[str, int]:
    """Spine, chest and upper chest from the bones between hips and neck.

    Filled from below, as in VRM. The last of three or more carries the arms: it is the upper
    chest; of more than three, the chest is the bone so named, else the one half way up.
    """
    if not spines:
        return {}
    if len(spines) == 1:
        return {"chest" if _says(tree, spines[0], "chest") else "spine": spines[0]}
    if len(spines) == 2:
        return {"spine": spines[0], "chest": spines[1]}
    inner = spines[1:-1]
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(tree.heads[spines], axis=0), axis=-1))])
    half = [abs(w - way[-1] / 2) for w in way[1:-1]]
    named = [bone for bone in inner if _says(tree, bone, "chest")]
    chest = named[0] if named else inner[int(np.argmin(half))]
    return {"spine": spines[0], "chest": chest, "upper_chest": spines[-1]}
