# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Retargeting: any rig points where the source points, measured on the rig posed by Blender's rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from blender_addon.core import rotations as rot
from blender_addon.core.motion import Motion
from blender_addon.rig.body import RigError, body_of_motion, body_of_rig
from blender_addon.rig.bone_channels import bone_channels
from blender_addon.rig.bone_map import BoneMap, guess_bone_map
from blender_addon.rig.channels import Channel
from blender_addon.rig.rest_pose import RestPose
from blender_addon.rig.retarget import Retargeted, direction_errors, retarget, source_of
from tests import performing
from tests.odd_rigs import rolled, stretched
from tests.rig_families import FAMILIES
from tests.rigs import (
    SIDES,
    TRUNK,
    Family,
    a_pose,
    moved,
    person,
)

MIXAMO = FAMILIES["mixamo"]
FULL_TURN = {
    "Y up": (1.0, -1.0, 0.0, 0.0),
    "facing +Y": (0.0, 0.0, 0.0, 1.0),
    "facing +X": (1.0, 0.0, 0.0, 1.0),
    "on its side": (1.0, 0.0, 1.0, 0.0),
}


@pytest.fixture(scope="module")
def motion() -> Motion:
    return performing.violinist()


def retargeted(motion: Motion, rest: RestPose, bones: dict[str, str]) -> tuple[Retargeted, list[Channel]]:
    bone_map = BoneMap(bones, {})
    result = retarget(source_of(motion, body_of_motion(motion.skeleton)), body_of_rig(rest, bone_map))
    return result, bone_channels(result, bone_map)


def worst(motion: Motion, rest: RestPose, bones: dict[str, str], turned: Any = (1, 0, 0, 0)) -> float:
    """Largest direction error, degrees; every joint's bone is also seen to be where the solution has it."""
    result, channels = retargeted(motion, rest, bones)
    places = performing.heads(performing.posed(rest, channels, len(motion)))
    expected = rot.rotate(result.body.axes, result.positions())
    size = np.ptp(rest.heads, axis=0).max()
    for joint, bone in bones.items():
        away = places[bone] - expected[:, result.body.skeleton.index(joint)]
        assert np.abs(away).max() < 1e-4 * size, joint
    errors = performing.direction_errors(motion, places, bones, rot.normalize(np.array(turned, dtype=float)))
    return max(errors.values())


def without(family: Family, *words: str) -> dict[str, str]:
    return {joint: bone for joint, bone in family.bones.items() if not any(word in joint for word in words)}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("tails", [True, False], ids=["", "tails up"])
def test_every_family_in_other_proportions_and_rolls(motion: Motion, name: str, tails: bool) -> None:
    family = FAMILIES[name]
    rest = rolled(stretched(person(family, tails=tails), seed=len(name)), seed=1)
    assert worst(motion, rest, family.bones) < 0.01


@pytest.mark.parametrize("name", ["mixamo", "unreal 5", "biped", "smpl"])
def test_the_guessed_map_does_as_well(motion: Motion, name: str) -> None:
    rest = rolled(a_pose(person(FAMILIES[name]), FAMILIES[name]), seed=2)
    assert worst(motion, rest, dict(guess_bone_map(rest).bones)) < 0.01


@pytest.mark.parametrize("degrees", [-30, 20, 45, 80])
def test_arms_at_rest_may_hang_or_rise(motion: Motion, degrees: float) -> None:
    rest = a_pose(rolled(stretched(person(MIXAMO), 3), 3), MIXAMO, degrees)
    assert worst(motion, rest, MIXAMO.bones) < 0.01


def test_bent_elbows_fingers_and_spread_legs_at_rest(motion: Motion) -> None:
    """A rest pose in which every joint below the trunk is turned by chance, up to 40 degrees."""
    rest, rng = person(MIXAMO), np.random.default_rng(0)
    for joint, bone in MIXAMO.bones.items():
        if joint in TRUNK or "foot" in joint or "toes" in joint:
            continue
        top = rest.index(bone)
        below = [i for i in range(len(rest)) if i == top or top in rest.ancestors(i)]
        turn = rot.from_rotation_vector(rng.uniform(-0.4, 0.4, 3))
        heads, tails, rotations = rest.heads.copy(), rest.tails.copy(), rest.rotations.copy()
        for points in (heads, tails):
            points[below] = rest.heads[top] + rot.rotate(turn, points[below] - rest.heads[top])
        rotations[below] = rot.multiply(turn, rotations[below])
        rest = replace(rest, heads=heads, tails=tails, rotations=rotations)
    assert worst(motion, rest, MIXAMO.bones) < 0.5  # collar bones are turned too: our axes go by the joints


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("turned", FULL_TURN.values(), ids=FULL_TURN)
def test_scales_and_axes(motion: Motion, scale: float, turned: tuple[float, ...]) -> None:
    rest = moved(rolled(person(MIXAMO), 4), turned, scale, np.array([3.0, -2.0, 1.0]) * scale)
    assert worst(motion, rest, MIXAMO.bones, turned) < 0.01


