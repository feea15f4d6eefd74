# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Pizzicato, trills and tremolos: seen in the motion, read from a score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from plugins.api import Annotation, AnnotationTrack, Audio, JobContext, Motion, Score, find_track, violin
from plugins.api import rotations as rot
from plugins.ik.step import InverseKinematics
from plugins.performer.fingering import plan_fingering, stop_of
from plugins.performer.generator import Performer, planned
from plugins.performer.music import HIGHEST, Chord, read_music
from plugins.performer.ornaments import played_out, step_above, with_lower_fingers
from plugins.transcription.align import ScoreAligner
from training import performance_metrics as metrics

RATE = 8000
PLUCKED = [(62, 3.0), (66, 3.5), (69, 4.0), (74, 4.5), (55, 5.0)]
TRILL, TREMOLO = (6.0, 8.0), (8.0, 10.0)


def note(start: float, length: float, pitch: int, *marks: str, **more: Any) -> Annotation:
    return Annotation(start, length, {"pitch": pitch, "marks": list(marks), **more})


def piece() -> list[Annotation]:
    """A bowed scale, five plucked notes, a trill, a tremolo and a bowed note."""
    return [
        *(note(0.5 + 0.5 * i, 0.5, p) for i, p in enumerate((69, 71, 73, 74))),
        *(note(t, 0.4, p, "pizzicato") for p, t in PLUCKED),
        note(TRILL[0], TRILL[1] - TRILL[0], 71, "trill-mark"),
        note(TREMOLO[0], TREMOLO[1] - TREMOLO[0], 76, "tremolo"),
        note(10.0, 1.0, 69),
    ]


def perform(notes: list[Annotation], fps: float = 60.0) -> Motion:
    audio = Audio(np.zeros(round(RATE * (max(n.end for n in notes) + 0.5)), dtype=np.float32), RATE)
    context = JobContext(annotations=[AnnotationTrack("note", tuple(notes)), AnnotationTrack("beat")], fps=fps)
    performer = Performer()
    return InverseKinematics().apply(performer.generate(audio, performer.Options(), context), None, context)


@pytest.fixture(scope="module")
def motion() -> Motion:
    return perform(piece())


def on_violin(motion: Motion, joint: str) -> np.ndarray:
    """(T, 3) a joint in the violin's frame."""
    assert motion.rotations is not None
    _, world = motion.skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions.astype(float))
    turn = world[:, motion.skeleton.index("violin_end")]
    away = (motion.joint(joint) - motion.joint("violin_end")).astype(float)
    return np.asarray(rot.rotate(rot.conjugate(turn), away))


def string_of(motion: Motion, tip: np.ndarray) -> np.ndarray:
    """(T, 4) distance of a point from each string."""
    line = violin.NUT - violin.BRIDGE
    part = np.einsum("tsj,sj->ts", tip[:, None] - violin.BRIDGE, line) / (line**2).sum(axis=1)
    return np.asarray(np.linalg.norm(tip[:, None] - violin.BRIDGE - part[..., None] * line, axis=-1))


def test_the_first_finger_is_on_the_string_that_it_plucks(motion: Motion) -> None:
    """On the string as the note begins, 2 cm away a tenth of a second later."""
    away = string_of(motion, on_violin(motion, "right_index_tip"))
    strings = {62: 1, 66: 1, 69: 2, 74: 2, 55: 0}
    for pitch, start in PLUCKED:
        k = round((start - motion.start) * motion.fps)
        assert away[k].argmin() == strings[pitch], pitch
        assert away[k].min() < 0.006, pitch
        assert away[k + 6, strings[pitch]] > 0.015, pitch


def test_the_bow_is_off_the_strings_while_they_are_plucked(motion: Motion) -> None:
    """The hair that could touch a string (from a hand's breadth of the frog on) is clear of all of them."""
    k = (motion.times > 3.0) & (motion.times < 5.1)
    frog, tip = on_violin(motion, "bow_frog")[k], on_violin(motion, "bow_tip")[k]
    hair = frog[:, None] + np.linspace(0.1, 1.0, 60)[:, None] * (tip - frog)[:, None]
    away = np.stack([string_of(motion, hair[:, i]) for i in range(60)], axis=1)
    assert away.min() > 0.01


def test_bowing_goes_on_afterwards(motion: Motion) -> None:
    grips, _ = plan_fingering([Chord(10.0, 11.0, (69,))])
    distances = metrics.hair_distances(motion, [(10.1, 10.9, *grips[0].stops[0])])[0]
    assert (distances < 0.003).mean() > 0.98


