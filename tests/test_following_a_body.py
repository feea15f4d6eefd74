# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The performers with the body of a character: what is given of it stays, and the music is played all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from blender_addon.rig.body import body_of_motion
from blender_addon.rig.contact import touch
from blender_addon.rig.retarget import retarget, source_of
from plugins.api import Array, ComponentError, Constraint, Generator, Motion, Skeleton, pianist
from plugins.api import rotations as rot
from plugins.api.testing import test_audio as quiet
from plugins.api.testing import test_context as context_of
from plugins.ik.step import InverseKinematics
from plugins.performer.body import Amounts
from plugins.performer.follow import LIVELY, personal
from plugins.performer.generator import Performer
from plugins.performer.given_body import SIDES, TRUNK, read_body
from plugins.performer.piano_generator import Pianist

SECONDS = 4.0
LEG = ("lower_leg", "foot")
SHOULDERS = ("left_upper_arm", "right_upper_arm")

Play = Callable[..., Motion]


@pytest.fixture(params=[Performer, Pianist])
def play(request: pytest.FixtureRequest) -> Play:
    """Two notes and four beats, played."""
    generator: Generator = request.param()
    sound = quiet(SECONDS)

    def run(body: Motion | None = None, seed: int = 3, keep: Any = (), **options: float) -> Motion:
        context = context_of(seed=seed, body=body, constraints=keep, fps=30.0)
        made = generator.generate(sound, generator.Options(**options), context)
        return InverseKinematics().apply(made, None, context)

    return run


def turns(motion: Motion, joints: Any = TRUNK) -> Array:
    """(T, J, 4) in the world."""
    assert motion.rotations is not None
    world = motion.skeleton.world_rotations(motion.rotations)
    return world[:, [motion.skeleton.index(joint) for joint in joints]]


def degrees(a: Array, b: Array) -> Array:
    return np.degrees(np.linalg.norm(rot.rotation_vector(rot.multiply(a, rot.conjugate(b))), axis=-1))


def figure(swing: Callable[[Array], Array], size: float = 1.0, fps: float = 30.0, turned: float = 0.0) -> Motion:
    """A body with joints that every rig has, of another size, whose spine and head swing by (T,) radians about X."""
    legs = [f"{side}_{part}" for side in ("left", "right") for part in ("upper_leg", "lower_leg", "foot")]
    names = ("hips", "spine", "head", *legs)
    leg = ([0.1, 0.0, -0.05], [0.0, 0.0, -0.4], [0.0, 0.0, -0.4])
    offsets = np.array([[0.0, 0.0, 0.93], [0.0, 0.0, 0.1], [0.0, 0.0, 0.5], *leg, *leg]) * size
    offsets[6, 0] *= -1
    skeleton = Skeleton("figure", names, (-1, 0, 1, 0, 3, 4, 0, 6, 7), offsets, ("body",) * 9)
    times = np.arange(round(SECONDS * fps)) / fps
    local = np.tile(rot.IDENTITY, (len(times), 9, 1))
    local[:, 1:3] = rot.from_axis_angle(np.array([1.0, 0.0, 0.0]), np.asarray(swing(times))[:, None])
    local[:, 0] = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(turned))
    rest = np.repeat(skeleton.rest_positions[None], len(times), axis=0)
    rest[:, 0] += size * 0.1 * np.stack([np.sin(times), np.cos(times), 0.0 * times], axis=-1)
    positions, _ = skeleton.forward_kinematics(local, rest)
    return Motion(skeleton, fps, positions.astype(np.float32), local.astype(np.float32))


def with_gaps(motion: Motion, posed: Any) -> Motion:
    gap = ~np.isin(np.arange(len(motion)), posed)
    assert motion.rotations is not None
    positions, local = motion.positions.copy(), motion.rotations.copy()
    positions[gap], local[gap] = np.nan, np.nan
    return replace(motion, positions=positions, rotations=local)


def test_a_performance_is_played_again_with_its_own_body(play: Play) -> None:
    before = play()
    after = play(before, seed=8, variation=0.0)
    assert degrees(turns(after), turns(before)).max() < 0.05
    other = play(None, seed=8)
    assert degrees(turns(other), turns(before)).max() > 0.3


