# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A short film of a model in training: the first validation recording, real and made."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from plugins.a2m.checkpoint import Weights
from plugins.a2m.predictor import Predictor
from training.a2m_clips import Clips, Recording
from training.evaluate import moved, predict, real_points
from training.report.film import write_film
from training.report.measuring import REAL
from training.report.stick_figure import Body

FRAMES: Final = 320
"""Of the film, 8 s; clips have no sound."""


def film_of(weights: Weights, clips: Clips, path: Path, name: str) -> Path:
    """Write the film, the model's part of it called ``name``. Raises EvaluateError when it cannot be written."""
    first = (clips.split("valid") or list(clips.recordings))[0]
    recording = Recording(**{**vars(first), "frames": min(first.frames, FRAMES)})
    predictor = Predictor(weights, weights.window)
    made = moved(predictor, predict(predictor, clips, recording), recording.offset).points
    real = real_points(clips, recording.rows, weights.joints)
    write_film(path, {REAL: real, name: made}, Body.of(clips, recording))
    return path
