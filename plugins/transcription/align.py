# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``align`` recogniser: a score, put on the recording's time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import (
    Annotation,
    AnnotationTrack,
    Audio,
    ComponentError,
    JobContext,
    Motion,
    Options,
    Recognizer,
)
from plugins.transcription.alignment import Events, Evidence, first_frames, follow, refine, tempo_outliers
from plugins.transcription.onsets import superflux
from plugins.transcription.posteriors import CHECKPOINT, FPS, PitchNetwork, Posteriors
from plugins.transcription.score import Reading, ScoreNote, read_score
from plugins.transcription.tracking import lasts

FIT: Final = 0.28
"""Median posterior of the written notes under which the score belongs to another piece."""

STOPPED: Final = {"staccato", "staccatissimo", "spiccato"}
"""Marks of notes that end before their written time."""
UNHEARD: Final = 0.2
"""Posterior under which a note at either end was not played."""
SHORTEST_HEARD: Final = 8
"""Frames (93 ms) that are looked at before a note may be heard to stop."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Aligned:
    reading: Reading
    onsets: Floats
    confidence: Floats
    quality: float


class ScoreAligner(Recognizer):
    """Finds when each note of the score was played, repeats taken or not, and puts the
    score's beats, slurs, bow marks, articulations and dynamics at their performed times."""

    name = "align"
    label = "Align the score"
    licence = "Apache-2.0 (basic-pitch)"
    checkpoint = CHECKPOINT
    writes = ("note", "beat", "downbeat")
    needs_score = True

    class Options(Recognizer.Options):
        """No options."""

    def __init__(self, network: PitchNetwork | None = None) -> None:
        self._network = network or PitchNetwork()

    def load(self, device: str) -> None:
        self._network.load()

    def recognize(
        self, audio: Audio | None, motion: Motion | None, options: Options, context: JobContext
    ) -> list[AnnotationTrack]:
        if context.score is None:
            raise ComponentError("aligning needs a score; give one, or let the notes be transcribed")
        readings = read_score(context.score, context.instrument)
        if audio is None:
            return _as_written(readings[0])
        heard = self._network.listen(audio, context)
        evidence = Evidence.of(heard, superflux(audio)[: len(heard.note)])
        tries = [_align(r, heard, evidence, context) for r in readings]
        best = max(tries, key=lambda a: a.quality)
        fit = float(np.nanmedian(best.confidence)) if np.isfinite(best.confidence).any() else 0.0
        if fit < FIT:
            raise ComponentError(
                f"{context.score.name} does not fit this recording (the written notes sound with a probability "
                f"of {fit:.2f}); give the score of this piece, or none to have the notes transcribed"
            )
        return _tracks(best, audio, heard, context.instrument != "piano")


def _align(reading: Reading, heard: Posteriors, evidence: Evidence, context: JobContext) -> _Aligned:
    onsets = np.array([n.onset for n in reading.notes])
    lengths = np.array([n.duration for n in reading.notes])
    columns = heard.pitch(np.array([n.pitch for n in reading.notes]))
    events, event = Events.of(onsets, lengths, columns)
    path, likelihood = follow(events, evidence, lambda f: context.progress(f, "Following the score"))
    frames = refine(events, evidence, first_frames(path, events))
    confidence = _confidence(heard, frames[event], columns)
    frames = _without_unheard_ends(frames, event, confidence)
    confidence[~np.isfinite(frames[event])] = np.nan
    quality = likelihood - tempo_outliers(events, frames)
    return _Aligned(reading, heard.seconds(frames[event]), confidence, quality)


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


def _confidence(heard: Posteriors, starts: Floats, columns: npt.NDArray[np.int64], frames: int = 8) -> Floats:
    """Highest posterior of each note shortly after its onset; NaN for notes that were not played."""
    out = np.full(len(starts), np.nan)
    played = np.nonzero(np.isfinite(starts))[0]
    at = np.clip(starts[played].astype(int)[:, None] + np.arange(frames), 0, len(heard.note) - 1)
    out[played] = heard.note[at, columns[played, None]].max(axis=1)
    return out


def _tracks(aligned: _Aligned, audio: Audio, heard: Posteriors, bowed: bool) -> list[AnnotationTrack]:
    notes, times = aligned.reading.notes, aligned.onsets
    played = np.nonzero(np.isfinite(times))[0]
    score_time, index = np.unique([notes[i].onset for i in played], return_index=True)
    seconds = times[played][index]

    def performed(at: float) -> float:
        return float(_extrapolate(at, score_time, seconds))

    rolled = _left_behind(notes) if bowed else set()
    annotations = []
    for i in played:
        note = notes[i]
        end = min(max(performed(note.onset + note.duration), times[i] + 0.05), audio.end)
        if i in rolled or STOPPED & set(note.marks):
            end = _heard_end(heard, times[i], end, note.pitch)
        value = _value(note)
        annotations.append(Annotation(float(times[i]), max(end - times[i], 0.02), value, float(aligned.confidence[i])))
    near = [b for b in _numbered(aligned.reading) if score_time[0] - 1 <= b[0] <= score_time[-1] + 4]
    beats = [(performed(t), position, bar) for t, position, bar in near]
    return _beat_tracks(annotations, [b for b in beats if audio.start <= b[0] < audio.end])


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


def _extrapolate(at: float, x: Floats, y: Floats) -> float:
    """Linear interpolation that goes on beyond the ends at the nearest tempo."""
    if len(x) < 2 or x[0] <= at <= x[-1]:
        return float(np.interp(at, x, y))
    near = slice(0, 5) if at < x[0] else slice(-5, None)
    slope = (y[near][-1] - y[near][0]) / max(x[near][-1] - x[near][0], 1e-6)
    edge = 0 if at < x[0] else -1
    return float(y[edge] + slope * (at - x[edge]))


def _numbered(reading: Reading) -> list[tuple[float, int, int]]:
    """Beats as (score time, position in the bar, number of the bar as played; an upbeat is in bar 0)."""
    bars = np.cumsum([position == 1 for _, position in reading.beats])
    return [(t, position, int(bar)) for (t, position), bar in zip(reading.beats, bars, strict=True)]


def _beat_tracks(notes: list[Annotation], beats: list[tuple[float, int, int]]) -> list[AnnotationTrack]:
    """Tracks; the value of a downbeat is the number of its bar."""
    return [
        AnnotationTrack("note", tuple(notes)),
        AnnotationTrack("beat", tuple(Annotation(t, 0.0, position) for t, position, _ in beats)),
        AnnotationTrack("downbeat", tuple(Annotation(t, 0.0, bar) for t, position, bar in beats if position == 1)),
    ]


def _value(note: ScoreNote) -> dict[str, Any]:
    value: dict[str, Any] = {"pitch": note.pitch, "new_bow": note.new_bow, "measure": note.measure}
    if note.bow:
        value["bow"] = note.bow
    if note.marks:
        value["marks"] = list(note.marks)
    if note.dynamics:
        value["dynamics"] = note.dynamics
    if note.phrase_end:
        value["phrase_end"] = True
    if note.hand:
        value["hand"] = note.hand
    if note.velocity:
        value["velocity"] = note.velocity
    return value


def _as_written(reading: Reading) -> list[AnnotationTrack]:
    """No recording: the score's own time is the performance's (MIDI: it is in seconds)."""
    notes = [Annotation(max(n.onset, 0.0), max(n.duration, 0.02), _value(n)) for n in reading.notes]
    return _beat_tracks(notes, _numbered(reading))
