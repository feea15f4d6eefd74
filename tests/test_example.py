# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The example recording: its score can be played, and score, truth and sound agree."""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from blender_addon.core.annotations import Annotation, AnnotationTrack, find_track, from_json

partitura = pytest.importorskip("partitura")
soundfile = pytest.importorskip("soundfile")

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
OPEN_STRINGS = (55, 62, 69, 76)
REACH = 10  # semitones above the open string that a hand in first to third position stops
HAND = 5  # semitones between its lowest and its highest finger, each from its own string's nut


@pytest.fixture(scope="module")
def part() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # partitura tells of words that it cannot interpret
        return partitura.load_score(str(EXAMPLES / "minuet.musicxml")).parts[0]


@pytest.fixture(scope="module")
def tracks() -> list[AnnotationTrack]:
    return from_json((EXAMPLES / "minuet.truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def notes(tracks: list[AnnotationTrack]) -> tuple[Annotation, ...]:
    return find_track(tracks, "note").annotations


def chords(part: Any) -> list[list[int]]:
    """Pitches that begin together, low to high."""
    at: dict[int, list[int]] = {}
    for note in part.notes_tied:
        at.setdefault(note.start.t, []).append(note.midi_pitch)
    return [sorted(pitches) for pitches in at.values()]


def stoppable(pitches: list[int]) -> bool:
    """Whether one hand can stop these on neighbouring strings, a finger for each but the open ones."""
    for lowest in range(len(OPEN_STRINGS) - len(pitches) + 1):
        strings = OPEN_STRINGS[lowest : lowest + len(pitches)]
        stops = [pitch - string for pitch, string in zip(pitches, strings, strict=True)]
        fingers = [stop for stop in stops if stop > 0]
        spread = max(fingers, default=0) - min(fingers, default=0)
        if min(stops) >= 0 and max(stops) <= REACH and spread <= HAND:
            return True
    return False


@pytest.mark.parametrize(
    ("pitches", "possible"),
    [([55, 62, 71, 79], True), ([59, 67], True), ([55, 57], False), ([56, 69], False), ([57, 76], False)],
)
def test_stoppable_knows_the_violin(pitches: list[int], possible: bool) -> None:
    assert stoppable(pitches) is possible


def test_score_and_truth_have_the_same_notes(part: Any, notes: tuple[Annotation, ...]) -> None:
    assert {n.id: n.midi_pitch for n in part.notes_tied} == {a.value["id"]: a.value["pitch"] for a in notes}
    assert len(part.notes_tied) == len(notes) > 100


def test_truth_follows_the_order_of_the_score(part: Any, notes: tuple[Annotation, ...]) -> None:
    at = {n.id: n.start.t for n in part.notes_tied}
    order = [at[a.value["id"]] for a in notes]
    assert order == sorted(order)


def test_new_bow_is_false_exactly_within_slurs(part: Any, notes: tuple[Annotation, ...]) -> None:
    slurs = list(part.iter_all(partitura.score.Slur))
    spans = [(s.start_note.start.t, s.end_note.start.t) for s in slurs]
    at = {n.id: n.start.t for n in part.notes_tied}
    for note in notes:
        position = at[note.value["id"]]
        assert note.value["new_bow"] != any(first < position <= last for first, last in spans)
        assert note.value["slur"] == any(first <= position <= last for first, last in spans)
    assert len(slurs) >= 20


def test_a_violin_can_play_every_chord(part: Any) -> None:
    assert all(55 <= pitch <= 100 for chord in chords(part) for pitch in chord)
    assert [c for c in chords(part) if not stoppable(c)] == []


def test_the_score_has_what_a_player_must_show(part: Any) -> None:
    sizes = Counter(len(chord) for chord in chords(part))
    assert sizes[2] >= 10
    assert sizes[3] >= 1
    assert sizes[4] == 1
    assert {d.text for d in part.iter_all(partitura.score.ConstantLoudnessDirection)} == {"p", "mf", "f"}
    marks = {mark for note in part.notes_tied for mark in note.articulations or ()}
    assert {"staccato", "accent"} <= marks
    assert max(pitch for chord in chords(part) for pitch in chord) > 83  # beyond first position


def test_truth_lies_within_the_recording(tracks: list[AnnotationTrack], notes: tuple[Annotation, ...]) -> None:
    info = soundfile.info(EXAMPLES / "minuet.flac")
    assert info.channels == 1
    assert 40 <= info.duration <= 55
    assert all(a.time > 0 and a.end < info.duration for track in tracks for a in track.annotations)
    assert all(a.duration > 0.08 for a in notes)


def test_beats_count_three_and_begin_bars(tracks: list[AnnotationTrack], notes: tuple[Annotation, ...]) -> None:
    beats, downbeats = find_track(tracks, "beat"), find_track(tracks, "downbeat")
    assert [a.value for a in beats.annotations] == [1, 2, 3] * 32
    assert downbeats.times == beats.times[::3]
    assert all(0.4 < b - a < 0.9 for a, b in itertools.pairwise(beats.times))
    assert set(downbeats.times) <= {a.time for a in notes}


def test_the_sound_begins_with_the_first_note(notes: tuple[Annotation, ...]) -> None:
    sound, rate = soundfile.read(EXAMPLES / "minuet.flac")
    loud = abs(sound) > 0.05 * abs(sound).max()
    assert abs(loud.argmax() / rate - notes[0].time) < 0.03
    assert abs(sound).max() < 0.99
