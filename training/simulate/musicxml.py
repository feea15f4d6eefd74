# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A study as MusicXML 4.0: what MOSA's layout calls the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from training.simulate.score import NAMES, Score, Written, pitch_name

DIVISIONS: Final = 12
"""Parts of a quarter note: all that studies are made of are whole numbers of them."""
TYPES: Final = {
    48: ("whole", 0, 0),
    36: ("half", 1, 0),
    24: ("half", 0, 0),
    18: ("quarter", 1, 0),
    12: ("quarter", 0, 0),
    9: ("eighth", 1, 0),
    6: ("eighth", 0, 0),
    3: ("16th", 0, 0),
    4: ("eighth", 0, 3),
    2: ("16th", 0, 3),
}
"""Length in divisions -> note value, dots, and 3 where three stand for two."""
FIFTHS: Final = {
    "C": 0,
    "G": 1,
    "D": 2,
    "A": 3,
    "E": 4,
    "B": 5,
    "F#": 6,
    "F": -1,
    "Bb": -2,
    "Eb": -3,
    "Ab": -4,
    "C#": -5,
}
"""Sharps (flats negative) of the major keys."""


def score_xml(score: Score) -> bytes:
    """The score as a file."""
    root = Element("score-partwise", version="4.0")
    SubElement(SubElement(root, "work"), "work-title").text = score.title
    listed = SubElement(SubElement(root, "part-list"), "score-part", id="P1")
    staves = 1 + max(n.staff for n in score.notes)
    SubElement(listed, "part-name").text = "Violin" if staves == 1 else "Piano"
    part = SubElement(root, "part", id="P1")
    slurs = _slur_ends(score)
    for number in range(score.bars):
        measure = SubElement(part, "measure", number=str(number + 1))
        if number == 0:
            _attributes(measure, score, staves)
        start = number * score.bar
        inside = [n for n in score.notes if start - 1e-6 <= n.position < start + score.bar - 1e-6]
        _dynamics(measure, score, start)
        for staff in range(staves):
            if staff:
                SubElement(SubElement(measure, "backup"), "duration").text = str(round(score.bar * DIVISIONS))
            _voice(measure, score, [n for n in inside if n.staff == staff], slurs, staves)
    indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root) + b"\n"


def _voice(
    measure: Element, score: Score, notes: Sequence[Written], slurs: dict[float, list[str]], staves: int
) -> None:
    """One staff's notes of a bar, one after the other."""
    for i, note in enumerate(notes):
        chord = i > 0 and abs(note.position - notes[i - 1].position) < 1e-6
        _note(measure, score, note, chord, slurs, staves)


def _slur_ends(score: Score) -> dict[float, list[str]]:
    """Positions of notes (the upper staff's) -> "start", "stop"; one slur may end where the next begins."""
    positions = sorted({n.position for n in score.notes if not n.staff})
    out: dict[float, list[str]] = {}
    for mark in score.expressions:
        if mark.expression == "legato":
            last = max(p for p in positions if p < mark.offset - 1e-5)
            out.setdefault(mark.onset, []).append("start")
            out.setdefault(last, []).append("stop")
    return out


def _attributes(measure: Element, score: Score, staves: int) -> None:
    attributes = SubElement(measure, "attributes")
    SubElement(attributes, "divisions").text = str(DIVISIONS)
    SubElement(SubElement(attributes, "key"), "fifths").text = str(_fifths(score))
    time = SubElement(attributes, "time")
    compound = score.beat > 1.0
    SubElement(time, "beats").text = str(round(score.bar * 2 if compound else score.bar))
    SubElement(time, "beat-type").text = "8" if compound else "4"
    if staves == 1:
        _clef(SubElement(attributes, "clef"), "G", "2")
        return
    SubElement(attributes, "staves").text = str(staves)
    for number, sign, line in (("1", "G", "2"), ("2", "F", "4")):
        _clef(SubElement(attributes, "clef", number=number), sign, line)


def _clef(clef: Element, sign: str, line: str) -> None:
    SubElement(clef, "sign").text, SubElement(clef, "line").text = sign, line


def _fifths(score: Score) -> int:
    key = score.harmonies[0].key if score.harmonies else "C"
    if key in FIFTHS:
        return FIFTHS[key]
    # A minor key has the signature of the major key three semitones above.
    tonic = next(i for i, name in enumerate(NAMES) if name.lower() == key)
    return FIFTHS[NAMES[(tonic + 3) % 12]]


def _dynamics(measure: Element, score: Score, start: float) -> None:
    for mark in score.expressions:
        if abs(mark.onset - start) < 1e-6 and set(mark.expression) <= set("pmf"):
            kind = SubElement(SubElement(measure, "direction"), "direction-type")
            SubElement(SubElement(kind, "dynamics"), mark.expression)


def _note(
    measure: Element, score: Score, note: Written, chord: bool, slurs: dict[float, list[str]], staves: int
) -> None:
    element = SubElement(measure, "note")
    if chord:
        SubElement(element, "chord")
    _pitch(element, note.pitch)
    length = round(note.length * DIVISIONS)
    SubElement(element, "duration").text = str(length)
    SubElement(element, "voice").text = str(1 + note.staff)
    value, dots, three = TYPES[length]
    SubElement(element, "type").text = value
    for _ in range(dots):
        SubElement(element, "dot")
    if three:
        ratio = SubElement(element, "time-modification")
        SubElement(ratio, "actual-notes").text, SubElement(ratio, "normal-notes").text = "3", "2"
    if staves > 1:
        SubElement(element, "staff").text = str(1 + note.staff)
    if not (chord or note.staff):
        _notations(element, score, note, slurs.get(note.position, []))


def _pitch(element: Element, number: int) -> None:
    name = pitch_name(number)
    pitch = SubElement(element, "pitch")
    SubElement(pitch, "step").text = name[0]
    if name[1] in "#b":
        SubElement(pitch, "alter").text = "1" if name[1] == "#" else "-1"
    SubElement(pitch, "octave").text = name.lstrip("ABCDEFG#b")


def _notations(element: Element, score: Score, note: Written, slurs: Sequence[str]) -> None:
    marks = {e.expression for e in score.expressions if abs(e.onset - note.position) < 1e-6}
    wanted = [mark for mark in ("staccato", "accent") if mark in marks]
    if not (slurs or wanted):
        return
    notations = SubElement(element, "notations")
    for end in sorted(slurs, reverse=True):  # "stop" before "start"
        SubElement(notations, "slur", type=end, number="1")
    if wanted:
        articulations = SubElement(notations, "articulations")
        for mark in wanted:
            SubElement(articulations, mark)
