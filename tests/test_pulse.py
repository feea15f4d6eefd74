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
from plugins.performer.body import SHARES
from plugins.performer.generator import Performer
from plugins.performer.music import Chord
from plugins.performer.music import beats_of as beats_of_track
from plugins.performer.piano_generator import Pianist
from plugins.performer.pulse import FASTEST, Pulse, Share, answers, pulse_of
from plugins.performer.swing import LONGEST, steps, swings, tidy
from tests.playing_piano import silence
from training import performance_metrics as metrics

EXAMPLES = Path(__file__).parents[1] / "examples"


def beats_of(bars: int, places: int, gap: float, start: float = 0.0) -> list[tuple[float, bool]]:
    return [(start + gap * i, i % places == 0) for i in range(bars * places)]


def chords_on(beats: list[tuple[float, bool]], gap: float, **facts: object) -> list[Chord]:
    return [Chord(t, t + gap, (69,), **facts) for t, _ in beats]  # type: ignore[arg-type]


def pulse(beats: list[tuple[float, bool]], chords: list[Chord], seed: int = 0) -> Pulse:
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
    beats = [(0.7 * i, False) for i in range(16)]
    assert list(steps(beats)) == list(range(0, 16, 2))
    assert len(steps(beats[:1])) == 1


def test_each_bar_has_its_own_level() -> None:
    """An adagio swings on its beats, the allegro after it on its bars."""
    slow = beats_of(4, 4, 1.3)
    quick = beats_of(10, 4, 0.35, start=4 * 4 * 1.3)
    times = np.array([t for t, _ in [*slow, *quick]])[steps([*slow, *quick])]
    gaps = np.diff(times)
    assert gaps[:14] == pytest.approx([1.3] * 14)
    assert gaps[-8:] == pytest.approx([1.4] * 8)


def test_levels_do_not_flicker() -> None:
    """Bars now a little shorter, now a little longer than what would be halved."""
    beats: list[tuple[float, bool]] = []
    start = 0.0
    for bar in (1.9, 2.05) * 6:
        beats += [(start + bar * i / 4, i == 0) for i in range(4)]
        start += bar
    assert len(set(np.diff(steps(beats)))) == 1


def test_nobody_swings_faster_than_a_body_can() -> None:
    assert np.diff(pulse([(0.2 * i, True) for i in range(60)], []).knots).min() >= 0.5


@pytest.mark.parametrize("more", [[4.0], [4.0, 4.0], [4.05], [3.95], [4.2], [2.0, 2.3, 2.6, 2.9]])
def test_wrong_bars_throw_nobody(more: list[float]) -> None:
    """Somebody tapped twice, or a tracker stumbled."""
    beats = [*beats_of(10, 1, 2.0), *((t, True) for t in more)]
    found = pulse(beats, chords_on(beats_of(10, 1, 2.0), 2.0))
    assert np.diff(found.knots).min() >= 0.5
    times = np.arange(-3.0, 24.0, 0.01)
    swing = found.swing(times)
    assert np.isfinite(swing).all()
    assert np.abs(np.diff(swing, 2)).max() * 100.0**2 < 20.0  # of a metre of swing; hips have 18 mm


def test_beats_are_put_in_order_and_apart() -> None:
    given = [(1.0, False), (0.0, True), (1.05, True), (2.0, False), (2.0, False), (2.06, False)]
    assert tidy(given) == [(0.0, True), (1.05, True), (2.0, False)]


def test_only_ones_are_downbeats() -> None:
    values = (1, 2, None, float("nan"), "one", 1.0, 0)
    track = AnnotationTrack("beat", tuple(Annotation(float(i), 0.0, value) for i, value in enumerate(values)))
    assert [down for _, down in beats_of_track(track)] == [True, False, False, False, False, True, False]


def test_some_turns_are_passed_but_no_two_in_a_row() -> None:
    gaps = [np.diff(pulse(beats_of(40, 3, 0.5), [], seed).knots[1:-1]) for seed in range(6)]
    counts = {round(float(g) / 1.5) for gap in gaps for g in gap}
    assert counts == {1, 2}
    assert 0.05 < np.mean([g > 2.0 for gap in gaps for g in gap]) < 0.4
    slow = [np.diff(pulse(beats_of(30, 1, 2.2), [], seed).knots[1:-1]) for seed in range(6)]
    assert max(g.max() for g in slow) <= LONGEST


def test_swings_are_smaller_where_phrases_begin_and_end() -> None:
    beats = beats_of(9, 1, 1.4)
    drawn = [swings(beats, chords_on(beats, 1.4), [(0.0, 11.2)], np.random.default_rng(seed))[1] for seed in range(80)]
    sizes = np.mean([np.abs(sides[[1, 5, 9]]) for sides in drawn if len(sides) == 11], axis=0)
    assert sizes[1] > 1.3 * max(sizes[0], sizes[2])


def test_swings_turn_on_beats_however_they_come() -> None:
    """Rubato: each turn is at a beat, and the body goes to the other side until the next one."""
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.4, 0.8, 36))
    beats = [(float(t), i % 3 == 0) for i, t in enumerate(times)]
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
    for at, down in beats:
        near = (times > at - 0.15) & (times < at + 0.15)
        before = (times > at - 0.6) & (times < at - 0.2)
        lowest = times[near][np.argmax(give[near])]
        assert abs(lowest - at) < 0.06
        if down:
            assert give[near].max() > 0.3
            assert give[before].min() < -0.05
    strong = [give[np.searchsorted(times, t)] for t, down in beats if down]
    weak = [give[np.searchsorted(times, t)] for t, down in beats if not down]
    assert np.mean(strong) > 1.7 * np.mean(weak)


