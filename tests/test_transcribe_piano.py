# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A piano is heard, chord by chord, and the pianist plays what was heard."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from backend.pipeline import Job, run
from backend.plugin_manager import load_plugins
from plugins.api import Annotation, Audio, JobContext, find_track, piano
from plugins.api.pitch_network import FPS, LOWEST_PITCH, Posteriors, pitch_network
from plugins.performer.piano_fingering import plan_hand
from plugins.performer.piano_music import LEFT, RIGHT, Note
from plugins.transcription.candidates import find_candidates
from plugins.transcription.struck import SEPARATION, struck_notes
from plugins.transcription.tracking import track_notes
from plugins.transcription.transcribe import Transcriber
from tests.playing_piano import note, perform
from training import performance_metrics, piano_metrics
from training.simulate.piano_playing import Struck
from training.simulate.piano_sound import Instrument, play
from training.simulate.players import pianist
from training.simulate.sound import RATE

CHORDS = ((42, 49, 51, 53, 61, 64, 67, 72), (45, 48, 50, 56, 60, 63, 65, 71))
STRUCK = (1.0, 3.0)
"""Seconds."""


def sound(notes: Sequence[tuple[float, float, int]], seconds: float) -> Audio:
    """As the simulated piano sounds, the right hand a little louder."""
    struck = [Struck(start, end, end, pitch, 0.75 if pitch >= 60 else 0.6) for start, end, pitch in notes]
    samples = play(struck, pianist(0, 0), Instrument(7, 440.0), seconds, np.random.default_rng(0))
    return Audio(samples, RATE)


def hear(audio: Audio, instrument: str = "piano", sensitivity: float = 0.5) -> tuple[Annotation, ...]:
    recognizer = Transcriber(pitch_network())
    options = recognizer.Options(sensitivity=sensitivity)
    return recognizer.recognize(audio, None, options, JobContext(instrument=instrument))[0].annotations


def two_chords() -> Audio:
    return sound([(at, at + 1.0, p) for at, chord in zip(STRUCK, CHORDS, strict=True) for p in chord], 5.5)


def near(notes: Sequence[Annotation], time: float) -> list[int]:
    """Pitches of the notes that begin within 50 ms of it."""
    return sorted(n.value["pitch"] for n in notes if abs(n.time - time) <= 0.05)


def posteriors(rows: Sequence[tuple[int, int, int, float]], length: int = 120) -> Posteriors:
    """Of notes: from frame, to frame, pitch, how much of them is heard."""
    heard, onset = np.zeros((length, 88), np.float32), np.zeros((length, 88), np.float32)
    for first, last, pitch, level in rows:
        heard[first:last, pitch - LOWEST_PITCH] = level
        onset[first - 1 : first + 2, pitch - LOWEST_PITCH] = 0.5 * level, level, 0.5 * level
    return Posteriors(heard, onset, 0.0)


def test_all_keys_of_a_chord_are_heard() -> None:
    heard = hear(two_chords())
    for at, chord in zip(STRUCK, CHORDS, strict=True):
        assert near(heard, at) == sorted(chord)
    assert len(heard) == sum(len(chord) for chord in CHORDS)
    assert not any("new_bow" in n.value for n in heard)
    assert all(n.time <= later.time for n, later in pairwise(heard))


def test_time_counts_from_the_beginning_of_a_range() -> None:
    whole = two_chords()
    cut = Audio(whole.samples[int(2.5 * RATE) :], RATE, start=2.5)
    heard = hear(cut)
    assert set(CHORDS[1]) <= set(near(heard, STRUCK[1]))
    assert len(heard) <= len(CHORDS[1]) + 1  # it begins in the first chord's last second


@pytest.mark.parametrize("pitch", [28, 40, 88, 100])
def test_keys_far_beyond_the_violin_are_heard(pitch: int) -> None:
    (heard,) = hear(sound([(0.5, 1.2, pitch)], 2.5))
    assert heard.value["pitch"] == pitch
    assert heard.time == pytest.approx(0.5, abs=0.05)


def test_a_repeated_key_is_struck_each_time() -> None:
    times = 0.5 + 0.15 * np.arange(8)
    heard = hear(sound([(t, t + 0.12, 60) for t in times], 2.5))
    assert [n.value["pitch"] for n in heard] == [60] * 8
    assert np.abs([n.time for n in heard] - times).max() <= 0.05
    assert all(n.end <= after.time + 1e-6 for n, after in pairwise(heard))


def test_a_key_held_longer_is_heard_longer() -> None:
    short, long = hear(sound([(0.5, 0.8, 60), (2.0, 3.5, 60)], 5.0))
    assert short.duration < 0.7
    assert long.duration > 1.0


def test_silence_and_a_faint_hiss_hold_no_notes() -> None:
    rng = np.random.default_rng(0)
    for level in (0.0, 1e-4):
        assert hear(Audio((level * rng.normal(size=2 * RATE)).astype(np.float32), RATE)) == ()


def test_loud_notes_are_played_louder() -> None:
    loud, soft = sound([(0.5, 1.5, 62)], 2.0), sound([(0.5, 1.5, 62)], 2.0)
    heard = hear(Audio(np.concatenate([loud.samples, 0.1 * soft.samples]), RATE))
    assert [n.value["pitch"] for n in heard] == [62, 62]
    assert heard[0].value["velocity"] > heard[1].value["velocity"] + 0.2


