# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Dancers that copy: another piece's dance, and for each four seconds the dance to the most similar music.

Both copy dances that are not held out. Where copies meet, postures fade into each other, and the dancer goes on from
where it is, the way it faces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.log_mel import FPS
from training.metrics import Floats
from training.momu.dance_clips import DanceClip, fold_of
from training.momu.facing import apart, together

Places = npt.NDArray[np.floating[Any]]
FADE: Final = 20
"""Frames in which one copy fades into the next."""
PART: Final = 4 * FPS
"""Frames of music that are looked for at once."""
GROUPS: Final = 8
"""Parts of the spectrum whose rises are compared."""


def others(clips: Sequence[DanceClip], count: int = 4, seed: int = 0) -> list[list[DanceClip]]:
    """Of each fold, the dances that may be known there: all whose pieces are not held out."""
    held_out = fold_of(clips, count, seed)
    return [[clip for clip in clips if held_out[clip.piece] != fold] for fold in range(count)]


@dataclass(frozen=True, eq=False)
class AnotherPiece:
    """The dance of another piece, drawn by the seed: from a moment drawn too, over again when it is too short.

    Attributes:
        known: dances of each fold (``others``).
        same_class: only dances of the clip's own class, whose tempo is about the same.
    """

    known: Sequence[Sequence[DanceClip]] = field(repr=False)
    same_class: bool = False

    def __call__(self, clip: DanceClip, fold: int, seed: int) -> Places:
        rng = np.random.default_rng([seed, fold, *clip.name.encode()])
        choice = [c for c in self.known[fold] if c.label == clip.label or not self.same_class]
        other = choice[int(rng.integers(len(choice)))]
        first = int(rng.integers(max(len(other) - len(clip), 0) + 1))
        return cut_to(other, first, len(clip))


def cut_to(clip: DanceClip, first: int, length: int) -> Places:
    """``length`` frames of a dance from a frame on, over again from its beginning as often as it takes."""
    own, travel = apart(clip.places, clip.skeleton)
    again = len(own) - _shared(len(own), len(own))
    times = max(0, -(-(length - (len(own) - first)) // again))
    return joined([(own[first:], travel[first:]), *[(own, travel)] * times], length)


def joined(parts: Sequence[tuple[Floats, Floats]], length: int) -> Places:
    """(length, J, 3) of dances in their own frames and how they travel, each faded into the next."""
    own, travel = parts[0]
    for following in parts[1:]:
        own, travel = (_faded(a, b) for a, b in zip((own, travel), following, strict=True))
    return together(own[:length], travel[:length])


def _faded(before: Floats, after: Floats) -> Floats:
    shared = _shared(len(before), len(after))
    part = (np.arange(shared) + 0.5) / shared
    weight = (part * part * (3.0 - 2.0 * part)).reshape(-1, *[1] * (before.ndim - 1))
    middle = before[len(before) - shared :] * (1.0 - weight) + after[:shared] * weight
    return np.concatenate([before[: len(before) - shared], middle, after[shared:]])


def _shared(before: int, after: int) -> int:
    """Frames that fade: of what is short, half, so that there is always more of it after."""
    return min(FADE, before, after // 2)


class NearestCopy:
    """For each four seconds of music the dance to the four seconds that rise most alike.

    Compared are the rises of eight parts of the log-mel spectrogram from frame to frame, less their mean over the
    piece, by their cosine, at every frame of every dance that may be known: what is copied has its onsets where the
    music has them.
    """

    def __init__(self, known: Sequence[Sequence[DanceClip]]) -> None:
        self._known = known
        self._rises = {clip.name: rises(clip.heard) for clips in known for clip in clips}
        self._moves = {clip.name: apart(clip.places, clip.skeleton) for clips in known for clip in clips}

    def __call__(self, clip: DanceClip, fold: int, seed: int) -> Places:
        del seed
        heard = rises(clip.heard)
        length = min(PART, len(heard), *(len(other) for other in self._known[fold]))
        parts = []
        for first in range(0, len(heard), max(length - FADE, 1)):
            asked = heard[max(0, min(first, len(heard) - length)) :][:length]
            name, at = self._nearest(asked, fold)
            at += max(0, first - (len(heard) - length))  # the last one ends with the music
            own, travel = self._moves[name]
            parts.append((own[at : at + length], travel[at : at + length]))
            if first + length >= len(heard):
                break
        return joined(parts, len(heard))

    def _nearest(self, asked: Floats, fold: int) -> tuple[str, int]:
        """Which dance, and from which of its frames."""
        best, found = -np.inf, ("", 0)
        for other in self._known[fold]:
            alike = likeness(asked, self._rises[other.name])
            at = int(np.argmax(alike))
            if alike[at] > best:
                best, found = float(alike[at]), (other.name, at)
        return found


def rises(heard: Places) -> Floats:
    """(T, GROUPS) how much louder each part of a log-mel spectrogram (T, 128) is than a frame before, less the mean."""
    bands = np.asarray(heard, dtype=np.float64).reshape(len(heard), GROUPS, -1).mean(axis=-1)
    rise = np.maximum(np.diff(bands, axis=0, prepend=bands[:1]), 0.0)
    return np.asarray(rise - rise.mean(axis=0))


def likeness(asked: Floats, among: Floats) -> Floats:
    """(N - T + 1,) cosines of (T, S) and each place of (N, S)."""
    from scipy.signal import fftconvolve

    crossed = fftconvolve(among, asked[::-1], mode="valid", axes=0).sum(axis=1)
    power = np.concatenate([[0.0], np.cumsum(np.square(among).sum(axis=1))])
    size = np.sqrt(np.maximum(power[len(asked) :] - power[: -len(asked)], 0.0)) * np.linalg.norm(asked)
    return np.asarray(crossed / np.maximum(size, 1e-9))


def real_dance(clip: DanceClip, fold: int, seed: int) -> Places:
    """What was danced to it."""
    del fold, seed
    return clip.places
