# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Families of rigs, with their names and hierarchies, on a person's measures."""

from __future__ import annotations

from blender_addon.core.violinist import FINGERS
from tests.rigs import ALL_FINGERS, Family, both, finger_names, named


def mixamo(prefix: str = "mixamorig:") -> Family:
    names = named(
        ("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head"),
        ("{s}Shoulder", "{s}Arm", "{s}ForeArm", "{s}Hand", "{s}UpLeg", "{s}Leg", "{s}Foot", "{s}ToeBase"),
        finger_names("{s}Hand{f}{n}", ALL_FINGERS),
        ("Left", "Right"),
    )
    tips = [
        (f"{{s}}Hand{f}4", f"{{s}}Hand{f}3", f"{{side}}_{n}_tip") for f, n in zip(ALL_FINGERS, FINGERS, strict=True)
    ]
    extra = both(
        [("HeadTop_End", "Head", "head_top"), ("{s}Toe_End", "{s}ToeBase", "{side}_toes_end"), *tips], ("Left", "Right")
    )
    return Family(
        {joint: prefix + name for joint, name in names.items()},
        tuple((prefix + bone, prefix + str(parent), place) for bone, parent, place in extra),
    )


def unreal5() -> Family:
    sides = ("l", "r")
    names = named(
        ("pelvis", "spine_01", "spine_03", "spine_05", "neck_01", "head"),
        ("clavicle_{s}", "upperarm_{s}", "lowerarm_{s}", "hand_{s}", "thigh_{s}", "calf_{s}", "foot_{s}", "ball_{s}"),
        finger_names("{f}_0{n}_{s}", [f.lower() for f in ALL_FINGERS]),
        sides,
    )
    palm = [
        (f"{f.lower()}_metacarpal_{{s}}", "hand_{s}", f"{{side}}_hand>{{side}}_{n}_proximal:0.3")
        for f, n in zip(ALL_FINGERS[1:], FINGERS[1:], strict=True)
    ]
    extra = both(
        [
            ("root", None, "hips+0,0,-0.9"),
            ("spine_02", "spine_01", "spine>chest:0.5"),
            ("spine_04", "spine_03", "chest>upper_chest:0.5"),
            ("neck_02", "neck_01", "neck>head:0.5"),
            ("upperarm_twist_01_{s}", "upperarm_{s}", "{side}_upper_arm>{side}_lower_arm:0.5"),
            ("lowerarm_twist_01_{s}", "lowerarm_{s}", "{side}_lower_arm>{side}_hand:0.5"),
            ("ik_hand_{s}", "root", "{side}_hand"),
            ("ik_foot_{s}", "root", "{side}_foot"),
            *palm,
        ],
        sides,
    )
    parents: dict[str, str | None] = {
        "pelvis": "root",
        "spine_03": "spine_02",
        "spine_05": "spine_04",
        "head": "neck_02",
    }
    parents |= {f"{f.lower()}_01_{s}": f"{f.lower()}_metacarpal_{s}" for f in ALL_FINGERS[1:] for s in sides}
    return Family(names, extra, parents)


def vroid() -> Family:
    sides = ("L", "R")
    names = named(
        tuple(f"J_Bip_C_{n}" for n in ("Hips", "Spine", "Chest", "UpperChest", "Neck", "Head")),
        tuple(
            f"J_Bip_{{s}}_{n}"
            for n in ("Shoulder", "UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot", "ToeBase")
        ),
        finger_names("J_Bip_{s}_{f}{n}", ("Thumb", "Index", "Middle", "Ring", "Little")),
        sides,
    )
    hair = [
        (
            f"J_Sec_Hair{i}_{k:02d}",
            f"J_Sec_Hair{i - 1}_{k:02d}" if i > 1 else "J_Bip_C_Head",
            f"head+{0.02 * k - 0.1},0.1,{0.1 - 0.12 * i}",
        )
        for k in range(10)
        for i in range(1, 6)
    ]
    skirt = [
        (
            f"J_Sec_{{s}}_Skirt{k}_{i:02d}",
            f"J_Sec_{{s}}_Skirt{k}_{i - 1:02d}" if i else "J_Bip_C_Hips",
            f"{{side}}_upper_leg+0,{0.05 * k},{-0.3 * i}",
        )
        for k in range(3)
        for i in range(3)
    ]
    extra = both(
        [
            ("Root", None, "hips+0,0,-0.9"),
            ("J_Adj_{s}_FaceEye", "J_Bip_C_Head", "head+0,-0.1,0.05"),
            ("J_Sec_{s}_Bust1", "J_Bip_C_UpperChest", "upper_chest+0,-0.1,0"),
            *hair,
            *skirt,
        ],
        sides,
    )
    return Family(names, extra, {"J_Bip_C_Hips": "Root"})


