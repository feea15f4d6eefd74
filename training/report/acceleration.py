# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How abruptly hands and head move, and whether the borders of windows can be seen."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.windows import window_starts
from plugins.api.log_mel import FPS
from training.evaluate import HANDS, Points
from training.metrics import Floats

EDGES: Final = np.geomspace(0.05, 200.0, 49)
"""Metres per second squared: borders of the classes of the distribution."""


def accelerations(points: Points) -> dict[str, Floats]:
    """hands (T - 2,), the mean of both, and head: metres per second squared, by second differences."""

    def size(joint: str) -> Floats:
        return np.asarray(np.linalg.norm(np.diff(points[joint], 2, axis=0), axis=-1) * FPS**2)

    found = {"hands": np.mean([size(hand) for hand in HANDS], axis=0)} if set(HANDS) <= points.keys() else {}
    return found | ({"head": size("head")} if "head" in points else {})


def statistics(points: Points) -> dict[str, float]:
    """Mean and 95th percentile of each."""
    found = {}
    for name, sizes in accelerations(points).items():
        found[f"{name}_mean"] = float(sizes.mean())
        found[f"{name}_95"] = float(np.quantile(sizes, 0.95))
    return found


def classes(points: Points) -> Floats:
    """How many frames of the hands are in each class of EDGES; what is beyond counts at the ends."""
    sizes = accelerations(points).get("hands", np.empty(0))
    return np.histogram(np.clip(sizes, EDGES[0], EDGES[-1]), EDGES)[0].astype(np.float64)


def at_seams(frames: int, window: int) -> npt.NDArray[np.bool_]:
    """(frames - 2,) where one window of the network is faded into the next."""
    seam = np.zeros(frames, dtype=bool)
    starts = window_starts(frames, window)
    for before, start in pairwise(starts):
        seam[start : before + window] = True
    return seam[1:-1]


def seam_ratio(points: Points, window: int) -> float:
    """Mean acceleration of the hands where windows meet, over that elsewhere; NaN for a single window."""
    sizes = accelerations(points).get("hands")
    if sizes is None:
        return float("nan")
    seam = at_seams(len(sizes) + 2, window)
    if not seam.any() or seam.all():
        return float("nan")
    return float(sizes[seam].mean() / max(float(sizes[~seam].mean()), 1e-9))
