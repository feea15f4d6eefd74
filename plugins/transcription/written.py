# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a MusicXML part says besides its notes: slurs, bows, marks, dynamics, hairpins, sections.

Score time counts in quarter notes. A score that says nothing of a kind gives nothing of it.
"""

from __future__ import annotations

import io
import re
import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

import numpy as np

from plugins.api import Score

PHRASE_SLUR: Final = 12
"""Quarter notes from which a slur is a phrase mark as well."""
DYNAMICS: Final = ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff")
"""Six classes: ppp is read as pp, fff as ff, where classes are counted."""
HAIRPINS: Final = ("cresc", "dim")
STRONG_BARS: Final = {"light-light", "light-heavy", "heavy-light", "heavy-heavy", "heavy"}
"""Bar lines that end a section."""
BREATHS: Final = {"breath-mark", "caesura"}
TECHNIQUE: Final = re.compile(r"\b(pizz|pizzicato|arco)\b")
"""Words from which strings are plucked, and bowed again; of several the last counts."""
PEDALS: Final = {"start": "start", "resume": "start", "stop": "stop", "discontinue": "stop", "change": "change"}
"""MusicXML's words for the right pedal; it has another for the middle one."""
JUMP: Final = 1.0
"""Quarter notes that the place in the part goes back where a repeat is taken; grace notes go back less."""

Span = tuple[float, float, str]
"""Score time of begin and end, and what it is."""
Pedalled = tuple[float, float, float]
"""Score time at which the right pedal goes down and comes up, and how far down it was, 0 to 1."""


@dataclass(frozen=True)
class Page:
    """What partitura leaves out of the file.

    Attributes:
        bows: "up" or "down" by the note's place in the part.
        tremolos: places in the part of notes that are repeated as fast as can be (three strokes through the stem and
            more; neither measured repetition nor tremolo between two notes).
        rehearsals: rehearsal marks by the bar's place in the part.
        pedal: quarter notes from the beginning of the part as it is printed, and what is said of the right pedal there.
    """

    bows: dict[int, str]
    tremolos: frozenset[int]
    rehearsals: dict[int, str]
    pedal: tuple[tuple[float, str], ...] = ()

    @classmethod
    def of(cls, score: Score, part_id: str) -> Page:
        parts = ElementTree.fromstring(_xml(score.data)).findall("part")
        part = next((p for p in parts if p.get("id") == part_id), None)
        if part is None:
            return cls({}, frozenset(), {})
        bows = {
            i: bow
            for i, note in enumerate(part.iter("note"))
            for bow in ("down", "up")
            if note.find(f"notations/technical/{bow}-bow") is not None
        }
        tremolos = frozenset(
            i
            for i, note in enumerate(part.iter("note"))
            for mark in note.iterfind("notations/ornaments/tremolo")
            if mark.get("type", "single") == "single" and (mark.text or "3").strip() not in ("0", "1", "2")
        )
        found = ((i, bar.find(".//rehearsal")) for i, bar in enumerate(part.findall("measure")))
        rehearsals = {i: (mark.text or "").strip() for i, mark in found if mark is not None}
        return cls(bows, tremolos, rehearsals, tuple(_pedal_marks(part)))


def _pedal_marks(part: ElementTree.Element) -> Iterator[tuple[float, str]]:
    """Quarter notes from the part's beginning, and "start", "stop" or "change", of every mark of the right pedal."""
    bar, per_quarter = 0.0, 1.0
    for measure in part.findall("measure"):
        at = longest = 0.0
        for element in measure:
            per_quarter = _number(element.find("divisions"), per_quarter)
            length = _number(element.find("duration"), 0.0) / per_quarter
            if element.tag == "direction":
                later = _number(element.find("offset"), 0.0) / per_quarter
                for mark in element.iterfind("direction-type/pedal"):
                    kind = PEDALS.get(mark.get("type", ""))
                    if kind:
                        yield bar + at + later, kind
            elif element.tag == "backup":
                at -= length
            elif element.tag == "forward" or (element.tag == "note" and element.find("chord") is None):
                at += length
            longest = max(longest, at)
        bar += longest


def _number(element: ElementTree.Element | None, otherwise: float) -> float:
    try:
        return float(element.text or "") if element is not None else otherwise
    except ValueError:
        return otherwise


def _xml(data: bytes) -> bytes:
    """The score itself, also out of a compressed file."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inner = [n for n in archive.namelist() if n.endswith(("xml", "musicxml")) and "META-INF" not in n]
        return archive.read(inner[0])


def written_at_notes(part: Any, page: Page) -> dict[str, dict[str, Any]]:
    """What is written at each note, by the note's id, once for all readings."""
    slurs = _slurs(part)
    marks = _dynamic_marks(part)
    plucked = _plucked(part)
    written = {}
    for note in part.notes:
        time, order = note.start.t, _order(note)
        mine = [(a, b) for a, b, voice in slurs if voice == note.voice]
        written[note.id] = {
            "new_bow": not any(a < order <= b for a, b in mine),
            "legato": any(a <= order <= b for a, b in mine),
            "phrase_end": any(
                time == b[0] and b[0] - a[0] > PHRASE_SLUR * part.quarter_duration_map(time) for a, b, _ in slurs
            ),
            "bow": page.bows.get(note.doc_order, ""),
            "marks": (
                *(note.articulations or ()),
                *(o for o in note.ornaments or () if o != "tremolo" or note.doc_order in page.tremolos),
                *(("pizzicato",) if any(a <= time < b for a, b in plucked) else ()),
            ),
            "dynamics": next((mark for t, mark in reversed(marks) if t <= time), ""),
        }
    return written


