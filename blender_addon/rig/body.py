# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig as a body: its mapped bones as joints of ours, in its own rest pose and proportions. No bpy."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core import violinist
from ..core.rotations import Array
from ..core.skeleton import Skeleton
from .bone_map import MAPPABLE, BoneMap
from .joints import SIDES
from .rest_pose import RestPose

TREE: Final = violinist.violinist_skeleton()
PAIRS: Final = ("upper_leg", "upper_arm", "hand", "shoulder", "foot")
LIMBS: Final = (("upper_leg", "lower_leg", "foot"), ("upper_arm", "lower_arm", "hand"))
WITHIN_LIMBS: Final = {
    *(f"{side}_{part}" for side in SIDES for limb in LIMBS for part in limb[1:]),
    *(f"{side}_toes" for side in SIDES),
    *(joint for side in SIDES for finger in violinist.FINGERS for joint in violinist.finger_joints(side, finger)),
}
"""Joints that another joint of their limb carries."""
SHORTEST: Final = 1e-4
"""Part of the body's extent that a limb's bone must measure at least."""
UNCLEAR: Final = 0.2
"""Sine of the angle between up and left below which a body's sides cannot be told."""
SNAP: Final = np.radians(15.0)
"""A rig that stands this near to the axes of its own space stands along them."""


class RigError(ValueError):
    """A rig that cannot perform: the message says what it lacks and what to do."""


