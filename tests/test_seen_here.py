# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Frames that were seen on the character that performs: which are kept, and what is known between them."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass, replace

import numpy as np
import pytest

from blender_addon.core import rotations as rot
from blender_addon.core.motion import Motion
from blender_addon.core.rotations import Array
from blender_addon.rig.body import Body, body_of_motion
from blender_addon.rig.bone_channels import part_of
from blender_addon.rig.contact import Contact, touch
from blender_addon.rig.instrument import Held, fit, held_in
from blender_addon.rig.keyboard import at_piano_in, sat_before, stand_before
from blender_addon.rig.retarget import Retargeted, Source, retarget, source_of
from blender_addon.rig.seen_here import EASE, Seen, as_seen, eased, given_way_to, near_to, posed, turned_to, unhurried
from plugins.api.testing import test_body as figure
from tests import performing

KEPT = 20
"""Frame that is kept."""
NOW = np.eye(40)[KEPT]


@pytest.fixture
def body() -> Body:
    return body_of_motion(figure(0.0).skeleton)


def straightening(seconds: float, known: slice = slice(None)) -> Motion:
    """A figure that leans less and less, nothing known but of some frames."""
    motion = figure(0.5, seconds)
    assert motion.rotations is not None
    motion.rotations[:, 1, 1] = np.linspace(0.25, 0.0, len(motion))
    motion.rotations[:, 1, 0] = np.sqrt(1.0 - motion.rotations[:, 1, 1] ** 2)
    gap = np.ones(len(motion), dtype=bool)
    gap[known] = False
    motion.positions[gap] = motion.rotations[gap] = np.nan
    return motion


def test_what_is_kept_fades_beside_it() -> None:
    times = 2.0 + np.arange(60) / 30.0
    near = near_to(times, [2.501, 3.4])  # the first a little beside a frame
    assert np.flatnonzero(near == 1.0).tolist() == [15, 42]
    assert np.flatnonzero(near > 0.0).tolist() == [*range(8, 23), *range(35, 50)]
    assert near[15 + round(30 * EASE / 2)] == pytest.approx(0.5, abs=0.12)
    assert not near_to(times, [1.0, 5.0]).any()  # outside
    assert not near_to(times, []).any()
    assert near_to(times[:1], [2.0]).tolist() == [1.0]


def test_where_nothing_was_seen_it_is_on_the_way_from_pose_to_pose(body: Body) -> None:
    """Or poses near to each other would jump in the middle between them."""
    motion = straightening(2.0, slice(6, 60, 20))
    found = as_seen(motion, motion.times, body).body
    spine = found.rotations[:, body.skeleton.index("spine")]
    assert motion.rotations is not None
    posed_at = motion.rotations[[6, 26, 46], 1]
    assert np.allclose(spine[[6, 26, 46]], posed_at, atol=1e-6)
    assert np.allclose(spine[16], rot.slerp(posed_at[0], posed_at[1], 0.5), atol=1e-6)
    assert np.allclose(spine[[0, 59]], posed_at[[0, 2]], atol=1e-6)  # beyond them they stand
    steps = np.linalg.norm(rot.rotation_vector(rot.multiply(spine[1:], rot.conjugate(spine[:-1]))), axis=1)
    assert steps.max() < 0.02