def test_a_rig_that_stands_askew_in_its_own_space(motion: Motion) -> None:
    """Its upright is told by its joints: the head is a little in front of the feet."""
    turned = (0.9, 0.2, 0.1, 0.3)
    assert worst(motion, moved(person(MIXAMO), turned), MIXAMO.bones, turned) < 1.0


@pytest.mark.parametrize(
    "missing",
    [
        ("thumb", "index", "middle", "ring", "little"),
        ("ring", "little"),
        ("distal",),
        ("intermediate", "distal"),
        ("shoulder",),
        ("upper_chest",),
        ("upper_chest", "chest"),
        ("upper_chest", "chest", "spine"),
        ("neck",),
        ("head",),
        ("chest", "upper_chest", "neck", "spine"),
        ("toes",),
        ("foot", "toes"),
        ("lower_leg",),
        ("upper_leg", "lower_leg", "foot", "toes"),
        ("lower_arm",),
    ],
    ids=" ".join,
)
def test_missing_joints(motion: Motion, missing: tuple[str, ...]) -> None:
    rest = a_pose(rolled(stretched(person(MIXAMO), 5), 5), MIXAMO, 30)
    assert worst(motion, rest, without(MIXAMO, *missing)) < 0.5


def test_a_bone_that_spans_joints_points_where_they_point_together(motion: Motion) -> None:
    """Without forearms, the upper arm runs from the shoulder to the hand."""
    bones = without(MIXAMO, "lower_arm")
    rest = person(MIXAMO)
    _, channels = retargeted(motion, rest, bones)
    places = performing.heads(performing.posed(rest, channels, len(motion)))
    for side in SIDES:
        mine = places[bones[f"{side}_hand"]] - places[bones[f"{side}_upper_arm"]]
        theirs = motion.joint(f"{side}_hand") - motion.joint(f"{side}_upper_arm")
        assert performing.degrees_between(mine, theirs.astype(float)).max() < 0.01


def test_bones_that_do_not_turn_with_their_parents(motion: Motion) -> None:
    rest = rolled(stretched(person(FAMILIES["daz"]), 6), 6)  # twist bones between mapped ones
    rng = np.random.default_rng(6)
    for inherits in (rng.uniform(size=len(rest)) < 0.5, np.zeros(len(rest), bool)):
        loose = replace(rest, inherits=tuple(map(bool, inherits)))
        assert worst(motion, loose, FAMILIES["daz"].bones) < 0.01


def test_locations_along_the_armatures_axes(motion: Motion) -> None:
    bones = MIXAMO.bones
    family = replace(MIXAMO, parents={bones[f"{side}_upper_leg"]: None for side in SIDES})
    rest = rolled(person(family), 7)
    assert worst(motion, replace(rest, local=(False,) * len(rest)), bones) < 0.01


@pytest.mark.parametrize("joint", ["upper_leg", "upper_arm", "shoulder", "foot", "hand"])
@pytest.mark.parametrize("on", ["nothing", "the root", "the hips"])
def test_limbs_that_hang_elsewhere_stay_in_their_joints(motion: Motion, joint: str, on: str) -> None:
    bones = MIXAMO.bones
    parent = {"nothing": None, "the root": "root", "the hips": bones["hips"]}[on]
    family = replace(
        MIXAMO,
        extra=(*MIXAMO.extra, ("root", None, "hips+0,0.1,-0.9")),
        parents={bones["hips"]: "root"} | {bones[f"{side}_{joint}"]: parent for side in SIDES},
    )
    assert worst(motion, rolled(person(family), 8), bones) < 0.01


def test_hips_that_are_connected_to_a_root_are_carried_by_it(motion: Motion) -> None:
    """Blender ignores the location of a connected bone."""
    bones = MIXAMO.bones
    family = replace(MIXAMO, extra=(*MIXAMO.extra, ("root", None, "hips+0,0.1,-0.3")), parents={bones["hips"]: "root"})
    rest = rolled(person(family), 9)
    rest = replace(rest, connected=tuple(bone == bones["hips"] for bone in rest.bones))
    _, channels = retargeted(motion, rest, bones)
    assert [c.group for c in channels if c.path.endswith(".location")] == ["root"]
    assert worst(motion, rest, bones) < 0.01


