# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Dynamics and phrases of the timeline, a score's or an animator's own, are what is played."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from backend.audio_files import read_audio
from backend.pipeline import Job, run
from backend.plugin_manager import load_plugins
from backend.sources import sound_of
from plugins.api import Annotation, AnnotationTrack, Generator, JobContext, Motion, Score, find_track, pianist, piano
from plugins.ik.step import InverseKinematics
from plugins.performer.generator import Performer
from plugins.performer.music import read_music
from plugins.performer.piano_generator import Pianist
from plugins.performer.piano_music import read_piece
from plugins.performer.told import LOUDNESS, last_of_phrases, levels
from tests.playing_piano import silence
from training import performance_metrics as metrics

SKELETON = pianist.pianist_skeleton()
EXAMPLES = Path(__file__).parents[1] / "examples"


def track(namespace: str, *rows: tuple[float, float, object]) -> AnnotationTrack:
    return AnnotationTrack(namespace, tuple(Annotation(*row) for row in rows))


def test_levels_are_those_in_force() -> None:
    marks = track("dynamics", (1.0, 2.0, "p"), (3.0, 1.0, "ff"), (6.0, 0.0, "mf")).annotations
    found = levels(marks, np.array([0.5, 0.95, 2.9, 3.5, 4.5, 6.0, 99.0]))
    assert found[[1, 2, 3, 5, 6]] == pytest.approx([LOUDNESS[m] for m in ("p", "p", "ff", "mf", "mf")])
    assert np.isnan(found[[0, 4]]).all()  # before the first, and where none is in force
    assert np.isnan(levels((), np.array([1.0]))).all()


def test_hairpins_lead_from_mark_to_mark_or_a_step() -> None:
    marks = ((0.0, 4.0, "p"), (4.0, 8.0, "f"), (2.0, 2.0, "cresc"), (6.0, 4.0, "dim"))
    found = levels(track("dynamics", *marks).annotations, np.array([1.0, 2.0, 3.0, 3.999, 4.5, 6.0, 8.0, 9.999, 11.0]))
    p, f = LOUDNESS["p"], LOUDNESS["f"]
    assert found == pytest.approx([p, p, (p + f) / 2, f, f, f, f - 0.08, f - 0.16, f - 0.16], abs=0.002)
    alone = track("dynamics", (0.0, 4.0, "cresc")).annotations
    assert np.isnan(levels(alone, np.array([2.0]))).all()  # from what?


def loudness_of(*marks: tuple[float, float, object], at: tuple[float, ...]) -> list[float]:
    found = levels(track("dynamics", *marks).annotations, np.array(at))
    return [round(float(level), 3) for level in found]


def test_hairpins_never_go_the_other_way() -> None:
    """A crescendo to a sudden piano, a diminuendo before a forte, and one that stays at its mark."""
    sudden = loudness_of((0.0, 4.0, "f"), (2.0, 2.0, "cresc"), (4.0, 4.0, "p"), at=(1.0, 3.0, 3.9, 4.5))
    assert sudden == pytest.approx([0.78, 0.86, 0.932, 0.35], abs=0.01)
    fades = loudness_of((0.0, 4.0, "p"), (2.0, 2.0, "dim"), (4.0, 4.0, "f"), at=(1.0, 3.0, 4.5))
    assert fades == pytest.approx([0.35, 0.27, 0.78], abs=0.01)
    again = loudness_of((0.0, 4.0, "p"), (2.0, 2.0, "cresc"), (4.0, 4.0, "p"), at=(3.0, 4.5))
    assert again == pytest.approx([0.43, 0.35], abs=0.01)
    loudest = loudness_of((0.0, 9.0, "fff"), (1.0, 2.0, "cresc"), (4.0, 2.0, "cresc"), at=(2.0, 8.0))
    assert loudest == [1.0, 1.0]


def test_a_swell_swells() -> None:
    marks = ((0.0, 9.0, "p"), (1.0, 2.0, "cresc"), (3.0, 2.0, "dim"), (6.0, 0.0, "cresc"))
    assert loudness_of(*marks, at=(0.5, 2.0, 3.0, 4.0, 5.0, 8.0)) == pytest.approx(
        [0.35, 0.43, 0.51, 0.43, 0.35, 0.35], abs=0.005
    )


