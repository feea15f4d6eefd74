# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What MoMu is measured by: on dances, sounds and strokes of which it is known what should come out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plugins.api import Audio, Motion, Skeleton
from plugins.api.log_mel import FPS, log_mel
from tests.beating_dances import RATE, clicks, dance, swinging, with_places
from tests.conftest import SHARED
from tests.styled_dances import write_dances
from training.datasets import music_to_dance
from training.datasets.dances import DanceError
from training.datasets.music_to_dance import SKELETON
from training.metrics import event_f1
from training.momu import beats, distances, facing, judge_dances, judge_players
from training.momu.baselines import AnotherPiece, NearestCopy, cut_to, likeness, others, real_dance
from training.momu.dance_clips import DanceClip, clip_of, fold_of, folds, resampled
from training.momu.judged import Judged, another
from training.momu.regression import MODEL, RegressionConfig, train_regression
from training.momu.set_to_music import FASTEST, anchors, on_the_beat, shifted, to_the_beat
from training.report.bootstrap import draws

REAL = SHARED / "music-to-dance"
PERIODS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75)


@pytest.fixture(scope="module")
def dances() -> list[DanceClip]:
    """Six dances on the beat, each to its own tempo."""
    return [dance(f"piece {i}", period) for i, period in enumerate(PERIODS)]


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


def test_no_moment_is_hurried_too_much() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        danced, heard = (np.sort(rng.uniform(0.0, 10.0, 18)) for _ in range(2))
        then, now = anchors(danced, heard, 10.0)
        assert (then[0], now[0], then[-1], now[-1]) == (0.0, 0.0, 10.0, 10.0)
        pace = np.diff(then) / np.diff(now)
        assert pace.min() >= 1.0 / FASTEST - 1e-9
        assert pace.max() <= FASTEST + 1e-9
    then, now = anchors(np.array([1.0, 2.05, 3.0]), np.array([1.1, 2.0, 3.0]), 4.0)
    assert then.tolist() == [0.0, 1.0, 2.05, 3.0, 4.0]
    assert now.tolist() == [0.0, 1.1, 2.0, 3.0, 4.0]
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


# Those to compare with


def test_nobody_copies_what_is_held_out(dances: list[DanceClip]) -> None:
    known = others(dances, 3)
    held_out = fold_of(dances, 3)
    for fold, clips in enumerate(known):
        assert {clip.piece for clip in clips} == {piece for piece, at in held_out.items() if at != fold}


def test_another_dance_is_copied_whole_and_over_again(dances: list[DanceClip]) -> None:
    known, clip = others(dances, 3), dances[0]
    fold = fold_of(dances, 3)[clip.piece]
    dancer = AnotherPiece(known)
    made = [dancer(clip, fold, seed) for seed in range(6)]
    assert all(places.shape == clip.places.shape for places in made)
    np.testing.assert_array_equal(made[0], dancer(clip, fold, 0))
    assert any(not np.array_equal(made[0], other) for other in made[1:])
    rates = {round(len(beats.dance_beats(places)) / 20.0, 1) for places in made}
    assert rates <= {round(len(beats.dance_beats(c.places)) / 20.0, 1) for c in known[fold]}
    short = dance("short", seconds=3.0)
    for length in (1, 50, 119, 120, 121, 500):
        again = cut_to(short, 7, length)
        assert len(again) == length
        assert np.abs(np.diff(again, axis=0)).max(initial=0.0) < 0.06


def test_only_its_own_class_is_copied() -> None:
    clips = [
        dance(f"{label}{i}", period, 6.0, label) for label, period in (("waltz", 0.5), ("tango", 0.9)) for i in (0, 1)
    ]
    known = others(clips, 2)
    for clip in clips:
        made = AnotherPiece(known, same_class=True)(clip, fold_of(clips, 2)[clip.piece], 0)
        own = beats.dance_beats(clip.places)
        assert abs(len(beats.dance_beats(made)) - len(own)) <= 1


def test_the_nearest_sound_gives_its_dance() -> None:
    rng = np.random.default_rng(5)
    rhythms = [np.sort(rng.uniform(0.0, 16.0, 30)) for _ in range(3)]
    clips = []
    for i, times in enumerate(rhythms):
        audio = clicks(times, 16.0, seed=i)
        heard = log_mel(audio.samples, RATE)
        clips.append(DanceClip(f"{i}", "waltz", f"{i}", swinging(16.0, 0.4 + 0.2 * i), heard, audio, SKELETON))
    # The same rhythm with another hiss, a second and a half later.
    sound = clicks(rhythms[1][rhythms[1] > 1.5] - 1.5, 14.0, seed=9)
    places = swinging(14.0, 0.5)
    asked = DanceClip("asked", "waltz", "asked", places, log_mel(sound.samples, RATE), sound, SKELETON)
    made = NearestCopy([clips])(asked, 0, 0)
    assert made.shape == places.shape
    assert event_f1(beats.dance_beats(clips[1].places[60:620]), beats.dance_beats(made), 0.05) > 0.9
    at = likeness(clips[1].heard[100:200].astype(float), clips[1].heard.astype(float))
    assert int(np.argmax(at)) == 100
    assert at.max() == pytest.approx(1.0)


