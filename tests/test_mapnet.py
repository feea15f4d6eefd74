# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The corrector ``mapnet`` and its parts, on motion and sound that are made here."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from plugins.api import Audio, ComponentError, Constraint, JobContext, Motion, Skeleton, violinist
from plugins.api import rotations as rot
from plugins.api.playing_joints import JOINTS, LIMBS, length_of, own_frame, seen_in
from plugins.api.retimed import at_times
from plugins.api.testing import check_component
from plugins.mapnet.config import HEARD, PATH
from plugins.mapnet.corrector import MapNet
from plugins.mapnet.offset import offset_of
from plugins.mapnet.smoother import Habit, Seen, habits, on_grid, smooth
from plugins.mapnet.swaps import put_back

FPS = 25.0


@pytest.fixture(scope="module")
def mapnet() -> MapNet:
    component = MapNet()
    component.load("cpu")
    return component


def performance(seconds: float = 6.0, fps: float = FPS) -> Motion:
    """Our violinist whose right arm goes to and fro, twice a second and a half, and who sways."""
    body = violinist.violinist_skeleton()
    times = np.arange(round(seconds * fps)) / fps
    local = np.tile(rot.IDENTITY, (len(times), len(body), 1))
    for joint, axis, size, speed in (
        ("right_upper_arm", (0.0, 0.0, 1.0), 0.35, 0.75),
        ("right_lower_arm", (0.0, 0.0, 1.0), 0.5, 0.75),
        ("spine", (0.0, 1.0, 0.0), 0.05, 0.2),
    ):
        angle = size * np.sin(2 * np.pi * speed * times)
        local[:, body.index(joint)] = rot.from_axis_angle(np.array(axis), angle)
    rest = np.repeat(body.rest_positions[None], len(times), axis=0)
    positions, _ = body.forward_kinematics(local, rest)
    return Motion(body, fps, positions, local)


def sound(seconds: float = 6.0, rate: int = 22050) -> Audio:
    """A note for each stroke."""
    t = np.arange(round(seconds * rate)) / rate
    stroke = np.floor(t * 1.5)
    pitch = 440.0 * 2.0 ** (stroke % 5 / 12.0)
    loud = np.abs(np.sin(np.pi * t * 1.5)) ** 0.3
    return Audio((0.3 * loud * np.sin(2 * np.pi * np.cumsum(pitch) / rate)).astype(np.float32), rate)


def jittery(motion: Motion, size: float, seed: int = 0) -> Motion:
    """Every point shaken; a motion of points."""
    places = motion.positions + np.random.default_rng(seed).normal(0.0, size, motion.positions.shape)
    return replace(motion, positions=places, rotations=None)


def error(found: Motion, truth: Motion) -> float:
    """Metres, mean over the thirteen joints."""
    at = [truth.skeleton.index(name) for name in JOINTS]
    return float(np.linalg.norm(found.positions[:, at] - truth.positions[:, at], axis=-1).mean())


def corrected(mapnet: MapNet, motion: Motion, audio: Audio | None = None, **changes: Any) -> Motion:
    options = changes.pop("options", {})
    context = JobContext(**{"fps": motion.fps, **changes})
    return mapnet.correct(motion, audio or sound(), mapnet.Options(**options), context)


def test_it_keeps_the_contract() -> None:
    check_component(MapNet())


@pytest.mark.parametrize("size", [0.01, 0.05, 0.3])
def test_jitter_is_taken_away_and_bones_keep_their_lengths(mapnet: MapNet, size: float) -> None:
    truth = performance()
    given = jittery(truth, size)
    found = corrected(mapnet, given)
    assert error(found, truth) < 0.5 * error(given, truth)
    for limb in LIMBS:
        for a, b in pairwise(limb):
            length = np.linalg.norm(found.joint(JOINTS[a]) - found.joint(JOINTS[b]), axis=1)
            assert np.ptp(length) < 1e-4
    assert found.provenance["repair"]["jitter"] == pytest.approx(size, rel=0.25)
    assert np.isfinite(found.positions).all()


def test_a_rig_keeps_its_bones_and_what_it_holds(mapnet: MapNet) -> None:
    truth = performance()
    rng = np.random.default_rng(1)
    shaken = rot.normalize(truth.rotations + rng.normal(0.0, 0.02, truth.rotations.shape))
    places, _ = truth.skeleton.forward_kinematics(shaken, truth.positions)
    given = replace(truth, positions=places, rotations=shaken)
    found = corrected(mapnet, given)
    assert found.rotations is not None
    again, _ = truth.skeleton.forward_kinematics(found.rotations, found.positions)
    assert np.abs(again - found.positions).max() < 1e-5
    assert error(found, truth) < 0.5 * error(given, truth)
    bow = found.joint("bow_tip") - found.joint("bow_frog")
    assert np.allclose(np.linalg.norm(bow, axis=1), np.linalg.norm(bow, axis=1)[0], atol=1e-4)


