# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Inverse kinematics: targets reached, lengths and limits kept, hints followed, gaps filled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plugins.api import ComponentError, CurledChain, JobContext, Motion, fabrik, two_bones, violinist
from plugins.api import rotations as rot
from plugins.ik.step import InverseKinematics
from training import performance_metrics as metrics

SKELETON = violinist.violinist_skeleton()
CONTEXT = JobContext()


def solve(motion: Motion) -> Motion:
    return InverseKinematics().apply(motion, None, CONTEXT)


def posed(frames: int = 6, seed: int = 0) -> Motion:
    """A body in mild random poses: the truth to find again."""
    rng = np.random.default_rng(seed)
    turns = np.zeros((frames, len(SKELETON), 3))
    for joint in ("spine", "chest", "upper_chest", "neck", "head"):
        turns[:, SKELETON.index(joint)] = rng.normal(0, 0.08, (frames, 3))
    for side, sign in (("left", 1), ("right", -1)):
        turns[:, SKELETON.index(f"{side}_upper_arm")] = rng.normal(0, 0.2, (frames, 3)) + [0, 0.6 * sign, -0.4 * sign]
        turns[:, SKELETON.index(f"{side}_lower_arm"), 2] = -sign * rng.uniform(0.4, 1.6, frames)
        turns[:, SKELETON.index(f"{side}_hand")] = rng.normal(0, 0.2, (frames, 3))
        for finger in violinist.FINGERS[1:]:
            for joint in violinist.finger_joints(side, finger)[:2]:
                turns[:, SKELETON.index(joint), 1] = sign * rng.uniform(0.3, 1.0, frames)
    positions = np.repeat(SKELETON.rest_positions[None], frames, axis=0)
    local = rot.from_rotation_vector(turns)
    positions, _ = SKELETON.forward_kinematics(local, positions)
    return Motion(SKELETON, 30.0, positions, local)


def distal(motion: Motion) -> Motion:
    """What a generator gives: trunk rotations, hands, knuckles, fingertips, feet; the rest unknown."""
    known = {"hips", "neck", "left_foot", "right_foot", "left_toes", "right_toes", "violin_end", "bow_frog"}
    for side in ("left", "right"):
        known |= {f"{side}_hand"} | {violinist.finger_joints(side, f)[i] for f in violinist.FINGERS[1:] for i in (0, 3)}
    positions, rotations = motion.positions.copy(), motion.rotations.copy()  # type: ignore[union-attr]
    positions[:, [i for i, j in enumerate(SKELETON.joints) if j not in known]] = np.nan
    trunk = {"hips", "spine", "chest", "upper_chest", "neck", "head"}
    rotations[:, [i for i, j in enumerate(SKELETON.joints) if j not in trunk]] = np.nan
    return replace(motion, positions=positions, rotations=rotations)


def test_the_body_is_found_from_its_ends() -> None:
    truth = posed()
    found = solve(distal(truth))
    assert np.isfinite(found.positions).all()
    assert metrics.bone_length_error(found) < 1e-5
    for joint in ("left_hand", "right_hand", "left_index_proximal", "right_little_proximal", "head", "left_foot"):
        assert np.allclose(found.joint(joint), truth.joint(joint), atol=1e-3), joint
    for side in ("left", "right"):
        tip = f"{side}_middle_tip"
        assert np.linalg.norm(found.joint(tip) - truth.joint(tip), axis=-1).max() < 0.012, tip


def test_an_elbow_hint_turns_the_arm() -> None:
    motion = distal(posed(1))
    shoulder = solve(motion).joint("right_upper_arm")
    results = []
    for aim in ([-1.0, 0.0, 0.2], [0.0, 0.0, -1.0]):
        positions = motion.positions.copy()
        positions[:, SKELETON.index("right_lower_arm")] = shoulder + aim
        results.append(solve(replace(motion, positions=positions)).joint("right_lower_arm")[0])
    assert results[0][2] > results[1][2] + 0.05


