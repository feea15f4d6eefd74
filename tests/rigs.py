# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Rest poses for tests, made from tables of bones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from blender_addon.core import rotations as rot
from blender_addon.core.violinist import FINGERS, finger_joints, violinist_skeleton
from blender_addon.rig.rest_pose import RestPose

Row = tuple[str, str | None, Sequence[float], Sequence[float]]
"""Bone, its parent, (3,) head and (3,) tail."""


def rest_pose(name: str, rows: Sequence[Row], rolls: Sequence[float] | None = None) -> RestPose:
    """A rest pose; parents may stand anywhere in the table.

    Args:
        name: of the armature.
        rows: the bones.
        rolls: radians about each bone's own axis, none when left out.
    """
    table = {row[0]: row for row in rows}
    ordered: list[str] = []

    def add(bone: str) -> None:
        parent = table[bone][1]
        if parent is not None and parent not in ordered:
            add(parent)
        if bone not in ordered:
            ordered.append(bone)

    for bone in table:
        add(bone)
    heads = np.array([table[b][2] for b in ordered], dtype=np.float64).reshape(-1, 3)
    tails = np.array([table[b][3] for b in ordered], dtype=np.float64).reshape(-1, 3)
    along = rot.between(np.array([0.0, 1.0, 0.0]), tails - heads) if len(ordered) else np.zeros((0, 4))
    if rolls is not None:
        given = dict(zip(table, rolls, strict=True))
        turns = [rot.from_axis_angle(np.array([0.0, 1.0, 0.0]), given[b]) for b in ordered]
        along = rot.multiply(along, np.array(turns))
    parents = tuple(-1 if table[b][1] is None else ordered.index(str(table[b][1])) for b in ordered)
    yes = (True,) * len(ordered)
    modes = ("QUATERNION",) * len(ordered)
    return RestPose(name, tuple(ordered), parents, heads, tails, along, yes, modes, yes, yes)


# People, made of a family's names and the violinist's measures.

SIDES = ("left", "right")
REST = violinist_skeleton()
PLACES = {joint: REST.rest_positions[REST.index(joint)] for joint in REST.joints}
ENDS = {"head": "head_top", **{f"{side}_toes": f"{side}_toes_end" for side in SIDES}}


@dataclass(frozen=True)
class Family:
    """A way to name and build a person's bones.

    Attributes:
        bones: joint -> bone: what a guess must find.
        extra: (bone, parent, place): bones that no joint of ours stands for. A place is a joint, two joints with
            a part of the way between ("left_upper_arm>left_lower_arm:0.5"), or either with an offset ("head+0,0,0.1").
        parents: bone -> parent, where it is not the bone of the joint above.
    """

    bones: dict[str, str]
    extra: tuple[tuple[str, str | None, str], ...] = ()
    parents: dict[str, str | None] = field(default_factory=dict)


def sided(names: dict[str, str], sides: tuple[str, str] = ("Left", "Right")) -> dict[str, str]:
    """Both sides of a table whose joints are written without side and whose names hold ``{s}``."""
    out = {}
    for joint, name in names.items():
        if "{s}" not in name:
            out[joint] = name
        else:
            out |= {f"{side}_{joint}": name.replace("{s}", word) for side, word in zip(SIDES, sides, strict=True)}
    return out


def both(
    rows: Sequence[tuple[str, str | None, str]], sides: tuple[str, str]
) -> tuple[tuple[str, str | None, str], ...]:
    """Both sides of extra bones: ``{s}`` in names, ``{side}`` in places."""
    out: list[tuple[str, str | None, str]] = []
    for name, parent, place in rows:
        for side, word in zip(SIDES, sides, strict=True) if "{s}" in name else [("", "")]:
            above = None if parent is None else parent.replace("{s}", word)
            out.append((name.replace("{s}", word), above, place.replace("{side}", side)))
    return tuple(out)


def finger_names(pattern: str, fingers: Sequence[str], parts: Sequence[str] = ("1", "2", "3")) -> dict[str, str]:
    """Joint without side -> name, from a pattern with ``{f}`` and ``{n}``."""
    found = {}
    for finger, word in zip(FINGERS, fingers, strict=True):
        joints = [joint.removeprefix("left_") for joint in finger_joints("left", finger)[:3]]
        found |= {j: pattern.replace("{f}", word).replace("{n}", n) for j, n in zip(joints, parts, strict=True)}
    return found


def place_of(text: str) -> np.ndarray:
    """(3,) metres: see ``Family.extra``."""
    text, _, offset = text.partition("+")
    way, _, part = text.partition(":")
    first, _, second = way.partition(">")
    at = PLACES[first] if not second else PLACES[first] + float(part) * (PLACES[second] - PLACES[first])
    return at + np.array([float(x) for x in offset.split(",")]) if offset else at.copy()


