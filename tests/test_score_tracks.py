# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a score says, at the times at which it is played: phrases, dynamics, articulation, each bar's confidence."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest

from backend.audio_files import read_audio
from backend.midi_sound import read_midi
from blender_addon.midi_file import read_midi as read_here
from plugins.api import AnnotationTrack, Audio, ComponentError, JobContext, Score, find_track
from plugins.api.pitch_network import PitchNetwork
from plugins.transcription.align import ScoreAligner
from plugins.transcription.performed import Performed, bar_confidence, tracks_of
from plugins.transcription.score import Reading, ScoreNote, read_score
from plugins.transcription.written import dynamics_of, phrases
from tests.running import RATE, tone

EXAMPLES = Path(__file__).parents[1] / "examples"
NETWORK = PitchNetwork()

SCALE = (67, 69, 71, 72, 74, 76, 78, 79, 81, 79, 78, 76, 74, 72, 71, 69)
HEAD = (
    '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Violin</part-name></score-part>'
    '</part-list><part id="P1">'
)
TIME = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
SLUR = '<notations><slur type="{}" number="1"/></notations>'
DOT = "<notations><articulations><staccato/></articulations></notations>"
BREATH = "<notations><articulations><breath-mark/></articulations></notations>"
DOUBLE = '<barline location="right"><bar-style>light-light</bar-style></barline>'
REPEAT = '<barline location="right"><bar-style>light-heavy</bar-style><repeat direction="backward"/></barline>'


def direction(inner: str) -> str:
    return f"<direction><direction-type>{inner}</direction-type></direction>"


def loud(mark: str) -> str:
    return direction(f"<dynamics><{mark}/></dynamics>")


def note(pitch: int, more: str = "") -> str:
    step, alter = "CCDDEFFGGAAB"[pitch % 12], pitch % 12 in (1, 3, 6, 8, 10)
    name = f"<pitch><step>{step}</step><alter>{alter:d}</alter><octave>{pitch // 12 - 1}</octave></pitch>"
    return f"<note>{name}<duration>1</duration><voice>1</voice>{more}</note>"


def score(*bars: str) -> Score:
    inside = "".join(f'<measure number="{i}">{TIME if i == 1 else ""}{bar}</measure>' for i, bar in enumerate(bars, 1))
    return Score("s.musicxml", f"{HEAD}{inside}</part></score-partwise>".encode())


def full() -> Score:
    """Four bars of SCALE with a mark of every kind."""
    n = [note(p) for p in SCALE]
    n[1], n[2] = note(69, SLUR.format("start")), note(71, SLUR.format("stop"))
    n[5] = note(76, DOT)
    wedge = [direction(f'<wedge type="{kind}" number="1"/>') for kind in ("diminuendo", "stop")]
    return score(
        loud("p") + "".join(n[:4]),
        "".join(n[4:6]) + loud("ff") + "".join(n[6:8]) + DOUBLE,
        direction("<rehearsal>B</rehearsal>") + wedge[0] + "".join(n[8:12]) + wedge[1],
        loud("pppp") + "".join(n[12:]),
    )


def align(sound: Audio | None, given: Score, **options: int) -> list[AnnotationTrack]:
    aligner = ScoreAligner(NETWORK)
    return aligner.recognize(sound, None, aligner.Options(**options), JobContext(score=given))


def played(pitches: Sequence[int] = SCALE, start: float = 0.0) -> Audio:
    return Audio(tone(pitches), RATE, start)


def rows(tracks: list[AnnotationTrack], name: str) -> list[tuple[float, float, object]]:
    return [(a.time, a.end, a.value) for a in find_track(tracks, name).annotations]


def near(found: list[tuple[float, float, object]], wanted: list[tuple[float, float, object]]) -> None:
    assert [f[2] for f in found] == [w[2] for w in wanted]
    np.testing.assert_allclose([f[:2] for f in found], [w[:2] for w in wanted], atol=0.06)


