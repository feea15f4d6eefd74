# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The violinist plays the example: measured on positions, against the exact truth."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from backend.audio_files import read_audio
from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, JobContext, Motion, find_track, from_json
from plugins.api import rotations as rot
from plugins.ik.step import InverseKinematics
from plugins.performer.bowing import DOWN, FIRST, LAST, UP, plan_bowing
from plugins.performer.fingering import grips_for, plan_fingering
from plugins.performer.generator import Performer
from plugins.performer.music import Chord, Music, read_music
from training import performance_metrics as metrics

EXAMPLES = Path(__file__).parents[1] / "examples"


def perform(tracks: list[AnnotationTrack], audio: Audio, seed: int = 0, **options: float) -> Motion:
    context = JobContext(annotations=tracks, seed=seed)
    performer = Performer()
    return InverseKinematics().apply(performer.generate(audio, performer.Options(**options), context), None, context)


@pytest.fixture(scope="module")
def truth() -> list[AnnotationTrack]:
    return from_json((EXAMPLES / "minuet.truth.json").read_text())


@pytest.fixture(scope="module")
def audio() -> Audio:
    return read_audio(EXAMPLES / "minuet.flac")


@pytest.fixture(scope="module")
def music(truth: list[AnnotationTrack], audio: Audio) -> Music:
    return read_music(find_track(truth, "note"), find_track(truth, "beat"), audio)


@pytest.fixture(scope="module")
def motion(truth: list[AnnotationTrack], audio: Audio) -> Motion:
    return perform(truth, audio)


@pytest.fixture(scope="module")
def sounding(music: Music) -> list[metrics.Sounding]:
    grips, _ = plan_fingering(music.chords)
    return [(c.start, c.end, *stop) for c, g in zip(music.chords, grips, strict=True) for stop in g.stops]


def test_the_bow_turns_where_new_bows_begin(truth: list[AnnotationTrack], motion: Motion) -> None:
    bows = [n.time for n in find_track(truth, "note").annotations if n.value["new_bow"]]
    f1, offset = metrics.best_f1(metrics.merged(bows, 0.1), metrics.bow_reversals(motion))
    assert f1 >= 0.98
    assert abs(offset) <= 0.02


def test_the_hair_is_on_the_sounding_string(motion: Motion, sounding: list[metrics.Sounding]) -> None:
    distance, place = metrics.hair_distances(motion, sounding)
    assert (distance < 0.003).mean() >= 0.99
    assert ((place > 0) & (place < 1)).all()
    # Chords of three keep the hair between their strings; all else plays its own.
    starts = [s[0] for s in sounding]
    few = [s for s in sounding if starts.count(s[0]) < 3]
    assert metrics.sounding_string_is_nearest(motion, few).mean() >= 0.97


def test_fingertips_are_on_their_stops(motion: Motion, sounding: list[metrics.Sounding]) -> None:
    assert (metrics.stop_distances(motion, sounding) < 0.005).mean() >= 0.98


def test_fingers_are_down_before_the_note(motion: Motion, sounding: list[metrics.Sounding]) -> None:
    """At the frame before an onset a new finger already lies on its stop."""
    early = []
    for start, _, string, semitones, finger in sounding:
        frame = int((start - motion.start) * motion.fps)
        held = any(s < start <= e + 0.01 and f == finger for s, e, _, _, f in sounding)
        if finger and not held:
            time = motion.times[frame]
            early.append(metrics.stop_distances(motion, [(time - 1e-6, time + 1e-3, string, semitones, finger)])[0])
    assert len(early) > 20
    assert np.mean(np.array(early) < 0.005) >= 0.9


def test_the_body_keeps_its_shape_its_joints_and_its_feet(motion: Motion) -> None:
    assert metrics.bone_length_error(motion) < 1e-4
    assert metrics.foot_slide(motion) < 0.005
    for name, (least, most) in metrics.joint_angles(motion).items():
        low, high = metrics.LIMITS[name]
        assert low <= least, name
        assert most <= high, name


def test_arm_and_bow_pass_beside_head_and_torso(motion: Motion) -> None:
    for name, gap in metrics.clearances(motion).items():
        assert gap > 0.02, name


def test_no_pops(motion: Motion) -> None:
    acceleration, joint = metrics.largest_acceleration(motion)
    assert acceleration < 200.0, joint


def test_positions_and_rotations_tell_the_same(motion: Motion) -> None:
    assert motion.rotations is not None
    positions, _ = motion.skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions)
    assert np.allclose(positions, motion.positions, atol=2e-6)
    assert np.allclose(np.linalg.norm(motion.rotations, axis=-1), 1.0, atol=1e-5)


def test_one_seed_one_performance_another_seed_another(truth: list[AnnotationTrack], audio: Audio) -> None:
    cut = Audio(audio.samples[: 8 * audio.sample_rate], audio.sample_rate)
    tracks = [t.slice(0.0, 8.0) for t in truth]
    first, again, other = perform(tracks, cut, 3), perform(tracks, cut, 3), perform(tracks, cut, 4)
    assert np.array_equal(first.positions, again.positions)
    assert np.abs(first.joint("head") - other.joint("head")).max() > 0.002


