# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the music of a recording asks of who plays it, and how well a motion answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.score_features import NAMES
from plugins.api.log_mel import FPS
from plugins.api.strokes import turns
from training.a2m_clips import Clips, Recording
from training.evaluate import Points
from training.metrics import Floats, event_f1

TOLERANCE: Final = 0.07
"""Seconds that a bow change may be off."""
NEAR: Final = 0.05
"""Seconds, the width of the beat alignment score (its authors': three frames at 60 a second)."""


@dataclass(frozen=True, eq=False)
class Music:
    """Of one recording.

    Attributes:
        turns: seconds at which the real bow turns; None for who has no bow.
        beats: seconds, as annotated. sounding: (T,) whether a note does.
    """

    seconds: float
    turns: Floats | None = field(repr=False)
    beats: Floats = field(repr=False)
    sounding: npt.NDArray[np.bool_] = field(repr=False)


def music_of(clips: Clips, recording: Recording) -> Music:
    """Beats and notes are read off the score features, in which they are marked."""
    score = clips.score[recording.rows]
    marked = np.concatenate([[False], score[:, NAMES.index("beat")] > 0.5, [False]])
    begins, ends = (np.nonzero(np.diff(marked.astype(int)) == sign)[0] for sign in (1, -1))
    found = np.array(turns(clips.hair(recording))) / FPS if recording.instrument == "violin" else None
    beats = (begins + ends - 1) / 2 / FPS
    return Music(recording.frames / FPS, found, beats, score[:, NAMES.index("pitch")] > 0.0)


def said_turns(hair: Floats | None, points: Points) -> Floats:
    """Seconds at which a bow turns: by its strokes where a model says them, else by its points.

    The paper's models say one end of the bow only: the other is at the right hand's knuckle, and how far the
    bow is drawn is the place of the neck along it.
    """
    if hair is None:
        along = points["bow_tip"] - points["right_index_proximal"]
        along = along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9)
        hair = ((points["neck"] - points["right_index_proximal"]) * along).sum(axis=-1)
    return np.array(turns(hair)) / FPS


def bow_f1(made: Floats, music: Music, other: Music) -> tuple[float, float]:
    """F1 of bow changes, and what it is by chance: against the turns of another recording, as long as both are."""
    assert music.turns is not None
    assert other.turns is not None
    length = min(music.seconds, other.seconds)
    chance = event_f1(other.turns[other.turns < length], made[made < length], TOLERANCE)
    return event_f1(music.turns, made, TOLERANCE), chance


def beat_alignment(motion: Floats, beats: Floats) -> float:
    """Mean over beats of the motion of exp(-d^2 / 2 NEAR^2), d the seconds to the nearest beat of the music
    (R. Li et al., *AI Choreographer*, ICCV 2021, section 5.2); NaN where either has no beats."""
    if not len(motion) or not len(beats):
        return float("nan")
    away = np.abs(motion[:, None] - beats[None]).min(axis=1)
    return float(np.exp(-np.square(away) / (2.0 * NEAR**2)).mean())
