# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the violinist is to play: chords (notes that start together) in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from plugins.api import Annotation, AnnotationTrack, Audio, violin
from plugins.performer.told import LOUDNESS, last_of_phrases, levels

TOGETHER: Final = 0.035
"""Seconds within which notes count as one chord."""
LONGEST_BOW: Final = 12.0
"""Seconds of one note in one bow: a whole bow then moves at 5 cm/s, as slow as sustained playing goes."""
HELD: Final = 0.15
"""Seconds that a note goes on into the next one at least, to be held under it (and half of its time)."""
BREAK: Final = 0.11
"""Seconds after which a broken chord goes over to its upper notes."""
LOWEST: Final = violin.OPEN_PITCHES[0]
HIGHEST: Final = violin.OPEN_PITCHES[-1] + violin.HIGHEST_SEMITONE
SHORT_MARKS: Final = ("staccato", "staccatissimo", "spiccato")
BOUNCED_MARKS: Final = ("staccatissimo", "spiccato")
BOUNCED_PART: Final = 0.55
"""Part of its written time that a bounced note sounds; then the bow is in the air."""
PLUCKED: Final = "pizzicato"
TRILLS: Final = ("trill-mark", "shake")
ACCENTS: Final = ("accent", "strong-accent", "marcato")


NOTHING: Final = AnnotationTrack("")


@dataclass(frozen=True)
class Chord:
    """Notes that start together: one onset of the hands.

    Attributes:
        start, end: seconds in the recording.
        pitches: MIDI numbers, lowest first, inside the violin's range.
        new_bow: whether a bow begins here.
        bow: "down", "up" or "" as the score marks it.
        loudness: 0 (ppp) to 1 (fff).
        short, accent: staccato of any kind; accented.
        bounced: the bow leaves the string after it (spiccato).
        plucked: a finger plucks the string instead of the bow (pizzicato).
        trill, tremolo: as written; ``ornaments.played_out`` makes notes of them.
        held: pitches that could go on from the chord before, under another voice (``voices.held_voices``).
        on_lower: the upper note of a trill, for which the lower finger stays down.
        downbeat: 1 on a downbeat, less on weaker beats, 0 between.
        phrase_end: whether a breath follows.
    """

    start: float
    end: float
    pitches: tuple[int, ...]
    new_bow: bool = True
    bow: str = ""
    loudness: float = 0.6
    short: bool = False
    accent: bool = False
    bounced: bool = False
    downbeat: float = 0.0
    phrase_end: bool = False
    plucked: bool = False
    trill: bool = False
    tremolo: bool = False
    held: tuple[int, ...] = ()
    on_lower: bool = False

    @property
    def duration(self) -> float:
        return self.end - self.start

    @property
    def top(self) -> int:
        """The highest pitch that is not held from before."""
        return max(p for p in self.pitches if p not in self.held or len(self.held) == len(self.pitches))


@dataclass(frozen=True)
class Music:
    """Everything to play, what could not be taken as it stood, and seconds of the beats, with whether a bar begins."""

    chords: tuple[Chord, ...] = field(repr=False)
    warnings: tuple[str, ...] = ()
    beats: tuple[tuple[float, bool], ...] = field(default=(), repr=False)


def read_music(
    notes: AnnotationTrack,
    beats: AnnotationTrack,
    audio: Audio,
    dynamics: AnnotationTrack = NOTHING,
    phrases: AnnotationTrack = NOTHING,
) -> Music:
    """Chords from note annotations; pitches off the violin are moved by octaves and reported.

    Args:
        dynamics: in force before what notes say of themselves. phrases: end where the next ones begin.
    """
    warnings: list[str] = []
    groups = _together(notes.annotations)
    moved = sum(1 for g in groups for n in g if not LOWEST <= n.value["pitch"] <= HIGHEST)
    if moved:
        warnings.append(f"{moved} notes lie outside the violin's range and are played in another octave")
    loudness = heard_loudness(groups, audio)
    strengths = _beat_strengths(groups, beats)
    starts = np.array([g[0].time for g in groups])
    told, last = levels(dynamics.annotations, starts), last_of_phrases(phrases.annotations, starts)
    chords = [_chord(g, loudness[i], strengths[i], told[i]) for i, g in enumerate(_with_held(groups))]
    chords = [replace(c, phrase_end=c.phrase_end or bool(ends)) for c, ends in zip(chords, last, strict=True)]
    parts = (part for chord in _ended(chords) for whole in _renewed(chord) for part in _broken(whole))
    return Music(tuple(parts), tuple(warnings), beats_of(beats))


def beats_of(beats: AnnotationTrack) -> tuple[tuple[float, bool], ...]:
    """Seconds of each beat, and whether it is a downbeat; one whose place is not known (a pickup's) is none."""
    return tuple((b.time, b.value == 1) for b in beats.annotations)


def _together(notes: Sequence[Annotation]) -> list[list[Annotation]]:
    groups: list[list[Annotation]] = []
    for note in notes:
        if groups and note.time - groups[-1][0].time <= TOGETHER:
            groups[-1].append(note)
        else:
            groups.append([note])
    return groups


