# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The recommender of music for a dance: generated dances among generated tracks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plugins.api import Audio, Cancelled, ComponentError, JobContext, Motion, Recommendation, Skeleton
from plugins.api.testing import DescribedTracks
from plugins.api.testing import test_motion as still_motion
from plugins.mclemcd.agreement import Moved
from plugins.mclemcd.listening import listen, track
from plugins.mclemcd.movement import watch
from plugins.mclemcd.recommender import MusicForDance
from plugins.mclemcd.rhythm import RATES, levelled, salience, spectrum, uneven
from scripts.dancing import DANCER, RATE, beats_of, loudness_of, music, stepping

SECONDS = 60.0


@cache
def made(tempo: float, seed: int, metre: int = 4) -> tuple[np.ndarray, np.ndarray, Audio]:
    """Beats, how loud they are, and the sound of a track."""
    beats = beats_of(tempo, SECONDS, seed=seed)
    loud = loudness_of(len(beats), seed)
    return beats, loud, Audio(music(beats, loud, SECONDS, metre=metre, seed=seed), RATE)


@cache
def kept(tempo: float, seed: int, metre: int = 4) -> Mapping[str, Any]:
    return MusicForDance().describe(made(tempo, seed, metre)[2], MusicForDance.Options(), JobContext())


def library(tracks: Sequence[tuple[float, int, int]]) -> DescribedTracks:
    paths = [Path(f"{tempo:g}-{seed}-{metre}.wav") for tempo, seed, metre in tracks]
    return DescribedTracks(paths, np.full(len(paths), SECONDS), [kept(*each) for each in tracks])


def dance(
    tempo: float,
    seed: int,
    metre: int = 4,
    *,
    start: float = 12.0,
    seconds: float = 36.0,
    fps: float = 30.0,
    faster: float = 1.0,
) -> Motion:
    """Who steps on the beats of a track from ``start`` on, ``faster`` times as fast."""
    beats, loud, _ = made(tempo, seed, metre)
    inside = (beats > start - 1.0) & (beats < start + seconds * faster + 1.0)
    first = int(np.flatnonzero(inside)[0])
    steps = (beats[inside] - start) / faster
    # The first of a bar of the music is the first of a bar of the dance.
    skip = -first % metre
    return stepping(steps[skip:], 0.4 + 0.8 * loud[inside][skip:], fps, seconds=seconds, metre=metre, seed=seed)


def ask(motion: Motion, tracks: DescribedTracks, **options: Any) -> list[Recommendation]:
    return MusicForDance().recommend(motion, tracks, MusicForDance.Options(**options), JobContext())


TEMPI = [(tempo, i, 4) for i, tempo in enumerate((72.0, 84.0, 93.0, 104.0, 116.0, 127.0, 140.0))]


@pytest.mark.parametrize("which", [0, 3, 5])
@pytest.mark.parametrize("fps", [12.0, 30.0, 120.0])
def test_a_dance_finds_its_track_at_the_right_place(which: int, fps: float) -> None:
    tempo, seed, metre = TEMPI[which]
    best = ask(dance(tempo, seed, metre, fps=fps), library(TEMPI))[0]
    assert best.path.name == f"{tempo:g}-{seed}-4.wav"
    assert best.offset == pytest.approx(12.0, abs=60.0 / tempo)
    assert best.tempo_ratio == pytest.approx(1.0, abs=0.01)
    assert f"{tempo:.0f} beats a minute" in best.reason
    assert "at its own speed" in best.reason
    assert "beats fall together" in best.reason


def test_of_tracks_of_one_tempo_its_own_is_found_where_it_belongs() -> None:
    tracks = [(100.0, seed, 4) for seed in range(20, 28)]
    right, first = 0, 0
    for tempo, seed, metre in tracks:
        found = ask(dance(tempo, seed, metre), library(tracks))
        own = next(r for r in found if r.path.name == f"100-{seed}-4.wav")
        right += abs(own.offset - 12.0) < 0.6
        first += own in found[:3]
    assert right >= 7
    assert first >= 5