@pytest.mark.parametrize("fps", [12.0, 30.0, 50.0])
def test_a_body_of_another_size_and_rate_is_followed(play: Play, fps: float) -> None:
    body = figure(lambda t: 0.06 * np.sin(3 * t), size=0.6, fps=fps)
    motion = play(body, variation=0.0)
    wanted = 0.06 * np.sin(3 * motion.times)
    told = rot.rotation_vector(turns(motion, ("spine", "head")))
    inside = motion.times <= body.times[-1]
    assert np.abs(told[inside, 0, 0] - wanted[inside]).max() < 0.004
    assert np.abs(told[inside, 1, 0] - 2 * wanted[inside]).max() < 0.004
    assert degrees(turns(motion, ("chest",)), turns(motion, ("spine",))).max() < 0.2  # which it lacks


def rig(
    wide: float = 0.1, longer: float = 0.0, splayed: float = 0.0, up: float = 0.0, legs: tuple[str, ...] = SIDES
) -> Skeleton:
    """A skeleton with arms.

    Args:
        wide: metres from the middle to each hip.
        longer: metres that each bone of the left leg is longer than the right one's.
        splayed: radians that legs stand apart at rest.
        up: metres that all is higher than the floor asks for.
    """
    rows: list[Any] = [("hips", None, [0.0, 0.0, 0.95 + up], "body"), ("spine", "hips", [0.0, 0.0, 0.1], "body")]
    rows.append(("head", "spine", [0.0, 0.0, 0.5], "body"))
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        arm = [sign * 0.2, 0.0, -0.2]  # an A-pose
        rows.append((f"{side}_upper_arm", "spine", [sign * 0.18, 0.0, 0.4], "body"))
        rows += [
            (f"{side}_{a}", f"{side}_{b}", arm, "body") for a, b in (("lower_arm", "upper_arm"), ("hand", "lower_arm"))
        ]
        if side not in legs:
            continue
        long = 0.4 + longer * (side == "left")
        leg = [sign * long * np.sin(splayed), 0.0, -long * np.cos(splayed)]
        rows.append((f"{side}_upper_leg", "hips", [sign * wide, 0.0, -0.05], "body"))
        rows += [
            (f"{side}_{a}", f"{side}_{b}", leg, "body") for a, b in (("lower_leg", "upper_leg"), ("foot", "lower_leg"))
        ]
    return Skeleton.build("rig", rows)


def walking(skeleton: Skeleton, swing: float = 0.0, turn: float = 0.0) -> Motion:
    """Somebody who goes somewhere as a whole, the hips swinging about the vertical, or turning."""
    times = np.arange(round(SECONDS * 30.0)) / 30.0
    local = np.tile(rot.IDENTITY, (len(times), len(skeleton), 1))
    local[:, 0] = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), turn * times / SECONDS + swing * np.sin(3 * times))
    places = np.repeat(skeleton.rest_positions[None], len(times), axis=0)
    places[:, 0] += np.stack([0.3 * np.sin(times), 0.3 * times, 0.02 * np.sin(4 * times)], axis=-1)
    positions, _ = skeleton.forward_kinematics(local, places)
    return Motion(skeleton, 30.0, positions, local)


@pytest.mark.parametrize("units", [1.0, 100.0])
@pytest.mark.parametrize(
    ("skeleton", "moves"),
    [
        (rig(), {}),
        (rig(longer=0.02, splayed=0.1, up=0.4), {"swing": 0.1}),
        (rig(wide=0.16), {"swing": 0.25}),
        (rig(wide=0.16), {"turn": 2 * np.pi}),
        (rig(legs=("right",)), {}),
        (rig(legs=()), {"swing": 0.2}),
    ],
    ids=["plain", "uneven", "wide", "turning", "one leg", "no legs"],
)
def test_the_add_on_puts_hips_and_feet_back_where_they_were(
    skeleton: Skeleton, moves: dict[str, float], units: float
) -> None:
    """The performance with somebody's body, put on a rig of that body in units of its own."""
    body = walking(skeleton, **moves)
    player = Performer().generate(quiet(1.0), Performer.Options(), context_of()).skeleton
    given = read_body(body, player, 0.0, SECONDS)
    made = np.repeat(player.rest_positions[None], len(body), axis=0)
    local = np.tile(rot.IDENTITY, (len(body), len(player), 1))
    local[:, 0], made[:, 0] = given.turns["hips"], given.hips
    made, _ = player.forward_kinematics(local, made)
    for side, (ankle, _) in given.feet.items():
        made[:, player.index(f"{side}_foot")] = ankle
    source = source_of(Motion(player, 30.0, made, local), body_of_motion(player))
    sized = replace(skeleton, offsets=units * skeleton.offsets)
    result = retarget(source, body_of_motion(sized))
    assert np.allclose(result.hips, units * body.joint("hips"), atol=1e-5 * units)
    there = touch(source, result).retargeted.positions()
    for foot in (f"{side}_foot" for side in SIDES if f"{side}_foot" in skeleton):
        off = there[:, result.body.skeleton.index(foot)] - units * body.joint(foot)
        assert np.linalg.norm(off, axis=1).max() < 0.002 * units, foot  # no leg is quite straight


