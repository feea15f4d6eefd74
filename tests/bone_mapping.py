# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""For tests of bone maps: a rig guessed with its names, without them, and with parts left out."""

from __future__ import annotations

import numpy as np

from blender_addon.core import rotations as rot
from blender_addon.core.violinist import FINGERS
from blender_addon.rig import bone_guess
from blender_addon.rig.bone_map import guess_bone_map
from blender_addon.rig.rest_pose import RestPose
from tests.rig_families import mixamo
from tests.rigs import Family, renamed

Y_UP = rot.from_axis_angle(np.array([1.0, 0.0, 0.0]), -np.pi / 2)
HALF_TURN = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.pi)

PLAIN = Family(mixamo("").bones)
"""A person with all joints of ours and no bone more."""
ARM_PARTS = ("shoulder", "upper_arm", "lower_arm", "hand", *FINGERS)


def guessed(rest: RestPose) -> dict[str, str]:
    """The map by names and structure, whatever preset the rig follows."""
    return {joint: bone for joint, (bone, _) in bone_guess.guess(rest).items()}


def nameless(rest: RestPose) -> tuple[RestPose, dict[str, str]]:
    """The rig with names that mean nothing, and what they were."""
    names = {f"bone_{i:03d}": bone for i, bone in enumerate(rest.bones)}
    back = {bone: name for name, bone in names.items()}
    return renamed(rest, back.__getitem__), names


def by_structure(rest: RestPose) -> dict[str, str]:
    """What structure alone says, in the rig's own names."""
    blank, names = nameless(rest)
    return {joint: names[bone] for joint, bone in guess_bone_map(blank).bones.items()}


def carrying(family: Family) -> Family:
    """The family with a violin in the left hand and a bow in the right one, each with bones of its own."""
    left, right = family.bones["left_hand"], family.bones["right_hand"]
    props = (
        ("violin", left, "left_hand+0.03,-0.02,0.02"),
        ("violin_scroll", "violin", "left_hand+0.10,-0.03,0.02"),
        ("bow", right, "right_hand+-0.05,-0.03,0"),
        ("bow_tip", "bow", "right_hand+-0.13,-0.05,0"),
    )
    return Family(family.bones, (*family.extra, *props), family.parents)


def without(family: Family, *parts: str) -> Family:
    """The family less the joints whose names contain one of the parts."""
    gone = {bone for joint, bone in family.bones.items() if any(part in joint for part in parts)}
    extra = tuple(row for row in family.extra if row[0] not in gone and row[1] not in gone)
    kept = {joint: bone for joint, bone in family.bones.items() if bone not in gone}
    return Family(kept, extra, {a: b for a, b in family.parents.items() if a not in gone and b not in gone})