@pytest.mark.parametrize("faster", [0.95, 1.05])
def test_the_tempo_ratio_is_found_within_its_limit(faster: float) -> None:
    motion = dance(104.0, 3, faster=faster)
    (found,) = ask(motion, library([(104.0, 3, 4)]))
    assert found.tempo_ratio == pytest.approx(faster, abs=0.01)
    assert found.offset == pytest.approx(12.0, abs=0.6)
    assert "times as fast" in found.reason
    (limited,) = ask(motion, library([(104.0, 3, 4)]), tempo_change=0.02)
    assert limited.tempo_ratio == pytest.approx(1.0, abs=0.021)
    assert limited.score < found.score


def test_a_waltz_is_danced_to_a_waltz() -> None:
    tracks = library([(90.0, 30, 4), (90.0, 31, 3), (90.0, 32, 4)])
    waltz = dance(90.0, 33, 3)
    best = ask(waltz, tracks)[0]
    assert best.path.name == "90-31-3.wav"
    assert "in three" in best.reason
    assert ask(dance(90.0, 34, 4), tracks)[0].path.name != "90-31-3.wav"


def test_neither_the_start_nor_the_body_nor_its_size_nor_lengths_matter() -> None:
    tracks = library(TEMPI)
    motion = dance(93.0, 2)
    expected = [(r.path, r.offset) for r in ask(motion, tracks)]
    assert [(r.path, r.offset) for r in ask(replace(motion, start=7.0), tracks)] == expected
    other = replace(tracks, durations=np.linspace(1.0, 900.0, len(TEMPI)))
    assert [(r.path, r.offset) for r in ask(motion, other)] == expected
    rows = [(n, "a" if i else None, o, "body") for i, (n, o) in enumerate(zip("abcdef", DANCER.offsets, strict=True))]
    giant = Motion(Skeleton.build("letters", rows), motion.fps, 3.0 * motion.positions)
    assert ask(giant, tracks)[0].path == expected[0][0]


def test_a_motion_may_begin_before_the_track() -> None:
    beats, loud, _ = made(104.0, 3)
    inside = beats < 40.0
    late = stepping(beats[inside] + 5.0, 0.4 + 0.8 * loud[inside], 30.0, seconds=44.0)
    (found,) = ask(late, library([(104.0, 3, 4)]))
    assert found.offset == pytest.approx(-5.0, abs=0.6)


def test_joints_that_are_not_known_are_left_out() -> None:
    motion = dance(104.0, 3)
    positions = motion.positions.copy()
    positions[5:9, 2] = np.nan
    assert ask(replace(motion, positions=positions), library(TEMPI))[0].path.name == "104-3-4.wav"
    with pytest.raises(ComponentError, match="no joint of the motion is known"):
        ask(replace(motion, positions=positions * np.nan), library(TEMPI))


@pytest.mark.parametrize(
    ("motion", "words"),
    [
        (lambda: dance(104.0, 3).slice(0.0, 2 / 30), "too few to have a rhythm"),
        (lambda: still_motion(300), "keeps still"),
        (lambda: replace(dance(104.0, 3), fps=0.5).slice(0.0, 10.0), "too few"),
    ],
)
def test_a_motion_without_rhythm_is_told(motion: Any, words: str) -> None:
    with pytest.raises(ComponentError, match=words):
        ask(motion(), library(TEMPI))
    assert ask(motion(), library([])) == []


