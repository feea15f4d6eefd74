# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""MoMu with the weights that come with Cadenza: performances, poses that are kept, gaps that are filled, music."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from backend.audio_files import read_audio
from plugins.api import (
    Audio,
    ComponentError,
    Constraint,
    JobContext,
    Motion,
    PostStep,
    Skeleton,
    find_track,
    from_json,
)
from plugins.api.kept import with_kept
from plugins.api.testing import check_component
from plugins.momu.composer import MomuComposer
from plugins.momu.constraints import KeepFrames
from plugins.momu.fill import MomuFill
from plugins.momu.generator import Momu
from training.metrics import event_f1
from training.momu.judge_players import onsets
from training.performance_metrics import bone_length_error, bow_reversals, merged

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SECONDS = 6.0


@cache
def tune(seconds: float = SECONDS) -> Audio:
    """The beginning of the minuet that comes with Cadenza."""
    audio = read_audio(EXAMPLES / "minuet.flac")
    return Audio(audio.samples[: round(seconds * audio.sample_rate)], audio.sample_rate)


@cache
def momu() -> Momu:
    component = Momu()
    component.load("cpu")
    return component


@cache
def fill() -> MomuFill:
    component = MomuFill()
    component.load("cpu")
    return component


@cache
def composer() -> MomuComposer:
    component = MomuComposer()
    component.load("cpu")
    return component


@cache
def ik() -> PostStep:
    import plugins.ik

    found: list[PostStep] = []
    plugins.ik.register_post_steps(found.append)
    found[0].load("cpu")
    return found[0]


def performed(
    audio: Audio | None = None,
    constraints: tuple[Constraint, ...] = (),
    seed: int = 1,
    fps: float = 30.0,
    **options: Any,
) -> Motion:
    """As the pipeline does it."""
    context = JobContext(seed=seed, fps=fps, constraints=constraints)
    motion = momu().generate(audio or tune(), momu().Options(**options), context)
    motion = ik().apply(motion, ik().Options(), context)
    return KeepFrames().apply(motion, None, context)


@cache
def take() -> Motion:
    return performed()


def test_the_components_keep_their_contracts() -> None:
    for component in (Momu(), MomuFill(), MomuComposer(), KeepFrames()):
        check_component(component)


def test_bones_keep_their_length_and_nothing_is_missing() -> None:
    motion = take()
    assert np.isfinite(motion.positions).all()
    assert bone_length_error(motion) < 1e-4


def test_the_same_seed_gives_the_same_take_and_another_one_another() -> None:
    assert np.array_equal(performed().positions, take().positions)
    other = performed(seed=2)
    apart = np.linalg.norm(other.joint("bow_tip") - take().joint("bow_tip"), axis=-1)
    assert apart.mean() > 0.03


def test_the_bow_turns_with_the_notes() -> None:
    """A network that did not hear them would turn elsewhere as well."""
    truth = find_track(from_json((EXAMPLES / "minuet.truth.json").read_text()), "note").annotations
    bows = merged([n.time for n in truth if n.value["new_bow"] and n.time < 12.0], 0.1)
    turned = bow_reversals(performed(tune(12.0)))
    assert event_f1(bows, turned, 0.07) > 0.75
    assert event_f1(bows + 0.15, turned, 0.07) < 0.5


def test_poses_that_are_kept_are_kept_and_eased_into() -> None:
    source = performed(seed=5)
    poses = tuple(Constraint(source.slice(t - 0.01, t + 0.02)) for t in (1.0, 2.5, 4.0))
    assert all(len(c.motion) == 1 for c in poses)
    made = performed(constraints=poses, seed=6)
    for pose in poses:
        frame = round(pose.motion.start * 30)
        off = np.linalg.norm(made.positions[frame] - pose.motion.positions[0], axis=-1)
        assert off.max() < 0.001
        assert made.rotations is not None
        assert pose.motion.rotations is not None
        turn = 2.0 * np.degrees(
            np.arccos(np.clip(np.abs((made.rotations[frame] * pose.motion.rotations[0]).sum(-1)), 0, 1))
        )
        assert turn.max() < 0.1


def test_kept_poses_pull_what_lies_between() -> None:
    """Were they only put in at the end, the rest of the take would be as without them."""
    source = performed(seed=5)
    pose = Constraint(source.slice(2.99, 3.02))
    near = slice(80, 100)
    free, pulled = (performed(constraints=c, seed=6).joint("bow_tip")[near] for c in ((), (pose,)))
    target = source.joint("bow_tip")[90]
    assert np.linalg.norm(pulled - target, axis=-1).mean() < np.linalg.norm(free - target, axis=-1).mean()


