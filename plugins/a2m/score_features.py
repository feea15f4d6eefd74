# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the model reads of the score, the same in training and in use: ten numbers a frame.

As in MOSA's released code (Y.-F. Huang et al., 2024): constant 1, beat, downbeat, phrase, dynamics class,
articulation class, MIDI number (twice), onset strength, RMS. Ours all lie between 0 and 1, the pitch and
the two of the sound included, and none looks at the whole recording to be scaled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import AnnotationTrack, find_track
from plugins.api.log_mel import FPS

NAMES: Final = (
    *("one", "beat", "downbeat", "phrase", "dynamics", "articulation"),
    *("pitch", "pitch_again", "onset_strength", "rms"),
)
BEAT_REACH: Final = 0.05
PHRASE_REACH: Final = 0.5
"""Seconds around a beat, around the beginning of a phrase, that are marked."""
DYNAMICS: Final = {"ppp": 1, "pp": 1, "p": 2, "mp": 3, "mf": 4, "f": 5, "ff": 6, "fff": 6}
"""Six classes; 0 where no mark is in force."""
ARTICULATIONS: Final = {"legato": 1, "staccato": 2}
QUIETEST: Final = -60.0
"""Decibels below full scale of an RMS that counts as 0."""

Floats = npt.NDArray[np.float32]


def score_features(
    tracks: Sequence[AnnotationTrack], mel: Floats, samples: npt.NDArray[Any], sample_rate: int, start: float = 0.0
) -> Floats:
    """(T, 10) float32 in 0..1, as many frames as ``mel`` (of ``log_mel``) has.

    Args:
        tracks: beat, downbeat, phrase, dynamics, articulation, note; what is missing stays 0.
        samples: (N,) the sound that ``mel`` was made from.
        start: time of the first frame, as the tracks count it, seconds.
    """
    times = start + np.arange(len(mel)) / FPS
    out = np.zeros((len(mel), len(NAMES)), dtype=np.float32)
    out[:, 0] = 1.0
    for column, (name, reach) in enumerate(
        (("beat", BEAT_REACH), ("downbeat", BEAT_REACH), ("phrase", PHRASE_REACH)), 1
    ):
        _mark_near(out[:, column], times, find_track(tracks, name).times, reach)
    for a in find_track(tracks, "dynamics").annotations:
        if a.value in ("cresc", "dim"):  # hairpins lie over the marks
            continue
        _span(out[:, 4], times, a.time, a.end, DYNAMICS.get(str(a.value), 0) / 6)
    for a in find_track(tracks, "articulation").annotations:
        _span(out[:, 5], times, a.time, a.end, ARTICULATIONS.get(str(a.value), 0) / 2)
    for a in find_track(tracks, "note").annotations:
        _span(out[:, 6], times, a.time, a.end, float(a.value["pitch"]) / 127.0)
    out[:, 7] = out[:, 6]
    out[:, 8] = onset_strength(mel)
    out[:, 9] = _rms(samples, sample_rate, len(mel))
    return out


def onset_strength(mel: Floats) -> Floats:
    """(T,) how much louder the bands have become since 50 ms ago, as part of their range."""
    rise = np.zeros(len(mel), dtype=np.float32)
    if len(mel) > 2:
        rise[2:] = np.maximum(mel[2:] - mel[:-2], 0.0).mean(axis=1)
    return np.asarray(np.minimum(4.0 * rise, 1.0))


def _mark_near(column: Floats, times: npt.NDArray[np.float64], at: Sequence[float], reach: float) -> None:
    for time in at:
        _span(column, times, time - reach, time + reach + 1e-9, 1.0)


def _span(column: Floats, times: npt.NDArray[np.float64], start: float, end: float, value: float) -> None:
    first, last = np.searchsorted(times, (start, end))
    column[first:last] = value


def _rms(samples: npt.NDArray[Any], sample_rate: int, frames: int) -> Floats:
    """(T,) loudness of 46 ms around each frame: 0 at QUIETEST, 1 at full scale."""
    half = round(0.023 * sample_rate)
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    centres = (np.arange(frames) * sample_rate / FPS).astype(int)
    low, high = np.clip(centres - half, 0, len(samples)), np.clip(centres + half, 0, len(samples))
    mean = (energy[high] - energy[low]) / np.maximum(high - low, 1)
    decibels = 10.0 * np.log10(np.maximum(mean, 1e-10))
    return np.asarray(np.clip(1.0 - decibels / QUIETEST, 0.0, 1.0), dtype=np.float32)
