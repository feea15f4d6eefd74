# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A recording and a score to MOSA's ``align_notetime``: when each written note was played.

The notes of the recording are matched with the score (:mod:`training.synchronisation.matching`), which tells what was
played and about when. Where there is a sound, each event then moves to where its notes begin in it (the second pass
of ``plugins/transcription/alignment.py``). With a reference, all times are put on that recording's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from plugins.api import Audio, JobContext
from plugins.api.pitch_network import PitchNetwork
from plugins.transcription.alignment import Events, Evidence, refine
from plugins.transcription.onsets import superflux
from training.datasets.mosa_annotations import AlignedNote
from training.simulate.score import pitch_name
from training.synchronisation.chroma import Lag, find_lag
from training.synchronisation.event_times import Bar, bars, confirmed, event_times
from training.synchronisation.matching import Matching, match
from training.synchronisation.notes import Floats, SynchronisationError
from training.synchronisation.sources import Performance, Sheet, read_performance, read_sheets, read_sound
from training.synchronisation.tempo_curve import TempoCurve

OWN: Final = 0.3
"""Seconds from its event within which a note of a MIDI performance keeps its own time."""
Tell = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Synchronised:
    """Attributes:
    notes: rows of ``align_notetime``, what was played only.
    bars: every bar of the reading that was played, with how sure its time is.
    matching: which notes are which. times: (K,) seconds of the score's events.
    lag: of the reference, if there is one. heard: part of the notes that were heard when they are said to be.
    """

    notes: tuple[AlignedNote, ...] = field(repr=False)
    bars: tuple[Bar, ...] = field(repr=False)
    matching: Matching = field(repr=False)
    sheet: Sheet = field(repr=False)
    times: Floats = field(repr=False)
    lag: Lag | None
    heard: float


def synchronise(
    recording: Path,
    score: Path,
    reference: Path | None = None,
    instrument: str = "violin",
    tell: Tell = lambda _: None,
) -> Synchronised:
    """Seconds for every note of a score as it was played in a recording (sound, or MIDI).

    Args:
        reference: another recording of the same performance; times then count in it.
        tell: told how much is done, 0 to 1.

    Raises SynchronisationError: with what does not fit, and what to do.
    """
    sheets = read_sheets(score, instrument)
    lag = _lag(recording, reference) if reference is not None else None
    network = PitchNetwork()
    performance = read_performance(recording, instrument, network, lambda part: tell(0.6 * part))
    sheet, matching = best_reading(sheets, performance, lambda part: tell(0.6 + 0.3 * part))
    if matching.gain <= 0.0:
        raise SynchronisationError(
            f"{score.name} is not what is played in {recording.name}, or in another key (the score tells its notes "
            f"worse than chance, by {-matching.gain:.1f} a note); give the score of this piece"
        )
    times = event_times(sheet.written, matching)
    if performance.audio is not None:
        times = by_sound(sheet, times, performance.audio, network)
    tell(1.0)
    return _result(performance, sheet, matching, times, lag)


def _lag(recording: Path, reference: Path) -> Lag:
    """Seconds to add to a time in the recording to get the time in the reference."""
    lag = find_lag(read_sound(reference), read_sound(recording))
    if not lag.reliable:
        raise SynchronisationError(
            f"{reference.name} and {recording.name} are not of one performance, or too noisy to tell (their chroma "
            f"correlate at most {lag.correlation:.2f}, elsewhere {lag.rival:.2f}); give two recordings made together"
        )
    return lag


def best_reading(sheets: list[Sheet], performance: Performance, tell: Tell = lambda _: None) -> tuple[Sheet, Matching]:
    """The reading (repeats taken or not) that the performance is the likeliest to be, and the match with it."""
    tries = []
    for i, sheet in enumerate(sheets):
        tries.append((sheet, match(sheet.written, performance.heard)))
        tell((i + 1) / len(sheets))
    return max(tries, key=lambda found: found[1].likelihood)


def by_sound(sheet: Sheet, times: Floats, audio: Audio, network: PitchNetwork) -> Floats:
    """Times (K,) of events, each moved by up to 0.3 s to where its notes begin in the sound."""
    positions, _ = sheet.written.events()
    heard = network.listen(audio, JobContext())
    events, _ = Events.of(sheet.written.positions, sheet.lengths, heard.pitch(sheet.written.pitches))
    if len(events.times) != len(positions):
        return times
    frames = refine(events, Evidence.of(heard, superflux(audio)[: len(heard.note)]), heard.frame(times))
    return heard.seconds(frames)


def _result(performance: Performance, sheet: Sheet, matching: Matching, times: Floats, lag: Lag | None) -> Synchronised:
    sure = confirmed(sheet.written, performance.heard, matching, times)
    shift = lag.seconds if lag is not None else 0.0
    onsets, offsets = _spans(performance, sheet, matching, times)
    onsets, offsets, times = onsets + shift, offsets + shift, times + shift
    found = bars(sheet.written, sure, times, sheet.downbeats)
    played = tuple(bar for bar in found if np.isfinite(bar.seconds))
    heard = float(sure[np.isfinite(onsets)].mean()) if np.isfinite(onsets).any() else 0.0
    return Synchronised(tuple(_rows(sheet, onsets, offsets)), played, matching, sheet, times, lag, heard)


def _spans(performance: Performance, sheet: Sheet, matching: Matching, times: Floats) -> tuple[Floats, Floats]:
    """Onset and offset (N,) of each written note: its event's, or in MIDI the matched note's own."""
    positions, event = sheet.written.events()
    known = np.isfinite(times)
    onsets = times[event]
    offsets = TempoCurve(positions[known], times[known]).at(sheet.written.positions + sheet.lengths)
    if performance.audio is None:
        mine, theirs = matching.pairs.T
        near = np.abs(performance.heard.onsets[theirs] - onsets[mine]) <= OWN
        onsets[mine[near]] = performance.heard.onsets[theirs[near]]
        offsets[mine[near]] = performance.ends[theirs[near]]
    return onsets, np.maximum(offsets, onsets + 0.02)


def _rows(sheet: Sheet, onsets: Floats, offsets: Floats) -> list[AlignedNote]:
    """Rows of what was played, in order of the score."""
    downbeats = sheet.downbeats if len(sheet.downbeats) else np.zeros(1)
    bar_of = np.searchsorted(downbeats, sheet.written.positions + 1e-4, side="right") - 1
    whole = float(downbeats[1] - downbeats[0]) if len(downbeats) > 1 else 4.0
    rows: list[AlignedNote] = []
    for i in np.nonzero(np.isfinite(onsets))[0]:
        position, length = float(sheet.written.positions[i]), float(sheet.lengths[i])
        bar, pitch = int(bar_of[i]), int(sheet.written.pitches[i])
        start = float(downbeats[bar]) if bar >= 0 else float(downbeats[0]) - whole
        place = round(position - start, 6)
        span = round(float(onsets[i]), 5), round(float(offsets[i]), 5)
        end = round(position + length, 6)
        rows.append(
            AlignedNote(len(rows), *span, position, end, pitch_name(pitch), pitch, round(length, 6), bar, place)
        )
    return rows
