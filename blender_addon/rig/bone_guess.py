# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig's bones by names and structure, and how sure that is. No bpy.

The rig is read twice: with its names, which gives the map, and as if it had none, which tells how
far the structure alone says the same. Both agree: sure. Names alone, structure alone: less so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core.rotations import Array
from ..core.violinist import FINGERS
from .bone_fingers import finger_chains
from .bone_limbs import Limb, legs_and_arms
from .bone_names import BoneName
from .bone_tree import BoneTree, tree_of
from .bone_trunk import trunk_bones
from .joints import ARM, LEG, MAPPABLE, SIDES, TRUNK, finger_bones, other_side
from .rest_pose import RestPose

PRESET: Final = 0.99
PRESET_ALONE: Final = 0.85
BOTH: Final = 0.95
NAMES_ALONE: Final = 0.75
STRUCTURE_ALONE: Final = 0.6
NEITHER: Final = 0.4
SWAPPED: Final = 0.6
"""Factor where the names' left and right are not the geometry's: the names win, but look at it."""
TRUNK_PARTS: Final = {"hips": "hips", "neck": "neck", "head": "head"}


def guess(rest: RestPose) -> dict[str, tuple[str, float]]:
    """Joint -> (bone, confidence)."""
    tree = tree_of(rest)
    found, swapped = assemble(tree)
    alone, _ = assemble(tree_of(rest, with_names=False))
    sure = {joint: _confidence(tree.names[bone], joint, alone, bone) for joint, bone in found.items()}
    return {
        joint: (rest.bones[found[joint]], sure[joint] * _sided_factor(joint, swapped))
        for joint in MAPPABLE
        if joint in found
    }


def complete(rest: RestPose, bones: Mapping[str, str]) -> dict[str, tuple[str, float]]:
    """A preset's bones checked by names and structure, and what the preset does not name.

    Args:
        rest: the rig, whose hierarchy is that of its body (no control rig).
        bones: joint -> bone, of the preset.

    Returns:
        Joint -> (bone, confidence): less sure where the structure says another bone, or where left and
        right are the wrong way round.
    """
    found, swapped = assemble(tree_of(rest))
    guessed = {joint: rest.bones[bone] for joint, bone in found.items()}
    sure = {joint: PRESET if guessed.get(joint, bone) == bone else PRESET_ALONE for joint, bone in bones.items()}
    sure |= {joint: NAMES_ALONE for joint, bone in guessed.items() if joint not in bones and bone not in bones.values()}
    return {
        joint: (bones.get(joint) or guessed[joint], sure[joint] * _sided_factor(joint, swapped))
        for joint in MAPPABLE
        if joint in sure
    }


def _sided_factor(joint: str, swapped: bool) -> float:
    return SWAPPED if swapped and joint not in TRUNK else 1.0


def assemble(tree: BoneTree) -> tuple[dict[str, int], bool]:
    """Joint -> bone, and whether the names' sides are the wrong way round."""
    leg, arm = legs_and_arms(tree)
    found = trunk_bones(tree, leg, arm)
    left, forward = _axes(tree, leg, arm, found)
    swapped = False
    for limb in (arm, leg):
        if limb is not None:
            sides, wrong = _sides(tree, limb, left)
            swapped |= wrong
            for side, bones in sides.items():
                found |= {f"{side}_{part}": bone for part, bone in bones.items()}
    found |= _named_only(tree, found)
    for side in SIDES:
        hand = found.get(f"{side}_hand")
        if hand is not None:
            for finger, chain in finger_chains(tree, hand, forward).items():
                found |= dict(zip(finger_bones(side, finger), chain, strict=False))
    return _each_once(found), swapped


def _each_once(found: dict[str, int]) -> dict[str, int]:
    """Without the joints whose bone already serves another; limbs before trunk, trunk before fingers."""
    limbs = {f"{side}_{part}" for side in SIDES for part in (*ARM, *LEG)}
    bones: dict[int, str] = {}
    for joint in sorted(found, key=lambda j: (j not in limbs, j not in TRUNK)):
        bones.setdefault(found[joint], joint)
    return {joint: bone for joint, bone in found.items() if bones[bone] == joint}


