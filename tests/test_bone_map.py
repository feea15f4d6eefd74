# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Bone maps: guessed on rigs of many families, by names, by structure, by both; saved, mirrored, corrected."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blender_addon.core import rotations as rot
from blender_addon.core.violinist import FINGERS
from blender_addon.rig import bone_guess
from blender_addon.rig.bone_map import MAPPABLE, BoneMap, BoneMapError, essential_missing, guess_bone_map
from blender_addon.rig.bone_names import read_names
from blender_addon.rig.bone_presets import FOLDER, PresetError, presets, read_preset
from blender_addon.rig.rest_pose import RestPose
from tests.rig_families import FAMILIES, OTHERS, mixamo, unreal5
from tests.rigs import (
    ALL_FINGERS,
    SIDES,
    Family,
    a_pose,
    both,
    finger_names,
    moved,
    named,
    person,
    renamed,
    rest_pose,
    sided,
)

ROOT = Path(__file__).resolve().parents[1]
Y_UP = rot.from_axis_angle(np.array([1.0, 0.0, 0.0]), -np.pi / 2)
HALF_TURN = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.pi)
PRESET_OF = {
    "mixamo": "mixamo",
    "mixamo 1": "mixamo",
    "mixamo glued": "mixamo",
    "mixamo bare": "mixamo",
    "unreal 5": "unreal5",
    "vroid": "vroid",
    "humanoid": "vrm",
    "humanoid without upper chest": "vrm",
    "character creator": "character-creator",
    "auto-rig pro": "auto-rig-pro",
}
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


def without(family: Family, *parts: str) -> Family:
    """The family less the joints whose names contain one of the parts."""
    gone = {bone for joint, bone in family.bones.items() if any(part in joint for part in parts)}
    extra = tuple(row for row in family.extra if row[0] not in gone and row[1] not in gone)
    kept = {joint: bone for joint, bone in family.bones.items() if bone not in gone}
    return Family(kept, extra, {a: b for a, b in family.parents.items() if a not in gone and b not in gone})


# Families


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_mapped_exactly(name: str) -> None:
    found = guess_bone_map(person(FAMILIES[name]))
    assert found.bones == FAMILIES[name].bones
    assert found.preset == PRESET_OF.get(name, "")
    assert found.confidence.keys() == found.bones.keys()
    assert not essential_missing(found)


@pytest.mark.parametrize("name", FAMILIES)
def test_names_and_structure_find_the_same_without_a_preset(name: str) -> None:
    family = FAMILIES[name]
    rest = person(family)
    assert guessed(rest) == family.bones
    assert guessed(a_pose(rest, family)) == family.bones
    assert guessed(moved(rest, Y_UP, 0.01)) == family.bones
    assert guessed(moved(rest, HALF_TURN, 100.0)) == family.bones
    assert guessed(person(family, tails=False)) == family.bones


@pytest.mark.parametrize("name", sorted(FAMILIES.keys() - {"biped", "smpl"}))
def test_structure_alone_maps_rigs_whose_names_mean_nothing(name: str) -> None:
    family = FAMILIES[name]
    assert by_structure(person(family)) == family.bones
    assert by_structure(moved(a_pose(person(family), family), Y_UP, 0.01)) == family.bones


@pytest.mark.parametrize("name", OTHERS)
def test_names_of_no_known_family_are_understood(name: str) -> None:
    family = OTHERS[name]
    rest = person(family)
    for seen in (rest, a_pose(rest, family), moved(a_pose(rest, family), Y_UP, 0.01)):
        found = guess_bone_map(seen)
        assert (found.preset, found.bones) == ("", family.bones)


def test_cadenzas_own_bones_are_joints() -> None:
    own = Family({joint: joint for joint in MAPPABLE})
    found = guess_bone_map(person(own))
    assert (found.preset, found.bones) == ("cadenza", own.bones)