def humanoid(upper_chest: bool = True) -> Family:
    """VRM 1.0's own names; without upper chest as many models."""
    names = named(
        ("hips", "spine", "chest", "upperChest" if upper_chest else "", "neck", "head"),
        ("{s}Shoulder", "{s}UpperArm", "{s}LowerArm", "{s}Hand", "{s}UpperLeg", "{s}LowerLeg", "{s}Foot", "{s}Toes"),
        finger_names(
            "{s}{f}{n}", ("Thumb", "Index", "Middle", "Ring", "Little"), ("Proximal", "Intermediate", "Distal")
        )
        | {"thumb_metacarpal": "{s}ThumbMetacarpal", "thumb_proximal": "{s}ThumbProximal"},
        ("left", "right"),
    )
    return Family(names)


def character_creator() -> Family:
    sides = ("L", "R")
    names = named(
        tuple(f"CC_Base_{n}" for n in ("Hip", "Waist", "Spine01", "Spine02", "NeckTwist01", "Head")),
        tuple(
            f"CC_Base_{{s}}_{n}"
            for n in ("Clavicle", "Upperarm", "Forearm", "Hand", "Thigh", "Calf", "Foot", "ToeBase")
        ),
        finger_names("CC_Base_{s}_{f}{n}", ("Thumb", "Index", "Mid", "Ring", "Pinky")),
        sides,
    )
    extra = both(
        [
            ("CC_Base_BoneRoot", None, "hips+0,0,-0.9"),
            ("CC_Base_Pelvis", "CC_Base_Hip", "hips+0,0,0.01"),
            ("CC_Base_NeckTwist02", "CC_Base_NeckTwist01", "neck>head:0.5"),
            ("CC_Base_{s}_UpperarmTwist01", "CC_Base_{s}_Upperarm", "{side}_upper_arm>{side}_lower_arm:0.3"),
            ("CC_Base_{s}_ThighTwist01", "CC_Base_{s}_Thigh", "{side}_upper_leg>{side}_lower_leg:0.3"),
            ("CC_Base_{s}_Eye", "CC_Base_Head", "head+0,-0.1,0.05"),
            ("CC_Base_{s}_RibsTwist", "CC_Base_Spine02", "upper_chest+0.1,-0.05,0.05"),
            ("CC_Base_{s}_Breast", "CC_Base_{s}_RibsTwist", "upper_chest+0.1,-0.15,0.05"),
        ],
        sides,
    )
    parents: dict[str, str | None] = {"CC_Base_Hip": "CC_Base_BoneRoot", "CC_Base_Head": "CC_Base_NeckTwist02"}
    parents |= {f"CC_Base_{s}_Thigh": "CC_Base_Pelvis" for s in sides}
    return Family(names, extra, parents)


def joint_named() -> Family:
    """Old BVH files name bones after the joints they begin in."""
    names = named(
        ("Hips", "Chest", "Chest2", "Chest4", "Neck", "Head"),
        ("{s}Collar", "{s}Shoulder", "{s}Elbow", "{s}Wrist", "{s}Hip", "{s}Knee", "{s}Ankle", "{s}Toe"),
        {},
        ("Left", "Right"),
    )
    return Family(names, (("Chest3", "Chest2", "chest>upper_chest:0.5"),), {"Chest4": "Chest3"})