def test_the_regression_learns_what_the_sound_tells() -> None:
    """Two sounds, two postures: only who listens can tell which."""
    clips = []
    for name, hertz, high in (("low", 200.0, 0.0), ("high", 2000.0, 0.5)):
        tone = (0.3 * np.sin(2 * np.pi * hertz * np.arange(RATE * 8) / RATE)).astype(np.float32)
        places = swinging(8.0, 0.6, size=0.02) + np.float32([0.0, 0.0, high])
        clips.append(DanceClip(name, "waltz", name, places, log_mel(tone, RATE), Audio(tone, RATE), SKELETON))
    blocks = {"audio_width": 16, "heads": 2, "feed_forward": 32, "main_blocks": 1, "branch_blocks": 1, "kernel": 3}
    small = RegressionConfig(60, batch=4, window=80, rate=5e-3, warm=5, model=MODEL.model_copy(update=blocks))
    losses: list[float] = []
    predict = train_regression(clips, small, lambda _, loss: losses.append(loss))
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    heights = [predict(clip.heard)[..., 2].mean() for clip in clips]
    assert heights[1] - heights[0] == pytest.approx(0.5, abs=0.1)
    for frames in (1, 79, 200, 320):
        made = predict(clips[0].heard[:frames])
        assert made.shape == (frames, len(SKELETON), 3)
        assert np.isfinite(made).all()
    np.testing.assert_array_equal(train_regression(clips, small)(clips[0].heard), predict(clips[0].heard))


# Judging


