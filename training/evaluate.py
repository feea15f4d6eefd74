# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What A2M does with clips, and how near its wrists are. ``training.report`` makes the figures and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.predictor import Predictor
from plugins.a2m.targets import Normaliser
from plugins.api.bowed_pose import swayed
from plugins.api.prediction import Prediction
from training.a2m_clips import Clips, Recording

Points = dict[str, npt.NDArray[np.float64]]
"""Joint -> (T, 3) metres from the hips, 40 frames a second."""
HANDS: Final = ("left_hand", "right_hand")


def predict(predictor: Predictor, clips: Clips, recording: Recording) -> Prediction:
    """What the model says of a recording, smoothed as in use."""
    score = clips.score[recording.rows] if predictor.weights.model.score_features else None
    return predictor.predict(clips.audio[recording.rows].astype(np.float32), score).smoothed()


def moved(predictor: Predictor, said: Prediction, seed: int) -> Prediction:
    """With the sway of that seed; where the model says strokes, bow and right arm are where they have it, as in use."""
    weights = predictor.weights
    said = swayed(said, weights.swayed(len(said), seed=seed))
    if weights.grip is None or not {"bow_frog", "bow_tip", "violin_end", "violin_scroll"} <= said.points.keys():
        return said
    return said.bowed(weights.grip)


def real_points(clips: Clips, rows: slice, joints: tuple[str, ...]) -> Points:
    """What the performer of these rows did."""
    found = clips.points(rows, {"all": joints}).astype(np.float64).reshape(-1, len(joints), 3)
    return {joint: found[:, i] for i, joint in enumerate(joints)}


@dataclass(frozen=True)
class Wrists:
    """How near the model's wrists are to the real ones in one recording.

    Attributes:
        error: metres, mean over both wrists and all frames; baseline: of wrists that stay where those of
            the training clips are on average.
        across: correlation of the motion to left and right with the real one, mean of both hands.
    """

    error: float
    baseline: float
    across: float


def wrists(said: Points, truth: Points, joints: tuple[str, ...], normaliser: Normaliser) -> Wrists:
    """Of one recording; ``joints`` are the model's, in its order."""
    middle = normaliser.mean.reshape(-1, 3)
    real, made = (np.stack([points[hand] for hand in HANDS], axis=1) for points in (truth, said))
    still = np.stack([middle[joints.index(hand)] for hand in HANDS])
    error, baseline = (float(np.linalg.norm(a - real, axis=-1).mean()) for a in (made, still))
    moving = [i for i in range(2) if np.ptp(real[:, i, 0]) > 0.0 < np.ptp(made[:, i, 0])]
    across = [float(np.corrcoef(made[:, i, 0], real[:, i, 0])[0, 1]) for i in moving]
    return Wrists(error, baseline, float(np.mean(across)) if across else 0.0)


def stacked(points: Points, joints: tuple[str, ...]) -> npt.NDArray[Any]:
    """(T, S) coordinates of these joints."""
    return np.concatenate([points[joint] for joint in joints], axis=1)
