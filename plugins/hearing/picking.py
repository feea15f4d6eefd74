# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From what a network says of each frame to events and stretches of the music."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from plugins.api.log_mel import FPS

Floats = npt.NDArray[np.float64]


def chances(logits: npt.NDArray[np.floating[Any]], silent: npt.NDArray[np.bool_]) -> Floats:
    """(T,) chance of an event in each frame; none where nothing sounds."""
    said = 1.0 / (1.0 + np.exp(-np.asarray(logits, dtype=np.float64)))
    return np.asarray(np.where(silent, 0.0, said))


def peaks(chance: Floats, least: float, apart: float) -> tuple[Floats, Floats]:
    """Times (seconds) and chances of the local maxima of (T,) chances that are ``least`` or more and the largest
    within ``apart`` seconds; between frames by a parabola."""
    reach = max(1, round(apart * FPS))
    if not len(chance):
        return np.empty(0), np.empty(0)
    padded = np.pad(chance, reach, constant_values=-1.0)
    largest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    at = np.nonzero((chance >= largest) & (chance >= least))[0]
    at = at[np.insert(np.diff(at) > reach, 0, True)] if len(at) else at
    left, middle, right = (np.pad(chance, 1, mode="edge")[at + k] for k in range(3))
    bend = left - 2.0 * middle + right
    shift = np.where(np.abs(bend) > 1e-9, 0.5 * (left - right) / np.where(np.abs(bend) > 1e-9, bend, 1.0), 0.0)
    return (at + np.clip(shift, -0.5, 0.5)) / FPS, chance[at]


def stretches(classes: npt.NDArray[np.int64], shortest: float) -> list[tuple[int, int, int]]:
    """(first frame, frame past the last, class) of the runs of (T,) classes, the short ones given to the longer
    of their neighbours."""
    edges = [0, *(np.nonzero(np.diff(classes))[0] + 1).tolist(), len(classes)]
    runs = [[a, b, int(classes[a])] for a, b in pairwise(edges) if b > a]
    least = shortest * FPS
    while len(runs) > 1 and min(b - a for a, b, _ in runs) < least:
        i = min(range(len(runs)), key=lambda k: runs[k][1] - runs[k][0])
        sides = [k for k in (i - 1, i + 1) if 0 <= k < len(runs)]
        runs[i][2] = runs[max(sides, key=lambda k: runs[k][1] - runs[k][0])][2]
        runs = _merged(runs)
    return [(a, b, c) for a, b, c in runs]


def _merged(runs: list[list[int]]) -> list[list[int]]:
    out: list[list[int]] = []
    for a, b, c in runs:
        if out and out[-1][2] == c:
            out[-1][1] = b
        else:
            out.append([a, b, c])
    return out
