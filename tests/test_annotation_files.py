# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Annotations as files: a table, Audacity labels, JAMS and MIDI, read back by others than who wrote them."""

from __future__ import annotations

import csv
import io
import json
import sys
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.jams_file import to_jams
from backend.midi_file import to_midi
from blender_addon.core.annotation_files import WRITERS, label, to_csv, to_labels
from blender_addon.midi_file import read_midi
from plugins.api import Annotation, AnnotationTrack, ComponentError, find_track, from_json

BEATS = AnnotationTrack("beat", tuple(Annotation(0.7 + 0.51 * i, 0.0, i % 3 + 1, 0.9) for i in range(9)))
BARS = AnnotationTrack("downbeat", tuple(Annotation(0.7 + 1.53 * i, 0.0, i + 1) for i in range(3)))
NOTES = AnnotationTrack(
    "note",
    (
        Annotation(0.7004, 0.5, {"pitch": 67, "velocity": 0.5, "new_bow": True}, 0.8),
        Annotation(1.2, 0.9, {"pitch": 69, "dynamics": "ff"}),
        Annotation(1.9, 0.5, {"pitch": 69}),
    ),
)
PHRASES = AnnotationTrack("phrase", (Annotation(0.7, 2.0, 'A, "first"\tpart'), Annotation(2.7, 2.0)))
DYNAMICS = AnnotationTrack("dynamics", (Annotation(0.7, 2.0, "mf"), Annotation(1.0, 1.0, "cresc")))
LOUDNESS = AnnotationTrack("loudness", tuple(Annotation(0.1 * i, 0.0, -20.5 - i) for i in range(4)))
ALL = [BEATS, BARS, NOTES, PHRASES, DYNAMICS, LOUDNESS, AnnotationTrack("articulation")]


def test_json_is_ours() -> None:
    assert from_json(WRITERS[".json"](ALL)) == ALL


def test_a_table_is_tidy() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(ALL))))
    assert len(rows) == sum(len(t) for t in ALL)
    assert {row["namespace"] for row in rows} == {t.namespace for t in ALL if len(t)}
    by_name = {t.namespace: [r for r in rows if r["namespace"] == t.namespace] for t in ALL}
    assert [float(r["time"]) for r in by_name["beat"]] == pytest.approx(BEATS.times, abs=1e-6)
    assert [r["value"] for r in by_name["phrase"]] == ['A, "first"\tpart', ""]
    assert json.loads(by_name["note"][0]["value"]) == NOTES.annotations[0].value
    assert by_name["loudness"][1]["value"] == "-21.5"


def test_labels_are_points_and_ranges_in_order() -> None:
    rows = [line.split("\t") for line in to_labels([BEATS, BARS, PHRASES]).splitlines()]
    assert all(len(row) == 3 for row in rows)
    assert [float(a) for a, _, _ in rows] == sorted(float(a) for a, _, _ in rows)
    assert ["0.700000", "2.700000", 'phrase A, "first" part'] in rows
    assert ["1.210000", "1.210000", "beat 2"] in rows
    assert ["0.700000", "0.700000", "bar 1"] in rows
    assert label("phrase", Annotation(0.0)) == "phrase"
    assert label("note", NOTES.annotations[0]) == "note 67"
    assert label("pedal", Annotation(0.0, 1.0, 0.7)) == "pedal 70 %"


def read_jams(text: str):
    jams = pytest.importorskip("jams")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the library's way of asking jsonschema
        return jams.load(io.StringIO(text), fmt="json", validate=True, strict=True)


def test_jams_are_valid_and_read_back() -> None:
    pytest.importorskip("jams")
    read = read_jams(to_jams(ALL, 12.5, "tune.wav"))
    assert read.file_metadata.duration == 12.5
    found = {a.sandbox.namespace: a for a in read.annotations}
    kinds = {name: a.namespace for name, a in found.items()}
    assert kinds["beat"] == kinds["downbeat"] == "beat"
    assert (kinds["note"], kinds["phrase"], kinds["loudness"]) == ("note_midi", "segment_open", "vector")
    assert kinds["dynamics"] == kinds["articulation"] == "tag_open"
    times, values = found["beat"].to_event_values()
    np.testing.assert_allclose(times, BEATS.times)
    assert list(values) == [a.value for a in BEATS.annotations]
    assert [o.value for o in found["note"].data] == [67.0, 69.0, 69.0]
    assert found["note"].sandbox["values"][0]["new_bow"] is True
    assert found["downbeat"].sandbox["values"] == [1, 2, 3]


def test_jams_of_a_stranger_keep_their_values() -> None:
    pytest.importorskip("jams")
    track = AnnotationTrack("gesture", (Annotation(1.0, 0.0, {"hand": "left"}),))
    (made,) = read_jams(to_jams([track], 2.0, "x")).annotations
    assert (made.namespace, made.data[0].value) == ("blob", {"hand": "left"})


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jams", None)
    with pytest.raises(ComponentError, match=r"pip install 'cadenza\[annotate\]'"):
        to_jams(ALL, 1.0, "x")


def read_by_others(data: bytes):
    pretty_midi = pytest.importorskip("pretty_midi")
    return pretty_midi.PrettyMIDI(io.BytesIO(data))


