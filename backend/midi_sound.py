# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A plain sound for MIDI input, so that there is something to hear beside the motion."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import numpy as np

from plugins.api import Audio, AudioError

SAMPLE_RATE: Final = 22050
TAIL: Final = 1.0
"""Seconds after the last note."""


def read_midi(path: Path, start: float | None = None, end: float | None = None) -> Audio:
    """Render a MIDI file with a bowed-string-like wave; AudioError when it cannot be read or holds no notes."""
    if not path.is_file():
        raise AudioError(f"there is no file {path}")
    import pretty_midi

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            midi = pretty_midi.PrettyMIDI(str(path))
    except Exception as error:  # the parser raises anything on broken files
        raise AudioError(f"{path.name} is not a MIDI file that can be read ({type(error).__name__}: {error})") from error
    if not any(track.notes for track in midi.instruments if not track.is_drum):
        raise AudioError(f"{path.name} holds no notes")
    sound = midi.synthesize(fs=SAMPLE_RATE, wave=_bowed)
    sound = np.pad(0.5 * sound / max(np.abs(sound).max(), 1e-9), (0, int(TAIL * SAMPLE_RATE)))
    first, last = start or 0.0, len(sound) / SAMPLE_RATE if end is None else end
    if not 0 <= first < min(last, len(sound) / SAMPLE_RATE):
        raise AudioError(f"the range {first:g} to {last:g} s is not inside {path.name}; choose --start and --end within it")
    cut = sound[int(first * SAMPLE_RATE) : int(last * SAMPLE_RATE)]
    return Audio(cut.astype(np.float32), SAMPLE_RATE, start=int(first * SAMPLE_RATE) / SAMPLE_RATE)


def _bowed(phase: np.ndarray) -> np.ndarray:
    """Eight partials of a sawtooth, the wave of a bowed string (H. von Helmholtz, 1863)."""
    return np.asarray(sum(np.sin(k * phase) / k for k in range(1, 9)) * 0.6)