def test_a_trill_is_beaten_by_one_finger_in_one_bow(motion: Motion) -> None:
    tips = {f: on_violin(motion, f"left_{f}_tip")[:, 2] for f in ("index", "middle", "ring", "little")}
    inside = (motion.times > TRILL[0] + 0.2) & (motion.times < TRILL[1] - 0.2)
    moved = {f: float(np.ptp(z[inside])) for f, z in tips.items()}
    beating = max(moved, key=lambda f: moved[f])
    assert moved[beating] > 0.008
    z = tips[beating][inside]
    z = z - (z.min() + z.max()) / 2
    beats = int((np.diff(np.sign(z)) > 0).sum())
    seconds = TRILL[1] - TRILL[0] - 0.4
    assert 5.0 < beats / seconds < 7.5
    assert sum(m > 0.006 for m in moved.values()) == 1, moved  # the finger below stays down
    assert not [t for t in metrics.bow_reversals(motion) if TRILL[0] + 0.15 < t < TRILL[1] - 0.1]


def test_a_tremolo_is_many_short_bows(motion: Motion) -> None:
    turns = [t for t in metrics.bow_reversals(motion) if TREMOLO[0] + 0.1 < t < TREMOLO[1] - 0.1]
    assert 9.0 < len(turns) / 1.8 < 13.0
    inside = (motion.times > TREMOLO[0] + 0.1) & (motion.times < TREMOLO[1] - 0.1)
    assert np.ptp(metrics.bow_position(motion)[inside]) < 0.25
    grips, _ = plan_fingering([Chord(*TREMOLO, (76,))])
    assert (metrics.hair_distances(motion, [(*TREMOLO, *grips[0].stops[0])])[0] < 0.003).mean() > 0.95


def test_nothing_jumps(motion: Motion) -> None:
    """From bow to finger and back the hand takes its time: no joint is thrown about."""
    assert metrics.bone_length_error(motion) < 1e-4
    wrist = motion.joint("right_hand").astype(float)
    assert np.linalg.norm(np.diff(wrist, axis=0), axis=1).max() * motion.fps < 3.5


def test_plucked_alone() -> None:
    """A piece without a bow in it."""
    motion = perform([note(0.5 + 0.5 * i, 0.4, p, "pizzicato") for i, p in enumerate((62, 69, 76))], fps=30.0)
    assert np.isfinite(motion.positions).all()
    away = string_of(motion, on_violin(motion, "right_index_tip"))
    assert [int(away[round(30 * t)].argmin()) for t in (0.5, 1.0, 1.5)] == [1, 2, 3]


@pytest.mark.parametrize(("around", "step"), [((69, 71, 73, 74), 2), ((71, 72, 74), 1), ((), 2), ((71, 72, 73), 2)])
def test_a_trill_goes_to_the_next_note_of_the_scale(around: tuple[int, ...], step: int) -> None:
    assert step_above(71, around) == step


def test_ornaments_keep_to_their_time() -> None:
    """What stands around them stays, no part is empty, a trill ends as it began, phrases end with their last part."""
    chords = [
        Chord(0.0, 1.0, (69,)),
        Chord(1.0, 2.0, (71,), trill=True, phrase_end=True, bow="up", downbeat=1.0),
        Chord(2.0, 2.5, (62, 69), tremolo=True),
    ]
    out = played_out(chords)
    assert out[0] == chords[0]
    trill = [c for c in out if 1.0 <= c.start < 2.0]
    tremolo = [c for c in out if c.start >= 2.0]
    assert [c.start for c in out[1:]] == pytest.approx([c.end for c in out[:-1]])
    assert {c.pitches for c in trill} == {(71,), (73,)}
    assert trill[-1].pitches == (71,)
    assert [c.new_bow for c in trill] == [True] + [False] * (len(trill) - 1)
    assert [c.phrase_end for c in trill] == [False] * (len(trill) - 1) + [True]
    assert (trill[0].bow, trill[1].bow, trill[1].downbeat) == ("up", "", 0.0)
    assert all(c.new_bow and c.pitches == (62, 69) for c in tremolo)
    grips, _ = plan_fingering(out)
    held = with_lower_fingers(grips, out)
    for chord, before, grip in zip(out[2:], out[1:], held[2:], strict=False):
        if chord.on_lower:
            assert before.pitches == (71,)
            assert len({s for s, _, _ in grip.stops}) == 1
            assert len(grip.stops) == 2


def chords_of(notes: list[Annotation]) -> list[Chord]:
    audio = Audio(np.zeros(RATE * 4, dtype=np.float32), RATE)
    return planned(read_music(AnnotationTrack("note", tuple(notes)), AnnotationTrack("beat"), audio))[0]


