# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Who is compared with MoMu, and who judges: on dances, sounds and strokes of which it is known what comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plugins.api import Audio, Motion, Skeleton
from plugins.api.log_mel import FPS, log_mel
from tests.beating_dances import RATE, clicks, dance, swinging
from tests.conftest import SHARED
from training.datasets import music_to_dance
from training.datasets.music_to_dance import SKELETON
from training.metrics import event_f1
from training.momu import beats, judge_dances, judge_players
from training.momu.baselines import AnotherPiece, NearestCopy, cut_to, likeness, others, real_dance
from training.momu.dance_clips import DanceClip, clip_of, fold_of
from training.momu.judged import Judged, another
from training.momu.regression import MODEL, RegressionConfig, train_regression
from training.report.bootstrap import draws

REAL = SHARED / "music-to-dance"
PERIODS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75)


@pytest.fixture(scope="module")
def dances() -> list[DanceClip]:
    """Six dances on the beat, each to its own tempo."""
    return [dance(f"piece {i}", period) for i, period in enumerate(PERIODS)]


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