def test_options_change_what_they_say(truth: list[AnnotationTrack], audio: Audio) -> None:
    cut = Audio(audio.samples[: 12 * audio.sample_rate], audio.sample_rate)
    tracks = [t.slice(0.0, 12.0) for t in truth]
    names = ("sway", "pulse", "weight", "head", "breathing", "noise")
    natural, still = perform(tracks, cut), perform(tracks, cut, **dict.fromkeys(names, 0.0))
    assert np.ptp(still.joint("head_top"), axis=0).max() < 1e-5 < np.ptp(natural.joint("head_top"), axis=0).max()
    for name in names:  # each alone moves something
        alone = perform(tracks, cut, **{n: float(n == name) for n in names})
        assert np.ptp(alone.joint("head_top"), axis=0).max() > 0.002, name
    less = perform(tracks, cut, bow_amount=0.5)
    assert np.ptp(metrics.bow_position(less)) < 0.8 * np.ptp(metrics.bow_position(natural))


def test_a_cut_keeps_the_recordings_clock(truth: list[AnnotationTrack], audio: Audio) -> None:
    start = 10.0
    cut = Audio(audio.samples[int(start * audio.sample_rate) :][: 5 * audio.sample_rate], audio.sample_rate, start)
    motion = perform([t.slice(start, start + 5) for t in truth], cut)
    assert motion.start == start
    assert len(motion) == 150


def chord(start: float, *pitches: int, length: float = 0.5, **facts: object) -> Chord:
    return Chord(start, start + length, pitches, **facts)  # type: ignore[arg-type]


def test_leaps_break_no_joint(audio: Audio) -> None:
    """From the top of the fingerboard to the nut and back, every half second, on all strings."""
    rng = np.random.default_rng(3)
    cut = Audio(audio.samples[: 12 * audio.sample_rate], audio.sample_rate)
    pitches = [
        int(p) for p in rng.permutation([57, 64, 71, 78, 88, 93, 97, 100, 59, 66, 73, 86, 91, 99, 55, 76, 103, 60])
    ]
    notes = tuple(Annotation(0.5 + 0.5 * i, 0.5, {"pitch": p}) for i, p in enumerate(pitches))
    motion = perform([AnnotationTrack("note", notes), AnnotationTrack("beat")], cut)
    for name, (least, most) in metrics.joint_angles(motion).items():
        low, high = metrics.LIMITS[name]
        assert low <= least, name
        assert most <= high, name
    assert metrics.bone_length_error(motion) < 1e-4


def test_staccato_stops_on_the_string_and_lone_notes_go_down() -> None:
    stroke = plan_bowing([chord(0.0, 69, short=True, length=0.5), chord(0.5, 69)])[0]
    assert stroke.direction == DOWN
    assert 0.25 < stroke.end < 0.35
    assert not stroke.lifted


def test_a_very_long_note_changes_the_bow(audio: Audio) -> None:
    notes = AnnotationTrack("note", (Annotation(0.0, 30.0, {"pitch": 69}),))
    chords = read_music(notes, AnnotationTrack("beat"), audio).chords
    assert [round(c.duration, 3) for c in chords] == [10.0, 10.0, 10.0]
    assert [s.direction for s in plan_bowing(chords)] == [DOWN, UP, DOWN]


def test_chords_stay_in_order_of_time(audio: Audio) -> None:
    notes = tuple(Annotation(1.0, 1.0, {"pitch": p}) for p in (55, 62, 71, 79)) + (
        Annotation(1.06, 1.0, {"pitch": 74}),
    )
    chords = read_music(AnnotationTrack("note", notes), AnnotationTrack("beat"), audio).chords
    assert [c.start for c in chords] == sorted(c.start for c in chords)


def test_slurs_share_a_bow_and_bows_alternate() -> None:
    slurred = [chord(0.5 * i, 69 + i, new_bow=i % 3 == 0, downbeat=float(i == 0)) for i in range(9)]
    strokes = plan_bowing(slurred)
    assert [(s.first, s.last) for s in strokes] == [(0, 2), (3, 5), (6, 8)]
    assert [s.direction for s in strokes] == [DOWN, UP, DOWN]
    assert all(a.bow_end == b.bow_start for a, b in pairwise(strokes))


def test_the_bow_never_runs_out() -> None:
    """Loud long notes after soft short ones, always starting a bow."""
    rng = np.random.default_rng(0)
    time, chords = 0.0, []
    for _ in range(300):
        length = float(rng.choice([0.1, 0.3, 1.0, 4.0]))
        chords.append(chord(time, 67, length=length, loudness=float(rng.uniform()), short=bool(rng.uniform() < 0.2)))
        time += length + float(rng.choice([0.0, 0.0, 0.8]))
    for stroke in plan_bowing(chords):
        assert min(stroke.bow_start, stroke.bow_end) >= FIRST
        assert max(stroke.bow_start, stroke.bow_end) <= LAST
        assert (stroke.bow_end - stroke.bow_start) * stroke.direction > 0


