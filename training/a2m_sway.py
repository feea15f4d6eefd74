# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Adds to trained weights of A2M how the players of the clips sway beyond what the model says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.checkpoint import COMPONENT, VERSION, load_weights
from plugins.a2m.predictor import Predictor
from plugins.a2m.sway import TAPS, Sway
from plugins.api.checkpoint import load_checkpoint
from plugins.api.grip import HELD
from plugins.api.prediction import TRUNK
from training.a2m_clips import Clips
from training.evaluate import predict

RECORDINGS: Final = 40
"""Of the training clips that are looked at, spread over all."""
BOW: Final = ("bow_tip", "bow_frog", *HELD)
"""What goes with the bow: what the model leaves over there are strokes that it missed."""


def add_sway(path: Path, clips: Clips, instrument: str) -> None:
    """Look at what the weights leave over on their training clips, and save it with them. (A pianist's
    hands do not sway: they are where the keys are.)"""
    weights = load_weights(path, instrument)
    predictor = Predictor(weights, weights.window)
    violin = instrument == "violin"
    leading = [i for i, joint in enumerate(weights.joints) if (joint not in BOW if violin else joint in TRUNK)]
    resting = [] if violin else [i for i in range(len(weights.joints)) if i not in leading]
    sway = Sway.fit(list(_left_over(predictor, clips)), leading, resting)
    found = load_checkpoint(path, component=COMPONENT, version=VERSION)
    replace(found, tensors={**found.tensors, **sway.tensors()}).save(path)


def _left_over(predictor: Predictor, clips: Clips) -> Iterator[npt.NDArray[np.float64]]:
    recordings = [r for r in clips.split("train") if r.frames >= TAPS // 2] or clips.split("train")
    for recording in recordings[:: max(1, len(recordings) // RECORDINGS)]:
        said = predict(predictor, clips, recording)
        real = clips.points(recording.rows, predictor.weights.targets).astype(np.float64)
        made = np.stack(list(said.points.values()), axis=1)
        yield real.reshape(made.shape) - made
