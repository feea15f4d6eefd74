# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Contact on the rig's own proportions: hair, fingertips, hands and feet, measured on the posed rig."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from blender_addon.core import rotations as rot
from blender_addon.core.motion import Motion, MotionError
from blender_addon.core.violinist import FINGERS
from blender_addon.rig.body import RigError
from blender_addon.rig.bone_map import BoneMap
from blender_addon.rig.performance import Performed, perform_motion
from blender_addon.rig.rest_pose import RestPose
from tests import performing
from tests.odd_rigs import rolled, shortened, stretched
from tests.rig_families import FAMILIES
from tests.rigs import SIDES, Family, a_pose, moved, person
from training import performance_metrics as metrics

MIXAMO = FAMILIES["mixamo"]
FINGERLESS = {"joint named", "smpl"}


@pytest.fixture(scope="module")
def motion() -> Motion:
    return performing.violinist()


@pytest.fixture(scope="module")
def sounding() -> list[performing.Sounding]:
    return performing.sounding()


def performed(motion: Motion, rest: RestPose, bones: dict[str, str]) -> Performed:
    done = perform_motion(motion, rest, BoneMap(bones, {}))
    json.dumps(done.report, allow_nan=False)
    for channel in (*done.bones, *done.props):
        assert np.isfinite(channel.values).all(), channel.path
    return done


def odd(family: Family, seed: int) -> RestPose:
    return rolled(a_pose(stretched(person(family), seed), family, 10.0 * seed), seed)


def without(*words: str) -> dict[str, str]:
    return {joint: bone for joint, bone in MIXAMO.bones.items() if not any(word in joint for word in words)}


@pytest.mark.parametrize(("seed", "name"), list(enumerate(FAMILIES)), ids=list(FAMILIES))
def test_what_touches_in_the_source_touches_on_the_rig(
    motion: Motion, sounding: list[performing.Sounding], name: str, seed: int
) -> None:
    """The hair is as far from the strings as in the source, to a tenth of a millimetre; fingertips too."""
    family = FAMILIES[name]
    rest = odd(family, seed % 6)
    done = performed(motion, rest, family.bones)
    seen = performing.seen(motion, rest, family.bones, done)
    assert done.report["contact"]["bow"]["part_within"] == 1.0
    mine, theirs = (metrics.hair_distances(m, sounding) for m in (seen.motion, motion))
    assert np.abs(mine[0] - theirs[0]).max() < 1e-4
    assert np.abs(mine[1] - theirs[1]).max() < 1e-2
    assert metrics.bow_reversals(seen.motion) == pytest.approx(metrics.bow_reversals(motion))
    if name not in FINGERLESS:
        assert (metrics.stop_distances(seen.motion, sounding) < 0.005).mean() >= 0.98


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_units_change_nothing_but_the_size(motion: Motion, scale: float) -> None:
    rest = odd(MIXAMO, 2)
    plain = performing.seen(motion, rest, MIXAMO.bones, performed(motion, rest, MIXAMO.bones))
    turn = rot.normalize(np.array([1.0, -1.0, 0.0, 0.0]))
    other = moved(rest, turn, scale, np.array([1.0, 2.0, 3.0]) * scale)
    done = performed(motion, other, MIXAMO.bones)
    again = performing.seen(motion, other, MIXAMO.bones, done)
    for joint, places in plain.places.items():
        expected = scale * (rot.rotate(turn, places) + [1.0, 2.0, 3.0])
        assert np.allclose(again.places[joint], expected, atol=1e-4 * scale), joint


def grip(places: dict[str, np.ndarray], bow: np.ndarray) -> np.ndarray:
    """(T, 3) the right wrist as the bow sees it."""
    return ((np.linalg.inv(bow) @ np.insert(places["right_hand"], 3, 1.0, axis=1)[..., None])[:, :3, 0]).copy()


@pytest.mark.parametrize("palm", [0.8, 1.0, 1.3])
def test_the_hand_holds_the_bow_as_the_source_does(motion: Motion, palm: float) -> None:
    """As far from the frog as the palm is long."""
    rest = shortened(person(MIXAMO), MIXAMO, "hand", palm)
    done = performed(motion, rest, MIXAMO.bones)
    seen = performing.seen(motion, rest, MIXAMO.bones, done)
    assert motion.rotations is not None
    _, world = motion.skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions)
    turn = world[:, motion.skeleton.index("bow_frog")]
    away = (motion.joint("right_hand") - motion.joint("bow_frog")).astype(float)
    expected = palm * rot.rotate(rot.conjugate(turn), away) / done.report["instrument_scale"]
    assert np.allclose(grip(seen.places, seen.bow), expected, atol=1e-4)