def _slurs(part: Any) -> list[tuple[tuple[int, int, int], tuple[int, int, int], Any]]:
    """(first note, last note, voice), notes by their order of playing."""
    from partitura.score import Slur

    return [
        (_order(s.start_note), _order(s.end_note), s.start_note.voice)
        for s in part.iter_all(Slur)
        if s.start_note is not None and s.end_note is not None
    ]


def _plucked(part: Any) -> list[tuple[float, float]]:
    """Printed times from each "pizz." to the next "arco"."""
    from partitura.score import Words

    found: list[tuple[float, float]] = []
    for time, text in sorted((w.start.t, str(w.text).lower()) for w in part.iter_all(Words)):
        said = TECHNIQUE.findall(text)
        if said and said[-1] != "arco" and (not found or found[-1][1] < np.inf):
            found.append((time, np.inf))
        elif said and said[-1] == "arco" and found and found[-1][1] == np.inf:
            found[-1] = (found[-1][0], time)
    return found


def _dynamic_marks(part: Any) -> list[tuple[int, str]]:
    from partitura.score import ConstantLoudnessDirection

    marks = ((d.start.t, dynamics_of(str(d.text))) for d in part.iter_all(ConstantLoudnessDirection))
    return sorted(m for m in marks if m[1])


def dynamics_of(text: str) -> str:
    """One of DYNAMICS, or "" for words and signs that are none."""
    mark = text.strip().lower().rstrip(".")
    if len(mark) > 3 and set(mark) in ({"p"}, {"f"}):
        return mark[:3]
    return mark if mark in DYNAMICS else ""


def _order(note: Any) -> tuple[int, int, int]:
    """Order of playing: by time, grace notes before the note that they belong to."""
    from partitura.score import GraceNote

    grace = isinstance(note, GraceNote)
    return note.start.t, 0 if grace else 1, (note.doc_order or 0) if grace else 0


def hairpins(part: Any) -> list[Span]:
    """Crescendi and diminuendi, from sign or word to their end; a word that is not said to end, to the next mark."""
    from partitura.score import ConstantLoudnessDirection, DynamicLoudnessDirection, IncreasingLoudnessDirection

    found = list(part.iter_all(DynamicLoudnessDirection, include_subclasses=True))
    starts = sorted({o.start.t for o in (*found, *part.iter_all(ConstantLoudnessDirection))})
    out = []
    for o in found:
        later = starts[bisect_right(starts, o.start.t) :]
        end = o.end.t if o.end is not None and o.end.t > o.start.t else next(iter(later), None)
        if end is not None:
            kind = HAIRPINS[0] if isinstance(o, IncreasingLoudnessDirection) else HAIRPINS[1]
            out.append((float(part.quarter_map(o.start.t)), float(part.quarter_map(end)), kind))
    return sorted(out)


def pedals(marks: Iterable[tuple[float, str]], end: float) -> tuple[Pedalled, ...]:
    """Where the right pedal is down, by its marks as they are played; at the ``end`` it comes up."""
    order = ("stop", "change", "start")  # at one time: what ends, ends before something begins
    found: list[Pedalled] = []
    since: float | None = None
    for time, kind in [*sorted(marks, key=lambda m: (m[0], order.index(m[1]))), (end, "stop")]:
        if since is not None and time > since:
            found.append((since, time, 1.0))
        since = None if kind == "stop" or (kind == "change" and since is None) else time
    return tuple(found)


@dataclass(frozen=True)
class Sections:
    """Where the part as it is printed is divided: score times (ticks of the part), and each section's name."""

    starts: tuple[int, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, part: Any, page: Page) -> Sections:
        """By rehearsal marks, double bar lines, repeat signs, breath marks and caesuras; a second ending
        belongs to the section that it ends."""
        from partitura.score import Barline, Ending, Measure, Repeat

        bars = [m.start.t for m in part.iter_all(Measure)]
        named = {bars[i]: name for i, name in page.rehearsals.items() if i < len(bars)}
        divided = {b.start.t for b in part.iter_all(Barline) if b.style in STRONG_BARS}
        for repeat in part.iter_all(Repeat):
            divided |= {p.t for p in (repeat.start, repeat.end) if p is not None}
        divided |= {n.start.t + n.duration_tied for n in part.notes_tied if BREATHS & set(n.articulations or ())}
        endings = list(part.iter_all(Ending))
        divided |= {e.end.t for e in endings if e.end is not None}
        divided -= {e.start.t for e in endings}
        starts = sorted({*divided, *named, 0})
        return cls(tuple(starts), tuple(named.get(t, "") for t in starts))

    def at(self, time: int) -> int:
        """Number of the section in which a printed time lies."""
        return max(bisect_right(self.starts, time) - 1, 0)


def phrases(rows: Iterable[tuple[float, float, float, int]], names: Sequence[str]) -> tuple[Span, ...]:
    """Sections as they are played one after the other; none when there is but one.

    Args:
        rows: onset, end, place in the printed part (quarters) and section of every note as played.
        names: of the sections.
    """
    found: list[list[Any]] = []
    before, inside = 0.0, -1
    for onset, end, place, section in sorted(rows):
        if section != inside or place < before - JUMP:
            found.append([onset, end, names[section]])
        found[-1][1] = max(found[-1][1], end)
        before, inside = place, section
    return tuple((a, b, name) for a, b, name in found) if len(found) > 1 else ()


def runs(notes: Sequence[tuple[float, float, str]]) -> tuple[Span, ...]:
    """Stretches of one dynamic mark over notes (onset, end, mark): each to the next one's begin."""
    found: list[list[Any]] = []
    for onset, _, mark in notes:
        if mark and (not found or found[-1][2] != mark):
            if found:
                found[-1][1] = onset
            found.append([onset, onset, mark])
    if found:
        found[-1][1] = max(end for _, end, _ in notes)
    return tuple((a, b, mark) for a, b, mark in found)
