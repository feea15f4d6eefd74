# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Real dances at 40 frames a second, with what is heard in each frame.

Captures have rates of their own (Music-to-Dance: 6 poses a second for a waltz, 29 for a cha-cha). Between the poses
joints move on cubic splines, whose speed is smooth: on straight lines the speed jumps at every pose, which shifts the
moments when a dancer stands still, and every pose is a jerk. Of 6 poses a second no beat above 3 a second is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, Motion, Skeleton
from plugins.api.log_mel import FPS, log_mel
from training.datasets.dances import Dance, DanceError, deal_pieces

Floats = npt.NDArray[np.float32]
Corpus = Literal["music-to-dance", "aist"]


@dataclass(frozen=True, eq=False)
class DanceClip:
    """One dance; motion, spectrogram and sound begin together and are of one length.

    Attributes:
        name: of the recording; label: its class.
        piece: dances of one piece of music share it, and are never split.
        places: (T, J, 3) metres, Z up, where in the room.
        heard: (T, 128) in 0..1, as ``log_mel`` gives it.
        audio: the sound itself, for what listens in another way.
        skeleton: of the J joints: their names and parents, no rest pose.
    """

    name: str
    label: str
    piece: str
    places: Floats = field(repr=False)
    heard: Floats = field(repr=False)
    audio: Audio = field(repr=False)
    skeleton: Skeleton = field(repr=False)

    def __len__(self) -> int:
        return len(self.places)

    @property
    def seconds(self) -> float:
        return len(self.places) / FPS


def read(kind: Corpus, folder: str) -> list[DanceClip]:
    """All dances of a corpus.

    Raises:
        DanceError: there is none, or one is damaged.
    """
    from training.mclemcd.config import Data
    from training.mclemcd.segments import read as dances_of

    return [clip_of(dance) for dance in dances_of(Data(kind=kind, folder=folder))]


def clip_of(dance: Dance) -> DanceClip:
    """One dance, cut to what there is both motion and sound of.

    Raises:
        DanceError: that is less than two frames.
    """
    places = resampled(dance.motion)
    heard = log_mel(dance.audio.samples, dance.audio.sample_rate)
    count = min(len(places), len(heard))
    if count < 2:
        raise DanceError(f"{dance.name} has less than two frames with both motion and sound")
    samples = dance.audio.samples[: round(count / FPS * dance.audio.sample_rate)]
    return DanceClip(
        dance.name,
        dance.label,
        dance.piece,
        places[:count],
        heard[:count],
        Audio(samples, dance.audio.sample_rate),
        dance.motion.skeleton,
    )


def resampled(motion: Motion) -> Floats:
    """(T, J, 3) at 40 frames a second from the first pose to the last, on cubic splines through the poses."""
    from scipy.interpolate import CubicSpline

    given = motion.positions.astype(np.float64)
    if len(given) < 2:
        return motion.positions
    times = np.arange(len(given)) / motion.fps
    frames = np.arange(int(times[-1] * FPS + 1e-6) + 1) / FPS
    return np.asarray(CubicSpline(times, given, axis=0)(np.minimum(frames, times[-1])), dtype=np.float32)


def folds(clips: Sequence[DanceClip], count: int = 4, seed: int = 0) -> list[set[str]]:
    """Pieces of each fold, dealt out class by class.

    Raises:
        DanceError: a class has fewer pieces than there are folds.
    """
    return deal_pieces({clip.piece: clip.label for clip in clips}, count, seed)


def fold_of(clips: Sequence[DanceClip], count: int = 4, seed: int = 0) -> dict[str, int]:
    """Piece -> the fold that it is held out in."""
    return {piece: fold for fold, pieces in enumerate(folds(clips, count, seed)) for piece in pieces}