def test_the_violin_stays_at_the_neck(motion: Motion) -> None:
    """Its end button is, in violins, as near to neck and shoulder as in the source; a fifth for odd shoulders."""
    for seed in range(4):
        rest = odd(MIXAMO, seed)
        seen = performing.seen(motion, rest, MIXAMO.bones, performed(motion, rest, MIXAMO.bones)).motion
        for joint in ("neck", "left_upper_arm"):
            mine, theirs = (np.linalg.norm(m.joint(joint) - m.joint("violin_end"), axis=-1) for m in (seen, motion))
            assert np.abs(mine / theirs - 1.0).max() < 0.25, (seed, joint)


@pytest.mark.parametrize("seed", range(4))
def test_feet_stand_still_and_on_the_floor(motion: Motion, seed: int) -> None:
    rest = odd(MIXAMO, seed)
    done = performed(motion, rest, MIXAMO.bones)
    places = performing.seen(motion, rest, MIXAMO.bones, done).places
    for side in SIDES:
        foot = places[f"{side}_foot"]
        slide = motion.joint(f"{side}_foot") - motion.joint(f"{side}_foot")[0]
        assert np.abs(foot - foot[0]).max() < 1.5 * np.abs(slide).max() + 1e-4
        assert foot[:, 2] == pytest.approx(rest.heads[rest.index(MIXAMO.bones[f"{side}_foot"])][2], abs=2e-3)
    assert done.report["contact"]["feet"]["worst_mm"] < 1.0


def test_feet_keep_the_rigs_own_stance(motion: Motion) -> None:
    """Hips twice as wide: the feet stand as much farther apart."""
    heads, rest = person(MIXAMO).heads.copy(), person(MIXAMO)
    wider = {"left": 0.08, "right": -0.08}
    for side, more in wider.items():
        top = rest.index(MIXAMO.bones[f"{side}_upper_leg"])
        heads[[i for i in range(len(rest)) if i == top or top in rest.ancestors(i)], 0] += more
    wide = replace(rest, heads=heads)
    done = performed(motion, wide, MIXAMO.bones)
    places = performing.seen(motion, wide, MIXAMO.bones, done).places
    theirs = motion.joint("left_foot") - motion.joint("right_foot")
    mine = places["left_foot"] - places["right_foot"]
    assert np.linalg.norm(mine - theirs, axis=-1) == pytest.approx(0.16, abs=1e-3)


@pytest.mark.parametrize(("arm", "sides"), [(0.6, ("right",)), (0.6, ("left",)), (0.7, SIDES), (0.5, SIDES)])
def test_short_arms_get_a_smaller_violin(
    motion: Motion, sounding: list[performing.Sounding], arm: float, sides: tuple[str, ...]
) -> None:
    rest = shortened(person(MIXAMO), MIXAMO, "upper_arm", arm, sides)
    done = performed(motion, rest, MIXAMO.bones)
    assert arm <= done.report["instrument_scale"] <= 0.9
    seen = performing.seen(motion, rest, MIXAMO.bones, done)
    assert (metrics.hair_distances(seen.motion, sounding)[0] < 0.003).mean() >= 0.98
    assert (metrics.stop_distances(seen.motion, sounding) < 0.005).mean() >= 0.98
    assert not done.report["warnings"]


def test_arms_that_cannot_reach_say_so_as_it_is(motion: Motion) -> None:
    """The reported distances are those that are seen: of the bow from where it would play, and of the fingertips."""
    rest = shortened(person(MIXAMO), MIXAMO, "upper_arm", 0.22)
    done = performed(motion, rest, MIXAMO.bones)
    seen = performing.seen(motion, rest, MIXAMO.bones, done)
    wanted, found = _on_violin(motion, _turn(motion)), _on_violin(seen.motion, rot.from_matrix(_pure(seen.violin)))
    bow, *tips = (np.linalg.norm(a - b, axis=-1) for a, b in zip(wanted, found, strict=True))
    contact = done.report["contact"]
    assert contact["bow"]["worst_mm"] == pytest.approx(1000 * bow.max(), rel=0.01, abs=0.05)
    assert contact["fingertips"]["worst_mm"] == pytest.approx(1000 * np.max(tips), rel=0.01, abs=0.05)
    assert contact["bow"]["part_within"] == pytest.approx((bow <= 0.003).mean(), abs=0.01)
    assert contact["fingertips"]["part_within"] == pytest.approx((np.array(tips) <= 0.005).mean(), abs=0.01)
    assert contact["bow"]["part_within"] < 0.98
    assert any("the bow arm cannot reach" in warning for warning in done.report["warnings"])