def _axes(tree: BoneTree, leg: Limb | None, arm: Limb | None, trunk: dict[str, int]) -> tuple[Array, Array]:
    """(3,) to the left and (3,) forward, by the feet; without feet as rigs usually face."""
    upward = _upward(tree, leg, arm, trunk)
    forward = np.zeros(3)
    if leg is not None:
        for side in leg.sides:
            if "foot" in side:
                forward = forward + _foot_way(tree, side)
        forward = forward - upward * (forward @ upward)
        if np.linalg.norm(forward) < 0.05 * leg.length:
            forward = np.zeros(3)
    if not forward.any():
        forward = np.cross([1.0, 0.0, 0.0], upward)
    return rot.normalize(np.cross(upward, forward)), rot.normalize(forward)


def _upward(tree: BoneTree, leg: Limb | None, arm: Limb | None, trunk: dict[str, int]) -> Array:
    low = leg.end.mean(0) if leg else tree.heads[trunk["hips"]] if "hips" in trunk else np.zeros(3)
    high = arm.start.mean(0) if arm else tree.heads[[*trunk.values()][-1]] if trunk else np.array([0.0, 0.0, 1.0])
    return np.asarray(rot.normalize(high - low)) if np.linalg.norm(high - low) > 0 else np.array([0.0, 0.0, 1.0])


def _foot_way(tree: BoneTree, side: dict[str, int]) -> Array:
    """(3,) from a foot's head to its toes or its end."""
    foot = side["foot"]
    if "toes" in side:
        return np.asarray(tree.heads[side["toes"]] - tree.heads[foot])
    return np.asarray(tree.tips[foot] - tree.heads[foot])


def _sides(tree: BoneTree, limb: Limb, left: Array) -> tuple[dict[str, dict[str, int]], bool]:
    """Side -> the limb's bones, and whether names and geometry disagree."""
    lies_left = float((limb.start[0] - limb.start[1] + limb.end[0] - limb.end[1]) @ left) >= 0.0
    votes = [sum(_side_vote(tree.names[bone]) for bone in side.values()) for side in limb.sides]
    says_left = lies_left if votes[0] == votes[1] else votes[0] > votes[1]
    first, second = SIDES if says_left else SIDES[::-1]
    return {first: limb.sides[0], second: limb.sides[1]}, says_left != lies_left


def _side_vote(name: BoneName) -> int:
    return {"left": 1, "right": -1}.get(name.side, 0)


def _named_only(tree: BoneTree, found: dict[str, int]) -> dict[str, int]:
    """What the structure did not find at all, where one name alone says it: trunk joints, whole limbs."""
    taken = set(found.values())
    whole = {(side, kind) for side in SIDES for kind in (ARM, LEG) if any(f"{side}_{part}" in found for part in kind)}
    best: dict[str, int] = {}
    for joint, part, side in _words():
        if joint in found or (side, ARM if part in ARM else LEG) in whole:
            continue
        bones = [b for b in tree.order if b not in taken and tree.names[b].side == side]
        sure = [b for b in bones if tree.names[b].meaning.get(part, 0.0) >= 0.8]
        if len(sure) == 1 and sure[0] not in best.values():
            best[joint] = sure[0]
    return best


def _words() -> list[tuple[str, str, str]]:
    """(joint, what its name means, side) of joints that one word can name."""
    rows = [(joint, part, "") for joint, part in TRUNK_PARTS.items()]
    return rows + [(f"{side}_{part}", part, side) for side in SIDES for part in (*ARM, *LEG)]


def _confidence(name: BoneName, joint: str, alone: dict[str, int], bone: int) -> float:
    by_name = name.meaning.get(_part(joint), 0.0) >= 0.5 or "finger" in name.meaning
    by_structure = alone.get(joint) == bone or alone.get(other_side(joint)) == bone
    if by_name and by_structure:
        return BOTH
    return NAMES_ALONE if by_name else STRUCTURE_ALONE if by_structure else NEITHER


def _part(joint: str) -> str:
    """What a name must mean to say a joint."""
    if joint in TRUNK:
        return TRUNK_PARTS.get(joint, "trunk")
    part = joint.partition("_")[2]
    return next((finger for finger in FINGERS if part.startswith(finger)), part)
