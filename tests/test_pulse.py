# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The body in time with the music: when it swings and gives, and that hands and other movements do not mind."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from backend.audio_files import read_audio
from plugins.api import Annotation, AnnotationTrack, Audio, Generator, JobContext, Motion, find_track, from_json
from plugins.api import rotations as rot
from plugins.ik.step import InverseKinematics
from plugins.performer.generator import Performer
from plugins.performer.music import Chord
from plugins.performer.piano_generator import Pianist
from plugins.performer.pulse import FASTEST, Pulse, pulse_of, steps
from tests.playing_piano import silence
from training import performance_metrics as metrics

EXAMPLES = Path(__file__).parents[1] / "examples"


def beats_of(bars: int, places: int, gap: float, start: float = 0.0) -> list[tuple[float, int]]:
    return [(start + gap * i, i % places + 1) for i in range(bars * places)]


def chords_on(beats: list[tuple[float, int]], gap: float, **facts: object) -> list[Chord]:
    return [Chord(t, t + gap, (69,), **facts) for t, _ in beats]  # type: ignore[arg-type]


def pulse(beats: list[tuple[float, int]], chords: list[Chord], seed: int = 0) -> Pulse:
    phrases = [(chords[0].start, chords[-1].end)] if chords else []
    return pulse_of(beats, chords, phrases, np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("places", "gap", "every"),
    [
        (3, 0.5, 3),  # a minuet swings from bar to bar
        (3, 0.33, 3),  # so does a waltz
        (4, 0.6, 2),  # four in a bar: by halves
        (4, 0.35, 4),
        (2, 0.35, 4),  # a quick march: every second bar
        (4, 1.3, 1),  # an adagio: on every beat
        (6, 0.45, 3),  # six in a bar: by threes
    ],
)
def test_swings_turn_at_the_level_of_the_metre_that_a_body_follows(places: int, gap: float, every: int) -> None:
    assert list(np.diff(steps(beats_of(12, places, gap)))) == [every] * (12 * places // every - 1)


def test_beats_without_bars_are_taken_by_twos_and_fours() -> None:
    beats = [(0.7 * i, 2) for i in range(16)]
    assert list(steps(beats)) == list(range(0, 16, 2))
    assert len(steps(beats[:1])) == 1


def test_swings_turn_on_beats_however_they_come() -> None:
    """Rubato: each turn is at a beat, and the body goes to the other side until the next one."""
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.4, 0.8, 36))
    beats = [(float(t), i % 3 + 1) for i, t in enumerate(times)]
    found = pulse(beats, chords_on(beats, 0.4))
    downs = times[::3]
    assert np.isin(found.knots[1:-1], downs).all()
    assert len(found.knots[1:-1]) >= len(downs) / 2
    fine = np.arange(times[0], times[-3], 0.005)
    swing = found.swing(fine)
    turns = fine[1:-1][np.diff(np.sign(np.diff(swing))) != 0]
    assert len(turns) >= 5
    assert np.abs(turns[:, None] - downs).min(axis=1).max() < 0.011
    at = found.swing(found.knots[1:-1])
    assert all(a * b < 0.0 for a, b in pairwise(at))
    assert 0.15 < np.abs(at).min() < np.abs(at).max() < 1.9
    assert found.swing(np.array([times[0] - 60.0, times[-1] + 60.0])) == pytest.approx([0.0, 0.0])


def test_the_body_lifts_before_a_downbeat_and_gives_on_it() -> None:
    beats = beats_of(8, 3, 0.7, start=1.0)
    times = np.arange(0.0, 18.0, 0.01)
    give = pulse(beats, chords_on(beats, 0.7)).give(times)
    for at, place in beats:
        near = (times > at - 0.15) & (times < at + 0.15)
        before = (times > at - 0.6) & (times < at - 0.2)
        lowest = times[near][np.argmax(give[near])]
        assert abs(lowest - at) < 0.06
        if place == 1:
            assert give[near].max() > 0.3
            assert give[before].min() < -0.05
    strong = [give[np.searchsorted(times, t)] for t, place in beats if place == 1]
    weak = [give[np.searchsorted(times, t)] for t, place in beats if place != 1]
    assert np.mean(strong) > 1.7 * np.mean(weak)


def test_quick_beats_are_not_shown_each() -> None:
    beats = beats_of(6, 4, FASTEST - 0.05)
    shown = pulse(beats, chords_on(beats, 0.3)).onsets
    assert list(shown) == [t for t, place in beats if place == 1]


def test_nothing_is_shown_where_nothing_begins() -> None:
    """Beats of a rest, and beats that were heard wrongly: nobody nods to them."""
    beats = beats_of(12, 4, 0.6)
    playing = [b for b in beats if not 8.0 < b[0] < 18.0]
    found = pulse(beats, chords_on(playing, 0.6))
    times = np.arange(0.0, 29.0, 0.02)
    resting = (times > 9.5) & (times < 17.0)
    assert np.abs(found.give(times)[resting]).max() < 0.01
    assert np.abs(found.swing(times)[(times > 10.5) & (times < 16.0)]).max() < 0.5
    assert np.abs(found.swing(times)[times < 8.0]).max() > 0.6
    off = [(t + 0.3, place) for t, place in beats]
    assert not len(pulse(off, chords_on(playing, 0.6)).onsets)