def _on_violin(motion: Motion, turn: np.ndarray) -> list[np.ndarray]:
    """(T, 3) the bow's frog and the left fingertips, as the violin sees them."""
    joints = ("bow_frog", *(f"left_{finger}_tip" for finger in FINGERS[1:]))
    return [rot.rotate(rot.conjugate(turn), motion.joint(j) - motion.joint("violin_end")) for j in joints]


def _turn(motion: Motion) -> np.ndarray:
    assert motion.rotations is not None
    _, world = motion.skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions)
    return np.asarray(world[:, motion.skeleton.index("violin_end")])


def _pure(matrices: np.ndarray) -> np.ndarray:
    """The rotations of matrices with a scale."""
    return np.asarray(matrices[:, :3, :3] / np.linalg.norm(matrices[:, :3, :1], axis=1, keepdims=True))


def ball(centre: np.ndarray, radius: float) -> np.ndarray:
    points = np.random.default_rng(0).normal(size=(2000, 3))
    return centre + radius * points / np.linalg.norm(points, axis=-1, keepdims=True)


@pytest.mark.parametrize("radius", [0.18, 0.25])
def test_a_large_head_is_given_room(motion: Motion, sounding: list[performing.Sounding], radius: float) -> None:
    rest = person(MIXAMO)
    joint = rest.heads[rest.index(MIXAMO.bones["head"])]
    skin = ball(joint + [0.0, 0.0, radius], radius)
    done = perform_motion(motion, rest, BoneMap(MIXAMO.bones, {}), skin)
    seen = performing.seen(motion, rest, MIXAMO.bones, done)
    bone = MIXAMO.bones["head"]
    turned = performing.posed(rest, done.bones, len(motion))[bone] @ np.linalg.inv(_rest_matrix(rest, bone))
    centre = (turned @ [*(joint + [0.0, 0.0, radius]), 1.0])[:, :3]
    small = perform_motion(motion, rest, BoneMap(MIXAMO.bones, {}), ball(joint + [0.0, 0.0, 0.1], 0.1))
    near = performing.seen(motion, rest, MIXAMO.bones, small)
    scale = done.report["instrument_scale"]
    bridge = scale * seen.motion.joint("bridge_a")
    before = small.report["instrument_scale"] * near.motion.joint("bridge_a")
    assert np.median(np.linalg.norm(bridge - centre, axis=-1)) > radius
    assert np.median(np.linalg.norm(bridge - centre, axis=-1)) > np.median(np.linalg.norm(before - centre, axis=-1))
    assert (metrics.hair_distances(seen.motion, sounding)[0] < 0.003).mean() >= 0.98


def _rest_matrix(rest: RestPose, bone: str) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = rot.to_matrix(rest.rotations[rest.index(bone)])
    matrix[:3, 3] = rest.heads[rest.index(bone)]
    return matrix


def test_a_usual_head_moves_nothing(motion: Motion) -> None:
    rest = person(MIXAMO)
    joint = rest.heads[rest.index(MIXAMO.bones["head"])]
    bone_map = BoneMap(MIXAMO.bones, {})
    with_head = perform_motion(motion, rest, bone_map, ball(joint + [0.0, 0.0, 0.1], 0.1))
    alone = perform_motion(motion, rest, bone_map)
    for a, b in zip(with_head.props, alone.props, strict=True):
        assert np.allclose(a.values, b.values)


def test_nothing_jumps_that_did_not(motion: Motion) -> None:
    """Frame to frame no bone turns much farther than the violinist's fastest one does."""
    assert motion.rotations is not None
    local = motion.rotations[:, [r != "prop" for r in motion.skeleton.roles]].astype(float)
    most = np.degrees(_steps(local).max())
    for seed in range(4):
        done = performed(motion, odd(MIXAMO, seed), MIXAMO.bones)
        for channel in done.bones:
            if channel.path.endswith("quaternion"):
                assert np.degrees(_steps(channel.values).max()) < 1.5 * most + 3.0, (seed, channel.group)