def _with_held(groups: list[list[Annotation]]) -> list[list[Annotation]]:
    """Groups with the written note that is held under each single one: one voice goes on while another moves."""
    out: list[list[Annotation]] = []
    sounding: list[Annotation] = []
    until = -np.inf
    for i, group in enumerate(groups):
        start = group[0].time
        if start - until > HELD:  # the moving voice rests: the bow has been lifted
            sounding = []
        until = min(n.end for n in group)
        following = groups[i + 1][0].time if i + 1 < len(groups) else max(n.end for n in group)
        sounding = [n for n in sounding if n.end - start >= max(HELD, 0.5 * (following - start))]
        own = {_in_range(int(n.value["pitch"])) for n in group}
        under = [n for n in sounding if len(own) == 1 and _in_range(int(n.value["pitch"])) not in own]
        held = under[-1:]
        out.append([*group, *(_held(n, start) for n in held)])
        sounding = [*held, *(n for n in group if _holds(n))]
    return out


def _holds(note: Annotation) -> bool:
    """Whether a note is a written one that goes on sounding as long as it is written (in MIDI, notes overlap)."""
    return bool(note.value.get("measure")) and not {PLUCKED, *SHORT_MARKS} & set(note.value.get("marks", ()))


def _held(note: Annotation, start: float) -> Annotation:
    """What is left of a note from a time on; it asks for no bow of its own."""
    value = {k: v for k, v in note.value.items() if k in ("pitch", "dynamics", "measure")}
    return Annotation(start, note.end - start, {**value, "new_bow": False, "held": True})


def _chord(group: list[Annotation], heard: float, strength: float, told: float) -> Chord:
    values: list[dict[str, Any]] = [n.value for n in group]
    marks = {mark for v in values for mark in v.get("marks", ())}
    marked = next((LOUDNESS[v["dynamics"]] for v in values if v.get("dynamics") in LOUDNESS), None)
    written = marked if np.isnan(told) else told
    start, end = min(n.time for n in group), max(n.end for n in group if not n.value.get("held"))
    bounced = bool(marks & set(BOUNCED_MARKS))
    return Chord(
        start=start,
        end=start + BOUNCED_PART * (end - start) if bounced else end,
        pitches=tuple(sorted({_in_range(int(v["pitch"])) for v in values if not v.get("held")})),
        new_bow=any(v.get("new_bow", True) for v in values),
        bow=next((v["bow"] for v in values if v.get("bow")), ""),
        loudness=heard if written is None else 0.6 * written + 0.4 * heard,
        short=bool(marks & set(SHORT_MARKS)),
        accent=bool(marks & set(ACCENTS)),
        bounced=bounced,
        downbeat=strength,
        phrase_end=any(v.get("phrase_end", False) for v in values),
        plucked=all(PLUCKED in v.get("marks", ()) for v in values if not v.get("held")),
        held=tuple(_in_range(int(v["pitch"])) for v in values if v.get("held")),
        trill=bool(set(_highest(values).get("marks", ())) & set(TRILLS)) and PLUCKED not in marks,
        tremolo="tremolo" in marks and PLUCKED not in marks,
    )


def _highest(values: list[dict[str, Any]]) -> dict[str, Any]:
    """The note on top: what is written there is trilled by the fingers, below it is not."""
    return max((v for v in values if not v.get("held")), key=lambda v: int(v["pitch"]))


def _renewed(chord: Chord) -> list[Chord]:
    """A note too long for one bow, with quiet changes in it."""
    count = int(np.ceil(chord.duration / LONGEST_BOW))
    times = np.linspace(chord.start, chord.end, count + 1)
    later = replace(chord, new_bow=True, bow="", downbeat=0.0, accent=False)
    return [replace(chord if i == 0 else later, start=float(times[i]), end=float(times[i + 1])) for i in range(count)]


def _broken(chord: Chord) -> list[Chord]:
    """A chord of four as the bow can play it: the lower two, then the upper two in the same bow."""
    if len(chord.pitches) < 4:
        return [chord]
    turn = chord.start + min(BREAK, 0.35 * chord.duration)
    return [
        replace(chord, pitches=chord.pitches[:-2], end=turn, phrase_end=False, trill=False, tremolo=False),
        replace(chord, pitches=chord.pitches[-2:], start=turn, new_bow=False, bow="", downbeat=0.0),
    ]


def _in_range(pitch: int) -> int:
    while pitch < LOWEST:
        pitch += 12
    while pitch > HIGHEST:
        pitch -= 12
    return pitch


def heard_loudness(groups: list[list[Annotation]], audio: Audio) -> list[float]:
    """Loudness of each chord in the sound: 0 at 30 dB under the loudest passages, 1 at them."""
    level = audio.loudness(50.0)
    if not len(level):
        return [0.6] * len(groups)
    top = float(np.percentile(level, 97))
    out = []
    for group in groups:
        first = int(np.clip((group[0].time - audio.start) * 50, 0, len(level) - 1))
        last = int(np.clip((max(n.end for n in group) - audio.start) * 50, first + 1, len(level)))
        out.append(float(np.clip(1.0 + (level[first:last].max() - top) / 30.0, 0.0, 1.0)))
    return out


def _beat_strengths(groups: list[list[Annotation]], beats: AnnotationTrack) -> list[float]:
    """1 for chords on a downbeat, 0.4 on another beat, 0 elsewhere (within 70 ms)."""
    times = np.array([g[0].time for g in groups])
    strengths = np.zeros(len(times))
    for beat in beats.annotations:
        strengths[np.abs(times - beat.time) < 0.07] = 1.0 if beat.value == 1 else 0.4
    return [float(s) for s in strengths]


def _ended(chords: list[Chord]) -> list[Chord]:
    """No chord sounds into the next one: the hands have moved on."""

    out = []
    for i, chord in enumerate(chords):
        following = chords[i + 1].start if i + 1 < len(chords) else np.inf
        end = min(chord.end, following)
        out.append(replace(chord, end=max(end, chord.start + 0.03)))
    return out