@pytest.mark.parametrize(
    ("constraint", "says"),
    [
        (lambda m: [Constraint(replace(m, start=20.0))], "the music from 0.00 to 6.00"),
        (lambda m: [Constraint(m.slice(0.99, 1.02)), Constraint(_moved(m.slice(0.99, 1.02)))], "two poses"),
        (
            lambda m: [Constraint(m.slice(0.99, 1.02)), Constraint(replace(_moved(m.slice(0.99, 1.02)), start=1.01))],
            "two poses",
        ),
        (lambda m: [Constraint(_stretched(m.slice(0.99, 1.02)))], "cannot be reached"),
        (lambda m: [Constraint(m.slice(0.99, 1.02), ("tail",))], "tail"),
        (lambda m: [Constraint(Motion(m.skeleton, m.fps, np.repeat(m.positions, 2, axis=0)))], "keep what lies inside"),
        (lambda m: [Constraint(scaled_take(0.5))], "of the skeleton 'small'"),
    ],
)
def test_constraints_that_cannot_be_kept_say_why(constraint: Callable[[Motion], list[Constraint]], says: str) -> None:
    with pytest.raises(ComponentError, match=says):
        performed(constraints=tuple(constraint(take())))


def _moved(motion: Motion) -> Motion:
    return replace(motion, positions=motion.positions + 0.1)


def _stretched(motion: Motion) -> Motion:
    positions = motion.positions.copy()
    positions[:, motion.skeleton.index("right_hand")] += 0.3
    return replace(motion, positions=positions)


def test_guidance_of_nothing_and_too_much_is_borne() -> None:
    for guidance in (0.0, 50.0):
        motion = performed(tune(2.0), guidance=guidance, steps=4)
        assert np.isfinite(motion.positions).all()
        assert bone_length_error(motion) < 1e-4


def test_no_sound_at_all_is_refused() -> None:
    with pytest.raises(ComponentError, match="0 seconds"):
        momu().generate(Audio(np.zeros(0, dtype=np.float32), 22050), momu().Options(), JobContext())


def test_previews_come_while_it_denoises() -> None:
    seen: list[Motion] = []
    momu().generate(tune(2.0), momu().Options(), JobContext(seed=1, on_partial=seen.append))
    assert len(seen) == 2
    assert all(part.duration == seen[0].duration for part in seen)


def test_intensity_moves_more() -> None:
    calm, wild = (performed(intensity=amount, seed=3).joint("head") for amount in (-1.0, 1.0))
    assert _way(wild) > 1.2 * _way(calm)


def _way(points: Any) -> float:
    return float(np.linalg.norm(np.diff(points, axis=0), axis=-1).sum())


def blocked(motion: Motion, every: int = 30) -> Motion:
    """Poses ``every`` so many frames, NaN between them."""
    posed = np.arange(len(motion)) % every == 0
    posed[-1] = True
    positions = np.where(posed[:, None, None], motion.positions, np.nan)
    assert motion.rotations is not None
    return replace(motion, positions=positions, rotations=np.where(posed[:, None, None], motion.rotations, np.nan))


def filled_by(motion: Motion, seed: int = 4, **options: Any) -> Motion:
    return fill().correct(motion, tune(), fill().Options(**options), JobContext(seed=seed, fps=30.0))


def test_gaps_between_poses_are_filled_with_what_is_heard() -> None:
    given = blocked(take())
    made = filled_by(given)
    posed = np.isfinite(given.positions[:, 0, 0])
    assert np.isfinite(made.positions).all()
    assert np.abs(made.positions[posed] - take().positions[posed]).max() < 0.001
    hand = made.joint("right_hand")
    straight = np.stack([np.interp(np.arange(len(hand)), np.flatnonzero(posed), hand[posed, k]) for k in range(3)], -1)
    assert np.linalg.norm(hand - straight, axis=-1).mean() > 0.02
    assert not np.allclose(filled_by(given, seed=2).positions, made.positions, atol=0.005)


def test_no_variation_changes_nothing_and_more_changes_more() -> None:
    moved = [
        float(
            np.linalg.norm(
                filled_by(take(), variation=v).joint("right_hand") - take().joint("right_hand"), axis=-1
            ).mean()
        )
        for v in (0.0, 0.3, 1.0)
    ]
    assert moved[0] < 1e-5
    assert moved[0] < moved[1] < moved[2]


def test_one_part_is_varied_and_the_rest_stays() -> None:
    made = filled_by(take(), variation=1.0, part="right-arm")
    moved = {
        j: float(np.linalg.norm(made.joint(j) - take().joint(j), axis=-1).mean()) for j in ("right_hand", "left_hand")
    }
    assert moved["right_hand"] > 0.02
    assert moved["left_hand"] < 0.001


