# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Bone maps guessed: families, odd rigs, confidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blender_addon.core.violinist import FINGERS
from blender_addon.rig.bone_map import MAPPABLE, BoneMap, essential_missing, guess_bone_map
from tests.bone_mapping import ARM_PARTS, HALF_TURN, PLAIN, Y_UP, by_structure, carrying, guessed, nameless, without
from tests.other_families import OTHERS
from tests.rig_families import FAMILIES, unreal5
from tests.rigs import ALL_FINGERS, SIDES, Family, a_pose, both, finger_names, moved, named, person, renamed, sided

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


@pytest.mark.parametrize("family", [carrying(PLAIN), carrying(without(PLAIN, *FINGERS))], ids=["hands", "no fingers"])
def test_what_is_held_is_no_finger(family: Family) -> None:
    assert guess_bone_map(person(family)).bones == family.bones


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
