# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A pianist on other bodies: fingertips on their keys, measured on the posed rig; the piano's place and size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from blender_addon.core import rotations as rot
from blender_addon.core.motion import Motion
from blender_addon.core.pianist import KEY_JOINTS
from blender_addon.core.pianist import PROPS as PIANO_PROPS
from blender_addon.core.rotations import Array
from blender_addon.core.violinist import FINGERS, finger_joints
from blender_addon.rig.body import RigError, rest_of_skeleton
from blender_addon.rig.bone_map import BoneMap
from blender_addon.rig.merge import Layer
from blender_addon.rig.performance import Performed, perform_motion
from blender_addon.rig.rest_pose import RestPose
from plugins.api import piano
from tests import performing, playing_piano
from tests.odd_rigs import rolled, shortened, stretched
from tests.rig_families import FAMILIES
from tests.rigs import SIDES, Family, a_pose, moved, person
from training import piano_metrics as metrics

MIXAMO = FAMILIES["mixamo"]
FINGERLESS = {"joint named", "smpl"}
NOTES = playing_piano.scales_and_chords()
PITCHES = np.arange(piano.LOWEST, piano.HIGHEST + 1)


@pytest.fixture(scope="module")
def motion() -> Motion:
    return playing_piano.perform(NOTES)


@pytest.fixture(scope="module")
def held() -> list[metrics.Held]:
    return playing_piano.held(NOTES)


def performed(motion: Motion, rest: RestPose, bones: Mapping[str, str], skin: Array | None = None) -> Performed:
    done = perform_motion(motion, rest, BoneMap(dict(bones), {}), skin)
    json.dumps(done.report, allow_nan=False)
    for channel in (*done.bones, *done.props):
        assert np.isfinite(channel.values).all(), channel.path
    return done


def odd(family: Family, seed: int) -> RestPose:
    return rolled(a_pose(stretched(person(family), seed), family, 10.0 * seed), seed)


@dataclass(frozen=True)
class Seen:
    """A performance as it looks: joints in the armature's space, and all as a motion before a full-size piano."""

    motion: Motion
    places: dict[str, Array]
    keyboard: Array
    bench: Array


def seen(source: Motion, rest: RestPose, bones: Mapping[str, str], done: Performed) -> Seen:
    frames = len(source)
    matrices = performing.posed(rest, done.bones, frames)
    places = {joint: matrices[bone][:, :3, 3] for joint, bone in bones.items()}
    for side in SIDES:
        for finger in FINGERS:
            *joints, tip = finger_joints(side, finger)
            mapped = [joint for joint in joints if joint in bones]
            if mapped:
                places[tip] = performing._end(rest, matrices, bones[mapped[-1]])
    axes = np.eye(4)
    axes[:3, :3] = rot.to_matrix(done.axes)
    items = {bone: axes @ _placed(done, bone, frames) for bone in PIANO_PROPS}
    back = np.linalg.inv(items["keyboard"])
    skeleton = source.skeleton
    positions = np.full((frames, len(skeleton), 3), np.nan)
    for joint, points in places.items():
        positions[:, skeleton.index(joint)] = (back @ np.insert(points, 3, 1.0, axis=1)[..., None])[:, :3, 0]
    positions[:, skeleton.index("keyboard")] = 0.0
    fronts = np.repeat(piano.front(PITCHES)[None], frames, axis=0)
    turns = {c.group: c.values[:, 0] for c in (*done.props, *done.bones) if c.path.endswith("euler")}
    for i, joint in enumerate(KEY_JOINTS):
        if joint in turns:
            fronts[:, i, 2] += piano.lever(PITCHES[i]) * np.sin(turns[joint])
    positions[:, [skeleton.index(j) for j in KEY_JOINTS]] = fronts
    shown = replace(source, positions=positions.astype(np.float32), rotations=None)
    return Seen(shown, places, items["keyboard"], items["bench"])


def _placed(done: Performed, bone: str, frames: int) -> Array:
    """(T, 4, 4) of a bone of the piano's armature, which lies at its origin."""
    given = {c.path.rpartition(".")[2]: c.values for c in done.props if c.group == bone}
    matrix = np.tile(np.eye(4), (frames, 1, 1))
    matrix[:, :3, :3] *= given["scale"][:, None, :]
    matrix[:, :3, 3] = given["location"]
    return matrix