def person(family: Family, name: str = "Person", tails: bool = True) -> RestPose:
    """A person in a T-pose, Z up, facing -Y, in metres.

    Args:
        family: names and hierarchy.
        name: of the armature.
        tails: bones end at their children; otherwise all point up, as some importers make them.
    """
    parents, places = _hierarchy(family)
    children: dict[str, list[str]] = {bone: [] for bone in places}
    for bone, parent in parents.items():
        if parent is not None:
            children[parent].append(bone)
    joint_of = {bone: joint for joint, bone in family.bones.items()}
    rows: list[Row] = []
    for bone, head in places.items():
        tail = _tail(bone, head, [places[c] for c in children[bone]], joint_of)
        above = places[str(parents[bone])] if parents[bone] else head
        if tail is None:
            tail = head + (0.4 * (head - above) if np.linalg.norm(head - above) > 0 else np.array([0.0, 0.0, 0.05]))
        rows.append((bone, parents[bone], head, tail if tails else head + np.array([0.0, 0.0, 0.05])))
    return rest_pose(name, rows)


def _hierarchy(family: Family) -> tuple[dict[str, str | None], dict[str, np.ndarray]]:
    parents: dict[str, str | None] = {}
    for joint, bone in family.bones.items():
        above = REST.parents[REST.index(joint)]
        while above >= 0 and REST.joints[above] not in family.bones:
            above = REST.parents[above]
        parents[bone] = family.bones[REST.joints[above]] if above >= 0 else None
    places = {bone: PLACES[joint].copy() for joint, bone in family.bones.items()}
    for bone, parent, place in family.extra:
        parents[bone], places[bone] = parent, place_of(place)
    return parents | family.parents, places


def _tail(bone: str, head: np.ndarray, below: list[np.ndarray], joint_of: dict[str, str]) -> np.ndarray | None:
    joint = joint_of.get(bone, "")
    if joint in ENDS:
        return PLACES[ENDS[joint]]
    if joint.endswith("_distal"):
        return PLACES[joint.replace("_distal", "_tip")]
    far = [p for p in below if np.linalg.norm(p - head) > 1e-9]
    if joint.endswith("_hand") and len(far) > 2:
        return np.mean(far, axis=0)
    return far[0] if far else None


def moved(rest: RestPose, rotation: Sequence[float] = (1, 0, 0, 0), scale: float = 1.0, shift: Any = 0.0) -> RestPose:
    """The rest pose turned (wxyz), scaled and shifted in the armature's own space."""
    q = rot.normalize(np.array(rotation, dtype=np.float64))
    heads, tails = (scale * rot.rotate(q, points) + shift for points in (rest.heads, rest.tails))
    return replace(rest, heads=heads, tails=tails, rotations=rot.multiply(q, rest.rotations))


def renamed(rest: RestPose, name: Callable[[str], str]) -> RestPose:
    return replace(rest, bones=tuple(name(bone) for bone in rest.bones))


def a_pose(rest: RestPose, family: Family, degrees: float = 45.0) -> RestPose:
    """Arms lowered in the shoulder."""
    heads, tails, rotations = rest.heads.copy(), rest.tails.copy(), rest.rotations.copy()
    for side, sign in (("left", 1.0), ("right", -1.0)):
        top = rest.index(family.bones[f"{side}_upper_arm"])
        turn = rot.from_axis_angle(np.array([0.0, 1.0, 0.0]), sign * np.radians(degrees))
        below = [i for i in range(len(rest)) if i == top or top in rest.ancestors(i)]
        pivot = rest.heads[top]
        for points in (heads, tails):
            points[below] = pivot + rot.rotate(turn, points[below] - pivot)
        rotations[below] = rot.multiply(turn, rotations[below])
    return replace(rest, heads=heads, tails=tails, rotations=rotations)


TRUNK = ("hips", "spine", "chest", "upper_chest", "neck", "head")
SEGMENTS = ("shoulder", "upper_arm", "lower_arm", "hand", "upper_leg", "lower_leg", "foot", "toes")
ALL_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")


def named(
    trunk: Sequence[str], segments: Sequence[str], fingers: dict[str, str], sides: tuple[str, str]
) -> dict[str, str]:
    """Joint -> bone; an empty name leaves a joint out."""
    table = dict(zip(TRUNK, trunk, strict=True)) | dict(zip(SEGMENTS, segments, strict=True)) | fingers
    return sided({joint: name for joint, name in table.items() if name}, sides)
