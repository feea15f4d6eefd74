# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Windows of clips as the networks hear them: cut at random, faster or slower, higher or lower, with noise."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from training.a2m_clips import Clips, ClipsError, Recording
from training.recognition.config import Variety
from training.recognition.targets import CLASSES, EVENTS, classes_of, events_of

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording in memory.

    Attributes:
        events: name -> frames. classes: name -> (T,), -1 where none is known.
    """

    recording: Recording
    audio: npt.NDArray[np.floating[Any]] = field(repr=False)
    events: dict[str, npt.NDArray[np.int64]] = field(repr=False)
    classes: dict[str, npt.NDArray[np.int64]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.audio)


@dataclass(frozen=True, eq=False)
class Window:
    """What is heard and what it is.

    Attributes:
        audio: (T, 128). music: (T,) 1 where there is music, 0 behind its end.
        events: name -> (T,) 1 in the frame of an event. classes: name -> (T,), -1 unknown.
    """

    audio: Floats
    music: Floats
    events: dict[str, Floats]
    classes: dict[str, npt.NDArray[np.int64]]


class Library:
    """The recordings of one or more folders of clips, of any instrument."""

    def __init__(self, folders: Sequence[str]) -> None:
        opened = [c for folder in folders for c in _instruments(folder)]
        self._recordings = [(clips, r) for clips in opened for r in clips.recordings]
        self.card_sha256 = hashlib.sha256("".join(c.card_sha256 for c in opened).encode()).hexdigest()

    def split(self, name: str) -> list[Heard]:
        """ClipsError when there is nothing of that split."""
        found = [_heard(clips, r) for clips, r in self._recordings if r.split == name]
        if not found:
            raise ClipsError(f"the clips have no recordings of the split {name!r}")
        return found


def _instruments(folder: str) -> list[Clips]:
    found = []
    for instrument in ("violin", "piano"):
        try:
            found.append(Clips.open(folder, instrument))
        except ClipsError as error:
            if "names no recordings" not in str(error):
                raise
    if not found:
        raise ClipsError(f"{folder} has no recordings of the violin or the piano")
    return found


def _heard(clips: Clips, recording: Recording) -> Heard:
    score = np.asarray(clips.score[recording.rows])
    return Heard(recording, clips.audio[recording.rows], events_of(score), classes_of(score))


def window(heard: Heard, first: int, length: int, speed: float = 1.0) -> Window:
    """``length`` frames from frame ``first`` on, ``speed`` times as fast as they were played."""
    at = first + np.arange(length) * speed
    music = at <= len(heard) - 1
    low = np.minimum(at.astype(np.int64), len(heard) - 1)
    part = (at - low)[:, None].astype(np.float32)
    near, far = (np.asarray(heard.audio[i], dtype=np.float32) for i in (low, np.minimum(low + 1, len(heard) - 1)))
    audio = np.where(music[:, None], near * (1.0 - part) + far * part, 0.0)
    nearest = np.minimum(np.round(at).astype(np.int64), len(heard) - 1)
    classes = {name: np.where(music, heard.classes[name][nearest], -1) for name in CLASSES}
    events = {name: _marked((heard.events[name] - first) / speed, length) for name in EVENTS}
    return Window(audio.astype(np.float32), music.astype(np.float32), events, classes)


def varied(heard: Heard, length: int, variety: Variety, rng: np.random.Generator) -> Window:
    """A window anywhere in a recording, changed by chance."""
    speed = float(2.0 ** rng.uniform(-variety.tempo, variety.tempo))
    first = int(rng.integers(0, max(1, len(heard) - round(length * speed))))
    cut = window(heard, first, length, speed)
    shifted = np.roll(cut.audio, int(rng.integers(-variety.pitch, variety.pitch + 1)), axis=1)
    louder = shifted * rng.uniform(1.0 - variety.level, 1.0 + variety.level / 2)
    noisy = louder + rng.normal(0.0, variety.noise, cut.audio.shape)
    audio = np.clip(noisy, 0.0, 1.1).astype(np.float32)
    return Window(audio, cut.music, cut.events, cut.classes)


def _marked(frames: npt.NDArray[np.floating[Any]], length: int) -> Floats:
    out = np.zeros(length, dtype=np.float32)
    rounded = np.round(frames).astype(np.int64)
    out[rounded[(rounded >= 0) & (rounded < length)]] = 1.0
    return out