@pytest.mark.parametrize("joints", [("hips", "spine"), ("hips", "spine", "head")])
def test_who_has_no_legs_stands_under_its_own_hips(joints: tuple[str, ...]) -> None:
    """And who has not even a head is as large as the performer."""
    offsets = np.array([[2.0, 1.0, 0.9], [0.0, 0.0, 0.1], [0.0, 0.0, 0.5]])[: len(joints)]
    skeleton = Skeleton("bust", joints, (-1, 0, 1)[: len(joints)], offsets, ("body",) * len(joints))
    body = walking(skeleton)
    body.positions[:, :, :2] += [1.5, -2.0]
    context = context_of(body=body, fps=30.0)
    made = Performer().generate(quiet(SECONDS), Performer.Options(variation=0.0), context)
    feet = (made.joint("left_foot") + made.joint("right_foot")) / 2
    away = np.median(made.joint("hips") - feet, axis=0)
    assert np.abs(away[:2]).max() < 0.03
    assert np.ptp(feet, axis=0).max() < 1e-6  # standing
    assert np.abs(made.joint("hips")[0, :2]).max() > 1.0


@pytest.mark.parametrize("size", [0.5, 1.3])
def test_who_walks_walks_on(size: float) -> None:
    """As far as legs of other lengths go, on the floor, and as the add-on scales it back."""
    skeleton = Performer().generate(quiet(1.0), Performer.Options(), context_of()).skeleton
    body = figure(np.zeros_like, size)
    given = read_body(body, skeleton, 0.0, SECONDS)
    legs = [np.linalg.norm(s.offsets[s.index(f"left_{part}")]) for s in (skeleton, body.skeleton) for part in LEG]
    ratio = sum(legs[2:]) / sum(legs[:2])
    assert np.ptp(given.hips[:, :2], axis=0) * ratio == pytest.approx(
        np.ptp(body.joint("hips")[:, :2], axis=0), rel=1e-4
    )
    for side in ("left", "right"):
        ankle, toes = given.feet[side]
        seen = body.joint(f"{side}_foot")
        assert np.allclose(ankle[:, 2], skeleton.rest_positions[skeleton.index(f"{side}_foot")][2], atol=1e-6)
        assert np.ptp(ankle[:, 0]) * ratio == pytest.approx(np.ptp(seen[:, 0]), rel=1e-4)
        assert (toes - ankle)[:, 1].max() < -0.05  # it looks ahead


def test_poses_stay_and_there_is_no_jump_between(play: Play) -> None:
    body = figure(lambda t: 0.15 * np.cos(2 * t))
    posed = [6, 60, 100]
    motion = play(with_gaps(body, posed), seed=5)
    told = turns(motion, ("spine", "head"))
    wanted = turns(body, ("spine", "head"))
    assert degrees(told[posed], wanted[posed]).max() < 0.1
    speed = 30.0 * degrees(told[1:], told[:-1])
    assert speed.max() < 60.0
    assert degrees(told[30], wanted[30]).max() > 0.5  # nobody posed it
    one = play(with_gaps(body, [60]))
    assert degrees(turns(one, ("head",))[60], turns(body, ("head",))[60]).max() < 0.1


def test_each_seed_varies_in_its_own_way_and_kept_frames_stay(play: Play) -> None:
    body = figure(lambda t: 0.05 * np.cos(2 * t))
    kept = [Constraint(body.slice(2.0 - 0.01, 2.02))]
    found = [turns(play(body, seed=seed, keep=kept, variation=0.7)) for seed in (1, 2)]
    assert degrees(*found).max() > 0.5
    for each in found:
        assert degrees(each[60, 1], turns(body, ("spine",))[60, 0]) < 0.3
        assert degrees(each[20, 1], turns(body, ("spine",))[20, 0]) > 0.3
    still = [turns(play(body, seed=seed, variation=0.0)) for seed in (1, 2)]
    assert degrees(*still)[:, 1:].max() < 1.5  # but for what arms need to reach