def test_what_is_clean_stays(mapnet: MapNet) -> None:
    truth = performance()
    assert error(corrected(mapnet, truth), truth) < 0.003


@pytest.mark.parametrize("fps", [5.0, 12.0, 60.0, 120.0])
def test_any_rate_in_and_any_out(mapnet: MapNet, fps: float) -> None:
    found = corrected(mapnet, performance(fps=fps), fps=30.0)
    assert found.fps == 30.0
    assert abs(found.duration - 6.0) <= 1 / fps + 1 / 30.0
    assert found.start == 0.0
    assert found.confidence is not None
    assert found.confidence.shape == found.positions.shape[:2]
    assert (found.confidence >= 0.0).all()
    assert (found.confidence <= 1.0).all()


def test_gaps_are_filled_and_what_is_filled_is_less_sure(mapnet: MapNet) -> None:
    truth = performance()
    places = jittery(truth, 0.01).positions.copy()
    hand = truth.skeleton.index("right_hand")
    places[60:90, hand] = np.nan
    found = corrected(mapnet, replace(truth, positions=places, rotations=None))
    assert np.isfinite(found.positions).all()
    assert found.confidence is not None
    assert found.confidence[75, hand] < 0.8 * found.confidence[30, hand]


def test_joints_that_were_taken_for_each_other_are_put_back(mapnet: MapNet) -> None:
    truth = performance()
    given = jittery(truth, 0.02)
    left, right = truth.skeleton.index("left_hand"), truth.skeleton.index("right_hand")
    given.positions[50:80, [left, right]] = given.positions[50:80, [right, left]]
    found = corrected(mapnet, given)
    assert found.provenance["repair"]["exchanged"] == pytest.approx(30 / 150, abs=0.02)
    assert np.linalg.norm(found.joint("left_hand") - truth.joint("left_hand"), axis=1).max() < 0.08


def test_who_turns_round_and_jumps_is_followed(mapnet: MapNet) -> None:
    truth = performance()
    t = truth.times
    turn = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), 2 * np.pi * t / 6.0)
    leap = np.stack([0.8 * np.sin(t), 0 * t, 0.3 * np.abs(np.sin(3 * t))], axis=1)
    places = rot.rotate(turn[:, None], truth.positions) + leap[:, None]
    moved = replace(truth, positions=places, rotations=None)
    found = corrected(mapnet, moved)
    assert found.provenance["repair"]["exchanged"] == 0.0
    assert error(found, moved) < 0.01
    shaken = jittery(moved, 0.02)
    assert error(corrected(mapnet, shaken), moved) < error(shaken, moved)


def test_kept_frames_stay_as_they_are(mapnet: MapNet) -> None:
    given = jittery(performance(), 0.05)
    kept = (Constraint(given.slice(1.99, 2.01)),)
    found = corrected(mapnet, given, constraints=kept)
    free = corrected(mapnet, given)
    frame = 50
    assert np.abs(found.positions[frame] - given.positions[frame]).max() < 1e-6
    assert np.abs(free.positions[frame] - given.positions[frame]).max() > 0.02
    assert np.abs(found.positions[:10] - free.positions[:10]).mean() < 0.01


def test_strength_goes_from_nothing_to_all(mapnet: MapNet) -> None:
    given = jittery(performance(), 0.05)
    none, half, all_ = (corrected(mapnet, given, options={"strength": s}) for s in (0.0, 0.5, 1.0))
    assert np.abs(none.positions - given.positions).max() < 1e-6
    assert np.allclose(half.positions, (none.positions + all_.positions) / 2, atol=1e-5)


def test_where_nobody_plays_it_only_smooths(mapnet: MapNet) -> None:
    truth = performance()
    quiet = Audio(np.zeros(6 * 22050, dtype=np.float32), 22050)
    found = corrected(mapnet, jittery(truth, 0.05), quiet)
    assert found.provenance["repair"]["silent"] == 1.0
    assert "only smoothed" in found.provenance["repair"]["warnings"][0]
    assert error(found, truth) < 0.03


@pytest.mark.parametrize(("seconds", "start"), [(2.0, 0.0), (30.0, 0.0), (6.0, 100.0)])
def test_sound_of_another_length_or_place_is_no_trouble(mapnet: MapNet, seconds: float, start: float) -> None:
    other = sound(seconds)
    found = corrected(mapnet, jittery(performance(), 0.02), Audio(other.samples, other.sample_rate, start))
    assert np.isfinite(found.positions).all()


