# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Dances put onto the beat, of which it is known where they stand still and where the beats are."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from typer.testing import CliRunner

from backend.chain import ImpossibleJob, Job, steps_of
from backend.cli import app
from backend.correction import check_correction, correct
from backend.pipeline import run
from backend.plugin_manager import Registry, load_plugins
from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, Constraint, JobContext, Motion, Recognizer
from plugins.api import rotations as rot
from plugins.api.retimed import played
from plugins.api.testing import check_component, test_dance
from plugins.beat_align.corrector import BeatAlign
from plugins.beat_align.timing import FASTEST, anchors, motion_beats
from tests.beating_dances import clicks, swinging
from tests.good_components import Good
from training.datasets.music_to_dance import SKELETON

NOTHING = np.empty(0)
SECONDS = 16.0
BEATS = np.arange(0.5, SECONDS, 0.5)


def drifting(fps: float = 40.0, start: float = 0.0) -> Motion:
    """Dances at 0.53 s a beat."""
    fine = Motion(SKELETON, 40.0, swinging(SECONDS, 0.53, 0.3), start=start)
    return fine if fps == 40.0 else fine.resample(fps)


def context(beats: np.ndarray = BEATS, first: int = 0, **changes: object) -> JobContext:
    """Bars of four, of which beat ``first`` begins one."""
    counts = ((i - first) % 4 + 1 for i in range(len(beats)))
    track = AnnotationTrack("beat", tuple(Annotation(float(t), 0.0, c) for t, c in zip(beats, counts, strict=True)))
    return JobContext(**{"annotations": [track], **changes})


def aligned(motion: Motion, given: JobContext, **options: float) -> Motion:
    corrector = BeatAlign()
    return corrector.correct(motion, Audio(np.zeros(100, np.float32), 100), corrector.Options(**options), given)


def on(motion: Motion, beats: np.ndarray = BEATS) -> float:
    """Part of a motion's rests within 0.1 s of a beat."""
    found = motion.start + motion_beats(motion.positions, motion.fps)
    return float((np.abs(found[:, None] - beats[None]).min(axis=1) <= 0.1).mean())


def test_it_keeps_the_contract() -> None:
    check_component(BeatAlign())


@pytest.mark.parametrize("fps", [15.0, 24.0, 29.97, 120.0])
@pytest.mark.parametrize("start", [0.0, 2.25])
def test_a_dance_is_put_onto_the_beat(fps: float, start: float) -> None:
    given = drifting(fps, start)
    beats = BEATS + start
    assert on(given, beats) < 0.6
    found = aligned(given, context(beats))
    assert on(found, beats) > 0.85
    assert (found.fps, found.start, len(found)) == (given.fps, given.start, len(given))
    (note,) = found.provenance["repair"]["notes"]
    assert re.fullmatch(
        r"The body came to rest on \d+% of the beats .*, and does now on (9\d|100)%; .* than 0\.[12]\d s", note
    )
    half = aligned(given, context(beats), strength=0.5)
    moved, by_half = (np.abs(f.positions - given.positions).max() for f in (found, half))
    assert 0.2 * moved < by_half < 0.8 * moved
    np.testing.assert_allclose(aligned(given, context(beats), strength=0.0).positions, given.positions, atol=1e-6)


def test_every_other_beat_alone() -> None:
    slow = Motion(SKELETON, 40.0, swinging(SECONDS, 1.06, 0.3))
    found = aligned(slow, context(), every=2)
    assert on(found, BEATS[::2]) > 0.75
    assert on(slow, BEATS[::2]) < 0.6


def test_frames_that_are_kept_stay() -> None:
    given = drifting()
    keep = [Constraint(given.slice(at, at + 0.01)) for at in (4.1, 9.3)]
    found = aligned(given, context(constraints=keep))
    for at in (4.1, 9.3):
        np.testing.assert_allclose(found.positions[round(at * 40)], given.positions[round(at * 40)], atol=1e-6)
    assert on(found) > 0.75