def test_other_bodies_are_filled_on_their_own_bones() -> None:
    """A body half as large, without violin, at another place, turned away."""
    small = scaled_take(0.5)
    made = fill().correct(blocked(small), tune(), fill().Options(), JobContext(seed=1))
    assert np.isfinite(made.positions).all()
    arm = ("right_upper_arm", "right_lower_arm", "right_hand")
    for a, b in pairwise(arm):
        lengths = np.linalg.norm(made.joint(a) - made.joint(b), axis=-1)
        assert np.ptp(lengths) < 1e-4


def scaled_take(size: float) -> Motion:
    skeleton = take().skeleton
    kept = [i for i, role in enumerate(skeleton.roles) if role != "prop"]
    parents = [kept.index(skeleton.parents[i]) if skeleton.parents[i] >= 0 else -1 for i in kept]
    small = Skeleton(
        "small",
        tuple(skeleton.joints[i] for i in kept),
        tuple(parents),
        skeleton.offsets[kept] * size,
        tuple(skeleton.roles[i] for i in kept),
    )
    assert take().rotations is not None
    return Motion(small, 30.0, take().positions[:, kept] * size + [3.0, 1.0, 0.0], take().rotations[:, kept])


def test_music_is_composed_to_a_motion() -> None:
    sound = composer().compose(take(), composer().Options(), JobContext(seed=1))
    assert sound.duration == pytest.approx(len(take()) / 30.0, abs=0.05)
    assert 0.01 < np.abs(sound.samples).max() <= 1.0


def test_music_needs_a_violin() -> None:
    with pytest.raises(ComponentError, match="no violin"):
        composer().compose(scaled_take(1.0), composer().Options(), JobContext())


def test_keeping_nothing_changes_nothing() -> None:
    assert with_kept(take(), take(), []) is take()
    assert KeepFrames().apply(take(), None, JobContext()) is take()


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.3])
def test_next_to_no_sound_is_performed(seconds: float) -> None:
    motion = performed(tune(seconds))
    assert len(motion) == max(1, round(seconds * 30))
    assert np.isfinite(motion.positions).all()


def test_two_frames_are_filled() -> None:
    made = fill().correct(take().slice(0.0, 0.06), tune(1.0), fill().Options(), JobContext(seed=1))
    assert np.isfinite(made.positions).all()


def test_a_joint_that_is_lost_for_a_while_is_found_again_and_the_rest_stays() -> None:
    positions = take().positions.copy()
    positions[60:90, take().skeleton.index("right_hand")] = np.nan
    made = filled_by(replace(take(), positions=positions))
    moved = np.linalg.norm(made.positions - take().positions, axis=2)
    assert np.isfinite(moved).all()
    assert moved[:, take().skeleton.index("left_hand")].max() < 0.001
    assert moved[[20, 120], take().skeleton.index("right_hand")].max() < 0.001
    assert made.provenance["filled"]["part"] == "all"


def test_weights_that_are_not_what_they_say_are_refused(tmp_path: Path) -> None:
    from plugins.momu.checkpoint import load_weights

    weights = load_weights()
    music = weights.configs["music"].model_copy(update={"width": 96})
    wrong = tmp_path / "wrong.safetensors"
    replace(weights, configs={**weights.configs, "music": music}).packed().save(wrong)
    for component in (Momu(wrong), MomuFill(wrong), MomuComposer(wrong)):
        with pytest.raises(ComponentError, match=r"numbers of another network than it says .* train it again"):
            component.load("cpu")


def test_a_body_without_arms_is_refused() -> None:
    skeleton = Skeleton.build(
        "post", [("hips", None, (0.0, 0.0, 1.0), "body"), ("head", "hips", (0.0, 0.0, 0.6), "body")]
    )
    post = Motion(skeleton, 30.0, np.repeat(skeleton.rest_positions[None], 60, axis=0))
    for refused in (
        lambda: fill().correct(post, tune(), fill().Options(), JobContext()),
        lambda: composer().compose(post, composer().Options(), JobContext()),
    ):
        with pytest.raises(ComponentError, match=r"left upper arm.* are needed"):
            refused()


def test_composed_music_has_its_notes_where_the_bow_turns() -> None:
    motion = performed(tune(12.0))
    found = onsets(composer().compose(motion, composer().Options(), JobContext(seed=1)))
    turned = bow_reversals(motion)
    assert event_f1(turned, found, 0.07) > event_f1(turned + 0.15, found, 0.07) + 0.1


@pytest.mark.slow
def test_twenty_minutes_are_performed_in_one_go() -> None:
    audio = read_audio(EXAMPLES / "minuet.flac")
    long = Audio(np.resize(audio.samples, 20 * 60 * audio.sample_rate), audio.sample_rate)
    motion = momu().generate(long, momu().Options(steps=2), JobContext(seed=1))
    assert len(motion) == 20 * 60 * 30
    assert np.isfinite(motion.joint("bow_tip")).all()