def test_who_trills() -> None:
    """The upper note, when it is marked, has the time and a bow; chords of three and four are rolled first."""
    assert len(chords_of([note(0.5, 1.0, 62, "trill-mark"), note(0.5, 1.0, 71)])) == 1
    assert len(chords_of([note(0.5, 0.15, 71, "trill-mark"), note(0.65, 0.3, 69)])) == 2
    assert len(chords_of([note(0.5, 1.0, 71, "trill-mark", "pizzicato")])) == 1
    for pitches in ((62, 69, 78), (55, 62, 69, 76)):
        chords = chords_of([note(0.5, 1.0, p, "trill-mark") for p in pitches])
        top = [c.pitches[-1] for c in chords]
        assert max(len(c.pitches) for c in chords[-10:]) == 2
        assert (top[-1], max(top)) == (pitches[-1], pitches[-1] + 2)
        assert [c.new_bow for c in chords].count(True) == 1


@pytest.mark.parametrize("pitches", [(62, 71), (67, 76), (61,), (56,)])
def test_only_a_finger_trembles(pitches: tuple[int, ...]) -> None:
    """Bow and right hand of a trill go on as on a long note, in double stops too, and from every place of the hand."""
    motion = perform([note(0.5, 2.0, p, "trill-mark") for p in pitches])
    inside = (motion.times > 0.8) & (motion.times < 2.2)
    for joint in ("bow_tip", "right_hand"):
        fastest = np.linalg.norm(np.diff(motion.joint(joint).astype(float), 2, axis=0), axis=1) * motion.fps**2
        assert fastest[inside[1:-1]].max() < 10.0, joint


def test_a_trill_above_the_fingerboard_is_a_plain_note() -> None:
    high = Chord(0.0, 1.0, (HIGHEST,), trill=True)
    assert played_out([high]) == [high]


def written(words: str = "pizz.", back: str = "arco") -> bytes:
    """Two notes after a word, one after another; a trill; a tremolo; a word that says nothing."""

    def direction(text: str) -> str:
        return f"<direction><direction-type><words>{text}</words></direction-type></direction>"

    def one(step: str, ornament: str = "") -> str:
        notations = f"<notations><ornaments>{ornament}</ornaments></notations>" if ornament else ""
        return (
            f"<note><pitch><step>{step}</step><octave>4</octave></pitch><duration>1</duration><voice>1</voice>"
            f"<type>quarter</type>{notations}</note>"
        )

    body = direction(words) + one("G") + one("A") + direction(back) + one("B", "<trill-mark/>")
    body += direction("dolce") + one("C", '<tremolo type="single">3</tremolo>')
    return (
        '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Violin</part-name></score-part>'
        '</part-list><part id="P1"><measure number="1"><attributes><divisions>1</divisions><time><beats>4</beats>'
        f"<beat-type>4</beat-type></time></attributes>{body}</measure></part></score-partwise>"
    ).encode()


@pytest.mark.parametrize(
    ("words", "back", "plucked"),
    [
        ("pizz.", "arco", 2),
        ("Pizzicato", "Arco", 2),
        ("pizz", "-", 4),
        ("sempre pizz.", "(arco)", 2),
        ("p, pizz.", "coll'arco", 2),
        ("pizz. poi arco", "-", 0),
        ("pizzo", "-", 0),
    ],
)
def test_a_score_says_what_is_plucked(words: str, back: str, plucked: int) -> None:
    context = JobContext(score=Score("techniques.musicxml", written(words, back)), instrument="violin")
    aligner = ScoreAligner()
    tracks = aligner.recognize(None, None, aligner.Options(), context)
    marks = [n.value.get("marks", []) for n in find_track(tracks, "note").annotations]
    assert [("pizzicato" in m) for m in marks] == [i < plucked for i in range(4)]
    assert "trill-mark" in marks[2]
    assert "tremolo" in marks[3]


def pitches_of(notes: list[Annotation]) -> list[tuple[int, ...]]:
    audio = Audio(np.zeros(RATE * 4, dtype=np.float32), RATE)
    music = read_music(AnnotationTrack("note", tuple(notes)), AnnotationTrack("beat"), audio)
    return [c.pitches for c in planned(music)[0]]


@pytest.mark.parametrize(
    ("held", "moving", "heard"),
    [
        (62, (69, 71), [(62, 69), (62, 71)]),
        (76, (69, 67), [(69, 76), (67, 76)]),
        (57, (76, 77), [(57, 76), (77,)]),  # two strings apart: let go
        (55, (66, 67), [(55, 66), (55, 67)]),  # an open string needs no finger
        (62, (62, 71), [(62,), (62, 71)]),
    ],
)
def test_one_voice_is_held_while_another_moves(
    held: int, moving: tuple[int, int], heard: list[tuple[int, ...]]
) -> None:
    notes = [
        note(0.5, 2.0, held, measure=1),
        note(0.5, 1.0, moving[0], measure=1),
        note(1.5, 1.0, moving[1], measure=1),
    ]
    assert pitches_of(notes) == heard