def test_sound_that_lies_elsewhere_is_noticed() -> None:
    rng = np.random.default_rng(4)
    turns = np.cumsum(rng.uniform(0.25, 0.9, 60))
    t = np.arange(0.0, 30.0, 1 / 40.0)
    path = np.interp(t, turns, np.arange(60) % 2 * 0.4)
    places = np.zeros((len(t), 13, 3))
    places[:, 5, 0] = path
    heard = rng.normal(0.0, 0.1, (len(t), HEARD))
    heard[:, PATH - 2] += np.roll(np.abs(np.gradient(path)) * 40, 60)  # the bow's speed, a second and a half late
    heard[[round((turn + 1.5) * 40) for turn in turns[turns < 28.0]], PATH - 1] += 1.0  # its turns
    shift = offset_of(places, heard, np.ones(len(t)))
    assert shift.wrong
    assert shift.seconds == pytest.approx(1.5, abs=0.08)
    assert not offset_of(places, np.roll(heard, -60, axis=0), np.ones(len(t))).wrong
    assert not offset_of(places, rng.normal(0.0, 0.1, heard.shape), np.ones(len(t))).wrong


def test_what_cannot_be_repaired_is_refused(mapnet: MapNet) -> None:
    truth = performance(1.0)
    with pytest.raises(ComponentError, match="2 frames are too few"):
        corrected(mapnet, truth.slice(0.0, 0.08))
    gone = replace(truth, positions=np.full_like(truth.positions, np.nan), rotations=None)
    with pytest.raises(ComponentError, match="no frame says where"):
        corrected(mapnet, gone)
    feet = Skeleton.build(
        "feet", [("left_foot", None, (0.1, 0, 0), "body"), ("right_foot", "left_foot", (0, 0, 0), "body")]
    )
    with pytest.raises(ComponentError, match="has no right upper arm"):
        corrected(mapnet, Motion(feet, FPS, np.zeros((20, 2, 3))))
    flat = replace(truth, positions=np.zeros_like(truth.positions), rotations=None)
    with pytest.raises(ComponentError, match="in one place"):
        corrected(mapnet, flat)


def test_an_upper_body_is_enough(mapnet: MapNet) -> None:
    truth = performance()
    names = [n for n in truth.skeleton.joints if n in JOINTS and "leg" not in n and "toes" not in n]
    rows = [(n, None if i == 0 else names[0], (0.0, 0.0, 0.1 * i), "body") for i, n in enumerate(names)]
    at = [truth.skeleton.index(n) for n in names]
    given = Motion(Skeleton.build("upper", rows), FPS, jittery(truth, 0.03).positions[:, at])
    found = corrected(mapnet, given)
    assert np.isfinite(found.positions).all()
    away = np.linalg.norm(found.positions - truth.positions[:, at], axis=-1).mean()
    assert away < 0.5 * np.linalg.norm(given.positions - truth.positions[:, at], axis=-1).mean()


def test_the_smoother_is_the_process_it_says() -> None:
    """Against the dense equations of Gaussian process regression (C. Rasmussen and C. Williams, 2006, section 2.2)."""
    rng = np.random.default_rng(0)
    frames, fps, sigma, habit = 60, 20.0, 0.05, Habit(np.array([0.3]), np.array([0.5]))
    times = np.sort(rng.uniform(0.0, frames / fps - 0.05, 40))
    seen = rng.normal(0.0, 0.3, (40, 1, 3))
    grid = on_grid(seen, times, fps, 0.0, frames)
    grid = replace(grid, late=0.0 * grid.late)  # the dense ones know frames only
    found, deviations = smooth(grid, np.zeros((1, 3)), np.array([sigma]), habit, fps)
    at = np.arange(frames) / fps

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        r = np.sqrt(3.0) * np.abs(a[:, None] - b[None]) / 0.5
        return 0.09 * (1.0 + r) * np.exp(-r)

    there = grid.count[:, 0] > 0
    noise = np.diag(sigma**2 / grid.count[there, 0])
    inverse = np.linalg.inv(kernel(at[there], at[there]) + noise)
    cross = kernel(at, at[there])
    assert np.allclose(found[:, 0], cross @ inverse @ grid.places[there, 0], atol=1e-8)
    variance = 0.09 - np.einsum("ij,jk,ik->i", cross, inverse, cross)
    assert np.allclose(deviations[:, 0], np.sqrt(variance), atol=1e-8)