def test_a_long_motion_of_which_all_is_kept_needs_no_table_of_frames_by_frames(body: Body) -> None:
    motion = straightening(200.0)
    tracemalloc.start()
    try:
        assert near_to(motion.times, motion.times.tolist()).all()
        as_seen(motion, motion.times, body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5000 * len(motion)  # bytes; a table of frames times frames has 8 times 6000 of each


def on(motion: Motion, units: float) -> tuple[Source, Retargeted]:
    """A performance on a rig of its own measures, in other units."""
    source = source_of(motion, body_of_motion(motion.skeleton))
    return source, retarget(source, body_of_motion(replace(motion.skeleton, offsets=units * motion.skeleton.offsets)))


def elsewhere(result: Retargeted, shift: Array) -> Retargeted:
    """The same, all joints turned a little, the hips shifted."""
    by = rot.from_axis_angle(np.array([0.6, 0.0, 0.8]), 0.3)
    return replace(result, hips=result.hips + shift, rotations=rot.multiply(by, result.rotations))


def parts(result: Retargeted) -> Array:
    return np.array([part_of(joint) for joint in result.body.skeleton.joints])


@dataclass(frozen=True)
class Case:
    """A violinist in centimetres, what contact made of it, and the same character seen elsewhere, playing."""

    contact: Contact
    seen: Retargeted
    held: Held


@pytest.fixture(scope="module")
def case() -> Case:
    motion = performing.player()
    source, result = on(motion, 100.0)
    held = held_in(motion)
    assert held is not None
    turn = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), 0.4)
    other = Held(100 * held.violin + 7.0, rot.multiply(turn, held.violin_turn), 100 * held.bow - 9.0, held.bow_turn)
    shifted = elsewhere(result, np.array([3.0, 2.0, 1.0]))
    return Case(touch(source, result, fit(source, held, result)), shifted, other)


def test_the_trunk_is_as_it_was_seen_where_that_is_kept(case: Case) -> None:
    result = case.contact.retargeted
    for hips in (True, False):
        done = posed(result, Seen(case.seen, None), NOW, hips)
        trunk = parts(result) == "torso"
        assert np.allclose(done.rotations[KEPT, trunk], case.seen.rotations[KEPT, trunk], atol=1e-6)
        assert np.allclose(done.rotations[KEPT, ~trunk], result.rotations[KEPT, ~trunk], atol=1e-6)
        assert np.allclose(done.hips[KEPT], (case.seen if hips else result).hips[KEPT])
        assert np.allclose(np.delete(done.hips, KEPT, 0), np.delete(result.hips, KEPT, 0))
        assert np.allclose(np.delete(done.rotations, KEPT, 0), np.delete(result.rotations, KEPT, 0))


@pytest.mark.parametrize("free", [(), ("bow_arm",), ("left_hand",), ("bow_arm", "left_hand"), ("legs",)])
def test_limbs_that_were_posed_and_what_they_hold_are_as_they_were_seen(case: Case, free: tuple[str, ...]) -> None:
    before = case.contact
    done = given_way_to(before, Seen(case.seen, case.held), NOW, frozenset(free), 1.0)
    for part in ("bow_arm", "left_hand", "legs"):
        joints = parts(case.seen) == part
        wanted = (before.retargeted if part in free else case.seen).rotations
        assert np.allclose(done.retargeted.rotations[KEPT, joints], wanted[KEPT, joints], atol=1e-6), part
    assert done.bow is not None
    assert done.violin is not None
    assert before.bow is not None
    assert before.violin is not None
    assert np.allclose(done.bow[KEPT], (before.bow if "bow_arm" in free else case.held.bow)[KEPT], atol=1e-3)
    assert np.allclose(done.violin[KEPT], (before.violin if "left_hand" in free else case.held.violin)[KEPT], atol=1e-3)
    assert np.allclose(np.delete(done.bow, KEPT, 0), np.delete(before.bow, KEPT, 0), atol=1e-3)


def test_the_bow_goes_with_a_hand_that_was_posed_without_one(case: Case) -> None:
    def in_the_hand(contact: Contact) -> Array:
        index = contact.retargeted.body.skeleton.index("right_hand")
        assert contact.bow is not None
        away = contact.bow - contact.retargeted.positions()[:, index]
        return rot.rotate(rot.conjugate(contact.retargeted.rotations[:, index]), away)

    before, done = case.contact, given_way_to(case.contact, Seen(case.seen, None), NOW, frozenset(), 1.0)
    assert done.bow is not None
    assert before.bow is not None
    assert done.bow[KEPT] != pytest.approx(before.bow[KEPT], abs=3.0)  # centimetres
    assert np.allclose(in_the_hand(done), in_the_hand(before), atol=1e-3)
    assert done.violin == pytest.approx(before.violin)


