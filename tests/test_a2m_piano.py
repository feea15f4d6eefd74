# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A2M for the piano: training, figures, and hands that stay on the keys' side of the keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from plugins.a2m.checkpoint import load_weights
from plugins.a2m.generator import A2M, PIANO_WEIGHTS, WEIGHTS, A2MPiano
from plugins.a2m.piano_assemble import APART, HEIGHT, at_the_piano, fingertips, wrists_at_keys
from plugins.a2m.predictor import Predictor
from plugins.a2m.targets import PIANO_TARGETS
from plugins.api import Audio, ComponentError, JobContext, Motion, pianist, piano
from plugins.api.checkpoint import CheckpointError, load_checkpoint
from plugins.api.prediction import Prediction
from plugins.api.testing import check_component, test_audio
from plugins.ik.step import InverseKinematics
from tests.a2m_clips import write_clips, write_piano_clips
from tests.playing_piano import perform, scales_and_chords
from tests.test_train_a2m import ROOT, TINY, config, logged, run
from training import performance_metrics as metrics
from training import piano_metrics
from training.a2m_clips import Clips, ClipsError
from training.a2m_config import TrainConfig
from training.config_files import ConfigError, checked, read_config
from training.datasets import mosa_motion
from training.datasets.markers import JOINTS, our_joints
from training.evaluate import real_points, wrists
from training.report.bootstrap import draws
from training.report.contestants import Contestant
from training.report.measuring import measure
from training.simulate import players
from training.simulate.piano_textures import PIANO_TEXTURES
from training.simulate.recording import record
from training.simulate.studies import study
from training.simulate.timing import perform as perform_study

TARGETS = {part: list(joints) for part, joints in PIANO_TARGETS.items()}


def piano_config(clips: Path, output: Path, **changes: object) -> dict[str, object]:
    kept = {"instrument": "piano", "strokes": False, "targets": TARGETS, "model": TINY | {"positions": "rotary"}}
    return config(clips, output, **(kept | changes))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips.open(write_piano_clips(tmp_path_factory.mktemp("clips") / "piano", seconds=24.0), "piano")