def _steps(q: np.ndarray) -> np.ndarray:
    turned = rot.multiply(rot.conjugate(q[:-1]), q[1:])
    return np.asarray(np.linalg.norm(rot.rotation_vector(turned), axis=-1))


def test_a_rig_with_bones_for_violin_and_bow_keys_those(motion: Motion) -> None:
    family = replace(MIXAMO, extra=(*MIXAMO.extra, ("violin_end", MIXAMO.bones["upper_chest"], "left_shoulder")))
    family = replace(family, extra=(*family.extra, ("bow_frog", MIXAMO.bones["right_hand"], "right_hand+0,0,-0.05")))
    rest = rolled(stretched(person(family), 3), 3)
    done = performed(motion, rest, MIXAMO.bones)
    assert not done.props
    matrices = performing.posed(rest, done.bones, len(motion))
    places = {joint: matrices[bone][:, :3, 3] for joint, bone in MIXAMO.bones.items()}
    held = {}
    for bone in ("violin_end", "bow_frog"):  # at rest the prop's frame lies along the body's axes
        held[bone] = matrices[bone].copy()
        held[bone][:, :3, :3] = matrices[bone][:, :3, :3] @ np.linalg.inv(_rest_matrix(rest, bone)[:3, :3])
    seen = performing.as_violinist(motion, places, held)
    mine, theirs = (metrics.hair_distances(m, performing.sounding())[0] for m in (seen, motion))
    assert np.abs(mine - theirs).max() < 1e-4


def test_without_fingers_the_hand_goes_where_the_hand_was(motion: Motion) -> None:
    bones = without("thumb", "index", "middle", "ring", "little")
    done = performed(motion, person(MIXAMO), bones)
    seen = performing.seen(motion, person(MIXAMO), bones, done).motion
    assert np.allclose(seen.joint("left_hand"), motion.joint("left_hand"), atol=1e-4)
    assert any("no fingers of the left hand" in w for w in done.report["warnings"])
    assert set(done.report["contact"]) == {"bow", "feet", "left_hand"}  # there are no fingertips to be right
    right = without(*(f"left_{f}" for f in ("thumb", "index", "middle", "ring", "little")))
    assert any("no fingers of the left hand" in w for w in performed(motion, person(MIXAMO), right).report["warnings"])
    some = performed(motion, person(MIXAMO), without("index", "middle"))
    assert not some.report["warnings"]


@pytest.mark.parametrize("words", [("left_hand",), ("upper_arm", "lower_arm"), ("right_lower_arm",)])
def test_a_body_without_arms_cannot_play(motion: Motion, words: tuple[str, ...]) -> None:
    with pytest.raises(RigError, match=r"cannot hold a violin.*choose them in the bone map") as error:
        performed(motion, person(MIXAMO), without(*words))
    assert words[0].removeprefix("left_") in str(error.value)


def test_motions_that_cannot_be_performed(motion: Motion) -> None:
    with pytest.raises(MotionError, match="inverse kinematics first"):
        performed(replace(motion, rotations=None), person(MIXAMO), MIXAMO.bones)
    with pytest.raises(RigError, match="no frames; choose a longer range"):
        performed(motion.slice(90, 91), person(MIXAMO), MIXAMO.bones)
    one = performed(motion.slice(0, 0.02), person(MIXAMO), MIXAMO.bones)
    assert {len(c.values) for c in one.bones} == {1}


def test_a_dance_has_contact_with_the_floor_alone(motion: Motion) -> None:
    done = performed(performing.without_props(motion), odd(MIXAMO, 1), MIXAMO.bones)
    assert list(done.report["contact"]) == ["feet"]
    assert done.report["instrument_scale"] is None
    assert not done.props
    armless = performed(
        performing.without_props(motion), person(MIXAMO), without("arm", "hand", "index", "middle", "ring", "little")
    )
    assert armless.report["largest_direction_error_degrees"] < 0.01


def test_uneven_and_mirrored_scales_are_said(motion: Motion) -> None:
    for world, words in ((np.diag([1.0, 1.0, 1.2, 1.0]), "unevenly"), (np.diag([-1.0, 1.0, 1.0, 1.0]), "mirrored")):
        done = performed(motion, replace(person(MIXAMO), world=world), MIXAMO.bones)
        assert any(words in warning and "apply its scale" in warning for warning in done.report["warnings"])