def test_a_rig_keeps_its_bones_and_its_turns() -> None:
    dance = test_dance(8.0)
    turns = np.tile(rot.IDENTITY, (len(dance), len(dance.skeleton), 1))
    angle = 0.4 * np.sin(2 * np.pi * np.arange(len(dance)) / 30.0 / 1.1)
    turns[:, 1] = rot.from_rotation_vector(np.stack([0 * angle, 0 * angle, angle], axis=-1))
    places, _ = dance.skeleton.forward_kinematics(turns, dance.positions)
    given = replace(dance, positions=places, rotations=turns, confidence=np.full(places.shape[:2], 0.5))
    found = aligned(given, context(np.arange(0.3, 8.0, 0.47)))
    assert found.rotations is not None
    assert found.confidence is not None
    assert np.abs(found.positions - given.positions).max() > 0.005
    again, _ = found.skeleton.forward_kinematics(found.rotations, found.positions)
    np.testing.assert_allclose(found.positions, again, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.rotations, axis=-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(found.confidence, 0.5, atol=1e-6)


def test_a_motion_at_other_times() -> None:
    given = drifting()
    back = played(given, given.times[::-1])
    np.testing.assert_allclose(back.positions, given.positions[::-1], atol=1e-6)
    between = played(given, given.times + 0.0125)
    np.testing.assert_allclose(between.positions[:-1], drifting(80.0).positions[1:-1:2][: len(given) - 1], atol=4e-3)


def test_gaps_and_joints_that_nobody_saw() -> None:
    given = drifting()
    places = given.positions.copy()
    places[100:103] = np.nan
    places[:, 3] = np.nan
    found = aligned(replace(given, positions=places), context())
    assert np.isnan(found.positions[:, 3]).all()
    assert np.isfinite(np.delete(found.positions, 3, axis=1)).all()
    assert on(replace(found, positions=np.nan_to_num(found.positions))) > 0.9


def test_what_cannot_be_done_says_what_to_do() -> None:
    given = drifting()
    with pytest.raises(ComponentError, match="annotate its beats first"):
        aligned(given, context(NOTHING))
    with pytest.raises(ComponentError, match=r"0.30 s are too short for a rhythm; give at least 0.5 s"):
        aligned(given.slice(0.0, 0.3), context())
    with pytest.raises(ComponentError, match=r"no beat of the music lies where the motion is, from 0.00 to 15.9\d s"):
        aligned(given, context(BEATS + 20.0))
    with pytest.raises(ComponentError, match="with frames that are posed"):
        aligned(replace(given, positions=np.full_like(given.positions, np.nan)), context())
    still = replace(given, positions=np.repeat(given.positions[:1], len(given), axis=0))
    found = aligned(still, context())
    np.testing.assert_array_equal(found.positions, still.positions)
    assert "nothing was moved" in found.provenance["repair"]["notes"][0]
    for at in np.arange(0.0, 15.0, 0.37):  # of short stretches, some have no rest left
        aligned(given.slice(at, at + 0.6), context())


def test_no_moment_is_hurried_too_much_and_nothing_that_is_kept_is_moved() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        danced, heard = (np.sort(rng.uniform(0.0, 10.0, 18)) for _ in range(2))
        kept = np.sort(rng.uniform(0.0, 10.0, rng.integers(0, 3)))
        then, now = anchors(danced, danced, heard, (0.0, 10.0), kept)
        assert (then[0], now[0], then[-1], now[-1]) == (0.0, 0.0, 10.0, 10.0)
        pace = np.diff(then) / np.diff(now)
        assert pace.min() >= 1.0 / FASTEST - 1e-9
        assert pace.max() <= FASTEST + 1e-9
        assert {(at, at) for at in kept} <= set(zip(then.tolist(), now.tolist(), strict=True))
    rests = np.array([1.0, 2.05, 3.0])
    then, now = anchors(rests, rests, np.array([1.1, 2.0, 3.0]), (0.0, 4.0), NOTHING)
    assert then.tolist() == [0.0, 1.0, 2.05, 3.0, 4.0]
    assert now.tolist() == [0.0, 1.1, 2.0, 3.0, 4.0]


def test_beats_are_heard_where_nobody_says_them() -> None:
    registry, sound = load_plugins(), clicks(BEATS, SECONDS)
    told: list[tuple[float, str]] = []
    job = Job(corrector="beat-align", motion=drifting(), fps=40.0)
    result = correct(registry, job, sound, on_progress=lambda part, words: told.append((part, words)))
    assert on(result.motion) > 0.85
    assert [t.namespace for t in result.annotations] == ["change"]
    assert any("beat" in words.lower() for _, words in told)
    parts = [part for part, _ in told]
    assert parts == sorted(parts)
    # Those that the animator corrected are taken as they are.
    said = replace(job, annotations=context(BEATS + 0.25).annotations)
    assert on(correct(registry, said, sound).motion, BEATS + 0.25) > 0.85
    assert [c.name for c in steps_of(registry, job)] == ["hear-beats", "beat-align"]
    with pytest.raises(ImpossibleJob, match="beat-align cannot run: nothing installed recognises 'beat'"):
        correct(Registry({"corrector": {"beat-align": BeatAlign()}}), job, sound)


BEATS_GIVEN = context()


class Looks(Recognizer):
    """Says what it was given."""

    name, label, writes, inputs = "looks", "Looks", ("beat",), ("sound", "motion")
    given: ClassVar[list[Motion | None]] = []

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: object, context: JobContext
    ) -> list[AnnotationTrack]:
        self.given.append(motion)
        return list(BEATS_GIVEN.annotations)


