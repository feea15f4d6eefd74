# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How well A2M does on clips that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.assemble import swayed
from plugins.a2m.config import CLIP
from plugins.a2m.features import FPS
from plugins.a2m.predictor import Prediction, Predictor
from plugins.a2m.strokes import turns
from plugins.a2m.targets import Targets
from training.a2m_clips import Clips, Recording, part_sizes
from training.metrics import Distances, event_f1, motion_distances

TOLERANCE: Final = 0.07
"""Seconds that a bow change may be off."""
RESAMPLES: Final = 2000


@dataclass(frozen=True)
class BowChanges:
    """How well the bow turns in time in one recording.

    Attributes:
        f1: against its own turns; chance: against the turns of another recording.
    """

    recording: Recording
    f1: float
    chance: float


def predict(predictor: Predictor, clips: Clips, recording: Recording) -> Prediction:
    """What the model says of a recording, smoothed as in use."""
    score = clips.score[recording.rows] if predictor.weights.model.score_features else None
    return predictor.predict(clips.audio[recording.rows].astype(np.float32), score).smoothed()


def bow_changes(predictor: Predictor, clips: Clips, split: str) -> list[BowChanges]:
    """All recordings of a split; the recording that stands for chance is of another piece where there is one."""
    recordings = clips.split(split)
    real = {r.offset: np.array(turns(clips.hair(r))) / FPS for r in recordings}
    found: list[BowChanges] = []
    for recording in recordings:
        hair = predict(predictor, clips, recording).hair
        if hair is None:
            raise ValueError("this model says nothing of bow strokes")
        made = np.array(turns(hair)) / FPS
        others = [r for r in recordings if r.piece != recording.piece] or clips.split("train")
        other = others[len(found) % len(others)]
        elsewhere = real.get(other.offset)
        elsewhere = np.array(turns(clips.hair(other))) / FPS if elsewhere is None else elsewhere
        # Chance has as long a piece to be right about.
        length = min(recording.frames, other.frames) / FPS
        chance = event_f1(elsewhere[elsewhere < length], made[made < length], TOLERANCE)
        found.append(BowChanges(recording, event_f1(real[recording.offset], made, TOLERANCE), chance))
    return found


@dataclass(frozen=True)
class Wrists:
    """How near the model's wrists are to the real ones in one recording.

    Attributes:
        error: metres, mean over both wrists and all frames; baseline: of wrists that stay where those of
            the training clips are on average.
        across: correlation of the motion to left and right with the real one, mean of both hands.
    """

    recording: Recording
    error: float
    baseline: float
    across: float


def wrists(predictor: Predictor, clips: Clips, split: str) -> list[Wrists]:
    """All recordings of a split."""
    weights, hands = predictor.weights, ("left_hand", "right_hand")
    middle = weights.normaliser.mean.reshape(-1, 3)
    found = []
    for recording in clips.split(split):
        said = predict(predictor, clips, recording).points
        real = clips.points(recording.rows, {"hands": hands}).astype(np.float64).reshape(-1, 2, 3)
        made = np.stack([said[hand] for hand in hands], axis=1)
        still = np.stack([middle[weights.joints.index(hand)] for hand in hands])
        error, baseline = (float(np.linalg.norm(a - real, axis=-1).mean()) for a in (made, still))
        moving = [i for i in range(2) if np.ptp(real[:, i, 0]) > 0.0 < np.ptp(made[:, i, 0])]
        across = [float(np.corrcoef(made[:, i, 0], real[:, i, 0])[0, 1]) for i in moving]
        found.append(Wrists(recording, error, baseline, float(np.mean(across)) if across else 0.0))
    return found


def distances(predictor: Predictor | None, clips: Clips, split: str, targets: Targets, length: int = CLIP) -> Distances:
    """Of the model's points in clips of ``length`` frames, end to end, against the real ones; where the
    model says strokes, the bow and the right arm are where they have it, as in use.

    Args:
        predictor: None measures the real clips against themselves.
        targets: the joints that are compared; the model must have them.
    """
    joints = [joint for part in targets.values() for joint in part]
    real, made = [], []
    for recording in clips.split(split):
        true = clips.points(recording.rows, targets)
        points = true if predictor is None else _points(predictor, clips, recording, joints)
        for first in range(0, recording.frames - length + 1, length):
            real.append(true[first : first + length])
            made.append(points[first : first + length])
    return motion_distances(real, made, part_sizes(targets))


def _points(predictor: Predictor, clips: Clips, recording: Recording, joints: Sequence[str]) -> Any:
    said, grip = predict(predictor, clips, recording), predictor.weights.grip
    said = swayed(said, predictor.weights.swayed(len(said), seed=recording.offset))
    said = said if grip is None else said.bowed(grip)
    return np.concatenate([said.points[joint] for joint in joints], axis=1)


def interval(values: npt.ArrayLike, seed: int = 0) -> tuple[float, float, float]:
    """Mean, and the 95 % interval of the mean by the bootstrap over recordings."""
    given = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(seed).choice(given, (RESAMPLES, len(given))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(given.mean()), float(low), float(high)
