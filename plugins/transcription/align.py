# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``align`` recogniser: a score, put on the recording's time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from plugins.api import (
    Annotation,
    AnnotationTrack,
    Audio,
    ComponentError,
    JobContext,
    Motion,
    Recognizer,
)
from plugins.api.pitch_network import CHECKPOINT, FPS, PitchNetwork, Posteriors
from plugins.transcription.alignment import Events, Evidence, first_frames, follow, refine, tempo_outliers
from plugins.transcription.fit import explained, likely_key, sounding, transposed
from plugins.transcription.onsets import superflux
from plugins.transcription.performed import WRITES, Performed, note_value, tracks_of
from plugins.transcription.score import Reading, ScoreNote, read_score
from plugins.transcription.tracking import lasts

FIT: Final = 0.22
"""Part of what is heard that the score explains, under which it belongs to another piece: 0.88 to 0.94 for the
example and three real recordings with their own scores."""
DOUBTFUL: Final = 0.55
"""Part under which that alone does not tell: music beside it, a held pedal and a score that lacks half of the notes
come down to 0.28, and scores of other pieces, somewhere in ranges of 10 to 30 s, up to 0.53."""
TOLD: Final = 1.05
"""What half of that part and how much of the written notes is heard are together then, at least: with those scores 1.04
at most, in those good cases 1.06 at least."""
FEW: Final = 5
"""Notes by which nothing is told then."""
OTHER_KEY: Final = 0.6
"""What a score must explain in another key, and how many times as much as in its own, to be of another key:
a few notes of any score fit somewhere."""
CLEARLY: Final = 1.5