def test_every_mark_lands_where_it_is_played() -> None:
    tracks = align(played(start=10.0), full())
    assert [t.namespace for t in tracks] == list(ScoreAligner.writes)
    near(rows(tracks, "phrase"), [(10.0, 14.0, None), (14.0, 18.0, "B")])
    near(rows(tracks, "dynamics"), [(10.0, 13.0, "p"), (13.0, 16.0, "ff"), (14.0, 16.0, "dim"), (16.0, 18.0, "ppp")])
    articulation = [a.value for a in find_track(tracks, "articulation").annotations]
    assert articulation == ["neutral", "legato", "legato", *["neutral"] * 2, "staccato", *["neutral"] * 10]
    near(rows(tracks, "downbeat"), [(10.0 + 2 * i, 10.0 + 2 * i, i + 1) for i in range(4)])
    assert all(a.confidence > 0.7 for t in tracks for a in t.annotations if t.namespace == "downbeat")


def test_a_cut_keeps_the_mark_that_is_in_force() -> None:
    sound = Audio(tone(SCALE[8:]), RATE, 4.0)  # begins inside ff
    near(rows(align(sound, full()), "dynamics"), [(4.0, 6.0, "ff"), (4.0, 6.0, "dim"), (6.0, 8.0, "ppp")])


def test_a_repeat_that_is_taken_is_a_phrase_again() -> None:
    bars = ["".join(note(p) for p in SCALE[i : i + 4]) for i in range(0, 16, 4)]
    given = score(loud("f") + bars[0], bars[1] + REPEAT, bars[2], bars[3])
    twice = played((*SCALE[:8], *SCALE))
    near(rows(align(twice, given), "phrase"), [(0.0, 4.0, None), (4.0, 8.0, None), (8.0, 12.0, None)])
    near(rows(align(played(), given), "phrase"), [(0.0, 4.0, None), (4.0, 8.0, None)])
    near(rows(align(twice, given), "dynamics"), [(0.0, 12.0, "f")])


def test_a_second_ending_belongs_to_its_section() -> None:
    start, stop = ('<barline location="{}"><ending number="{}" type="{}"/>{}</barline>' for _ in range(2))
    back = '<repeat direction="backward"/>'
    bars = ["".join(note(p) for p in SCALE[i : i + 4]) for i in range(0, 16, 4)]
    first = start.format("left", 1, "start", "") + bars[1] + stop.format("right", 1, "stop", back)
    second = start.format("left", 2, "start", "") + bars[2] + stop.format("right", 2, "stop", "")
    longest = read_score(score(bars[0], first, second, bars[3]))[0]
    assert [(a, b) for a, b, _ in longest.phrases] == [(0.0, 8.0), (8.0, 16.0), (16.0, 20.0)]


def test_a_breath_divides() -> None:
    bars = "".join(note(p, BREATH if i == 3 else "") for i, p in enumerate(SCALE[:8]))
    assert [(a, b) for a, b, _ in read_score(score(bars))[0].phrases] == [(0.0, 4.0), (4.0, 8.0)]


def test_nothing_is_invented() -> None:
    plain = score("".join(note(p) for p in SCALE[:4]), "".join(note(p) for p in SCALE[4:8]))
    tracks = align(played(SCALE[:8]), plain)
    assert not rows(tracks, "phrase")
    assert not rows(tracks, "dynamics")
    assert {a.value for a in find_track(tracks, "articulation").annotations} == {"neutral"}
    assert dynamics_of("sfz") == dynamics_of("dolce") == ""
    assert phrases([(0.0, 1.0, 0.0, 0), (1.0, 2.0, 1.0, 0)], [""]) == ()


def test_midi_says_nothing_of_dynamics_and_articulation(tmp_path: Path) -> None:
    from tests.running import melody, write_midi

    data = write_midi(tmp_path / "m.mid", melody(SCALE)).read_bytes()
    tracks = align(played(), Score("m.mid", data))
    assert len(find_track(tracks, "note")) == len(SCALE)
    assert [len(find_track(tracks, name)) for name in ("phrase", "dynamics", "articulation")] == [0, 0, 0]


def test_a_bar_that_is_played_wrong_is_told_by_its_confidence() -> None:
    wrong = (*SCALE[:4], *(p + 1 for p in SCALE[4:8]), *SCALE[8:])
    sure = [a.confidence for a in find_track(align(played(wrong), full()), "downbeat").annotations]
    assert len(sure) == 4
    assert sure[1] < 0.5 < min(sure[0], sure[2], sure[3])


def test_a_bar_that_is_left_out_is_told_by_its_confidence() -> None:
    left_out = align(played((*SCALE[:4], *SCALE[8:])), full())
    sure = {a.value: a.confidence for a in find_track(left_out, "downbeat").annotations}
    assert sure[2] < 0.5 < min(sure[1], sure[4])


