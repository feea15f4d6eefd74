# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Notes from scores and from sound, on real audio."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.audio_files import read_audio
from plugins.api import Audio, ComponentError, JobContext, Score, find_track, from_json
from plugins.api.pitch_network import FPS, PitchNetwork
from plugins.transcription.align import ScoreAligner
from plugins.transcription.score import read_score
from plugins.transcription.transcribe import Transcriber
from training import performance_metrics as metrics

EXAMPLES = Path(__file__).parents[1] / "examples"
NETWORK = PitchNetwork()


@pytest.fixture(scope="module")
def audio() -> Audio:
    return read_audio(EXAMPLES / "minuet.flac")


@pytest.fixture(scope="module")
def score() -> Score:
    return Score("minuet.musicxml", (EXAMPLES / "minuet.musicxml").read_bytes())


TRUTH = find_track(from_json((EXAMPLES / "minuet.truth.json").read_text()), "note").annotations


def align(audio: Audio | None, score: Score, **options: Any):
    aligner = ScoreAligner(NETWORK)
    return aligner.recognize(audio, None, aligner.Options(**options), JobContext(score=score))


def test_every_written_note_is_found_where_it_sounds(audio: Audio, score: Score) -> None:
    notes, beats, downbeats = align(audio, score)[:3]
    assert len(notes) == len(TRUTH)
    by_pitch = {p: [n for n in notes.annotations if n.value["pitch"] == p] for p in {n.value["pitch"] for n in TRUTH}}
    errors = []
    for pitch, found in by_pitch.items():
        true = [n for n in TRUTH if n.value["pitch"] == pitch]
        assert len(true) == len(found)
        errors += [f.time - t.time for f, t in zip(found, true, strict=True)]
        assert [f.value["new_bow"] for f in found] == [t.value["new_bow"] for t in true]
    # Chords are rolled by 90 ms in the recording; the alignment gives a chord one time.
    assert np.percentile(np.abs(errors), 95) < 0.03
    assert np.abs(errors).max() < 0.12
    assert [b.value for b in beats.annotations[:6]] == [1, 2, 3, 1, 2, 3]
    assert len(downbeats) == 32


@pytest.mark.parametrize(("start", "end"), [(20.0, 30.0), (0.0, 4.0), (0.0, 20.0), (42.0, 49.0)])
def test_a_cut_aligns_with_its_part_of_the_score(audio: Audio, score: Score, start: float, end: float) -> None:
    rate = audio.sample_rate
    cut = Audio(audio.samples[int(start * rate) : int(end * rate)], rate, start)
    found = align(cut, score)[0]
    true = [n.time for n in TRUTH if start + 0.2 < n.time < end - 0.3]
    inner = [t for t in found.times if start + 0.2 < t < end - 0.3]
    assert metrics.best_f1(metrics.merged(true), metrics.merged(inner), 0.05)[0] > 0.94
    assert len(found) <= len([n for n in TRUTH if start <= n.time < end]) + 3


def test_silence_after_the_music_changes_nothing(audio: Audio, score: Score) -> None:
    silence = np.zeros(30 * audio.sample_rate, dtype=np.float32)
    notes = align(Audio(np.concatenate([audio.samples, silence]), audio.sample_rate), score)[0]
    assert len(notes) == len(TRUTH)
    assert abs(notes.times[-1] - TRUTH[-1].time) < 0.12


def test_the_score_of_another_piece_is_refused(audio: Audio) -> None:
    with pytest.raises(ComponentError, match="does not fit"):
        align(audio, Score("other.mid", _midi([(61 + 2 * (i * 5 % 7), 0.3) for i in range(120)])))


def test_the_score_of_another_piece_is_refused_in_any_range(audio: Audio, bach: Path) -> None:
    """Somewhere a few notes of any score are found: most of those put there are not heard."""
    other = Score("bwv1002_mov6.mxl", (bach / "scores/bwv1002_mov6.mxl").read_bytes())
    for start, end in ((0.0, 49.0), (20.0, 30.0), (10.0, 40.0)):
        cut = Audio(audio.samples[int(start * audio.sample_rate) : int(end * audio.sample_rate)], audio.sample_rate)
        with pytest.raises(ComponentError, match=r"bwv1002_mov6.mxl does not fit .*% of them are heard\)"):
            align(cut, other)


def test_a_score_that_hardly_fits_is_taken_where_it_is_trusted(audio: Audio, bach: Path) -> None:
    other = Score("bwv1002_mov6.mxl", (bach / "scores/bwv1002_mov6.mxl").read_bytes())
    assert len(align(audio, other, trust=True)[0])


