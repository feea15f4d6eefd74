# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What MoMu is measured by: on dances, sounds and strokes of which it is known what should come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plugins.api import Audio, Constraint, Motion, Skeleton
from plugins.api.log_mel import FPS
from tests.beating_dances import RATE, clicks, dance, swinging, with_places
from tests.conftest import SHARED
from tests.styled_dances import write_dances
from training.datasets import music_to_dance
from training.datasets.dances import DanceError
from training.datasets.music_to_dance import SKELETON
from training.metrics import event_f1
from training.momu import beats, distances, facing
from training.momu.dance_clips import clip_of, fold_of, folds, resampled
from training.momu.judge_players import Played
from training.momu.playing import Kept, keeping
from training.momu.set_to_music import on_the_beat, shifted, to_the_beat

REAL = SHARED / "music-to-dance"
PERIODS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75)


# Dances as they are read


def test_few_poses_a_second_keep_their_beats_in_place() -> None:
    fine = swinging(12.0, 0.6)
    poses = Motion(SKELETON, 40.0 / 7.0, fine[::7])
    smooth = resampled(poses)
    assert np.abs(smooth - fine[: len(smooth)]).max() < 0.03
    np.testing.assert_allclose(smooth[::7], fine[::7][: len(smooth[::7])], atol=1e-5)
    truth = np.arange(0.6, len(smooth) / FPS - 0.1, 0.6)
    assert event_f1(truth, beats.dance_beats(smooth), 0.05) > 0.95
    at = np.arange(len(smooth)) / 7.0
    low = at.astype(int)
    part = (at - low)[:, None, None]
    straight = poses.positions[low] * (1 - part) + poses.positions[np.minimum(low + 1, len(poses) - 1)] * part

    def off(places: np.ndarray) -> float:
        return float(np.abs(beats.dance_beats(places)[: len(truth)] - truth).mean())

    # What the splines are there for.
    assert off(smooth) < 0.013
    assert off(straight) > 1.5 * off(smooth)
    assert distances.acceleration(straight).max() > 2.0 * distances.acceleration(smooth).max()


def test_a_clip_is_as_long_as_both_motion_and_sound(tmp_path: Path) -> None:
    for given in music_to_dance.read_dances(write_dances(tmp_path)):
        clip = clip_of(given)
        assert len(clip.places) == len(clip.heard)
        assert clip.audio.duration == pytest.approx(clip.seconds, abs=1e-3)
        assert given.motion.duration - 1.5 / given.motion.fps < clip.seconds <= given.motion.duration
        assert clip.places.dtype == clip.heard.dtype == np.float32
        np.testing.assert_allclose(clip.places[0], given.motion.positions[0], atol=1e-6)


def test_folds_keep_pieces_together_and_share_out_classes() -> None:
    clips = [dance(f"{label}{i}", seconds=2.0, label=label) for label in ("waltz", "tango") for i in range(5)]
    twice = [*clips, with_places(clips[0], clips[0].places)]
    dealt = folds(twice, 4, seed=3)
    assert sorted(piece for fold in dealt for piece in fold) == sorted(clip.piece for clip in clips)
    assert all(sum(piece.startswith("tango") for piece in fold) >= 1 for fold in dealt)
    assert fold_of(twice, 4, 3)[clips[0].piece] == next(i for i, fold in enumerate(dealt) if clips[0].piece in fold)
    assert folds(clips, 4, seed=3) != folds(clips, 4, seed=4)
    with pytest.raises(DanceError, match="fewer than 6 folds"):
        folds(clips, 6)


# Time


def test_a_dance_on_the_beat_is_told_from_one_beside_it() -> None:
    on, beside = dance("a"), dance("a", late=0.3)
    heard = beats.listen(on.audio)
    assert event_f1(np.arange(0.3, 20.0, 0.6), heard.beats, 0.05) > 0.9
    good, bad = (beats.timing(beats.dance_beats(clip.places), heard, clip.seconds) for clip in (on, beside))
    for name in ("f_50", "f_100", "alignment", "alignment_music"):
        assert good[name] > 0.7, name
        assert bad[name] < 0.1, name
    assert good["rate"] == pytest.approx(1.0 / 0.6, rel=0.05)