def test_sensitivity_is_how_faint_an_onset_counts() -> None:
    counts = [len(hear(two_chords(), sensitivity=s)) for s in (0.1, 0.5, 0.9)]
    assert counts[0] < counts[1] < counts[2]


def test_the_violin_is_heard_as_ever() -> None:
    audio = two_chords()
    found = hear(audio, "violin")
    posterior = pitch_network().listen(audio, JobContext())
    tracked = track_notes(posterior, find_candidates(posterior, audio), 0.5)
    seen = [(round(n.time, 6), n.value["pitch"], n.value["new_bow"]) for n in found]
    assert sorted(seen) == sorted((round(float(posterior.seconds(n.start)), 6), n.pitch, n.new_bow) for n in tracked)
    assert max(len(near(found, at)) for at in STRUCK) == 2


def test_a_note_ends_when_it_is_hardly_heard_or_struck_again() -> None:
    first, second = struck_notes(posteriors([(10, 40, 60, 0.8), (40, 70, 60, 0.8)]))
    assert (first.start, first.end, second.start, second.end) == (10, 40, 40, 70)
    assert first.pitch == second.pitch == 60


def test_an_overtone_is_no_note_but_an_octave_as_clear_is_one() -> None:
    tone, ghost = (20, 60, 48, 0.9), (20, 60, 60, 0.45)
    assert len(struck_notes(posteriors([ghost]))) == 1
    assert [n.pitch for n in struck_notes(posteriors([tone, ghost]))] == [48]
    assert [n.pitch for n in struck_notes(posteriors([tone, (20, 60, 60, 0.9)]))] == [48, 60]


def test_no_sound_and_one_frame_are_no_notes() -> None:
    for length in (0, 1, SEPARATION):
        assert struck_notes(posteriors([], length)) == []


def test_a_recording_alone_is_played_key_by_key() -> None:
    """All that there is between a sound and a motion, as ``cadenza animate --instrument piano`` runs it."""
    result = run(load_plugins(), Job("pianist", instrument="piano", fps=60.0), two_chords())
    heard = find_track(result.annotations, "note").annotations
    down = piano_metrics.key_depth(result.motion) > piano_metrics.HALF_DOWN
    for at, chord in zip(STRUCK, CHORDS, strict=True):
        frames = (result.motion.times > at) & (result.motion.times < at + 0.2)
        pressed = (np.flatnonzero(down[frames].any(axis=0)) + piano.LOWEST).tolist()
        assert pressed == near(heard, at) == sorted(chord)
    assert not down[result.motion.times < STRUCK[0] - 0.2].any()


# What no hand can play is left out, and the rest is played.


def test_of_a_chord_too_wide_the_hand_plays_what_it_reaches() -> None:
    far = [Note(0.5, 1.5, p, hand=RIGHT) for p in (40, 64, 67, 72)]
    planned = plan_hand(far, RIGHT)
    assert [n.pitch for n in planned.notes] == [64, 67, 72]
    assert "cannot hold all of its notes: 1 are left out" in planned.warnings[0]
    assert "written" not in planned.warnings[0]  # it may have been heard
    two = plan_hand([Note(0.5, 1.5, p, hand=LEFT) for p in (30, 60)], LEFT)
    assert [n.pitch for n in two.notes] == [30]


def test_more_notes_than_fingers_over_the_whole_keyboard() -> None:
    motion = perform([note(0.5 + 1.1 * i, 1.0, p) for i in range(2) for p in range(21 + 3 * i, 109, 6)])
    assert np.isfinite(motion.positions).all()
    assert motion.provenance["notes"] >= 10
    assert all("left out" in warning for warning in motion.provenance["warnings"])


def test_a_rolled_cluster_keeps_the_hands_at_the_keyboard() -> None:
    """Semitones 20 ms apart: all five fingers are out of reach at once, on one side."""
    motion = perform([note(0.5 + 0.02 * i, 1.0, 60 + i) for i in range(25)])
    assert np.abs(motion.positions).max() < 2.0
    assert performance_metrics.bone_length_error(motion) < 1e-4


def test_equal_pitches_that_overlap_and_hasty_repetitions() -> None:
    overlapping = [(0.5, 3.0), (0.6, 3.0), (0.61, 0.0), (1.0, 0.01), (1.0, 3.0)]
    notes = [note(start, length, 60) for start, length in overlapping]
    notes += [note(4.5 + 0.03 * i, 0.03, 72) for i in range(20)]
    motion = perform(notes, fps=120.0)
    assert np.isfinite(motion.positions).all()
    down = piano_metrics.key_depth(motion)[:, 60 - piano.LOWEST] > piano_metrics.HALF_DOWN
    assert (np.diff(down.astype(int)) == 1).sum() == 3


def test_frames_are_the_networks() -> None:
    heard = posteriors([(30, 60, 64, 0.8)])
    (only,) = struck_notes(heard)
    assert heard.seconds(only.start) == pytest.approx(30 / FPS)