def test_jitter_is_measured() -> None:
    rng = np.random.default_rng(2)
    times = np.arange(1500) / 40.0
    path = np.stack([0.1 * np.sin(times + i) for i in range(3)], axis=1)[:, None].repeat(3, axis=1)
    sizes = np.array([0.005, 0.05, 0.3])
    seen = path + rng.normal(size=path.shape) * sizes[:, None]
    grid = on_grid(seen, times, 40.0, 0.0, len(times))
    sigma, _ = habits(grid, np.zeros((3, 3)), Habit(np.full(3, 0.1), np.full(3, 0.6)), 40.0)
    assert sigma == pytest.approx(sizes, rel=0.15)
    # Of a joint that comes in after what is looked at nothing can be told: it jitters as the others do.
    seen[:1100, 0] = np.nan
    grid = on_grid(seen, times, 40.0, 0.0, len(times))
    sigma, _ = habits(grid, np.zeros((3, 3)), Habit(np.full(3, 0.1), np.full(3, 0.6)), 40.0)
    assert sigma[0] == pytest.approx(np.median(sigma[1:]))


def drawn(amplitude: float, seconds: float, frames: int, joints: int = 12) -> np.ndarray:
    """(T, N, 3) of the process that is assumed, 40 frames a second: exact samples, by its covariance."""
    r = np.sqrt(3.0) * np.abs(np.subtract.outer(np.arange(frames), np.arange(frames))) / 40.0 / seconds
    root = np.linalg.cholesky(amplitude**2 * (1.0 + r) * np.exp(-r) + 1e-9 * np.eye(frames))
    return np.tensordot(root, np.random.default_rng(8).normal(size=(frames, joints, 3)), 1)


@pytest.mark.parametrize(("amplitude", "seconds"), [(0.16, 0.6), (0.1, 0.36), (0.17, 0.35), (0.1, 0.6)])
def test_habits_between_those_that_are_tried_are_found(amplitude: float, seconds: float) -> None:
    """What is smoothed with the habit that was found is as near to the truth as with the true one, to 3 %."""
    truth = drawn(amplitude, seconds, 600)
    count = truth.shape[1]
    grid = Seen(
        truth + np.random.default_rng(9).normal(0.0, 0.03, truth.shape), np.ones((600, count)), np.zeros((600, count))
    )
    middle, usual = np.zeros((count, 3)), Habit(np.full(count, 0.1), np.full(count, 0.6))
    sigma, habit = habits(grid, middle, usual, 40.0)

    def error(sigma: np.ndarray, habit: Habit) -> float:
        return float(np.linalg.norm(smooth(grid, middle, sigma, habit, 40.0)[0] - truth, axis=-1).mean())

    best = error(np.full(count, 0.03), Habit(np.full(count, amplitude), np.full(count, seconds)))
    assert error(sigma, habit) < 1.03 * best


@pytest.mark.parametrize("jitter", [0.003, 0.3])
def test_exchanged_joints_are_found_in_jitter(jitter: float) -> None:
    truth = seen_in(performance(20.0, 50.0))
    rng = np.random.default_rng(5)
    seen = truth + rng.normal(0.0, jitter, truth.shape)
    for first, last, a, b in ((100, 180, 3, 5), (300, 420, 1, 2), (380, 460, 2, 9), (700, 760, 6, 11)):
        seen[first:last, [a, b]] = seen[first:last, [b, a]]
    middle = np.median(seen, axis=0)
    back, moved = put_back(seen, middle, np.full(13, jitter))
    wrong = np.linalg.norm(back - truth, axis=-1) > 6 * jitter + 0.1
    assert wrong.mean() < 0.01
    assert moved[:90].mean() < 0.05


def test_lengths_are_found_in_jitter() -> None:
    rng = np.random.default_rng(6)
    angle = np.linspace(0.0, 6.0, 3000)
    bone = 0.3 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    for jitter in (0.0, 0.01, 0.3):
        assert length_of(bone + rng.normal(0.0, jitter, bone.shape), 0.25) == pytest.approx(0.3, abs=0.02)
    few = np.tile([0.3, 0.0, 0.0], (30, 1)) + rng.normal(0.0, 0.3, (30, 3))
    assert 0.15 < length_of(few, 0.25) < 0.4  # where nothing can be said, what is usual


def test_a_frame_of_ones_own() -> None:
    truth = seen_in(performance())
    turn = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), 2.0)
    moved = 1.2 * rot.rotate(turn, truth) + np.array([3.0, -1.0, 0.5])
    here, there = own_frame(truth), own_frame(moved)
    assert np.allclose(here.inside(truth), there.inside(moved), atol=1e-9)
    assert np.allclose(there.outside(there.inside(moved)), moved)
    assert there.size == pytest.approx(1.2 * here.size)


def test_cubics_pass_through_what_they_join() -> None:
    values = np.random.default_rng(0).normal(size=(9, 2))
    at = np.arange(9) / 4.0
    assert np.allclose(at_times(values, at, at), values)
    line = np.arange(9.0)[:, None]
    assert np.allclose(at_times(line, at, np.array([0.3, 1.1]))[:, 0], [1.2, 4.4])