def test_what_is_only_heard_to_overlap_is_not_held() -> None:
    """Strings ring on, and nobody wrote that."""
    assert pitches_of([note(0.5, 2.0, 62), note(1.5, 1.0, 71)]) == [(62,), (71,)]
    written = [note(0.5, 1.1, 62, measure=1), note(1.5, 1.0, 71, measure=1)]  # too little to be meant
    assert pitches_of(written) == [(62,), (71,)]


def test_a_held_voice_asks_for_no_bow_and_stays_on_its_string() -> None:
    notes = [
        note(0.5, 2.0, 62, measure=1),
        note(0.5, 1.0, 69, measure=1),
        note(1.5, 1.0, 71, measure=1, new_bow=False),
    ]
    motion = perform(notes)
    assert not [t for t in metrics.bow_reversals(motion) if 0.7 < t < 2.3]
    for pitch, string in ((62, 1), (71, 2)):
        stop = (string, pitch - violin.OPEN_PITCHES[string], 0)
        assert (metrics.hair_distances(motion, [(1.7, 2.4, *stop)])[0] < 0.003).mean() > 0.95, pitch


@pytest.mark.parametrize(
    ("ornament", "trembles"),
    [
        ('<tremolo type="single">3</tremolo>', True),
        ("<tremolo/>", True),
        ('<tremolo type="single">1</tremolo>', False),
        ('<tremolo type="start">3</tremolo>', False),
    ],
)
def test_only_unmeasured_tremolos_of_one_note_tremble(ornament: str, trembles: bool) -> None:
    given = written().replace(b'<tremolo type="single">3</tremolo>', ornament.encode())
    aligner = ScoreAligner()
    context = JobContext(score=Score("techniques.musicxml", given), instrument="violin")
    tracks = aligner.recognize(None, None, aligner.Options(), context)
    marks = [n.value.get("marks", []) for n in find_track(tracks, "note").annotations]
    assert ("tremolo" in marks[3]) == trembles


@pytest.mark.parametrize(
    ("held", "moving"),
    [
        (note(0.5, 2.0, 62, "pizzicato", measure=1), ()),
        (note(0.5, 2.0, 62, "staccato", measure=1), ()),
        (note(0.5, 2.0, 62, measure=0), ()),  # MIDI, in which notes overlap
    ],
    ids=["plucked", "short", "midi"],
)
def test_what_does_not_go_on_sounding_is_not_held(held: Annotation, moving: tuple[str, ...]) -> None:
    notes = [held, note(0.5, 1.0, 69, *moving, measure=1), note(1.5, 1.0, 71, *moving, measure=1)]
    assert pitches_of(notes) == [(62, 69), (71,)]


def test_no_voice_is_held_over_a_rest_of_the_other() -> None:
    notes = [note(0.5, 3.0, 62, measure=1), note(0.5, 0.5, 69, measure=1), note(2.5, 1.0, 71, measure=1)]
    assert pitches_of(notes) == [(62, 69), (71,)]


@pytest.mark.parametrize(("held", "trilled"), [(76, 71), (62, 71), (62, 69)])
def test_a_trill_beside_a_held_voice(held: int, trilled: int) -> None:
    """The held note sounds through all of it; the finger below stays down, above or below what is held."""
    notes = [
        note(0.5, 2.5, held, measure=1),
        note(0.5, 1.0, trilled - 2, measure=1),
        note(1.5, 1.5, trilled, "trill-mark", measure=1),
    ]
    audio = Audio(np.zeros(RATE * 4, dtype=np.float32), RATE)
    music = read_music(AnnotationTrack("note", tuple(notes)), AnnotationTrack("beat"), audio)
    chords, grips, _ = planned(music)
    trill = [(c, g) for c, g in zip(chords, grips, strict=True) if c.start >= 1.5]
    assert all(held in c.pitches for c, _ in trill)
    assert {c.top for c, _ in trill} == {trilled, trilled + 2}
    strings = {stop_of(g, c.top)[0] for c, g in trill}
    assert len(strings) == 1
    lower = stop_of(trill[0][1], trilled)
    assert lower[2] == 0 or all(lower in g.stops for _, g in trill)


def test_what_no_hand_can_stop_is_told_once() -> None:
    notes = [note(0.5, 2.0, p, "tremolo") for p in (55, 56, 57)]
    audio = Audio(np.zeros(RATE * 3, dtype=np.float32), RATE)
    _, _, warnings = planned(read_music(AnnotationTrack("note", tuple(notes)), AnnotationTrack("beat"), audio))
    assert len(warnings) == 1