def test_marks_of_the_score_are_obeyed_by_a_retake() -> None:
    chords = [chord(0.5 * i, 69) for i in range(4)]
    chords = [replace(c, bow="down") if i in (0, 1) else c for i, c in enumerate(chords)]
    strokes = plan_bowing(chords)
    assert [s.direction for s in strokes] == [DOWN, DOWN, UP, DOWN]
    assert strokes[0].lifted
    assert strokes[1].bow_start < strokes[0].bow_end
    assert strokes[0].end < chords[1].start


def test_spiccato_leaves_the_string_and_staccato_stays(audio: Audio) -> None:
    cut = Audio(audio.samples[: 4 * audio.sample_rate], audio.sample_rate)
    for mark, off in (("spiccato", True), ("staccato", False)):
        notes = tuple(Annotation(0.5 + 0.3 * i, 0.3, {"pitch": 71, "marks": [mark]}) for i in range(8))
        motion = perform([AnnotationTrack("note", notes), AnnotationTrack("beat")], cut)
        whole = [(0.5, 2.8, 2, 2, 1)]
        distance, _ = metrics.hair_distances(motion, whole)
        assert (distance.max() > 0.004) == off, mark
        starts = [(n.time, n.time + 0.1, 2, 2, 1) for n in notes]
        assert (metrics.hair_distances(motion, starts)[0] < 0.003).mean() > 0.95


def test_strong_beats_go_down() -> None:
    chords = [chord(0.5 * i, 69, downbeat=float(i % 2 == 1)) for i in range(8)]
    assert [s.direction for s in plan_bowing(chords)] == [UP, DOWN] * 4


def test_a_scale_in_first_position() -> None:
    grips, warnings = plan_fingering([chord(0.5 * i, p) for i, p in enumerate((55, 57, 59, 60, 62, 64, 66, 67, 69))])
    assert not warnings
    assert {g.place for g in grips} == {2}
    assert [g.stops[0][0] for g in grips] == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    assert [g.stops[0][2] for g in grips] == [0, 1, 2, 3, 0, 1, 2, 3, 0]


def test_high_notes_need_a_shift_and_stay_on_the_fingerboard() -> None:
    grips, warnings = plan_fingering([chord(0.6 * i, p) for i, p in enumerate((76, 81, 84, 88, 93, 97))])
    assert not warnings
    assert grips[-1].place > 10
    assert all(0 <= n <= 27 for g in grips for _, n, _ in g.stops)


@pytest.mark.parametrize("pitches", [(67, 71), (62, 69), (59, 67), (55, 62, 71), (55, 62, 71, 79), (64, 72), (69, 76)])
def test_double_stops_and_chords_lie_on_neighbouring_strings(pitches: tuple[int, ...]) -> None:
    for grip in grips_for(pitches):
        strings = [s for s, _, _ in grip.stops]
        assert strings == list(range(strings[0], strings[0] + len(pitches)))
        fingers = [(f, n) for _, n, f in grip.stops if f]
        assert all(n1 == n2 for f1, n1 in fingers for f2, n2 in fingers if f1 == f2)
    assert grips_for(pitches)


def test_what_no_hand_can_stop_is_played_in_part_and_said() -> None:
    grips, warnings = plan_fingering([chord(0, 55, 56, 57)])
    assert len(grips[0].stops) < 3
    assert "no hand can stop" in warnings[0]


def test_notes_off_the_violin_are_moved_and_said(audio: Audio) -> None:
    notes = AnnotationTrack("note", (Annotation(0, 1, {"pitch": 50}), Annotation(1, 1, {"pitch": 110})))
    music = read_music(notes, AnnotationTrack("beat"), audio)
    assert [c.pitches for c in music.chords] == [(62,), (98,)]
    assert "2 notes" in music.warnings[0]


def test_no_notes_is_an_error_that_says_what_to_do(audio: Audio) -> None:
    performer = Performer()
    with pytest.raises(ComponentError, match="score"):
        performer.generate(audio, performer.Options(), JobContext())


def test_a_four_note_chord_is_broken_in_one_bow(audio: Audio) -> None:
    notes = tuple(Annotation(1.0, 1.0, {"pitch": p}) for p in (55, 62, 71, 79))
    chords = read_music(AnnotationTrack("note", notes), AnnotationTrack("beat"), audio).chords
    assert [c.pitches for c in chords] == [(55, 62), (71, 79)]
    assert [c.new_bow for c in chords] == [True, False]
    assert chords[0].end == chords[1].start


def test_props_turn_with_their_points(motion: Motion) -> None:
    """The violin's and the bow's own rotations agree with the points that ride on them."""
    assert motion.rotations is not None
    _, world = motion.skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions)
    for held in motion.skeleton.held:
        child = motion.skeleton.children(held)[0]
        expected = motion.positions[:, held] + rot.rotate(world[:, held], motion.skeleton.offsets[child])
        assert np.allclose(expected, motion.positions[:, child], atol=1e-5)
