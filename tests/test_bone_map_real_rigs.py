# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Bone maps of real rigs, against tables made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from blender_addon.core.rotations import from_axis_angle
from blender_addon.rig import bone_guess
from blender_addon.rig.bone_map import essential_missing, guess_bone_map
from blender_addon.rig.rest_pose import RestPose
from tests import shared_rigs
from tests.rig_families import mixamo
from tests.rigs import ALL_FINGERS, finger_names, moved, named, renamed, sided

pytestmark = pytest.mark.skipif(not shared_rigs.here(), reason=shared_rigs.ABSENT)

LR = ("Left", "Right")
CMU = named(
    ("Hips", "LowerBack", "Spine", "Spine1", "Neck", "Head"),
    ("{s}Shoulder", "{s}Arm", "{s}ForeArm", "{s}Hand", "{s}UpLeg", "{s}Leg", "{s}Foot", "{s}ToeBase"),
    {},
    LR,
) | {"left_thumb_metacarpal": "LThumb", "right_thumb_metacarpal": "RThumb"}
RIGIFY_FINGERS = finger_names("{f}.0{n}.{s}", ("thumb", "f_index", "f_middle", "f_ring", "f_pinky"))
TRUTH = {
    "mixamo": mixamo().bones,
    "game_engine": named(
        ("pelvis", "spine_01", "spine_02", "spine_03", "neck_01", "head"),
        ("clavicle_{s}", "upperarm_{s}", "lowerarm_{s}", "hand_{s}", "thigh_{s}", "calf_{s}", "foot_{s}", "ball_{s}"),
        finger_names("{f}_0{n}_{s}", [f.lower() for f in ALL_FINGERS]),
        ("l", "r"),
    ),
    "cmu_mb": CMU | sided({"middle_proximal": "{s}HandFinger1"}),
    "cmu_bvh": CMU | {"left_middle_proximal": "LFingers", "right_middle_proximal": "RFingers"},
    "default": named(
        ("root", "spine05", "spine02", "spine01", "neck01", "head"),
        tuple(
            f"{n}.{{s}}"
            for n in ("clavicle", "upperarm01", "lowerarm01", "wrist", "upperleg01", "lowerleg01", "foot", "toe1-1")
        ),
        finger_names("finger{f}-{n}.{s}", "12345"),
        ("L", "R"),
    ),
    # bones named after the joints they end in
    "openpose": named(
        ("MidHip", "", "", "", "Neck", ""),
        ("{s}Shoulder", "{s}Elbow", "{s}Wrist", "", "{s}Knee", "{s}Ankle", "{s}BigToe", ""),
        {},
        ("L", "R"),
    ),
    # the metarig: five spine bones before the neck
    "rigify": named(
        ("spine", "spine.001", "spine.003", "spine.004", "spine.005", "spine.006"),
        tuple(f"{n}.{{s}}" for n in ("shoulder", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")),
        RIGIFY_FINGERS,
        ("L", "R"),
    ),
    "knight": named(
        ("hips", "spine", "chest", "", "", "head"),
        ("", "upperarm.{s}", "lowerarm.{s}", "hand.{s}", "upperleg.{s}", "lowerleg.{s}", "foot.{s}", "toes.{s}"),
        {},
        ("l", "r"),
    ),
    "vrm": named(
        ("hips", "spine", "chest", "", "neck", "head"),
        tuple(
            f"{n}.{{s}}"
            for n in ("shoulder", "upper_arm", "lower_arm", "hand", "upper_leg", "lower_leg", "foot", "toes")
        ),
        finger_names(
            "{f}.{n}.{s}", ("thumb", "index", "middle", "ring", "little"), ("proximal", "intermediate", "distal")
        ),
        ("L", "R"),
    ),
}
MAPPED = {
    "mixamo": 52,
    "game_engine": 52,
    "cmu_mb": 26,
    "cmu_bvh": 26,
    "default": 52,
    "openpose": 14,
    "rigify": 52,
    "knight": 18,
    "vrm": 51,
}


def rig(name: str) -> RestPose:
    if name == "knight":
        return shared_rigs.rest_pose_of_gltf(shared_rigs.FOLDER / "gltf" / "Knight.glb")
    if name == "vrm":
        return shared_rigs.rest_pose_of_gltf(shared_rigs.FOLDER / "vrm" / "Example.vrm")
    if name == "cmu_bvh":
        return shared_rigs.rest_pose_of_bvh(shared_rigs.FOLDER / "bvh" / "cmu_01_01_mb.bvh")
    return shared_rigs.rest_pose_of_mpfb(name)


@pytest.mark.parametrize("name", TRUTH)
def test_every_bone_of_a_real_rig_is_right(name: str) -> None:
    found = guess_bone_map(rig(name))
    assert found.bones == TRUTH[name]
    assert len(found.bones) == MAPPED[name]
    assert essential_missing(found) == (["left_hand", "right_hand"] if name == "openpose" else [])


@pytest.mark.parametrize("name", TRUTH)
def test_a_real_rig_needs_no_preset(name: str) -> None:
    rest = rig(name)
    turned = moved(rest, from_axis_angle(np.array([0.3, -0.5, 0.8]) / 0.99, 2.0), 37.0, 5.0)
    for seen in (rest, turned):
        assert {joint: bone for joint, (bone, _) in bone_guess.guess(seen).items()} == TRUTH[name]


@pytest.mark.parametrize("name", ["mixamo", "game_engine", "cmu_bvh", "default", "vrm"])
def test_real_rigs_are_mapped_by_structure_alone(name: str) -> None:
    rest = rig(name)
    names = {f"bone_{i:03d}": bone for i, bone in enumerate(rest.bones)}
    back = {bone: blank for blank, bone in names.items()}
    found = {joint: names[b] for joint, b in guess_bone_map(renamed(rest, back.__getitem__)).bones.items()}
    assert found == TRUTH[name]