def test_written_accents_are_shown_off_the_beat_too() -> None:
    beats = beats_of(4, 4, 0.8)
    chords = [*chords_on(beats, 0.3), Chord(1.2, 1.5, (72,), accent=True), Chord(2.0, 2.3, (72,))]
    shown = pulse(beats, sorted(chords, key=lambda c: c.start)).onsets
    assert 1.2 in shown
    assert 2.0 not in shown


def test_louder_notes_are_shown_more_and_broken_chords_once() -> None:
    beats = beats_of(8, 1, 0.9)
    loud = [Chord(t, t + 0.5, (69,), loudness=0.9 if i % 2 else 0.4) for i, (t, _) in enumerate(beats)]
    means = [np.mean([pulse(beats, loud, seed).strengths[i::2] for seed in range(8)]) for i in (0, 1)]
    assert means[1] > 1.5 * means[0]
    broken = [Chord(0.9 * i + d, 0.9 * i + 0.5, (69,)) for i in range(8) for d in (0.0, 0.06)]
    assert len(pulse(beats, broken).onsets) == 8


def test_it_is_the_same_at_any_frame_rate() -> None:
    beats = beats_of(6, 3, 0.5)
    found = pulse(beats, chords_on(beats, 0.5))
    slow, quick = np.arange(0.0, 9.0, 1 / 24), np.arange(0.0, 9.0, 1 / 120)
    for curve in (found.swing, found.give):
        assert np.allclose(curve(slow), curve(quick)[::5][: len(slow)], atol=1e-9)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_beats_and_no_chords_are_no_trouble(count: int) -> None:
    beats = beats_of(1, 4, 0.5)[:count]
    times = np.arange(0.0, 3.0, 0.1)
    for chords in ([], chords_on(beats, 0.5)):
        found = pulse(beats, chords)
        assert np.isfinite(found.swing(times)).all()
        assert np.isfinite(found.give(times)).all()
        assert found.give(times[:1]).shape == (1,)


def perform(generator: type[Generator], tracks: list[AnnotationTrack], audio: Audio, **options: float) -> Motion:
    context = JobContext(annotations=tracks, seed=1)
    motion = generator().generate(audio, generator.Options(**options), context)
    return InverseKinematics().apply(motion, None, context)


@pytest.mark.parametrize("generator", [Performer, Pianist])
def test_the_trunk_comes_to_rest_on_downbeats(generator: type[Generator]) -> None:
    tracks = from_json((EXAMPLES / "minuet.truth.json").read_text())
    audio = read_audio(EXAMPLES / "minuet.flac")
    downs = np.array(find_track(tracks, "downbeat").times)
    usual, still = perform(generator, tracks, audio), perform(generator, tracks, audio, pulse=0.0)
    met = metrics.rests_met(usual, downs)
    assert met > (0.5 if generator is Performer else 0.25)  # a pianist also leans to where the hands play
    assert met > 2.0 * metrics.rests_met(still, downs)
    assert met > 2.0 * metrics.rests_met(usual, downs + 0.75)  # half a bar later


@pytest.mark.parametrize("generator", [Performer, Pianist])
def test_without_beats_a_body_has_no_pulse(generator: type[Generator]) -> None:
    notes = AnnotationTrack("note", tuple(Annotation(0.4 * i, 0.4, {"pitch": 67 + i % 5}) for i in range(20)))
    tracks = [notes, AnnotationTrack("beat")]
    usual, still = (perform(generator, tracks, silence(8.0), pulse=p) for p in (1.0, 0.0))
    off = np.linalg.norm(usual.joint("head") - still.joint("head"), axis=1).max()
    assert off < (0.03 if generator is Performer else 1e-9)  # a violinist's chest goes with the bow


def test_a_chest_goes_with_the_bow_arm() -> None:
    """To the right while the bow goes down, and back."""
    notes = AnnotationTrack("note", tuple(Annotation(2.0 * i, 2.0, {"pitch": 69}) for i in range(6)))
    quiet = dict.fromkeys(("sway", "weight", "head", "breathing", "noise"), 0.0)
    motion = perform(Performer, [notes, AnnotationTrack("beat")], silence(12.0), **quiet)
    assert motion.rotations is not None
    world = motion.skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions)[1]
    left = rot.rotate(world[:, motion.skeleton.index("upper_chest")], np.array([1.0, 0.0, 0.0]))
    turned = np.degrees(np.arctan2(left[:, 1], left[:, 0]))
    hair = metrics.bow_position(motion)
    assert np.corrcoef(turned[30:-30], hair[30:-30])[0, 1] < -0.7
    assert 1.0 < np.ptp(turned[30:-30]) < 5.0


def test_a_note_and_a_beat_are_enough() -> None:
    tracks = [
        AnnotationTrack("note", (Annotation(0.1, 0.5, {"pitch": 69}),)),
        AnnotationTrack("beat", (Annotation(0.1, 0.0, 1),)),
    ]
    assert np.isfinite(perform(Performer, tracks, silence(1.0)).positions).all()