STOPPED: Final = {"staccato", "staccatissimo", "spiccato"}
"""Marks of notes that end before their written time."""
UNHEARD: Final = 0.2
"""Posterior under which a note at either end was not played."""
SHORTEST_HEARD: Final = 8
"""Frames (93 ms) that are looked at before a note may be heard to stop."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Sound:
    audio: Audio
    heard: Posteriors
    evidence: Evidence


APART: Final = 4
"""Frames by which a note of a chord may be early; late, twice as many."""
CLEAR_ONSET: Final = 0.3


class ScoreAligner(Recognizer):
    """Finds when each note of the score was played, repeats taken or not, and puts the score's beats,
    sections, dynamics, slurs, bow marks and articulations at their performed times, with a confidence for each bar."""

    name = "align"
    label = "Align the score"
    licence = "Apache-2.0 (basic-pitch)"
    checkpoint = CHECKPOINT
    writes = WRITES
    needs_score = True

    class Options(Recognizer.Options):
        transpose: int = Field(
            0, ge=-12, le=12, title="Transpose", description="Semitones that the recording sounds above the score"
        )
        trust: bool = Field(
            False, title="Trust the Score", description="Take the score, however little of it is heard in the recording"
        )

    def __init__(self, network: PitchNetwork | None = None) -> None:
        self._network = network or PitchNetwork()

    def load(self, device: str) -> None:
        self._network.load()

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Any, context: JobContext
    ) -> list[AnnotationTrack]:
        if context.score is None:
            raise ComponentError("aligning needs a score; give one, or let the notes be transcribed")
        readings = [transposed(r, options.transpose) for r in read_score(context.score, context.instrument)]
        if audio is None:
            return _as_written(readings[0])
        heard = self._network.listen(audio, context)
        sound = _Sound(audio, heard, Evidence.of(heard, superflux(audio)[: len(heard.note)]))
        best, _ = max((_align(r, sound, context) for r in readings), key=lambda found: found[1])
        problem = "" if options.trust else _misfit(best, sound, options.transpose, context)
        if problem:
            raise ComponentError(f"{context.score.name} {problem}")
        return tracks_of(best, _notes(best, heard, context.instrument != "piano"))


def _align(reading: Reading, sound: _Sound, context: JobContext) -> tuple[Performed, float]:
    """How a reading was played, and how well that agrees with the sound."""
    heard, evidence = sound.heard, sound.evidence
    onsets = np.array([n.onset for n in reading.notes])
    lengths = np.array([n.duration for n in reading.notes])
    columns = heard.pitch(np.array([n.pitch for n in reading.notes]))
    events, event = Events.of(onsets, lengths, columns)
    path, likelihood = follow(events, evidence, lambda f: context.progress(f, "Following the score"))
    frames = refine(events, evidence, first_frames(path, events))
    confidence = _confidence(heard, frames[event], columns)
    frames = _without_unheard_ends(frames, event, confidence)
    confidence[~np.isfinite(frames[event])] = np.nan
    # A bow begins its strings together; ten fingers come apart.
    begun = _each(heard, frames[event], columns) if context.instrument == "piano" else frames[event]
    performed = Performed(reading, heard.seconds(begun), confidence, sound.audio.start, sound.audio.end)
    return performed, likelihood - tempo_outliers(events, frames)


def _misfit(best: Performed, sound: _Sound, transpose: int, context: JobContext) -> str:
    """Why the score is not taken (it is of another key, or of another piece); empty when it is."""
    fit, shift = explained(best, sound.heard), likely_key(best.reading, sound.heard)
    there = explained(_align(transposed(best.reading, shift), sound, context)[0], sound.heard) if shift else 0.0
    if there >= max(OTHER_KEY, CLEARLY * fit):
        far = f"{abs(shift)} semitone{'s' if abs(shift) > 1 else ''} {'lower' if shift > 0 else 'higher'}"
        with_option = f" with align.transpose={transpose}" if transpose else ""
        return (
            f"is written {far}{with_option} than this recording sounds; give the score in that key, "
            f"or the option align.transpose={transpose + shift}"
        )
    found = sounding(best)
    believed = fit >= DOUBTFUL or (found + fit / 2 >= TOLD and len(best.played) >= FEW)
    if fit < FIT or not believed:
        return (
            f"does not fit this recording (its notes explain {fit:.0%} of what is heard, "
            f"and {found:.0%} of them are heard); give the score of this piece, or none to have the notes transcribed; "
            "align.trust=true takes it all the same, for a soloist in an orchestra or the like"
        )
    return ""


def _without_unheard_ends(frames: Floats, event: npt.NDArray[np.int64], confidence: Floats) -> Floats:
    """Frames of the events, without the first and last ones of a cut that are not heard at all."""
    frames = frames.copy()
    best = np.full(len(frames), -np.inf)
    np.maximum.at(best, event, np.nan_to_num(confidence, nan=-np.inf))
    played = np.nonzero(np.isfinite(frames))[0]
    heard = played[best[played] >= UNHEARD]
    if len(heard):
        frames[: heard[0]] = np.nan
        frames[heard[-1] + 1 :] = np.nan
    return frames


def _each(heard: Posteriors, starts: Floats, columns: npt.NDArray[np.int64]) -> Floats:
    """Frame in which each note begins by itself, near that of its event; that of the event where none is heard to."""
    out = starts.copy()
    played = np.nonzero(np.isfinite(starts))[0]
    at = np.round(starts[played]).astype(np.int64)[:, None] + np.arange(-APART, 2 * APART + 1)
    begins = heard.onset[np.clip(at, 0, len(heard.onset) - 1), columns[played, None]]
    best = begins.argmax(axis=1)
    clear = begins.max(axis=1, initial=0.0) >= CLEAR_ONSET
    out[played[clear]] = np.take_along_axis(at, best[:, None], axis=1)[clear, 0]
    return out


def _confidence(heard: Posteriors, starts: Floats, columns: npt.NDArray[np.int64], frames: int = 8) -> Floats:
    """Highest posterior of each note shortly after its onset; NaN for notes that were not played."""
    out = np.full(len(starts), np.nan)
    played = np.nonzero(np.isfinite(starts))[0]
    at = np.clip(starts[played].astype(int)[:, None] + np.arange(frames), 0, len(heard.note) - 1)
    out[played] = heard.note[at, columns[played, None]].max(axis=1)
    return out


def _notes(performed: Performed, heard: Posteriors, bowed: bool) -> list[Annotation]:
    """The notes that were played; those that may stop early end when they are heard to."""
    notes, times = performed.reading.notes, performed.onsets
    rolled = _left_behind(notes) if bowed else set()
    annotations, next_begins = [], dict[int, float]()
    for i in reversed(performed.played):
        note, start = notes[i], float(times[i])
        end = min(max(performed.at(note.onset + note.duration), start + 0.05), performed.end)
        end = min(end, next_begins.get(note.pitch, end))
        next_begins[note.pitch] = start
        if i in rolled or STOPPED & set(note.marks):
            end = _heard_end(heard, start, end, note.pitch)
        confidence = float(performed.confidence[i])
        annotations.append(Annotation(start, max(end - start, 0.02), note_value(note), confidence))
    return annotations[::-1]


def _left_behind(notes: tuple[ScoreNote, ...]) -> set[int]:
    """Lower notes of chords of three and four: the bow rolls over them and sustains the top two."""
    at: dict[float, list[int]] = {}
    for i, note in enumerate(notes):
        at.setdefault(note.onset, []).append(i)
    return {i for chord in at.values() if len(chord) > 2 for i in sorted(chord, key=lambda k: notes[k].pitch)[:-2]}


def _heard_end(heard: Posteriors, start: float, end: float, pitch: int) -> float:
    """When a note that may stop early is heard to stop; ``end`` if it goes on, or was never clear."""
    first, last = (int(f) for f in heard.frame([start, end]))
    sound = heard.note[max(first, 0) : last, int(heard.pitch(pitch))]
    if len(sound) < SHORTEST_HEARD or sound[:SHORTEST_HEARD].max() < 0.35:
        return end
    return min(end, start + lasts(sound) / FPS)


def _as_written(reading: Reading) -> list[AnnotationTrack]:
    notes = [Annotation(max(n.onset, 0.0), max(n.duration, 0.02), note_value(n)) for n in reading.notes]
    return tracks_of(Performed.as_written(reading), notes)