@pytest.mark.parametrize(("yaw", "stays"), [(0.3, True), (2.0, False), (-3.0, False)])
def test_who_looks_away_from_the_keyboard_is_turned_to_it(yaw: float, stays: bool) -> None:
    _, result = on(performing.at_piano(), 100.0)
    turn = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(yaw))
    away = replace(result, rotations=rot.multiply(turn, result.rotations), hips=rot.rotate(turn, result.hips) + 5.0)
    found = turned_to(Seen(away, None), result).body
    wanted = away if stays else result
    assert np.abs(rot.rotation_vector(rot.multiply(found.rotations, rot.conjugate(wanted.rotations)))).max() < 1e-5
    moved = wanted.hips - wanted.hips.mean(axis=0)
    assert np.allclose(found.hips - found.hips.mean(axis=0), moved, atol=1e-6)
    assert np.allclose(found.hips.mean(axis=0), away.hips.mean(axis=0))


@pytest.mark.parametrize("units", [1.0, 100.0])
def test_who_was_seen_at_the_piano_sits_there_and_others_in_the_middle(units: float) -> None:
    motion = performing.at_piano()
    source, result = on(motion, units)
    at = at_piano_in(motion)
    assert at is not None
    stand = stand_before(source, at, result)
    sat = result.hips + [0.0, 0.0, stand.lift]
    beside = sat + np.array([0.15, 0.1, 0.02]) * units
    done, as_seen = sat_before(source, at, result, stand, beside)
    assert as_seen
    assert np.allclose(done.hips.mean(axis=0), beside.mean(axis=0), atol=1e-6 * units)
    done, as_seen = sat_before(source, at, result, stand, sat + np.array([0.4, 0.0, 0.0]) * units)
    assert not as_seen
    assert np.allclose(done.hips, sat, atol=0.11 * units)
    index = [done.body.skeleton.index(f"{side}_upper_arm") for side in ("left", "right")]
    theirs = np.mean([source.position(f"{side}_upper_arm") for side in ("left", "right")], axis=(0, 1))
    before = stand.keyboard - done.positions()[:, index].mean(axis=(0, 1))
    assert np.allclose(before, stand.scale * (at.keyboard - theirs), atol=1e-6 * units)


X = np.array([1.0, 0.0, 0.0])


def about(degrees: np.ndarray) -> np.ndarray:
    return rot.from_axis_angle(X, np.radians(degrees))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_arm_half_a_turn_away_does_not_change_sides_on_its_way(sign: float) -> None:
    times = np.arange(41) / 30.0
    part = near_to(times, [24 / 30.0])
    playing = sign * about(np.linspace(150.0, 210.0, 41))  # half a turn from how it hangs, four frames before
    hanging = np.broadcast_to(rot.IDENTITY, playing.shape)
    found = eased(playing[:, None], hanging[:, None], part)[:, 0]
    steps = np.linalg.norm(rot.rotation_vector(rot.multiply(found[1:], rot.conjugate(found[:-1]))), axis=1)
    assert np.degrees(steps).max() < 50.0
    off = rot.multiply(found, rot.conjugate(np.where(part[:, None] == 1.0, hanging, playing)))
    ends = (part == 0.0) | (part == 1.0)
    assert np.linalg.norm(rot.rotation_vector(off[ends]), axis=1).max() < 1e-6


def test_where_nothing_is_kept_nothing_changes() -> None:
    playing = about(np.linspace(0.0, 300.0, 20))
    assert np.allclose(eased(playing, about(np.zeros(20)), np.zeros(20)), playing)


def test_a_limb_that_has_far_to_go_takes_longer() -> None:
    times = np.arange(91) / 30.0
    part = near_to(times, [1.0, 2.5])
    turns = np.broadcast_to(rot.IDENTITY, (91, 1, 4))
    near, far = (np.broadcast_to(about(np.array(angle)), turns.shape) for angle in (10.0, 150.0))
    assert np.allclose(unhurried(turns, near, part, 1 / 30), part)
    found = unhurried(turns, far, part, 1 / 30)
    assert found[[30, 75]].tolist() == [1.0, 1.0]
    assert np.flatnonzero(found > 0.0).tolist() == [*range(7, 91)]  # 0.8 s each way, and they meet
    assert np.abs(np.diff(found)).max() < 0.07
    assert unhurried(turns, far, 0.0 * part, 1 / 30).max() == 0.0
