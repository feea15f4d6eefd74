# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the names of bones say."""

from __future__ import annotations

import pytest

from blender_addon.rig.bone_names import read_names


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