def test_quick_beats_are_not_shown_each() -> None:
    beats = beats_of(6, 4, FASTEST - 0.05)
    shown = pulse(beats, chords_on(beats, 0.3)).onsets
    assert list(shown) == [t for t, down in beats if down]


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
    off = [(t + 0.3, down) for t, down in beats]
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


def test_accents_that_come_quickly_are_shown_now_and_then_and_downbeats_before_them() -> None:
    beats = beats_of(8, 4, 0.6)
    row = [Chord(5.0 + 0.1 * i, 5.1 + 0.1 * i, (69,), accent=True) for i in range(40)]
    shown = pulse([], row).onsets
    assert len(shown) == 20
    early = sorted([*chords_on(beats, 0.3), Chord(2.28, 2.38, (69,), accent=True)], key=lambda c: c.start)
    assert {2.4, 4.8} <= {round(float(t), 3) for t in pulse(beats, early).onsets}


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


def test_hips_go_first_and_the_head_comes_last() -> None:
    assert [SHARES[j].lead for j in ("hips", "spine", "chest", "head")] == sorted(
        (SHARES[j].lead for j in ("hips", "spine", "chest", "head")), reverse=True
    )
    beats = beats_of(8, 1, 1.4)
    times = np.arange(0.0, 11.0, 0.01)
    found = pulse(beats, chords_on(beats, 1.4), seed=3)
    still, much = np.zeros(len(times)), np.ones(len(times))
    shares = {"a": Share(tilt=1.0, lead=0.1), "b": Share(tilt=1.0, lead=-0.1)}
    told = answers(found, times, much, still, shares)
    assert told["a"][1][100:-120] == pytest.approx(told["b"][1][120:-100], abs=1e-6)


@pytest.mark.parametrize("generator", [Performer, Pianist])
def test_the_body_gives_downwards_and_forwards_on_downbeats(generator: type[Generator]) -> None:
    """The musician faces -Y. Everything else is still."""
    gap, bars = 0.8, 10
    notes = [Annotation(gap * i, gap, {"pitch": 69, "velocity": 0.6}) for i in range(3 * bars)]
    beats = [Annotation(gap * i, 0.0, i % 3 + 1) for i in range(3 * bars)]
    others = ("sway", "weight", "head", "breathing", "noise", "lean", "vibrato", "as_heard", "pedal")
    still = {name: 0.0 for name in others if name in generator.Options.model_fields}
    tracks = [AnnotationTrack("note", tuple(notes)), AnnotationTrack("beat", tuple(beats))]
    motion = perform(generator, tracks, silence(gap * 3 * bars), **still)
    downs = np.searchsorted(motion.times, np.arange(3, 3 * bars, 3) * gap + 0.04)
    before = np.searchsorted(motion.times, np.arange(3, 3 * bars, 3) * gap - 0.40)

    def moved(joint: str, axis: int) -> float:
        places = motion.joint(joint)[:, axis]
        return float(np.mean(places[downs] - places[before]))

    assert motion.rotations is not None
    world = motion.skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions)[1]
    heads, chests = (world[:, motion.skeleton.index(j)] for j in ("head", "upper_chest"))
    nose = rot.rotate(rot.multiply(rot.conjugate(chests), heads), np.array([0.0, -1.0, 0.0]))[:, 2]
    assert np.mean(nose[downs] - nose[before]) < -0.003  # the head nods by itself as well
    assert moved("head_top", 2) < -0.002
    assert moved("head_top", 1) < -0.002
    if generator is Performer:
        assert moved("hips", 2) < -0.002
        assert moved("violin_scroll", 2) < -0.01
    else:
        assert moved("upper_chest", 1) < -0.001


def test_loud_music_moves_a_body_more() -> None:
    gap = 0.7
    beats = AnnotationTrack("beat", tuple(Annotation(gap * i, 0.0, i % 2 + 1) for i in range(40)))
    heads = []
    for mark in ("pp", "ff"):
        notes = tuple(Annotation(gap * i, gap, {"pitch": 69, "dynamics": mark}) for i in range(40))
        motions = [
            perform(Performer, [AnnotationTrack("note", notes), beats], silence(28.0), pulse=p, noise=0.0)
            for p in (1.0, 0.0)
        ]
        heads.append(np.std(motions[0].joint("head")[:, 0] - motions[1].joint("head")[:, 0]))
    assert heads[1] > 1.3 * heads[0]


def test_twice_the_pulse_lifts_nobody_off_the_floor() -> None:
    tracks = from_json((EXAMPLES / "minuet.truth.json").read_text())
    audio = read_audio(EXAMPLES / "minuet.flac")
    names = ("sway", "pulse", "weight", "head", "breathing", "noise")
    assert metrics.foot_slide(perform(Performer, tracks, audio, pulse=2.0)) < 0.0005
    assert metrics.foot_slide(perform(Performer, tracks, audio, **dict.fromkeys(names, 2.0))) < 0.005


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