@pytest.mark.parametrize(("seed", "name"), list(enumerate(FAMILIES)), ids=list(FAMILIES))
def test_fingers_are_on_their_keys(motion: Motion, held: list[metrics.Held], name: str, seed: int) -> None:
    """As near as the source's, to a millimetre on a full-size piano; the same keys go down at the same time."""
    family = FAMILIES[name]
    rest = odd(family, seed % 6)
    done = performed(motion, rest, family.bones)
    mine = seen(motion, rest, family.bones, done).motion
    assert np.abs(metrics.key_depth(mine) - metrics.key_depth(motion)).max() < 2e-4
    assert metrics.wrong_keys(mine, held) == metrics.wrong_keys(motion, held)
    if name not in FINGERLESS:
        away, theirs = (metrics.finger_distances(m, held) for m in (mine, motion))
        assert np.quantile(away - theirs, 0.99) < 1e-3
        assert done.report["contact"]["keys"]["part_within"] > 0.99
        assert not any("keys" in warning for warning in done.report["warnings"])


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_units_and_axes_change_nothing_but_the_size(motion: Motion, scale: float) -> None:
    rest = odd(MIXAMO, 2)
    plain = seen(motion, rest, MIXAMO.bones, performed(motion, rest, MIXAMO.bones))
    turn = rot.normalize(np.array([1.0, -1.0, 0.0, 0.0]))
    other = moved(rest, turn, scale, np.array([1.0, 2.0, 3.0]) * scale)
    again = seen(motion, other, MIXAMO.bones, performed(motion, other, MIXAMO.bones))
    for joint, places in plain.places.items():
        expected = scale * (rot.rotate(turn, places) + [1.0, 2.0, 3.0])
        assert np.allclose(again.places[joint], expected, atol=2e-4 * scale), joint
    assert np.allclose(again.motion.joint("left_hand"), plain.motion.joint("left_hand"), atol=2e-4)


@pytest.mark.parametrize("seed", range(4))
def test_the_piano_stands_on_the_floor_and_still(motion: Motion, seed: int) -> None:
    rest = odd(MIXAMO, seed)
    sole = rest.heads[[rest.index(MIXAMO.bones[f"{s}_foot"]) for s in SIDES]].mean(axis=0) - [0.0, 0.0, 0.09]
    skin = sole + np.random.default_rng(0).uniform(0.0, 1.0, (500, 3)) * [0.2, 0.2, 1.5]
    skin[0] = sole
    done = performed(motion, rest, MIXAMO.bones, skin)
    shown = seen(motion, rest, MIXAMO.bones, done)
    scale = done.report["instrument_scale"]
    assert np.ptp(shown.keyboard, axis=0).max() == 0.0
    assert shown.keyboard[0, 2, 3] - scale * piano.KEYBOARD_HEIGHT == pytest.approx(sole[2], abs=1e-3)
    seat, height = shown.bench[0, 2, 3], shown.bench[0, 2, 2]
    assert seat - height * piano.SEAT_HEIGHT == pytest.approx(sole[2], abs=1e-3)
    hips = shown.places["hips"].mean(axis=0)
    assert np.linalg.norm((hips - shown.bench[0, :3, 3])[:2]) < 0.1
    assert 0.05 < hips[2] - seat < 0.2
    assert done.report["contact"]["feet"]["worst_mm"] < 1.0


def test_the_foot_is_on_the_pedal(motion: Motion) -> None:
    rest = odd(MIXAMO, 3)
    shown = seen(motion, rest, MIXAMO.bones, performed(motion, rest, MIXAMO.bones)).motion
    theirs = (motion.joint("right_toes") - motion.joint("keyboard"))[:, :2]
    assert np.abs(shown.joint("right_toes")[:, :2] - theirs).max() < 2e-3


def test_who_has_short_arms_gets_a_small_piano(motion: Motion) -> None:
    rest = shortened(person(MIXAMO), MIXAMO, "upper_arm", 0.6)
    done = performed(motion, rest, MIXAMO.bones)
    assert 0.5 < done.report["instrument_scale"] <= 0.6
    assert done.report["contact"]["keys"]["part_within"] > 0.98


def test_hands_that_cannot_reach_say_so_as_it_is(motion: Motion, held: list[metrics.Held]) -> None:
    rest = shortened(person(MIXAMO), MIXAMO, "hand", 0.4)
    done = performed(motion, rest, MIXAMO.bones)
    away = metrics.finger_distances(seen(motion, rest, MIXAMO.bones, done).motion, held)
    assert done.report["contact"]["keys"]["worst_mm"] == pytest.approx(1000 * away.max(), rel=0.3)
    assert any("the fingertips do not reach their keys" in w for w in done.report["warnings"])


def test_nothing_jumps_that_did_not(motion: Motion) -> None:
    assert motion.rotations is not None
    local = motion.rotations[:, [r != "prop" for r in motion.skeleton.roles]].astype(float)
    most = np.degrees(_steps(local).max())
    for seed in range(4):
        for channel in performed(motion, odd(MIXAMO, seed), MIXAMO.bones).bones:
            if channel.path.endswith("quaternion"):
                assert np.degrees(_steps(channel.values).max()) < 1.5 * most + 3.0, (seed, channel.group)