@pytest.mark.parametrize("seconds", [0.5, 2.0, 30.0])
@pytest.mark.parametrize("kind", ["hiss", "hum", "click", "steps"])
def test_sounds_without_a_beat_are_described_and_come_last(kind: str, seconds: float) -> None:
    t = np.arange(int(seconds * RATE)) / RATE
    chance = np.random.default_rng(0)
    sounds = {
        "hiss": 1e-3 * chance.normal(size=len(t)),
        "hum": 0.3 * np.sin(2 * np.pi * 50 * t),
        "click": (np.arange(len(t)) == 100) * 0.9,
        "steps": np.full(len(t), 0.5),
    }
    odd = MusicForDance().describe(Audio(sounds[kind].astype(np.float32), RATE), MusicForDance.Options(), JobContext())
    assert all(np.isfinite(array).all() for array in odd.values())
    assert {name: odd[name].shape for name in ("rhythm", "tempo")} == {
        name: kept(104.0, 3)[name].shape for name in ("rhythm", "tempo")
    }
    tracks = library([(104.0, 3, 4)])
    both = DescribedTracks([Path("odd.wav"), *tracks.paths], np.array([seconds, SECONDS]), [odd, *tracks.described])
    first, last = ask(dance(104.0, 3), both)
    assert first.path == tracks.paths[0]
    if kind == "hum":
        assert last.reason.startswith("no beat is heard, ")
        assert "beats" not in last.reason


def test_a_tone_comes_last_also_beside_music_that_hardly_fits() -> None:
    t = np.arange(6 * RATE) / RATE
    tone = Audio((0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32), RATE)
    odd = MusicForDance().describe(tone, MusicForDance.Options(), JobContext())
    tracks = library([(150.0, 5, 3)])
    both = DescribedTracks([Path("tone.wav"), *tracks.paths], np.array([6.0, SECONDS]), [odd, *tracks.described])
    assert [found.path.name for found in ask(dance(83.0, 3), both)][-1] == "tone.wav"


def test_a_track_that_is_over_before_the_motion_is_told() -> None:
    sound = made(104.0, 3)[2]
    short = Audio(sound.samples[: 20 * RATE], RATE)
    described = MusicForDance().describe(short, MusicForDance.Options(), JobContext())
    (found,) = ask(dance(104.0, 3), DescribedTracks([Path("short.wav")], np.array([20.0]), [described]))
    ends = re.search(r"it ends (\d+) s before the motion", found.reason)
    assert ends is not None
    assert float(ends[1]) > 1.0
    (whole,) = ask(dance(104.0, 3), library([(104.0, 3, 4)]))
    assert "before the motion" not in whole.reason


def test_the_answer_is_as_long_as_asked_and_can_be_cancelled() -> None:
    assert len(ask(dance(104.0, 3), library(TEMPI), count=3)) == 3
    with pytest.raises(Cancelled):
        MusicForDance().recommend(
            dance(104.0, 3), library(TEMPI), MusicForDance.Options(), JobContext(is_cancelled=lambda: True)
        )


@pytest.mark.parametrize(("tempo", "metre"), [(66.0, 4), (90.0, 3), (100.0, 4), (128.0, 4), (110.0, 3)])
def test_tempo_metre_and_beats_of_a_track(tempo: float, metre: int) -> None:
    beats = 0.4 + np.arange(int(50 * tempo / 60)) * 60.0 / tempo
    sound = Audio(music(beats, np.ones(len(beats)), 52.0, metre=metre), RATE)
    found = listen(sound, lambda: None)
    rate, _, three = found["tempo"][0]
    assert 60.0 * rate == pytest.approx(tempo, rel=0.005)
    assert (three > 0.5) == (metre == 3)
    assert found["rhythm"].sum() == pytest.approx(1.0, abs=1e-5)
    apart = np.abs(found["beats"][:, None] - beats).min(axis=1)
    assert np.median(apart) < 0.04
    assert len(found["beats"]) == pytest.approx(len(beats), abs=3)


def test_beats_go_on_where_one_is_silent() -> None:
    onset = np.zeros(400)
    onset[10::20] = 3.0
    onset[[110, 250]] = 0.0
    found = track(onset, 2.0, 40.0)
    assert np.array_equal(found, np.arange(10, 400, 20))


