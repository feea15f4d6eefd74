# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Dynamics and phrases of the timeline, a score's or an animator's own, are what is played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backend.audio_files import read_audio
from backend.pipeline import Job, run
from backend.plugin_manager import load_plugins
from plugins.api import Annotation, AnnotationTrack, Generator, JobContext, Motion, Score
from plugins.ik.step import InverseKinematics
from plugins.performer.generator import Performer
from plugins.performer.music import read_music
from plugins.performer.piano_generator import Pianist
from plugins.performer.piano_music import read_piece
from plugins.performer.told import LOUDNESS, last_of_phrases, levels
from tests.playing_piano import silence
from training import performance_metrics as metrics

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
    assert found == pytest.approx([p, p, (p + f) / 2, f, f, f, f - 0.08, f - 0.16, f], abs=0.002)
    alone = track("dynamics", (0.0, 4.0, "cresc")).annotations
    assert np.isnan(levels(alone, np.array([2.0]))).all()  # from what?


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