def test_midi_puts_beats_on_beats_and_notes_on_time() -> None:
    midi = read_by_others(to_midi(ALL))
    (part,) = midi.instruments
    assert part.program == 40
    assert [(n.pitch, n.velocity) for n in part.notes] == [(67, 64), (69, 112), (69, 80)]
    np.testing.assert_allclose([n.start for n in part.notes], NOTES.times, atol=1e-3)
    assert part.notes[1].end == pytest.approx(1.9, abs=1e-3)  # the key is struck again
    np.testing.assert_allclose(midi.get_beats()[1:5], BEATS.times[:4], atol=1e-4)  # the first is the lead-in
    np.testing.assert_allclose(midi.get_downbeats()[1:3], BARS.times[:2], atol=1e-4)
    assert [(s.numerator, s.time) for s in midi.time_signature_changes] == [(1, 0.0), (3, pytest.approx(0.7))]
    ours = read_midi(to_midi(ALL))
    np.testing.assert_allclose(find_track(ours, "note").times, NOTES.times, atol=1e-3)
    np.testing.assert_allclose(find_track(ours, "beat").times[1:10], BEATS.times, atol=1e-4)


STEPS = st.lists(st.floats(0.03, 20.0), min_size=1, max_size=60)


@settings(deadline=None, max_examples=50)
@example(first=52.6875, steps=[0.03, 19.371, 13.02], offsets=[0.0, 0.5, 0.389] + [0.0] * 57)
@given(first=st.floats(0.0, 60.0), steps=STEPS, offsets=st.lists(st.floats(0.0, 1.0), min_size=60, max_size=60))
def test_any_rubato_keeps_its_times(first: float, steps: list[float], offsets: list[float]) -> None:
    times = np.concatenate([[first], first + np.cumsum(steps)])
    beats = tuple(Annotation(float(t), 0.0, i % 4 + 1) for i, t in enumerate(times))
    onsets = [float(t + part * step) for t, part, step in zip(times, offsets, steps, strict=False)]
    notes = tuple(Annotation(t, 0.05, {"pitch": 30 + i}) for i, t in enumerate(onsets))
    made = read_by_others(to_midi([AnnotationTrack("beat", beats), AnnotationTrack("note", notes)]))
    found = {n.pitch - 30: n.start for n in made.instruments[0].notes}
    np.testing.assert_allclose([found[i] for i in range(len(onsets))], onsets, atol=1e-3)


def test_an_hour_of_beats_does_not_drift() -> None:
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.uniform(0.3333, 0.7777, 6500))
    beats = AnnotationTrack("beat", tuple(Annotation(float(t), 0.0, i % 4 + 1) for i, t in enumerate(times)))
    notes = AnnotationTrack("note", tuple(Annotation(float(t) + 0.1, 0.2, {"pitch": 60}) for t in times))
    midi = read_by_others(to_midi([beats, notes]))
    np.testing.assert_allclose([n.start for n in midi.instruments[0].notes], notes.times, atol=1e-3)


@pytest.mark.parametrize("tracks", [[], [NOTES], [BARS], [BEATS], [AnnotationTrack("beat", BEATS.annotations[:1])]])
def test_whatever_is_there_makes_a_file(tracks: list[AnnotationTrack]) -> None:
    midi = read_by_others(to_midi(tracks, "piano"))
    notes = [n.start for part in midi.instruments for n in part.notes]
    np.testing.assert_allclose(notes, find_track(tracks, "note").times, atol=1e-3)


def test_the_pedal_goes_with_the_notes_and_comes_back() -> None:
    """Half a pedal too; what overlaps comes up where the next one goes down."""
    spans = (Annotation(0.5, 1.0, 1.0), Annotation(1.2, 0.8, 0.6), Annotation(2.5, 0.5, 0.2))
    midi = read_by_others(to_midi([*ALL, AnnotationTrack("pedal", spans)], "piano"))
    (part,) = midi.instruments
    found = [(round(c.time, 2), c.value) for c in part.control_changes if c.number == 64]
    assert found == [(0.5, 127), (1.12, 0), (1.2, 76), (2.0, 0), (2.5, 64), (3.0, 0)]
    again = find_track(read_midi(to_midi([*ALL, AnnotationTrack("pedal", spans)], "piano")), "pedal").annotations
    told = [(round(a.time, 2), round(a.end, 2), a.value) for a in again]
    assert told == [(0.5, 1.12, 1.0), (1.2, 2.0, 0.6), (2.5, 3.0, 0.5)]


def test_a_pedal_needs_no_notes_and_what_is_none_is_left_out() -> None:
    spans = (
        Annotation(0.5, 1.0, None),
        Annotation(2.0, 0.0, 1.0),
        Annotation(3.0, 1.0, 0.0),
        Annotation(5.0, 1.0, "?"),
    )
    found = find_track(read_midi(to_midi([AnnotationTrack("pedal", spans)], "piano")), "pedal").annotations
    assert [(round(a.time, 2), round(a.end, 2), a.value) for a in found] == [(0.5, 1.5, 1.0), (5.0, 6.0, 1.0)]