@pytest.mark.parametrize("part", [0.4, 1.0])
def test_who_walks_and_turns_is_varied_underway(part: float) -> None:
    """Made up is how it sways, not where it goes: the hips stay over the feet, and turned as these are."""
    body = _walking(angle=2.0 * np.pi, far=3.0)
    motion = _played(body, variation=part)
    feet = [motion.joint(f"{side}_foot") for side in ("left", "right")]
    assert np.linalg.norm((motion.joint("hips") - np.mean(feet, axis=0))[:, :2], axis=1).max() < 0.15
    left = rot.rotate(turns(motion, ("hips",))[:, 0], np.array([1.0, 0.0, 0.0]))
    across = feet[0] - feet[1]
    cosine = (left * across).sum(axis=1) / np.linalg.norm(across, axis=1)
    assert np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))).max() < 20.0
    assert 30.0 * degrees(turns(motion)[1:], turns(motion)[:-1]).max() < 130.0  # itself it turns by 91 a second
    assert degrees(turns(motion), turns(_played(body, variation=0.0))).max() > 0.5


def test_feet_that_were_not_seen_for_a_while_walk_on() -> None:
    body = _walking(angle=0.0, far=3.0)
    body.positions[50:55, body.skeleton.index("left_foot")] = np.nan
    motion = _played(body, variation=0.0)
    feet = [motion.joint(f"{side}_foot") for side in ("left", "right")]
    assert np.linalg.norm((motion.joint("hips") - np.mean(feet, axis=0))[:, :2], axis=1).max() < 0.05


@pytest.mark.parametrize("angle", [0.9 * np.pi, np.pi, -1.1 * np.pi])
def test_feet_turn_as_the_body_does_between_poses(angle: float) -> None:
    """They do not go through each other."""
    motion = _played(with_gaps(_walking(angle, 0.0), [0, 119]))
    feet = [motion.joint(f"{side}_foot") for side in ("left", "right")]
    assert np.linalg.norm(feet[0] - feet[1], axis=1).min() > 0.15
    assert 30.0 * degrees(turns(motion, ("left_foot",))[1:], turns(motion, ("left_foot",))[:-1]).max() < 150.0
    left = rot.rotate(turns(motion, ("hips",))[:, 0], np.array([1.0, 0.0, 0.0]))
    assert ((left * (feet[0] - feet[1])).sum(axis=1) > 0.1).all()


def _walking(angle: float, far: float) -> Motion:
    """A body that goes backwards, evenly, and turns meanwhile."""
    body = figure(np.zeros_like)
    assert body.rotations is not None
    part = np.linspace(0.0, 1.0, len(body))
    local = body.rotations.astype(np.float64)
    local[:, 0] = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), angle * part)
    places = np.repeat(body.skeleton.rest_positions[None], len(body), axis=0)
    places[:, 0, 1] += far * part
    positions, _ = body.skeleton.forward_kinematics(local, places)
    return replace(body, positions=positions.astype(np.float32), rotations=local.astype(np.float32))


def test_who_turns_round_looks_about_at_the_piano() -> None:
    for angle in (np.pi, 2.0 * np.pi):
        motion = _pianist(_walking(angle, 0.0))
        left = rot.rotate(turns(motion, ("hips",))[:, 0], np.array([1.0, 0.0, 0.0]))
        assert np.degrees(np.abs(np.arctan2(left[:, 1], left[:, 0]))).max() < 31.0
        assert 30.0 * degrees(turns(motion)[1:], turns(motion)[:-1]).max() < 130.0


@pytest.mark.parametrize("turn", [0.0, 2 * np.pi])
def test_who_is_varied_stays_where_it_goes_and_looks(turn: float) -> None:
    body = walking(rig(), swing=0.1, turn=turn)
    body.positions[:, :, 0] += 3.0
    context = context_of(body=body, fps=30.0, seed=2)
    made, other = (Performer().generate(quiet(SECONDS), Performer.Options(variation=v), context) for v in (1.0, 0.0))
    off = made.joint("hips") - other.joint("hips")
    assert 0.002 < np.linalg.norm(off, axis=1).max() < 0.14
    assert np.linalg.norm(np.median(off, axis=0)) < 0.02
    away = degrees(turns(made, ("hips",)), turns(other, ("hips",)))
    assert 0.5 < away.max() < 12.0
    assert np.median(away) < 8.0


