# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which chain under a hand is which finger. No bpy."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core.rotations import Array
from ..core.violinist import FINGERS
from .bone_names import METACARPAL
from .bone_tree import BoneTree

WAYWARD: Final = np.radians(22.0)
"""A chain that leaves the others' direction by more is a thumb."""
DEEPEST_FORK: Final = 2
"""Bones of the palm before fingers part."""
OTHERS: Final = FINGERS[1:]


def finger_chains(tree: BoneTree, hand: int, forward: Array) -> dict[str, list[int]]:
    """Finger -> its bones from the palm outwards, at most three.

    Args:
        tree: the rig's.
        hand: its bone.
        forward: (3,) where the body faces; tells index from little where there is no thumb.
    """
    chains = [chain for child in tree.children[hand] for chain in _chains(tree, child)]
    shared = Counter(bone for chain in chains for bone in chain)
    chains = [[bone for bone in chain if shared[bone] == 1] or chain for chain in chains]  # no palm bones that fork
    named = _by_names(tree, chains)
    unnamed = [chain for chain in chains if not any(chain is c for c in named.values()) and _may_be(tree, chain)]
    if len(named) < 2 and unnamed:
        named |= _by_shape(tree, hand, unnamed, forward, named)
    phalanges = {finger: _phalanges(tree, hand, finger, chain) for finger, chain in named.items()}
    return {finger: phalanges[finger] for finger in FINGERS if phalanges.get(finger)}


def _chains(tree: BoneTree, bone: int, above: int = 0) -> list[list[int]]:
    """Ways from a bone to finger tips: one, or several where palm bones fork."""
    stem = [bone]
    while True:
        children = tree.children[stem[-1]]
        longest = max((tree.reach[c] for c in children), default=0.0)
        forks = [c for c in children if tree.reach[c] >= 0.5 * longest]
        if len(forks) > 1 and above + len(stem) <= DEEPEST_FORK and _finger_of(tree, stem) not in FINGERS:
            return [stem + rest for c in forks for rest in _chains(tree, c, above + len(stem))]
        if not children:
            return [stem]
        stem.append(max(children, key=lambda c: tree.reach[c]))


def _finger_of(tree: BoneTree, chain: list[int]) -> str:
    """The finger that a chain's names say; "finger" when they say no more, "" when nothing."""
    found = ""
    for bone in chain:
        meaning = tree.names[bone].meaning
        found = next(
            (finger for finger in FINGERS if finger in meaning), found or ("finger" if "finger" in meaning else "")
        )
        if found in FINGERS:
            break
    return found


def _may_be(tree: BoneTree, chain: list[int]) -> bool:
    """Not a bone that names say is something else than a finger."""
    meanings = [tree.names[bone].meaning for bone in chain]
    return _finger_of(tree, chain) == "finger" or not any(meanings)


def _by_names(tree: BoneTree, chains: list[list[int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for chain in chains:
        finger = _finger_of(tree, chain)
        if finger in FINGERS and len(chain) > len(found.get(finger, [])):
            found[finger] = chain
    return found


def _by_shape(
    tree: BoneTree, hand: int, chains: list[list[int]], forward: Array, named: dict[str, list[int]]
) -> dict[str, list[int]]:
    """Fingers by where they lie: the thumb by its direction, the others by their distance from it."""
    chains = sorted(chains, key=lambda c: (len(c), tree.reach[c[0]]))[-5 + len(named) :]
    thumb = named.get("thumb") or _thumb(tree, hand, chains)
    rest = [chain for chain in chains if chain is not thumb]
    found = {"thumb": thumb} if thumb else {}
    if len(rest) == 1:
        return found | {"middle": rest[0]}  # a mitten: one chain for all fingers
    bases = [_base(tree, hand, chain) for chain in rest]
    across = _across(tree, hand, rest, thumb, forward)
    order = np.argsort([-float(base @ across) for base in bases], kind="stable")
    return found | {finger: rest[i] for finger, i in zip(OTHERS, order, strict=False)}


def _base(tree: BoneTree, hand: int, chain: list[int]) -> Array:
    """(3,) the knuckle, from the hand's head."""
    return np.asarray(tree.heads[_without_palm(tree, hand, chain)[0]] - tree.heads[hand])


def _direction(tree: BoneTree, chain: list[int]) -> Array:
    return np.asarray(rot.normalize(tree.tips[chain[-1]] - tree.heads[chain[0]]))


def _thumb(tree: BoneTree, hand: int, chains: list[list[int]]) -> list[int] | None:
    """The chain that leaves the others' direction most, when it does so clearly."""
    if len(chains) < 2:
        return None
    ways = [_direction(tree, chain[-3:]) for chain in chains]
    angles = []
    for i, way in enumerate(ways):
        mean = rot.normalize(np.sum([w for j, w in enumerate(ways) if j != i], axis=0))
        angles.append(float(np.arccos(np.clip(way @ mean, -1.0, 1.0))))
    if len(chains) == 2:  # thumb and mitten: the thumb is the shorter one
        return min(chains, key=lambda c: tree.reach[c[0]]) if angles[0] > WAYWARD else None
    best = int(np.argmax(angles))
    return chains[best] if angles[best] > WAYWARD or len(chains) == len(FINGERS) else None


def _across(tree: BoneTree, hand: int, rest: list[list[int]], thumb: list[int] | None, forward: Array) -> Array:
    """(3,) direction across the palm, towards the thumb."""
    along = rot.normalize(np.sum([_direction(tree, chain) for chain in rest], axis=0)) if rest else forward
    if thumb:
        middle = np.mean([_base(tree, hand, chain) for chain in rest], axis=0) if rest else np.zeros(3)
        towards = tree.tips[thumb[-1]] - tree.heads[hand] - middle
    else:
        towards = forward
    bases = np.array([_base(tree, hand, chain) for chain in rest])
    towards = towards - along * (towards @ along)
    if len(rest) >= 3:  # the line of knuckles, rather than out of the palm
        spread = bases - bases.mean(0)
        line = np.linalg.svd(spread - np.outer(spread @ along, along))[2][0]
        towards = line * (1.0 if line @ towards >= 0 else -1.0)
    return np.asarray(towards)


def _without_palm(tree: BoneTree, hand: int, chain: list[int]) -> list[int]:
    """A finger from its knuckle: without the bones that lie in the palm."""
    finger = _finger_of(tree, chain)
    if finger:
        start = next(i for i, bone in enumerate(chain) if finger in tree.names[bone].meaning)
        chain = chain[start:]
    while len(chain) > 1 and finger != "thumb" and _in_palm(tree, hand, chain):
        chain = chain[1:]
    return chain


def _in_palm(tree: BoneTree, hand: int, chain: list[int]) -> bool:
    """Whether a chain's first bone is a metacarpal: it says so, or begins nearer to the wrist than it is long."""
    if METACARPAL & set(tree.names[chain[0]].words):
        return True
    from_wrist = np.linalg.norm(tree.heads[chain[0]] - tree.heads[hand])
    long = np.linalg.norm(tree.heads[chain[1]] - tree.heads[chain[0]])
    return bool(from_wrist < (0.8 if len(chain) > 3 else 0.5 if len(chain) == 3 else 0.25) * long)


def _phalanges(tree: BoneTree, hand: int, finger: str, chain: list[int]) -> list[int]:
    if finger == "thumb":
        start = next((i for i, b in enumerate(chain) if "thumb" in tree.names[b].meaning), 0)
        return chain[start : start + 3]
    return _without_palm(tree, hand, chain)[:3]