def test_confidence_is_the_share_times_the_steadiness() -> None:
    notes = tuple(ScoreNote(float(i), 1.0, 60) for i in range(9))
    reading = Reading(notes, tuple((float(i), i % 4 + 1) for i in range(12)))
    onsets, heard = np.arange(9.0), np.full(9, 0.25)
    heard[:4] = 0.9
    onsets[5] += 0.2
    sure = bar_confidence(Performed(reading, onsets, heard, 0.0, 9.0))
    assert sure[1] == 1.0
    assert sure[2] == pytest.approx(0.5 * np.exp(-0.4 / 4 / 0.2), abs=2e-3)
    assert sure[3] == 0.5  # the last onset has no neighbour behind it
    assert bar_confidence(Performed.as_written(reading)) == dict.fromkeys(range(4), 1.0)


@pytest.mark.parametrize("shift", [1, -2, 5, 12])
def test_a_score_in_another_key_is_said_so(shift: int) -> None:
    sound = read_audio(EXAMPLES / "minuet.flac", 0.0, 20.0)
    name = "minuet.musicxml"
    given = Score(name, (EXAMPLES / name).read_bytes())
    far = f"{name} is written {abs(shift)} semitones? {'higher' if shift > 0 else 'lower'} "
    with pytest.raises(ComponentError, match=f"{far}.* option align.transpose=0"):
        align(sound, given, transpose=shift)
    assert len(find_track(align(sound, given), "note")) > 50


def test_the_recording_may_sound_in_another_key() -> None:
    tracks = align(played([p - 3 for p in SCALE]), full(), transpose=-3)
    assert [a.value["pitch"] for a in find_track(tracks, "note").annotations] == [p - 3 for p in SCALE]


@pytest.mark.parametrize("name", ["bwv1003_mov3.mxl", "bwv1002_mov6.mxl"])
def test_the_score_of_another_movement_is_refused(bach: Path, name: str) -> None:
    sound = read_audio(bach / "audio" / "john-garner_bwv1002_mov7.mp3", 0.0, 30.0)
    with pytest.raises(ComponentError, match="does not fit this recording"):
        align(sound, Score(name, (bach / "scores" / name).read_bytes()))


def test_the_marks_of_a_real_edition_are_read() -> None:
    folder = Path(__file__).parents[2] / "shared/data/mosa-annotations/yv/de1/yv10/t1/annotation"
    if not folder.is_dir():
        pytest.skip("MOSA's annotations (shared/data/mosa-annotations) are not here")
    reading = read_score(Score("de1.xml", (folder / "de1_yv10_t1_sheet.xml").read_bytes()))[0]
    assert {mark for _, _, mark in reading.dynamics} <= {"ppp", "pp", "p", "mp", "mf", "f", "ff", "fff"}
    assert len(reading.dynamics) >= 3
    assert {kind for _, _, kind in reading.hairpins} == {"cresc"}
    assert any(n.legato for n in reading.notes)


@pytest.mark.parametrize(
    ("quarters", "beats"), [(1, [(1.0, 1), (3.0, 2), (5.0, 1)]), (2, [(0.0, 2), (2.0, 1), (4.0, 2)])]
)
def test_an_upbeat_is_no_downbeat(quarters: int, beats: list[tuple[float, int]]) -> None:
    """A quarter before the first bar of a cut time has no beat; two quarters have one, the bar's last."""
    cut = TIME.replace("<beats>4</beats><beat-type>4</beat-type>", "<beats>2</beats><beat-type>2</beat-type>")
    bars = ["".join(note(p) for p in SCALE[:quarters]), *["".join(note(p) for p in SCALE[:4])] * 2]
    inside = "".join(f'<measure number="{i}">{"" if i else cut}{bar}</measure>' for i, bar in enumerate(bars))
    (reading,) = read_score(Score("cut.musicxml", f"{HEAD}{inside}</part></score-partwise>".encode()))
    first = reading.beats[0][0] - beats[0][0]
    assert [(t - first, place) for t, place in reading.beats[: len(beats)]] == beats
    assert reading.notes[0].onset - first == 0.0


def pedal(kind: str) -> str:
    return direction(f'<pedal type="{kind}"/>')