@dataclass(frozen=True, eq=False)
class Body:
    """The joints that a rig has, as a skeleton that faces -Y with Z up, in the armature's units.

    Attributes:
        rest: the armature's rest pose.
        skeleton: the mapped joints, and the tips of fingers; its rest pose is the rig's own.
        bones: joint -> index of its bone (tips have none).
        axes: (4,) turns this body's space into the armature's, wxyz.
        ends: joint -> (3,) rest direction of its bone, head to tail.
        head: centre (3,) and radius of the head as a ball, None when nothing tells its size.
    """

    rest: RestPose
    skeleton: Skeleton
    bones: dict[str, int]
    axes: Array = field(repr=False)
    ends: dict[str, Array] = field(repr=False)
    head: tuple[Array, float] | None = None

    def __contains__(self, joint: object) -> bool:
        return joint in self.skeleton

    def at(self, joint: str) -> Array:
        """(3,) rest position of a joint."""
        return self.skeleton.rest_positions[self.skeleton.index(joint)]

    def length(self, joints: tuple[str, ...]) -> float:
        """Length of a chain of joints at rest; NaN when one is missing."""
        if any(joint not in self for joint in joints):
            return float("nan")
        points = np.array([self.at(joint) for joint in joints])
        return float(np.linalg.norm(np.diff(points, axis=0), axis=-1).sum())

    def chain(self, joints: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the joints that the body has."""
        return tuple(joint for joint in joints if joint in self)


def body_of_rig(rest: RestPose, bone_map: BoneMap, skin: Array | None = None) -> Body:
    """The body of an armature.

    Args:
        skin: (N, 3) points of its mesh at rest, in the armature's space.

    Raises:
        RigError: when the hips are not mapped, a mapped bone does not exist, or a limb has no length.
    """
    for joint, bone in bone_map.bones.items():
        if bone not in rest:
            raise RigError(
                f"{rest.name} has no bone {bone!r} (chosen for {joint}); guess the bone map again or choose another"
            )
    if "hips" not in bone_map.bones:
        raise RigError(f"no bone of {rest.name} is chosen for the hips; choose it in the bone map")
    bones = {joint: rest.index(bone_map.bones[joint]) for joint in MAPPABLE if joint in bone_map.bones}
    _check_lengths(rest, bones)
    axes = _axes({joint: rest.heads[i] for joint, i in bones.items()})
    back = rot.conjugate(axes)
    heads, tails = rot.rotate(back, rest.heads), rot.rotate(back, rest.tails)
    places = {joint: heads[i] for joint, i in bones.items()}
    parents = _parents(rest, bone_map, bones)
    for tip, last in _tips(bones):
        places[tip], parents[tip] = _end_of(rest, bones[last], heads, tails), last
    ends = {joint: tails[i] - heads[i] for joint, i in bones.items()}
    head = None if skin is None or "head" not in places else _ball(rot.rotate(back, skin), places["head"])
    return Body(rest, _skeleton(rest.name, places, parents), bones, axes, ends, head)


def _check_lengths(rest: RestPose, bones: dict[str, int]) -> None:
    """Limbs whose joints lie in one place cannot be bent."""
    if abs(np.linalg.det(rest.world[:3, :3])) < 1e-18:
        raise RigError(f"{rest.name} is scaled to nothing; give it a scale (Object > Clear > Scale)")
    extent = np.ptp(rest.heads[list(bones.values())], axis=0).max()
    for joints in ([f"{side}_{part}" for part in limb] for side in SIDES for limb in LIMBS):
        for a, b in pairwise(j for j in joints if j in bones):
            if np.linalg.norm(rest.heads[bones[b]] - rest.heads[bones[a]]) <= SHORTEST * extent:
                raise RigError(
                    f"the bones of {rest.name} that are chosen for {a} and {b} begin in the same place; "
                    "choose others in the bone map"
                )


def _ball(skin: Array, joint: Array) -> tuple[Array, float] | None:
    """What lies above the head's joint, as a ball."""
    above = skin[skin[:, 2] > joint[2]]
    if len(above) < 8:
        return None
    low, high = np.quantile(above, (0.02, 0.98), axis=0)
    return (low + high) / 2, float((high - low)[:2].mean() / 2)


def body_of_motion(skeleton: Skeleton, joints: BoneMap | None = None) -> Body:
    """The body of a motion's skeleton: its joints are taken by name, or as ``joints`` maps them."""
    named = joints or BoneMap({j: j for j in MAPPABLE if j in skeleton}, {})
    return body_of_rig(rest_of_skeleton(skeleton), named)


def rest_of_skeleton(skeleton: Skeleton) -> RestPose:
    """A skeleton seen as an armature: a bone for each joint, along its first child."""
    heads = skeleton.rest_positions
    tails = heads.copy()
    for i in range(len(skeleton)):
        children = [c for c in skeleton.children(i) if skeleton.roles[c] != "prop"]
        tails[i] = heads[children[0]] if children else heads[i] + 0.5 * skeleton.offsets[i]
    count = len(skeleton)
    turned = np.tile(rot.IDENTITY, (count, 1))
    yes = (True,) * count
    return RestPose(
        skeleton.name, skeleton.joints, skeleton.parents, heads, tails, turned, yes, ("QUATERNION",) * count, yes, yes
    )


def _axes(places: dict[str, Array]) -> Array:
    """Turns our axes (left +X, up +Z) into those in which these joints stand."""
    up = _upward(places)
    pairs = [(f"left_{p}", f"right_{p}") for p in PAIRS if f"left_{p}" in places and f"right_{p}" in places]
    left = np.sum([rot.normalize(places[a] - places[b]) for a, b in pairs], axis=0) if pairs else np.array([1.0, 0, 0])
    back = np.cross(up, rot.normalize(left))
    if np.linalg.norm(back) < UNCLEAR:
        raise RigError(
            "the bones chosen for left and right cannot be told apart, nor where the body is up; "
            "choose others in the bone map"
        )
    back = rot.normalize(back)
    matrix = np.stack([np.cross(back, up), back, up], axis=-1)
    turned, snapped = rot.from_matrix(matrix), rot.from_matrix(np.round(matrix))
    away = np.linalg.norm(rot.rotation_vector(rot.multiply(rot.conjugate(snapped), turned)))
    return snapped if abs(np.linalg.det(np.round(matrix)) - 1.0) < 1e-6 and away < SNAP else turned


def _upward(places: dict[str, Array]) -> Array:
    """From the legs to the head, or what there is of it."""
    low = [places[j] for j in ("left_foot", "right_foot") if j in places]
    low = low or [places[j] for j in ("left_upper_leg", "right_upper_leg", "hips") if j in places]
    high = [places[j] for j in ("head", "neck", "upper_chest", "chest", "spine") if j in places]
    if not high:
        raise RigError("neither spine, neck nor head is chosen in the bone map; choose at least one of them")
    up = high[0] - np.mean(low, axis=0)
    return np.asarray(rot.normalize(up))


def _parents(rest: RestPose, bone_map: BoneMap, bones: dict[str, int]) -> dict[str, str]:
    """Joint -> the joint that carries it: within a limb the one before it, else by the rig's own hierarchy.

    Some rigs hang feet or hands on the root, for inverse kinematics; they still belong to their limbs.
    """
    joint_of = {bone: joint for joint, bone in bones.items() if joint not in WITHIN_LIMBS}
    carried = {rest.index(a): rest.index(b) for a, b in bone_map.parents.items() if a in rest and b in rest}
    found: dict[str, str] = {}
    for joint, bone in bones.items():
        before = [j for j in _before(joint) if j in bones]
        if before and joint in WITHIN_LIMBS:
            found[joint] = before[0]
            continue
        seen = {bone}
        above = carried.get(bone, rest.parents[bone])
        while above >= 0 and above not in joint_of and above not in seen:
            seen.add(above)
            above = carried.get(above, rest.parents[above])
        found[joint] = joint_of.get(above, "hips") if joint != "hips" else ""
    return found


def _before(joint: str) -> list[str]:
    """The joints of our body from a joint's parent up to where its limb begins."""
    found = []
    while joint in WITHIN_LIMBS:
        joint = TREE.joints[TREE.parents[TREE.index(joint)]]
        found.append(joint)
    return found


def _tips(bones: dict[str, int]) -> list[tuple[str, str]]:
    """(tip, last mapped joint) of every finger."""
    found = []
    for side in SIDES:
        for finger in violinist.FINGERS:
            *joints, tip = violinist.finger_joints(side, finger)
            mapped = [joint for joint in joints if joint in bones]
            if mapped:
                found.append((tip, mapped[-1]))
    return found


def _end_of(rest: RestPose, bone: int, heads: Array, tails: Array) -> Array:
    """Where a finger ends: at its end bone, where there is one, else at the last bone's tail."""
    if len(rest.children[bone]) == 1:
        return heads[rest.children[bone][0]]
    return tails[bone]


def _skeleton(name: str, places: dict[str, Array], parents: dict[str, str]) -> Skeleton:
    ordered: list[str] = []

    def add(joint: str) -> None:
        if joint in ordered:
            return
        if parents[joint]:
            add(parents[joint])
        ordered.append(joint)

    for joint in places:
        add(joint)
    roles = {joint: TREE.roles[TREE.index(joint)] for joint in ordered}
    origin = {joint: places[parents[joint]] if parents[joint] else np.zeros(3) for joint in ordered}
    rows = [(joint, parents[joint] or None, list(places[joint] - origin[joint]), roles[joint]) for joint in ordered]
    return Skeleton.build(name, rows)
