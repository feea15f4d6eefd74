# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Posteriors to notes, for struck strings: any number at once, over the whole keyboard.

A note may begin wherever the onset posterior of its key has a peak. A logistic model weighs how clear the peak is, how
much more of the key is heard after it than before, and whether the key is outsung from an overtone away: a struck
string's partials (H. Fletcher, *Normal vibration frequencies of a stiff piano string*, JASA 36, 1964) fall on other
keys and pass for notes of theirs, but fainter ones. Its coefficients are fitted by ``scripts/fit_struck_model.py`` on
simulated pianos, half of them in rooms; ``docs/results/transcription.md`` has what they reach on real pianists' notes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.pitch_network import LOWEST_PITCH, Posteriors
from plugins.transcription.candidates import Floats, Ints, logistic

FAINTEST: Final = 0.25
"""Posterior of an onset under which no peak is looked at."""
SEPARATION: Final = 5
"""Frames (58 ms) within which a key is not struck twice: faster than any key is repeated."""
BODY: Final = range(1, 9)
"""Frames from the onset in which the note is heard ..."""
BEFORE: Final = range(-6, -2)
"""... and in which it was not yet."""
BELOW: Final = (12, 19, 24, 28)
"""Semitones from a tone up to its overtones 2, 3, 4 and 5: what is heard may be one of the key so far below it."""
ABOVE: Final = (12, 19)
"""Or it lies under the key so far above it, whose partials are partials of its own too."""

FEATURES: Final = ("onset", "rise", "outsung from below", "outsung from above")
STRUCK_MODEL: Final = (6.455, 8.244, -5.979, -7.898, -4.923)
"""Weights of FEATURES, then the constant, which puts the best threshold at a half."""

RELEASE: Final = 0.7
"""Part of a note's highest posterior below which its key has come up ..."""
GAP: Final = 6
"""... once it has lasted for so many frames (70 ms)."""
ATTACK: Final = 12
"""Frames (140 ms) in which a note's posterior is highest."""
SHORTEST: Final = 4
"""Frames (46 ms)."""


@dataclass(frozen=True)
class StruckNote:
    """A note: frames, MIDI pitch, posterior of its onset, how sure (0 to 1)."""

    start: int
    end: int
    pitch: int
    onset: float
    confidence: float


def struck_notes(heard: Posteriors, sensitivity: float = 0.5) -> list[StruckNote]:
    """Notes in order of time, then pitch; ``sensitivity`` (0 to 1) is how faint an onset still counts."""
    frames, keys, features = struck_features(heard)
    sure = logistic(features, STRUCK_MODEL)
    chosen = sure >= 1.0 - sensitivity
    frames, keys = frames[chosen], keys[chosen]
    facts = (frames, ends(heard.note, frames, keys), keys + LOWEST_PITCH, features[chosen, 0], sure[chosen])
    return [StruckNote(*row) for row in zip(*(fact.tolist() for fact in facts), strict=True)]


def struck_features(heard: Posteriors) -> tuple[Ints, Ints, Floats]:
    """Frames (N,) at which a key may be struck, in order, the keys (N,) from 0, and their (N, 4) FEATURES."""
    frames, keys = _peaks(heard.onset)
    here = _level(heard.note, frames, keys, BODY)
    below = np.max([_level(heard.note, frames, keys - k, BODY) for k in BELOW], axis=0)
    above = np.max([_level(heard.note, frames, keys + k, BODY) for k in ABOVE], axis=0)
    rise = here - _level(heard.note, frames, keys, BEFORE)
    columns = (heard.onset[frames, keys], rise, np.maximum(below - here, 0.0), np.maximum(above - here, 0.0))
    return frames, keys, np.stack(columns, axis=1).astype(np.float64)


def _peaks(onset: npt.NDArray[np.float32]) -> tuple[Ints, Ints]:
    """Frames and keys at which the posterior is highest within SEPARATION."""
    from scipy.ndimage import maximum_filter1d

    if not len(onset):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    highest = maximum_filter1d(onset, 2 * SEPARATION + 1, axis=0, mode="nearest")
    frames, keys = np.nonzero((onset == highest) & (onset >= FAINTEST))
    return frames.astype(np.int64), keys.astype(np.int64)


def _level(note: npt.NDArray[np.float32], frames: Ints, keys: Ints, span: range) -> Floats:
    """(N,) mean posteriors of keys over ``span`` from the frames; 0 beyond the sound and the keyboard."""
    length, width = note.shape
    rows = frames[:, None] + np.array(span)
    inside = (rows >= 0) & (rows < length) & ((keys >= 0) & (keys < width))[:, None]
    values = note[np.clip(rows, 0, length - 1), np.clip(keys, 0, width - 1)[:, None]]
    return np.asarray(np.where(inside, values, 0.0).mean(axis=1), dtype=np.float64)


def ends(note: npt.NDArray[np.float32], frames: Ints, keys: Ints, release: float = RELEASE) -> Ints:
    """Frames (N,) at which the notes that begin at ``frames`` (in order) end: let go, or struck again."""
    out, again = np.zeros(len(frames), dtype=np.int64), np.full(note.shape[1], len(note), dtype=np.int64)
    for i in range(len(frames) - 1, -1, -1):
        start, key = int(frames[i]), int(keys[i])
        out[i] = start + _lasts(note[start : again[key], key], release)
        again[key] = start
    return out


def _lasts(posterior: npt.NDArray[np.floating[Any]], release: float) -> int:
    """Frames until a key, whose posteriors (T,) these are, is let go; T where it is not."""
    low = posterior[SHORTEST:] < release * posterior[:ATTACK].max(initial=0.0)
    if len(low) < GAP:
        return len(posterior)
    stops = np.nonzero(np.convolve(low, np.ones(GAP), "valid") >= GAP)[0]
    return int(stops[0]) + SHORTEST if len(stops) else len(posterior)