@pytest.mark.parametrize("mode", ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE"])
def test_rotation_modes(motion: Motion, mode: str) -> None:
    rest = rolled(stretched(person(MIXAMO), 10), 10)
    rest = replace(rest, rotation_modes=(mode,) * len(rest))
    assert worst(motion, rest, MIXAMO.bones) < 0.05  # near the gimbal single precision shows


def test_the_way_of_the_hips_is_as_long_as_the_legs(motion: Motion) -> None:
    for scale in (0.5, 1.0, 120.0):
        rest = moved(person(MIXAMO), scale=scale)
        result, channels = retargeted(motion, rest, MIXAMO.bones)
        hips = performing.heads(performing.posed(rest, channels, len(motion)))[MIXAMO.bones["hips"]]
        assert result.ratio == pytest.approx(scale)
        assert np.allclose(hips / scale, motion.joint("hips"), atol=1e-4)


def test_the_trunk_keeps_the_rigs_own_posture(motion: Motion) -> None:
    """A standing still violinist leaves a rig's spine as it was built: only turns are carried over."""
    still = replace(
        motion,
        positions=np.repeat(motion.skeleton.rest_positions[None].astype(np.float32), 3, axis=0),
        rotations=np.tile(rot.IDENTITY.astype(np.float32), (3, len(motion.skeleton), 1)),
    )
    rest = stretched(person(MIXAMO), 11)
    _, channels = retargeted(still, rest, MIXAMO.bones)
    places = performing.heads(performing.posed(rest, channels, 3))
    for joint in TRUNK:
        at = rest.heads[rest.index(MIXAMO.bones[joint])]
        assert np.allclose(places[MIXAMO.bones[joint]], at, atol=1e-6), joint


def test_what_is_reported_is_what_is_measured(motion: Motion) -> None:
    rest = rolled(stretched(person(MIXAMO), 12), 12)
    source = source_of(motion, body_of_motion(motion.skeleton))
    result, _ = retargeted(motion, rest, MIXAMO.bones)
    bent = result.rotations.copy()
    index = result.body.skeleton.index("right_lower_arm")
    bent[:, index] = rot.multiply(rot.from_rotation_vector(np.array([0.0, 0.3, 0.0])), bent[:, index])
    wrong = replace(result, rotations=bent)
    channels = bone_channels(wrong, BoneMap(MIXAMO.bones, {}))
    places = performing.heads(performing.posed(rest, channels, len(motion)))
    measured = performing.direction_errors(motion, places, MIXAMO.bones)
    reported = direction_errors(source, wrong)
    assert measured["right_lower_arm"] > 1.0
    assert reported["right_lower_arm"] == pytest.approx(measured["right_lower_arm"], abs=0.01)
    assert max(reported[j] for j in reported if j != "right_lower_arm" and "right" not in j) < 0.01


def point(rest: RestPose, *joints: str) -> RestPose:
    """A rest pose in which joints lie where their parents' bones begin."""
    heads = rest.heads.copy()
    for joint in joints:
        i = rest.index(MIXAMO.bones[joint])
        heads[[k for k in range(len(rest)) if k == i or i in rest.ancestors(k)]] += heads[rest.parents[i]] - heads[i]
    return replace(rest, heads=heads)


@pytest.mark.parametrize(
    ("rest", "bones", "words"),
    [
        (person(MIXAMO), without(MIXAMO, "hips"), ["hips", "choose it in the bone map"]),
        (person(MIXAMO), without(MIXAMO, *TRUNK[1:]), ["spine, neck nor head", "choose"]),
        (person(MIXAMO), MIXAMO.bones | {"head": "Kopf"}, ["'Kopf'", "guess the bone map again"]),
        (point(person(MIXAMO), "left_hand"), MIXAMO.bones, ["left_lower_arm and left_hand", "choose others"]),
        (point(person(MIXAMO), "right_lower_leg"), MIXAMO.bones, ["right_upper_leg and right_lower_leg", "same place"]),
        (replace(person(MIXAMO), heads=np.zeros((66, 3))[: len(person(MIXAMO))]), MIXAMO.bones, ["same place"]),
        (replace(person(MIXAMO), world=np.zeros((4, 4))), MIXAMO.bones, ["scaled to nothing"]),
        (
            person(MIXAMO),
            {"hips": MIXAMO.bones["hips"], "head": MIXAMO.bones["head"]}
            | {f"{s}_upper_leg": MIXAMO.bones[j] for s, j in zip(SIDES, ("neck", "hips"), strict=True)},
            ["cannot be told apart"],
        ),
    ],
)
def test_rigs_that_cannot_perform_say_what_to_do(rest: RestPose, bones: dict[str, str], words: list[str]) -> None:
    with pytest.raises(RigError) as error:
        body_of_rig(rest, BoneMap(bones, {}))
    assert all(word in str(error.value) for word in words), str(error.value)