def test_a_mark_ends_a_hairpin_and_far_marks_are_not_led_to() -> None:
    inside = loudness_of((0.0, 4.0, "p"), (4.0, 6.0, "f"), (2.0, 6.0, "cresc"), at=(3.0, 4.5, 7.0))
    assert inside == pytest.approx([0.565, 0.78, 0.78], abs=0.005)
    far = loudness_of((0.0, 8.0, "p"), (8.0, 2.0, "ff"), (1.0, 2.0, "cresc"), at=(3.0, 7.0, 9.0))
    assert far == pytest.approx([0.51, 0.51, 0.92], abs=0.005)
    soon = loudness_of((0.0, 4.0, "p"), (4.0, 2.0, "ff"), (1.0, 2.7, "cresc"), at=(3.69, 4.5))
    assert soon == pytest.approx([0.92, 0.92], abs=0.01)


def test_quick_notes_take_no_mark_and_no_phrase_too_early() -> None:
    starts = np.arange(0.0, 2.0, 0.0625)
    marks = track("dynamics", (0.0, 1.0, "p"), (1.0, 1.0, "f")).annotations
    assert starts[levels(marks, starts) > 0.5].min() == 1.0
    phrases = track("phrase", (0.0, 1.0, None), (1.0, 1.0, None)).annotations
    assert list(starts[last_of_phrases(phrases, starts)]) == [0.9375]
    assert list(starts[last_of_phrases(phrases[1:], starts)]) == [0.9375]  # one alone, too
    chord = np.array([0.0, 0.93, 0.93, 0.93, 2.0])  # played a little early
    assert list(levels(marks, chord)) == [LOUDNESS["p"], *[LOUDNESS["f"]] * 3, pytest.approx(np.nan, nan_ok=True)]


@pytest.mark.parametrize("value", [None, 3, "sfz", {"label": "f"}, ["p"]])
def test_other_values_are_left_out(value: object) -> None:
    assert np.isnan(levels(track("dynamics", (0.0, 5.0, value)).annotations, np.array([1.0]))).all()


def test_phrases_end_before_the_next_one_begins() -> None:
    starts = np.arange(0.0, 10.0, 0.5)
    phrases = track("phrase", (0.0, 3.0, None), (3.02, 2.0, None), (7.3, 1.0, "B"), (60.0, 1.0, "C")).annotations
    assert list(starts[last_of_phrases(phrases, starts)]) == [2.5, 7.0]
    assert not last_of_phrases((), starts).any()


def notes_of(count: int, **facts: object) -> AnnotationTrack:
    return track("note", *((0.5 * i, 0.5, {"pitch": 67 + i % 5, **facts}) for i in range(count)))


def test_what_the_timeline_says_counts_before_what_notes_say() -> None:
    told = track("dynamics", (0.0, 5.0, "pp"), (5.0, 5.0, "ff"))
    notes = notes_of(20, dynamics="mf")
    chords = read_music(notes, AnnotationTrack("beat"), silence(10.0), told).chords
    plain = read_music(notes, AnnotationTrack("beat"), silence(10.0)).chords
    assert len({c.loudness for c in plain}) == 1
    assert chords[2].loudness < plain[2].loudness < chords[12].loudness
    piece = read_piece(notes_of(20, velocity=0.6), AnnotationTrack("beat"), silence(10.0), told).notes
    assert piece[2].loudness == pytest.approx((0.6 + LOUDNESS["pp"]) / 2)
    assert piece[12].loudness == pytest.approx((0.6 + LOUDNESS["ff"]) / 2)
    marked = read_piece(notes, AnnotationTrack("beat"), silence(10.0), told).notes
    assert [n.loudness for n in marked[2::10]] == [LOUDNESS["pp"], LOUDNESS["ff"]]


def perform(generator: type[Generator], *tracks: AnnotationTrack, seconds: float = 16.0) -> Motion:
    context = JobContext(annotations=list(tracks), seed=1)
    motion = generator().generate(silence(seconds), generator.Options(), context)
    return InverseKinematics().apply(motion, None, context)


def test_a_scores_own_breaths_stay_beside_the_timelines_phrases() -> None:
    notes = track("note", *((0.5 * i, 0.5, {"pitch": 69, "phrase_end": i == 3}) for i in range(12)))
    phrases = track("phrase", (0.0, 4.0, None), (4.0, 2.0, None))
    chords = read_music(notes, AnnotationTrack("beat"), silence(6.0), phrases=phrases).chords
    assert [c.start for c in chords if c.phrase_end] == [1.5, 3.5]