def test_beats_are_heard_not_seen() -> None:
    """Of a dance that is beside the beat, one that sees it would take its rests for beats."""
    registry = Registry({"corrector": {"beat-align": BeatAlign()}, "recognizer": {"looks": Looks()}})
    Looks.given.clear()
    correct(registry, Job(corrector="beat-align", motion=drifting(), fps=40.0), clicks(BEATS, SECONDS))
    assert Looks.given == [None]


class Listens(Good):
    """Generates once there are beats."""

    name, needs = "listens", ("beat",)


def test_nor_are_poses_that_are_to_be_kept_looked_at() -> None:
    registry = Registry({"generator": {"listens": Listens()}, "recognizer": {"looks": Looks()}})
    Looks.given.clear()
    run(registry, Job(generator="listens", motion=drifting(), keep=(1.0,)), clicks(BEATS, SECONDS))
    assert Looks.given == [None]


def test_a_correction_without_sound_asks_for_the_recording() -> None:
    with pytest.raises(ImpossibleJob, match="give the recording"):
        check_correction(load_plugins(), Job(corrector="beat-align", motion=drifting(), silent=True))


def test_every_fourth_beat_begins_with_a_bar() -> None:
    given = context(np.arange(0.5, SECONDS, 0.5), first=2)
    slow = Motion(SKELETON, 40.0, swinging(SECONDS, 2.12, 1.2))
    found = aligned(slow, given, every=4)
    assert on(found, np.arange(1.5, SECONDS, 2.0)) > 0.9


@pytest.mark.parametrize(
    "unknown", ["of one joint", "of one joint in some frames", "of another joint in each frame", "all"]
)
def test_rotations_that_are_not_known_flatten_nobody(unknown: str) -> None:
    dance = test_dance(6.0)
    turns = np.tile(rot.from_rotation_vector(np.array([0.0, 0.0, 0.3])), (len(dance), len(dance.skeleton), 1))
    places, _ = dance.skeleton.forward_kinematics(turns, dance.positions)
    rows = np.arange(len(dance))
    if unknown == "of one joint":
        turns[:, 5] = np.nan
    elif unknown == "of one joint in some frames":
        turns[10:20, 5] = np.nan
    elif unknown == "of another joint in each frame":
        turns[rows, rows % len(dance.skeleton)] = np.nan
    else:
        turns[:] = np.nan
    given = replace(dance, positions=places, rotations=turns)
    found = aligned(given, context(np.arange(0.3, 6.0, 0.47)), strength=0.0)
    np.testing.assert_allclose(found.positions, given.positions, atol=1e-5)
    assert (found.rotations is None) == (unknown in ("of one joint", "all"))


def test_a_bow_stays_in_the_hand() -> None:
    """Between frames the hand turns as slerp has it; the bow must go with it."""
    import plugins.ik
    from plugins.a2m.generator import A2M

    steps: list[Any] = []
    plugins.ik.register_post_steps(steps.append)
    steps[0].load("cpu")
    player = A2M()
    player.load("cpu")
    playing = JobContext(fps=30.0)
    tune = Audio(clicks(np.arange(0.0, 4.0, 0.4), 4.0).samples, 22050)
    given = steps[0].apply(player.generate(tune, player.Options(), playing), steps[0].Options(), playing)

    def held(motion: Motion) -> np.ndarray:
        assert motion.rotations is not None
        world = motion.skeleton.world_rotations(motion.rotations.astype(float))[:, motion.skeleton.index("right_hand")]
        return rot.rotate(rot.conjugate(world), motion.joint("bow_frog") - motion.joint("right_hand").astype(float))

    between = played(given, given.times + 0.5 / given.fps)
    apart = np.linalg.norm(held(between)[:-1] - 0.5 * (held(given)[:-1] + held(given)[1:]), axis=1)
    assert np.percentile(apart, 95) < 0.001


def test_on_the_command_line(tmp_path: Path) -> None:
    import soundfile

    sound = clicks(BEATS, SECONDS)
    soundfile.write(tmp_path / "music.wav", sound.samples, sound.sample_rate)
    (tmp_path / "dance.motion.npz").write_bytes(drifting().to_bytes())
    asked = ["refine", str(tmp_path / "dance.motion.npz"), "--audio", str(tmp_path / "music.wav")]
    out = tmp_path / "onbeat.motion.npz"
    done = CliRunner().invoke(app, [*asked, "--corrector", "beat-align", "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert "now" in done.output
    assert on(Motion.from_bytes(out.read_bytes())) > 0.9