@pytest.mark.parametrize("loud", [0.5, 1.0, 2.0])
def test_a_score_is_found_beside_other_music(audio: Audio, score: Score, bach: Path, loud: float) -> None:
    """A second violin, half to twice as loud, plays something else."""
    import librosa

    seconds = 20 * audio.sample_rate
    second = read_audio(bach / "audio/john-garner_bwv1002_mov7.mp3", 0.0, 21.0)
    beside = librosa.resample(second.samples, orig_sr=second.sample_rate, target_sr=audio.sample_rate)[:seconds]
    first = audio.samples[:seconds]
    mixed = (first + loud * first.std() / beside.std() * beside) / 4
    assert len(align(Audio(mixed.astype(np.float32), audio.sample_rate), score)[0]) > 55


@pytest.mark.parametrize("kept", [0.5, 1.0])
def test_a_score_with_faults_is_found(audio: Audio, kept: float) -> None:
    """Half of the notes are left out, or a quarter is at a wrong pitch."""
    chance = np.random.default_rng(0)
    played = [n for n in TRUTH if chance.random() < kept]
    wrong = {i for i in range(len(played)) if kept == 1.0 and chance.random() < 0.25}
    midi = [(n.value["pitch"] + (2 if i in wrong else 0), n.time, n.end) for i, n in enumerate(played)]
    found = align(audio, Score("faulty.mid", _at(midi)))[0]
    assert len(found) > 0.9 * len(played)


def _midi(notes: list[tuple[int, float]]) -> bytes:
    """Pitches and lengths, one after the other."""
    ends = np.cumsum([length for _, length in notes])
    return _at([(pitch, end - length, end) for (pitch, length), end in zip(notes, ends, strict=True)])


def _at(notes: list[tuple[int, float, float]]) -> bytes:
    import pretty_midi

    midi, track = pretty_midi.PrettyMIDI(), pretty_midi.Instrument(40)
    track.notes = [pretty_midi.Note(80, *note) for note in notes]
    midi.instruments.append(track)
    buffer = io.BytesIO()
    midi.write(buffer)
    return buffer.getvalue()


def test_a_midi_score_aligns_too(audio: Audio) -> None:
    # Written 1.3 times as fast as it is played.
    midi = _at([(note.value["pitch"], note.time / 1.3, note.end / 1.3) for note in TRUTH])
    found = align(audio, Score("m.mid", midi))[0]
    true = metrics.merged([n.time for n in TRUTH])
    assert metrics.best_f1(true, metrics.merged(found.times), 0.05)[0] > 0.97


def test_without_a_sound_the_score_is_played_as_written() -> None:
    notes = align(None, Score("scale.mid", _midi([(60, 0.5), (62, 0.5), (64, 1.0)])))[0]
    assert [round(n.time, 3) for n in notes.annotations] == [0.0, 0.5, 1.0]


def test_transcription_hears_the_notes_and_most_bows(audio: Audio) -> None:
    recognizer = Transcriber(NETWORK)
    notes = recognizer.recognize(audio, None, recognizer.Options(), JobContext())[0].annotations
    onsets = metrics.merged([n.time for n in notes])
    assert metrics.best_f1(metrics.merged([n.time for n in TRUTH]), onsets, 0.05)[0] > 0.95
    bows = metrics.merged([n.time for n in notes if n.value["new_bow"]], 0.1)
    true = metrics.merged([n.time for n in TRUTH if n.value["new_bow"]], 0.1)
    assert metrics.best_f1(true, bows)[0] > 0.85
    matched = sum(
        any(abs(n.time - t.time) < 0.06 and n.value["pitch"] == t.value["pitch"] for n in notes) for t in TRUTH
    )
    assert matched / len(TRUTH) > 0.9


