# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What does not change a bone map, and rigs that are none: nothing raises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from blender_addon.core import rotations as rot
from blender_addon.core.violinist import FINGERS
from blender_addon.rig.bone_map import MAPPABLE, BoneMap, guess_bone_map
from blender_addon.rig.rest_pose import RestPose
from tests.bone_mapping import PLAIN, without
from tests.rig_families import FAMILIES
from tests.rigs import moved, person, renamed, rest_pose

NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-: ", max_size=8)
ANGLES = st.tuples(*(st.floats(-1.0, 1.0) for _ in range(4))).filter(lambda q: np.linalg.norm(q) > 0.1)


@settings(max_examples=40, deadline=None, database=None)
@given(
    st.sampled_from(sorted(FAMILIES.keys() - {"vroid"})),
    NAMES,
    NAMES,
    ANGLES,
    st.floats(-3.0, 3.0),
    st.integers(0, 2**31),
)
def test_names_place_size_and_rolls_do_not_change_a_map(
    name: str, prefix: str, suffix: str, turn: Any, power: float, seed: int
) -> None:
    family = FAMILIES[name]
    rest = moved(person(family), turn, 10.0**power, shift=np.array([1.0, -2.0, 0.5]))
    rolls = np.random.default_rng(seed).uniform(-np.pi, np.pi, len(rest))
    axis = np.array([0.0, 1.0, 0.0])
    rolled = rot.multiply(rest.rotations, np.array([rot.from_axis_angle(axis, roll) for roll in rolls]))
    rest = renamed(replace(rest, rotations=rolled), lambda bone: prefix + bone + suffix)
    expected = {joint: prefix + bone + suffix for joint, bone in family.bones.items()}
    assert guess_bone_map(rest).bones == expected


@st.composite
def garbage(draw: st.DrawFn) -> RestPose:
    """Any tree of bones anywhere, with words of bodies in the names."""
    words = st.sampled_from(
        [
            "hips",
            "Spine",
            "arm",
            "Left",
            "right",
            "Hand",
            "_",
            ".L",
            "thumb",
            "leg",
            "foot",
            "ik",
            "1",
            "head",
            "x",
            "左",
        ]
    )
    names = draw(st.lists(st.lists(words, min_size=1, max_size=4).map("".join), unique=True, max_size=25))
    numbers = st.floats(allow_nan=True, allow_infinity=True, width=32) | st.sampled_from([0.0, 1.0, -1.0, 0.5])
    points = draw(
        st.lists(
            st.tuples(*(st.tuples(numbers, numbers, numbers) for _ in range(2))),
            min_size=len(names),
            max_size=len(names),
        )
    )
    parents = [draw(st.integers(-1, i - 1)) for i in range(len(names))]
    rows = [
        (n, names[p] if p >= 0 else None, head, tail) for n, p, (head, tail) in zip(names, parents, points, strict=True)
    ]
    safe = [(n, p, np.nan_to_num(head, posinf=1e9, neginf=-1e9), np.zeros(3)) for n, p, head, _ in rows]
    rest = rest_pose("garbage", safe)
    order = [names.index(bone) for bone in rest.bones]
    places = np.array(points, dtype=np.float64).reshape(-1, 2, 3)[order]
    return replace(rest, heads=places[:, 0], tails=places[:, 1])


@settings(max_examples=150, deadline=None, database=None)
@given(garbage())
def test_odd_rigs_never_raise(rest: RestPose) -> None:
    found = guess_bone_map(rest)
    assert set(found.bones) <= set(MAPPABLE)
    assert all(bone in rest for bone in found.bones.values())
    assert len(set(found.bones.values())) == len(found.bones)
    assert all(0.0 < c <= 1.0 for c in found.confidence.values())
    assert found.mirrored(rest).bones.items() >= found.bones.items()
    assert BoneMap.from_json(found.to_json()).bones == found.bones


def test_ropes_and_crowds_of_bones_do_not_raise() -> None:
    rope = [
        (f"rope{i}", f"rope{i - 1}" if i else "LeftHand", np.array([0.8 + 0.01 * i, 0, 1.4]), np.zeros(3))
        for i in range(1500)
    ]
    crowd = [(f"crowd{i}", None, np.array([0.01 * i, 0.0, 0.0]), np.array([0.01 * i, 0.1, 0.0])) for i in range(1500)]
    body = person(PLAIN)
    parents = [body.bones[p] if p >= 0 else None for p in body.parents]
    rows = list(zip(body.bones, parents, body.heads, body.tails, strict=True))
    assert guess_bone_map(rest_pose("crowd", [*rows, *crowd])).bones == PLAIN.bones
    roped = guess_bone_map(rest_pose("rope", [*rows, *rope])).bones
    assert {joint: roped[joint] for joint in PLAIN.bones} == PLAIN.bones
    comb = [
        (f"comb{i}", f"comb{i - 2 + i % 2}" if i > 1 else "LeftHand", np.zeros(3), np.zeros(3)) for i in range(1500)
    ]
    assert guess_bone_map(rest_pose("comb", [*rows, *comb])).bones.items() >= without(PLAIN, *FINGERS).bones.items()


def test_an_armature_without_bones_has_an_empty_map() -> None:
    assert guess_bone_map(rest_pose("nothing", [])).bones == {}