def test_agreement_finds_a_place_whatever_overlaps() -> None:
    chance = np.random.default_rng(0)
    long = chance.normal(size=2000)
    for first in (-40, 0, 700, 1850):
        part = chance.normal(size=300)
        low, high = max(first, 0), min(first + 300, 2000)
        part[low - first : high - first] = long[low:high]
        begins, found = Moved(long).along(Moved(part))
        assert begins + int(found.argmax()) == first
    _, none = Moved(long).along(Moved(chance.normal(size=300)))
    assert none.std() == pytest.approx(1.0, abs=0.1)
    _, flat = Moved(np.zeros(500)).along(Moved(long))
    assert np.array_equal(flat, np.zeros(len(flat)))


def test_what_is_the_same_in_every_bar_is_taken_away() -> None:
    chance = np.random.default_rng(1)
    times = np.arange(1200) / 20.0
    own = chance.normal(size=1200)
    both = uneven(own + 5.0 * np.cos(2 * np.pi * 2.0 * times), 20.0)
    power = spectrum(both[:, None], 20.0)[0]
    at = int(np.abs(RATES - 2.0).argmin())
    assert power[at] < 15.0 * np.median(power[(RATES > 1.0) & (RATES < 4.0)])
    assert np.array_equal(uneven(np.zeros(50), 20.0), np.zeros(50))


def test_a_rate_that_stands_out_is_salient() -> None:
    times = np.arange(1200) / 20.0
    curve = levelled((np.sin(2 * np.pi * 1.3 * times) + 0.1 * times)[:, None], 20.0, 8.0)
    found = salience(spectrum(curve, 20.0)[0], highest=30.0)
    assert RATES[found.argmax()] == pytest.approx(1.3, rel=0.01)
    assert not levelled(np.full((50, 2), 7.0), 20.0, 8.0).any()


def test_few_frames_a_second_are_enough_for_tempo_and_metre() -> None:
    movement = watch(dance(90.0, 31, 3, fps=6.0))
    assert movement.fps == 6.0
    tracks = library([(tempo, i + 40, 3 if i == 2 else 4) for i, tempo in enumerate((70.0, 80.0, 90.0, 100.0))])
    assert ask(dance(90.0, 31, 3, fps=6.0), tracks)[0].path.name == "90-42-3.wav"


class OneHot:
    """Stands in for trained networks: loud tracks are of one style, quiet ones of another; motion is of the first."""

    def __init__(self, path: Path) -> None:
        assert path.name == "mine.safetensors"

    def music(self, audio: Audio) -> np.ndarray:
        return np.eye(256)[int(np.abs(audio.samples).max() < 0.1)]

    def motion(self, motion: Motion) -> np.ndarray:
        if "head" not in motion.skeleton:
            raise ComponentError("the skeleton has no head")
        return np.eye(256)[0]


def test_style_counts_where_there_are_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.mclemcd.recommender.Embedder", OneHot)
    recommender, options = MusicForDance(), MusicForDance.Options(weights="mine.safetensors")
    sound = made(104.0, 3)[2]
    quiet = Audio(0.05 * sound.samples, RATE)
    described = [recommender.describe(each, options, JobContext()) for each in (quiet, sound)]
    assert described[0]["style"].shape == (256,)
    assert "style" not in kept(104.0, 3)
    tracks = DescribedTracks([Path("quiet.wav"), Path("loud.wav")], np.full(2, SECONDS), described)
    found = recommender.recommend(dance(104.0, 3), tracks, options, JobContext())
    assert [r.path.name for r in found] == ["loud.wav", "quiet.wav"]
    assert "style nearer than 84 % of the tracks" in found[0].reason
    other = Skeleton.build("headless", [(str(i), "0" if i else None, o, "body") for i, o in enumerate(DANCER.offsets)])
    blind = recommender.recommend(replace(dance(104.0, 3), skeleton=other), tracks, options, JobContext())
    assert all("style" not in r.reason for r in blind)
