# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Recordings and scores from files: sound is transcribed, MIDI is what was played already."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from plugins.api import Audio, ComponentError, JobContext, Score
from plugins.api.pitch_network import PitchNetwork
from plugins.transcription.score import Reading, read_score
from plugins.transcription.transcribe import Transcriber
from training.synchronisation.notes import Floats, Heard, SynchronisationError, Written

MIDI: Final = (".mid", ".midi")
SILENCE: Final = 1e-4
"""Peak (-80 dB) under which a recording is silent."""


@dataclass(frozen=True, eq=False)
class Performance:
    """What was played: its notes with their ends (M,) in seconds, and the sound that they were heard in, if any."""

    heard: Heard = field(repr=False)
    ends: Floats = field(repr=False)
    audio: Audio | None = field(repr=False)


@dataclass(frozen=True, eq=False)
class Sheet:
    """One reading of a score (its repeats taken or not), from its first downbeat on.

    Attributes:
        written: its notes. lengths: (N,) quarter notes. downbeats: (B,) positions of the bars.
    """

    written: Written = field(repr=False)
    lengths: Floats = field(repr=False)
    downbeats: Floats = field(repr=False)


def read_sound(path: Path) -> Audio:
    """A sound file, mixed to mono. SynchronisationError names the file and what is wrong."""
    import soundfile

    if not path.is_file():
        raise SynchronisationError(f"there is no file {path}; check its name")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise SynchronisationError(
            f"{path.name} is not a sound file that can be read ({getattr(error, 'error_string', error)}); "
            "give wav, flac, mp3, ogg or opus, or MIDI"
        ) from error
    mono = samples.mean(axis=1)
    if not len(mono) or not np.isfinite(mono).all():
        raise SynchronisationError(f"{path.name} is empty or holds samples that are not numbers; export it again")
    if float(np.abs(mono).max()) < SILENCE:
        raise SynchronisationError(f"{path.name} is silent; check the export")
    return Audio(mono, int(rate))


def read_performance(
    path: Path, instrument: str, network: PitchNetwork, tell: Callable[[float], None] = lambda _: None
) -> Performance:
    """The notes of a recording: transcribed from its sound, or read from MIDI."""
    if path.suffix.lower() in MIDI:
        if not path.is_file():
            raise SynchronisationError(f"there is no file {path}; check its name")
        return _read_midi(path)
    audio = read_sound(path)
    recognizer = Transcriber(network)
    context = JobContext(instrument=instrument, on_progress=lambda part, _: tell(part))
    found = recognizer.recognize(audio, None, Transcriber.Options(sensitivity=0.5), context)[0].annotations
    return _performance(path, [(n.time, n.end, int(n.value["pitch"])) for n in found], audio)


def _read_midi(path: Path) -> Performance:
    import pretty_midi

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            midi = pretty_midi.PrettyMIDI(io.BytesIO(path.read_bytes()))
    except Exception as error:  # the parser raises anything on broken files
        raise SynchronisationError(f"{path.name} is not a MIDI file that can be read ({error}); export it") from error
    notes = [(n.start, n.end, n.pitch) for t in midi.instruments if not t.is_drum for n in t.notes]
    return _performance(path, notes, None)


def _performance(path: Path, notes: list[tuple[float, float, int]], audio: Audio | None) -> Performance:
    if not notes:
        raise SynchronisationError(f"no notes are heard in {path.name}; check that it is the right recording")
    table = np.array(sorted(notes, key=lambda n: (n[0], n[2])), dtype=np.float64)
    return Performance(Heard(table[:, 0], table[:, 2].astype(np.int64)), table[:, 1], audio)


def read_sheets(path: Path, instrument: str) -> list[Sheet]:
    """The readings of a score file, the longest first."""
    if not path.is_file():
        raise SynchronisationError(f"there is no file {path}; check its name")
    try:
        readings = read_score(Score(path.name, path.read_bytes()), instrument)
    except ComponentError as error:
        raise SynchronisationError(str(error)) from error
    in_seconds = path.suffix.lower() in MIDI
    return [_sheet(reading, in_seconds) for reading in readings]


def _sheet(reading: Reading, in_seconds: bool) -> Sheet:
    beats = np.array([time for time, _ in reading.beats])

    def quarters(times: Floats) -> Floats:
        # MIDI is read in seconds: its beats tell the quarter notes.
        return _extended(times, beats) if in_seconds and len(beats) > 1 else times

    onsets = np.array([n.onset for n in reading.notes])
    starts, ends = quarters(onsets), quarters(onsets + [n.duration for n in reading.notes])
    downbeats = quarters(np.array([time for time, position in reading.beats if position == 1]))
    origin = float(downbeats[0]) if len(downbeats) else 0.0
    pitches = np.array([n.pitch for n in reading.notes], dtype=np.int64)
    return Sheet(Written(np.round(starts - origin, 6), pitches), ends - starts, downbeats - origin)


def _extended(times: Floats, beats: Floats) -> Floats:
    """Times as numbers of beats, going on beyond both ends as it went there."""
    index = np.arange(len(beats), dtype=np.float64)
    found = np.interp(times, beats, index)
    found = np.where(times < beats[0], (times - beats[0]) / (beats[1] - beats[0]), found)
    return np.asarray(np.where(times > beats[-1], index[-1] + (times - beats[-1]) / (beats[-1] - beats[-2]), found))