@pytest.fixture(scope="module")
def weights(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a tiny model that has learnt where these hands are."""
    return run(
        piano_config(clips.folder, tmp_path_factory.mktemp("run"), max_steps=160, batch=8, average=0.9)
        | {"schedule": {"learning_rate": 0.01, "warmup_steps": 5, "kind": "cosine"}}
    )


def test_it_learns_where_the_hands_are(clips: Clips, weights: Path) -> None:
    losses = logged(weights.parent, "loss")
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    found = load_weights(weights, "piano")
    assert found.grip is None
    assert found.joints == tuple(joint for joints in TARGETS.values() for joint in joints)
    predictor = Predictor(found, found.window)
    real, made = measure([Contestant("model", predictor, {})], clips, "test_piece", PIANO_TARGETS).entries
    (figures,) = made.figures
    assert figures["wrist"] < 0.7 * figures["wrist_still"]
    assert figures["across"] > 0.7
    (of_real,), (of_made,) = (entry.distances(real, draws([True])[:1])["FD_g"] for entry in (real, made))
    assert of_real < 1e-6 < of_made
    assert "bow" not in figures
    with pytest.raises(CheckpointError, match="moves the skeleton 'pianist', not 'violinist'"):
        load_weights(weights)


def test_wrists_that_are_right_and_wrists_that_stand_still(clips: Clips, weights: Path) -> None:
    found = load_weights(weights, "piano")
    (recording,) = clips.split("test_piece")
    truth = real_points(clips, recording.rows, found.joints)
    mean = found.normaliser.mean.reshape(-1, 3)
    still = {joint: np.broadcast_to(mean[i], truth[joint].shape) for i, joint in enumerate(found.joints)}
    mirrored = {joint: place * [-1.0, 1.0, 1.0] for joint, place in truth.items()}
    right, standing, wrong = (wrists(p, truth, found.joints, found.normaliser) for p in (truth, still, mirrored))
    assert right.error == pytest.approx(0.0)
    assert right.across == pytest.approx(1.0, abs=1e-3)
    assert standing.error == pytest.approx(standing.baseline) == pytest.approx(right.baseline)
    assert standing.across == 0.0
    assert wrong.across == pytest.approx(-1.0, abs=1e-3)


def test_what_a_pianist_has_not_is_refused(clips: Clips, tmp_path: Path) -> None:
    for changes, reason in (
        ({"strokes": True}, "a pianist has no strokes"),
        ({"targets": TARGETS | {"torso": ["head", "neck", "bow_tip"]}}, "a pianist has no bow_tip"),
        ({"instrument": "viola"}, "instrument"),
    ):
        with pytest.raises(ConfigError, match=reason):
            checked(TrainConfig, piano_config(clips.folder, tmp_path, **changes), "test")
    with pytest.raises(ClipsError, match="names no recordings of the violin"):
        Clips.open(clips.folder, "violin")
    violin = write_clips(tmp_path / "violin", seconds=4.0)
    with pytest.raises(ClipsError, match="names no recordings of the piano"):
        run(piano_config(violin, tmp_path / "run"))


def test_the_shipped_config_is_one() -> None:
    read = read_config(TrainConfig, ROOT / "training" / "configs" / "a2m_piano.yaml")
    assert read.instrument == "piano"
    assert {part: list(joints) for part, joints in read.targets.items()} == TARGETS
    assert read.parts == (9, 9, 9)


def said_of(motion: Motion) -> dict[str, np.ndarray]:
    joints = [joint for part in PIANO_TARGETS.values() for joint in part]
    return {joint: motion.joint(joint).astype(float) - pianist.SEATED for joint in joints}


def assembled(points: dict[str, np.ndarray]) -> Motion:
    skeleton = pianist.pianist_skeleton()
    motion = Motion(skeleton, 30.0, *at_the_piano(skeleton, Prediction(points, None)))
    return InverseKinematics().apply(motion, None, JobContext(fps=30.0))


@pytest.fixture(scope="module")
def performed() -> Motion:
    return perform(scales_and_chords())


def test_points_that_are_right_become_the_same_body(performed: Motion) -> None:
    motion = assembled(said_of(performed))
    for joint, near in (("left_hand", 0.007), ("right_hand", 0.007), ("neck", 0.001), ("head", 0.005)):
        assert np.linalg.norm(motion.joint(joint) - performed.joint(joint), axis=-1).max() < near, joint
    for side in ("left", "right"):
        away = motion.joint(f"{side}_lower_arm") - performed.joint(f"{side}_lower_arm")
        assert np.linalg.norm(away, axis=-1).mean() < 0.01
    _keeps_clear(motion)


def test_a_trunk_that_is_said_too_short_leans_as_far_and_is_not_hunched(performed: Motion) -> None:
    points = said_of(performed)
    right = assembled(points)
    points |= {joint: points["hips"] + 0.95 * (points[joint] - points["hips"]) for joint in ("neck", "head")}
    np.testing.assert_allclose(assembled(points).joint("neck"), right.joint("neck"), atol=1e-5)


def _keeps_clear(motion: Motion) -> None:
    assert metrics.bone_length_error(motion) < 1e-5
    assert piano_metrics.sunk(motion) < 0.001
    assert piano_metrics.wrists_above(motion) >= HEIGHT[0] - 1e-6
    assert piano_metrics.hands_apart(motion) > 0.005
    assert piano_metrics.seat_shift(motion) < 0.03
    assert piano_metrics.heel_slide(motion) < 1e-6
    assert piano_metrics.key_depth(motion).max() < 1e-6


def test_hands_that_would_go_into_the_keys_or_each_other_do_not(performed: Motion) -> None:
    points = said_of(performed)
    t = np.arange(len(performed)) / 30.0
    for side, sign in (("left", -1.0), ("right", 1.0)):
        for joint in ("hand", "index_proximal"):
            # Through the keyboard, into the fallboard, across the other hand.
            points[f"{side}_{joint}"] += np.stack([0.25 * sign * np.sin(t), -0.1 * t / t[-1], -0.12 + 0 * t], axis=-1)
    motion = assembled(points)
    _keeps_clear(motion)
    apart = motion.joint("left_hand")[:, 0] - motion.joint("right_hand")[:, 0]
    assert apart.min() > APART - 1e-5


def test_wrists_that_are_right_stay_and_each_frame_is_for_itself() -> None:
    rng = np.random.default_rng(0)
    left = np.array([0.3, 0.1, 0.06]) + 0.02 * rng.normal(size=(50, 3)) * [1, 0.5, 0.2]
    right = left * [-1.0, 1.0, 1.0]
    np.testing.assert_array_equal(wrists_at_keys(left, right)[0], left)
    low = wrists_at_keys(left - [0, 0, 0.1], right)[0]
    np.testing.assert_array_equal(low[:, :2], left[:, :2])
    assert (low[:, 2] == HEIGHT[0]).all()
    whole, part = wrists_at_keys(right, left), wrists_at_keys(right[20:], left[20:])
    for a, b in zip(whole, part, strict=True):
        np.testing.assert_array_equal(a[20:], b)


def test_relaxed_fingertips_are_above_white_and_black_keys() -> None:
    wrist = np.stack([np.linspace(-0.5, 0.5, 300), np.linspace(0.03, 0.15, 300), np.full(300, 0.05)], axis=-1)
    for sign in (1.0, -1.0):
        tips = fingertips(wrist, 0.4 * np.sin(np.arange(300)), sign)
        inside = tips[..., 1] < -piano.HEAD_LENGTH
        assert tips[inside][:, 2].min() > piano.BLACK_HEIGHT
        assert tips[..., 2].min() > 0.003
        order = np.diff(tips[..., 0], axis=1)
        # The thumbs are inside: the left hand's towards -X.
        assert (np.sign(order[np.abs(0.4 * np.sin(np.arange(300))) < 0.1]) == sign).all()


def listened(weights: Path, audio: Audio) -> tuple[Motion, list[Motion]]:
    generator = A2MPiano(weights)
    generator.load("cpu")
    parts: list[Motion] = []
    motion = generator.generate(audio, generator.Options(), JobContext(fps=30.0, on_partial=parts.append))
    return InverseKinematics().apply(motion, None, JobContext(fps=30.0)), parts


def test_the_generator_keeps_its_contract_and_streams(weights: Path) -> None:
    torch.set_num_threads(1)
    check_component(A2MPiano(weights))
    motion, parts = listened(weights, test_audio(seconds=20.0))
    assert motion.skeleton == pianist.pianist_skeleton()
    assert len(motion) == 600
    assert len(parts) > 2
    _keeps_clear(motion)


def test_weights_of_another_instrument_are_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match="moves the skeleton 'violinist', not 'pianist'"):
        A2MPiano(WEIGHTS).load("cpu")
    with pytest.raises(ComponentError, match="moves the skeleton 'pianist', not 'violinist'"):
        A2M(weights).load("cpu")
    found = load_checkpoint(weights, component="a2m", version=1)
    fewer = {part: [j for j in joints if j != "left_hand"] for part, joints in TARGETS.items()}
    path = tmp_path / "fewer.safetensors"
    replace(found, config={**found.config, "targets": fewer}).save(path)
    with pytest.raises(ComponentError, match="says nothing of left_hand"):
        A2MPiano(path).load("cpu")


def test_the_shipped_weights_follow_a_study_that_they_never_heard() -> None:
    """Left and right of the wrists, against the markers of a simulated pianist."""
    torch.set_num_threads(1)
    pairs: dict[str, list[np.ndarray]] = {"left_hand": [], "right_hand": []}
    for seed in (1001, 1002, 1003):
        rng = np.random.default_rng(seed)
        who = players.pianist(seed, 3)
        recording = record(perform_study(study(rng, "Study", 20.0, PIANO_TEXTURES), who, rng), who, [seed])
        joints = our_joints(mosa_motion.in_own_frame(recording.markers, mosa_motion.own_frame(recording.markers)))[::4]
        motion, _ = listened(PIANO_WEIGHTS, Audio(recording.samples, recording.sample_rate))
        _keeps_clear(motion)
        count = min(len(motion), len(joints))
        for hand, found in pairs.items():
            found.append(np.stack([joints[:count, JOINTS.index(hand), 0], motion.joint(hand)[:count, 0]]))
    for hand, found in pairs.items():
        assert np.corrcoef(np.concatenate(found, axis=1))[0, 1] > 0.5, hand
    assert PIANO_WEIGHTS.stat().st_size < 5e6