def test_who_hardly_moves_gains_nothing_by_moving_on_the_beat() -> None:
    heard = beats.Heard(np.arange(0.5, 20.0, 0.5), np.ones(20, dtype=bool))
    once = beats.timing(np.array([5.0]), heard, 20.0)
    assert once["alignment"] == pytest.approx(1.0)
    assert once["alignment_music"] < 0.05
    assert once["f_100"] == pytest.approx(2 / 40, abs=1e-3)
    never = beats.timing(np.empty(0), heard, 20.0)
    assert never["alignment"] == never["f_100"] == never["hit"] == 0.0


def test_tolerances_are_in_seconds() -> None:
    heard = beats.Heard(np.arange(1.0, 10.0), np.ones(10, dtype=bool))
    late = beats.timing(np.arange(1.0, 10.0) + 0.07, heard, 10.0)
    assert (late["f_50"], late["f_100"]) == (0.0, 1.0)
    assert late["alignment"] == pytest.approx(np.exp(-(0.07**2) / (2 * 0.05**2)), rel=1e-6)


def test_loris_by_hand() -> None:
    reference = beats.whole_seconds([0.2, 0.9, 2.5, 3.999], 4.5)
    assert reference.tolist() == [True, False, True, True, False]
    made = beats.whole_seconds([0.5, 1.5, 9.0], 4.0)
    assert made.tolist() == [True, True, False, False]
    assert beats.coverage(reference, made) == (pytest.approx(1 / 2), pytest.approx(1 / 3))
    assert beats.coverage(reference, np.zeros(5, dtype=bool)) == (0.0, 0.0)
    found = beats.loris([0.5, 1.0], [0.25, 0.75], np.array([[1.0, 1.0], [2.0, 0.0]]))
    expected = {"BCS": 0.75, "CSD": np.std([0.5, 1.0], ddof=1), "BHS": 0.5, "HSD": np.std([0.25, 0.75], ddof=1)}
    for name, value in {**expected, "F1": 2 * 0.75 * 0.5 / 1.25}.items():
        assert found[name][0] == pytest.approx(value), name
    assert found["CSD"][1] == pytest.approx(0.0)
    assert found["F1"][1] == pytest.approx(2 * 0.5 * 0.25 / 0.75)


def test_loris_hears_the_seconds_that_have_a_click() -> None:
    times = np.array([0.5, 2.3, 2.8, 5.4, 7.5])
    found = beats.whole_seconds(beats.onsets(clicks(times, 9.0)), 9.0)
    assert found.tolist() == [True, False, True, False, False, True, False, True, False]
    loud = Audio(np.repeat(clicks(times, 9.0).samples, 2), 2 * RATE)
    assert beats.whole_seconds(beats.onsets(loud), 9.0).tolist() == found.tolist()


def test_a_dance_is_moved_to_the_beat() -> None:
    late = dance("a", late=0.2)
    times = np.arange(0.3, 20.0, 0.6)
    moved, seconds = to_the_beat(late, times)
    assert seconds == pytest.approx(-0.2, abs=0.03)
    assert len(moved.places) == len(moved.heard) == len(late) + round(seconds * FPS)
    assert event_f1(times, beats.dance_beats(moved.places), 0.05) > 0.9
    early, _ = to_the_beat(dance("a", late=-0.2), times)
    heard = beats.music_beats(early.audio)  # here the sound has lost its beginning
    assert event_f1(heard, beats.dance_beats(early.places), 0.05) > 0.85
    np.testing.assert_allclose(early.heard, late.heard[8:], atol=1e-6)


def test_a_dance_that_drifts_is_hurried_and_held_back() -> None:
    """Its own beats are 0.65 s apart, the music's 0.6: in and out of time every eight seconds."""
    drifting = with_places(dance("a"), swinging(20.0, 0.65, 0.3))
    times = np.arange(0.3, 20.0, 0.6)
    before, after = (
        event_f1(times, beats.dance_beats(c.places), 0.05) for c in (drifting, on_the_beat(drifting, times))
    )
    assert before < 0.3
    assert after > 2.0 * before
    moved = on_the_beat(drifting, times)
    assert moved.places.shape == drifting.places.shape
    assert moved.heard is drifting.heard
    # It is where it was, only at other times.
    far = np.linalg.norm(moved.places[:, None, 5] - drifting.places[None, :, 5], axis=-1).min(axis=1)
    assert far.max() < 0.05
    alone = on_the_beat(drifting, np.empty(0))
    np.testing.assert_allclose(alone.places, drifting.places, atol=1e-5)