def _steps(q: np.ndarray) -> np.ndarray:
    turned = rot.multiply(rot.conjugate(q[:-1]), q[1:])
    return np.asarray(np.linalg.norm(rot.rotation_vector(turned), axis=-1))


def test_without_fingers_the_hands_go_where_the_hands_were(motion: Motion) -> None:
    bones = {j: b for j, b in MIXAMO.bones.items() if not any(f in j for f in FINGERS)}
    done = performed(motion, person(MIXAMO), bones)
    shown = seen(motion, person(MIXAMO), bones, done).motion
    for side in SIDES:
        theirs = motion.joint(f"{side}_hand") - motion.joint("keyboard")
        assert np.allclose(shown.joint(f"{side}_hand"), theirs, atol=1e-4)
        assert any(f"no fingers of the {side} hand" in warning for warning in done.report["warnings"])
    assert "keys" not in done.report["contact"]  # there are no fingertips to be right


def test_a_body_without_arms_cannot_play(motion: Motion) -> None:
    bones = {j: b for j, b in MIXAMO.bones.items() if "lower_arm" not in j}
    with pytest.raises(RigError, match=r"cannot play the piano.*left_lower_arm.*choose them in the bone map"):
        performed(motion, person(MIXAMO), bones)


def test_one_frame_and_a_body_without_legs(motion: Motion) -> None:
    bones = {j: b for j, b in MIXAMO.bones.items() if not any(w in j for w in ("leg", "foot", "toes"))}
    done = performed(motion.slice(0, 0.02), person(MIXAMO), bones)
    assert {len(c.values) for c in (*done.bones, *done.props)} == {1}


def test_bars_that_are_generated_again_bring_their_keys(motion: Motion) -> None:
    """Another piece between 2 and 4 s: its keys go down there, the old ones before and after."""
    other = playing_piano.perform([playing_piano.note(0.5 + 0.5 * i, 0.4, 90) for i in range(13)])
    layer = Layer(other, None, 2.0, 4.0, 0.1)
    done = perform_motion(motion, person(MIXAMO), BoneMap(MIXAMO.bones, {}), layers=[layer])
    depth = metrics.key_depth(seen(motion, person(MIXAMO), MIXAMO.bones, done).motion)
    theirs = metrics.key_depth(motion)
    inside = (motion.times > 2.2) & (motion.times < 3.8)
    outside = (motion.times < 1.9) | (motion.times > 4.1)
    high = 90 - piano.LOWEST
    assert depth[inside, high].max() > 0.9 * piano.DIP
    assert np.delete(depth[inside], high, axis=1).max() < 1e-4
    assert np.abs(depth[outside] - theirs[outside]).max() < 2e-4


def test_a_rig_with_bones_for_the_piano_keys_those(motion: Motion) -> None:
    """Our pianist's own armature: nothing else is built, and the piano stays where it is at rest."""
    rest = rest_of_skeleton(motion.skeleton)
    rest = replace(rest, rotation_modes=tuple("XYZ" if b in KEY_JOINTS else "QUATERNION" for b in rest.bones))
    bones = {j: j for j in MIXAMO.bones if j in motion.skeleton}
    done = performed(motion, rest, bones)
    assert not done.props
    matrices = performing.posed(rest, [c for c in done.bones if c.group not in KEY_JOINTS], len(motion))
    for bone in ("keyboard", "bench"):
        there = rest.heads[rest.index(bone)]
        assert np.abs(matrices[bone][:, :3, 3] - there).max() < 0.02, bone
    turned = {c.group for c in done.bones if c.path.endswith("euler")}
    assert turned == {f"key_{n.value['pitch']}" for n in NOTES}


@pytest.mark.parametrize("part", [None, "torso", "bow_arm"])
def test_what_is_generated_again_moves_neither_piano_nor_bench(motion: Motion, part: str | None) -> None:
    """Another seed that sways much, on arms of different lengths."""
    rest = shortened(person(MIXAMO), MIXAMO, "upper_arm", 0.7, ("left",))
    other = playing_piano.perform(NOTES, seed=9, sway=2.0, lean=2.0, noise=2.0)
    bone_map = BoneMap(MIXAMO.bones, {})
    before = perform_motion(motion, rest, bone_map)
    after = perform_motion(motion, rest, bone_map, layers=[Layer(other, part, 2.0, 4.0, 0.2)])
    for bone in ("keyboard", "bench"):
        mine, theirs = (_placed(done, bone, len(motion)) for done in (after, before))
        assert np.abs(mine - theirs).max() < 1e-6, bone
    assert after.report["contact"]["keys"]["part_within"] > before.report["contact"]["keys"]["part_within"] - 0.05