def test_who_is_in_time_wins_with_an_interval(
    dances: list[DanceClip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.report.bootstrap.RESAMPLES", 100)

    def on(clip: DanceClip, fold: int, seed: int) -> Any:
        return swinging(20.0, PERIODS[int(clip.name[-1])], 0.3, seed=seed)

    known = others(dances, 3)
    contestants = {"on": on, "copy": AnotherPiece(known), "again": real_dance}
    judged = judge_dances.judge(dances, contestants, seeds=(0, 1), count=3)
    ahead = judged.difference("on", "copy", "f_100")
    assert ahead.low > 0.2
    assert judged.estimate("on", "f_100").low > judged.estimate("on", "f_100_chance").high
    assert judged.estimate(judge_dances.REAL, "FID_k").value == pytest.approx(0.0, abs=1e-6)
    assert judged.estimate("again", "FID_g").value == pytest.approx(0.0, abs=0.01)  # twice as many windows
    assert judged.estimate("on", "FID_g").value > 0.1
    assert judged.estimate("again", "seeds").value == 0.0
    assert judged.estimate("on", "seeds").value > 0.01
    assert judged.values["beats anywhere"].keys() >= {"f_50", "f_100", "F1"}
    judged.save(tmp_path / "rows.json", differences=judged.differences("on", ("f_100", "FID_k")))
    held = json.loads((tmp_path / "rows.json").read_text())
    assert [row["name"] for row in held["rows"]][:4] == [judge_dances.REAL, "on", "copy", "again"]
    assert held["rows"][1]["figures"]["f_100"][0] == pytest.approx(judged.estimate("on", "f_100").value, abs=1e-6)
    (less,) = [row for row in held["differences"] if row["against"] == "copy"]
    assert less["figures"]["f_100"] == pytest.approx([ahead.value, ahead.low, ahead.high], abs=1e-6)
    page = "\n".join(judge_dances.tables(judged, "on"))
    assert page.count("| on |") == len(judge_dances.TABLES)
    assert "| on less |" in page
    widths = {line.count("|") for line in page.split("\n\n")[0].splitlines()}
    assert len(widths) == 1


def test_answers_that_cannot_be_measured_are_refused(dances: list[DanceClip]) -> None:
    clip = dances[0]
    with pytest.raises(ValueError, match=r"short: a dance for piece 0 must be"):
        judge_dances.checked(clip.places[:-1], clip, "short")
    with pytest.raises(ValueError, match="no numbers"):
        judge_dances.checked(np.where(np.arange(3) == 1, np.nan, clip.places), clip, "open")


def test_unrelated_music_is_of_another_piece() -> None:
    assert [another(["a", "a", "b"], i) for i in range(3)] == [2, 2, 0]
    assert another(["a", "a"], 0) == 0


def test_differences_are_of_the_same_recordings() -> None:
    """What is always a little more is surely more, however much recordings differ."""
    judged = Judged(tuple("abcdefgh"))
    values = np.linspace(0.0, 100.0, 8)
    judged.add("less", [{"figure": value} for value in values])
    judged.add("more", [{"figure": value + 1.0} for value in values])
    assert judged.estimate("less", "figure").high > judged.estimate("more", "figure").low
    found = judged.difference("more", "less", "figure")
    assert (found.low, found.high) == (pytest.approx(1.0), pytest.approx(1.0))
    assert judged.weights.shape == draws([True] * 8).shape


# Musicians

BOWED = Skeleton.build(
    "bowed",
    [
        ("hips", None, (0.0, 0.0, 0.0), "body"),
        *((f"bow_{end}", "hips", (0.0, 0.0, 0.0), "prop") for end in ("frog", "tip")),
    ]
    + [(f"bridge_{string}", "hips", (0.0, 0.0, 0.0), "prop") for string in "gdae"],
)


def bowing(turns: np.ndarray, seconds: float, start: float = 0.0, aside: float = 0.0) -> Motion:
    """A bow that goes to and fro at a third of a metre a second and turns at these times."""
    times = np.arange(round(seconds * FPS)) / FPS
    way = np.where(np.searchsorted(turns, times, side="right") % 2, -1.0, 1.0)
    along = np.concatenate([[0.0], np.cumsum(way[:-1])]) / FPS / 3.0
    positions = np.zeros((len(times), len(BOWED), 3), dtype=np.float32)
    positions[:, BOWED.index("bow_frog"), 0] = 0.2 - along
    positions[:, BOWED.index("bow_tip"), 0] = 0.85 - along
    positions[..., 1] += aside
    return Motion(BOWED, float(FPS), positions, start=start)


def test_bow_changes_and_takes_that_differ() -> None:
    rng = np.random.default_rng(2)
    turns = [np.cumsum(rng.uniform(0.3, 0.9, 20)) for _ in range(4)]
    silent = Audio(np.zeros(10 * RATE, dtype=np.float32), RATE)
    played = [judge_players.Played(f"{i}", f"{i}", silent, bowing(t, 10.0, start=3.0)) for i, t in enumerate(turns)]

    def good(one: judge_players.Played, seed: int) -> Motion:
        return bowing(turns[int(one.name)] + 0.03, 10.0, start=1.0, aside=0.01 * seed)

    def bad(one: judge_players.Played, seed: int) -> Motion:
        return bowing(turns[(int(one.name) + 1) % 4], 10.0, aside=0.001 * seed)

    judged = judge_players.judge_players(played, {"good": good, "bad": bad}, seeds=(0, 1))
    assert judged.estimate(judge_players.REAL, "bow").value == 1.0
    assert judged.estimate("good", "bow").value > 0.95
    assert judged.estimate("bad", "bow").value < 0.5
    assert judged.estimate("bad", "bow_chance").value > 0.95  # these are the other's turns
    assert judged.estimate("good", "seeds").value == pytest.approx(0.01, rel=1e-3)
    assert judged.ratio("good", "bad", "seeds").value == pytest.approx(10.0, rel=1e-3)
    told = judge_players.Played("told", "told", silent, turned=turns[0])
    assert told.turns is turns[0]
    with pytest.raises(ValueError, match="neither a motion"):
        _ = judge_players.Played("nothing", "nothing", silent).turns


def test_a_sound_that_fits_is_told_from_unrelated_music() -> None:
    rng = np.random.default_rng(4)
    times = [np.sort(rng.uniform(0.2, 11.8, 18)) for _ in range(6)]
    played = [judge_players.Played(f"{i}", f"{i}", clicks(t, 12.0, seed=i)) for i, t in enumerate(times)]

    def fits(one: judge_players.Played, seed: int) -> Audio:
        return clicks(times[int(one.name)] + 0.02, 12.0, seed=10 + seed)

    def hums(one: judge_players.Played, seed: int) -> Audio:
        return Audio((0.2 * np.sin(np.arange(12 * RATE) / 30.0)).astype(np.float32), RATE)

    judged = judge_players.judge_sounds(played, {"fits": fits, "hums": hums})
    chance = judged.estimate(judge_players.UNRELATED, "onset")
    assert judged.estimate("fits", "onset").low > max(chance.high, 0.85)
    assert judged.estimate(judge_players.REAL, "onset").value == 1.0
    assert judged.estimate("hums", "onset").value < chance.value
    assert judged.estimate("fits", "FAD").value < 0.2 * judged.estimate("hums", "FAD").value
    assert judged.estimate(judge_players.REAL, "FAD").value == pytest.approx(0.0, abs=1e-6)
    assert judge_players.onsets(Audio(np.zeros(RATE, dtype=np.float32), RATE)).size == 0


# Real dances


def test_a_real_waltz_keeps_its_bars() -> None:
    path = REAL / "DANCE_W_4.npz"
    if not path.exists():
        pytest.skip("the real dances (shared/data/music-to-dance) are not here")
    clip = clip_of(music_to_dance.read_dance(path))
    found = beats.music_beats(clip.audio)
    assert 60.0 / np.median(np.diff(found)) == pytest.approx(86.0, abs=4.0)
    assert beats.bar_lock(clip.places, found, 3.0) > 0.05 > beats.bar_lock(clip.places, found * 1.13, 3.0)