def of_piano(*bars: str) -> Score:
    text = score(*bars).data.decode().replace("<part-name>Violin", "<part-name>Piano")
    return Score("piano.musicxml", text.encode())


def test_pedal_marks_of_a_score_are_read_changes_and_repeats_included() -> None:
    first = pedal("start") + note(60) + note(62) + pedal("change") + note(64) + note(65) + pedal("stop")
    piece = of_piano(first, "".join(note(p) for p in (67, 69, 71, 72)) + REPEAT)
    twice, once = read_score(piece, "piano")
    assert once.pedal == ((0.0, 2.0, 1.0), (2.0, 4.0, 1.0))
    assert twice.pedal == (*once.pedal, (8.0, 10.0, 1.0), (10.0, 12.0, 1.0))
    assert all(not reading.pedal for reading in read_score(piece, "violin"))


def test_pedal_marks_stand_where_they_stand() -> None:
    """At rests, with an offset, before another voice; what is never let go comes up with the next one or at the end."""
    rest = "<note><rest/><duration>1</duration></note>"
    shifted = pedal("stop").replace("</direction>", "<offset>2</offset></direction>")
    back = "<backup><duration>4</duration></backup><forward><duration>1</duration></forward>"
    first = pedal("start") + note(60) + pedal("change") + rest + note(62) + note(64) + back + pedal("change") + note(48)
    second = shifted + note(60) + note(62) + note(64) + note(65) + pedal("start")
    third = "".join(note(p) for p in (67, 69, 71)) + pedal("start") + note(72)
    (reading,) = read_score(of_piano(first, second, third), "piano")
    assert reading.pedal == ((0.0, 1.0, 1.0), (1.0, 6.0, 1.0), (8.0, 11.0, 1.0), (11.0, 12.0, 1.0))
    finer = of_piano(first, second, third).data.decode().replace("<divisions>1<", "<divisions>3<")
    for name, length in (("duration", 1), ("duration", 4), ("offset", 2)):
        finer = finer.replace(f"<{name}>{length}<", f"<{name}>{3 * length}<")
    assert read_score(Score("finer.musicxml", finer.encode()), "piano")[0].pedal == reading.pedal


def test_the_pedal_lies_where_it_was_played() -> None:
    notes = tuple(ScoreNote(float(i), 1.0, 60 + i) for i in range(8))
    reading = Reading(notes, tuple((float(i), i % 4 + 1) for i in range(8)), pedal=((0.0, 2.0, 1.0), (4.0, 9.0, 0.7)))
    played = Performed(reading, np.arange(8) * 0.5 + 1.0, np.ones(8), 0.0, 20.0)
    found = find_track(tracks_of(played, []), "pedal").annotations
    assert [(a.time, round(a.end, 6), a.value) for a in found] == [(1.0, 2.0, 1.0), (3.0, 5.5, 0.7)]
    early = replace(reading, pedal=((-1.5, 3.0, 1.0), (-9.0, -6.0, 1.0), (50.0, 60.0, 1.0)))
    found = find_track(tracks_of(Performed(early, np.arange(8) * 0.5 + 1.0, np.ones(8), 0.0, 20.0), []), "pedal")
    assert [(round(a.time, 3), a.end) for a in found.annotations] == [(0.25, 2.5)]
    cut = Performed(reading, np.arange(8) * 0.5 + 1.0, np.ones(8), 0.0, 3.5)
    assert find_track(tracks_of(cut, []), "pedal").annotations[-1].end == pytest.approx(3.5)


def midi_with_pedal(*tracks: Sequence[tuple[float, int]]) -> Score:
    import pretty_midi

    file = pretty_midi.PrettyMIDI()
    for changes in tracks:
        part = pretty_midi.Instrument(0)
        part.notes = [pretty_midi.Note(80, 60 + i, 0.5 * i, 0.5 * i + 0.4) for i in range(6)]
        part.control_changes = [pretty_midi.ControlChange(64, value, time) for time, value in changes]
        file.instruments.append(part)
    out = io.BytesIO()
    file.write(out)
    return Score("p.mid", out.getvalue())


