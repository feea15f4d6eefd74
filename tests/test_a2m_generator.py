# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The a2m generator: windows without seams, a bow on its strings, weights that fit."""

from __future__ import annotations

import builtins
import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backend.audio_files import read_audio
from plugins.a2m import windows
from plugins.a2m.generator import A2M, WEIGHTS
from plugins.a2m.targets import PLAYING_TARGETS
from plugins.api import Audio, Cancelled, ComponentError, JobContext, Motion, find_track, from_json, violin, violinist
from plugins.api import rotations as rot
from plugins.api.bowed_pose import assemble, bow_on_strings, string_level, swayed, violin_turn
from plugins.api.checkpoint import load_checkpoint
from plugins.api.grip import bow_axes, fit_grip, gripped
from plugins.api.log_mel import FPS, log_mel
from plugins.api.prediction import Prediction
from plugins.api.testing import check_component
from plugins.ik.step import InverseKinematics
from tests.a2m_clips import write_clips
from tests.test_train_a2m import TINY, config, run
from training import performance_metrics as metrics
from training.metrics import event_f1

RATE = 22050
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "minuet.flac"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a tiny model that has seen little."""
    folder = tmp_path_factory.mktemp("a2m")
    targets = {part: list(joints) for part, joints in PLAYING_TARGETS.items()}
    clips = write_clips(folder / "clips")
    raw = config(clips, folder / "run", targets=targets, model=TINY | {"positions": "rotary"}, max_steps=30)
    return run(raw)


def sound(seconds: float) -> Audio:
    t = np.arange(round(seconds * RATE)) / RATE
    return Audio((0.3 * np.sin(2 * np.pi * 440 * t) * (0.3 + 0.7 * np.sin(3.0 * t) ** 2)).astype(np.float32), RATE)


def performed(weights: Path, audio: Audio, fps: float = 30.0) -> Motion:
    generator = A2M(weights)
    generator.load("cpu")
    context = JobContext(fps=fps)
    motion = generator.generate(audio, generator.Options(), context)
    return InverseKinematics().apply(motion, InverseKinematics.Options(), context)


def test_the_contract(weights: Path) -> None:
    torch.set_num_threads(1)
    check_component(A2M(weights))


def test_the_hair_is_on_a_string_and_the_body_is_whole(weights: Path) -> None:
    motion = performed(weights, sound(6.0))
    assert np.isfinite(motion.positions).all()
    frog, tip = motion.joint("bow_frog").astype(float), motion.joint("bow_tip").astype(float)
    strings = [
        metrics.segment_distance(
            frog, tip, motion.joint(f"bridge_{s}").astype(float), motion.joint(f"nut_{s}").astype(float)
        )
        for s in violin.STRINGS
    ]
    assert np.min(strings, axis=0).max() < 0.001
    assert metrics.bone_length_error(motion) < 1e-5
    assert metrics.foot_slide(motion) < 1e-6
    np.testing.assert_allclose(np.linalg.norm(tip - frog, axis=-1), violin.HAIR_LENGTH, atol=1e-5)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.3])
def test_almost_no_sound(weights: Path, seconds: float) -> None:
    motion = performed(weights, sound(seconds))
    assert len(motion) == max(1, round(seconds * 30))
    assert np.isfinite(motion.positions).all()


def test_the_beginning_does_not_wait_for_the_end_and_can_be_stopped(weights: Path) -> None:
    generator = A2M(weights)
    generator.load("cpu")
    heard: list[float] = []

    def stop() -> bool:
        return len(heard) > 5

    context = JobContext(on_progress=lambda part, _: heard.append(part), is_cancelled=stop)
    with pytest.raises(Cancelled):
        generator.generate(sound(30.0), generator.Options(), context)
    assert max(heard) < 0.8


def test_what_is_shown_early_is_what_comes(weights: Path) -> None:
    generator = A2M(WEIGHTS)  # the real one: it turns the bow
    generator.load("cpu")
    parts: list[Motion] = []
    audio = read_audio(EXAMPLE)
    whole = generator.generate(audio, generator.Options(), JobContext(fps=24.0, on_partial=parts.append))
    assert len(parts) >= 5
    assert parts[0].start == 0.0
    for before, after in itertools.pairwise(parts):
        assert after.start == pytest.approx(before.start + before.duration)
    shown = np.concatenate([part.positions for part in parts])
    assert 0.8 * len(whole) < len(shown) <= len(whole)
    np.testing.assert_allclose(shown, whole.positions[: len(shown)], atol=1e-5)
    # And all at once it would have been the same.
    predictor = generator._predictor
    heard = log_mel(audio.samples, audio.sample_rate)
    smooth = swayed(predictor.predict(heard).smoothed(), predictor.weights.swayed(len(heard), 0))
    said = smooth.at(np.arange(len(whole)) / 24.0 * FPS)
    frog = whole.joint("bow_frog")
    positions, _ = assemble(whole.skeleton, said, predictor.weights.grip)
    np.testing.assert_allclose(frog, positions[:, whole.skeleton.index("bow_frog")], atol=1e-4)


def test_windows_cover_everything_once() -> None:
    for count in (1, 39, 40, 41, 69, 70, 71, 400):
        pieces = list(windows.in_windows(lambda spans: np.stack([np.arange(*s)[:, None] for s in spans]), count, 40, 3))
        np.testing.assert_allclose(np.concatenate(pieces)[:, 0], np.arange(count), atol=1e-4)


def test_windows_that_disagree_melt_into_each_other() -> None:
    count, length = 1000, 160
    levels = dict(zip(windows.window_starts(count, length), np.random.default_rng(0).normal(size=20), strict=False))

    def level(spans: list[tuple[int, int]]) -> Any:
        return np.stack([np.full((b - a, 1), levels[a], dtype=np.float32) for a, b in spans])

    answer = np.concatenate(list(windows.in_windows(level, count, length, 4)))[:, 0]
    largest = max(abs(x - y) for x in levels.values() for y in levels.values())
    # A smoothstep over 40 frames: slope 1.5 / 40, bend 6 / 40^2.
    assert np.abs(np.diff(answer)).max() <= 1.6 / 40 * largest
    assert np.abs(np.diff(answer, 2)).max() <= 6.5 / 40**2 * largest


def test_no_seam_is_seen(weights: Path) -> None:
    generator = A2M(weights)
    generator.load("cpu")
    predictor = generator._predictor
    rng = np.random.default_rng(0)
    heard = np.clip(np.cumsum(rng.normal(0.0, 0.05, (1200, 128)), axis=0) % 1.0, 0.0, 1.0).astype(np.float32)
    said = predictor.predict(heard).smoothed()
    starts = windows.window_starts(1200, predictor.window)[1:]
    borders = [b for s in starts for b in (s, s + predictor.window // 4)]
    near = np.zeros(1198, dtype=bool)
    for border in borders:
        near[max(0, border - 3) : border + 2] = True
    for place in said.points.values():
        bend = np.linalg.norm(np.diff(place, 2, axis=0), axis=-1)
        assert np.median(bend[near]) < 1.5 * np.median(bend[~near])


def test_a_bow_on_each_string_touches_that_string() -> None:
    level = np.repeat(np.arange(4.0), 5)
    hair = np.tile(np.linspace(0.05, 0.6, 5), 4)
    frog, turn = bow_on_strings(hair, level)
    tip = frog + rot.rotate(turn, np.array([violin.HAIR_LENGTH, 0.0, 0.0]))
    bridge, nut = (np.repeat(ends[None], 20, axis=0) for ends in (violin.BRIDGE, violin.NUT))
    distances = np.stack([metrics.segment_distance(frog, tip, bridge[:, s], nut[:, s]) for s in range(4)])
    np.testing.assert_array_equal(distances.argmin(axis=0), level)
    assert distances.min(axis=0).max() < 1e-4
    # And the level can be read off the bow again.
    end, scroll = np.zeros((20, 3)), np.tile(violin.SCROLL, (20, 1))
    still = violin_turn(end, scroll)
    points = {"bow_frog": rot.rotate(still, frog), "bow_tip": rot.rotate(still, tip)}
    np.testing.assert_allclose(string_level(points, still), level, atol=1e-6)


def test_the_violin_turns_with_its_ends() -> None:
    scroll = np.array([[0.3, -0.5, 0.05], [0.0, -0.59, 0.0]])
    turn = violin_turn(np.zeros((2, 3)), scroll)
    np.testing.assert_allclose(rot.normalize(rot.rotate(turn, violin.SCROLL)), rot.normalize(scroll), atol=1e-9)
    # The E side (-X) is lower than the G side.
    assert (rot.rotate(turn, np.array([1.0, 0.0, 0.0]))[:, 2] > 0.3).all()


def test_the_grip_is_learned_and_goes_with_the_bow() -> None:
    rng = np.random.default_rng(0)
    hair = rng.uniform(0.05, 0.6, 300)
    frog = rng.normal(size=(300, 3))
    along = rng.normal(size=(300, 3)) * [1.0, 1.0, 0.2]
    tip = frog + 0.65 * along / np.linalg.norm(along, axis=-1, keepdims=True)
    place = np.stack([-0.05 - 0.1 * hair, 0.02 + 0.2 * hair**2, 0.05 + 0 * hair], axis=-1)
    joints = frog[:, None] + np.einsum("tij,ti->tj", bow_axes(frog, tip), place)[:, None].repeat(3, axis=1)
    grip = fit_grip(frog, tip, hair, joints)
    np.testing.assert_allclose(gripped(grip, frog, tip, hair), joints, atol=1e-9)


def test_motion_between_the_models_frames_is_smooth() -> None:
    t = np.arange(80) / 40.0
    said = Prediction({"head": np.stack([np.sin(t), np.cos(t), t], axis=-1)}, 0.3 + 0.1 * np.sin(t))
    at = np.arange(0.0, 78.0, 0.4)
    np.testing.assert_allclose(said.at(at).points["head"][5:-5, 0], np.sin(at / 40)[5:-5], atol=1e-3)
    assert said.at(at).hair is not None


def _changed(weights: Path, folder: Path, **config: Any) -> Path:
    found = load_checkpoint(weights, component="a2m", version=1)
    path = folder / "changed.safetensors"
    dataclasses.replace(found, config={**found.config, **config}).save(path)
    return path


def test_weights_that_cannot_play_are_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match="cannot be read"):
        A2M(tmp_path / "none.safetensors").load("cpu")
    with pytest.raises(ComponentError, match="grip of the bow"):
        A2M(_changed(weights, tmp_path, grip=None)).load("cpu")
    fewer = {part: [j for j in joints if j != "bow_frog"] for part, joints in PLAYING_TARGETS.items()}
    with pytest.raises(ComponentError, match="bow_frog"):
        A2M(_changed(weights, tmp_path, targets=fewer)).load("cpu")
    model = load_checkpoint(weights, component="a2m", version=1).config["model"]
    with pytest.raises(ComponentError, match="numbers of another network"):
        A2M(_changed(weights, tmp_path, model={**model, "feed_forward": 7})).load("cpu")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(weights.read_bytes()[:-1] + b"\x00")
    with pytest.raises(ComponentError, match="damaged"):
        A2M(damaged).load("cpu")


def test_without_its_libraries_it_says_what_to_install(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_torch(name: str, *rest: Any, **named: Any) -> Any:
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(ComponentError, match=r"needs torch; run: pip install 'cadenza\[learned\]'"):
        A2M(weights).load("cpu")


def test_the_checkpoint_says_what_made_it(weights: Path) -> None:
    found = load_checkpoint(weights, component="a2m", version=1, skeleton=violinist.violinist_skeleton())
    assert json.dumps(found.config)
    assert len(found.data_card) == 64


def test_the_shipped_weights_play_the_example() -> None:
    examples = Path(__file__).resolve().parents[1] / "examples"
    motion = performed(WEIGHTS, read_audio(examples / "minuet.flac"))
    truth = find_track(from_json((examples / "minuet.truth.json").read_text()), "note").annotations
    bows = metrics.merged([n.time for n in truth if n.value["new_bow"]], 0.1)
    turns = metrics.bow_reversals(motion)
    assert event_f1(bows, turns, 0.07) > 0.8
    # Half a beat later nothing turns.
    assert event_f1(bows + 0.15, turns, 0.07) < 0.5
    assert WEIGHTS.stat().st_size < 15e6
