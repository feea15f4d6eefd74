# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a job listens to, the same for the command line and the server: a recording, or a MIDI file alone."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Final

from backend.audio_files import LONGEST, check_file, read_audio
from plugins.api import Audio, ComponentError, Score

MIDI: Final = (".mid", ".midi")
SCORES: Final = (".musicxml", ".xml", ".mxl", *MIDI)


def is_midi(name: str) -> bool:
    return PurePath(name).suffix.lower() in MIDI


def sound_of(
    recording: Path | None,
    score: Score | None,
    start: float | None,
    end: float | None,
    *,
    name: str = "",
    longest: float = LONGEST,
    instrument: str = "violin",
) -> Audio:
    """The recording from ``start`` to ``end`` seconds; without one, the notes of the MIDI score as they stand.

    Args:
        name: what messages call the recording.
        longest: seconds that may be worked on at once.
        instrument: what notes without a recording sound like.

    Raises:
        AudioError, ComponentError: with what to do.
    """
    if recording is not None:
        return read_audio(recording, start, end, name=name, longest=longest)
    if score is None or not is_midi(score.name):
        raise ComponentError("there is nothing to perform; give a recording, or a MIDI file as the score")
    from backend.midi_sound import read_midi

    return read_midi(score, start, end, longest=longest, instrument=instrument)


def score_beside(source: Path, score: Path | None) -> Score | None:
    """The score of a file: the one that is given, or of a MIDI file itself, which is sound and score at once."""
    if is_midi(source.name):
        if score is not None:
            raise ComponentError(f"{source.name} is played as it stands; leave out --score, or give a recording")
        return read_score(source)
    return read_score(score) if score is not None else None


def read_score(path: Path) -> Score:
    if path.suffix.lower() not in SCORES:
        raise ComponentError(f"{path.name} is not a score; give one of {', '.join(SCORES)}")
    check_file(path)
    return Score(path.name, path.read_bytes())