def test_a_midi_files_damper_pedal_is_read() -> None:
    """Down from 64 on, as far as it goes, until it is well up again; what is held to the end comes up there."""
    changes = [(0.1, 40), (0.2, 90), (0.3, 127), (0.6, 50), (0.7, 66), (1.0, 20), (1.1, 0), (1.5, 64)]
    (reading,) = read_score(midi_with_pedal(changes), "piano")
    assert [(round(a, 2), round(b, 2), d) for a, b, d in reading.pedal] == [(0.2, 1.0, 1.0), (1.5, 2.9, 0.5)]
    (none,) = read_score(midi_with_pedal([]), "piano")
    assert none.pedal == ()
    (violin,) = read_score(midi_with_pedal(changes), "violin")
    assert violin.pedal == ()


def test_pedals_of_all_channels_count_but_the_drums() -> None:
    (both,) = read_score(midi_with_pedal([(0.2, 127), (0.8, 0)], [(0.6, 80), (1.2, 0), (2.0, 90), (2.5, 0)]), "piano")
    assert [(round(a, 2), round(b, 2), d) for a, b, d in both.pedal] == [(0.2, 1.2, 1.0), (2.0, 2.5, 0.71)]
    alone = mido.MidiFile(type=1)
    alone.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60, velocity=80, time=0)]))
    alone.tracks[0].append(mido.Message("note_off", note=60, time=1920))
    for channel in (3, 9):  # a track of its own without notes, and drums
        down = mido.Message("control_change", channel=channel, control=64, value=127, time=480 if channel == 3 else 0)
        up = mido.Message("control_change", channel=channel, control=64, value=0, time=480)
        other = mido.Message("control_change", channel=channel, control=66, value=127, time=0)
        alone.tracks.append(mido.MidiTrack([other, down, up]))
    out = io.BytesIO()
    alone.save(file=out)
    (reading,) = read_score(Score("alone.mid", out.getvalue()), "piano")
    assert reading.pedal == ((0.5, 1.0, 1.0),)
    loose = mido.MidiFile(type=2, ticks_per_beat=alone.ticks_per_beat)  # its tracks cannot be merged by mido
    loose.tracks += alone.tracks
    loose.save(file=(apart := io.BytesIO()))
    assert read_score(Score("loose.mid", apart.getvalue()), "piano")[0].pedal == reading.pedal
    assert read_midi(Score("loose.mid", apart.getvalue()), instrument="piano").duration > 2.0
    again = find_track(read_here(out.getvalue()), "pedal").annotations
    assert [(a.time, a.end, a.value) for a in again] == [(0.5, 1.0, 1.0)]


def test_strings_that_the_pedal_holds_are_heard_until_it_comes_up() -> None:
    held, dry = (read_midi(midi_with_pedal(c), instrument="piano") for c in ([(0.0, 127), (4.5, 0)], []))
    bowed = read_midi(midi_with_pedal([(0.0, 127)]), instrument="violin")
    assert held.duration == dry.duration == bowed.duration

    def level(audio: Audio, start: float, end: float) -> float:
        rate = audio.sample_rate
        return float(np.sqrt(np.square(audio.samples[round(start * rate) : round(end * rate)]).mean()))

    assert level(dry, 3.2, 3.6) < 0.01  # the last key came up at 2.9
    assert level(held, 3.2, 3.6) > 0.03
    again = read_midi(midi_with_pedal([(0.0, 127), (3.0, 0)]), instrument="piano")
    assert level(again, 3.4, 3.8) < 0.01  # the pedal came up
    assert np.abs(held.samples).max() <= 0.5 + 1e-6


def test_a_string_that_is_struck_again_sounds_once() -> None:
    """Under the pedal too: the second time it sounds as the first."""
    import pretty_midi

    file, part, out = pretty_midi.PrettyMIDI(), pretty_midi.Instrument(0), io.BytesIO()
    part.notes = [pretty_midi.Note(80, 60, t, t + 0.2) for t in (0.0, 1.0)]
    part.control_changes = [pretty_midi.ControlChange(64, 127, 0.0), pretty_midi.ControlChange(64, 0, 3.0)]
    file.instruments.append(part)
    file.write(out)
    sound = read_midi(Score("twice.mid", out.getvalue()), instrument="piano")
    first, second = (sound.samples[round(t * sound.sample_rate) :][: sound.sample_rate // 2] for t in (0.45, 1.45))
    assert second == pytest.approx(first, abs=1e-3 * float(np.abs(first).max()))
