# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The figures of the report: bootstrap, beats, accelerations, contact, folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plugins.api import violin
from plugins.api.grip import fit_grip
from plugins.api.prediction import Prediction
from plugins.beat_align.timing import motion_beats
from tests.a2m_clips import write_clips
from tests.test_train_a2m import config
from training.a2m_clips import Clips
from training.a2m_config import TrainConfig
from training.config_files import checked
from training.datasets.markers import JOINTS
from training.folds import FOLDS, random_folds, training_windows, validation_windows
from training.metrics import motion_distances
from training.report.acceleration import accelerations, at_seams, classes, seam_ratio, statistics
from training.report.bootstrap import Estimate, Moments, Pairs, draws, estimate, frechet, mean
from training.report.contact import contact
from training.report.measuring import Entry, Scales
from training.report.music import Music, beat_alignment, bow_f1, music_of, said_turns


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips.open(write_clips(tmp_path_factory.mktemp("clips")), "violin")


def recordings(seed: int, shift: float = 0.0) -> list[list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [[rng.normal(shift, 0.1, (40, 6)).cumsum(axis=0) / 5 for _ in range(n)] for n in (3, 2, 4)]


def test_figures_of_all_recordings_are_those_of_the_metrics() -> None:
    real, made = recordings(0), recordings(1, 0.05)
    flat_real, flat_made = ([clip for of_one in x for clip in of_one] for x in (real, made))
    scales = Scales(flat_real, (3, 3))
    entries = [Entry(name, [], *scales.sides(x), np.empty(0)) for name, x in (("real", real), ("made", made))]
    found = entries[1].distances(entries[0], draws([True] * 3))
    expected = motion_distances(flat_real, flat_made, (3, 3))
    for key, value in (("FD_g", "fd_g"), ("FD_k", "fd_k"), ("ED_g", "ed_g"), ("ED_k", "ed_k")):
        assert found[key][0] == pytest.approx(getattr(expected, value), rel=1e-4)
        assert np.isfinite(found[key]).all()
        assert np.ptp(found[key]) > 0.0


def test_a_resample_is_what_it_is_drawn_from() -> None:
    real, made = recordings(0), recordings(1, 0.05)
    weights = np.array([[2.0, 0.0, 1.0]])
    by_hand = [[*x[0], *x[0], *x[2]] for x in (real, made)]
    once = (Moments.of([x]) for x in by_hand)
    drawn = frechet(Moments.of(real), Moments.of(made), weights)
    np.testing.assert_allclose(drawn, frechet(*once, np.ones((1, 1))), rtol=1e-9)
    pairs = Pairs.of(made)
    # Of a recording that was drawn twice, a clip is not compared with itself.
    every = np.repeat(np.arange(9), [2] * 3 + [0] * 2 + [1] * 4)
    unlike = [(i, j) for i in every for j in every if i != j]
    by_hand_ed = np.mean([pairs.distances[i, j] for i, j in unlike])
    total = len(every) ** 2 - np.sum(np.bincount(every) ** 2)
    assert len(unlike) == total
    assert pairs.mean(weights)[0] == pytest.approx(by_hand_ed)


def test_means_and_intervals() -> None:
    found = estimate(mean([0.5, 0.7, 0.9, 0.7], draws([True] * 4)))
    assert found.value == pytest.approx(0.7)
    assert 0.5 < found.low < found.value < found.high < 0.9
    assert estimate(mean([0.5, np.nan, 0.9], draws([True] * 3))).value == pytest.approx(0.7)
    group = draws([False, True, True])
    assert (group[:, 0] == 0).all()
    assert (group.sum(axis=1) == 2).all()
    assert Estimate(0.5, 0.4, 0.6).text(2) == "0.50 (0.40 to 0.60)"
    assert Estimate(0.5, 0.5, 0.5).text(1) == "0.5"


def test_beats_of_a_motion_are_where_it_rests() -> None:
    times = np.arange(400) / 40
    # Still at every whole second.
    place = np.stack([-np.cos(np.pi * times), 0 * times, 0 * times], axis=-1)
    beats = motion_beats(np.stack([place, 2 * place], axis=1), 40.0)
    np.testing.assert_allclose(beats, np.arange(1, 10), atol=0.03)
    assert beat_alignment(beats, np.arange(10.0)) > 0.9
    assert beat_alignment(beats, np.arange(10.0) + 0.05) == pytest.approx(np.exp(-0.5), abs=0.15)
    assert beat_alignment(beats, np.arange(10.0) + 0.5) < 0.01
    assert np.isnan(beat_alignment(beats, np.empty(0)))


def test_what_the_music_asks_is_read_off_the_clips(clips: Clips, tmp_path: Path) -> None:
    (recording,) = clips.split("test_piece")
    score = np.array(clips.score[recording.rows])
    score[:, 1] = 0.0
    score[100:105, 1] = score[200:205, 1] = 1.0
    score[:, 6] = 0.0
    score[50:60, 6] = 0.5
    whole = np.array(clips.score)
    whole[recording.rows] = score
    changed = Clips(clips.folder, clips.recordings, clips.audio, whole, clips.joints, "")
    music = music_of(changed, recording)
    np.testing.assert_allclose(music.beats, [102 / 40, 202 / 40])
    assert np.nonzero(music.sounding)[0].tolist() == list(range(50, 60))
    assert music.turns is not None
    assert len(music.turns) > 10


def test_turns_are_read_off_points_where_no_strokes_are_said(clips: Clips) -> None:
    (recording,) = clips.split("test_piece")
    joints = np.asarray(clips.joints[recording.rows], dtype=float)
    points = {name: joints[:, JOINTS.index(name)] for name in ("bow_tip", "right_index_proximal", "neck")}
    music = music_of(clips, recording)
    assert music.turns is not None
    f1, _ = bow_f1(said_turns(None, points), music, music)
    assert f1 > 0.9
    late = Music(music.seconds, music.turns + 0.1, music.beats, music.sounding)
    f1, chance = bow_f1(said_turns(clips.hair(recording), points), music, late)
    assert f1 == pytest.approx(1.0)
    assert chance < 0.1


def test_accelerations() -> None:
    times = np.arange(800) / 40
    circle = np.stack([np.cos(4 * times), np.sin(4 * times), 0 * times], axis=-1)
    points = {"left_hand": 0.5 * circle, "right_hand": 0.25 * circle, "head": 0 * circle}
    found = statistics(points)
    # A circle's: radius times the square of the angle a second.
    assert found["hands_mean"] == pytest.approx(0.375 * 16, rel=0.01)
    assert found["hands_95"] == pytest.approx(0.375 * 16, rel=0.01)
    assert found["head_95"] == 0.0
    assert classes(points).sum() == 798
    assert seam_ratio(points, 160) == pytest.approx(1.0, abs=0.01)
    assert np.isnan(seam_ratio(points, 1000))
    jerky = np.where(at_seams(800, 160)[:, None], 0.01 * (np.arange(798) % 2)[:, None], 0.0)
    shaken = points | {"left_hand": points["left_hand"] + np.pad(jerky, ((1, 1), (0, 0)))}
    assert seam_ratio(shaken, 160) > 2.0
    assert accelerations({"neck": circle}) == {}


def test_windows_meet_where_they_overlap() -> None:
    seam = at_seams(400, 160)
    # Windows begin at 0, 120 and 240; each shares 40 frames with the next.
    assert np.nonzero(seam)[0].tolist() == [*range(119, 159), *range(239, 279)]
    assert not at_seams(160, 160).any()


def test_a_bow_is_on_its_string_and_one_that_is_too_far_leaves_the_hand_behind() -> None:
    rest = {
        "bow_frog": (-0.06, -0.36, 0.46),
        "bow_tip": (0.42, -0.03, 0.71),
        "violin_end": (0.05, -0.07, 0.5),
        "violin_scroll": (0.36, -0.57, 0.54),
        "left_hand": (0.23, -0.38, 0.46),
        "left_index_proximal": (0.23, -0.45, 0.51),
        "left_lower_arm": (0.19, -0.25, 0.23),
        "neck": (0.0, 0.01, 0.49),
        "head": (0.02, -0.01, 0.58),
    }
    points = {joint: np.tile(np.array(place), (20, 1)) for joint, place in rest.items()}
    hair = np.linspace(0.2, 0.3, 20)
    held = np.array([[-0.34, -0.27, 0.39], [-0.14, -0.34, 0.53], [-0.05, -0.35, 0.54]])
    grip = fit_grip(points["bow_frog"], points["bow_tip"], hair, np.tile(held, (20, 1, 1)))
    sounding = np.ones(20, dtype=bool)
    near = contact(Prediction(points, hair), grip, sounding)
    assert near["hair_most"] < 1e-4
    assert near["hand_95"] < 0.01
    far = contact(Prediction(points, hair - violin.HAIR_LENGTH - 0.5), grip, sounding)
    assert far["hand_95"] > 0.1
    assert far["hair_most"] > 0.05


def test_folds_hold_out_every_window_once_and_are_the_seeds(clips: Clips, tmp_path: Path) -> None:
    runs = [checked(TrainConfig, config(clips.folder, tmp_path, fold=k), "test") for k in range(FOLDS)]
    every = np.sort(np.concatenate([clips.windows(s, 64, 16) for s in ("train", "valid", "test_piece")]))
    held = [validation_windows(clips, run) for run in runs]
    np.testing.assert_array_equal(np.sort(np.concatenate(held)), every)
    for run, out in zip(runs, held, strict=True):
        trained = training_windows(clips, run)
        assert not set(trained) & set(out)
        np.testing.assert_array_equal(np.sort(np.concatenate([trained, out])), every)
    again, other = (random_folds(clips, 64, 16, seed) for seed in (0, 1))
    np.testing.assert_array_equal(again[2], held[2])
    assert not np.array_equal(other[2], held[2])
    honest = checked(TrainConfig, config(clips.folder, tmp_path), "test")
    assert set(training_windows(clips, honest)) == set(clips.windows("train", 64, 16))