def smpl() -> Family:
    names = named(
        ("pelvis", "spine1", "spine2", "spine3", "neck", "head"),
        ("{s}_collar", "{s}_shoulder", "{s}_elbow", "{s}_wrist", "{s}_hip", "{s}_knee", "{s}_ankle", "{s}_foot"),
        {},
        ("left", "right"),
    )
    return Family(names, both([("{s}_hand", "{s}_wrist", "{side}_hand>{side}_middle_proximal:0.9")], ("left", "right")))


def biped() -> Family:
    """3ds Max: thighs hang on the first spine bone, clavicles on the neck, fingers count from zero."""
    sides = ("L", "R")
    names = named(
        ("Bip001 Pelvis", "Bip001 Spine", "Bip001 Spine1", "Bip001 Spine2", "Bip001 Neck", "Bip001 Head"),
        tuple(
            f"Bip001 {{s}} {n}" for n in ("Clavicle", "UpperArm", "Forearm", "Hand", "Thigh", "Calf", "Foot", "Toe0")
        ),
        finger_names("Bip001 {s} Finger{f}{n}", "01234", ("", "1", "2")),
        sides,
    )
    extra = both(
        [
            ("Bip001", None, "hips"),
            ("Bip001 Footsteps", "Bip001", "hips+0,0,-0.9"),
            ("Bip001 HeadNub", "Bip001 Head", "head_top"),
            ("Bip001 {s} Toe0Nub", "Bip001 {s} Toe0", "{side}_toes_end"),
            ("Bip001 {s} ForeTwist", "Bip001 {s} Forearm", "{side}_lower_arm"),
        ],
        sides,
    )
    parents: dict[str, str | None] = {"Bip001 Pelvis": "Bip001"}
    parents |= {f"Bip001 {s} Thigh": "Bip001 Spine" for s in sides} | {
        f"Bip001 {s} Clavicle": "Bip001 Neck" for s in sides
    }
    return Family(names, extra, parents)


def daz() -> Family:
    """Genesis 8: hip carries pelvis and abdomen, bend and twist bones in line."""
    sides = ("l", "r")
    names = named(
        ("hip", "abdomenLower", "chestLower", "chestUpper", "neckLower", "head"),
        ("{s}Collar", "{s}ShldrBend", "{s}ForearmBend", "{s}Hand", "{s}ThighBend", "{s}Shin", "{s}Foot", "{s}Toe"),
        finger_names("{s}{f}{n}", ("Thumb", "Index", "Mid", "Ring", "Pinky")),
        sides,
    )
    extra = both(
        [
            ("pelvis", "hip", "hips+0,0,0.01"),
            ("abdomenUpper", "abdomenLower", "spine>chest:0.5"),
            ("neckUpper", "neckLower", "neck>head:0.5"),
            ("{s}ShldrTwist", "{s}ShldrBend", "{side}_upper_arm>{side}_lower_arm:0.5"),
            ("{s}ForearmTwist", "{s}ForearmBend", "{side}_lower_arm>{side}_hand:0.5"),
            ("{s}ThighTwist", "{s}ThighBend", "{side}_upper_leg>{side}_lower_leg:0.5"),
            ("{s}Metatarsals", "{s}Foot", "{side}_foot>{side}_toes:0.4"),
            ("{s}Carpal1", "{s}Hand", "{side}_hand>{side}_index_proximal:0.2"),
            ("{s}Carpal3", "{s}Hand", "{side}_hand>{side}_ring_proximal:0.2"),
            ("{s}Eye", "head", "head+0,-0.1,0.05"),
            ("{s}Pectoral", "chestLower", "upper_chest+0,-0.1,0"),
            ("{s}SmallToe1", "{s}Toe", "{side}_toes_end"),
        ],
        sides,
    )
    parents: dict[str, str | None] = {"chestLower": "abdomenUpper", "head": "neckUpper"}
    for s in sides:
        parents |= {f"{s}ForearmBend": f"{s}ShldrTwist", f"{s}Hand": f"{s}ForearmTwist", f"{s}Shin": f"{s}ThighTwist"}
        parents |= {f"{s}ThighBend": "pelvis", f"{s}Toe": f"{s}Metatarsals"}
        parents |= {f"{s}{f}1": f"{s}Carpal1" for f in ("Index", "Mid")} | {
            f"{s}{f}1": f"{s}Carpal3" for f in ("Ring", "Pinky")
        }
    return Family(names, extra, parents)