def test_somebody_else_moves_more_or_less_and_either_way() -> None:
    usual = Amounts(1.0, 0.8, 1.2, 1.0, 0.5, 0.9)
    found = [personal(usual, 0.5, np.random.default_rng(seed)) for seed in range(20)]
    assert {np.sign(a.sway) for a in found} == {-1.0, 1.0}
    assert {a.noise for a in found} == {0.5}
    for name in ("sway", "weight", "head", "breathing"):
        sizes = np.abs([getattr(a, name) for a in found]) / getattr(usual, name)
        assert 0.2 < np.std(np.log(sizes)) < 0.7, name
    assert max(a.pulse for a in found) == LIVELY * usual.pulse
    assert min(a.pulse for a in found) < 0.8 * usual.pulse
    alike = personal(usual, 0.0, np.random.default_rng(1))
    assert replace(alike, sway=abs(alike.sway)) == usual


def test_a_pianist_who_looks_elsewhere_is_turned_to_the_keys() -> None:
    body = figure(lambda t: 0.0 * t, turned=2.0)
    motion = _pianist(body)
    assert degrees(turns(motion, ("hips",))[:, 0], rot.IDENTITY).max() < 15.0
    turned = figure(lambda t: 0.0 * t, turned=0.3)
    assert degrees(turns(_pianist(turned), ("head",)), turns(turned, ("head",))).max() < 0.1


def test_who_walks_sits_at_the_piano() -> None:
    body = figure(np.zeros_like)
    body.positions[:, :, 1] += np.linspace(0.0, 3.0, len(body))[:, None]
    motion = _pianist(body)
    hips = motion.joint("hips")
    assert np.linalg.norm(hips - np.median(hips, axis=0), axis=1).max() < 0.11
    under = np.median(hips, axis=0) - motion.joint("bench")[0]
    assert np.allclose(under, pianist.SEATED - pianist.BENCH, atol=1e-5)


@pytest.mark.parametrize(("lean", "higher"), [(0.1, 0.0), (0.9, 0.08)])
def test_shoulders_come_where_a_pianists_are_and_the_bench_only_so_high(lean: float, higher: float) -> None:
    usual, motion = _pianist(None), _pianist(figure(lambda t: lean + 0.0 * t))
    off = np.median([motion.joint(arm) - usual.joint(arm) for arm in SHOULDERS], axis=(0, 1))
    assert np.abs(off[:2]).max() < 0.02  # shoulders give a little
    raised = np.median(motion.joint("hips"), axis=0)[2] - pianist.SEATED[2]
    assert raised == pytest.approx(higher, abs=0.02)


def test_who_leans_away_comes_back_where_arms_are_too_short() -> None:
    body = figure(lambda t: 0.5 * (t > 1.5))  # half a radian further back than where it mostly is, at first
    motion = _pianist(body)
    usual = _pianist(None)
    for hand in ("left_hand", "right_hand"):  # which the keys say, and no arm falls short of
        assert np.linalg.norm(motion.joint(hand) - usual.joint(hand), axis=1).max() < 0.001
    assert degrees(turns(motion, ("head",)), turns(body, ("head",))).max() < 0.1
    speed = 30.0 * degrees(turns(motion, ("spine",))[1:], turns(motion, ("spine",))[:-1])
    assert np.delete(speed, slice(42, 48)).max() < 120.0  # but for its own jump


def _pianist(body: Motion | None) -> Motion:
    return _played(body, Pianist(), 0.0)


def _played(body: Motion | None, generator: Generator | None = None, variation: float = 0.4) -> Motion:
    context = context_of(body=body, fps=30.0)
    generator = generator or Performer()
    made = generator.generate(quiet(SECONDS), generator.Options(variation=variation), context)
    return InverseKinematics().apply(made, None, context)


def test_hips_and_a_spine_are_enough(play: Play) -> None:
    offsets = np.array([[0.0, 0.0, 0.9], [0.0, 0.0, 0.3]])
    skeleton = Skeleton("short", ("hips", "spine"), (-1, 0), offsets, ("body", "body"))
    local = np.tile(rot.IDENTITY, (round(30 * SECONDS), 2, 1)).astype(np.float32)
    places = np.repeat(skeleton.rest_positions[None], len(local), axis=0).astype(np.float32)
    assert np.isfinite(play(Motion(skeleton, 30.0, places, local)).positions).all()


def test_what_cannot_be_followed_is_told(play: Play) -> None:
    body = figure(np.zeros_like)
    with pytest.raises(ComponentError, match="needs hips and a spine, with rotations"):
        play(replace(body, rotations=None))
    with pytest.raises(ComponentError, match=r"nothing of the body is posed from 0\.00 to 3\.97 s"):
        play(with_gaps(body, []))
    with pytest.raises(ComponentError, match="nothing of the body is posed"):
        play(replace(body, start=60.0))