def test_a_wrist_out_of_reach_is_approached_and_the_arm_stays_whole() -> None:
    motion = distal(posed(2))
    positions = motion.positions.copy()
    hand = [i for i, j in enumerate(SKELETON.joints) if j.startswith("left_") and SKELETON.roles[i] == "hand"]
    positions[:, [SKELETON.index("left_hand"), *hand]] += [1.0, -1.0, 0.0]
    found = solve(replace(motion, positions=positions))
    assert metrics.bone_length_error(found) < 1e-5
    arm = found.joint("left_hand") - found.joint("left_upper_arm")
    assert np.linalg.norm(arm, axis=-1).min() > 0.99 * (violinist.UPPER_ARM + violinist.FOREARM)


def test_a_missing_spine_bends_to_the_neck() -> None:
    truth = posed(4)
    motion = distal(truth)
    rotations = motion.rotations.copy()  # type: ignore[union-attr]
    rotations[:, [SKELETON.index(j) for j in ("spine", "chest", "upper_chest")]] = np.nan
    found = solve(replace(motion, rotations=rotations))
    assert np.allclose(found.joint("neck"), truth.joint("neck"), atol=4e-3)


def test_what_cannot_be_done_without_is_named() -> None:
    motion = distal(posed(1))
    positions = motion.positions.copy()
    positions[:, SKELETON.index("left_hand")] = np.nan
    with pytest.raises(ComponentError, match="left_hand"):
        solve(replace(motion, positions=positions))


def test_two_bones_keep_their_lengths_and_bend_to_the_pole() -> None:
    rng = np.random.default_rng(1)
    base, pole = rng.normal(size=(200, 3)), rng.normal(size=(200, 3))
    target = base + rng.normal(size=(200, 3)) * 0.3
    middle, end, axis = two_bones(base, target, 0.3, 0.25, pole)
    assert np.allclose(np.linalg.norm(middle - base, axis=1), 0.3)
    assert np.allclose(np.linalg.norm(end - middle, axis=1), 0.25)
    distance = np.linalg.norm(target - base, axis=1)
    inside = (distance < 0.54) & (distance > 0.16)
    assert np.allclose(end[inside], target[inside])
    along = rot.normalize(target - base)
    across = pole - (pole * along).sum(1, keepdims=True) * along
    assert (((middle - base) * across).sum(1) >= 0).all()
    # The axis bends the second bone further when it turns by a positive angle.
    bent = middle + rot.rotate(rot.from_axis_angle(axis, np.full(200, 0.1)), end - middle)
    assert (np.linalg.norm(bent - base, axis=1) < np.linalg.norm(end - base, axis=1)).all()


def test_a_curled_finger_reaches_what_it_can() -> None:
    chain = CurledChain((0.05, 0.03, 0.02), np.radians(110))
    shortest, longest = chain.reach
    distances = np.linspace(shortest, longest, 50)
    base, target = np.zeros((50, 3)), np.stack([distances, 0 * distances, 0 * distances], axis=-1)
    hinge = np.broadcast_to([0.0, 1.0, 0.0], (50, 3))
    directions, _, bends = chain.solve(base, target, hinge)
    tip = (directions * np.array([0.05, 0.03, 0.02])[:, None]).sum(axis=1)
    assert np.allclose(tip, target, atol=2e-4)
    assert (bends >= 0).all()
    assert (bends[:, 0] <= np.radians(110) + 1e-9).all()


def test_fabrik_meets_its_target_and_keeps_lengths() -> None:
    points = np.zeros((20, 5, 3))
    points[:, :, 2] = np.arange(5) * 0.1
    target = np.random.default_rng(2).normal(0, 0.15, (20, 3))
    solved = fabrik(points, target, iterations=60)
    assert np.allclose(np.linalg.norm(np.diff(solved, axis=1), axis=-1), 0.1)
    near = np.linalg.norm(target, axis=-1) < 0.38
    assert near.sum() > 10
    assert np.linalg.norm(solved[near, -1] - target[near], axis=-1).max() < 0.01