def test_a_dance_is_moved_no_farther_than_it_is_long() -> None:
    with pytest.raises(ValueError, match="cannot be moved"):
        shifted(dance("a", seconds=1.0), 39)


def test_bars_are_kept_wherever_they_begin() -> None:
    times = np.arange(0.0, 60.0, 0.5)
    once_a_bar = swinging(60.0, 1.5, first=0.37)
    assert beats.bar_lock(once_a_bar, times, 3.0) > 0.9
    assert abs(beats.bar_lock(swinging(60.0, 1.37), times, 3.0)) < 0.05
    assert beats.bar_lock(np.repeat(once_a_bar[:1], 100, axis=0), times, 3.0) == 0.0


# Likeness


def test_a_dance_comes_apart_and_together_again() -> None:
    given = walked(swinging(10.0, 0.6))
    own, travel = facing.apart(given, SKELETON)
    back = facing.together(own, travel)
    start = facing.heading(given, SKELETON)[0]
    placed = facing.turned(back, np.full(len(back), start)) + [*given[0, 0, :2], 0.0]
    np.testing.assert_allclose(placed, given, atol=1e-4)
    ahead = with_speed(np.zeros((80, 3)) - [0.0, 0.5, 0.0])
    assert facing.apart(ahead, SKELETON)[1][:-1].mean(axis=0) == pytest.approx([0.5, 0.0, 0.0], abs=1e-3)


def walked(places: np.ndarray, speed: float = 0.4, turning: float = 0.7) -> np.ndarray:
    """The same by who walks and turns."""
    times = np.arange(len(places)) / FPS
    there = np.stack([speed * times + 2.0, 0.3 * speed * times - 1.0, 0.0 * times], axis=-1)[:, None]
    return np.asarray(facing.turned(places, turning * times) + there, dtype=np.float32)


def with_speed(speed: np.ndarray) -> np.ndarray:
    """Somebody stiff that is carried at (T, 3) metres a second."""
    still = swinging(len(speed) / FPS, 0.6, size=0.0)
    return np.asarray(still + (np.cumsum(speed, axis=0) / FPS)[:, None], dtype=np.float32)


def test_where_in_the_room_a_dance_is_changes_no_figure() -> None:
    given = walked(swinging(12.0, 0.6))
    elsewhere = facing.turned(given, np.full(len(given), 1.9)) + [3.0, -2.0, 0.0]
    for of in (distances.kinetic, distances.geometric):
        np.testing.assert_allclose(of(elsewhere, SKELETON), of(given, SKELETON), atol=2e-3)
        assert len(of(given, SKELETON)) == 5
    assert distances.kinetic(1.5 * given, SKELETON)[0].mean() > 1.2 * distances.kinetic(given, SKELETON)[0].mean()


def test_diversity_pairs_different_dances() -> None:
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(count, 5)) for count in (3, 1, 4)]
    found = distances.between(rows)
    assert found[0, 2] == pytest.approx(np.mean([np.linalg.norm(a - b) for a in rows[0] for b in rows[2]]))
    assert np.all(np.diag(found) == 0.0)
    weights = np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 0.0]])
    means = distances.mean_between(found, weights)
    assert means == pytest.approx([(found[0, 1] + found[0, 2] + found[1, 2]) / 3, found[0, 1]])


def test_speeds_that_are_not_there_diverge() -> None:
    real, fast = swinging(10.0, 0.6), swinging(10.0, 0.6, size=0.4)
    assert distances.speed_divergence(real, real) == pytest.approx(0.0, abs=1e-12)
    small, large = (distances.speed_divergence(real, swinging(10.0, 0.6, size=s)) for s in (0.12, 0.4))
    assert 0.0 < small < large
    assert distances.speed_divergence(real, fast) == pytest.approx(large)