def test_a_slur_does_not_go_on_over_a_rest(audio: Audio) -> None:
    gap = np.zeros(audio.sample_rate // 2, dtype=np.float32)
    rate = audio.sample_rate
    first, second = audio.samples[: int(1.2 * rate)], audio.samples[int(1.35 * rate) : 3 * rate]
    recognizer = Transcriber(NETWORK)
    joined = Audio(np.concatenate([first, gap, second]), rate)
    notes = recognizer.recognize(joined, None, recognizer.Options(), JobContext())[0].annotations
    after = next(n for n in notes if n.time > len(first) / rate + 0.3)
    assert after.value["new_bow"]


def test_the_network_keeps_time_over_many_windows() -> None:
    """Clicks of A4 every second for 25 seconds are heard at their times: the windows join evenly."""
    rate, times = 22050, np.arange(1.0, 25.0)
    t = np.arange(26 * rate) / rate
    sound = sum(
        np.where((t >= s) & (t < s + 0.3), np.sin(2 * np.pi * 440 * t) * np.exp(-(t - s) * 6), 0) for s in times
    )
    heard = NETWORK.listen(Audio(0.5 * np.asarray(sound, dtype=np.float32), rate), JobContext())
    onset = heard.onset[:, heard.pitch(69)]
    found = [
        np.argmax(onset[int((s - 0.3) * FPS) : int((s + 0.3) * FPS)]) / FPS + int((s - 0.3) * FPS) / FPS for s in times
    ]
    late = np.array(found) - times
    assert np.ptp(late) < 0.03
    assert abs(np.median(late)) < 0.03


MUSICXML = """<?xml version="1.0"?><score-partwise version="4.0"><part-list><score-part id="P1"><part-name>v</part-name>
</score-part></part-list><part id="P1"><measure number="1"><attributes><divisions>2</divisions><time><beats>6</beats>
<beat-type>8</beat-type></time></attributes><direction><direction-type><dynamics><f/></dynamics></direction-type></direction>
{notes}</measure></part></score-partwise>"""
NOTE = (
    "<note><pitch><step>{step}</step><octave>4</octave></pitch><duration>{length}</duration>"
    "<voice>1</voice>{more}</note>"
)


def _musicxml(*notes: tuple[str, int, str]) -> bytes:
    return MUSICXML.format(notes="".join(NOTE.format(step=s, length=d, more=m) for s, d, m in notes)).encode()


GRACE = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch><voice>1</voice>{more}</note>"


def test_a_note_slurred_to_its_grace_note_shares_the_bow() -> None:
    start, stop = (f'<notations><slur type="{kind}" number="1"/></notations>' for kind in ("start", "stop"))
    plain = NOTE.format(step="G", length=2, more="")
    main = NOTE.format(step="C", length=4, more=stop)
    data = MUSICXML.format(notes=plain + GRACE.format(more=start) + main).encode()
    notes = read_score(Score("g.musicxml", data))[0].notes
    assert [(n.pitch, n.new_bow) for n in notes] == [(67, True), (74, True), (60, False)]
    assert notes[1].onset < notes[2].onset


def test_the_violin_is_chosen_among_parts() -> None:
    piano, violin = (_musicxml((step, 6, "")).decode() for step in "CG")
    body = violin[violin.index("<part id") : violin.index("</score-partwise>")].replace("P1", "P2")
    listed = '<score-part id="P2"><part-name>Violin</part-name></score-part></part-list>'
    both = piano.replace("</part-list>", listed).replace("</score-partwise>", body + "</score-partwise>")
    assert [n.pitch for n in read_score(Score("two.musicxml", both.encode()))[0].notes] == [67]


def test_slurs_ties_marks_and_compound_beats_are_read() -> None:
    data = _musicxml(
        ("G", 1, '<notations><slur type="start" number="1"/><technical><up-bow/></technical></notations>'),
        ("A", 1, '<notations><slur type="stop" number="1"/></notations>'),
        ("B", 1, '<tie type="start"/><notations><tied type="start"/></notations>'),
        ("B", 1, '<tie type="stop"/><notations><tied type="stop"/></notations>'),
        ("C", 2, "<notations><articulations><staccato/></articulations></notations>"),
    )
    for score in (Score("s.musicxml", data), Score("s.mxl", _zipped(data))):
        reading = read_score(score)[0]
        assert [n.pitch for n in reading.notes] == [67, 69, 71, 60]
        assert [n.new_bow for n in reading.notes] == [True, False, True, True]
        assert reading.notes[0].bow == "up"
        assert reading.notes[2].duration == pytest.approx(1.0)
        assert reading.notes[3].marks == ("staccato",)
        assert {n.dynamics for n in reading.notes} == {"f"}
        assert reading.beats == ((0.0, 1), (1.5, 2))


def _zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    container = '<container><rootfiles><rootfile full-path="s.musicxml"/></rootfiles></container>'
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("s.musicxml", data)
    return buffer.getvalue()


@pytest.mark.parametrize(("name", "data"), [("a.musicxml", b"<score"), ("a.mid", b"nonsense"), ("a.mxl", b"PK")])
def test_a_broken_score_is_named(name: str, data: bytes) -> None:
    with pytest.raises(ComponentError, match=name):
        read_score(Score(name, data))


def test_repeats_are_found_in_real_recordings(bach: Path) -> None:
    """The published number of notes tells which repeats were played; ours must find the same reading."""
    cases = (("john-garner_bwv1002_mov7.mp3", "bwv1002_mov7.mxl"), ("minji-kim_bwv1003_mov3.opus", "bwv1003_mov3.mxl"))
    for recording, name in cases:
        notes = align(read_audio(bach / "audio" / recording), Score(name, (bach / "scores" / name).read_bytes()))[0]
        published = (bach / "notes" / recording).with_suffix(".csv").read_text().count("\n") - 1
        assert len(notes) == published