FULL_WIDTH = tuple(chr(0xFF10 + n) for n in (0, 1, 2, 3))
"""The digits of Japanese names."""


def mmd() -> Family:
    """MikuMikuDance: Japanese names, legs under a lower body of their own."""
    sides = ("左", "右")
    names = named(
        ("グルーブ", "上半身", "上半身2", "", "首", "頭"),
        ("{s}肩", "{s}腕", "{s}ひじ", "{s}手首", "{s}足", "{s}ひざ", "{s}足首", "{s}つま先"),
        finger_names("{s}{f}{n}", ("親指", "人指", "中指", "薬指", "小指"), FULL_WIDTH[1:])
        | {
            j: f"{{s}}親指{n}"
            for j, n in zip(("thumb_metacarpal", "thumb_proximal", "thumb_distal"), FULL_WIDTH[:3], strict=True)
        },
        sides,
    )
    extra = both(
        [
            ("センター", None, "hips+0,0,-0.3"),
            ("下半身", "グルーブ", "hips+0,0,0.05"),
            ("{s}腕捩", "{s}腕", "{side}_upper_arm>{side}_lower_arm:0.5"),
            ("{s}足ＩＫ", None, "{side}_foot"),
            ("{s}目", "頭", "head+0,-0.1,0.05"),
            ("{s}髪", "頭", "head+0,0.1,0.05"),
        ],
        sides,
    )
    parents: dict[str, str | None] = {"グルーブ": "センター"} | {f"{s}足": "下半身" for s in sides}
    return Family(names, extra, parents)


def auto_rig_pro() -> Family:
    """FK controls, with IK and stretch bones beside them."""
    sides = ("l", "r")
    names = named(
        ("c_root_master.x", "c_spine_01.x", "c_spine_02.x", "c_spine_03.x", "c_neck.x", "c_head.x"),
        tuple(
            f"c_{n}.{{s}}"
            for n in ("shoulder", "arm_fk", "forearm_fk", "hand_fk", "thigh_fk", "leg_fk", "foot_fk", "toes_fk")
        ),
        finger_names("c_{f}{n}.{s}", [f.lower() for f in ALL_FINGERS]),
        sides,
    )
    extra = both(
        [
            ("c_traj", None, "hips+0,0,-0.9"),
            ("c_root.x", "c_root_master.x", "hips"),
            ("c_hand_ik.{s}", "c_traj", "{side}_hand"),
            ("c_foot_ik.{s}", "c_traj", "{side}_foot"),
            ("arm_stretch.{s}", "c_shoulder.{s}", "{side}_upper_arm"),
            ("c_arms_pole.{s}", "c_traj", "{side}_lower_arm+0,0.4,0"),
        ],
        sides,
    )
    return Family(names, extra, {"c_root_master.x": "c_traj"} | {f"c_thigh_fk.{s}": "c_root.x" for s in sides})


FAMILIES: dict[str, Family] = {
    "mixamo": mixamo(),
    "mixamo 1": mixamo("mixamorig1:"),
    "mixamo glued": mixamo("mixamorig"),
    "mixamo bare": mixamo(""),
    "unreal 5": unreal5(),
    "vroid": vroid(),
    "humanoid": humanoid(),
    "humanoid without upper chest": humanoid(upper_chest=False),
    "character creator": character_creator(),
    "joint named": joint_named(),
    "smpl": smpl(),
    "biped": biped(),
    "daz": daz(),
    "mmd": mmd(),
    "auto-rig pro": auto_rig_pro(),
}