def test_feet_slide_on_the_floor_only() -> None:
    stands = with_speed(np.zeros((100, 3)))
    slides = with_speed(np.tile([0.3, 0.0, 0.0], (100, 1)))
    feet = distances.feet_of(SKELETON)
    assert {SKELETON.joints[i] for i in feet} == {f"{s}_{p}" for s in ("left", "right") for p in ("toes", "heel")}
    assert distances.foot_skating(stands, SKELETON) == 0.0
    assert distances.foot_skating(slides, SKELETON) == pytest.approx(0.3, rel=1e-3)
    one_lifted = slides.copy()
    lifted = [i for i in feet if SKELETON.joints[i].startswith("left")]
    one_lifted[:, lifted, 2] += 0.2
    assert distances.foot_skating(one_lifted, SKELETON) == pytest.approx(0.15, rel=1e-3)
    assert distances.bone_drift(slides, SKELETON) == pytest.approx(0.0, abs=1e-6)
    assert distances.bone_drift(swinging(5.0, 0.6), SKELETON) > 0.02


def test_seams_and_kept_poses_are_seen() -> None:
    smooth = swinging(10.0, 2.0)
    kept = np.zeros(400, dtype=bool)
    kept[100:200] = True
    near = distances.borders(kept)
    assert np.nonzero(near)[0].tolist() == [*range(96, 104), *range(196, 204)]
    assert not distances.borders(np.ones(9, dtype=bool)).any()
    assert distances.seam_ratio(smooth, near) < 1.6
    jumped = smooth.copy()
    jumped[200:] += 0.02
    assert distances.seam_ratio(jumped, near) > 5.0
    assert np.isnan(distances.seam_ratio(smooth, np.zeros(400, dtype=bool)))
    assert distances.kept_error(smooth, jumped, kept) == 0.0
    assert distances.kept_error(smooth, jumped, ~kept) == pytest.approx(0.02 * np.sqrt(3.0), rel=1e-4)
    joints = np.zeros((400, len(SKELETON)), dtype=bool)
    joints[250, 3] = True
    assert distances.kept_error(smooth, jumped, joints) == pytest.approx(0.02 * np.sqrt(3.0), rel=1e-4)


def test_a_seam_is_told_from_what_there_is_to_play() -> None:
    """Both takes hurry in the same second: who keeps a part of one in the other hurries there too, without a seam."""
    skeleton = Skeleton.build("point", [("hips", None, (0.0, 0.0, 1.0), "body"), ("head", "hips", (0, 0, 0.6), "body")])
    times = np.arange(400) / FPS
    hurried = np.exp(-(((times - 5.0) / 0.5) ** 2))

    def take(seed: int) -> Motion:
        places = np.repeat(skeleton.rest_positions[None], len(times), axis=0).astype(np.float64)
        moved = 0.02 * np.sin(3.0 * times + seed) + hurried * 0.05 * np.sin(12.0 * times + seed)
        places[:, :, 0] += moved[:, None]
        return Motion(skeleton, float(FPS), places, np.tile([1.0, 0.0, 0.0, 0.0], (len(times), 2, 1)))

    def kept_by(fade: float) -> Kept:
        def play(one: object, seed: int, constraints: Sequence[Constraint] = ()) -> Motion:
            if not constraints:
                return take(seed)
            away = np.clip(np.abs(times - 6.0) - 1.0, 0.0, None) / fade
            own = 0.5 + 0.5 * np.cos(np.pi * np.minimum(away, 1.0))[:, None, None]
            return replace(take(12), positions=own * take(11).positions + (1.0 - own) * take(12).positions)

        return keeping(play, Played("one", "piece", Audio(np.zeros(8), 8), None, np.empty(0)), [(5.0, 7.0)])

    gentle, sudden = kept_by(1.0), kept_by(0.01)
    assert gentle.millimetres == pytest.approx(0.0, abs=1e-3)
    assert gentle.seam > 1.5  # the music, not a seam: without anything kept it is as much
    assert gentle.free_seam > 1.5
    assert gentle.same_frames < 1.3
    assert sudden.same_frames > 2.0 * gentle.same_frames