def test_a_pianist_leans_into_what_is_said_to_be_loud() -> None:
    told = track("dynamics", (0.0, 8.0, "pp"), (8.0, 8.0, "ff"))
    motion = perform(Pianist, notes_of(32), AnnotationTrack("beat"), told)
    plain = perform(Pianist, notes_of(32), AnnotationTrack("beat"))
    early, late = ((motion.times > a) & (motion.times < b) for a, b in ((1.0, 7.0), (9.0, 15.0)))
    forward = [m.joint("head")[early, 1].mean() - m.joint("head")[late, 1].mean() for m in (motion, plain)]
    assert forward[0] > forward[1] + 0.004


@pytest.mark.parametrize("generator", [Performer, Pianist])
def test_a_body_breathes_where_a_phrase_is_said_to_begin(generator: type[Generator]) -> None:
    notes = notes_of(32)
    phrases = track("phrase", (0.0, 7.0, None), (7.0, 9.0, None))
    told, plain = (
        perform(generator, notes, AnnotationTrack("beat"), phrases),
        perform(generator, notes, AnnotationTrack("beat")),
    )
    joint = "violin_scroll" if generator is Performer else "head"
    risen = (told.joint(joint) - plain.joint(joint))[:, 2]
    before = (told.times > 6.6) & (told.times < 7.1)
    assert risen[before].max() > 0.002


def test_an_animators_dynamics_are_played_with_a_score_too() -> None:
    """Louder takes more bow; the score's own marks are not asked where the timeline says something."""
    audio = read_audio(EXAMPLES / "minuet.flac")
    score = Score("minuet.musicxml", (EXAMPLES / "minuet.musicxml").read_bytes())
    travelled = []
    for mark in ("pp", "ff"):
        job = Job(score=score, annotations=[track("dynamics", (0.0, 60.0, mark))])
        motion = run(load_plugins(), job, audio).motion
        travelled.append(np.abs(np.diff(metrics.bow_position(motion))).sum())
    assert travelled[1] > 1.3 * travelled[0]


def piano_midi(*pedal: tuple[float, int]) -> Score:
    file, part = pretty_midi.PrettyMIDI(), pretty_midi.Instrument(0)
    part.notes = [pretty_midi.Note(80, 48 + 3 * (i % 7), 0.5 * i, 0.5 * i + 0.45) for i in range(40)]
    part.control_changes = [pretty_midi.ControlChange(64, value, time) for time, value in pedal]
    file.instruments.append(part)
    out = io.BytesIO()
    file.write(out)
    return Score("p.mid", out.getvalue())


def foot(score: Score, start: float, end: float) -> np.ndarray:
    """(T,) how far down the pedal is in a range of a MIDI file, 0 to 1."""
    audio = sound_of(None, score, start, end, instrument="piano")
    result = run(load_plugins(), Job(generator="pianist", score=score, instrument="piano", silent=True), audio)
    spans = [(a.time, a.end) for t in result.annotations for a in t.annotations]
    assert start - 1e-6 <= min(spans)[0]  # what is given back lies in the range
    assert max(b for _, b in spans) <= end + 1e-6
    told = find_track(result.annotations, "pedal").annotations
    assert [(a.time, a.end, a.value) for a in told] == ([(5.0, 10.0, 1.0)] if start else [])
    top = result.motion.joint("pedal")[:, 2]
    return (SKELETON.rest_positions[SKELETON.index("pedal"), 2] - top) / piano.PEDAL_TRAVEL


def test_a_range_has_the_pedal_that_went_down_before_it() -> None:
    held = foot(piano_midi((0.0, 127), (12.0, 0)), 5.0, 10.0)
    assert held.min() > 0.98
    elsewhere = foot(piano_midi((15.0, 127), (18.0, 0)), 0.0, 8.0)
    assert elsewhere.max() < 0.02
    harmony = foot(piano_midi(), 0.0, 8.0)
    assert harmony.max() > 0.9  # nobody says: with the harmony


def test_a_range_has_the_dynamics_that_were_written_before_it() -> None:
    score = piano_midi()
    audio = sound_of(None, score, 5.0, 9.0, instrument="violin")
    bows = []
    for mark in ("pp", "ff"):
        job = Job(score=score, silent=True, annotations=[track("dynamics", (0.0, 60.0, mark))])
        bows.append(np.abs(np.diff(metrics.bow_position(run(load_plugins(), job, audio).motion))).sum())
    assert bows[1] > 1.2 * bows[0]