RIGIFY_DEFORM = Family(
    named(
        ("DEF-spine", "DEF-spine.001", "DEF-spine.002", "DEF-spine.003", "DEF-spine.004", "DEF-spine.006"),
        tuple(f"DEF-{n}.{{s}}" for n in ("shoulder", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")),
        finger_names("DEF-{f}.0{n}.{s}", ("thumb", "f_index", "f_middle", "f_ring", "f_pinky")),
        ("L", "R"),
    ),
    both(
        [
            ("DEF-spine.005", "DEF-spine.004", "neck>head:0.5"),
            ("DEF-upper_arm.{s}.001", "DEF-upper_arm.{s}", "{side}_upper_arm>{side}_lower_arm:0.5"),
            ("DEF-forearm.{s}.001", "DEF-forearm.{s}", "{side}_lower_arm>{side}_hand:0.5"),
            ("DEF-thigh.{s}.001", "DEF-thigh.{s}", "{side}_upper_leg>{side}_lower_leg:0.5"),
            ("DEF-shin.{s}.001", "DEF-shin.{s}", "{side}_lower_leg>{side}_foot:0.5"),
            ("DEF-pelvis.{s}", "DEF-spine", "hips"),
            ("DEF-palm.01.{s}", "DEF-hand.{s}", "{side}_hand>{side}_index_proximal:0.15"),
        ],
        ("L", "R"),
    ),
    {"DEF-spine.006": "DEF-spine.005"}
    | {f"DEF-forearm.{s}": f"DEF-upper_arm.{s}.001" for s in "LR"}
    | {f"DEF-hand.{s}": f"DEF-forearm.{s}.001" for s in "LR"}
    | {f"DEF-shin.{s}": f"DEF-thigh.{s}.001" for s in "LR"}
    | {f"DEF-foot.{s}": f"DEF-shin.{s}.001" for s in "LR"}
    | {f"DEF-{finger}.01.{s}": f"DEF-palm.01.{s}" for s in "LR" for finger in ("thumb", "f_index")},
)
FIVE_SPINES = Family(
    named(
        ("pelvis", "spine_a", "spine_c", "spine_e", "neck_a", "head"),
        ("clav_{s}", "uparm_{s}", "loarm_{s}", "hand_{s}", "upleg_{s}", "loleg_{s}", "foot_{s}", "toe_{s}"),
        {},
        ("lf", "rt"),
    ),
    (
        ("spine_b", "spine_a", "spine>chest:0.5"),
        ("spine_d", "spine_c", "chest>upper_chest:0.5"),
        ("neck_b", "neck_a", "neck>head:0.3"),
        ("neck_c", "neck_b", "neck>head:0.6"),
    ),
    {"spine_c": "spine_b", "spine_e": "spine_d", "head": "neck_c"},
)
TWISTS = Family(
    PLAIN.bones,
    both(
        [
            ("{s}Q", "{s}Arm", "{side}_upper_arm>{side}_lower_arm:0.5"),
            ("{s}W", "{s}ForeArm", "{side}_lower_arm>{side}_hand:0.5"),
            ("{s}Z", "{s}UpLeg", "{side}_upper_leg>{side}_lower_leg:0.5"),
        ],
        ("Left", "Right"),
    ),
    {f"{s}ForeArm": f"{s}Q" for s in ("Left", "Right")}
    | {f"{s}Hand": f"{s}W" for s in ("Left", "Right")}
    | {f"{s}Leg": f"{s}Z" for s in ("Left", "Right")},
)
WINGS_AND_TAIL = Family(
    PLAIN.bones,
    both(
        [
            ("{s}Wa", "Spine2", "{side}_shoulder+0,0.1,0"),
            ("{s}Wb", "{s}Wa", "{side}_upper_arm+0,0.3,0.2"),
            ("{s}Wc", "{s}Wb", "{side}_lower_arm+0,0.4,0.4"),
            ("{s}Wd", "{s}Wc", "{side}_hand+0,0.5,0.2"),
            ("Ta", "Hips", "hips+0,0.2,0"),
            ("Tb", "Ta", "hips+0,0.5,-0.3"),
            ("Tc", "Tb", "hips+0,0.8,-0.5"),
        ],
        ("Left", "Right"),
    ),
)
METACARPALS = Family(
    PLAIN.bones,
    both(
        [(f"{{s}}M{f}", "{s}Hand", f"{{side}}_hand>{{side}}_{f}_proximal:0.15") for f in FINGERS[1:]], ("Left", "Right")
    ),
    {
        f"{s}Hand{word}1": f"{s}M{finger}"
        for s in ("Left", "Right")
        for word, finger in zip(ALL_FINGERS[1:], FINGERS[1:], strict=True)
    },
)
ODD: dict[str, Family] = {
    "rigify deform": RIGIFY_DEFORM,
    "five spines, three necks": FIVE_SPINES,
    "twist bones in line": TWISTS,
    "wings and a tail": WINGS_AND_TAIL,
    "metacarpals": METACARPALS,
    "no fingers": without(PLAIN, *FINGERS),
    "no fingers, no clavicles": without(PLAIN, *FINGERS, "shoulder"),
    "no clavicles": without(PLAIN, "shoulder"),
    "two spines": without(PLAIN, "upper_chest"),
    "one spine": without(PLAIN, "chest"),
    "no spine": without(PLAIN, "chest", "spine"),
    "no neck": without(PLAIN, "neck"),
    "no toes": without(PLAIN, "toes"),
    "no feet": without(PLAIN, "foot", "toes"),
    "no hands": without(PLAIN, "hand", *FINGERS),
    "no legs": without(PLAIN, "leg", "foot", "toes"),
    "no arms": without(PLAIN, *ARM_PARTS),
    "three fingers": without(PLAIN, "ring", "little"),
    "four fingers": without(PLAIN, "little"),
    "fingers of two bones": without(PLAIN, "distal"),
    "another root": Family(PLAIN.bones, (("Prop", None, "hips+1,0,0"), ("PropEnd", "Prop", "hips+1,0,0.5"))),
    "root on the ground": Family(PLAIN.bones, (("Root", None, "hips+0,0,-0.9"),), {"Hips": "Root"}),
    "trunk beside the hips": Family(PLAIN.bones, (("Root", None, "hips+0,0,-0.9"),), {"Hips": "Root", "Spine": "Root"}),
    "another top spine": Family(
        PLAIN.bones | {"upper_chest": "Spine3"}, (("Spine2", "Spine1", "chest>upper_chest:0.5"),), {"Spine3": "Spine2"}
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_rigs_are_mapped_by_names_and_by_structure(name: str) -> None:
    family = ODD[name]
    rest = person(family)
    assert guess_bone_map(rest).bones == family.bones
    assert by_structure(rest) == family.bones
    assert guessed(moved(rest, Y_UP, 0.01)) == family.bones


@pytest.mark.parametrize("degrees", [20.0, 70.0, 85.0])
def test_arms_may_hang(degrees: float) -> None:
    assert by_structure(a_pose(person(PLAIN), PLAIN, degrees)) == PLAIN.bones


def test_one_chest_bone_is_the_chest_when_it_says_so() -> None:
    family = Family({**without(PLAIN, "upper_chest", "spine").bones, "chest": "Chest"})
    assert guess_bone_map(person(family)).bones == family.bones


def test_a_hand_of_one_piece_bends_as_the_middle_finger() -> None:
    family = Family(
        without(PLAIN, *FINGERS).bones | sided({"thumb_metacarpal": "{s}Thumb", "middle_proximal": "{s}Fingers"}),
    )
    assert guess_bone_map(person(family)).bones == family.bones


def test_one_armed_rigs_keep_their_arm() -> None:
    family = without(PLAIN, *(f"right_{part}" for part in ARM_PARTS))
    found = guess_bone_map(person(family))
    assert found.bones == family.bones
    assert essential_missing(found) == ["right_upper_arm", "right_lower_arm", "right_hand"]


def test_without_arms_the_missing_ones_are_named() -> None:
    found = guess_bone_map(person(ODD["no arms"]))
    assert essential_missing(found) == [f"{s}_{p}" for s in SIDES for p in ("upper_arm", "lower_arm", "hand")]


def test_bones_of_one_level_are_mapped_by_their_names() -> None:
    flat = Family(unreal5().bones, (), dict.fromkeys(unreal5().bones.values()))
    found = guessed(person(flat))
    assert found
    assert found.items() <= flat.bones.items()
    assert not essential_missing(BoneMap(found, {}))


def test_zero_lengths_leave_the_names() -> None:
    rest = person(PLAIN)
    assert guessed(replace(rest, tails=rest.heads.copy())) == PLAIN.bones
    nothing = replace(rest, heads=np.zeros_like(rest.heads), tails=np.zeros_like(rest.tails))
    assert guessed(nothing).items() >= {j: PLAIN.bones[j] for j in ("hips", "left_upper_arm", "right_hand")}.items()


# Confidence


def swap_sides(bone: str) -> str:
    return bone.replace("Left", "#").replace("Right", "Left").replace("#", "Right")


def test_swapped_sides_follow_the_names_and_say_so() -> None:
    rest = renamed(person(PLAIN), swap_sides)
    for found in (guess_bone_map(rest), guess_bone_map(renamed(rest, lambda b: b.replace("Arm", "Bicep")))):
        assert found.bones["left_hand"] == "LeftHand"
        assert rest.heads[rest.index(found.bones["left_hand"])][0] < 0
        assert found.confidence["left_hand"] < 0.65
        assert found.confidence["hips"] > 0.9


def test_confidence_is_high_where_names_and_structure_agree() -> None:
    rest = person(FAMILIES["daz"])
    both_say = guess_bone_map(rest).confidence
    structure_says = guess_bone_map(nameless(rest)[0]).confidence
    assert both_say["left_lower_arm"] > 0.9
    assert max(structure_says.values()) <= 0.6
    preset = guess_bone_map(person(FAMILIES["mixamo"])).confidence
    assert min(preset.values()) > 0.95


def test_wrong_names_lose_to_impossible_lengths_and_are_doubted() -> None:
    """Bones named after the joints they end in: the names are all one bone too far."""
    ends = named(
        ("Hips", "", "", "Spine", "Neck", ""),
        ("{s}Shoulder", "{s}Elbow", "{s}Wrist", "", "{s}Knee", "{s}Ankle", "{s}Toe", ""),
        {},
        ("Left", "Right"),
    )
    family = Family(
        ends,
        both([("{s}Hip", "Hips", "hips")], ("Left", "Right")),
        {f"{s}Knee": f"{s}Hip" for s in ("Left", "Right")},
    )
    rest = person(family)
    for side, word in zip(SIDES, ("Left", "Right"), strict=True):
        i = rest.index(f"{word}Shoulder")
        rest.heads[i, :2] = rest.heads[rest.index("Neck"), :2]
        assert side
    found = guess_bone_map(rest)
    limbs = {joint: bone for joint, bone in found.bones.items() if "_" in joint and "neck" not in joint}
    assert limbs.items() >= {j: b for j, b in ends.items() if "arm" in j or "leg" in j}.items()
    assert found.confidence["left_upper_arm"] <= 0.6


# What does not change a map

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


# Names


@pytest.mark.parametrize(
    ("name", "side", "part"),
    [
        ("mixamorig:LeftUpLeg", "left", "upper_leg"),
        ("lShldrBend", "left", "upper_arm"),
        ("rForeArm", "right", "lower_arm"),
        ("ValveBiped.Bip01_L_UpperArm", "left", "upper_arm"),
        ("leftforearm", "left", "lower_arm"),
        ("LARM", "left", "upper_arm"),
        ("CC_Base_NeckTwist01", "", "neck"),
        ("MidHip", "", "hips"),
        ("LHip", "left", "upper_leg"),
        ("RBigToe", "right", "toes"),
        ("RightInHandIndex", "right", "index"),
        ("abdomenLower", "", "trunk"),
        ("左ひじ", "left", "lower_arm"),
        ("腕.R", "right", "upper_arm"),
        ("clavicle_rt", "right", "shoulder"),
        ("Bicep.L", "left", "upper_arm"),
        ("hand.r.001", "right", "hand"),
    ],
)
def test_names_say_side_and_part(name: str, side: str, part: str) -> None:
    (read,) = read_names([name])
    assert (read.side, max(read.meaning, key=lambda p: read.meaning[p])) == (side, part)


HELPERS = [
    *("upperarm_twist_01_l", "handslot.l", "control-toe-roll.l", "kneeIK.l", "HeadTop_End", "Bip001_L_Toe0Nub"),
    *("J_Sec_L_Bust1", "pelvis.L", "c_arms_pole.r", "MCH-hand.L", "eye_r", "elbow_target", "左足IK"),
]


@pytest.mark.parametrize(
    "name",
    HELPERS,
)
def test_names_of_helpers_are_known(name: str) -> None:
    assert read_names([name])[0].helper


# Corrected, mirrored, saved


def test_a_choice_by_hand_is_sure_and_takes_the_bone_from_another_joint() -> None:
    found = guess_bone_map(person(PLAIN))
    changed = found.with_bone("chest", "Spine2")
    assert changed.bones["chest"] == "Spine2"
    assert changed.confidence["chest"] == 1.0
    assert "upper_chest" not in changed.bones
    assert "upper_chest" not in changed.confidence
    assert "chest" not in changed.with_bone("chest", None).bones
    assert found.bones == PLAIN.bones
    with pytest.raises(BoneMapError, match="no joint 'nose'"):
        found.with_bone("nose", "Head")


@pytest.mark.parametrize("named_sides", [True, False])
def test_a_map_is_mirrored_by_names_else_by_places(named_sides: bool) -> None:
    rest = person(PLAIN)
    back = dict(zip(rest.bones, rest.bones, strict=True))
    if not named_sides:
        rest, back = nameless(rest)
    name_of = {old: new for new, old in back.items()}
    expected = {joint: name_of[bone] for joint, bone in PLAIN.bones.items()}
    half = BoneMap({j: b for j, b in expected.items() if not j.startswith("right_")}, dict.fromkeys(expected, 1.0))
    full = half.mirrored(rest)
    assert full.bones == expected
    assert full.confidence["left_hand"] == 1.0
    assert full.confidence["right_hand"] == (0.95 if named_sides else 0.6)
    other = BoneMap({j: b for j, b in expected.items() if not j.startswith("left_")}, {}).mirrored(rest)
    assert other.bones == expected


def test_mirroring_keeps_what_is_chosen_and_skips_unknown_bones() -> None:
    rest = person(PLAIN)
    chosen = BoneMap({"left_hand": "LeftHand", "right_hand": "RightForeArm", "left_foot": "gone"}, {})
    assert chosen.mirrored(rest).bones == chosen.bones


def test_a_saved_map_reads_back() -> None:
    rest = person(FAMILIES["auto-rig pro"])
    found = guess_bone_map(rest)
    assert found.parents["c_thigh_fk.l"] == "c_root.x"
    assert ("c_hand_ik.l", "ik_fk_switch", 1.0) in found.settings
    again = BoneMap.from_json(found.to_json())
    assert again == found
    assert json.loads(found.to_json())["version"] == 1


BROKEN: dict[str, tuple[str, str]] = {
    "no json": ("{", "not a bone map"),
    "a list": ("[]", 'no "bones"'),
    "no bones": ('{"version": 1}', 'no "bones"'),
    "another version": ('{"version": 9, "bones": {}}', "version 9"),
    "an unknown joint": ('{"version": 1, "bones": {"nose": "Nose"}}', "do not exist: nose"),
    "a bone twice": ('{"version": 1, "bones": {"hips": "A", "head": "A"}}', "twice: A"),
    "a number as bone": ('{"version": 1, "bones": {"hips": 3}}', '"bones"'),
    "a wrong confidence": ('{"version": 1, "bones": {"hips": "A"}, "confidence": {"hips": 2}}', "confidence of hips"),
    "no number": ('{"version": 1, "bones": {"hips": "A"}, "confidence": {"hips": NaN}}', "confidence of hips"),
    "a wrong preset": ('{"version": 1, "bones": {}, "preset": 3}', '"preset"'),
    "wrong parents": ('{"version": 1, "bones": {}, "parents": []}', '"parents"'),
    "wrong settings": ('{"version": 1, "bones": {}, "settings": [["a", "b"]]}', "setting"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_what_is_wrong(name: str) -> None:
    text, message = BROKEN[name]
    with pytest.raises(BoneMapError, match=message):
        BoneMap.from_json(text)


# Presets


def test_presets_of_every_family_are_there() -> None:
    names = {preset.name for preset in presets()}
    assert names == {path.stem for path in FOLDER.glob("*.json")}
    assert names >= {
        "mixamo",
        "rigify",
        "vrm",
        "vroid",
        "unreal",
        "cmu",
        "character-creator",
        "auto-rig-pro",
        "makehuman",
    }
    for preset in presets():
        assert set(preset.required) <= set(preset.bones) <= set(MAPPABLE)


def test_the_docs_list_every_preset() -> None:
    text = (ROOT / "docs" / "bone-maps.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip().strip("`") for line in text.splitlines() if line.startswith("| `")]
    assert [row for row in rows if row not in MAPPABLE] == sorted(preset.name for preset in presets())


def _without_version(data: dict[str, Any]) -> None:
    del data["version"]


def _unknown_joint(data: dict[str, Any]) -> None:
    data["bones"]["nose"] = "Nose"


def _nothing_required(data: dict[str, Any]) -> None:
    data["required"] = []


def _unknown_field(data: dict[str, Any]) -> None:
    data["colour"] = "red"


@pytest.mark.parametrize("spoil", [_without_version, _unknown_joint, _nothing_required, _unknown_field])
def test_a_broken_preset_names_its_file(spoil: Callable[[dict[str, Any]], None], tmp_path: Path) -> None:
    data = json.loads((FOLDER / "mixamo.json").read_text(encoding="utf-8"))
    spoil(data)
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(PresetError, match=r"mine\.json"):
        read_preset(file)
