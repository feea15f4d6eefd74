# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How far generated motion is from real motion, as in MOSA's table VII; and whether the bow turns in time.

The paper names its metrics and gives no code. These are ours: coordinates on the scale of the
real clips, on which each part of the body (right hand, left hand, torso) spans 0 to ``SPAN``
(mean taken off and outliers clipped as in ``plugins.a2m.targets``); velocities, frame to frame,
on a scale of their own made likewise from the real velocities. FD compares Gaussians of single
frames; ED is the distance between two generated clips' frames of the same number, averaged over
frames and over all pairs. Figures are comparable only among those made with the same real clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.targets import Normaliser

Floats = npt.NDArray[np.float64]
Clips = Sequence[npt.NDArray[np.floating[Any]]]
"""Motions (T, S): metres, one row a frame."""

SPAN: Final = 50.0
"""What the magnitudes of the paper's table suggest."""


@dataclass(frozen=True)
class Distances:
    """Frechet distances to the real clips and diversity of the generated ones: geometry (g), kinematics (k)."""

    fd_g: float
    fd_k: float
    ed_g: float
    ed_k: float


def motion_distances(real: Clips, generated: Clips, parts: Sequence[int]) -> Distances:
    """All four metrics.

    Args:
        real, generated: clips (T, S) in metres; clips that are compared in pairs are cut to the shorter.
        parts: coordinates of each part of the body.
    """
    found = []
    for of_real, of_generated in ((real, generated), (velocities(real), velocities(generated))):
        scale = Normaliser.fit(np.concatenate(list(of_real)), parts)
        a, b = ([SPAN * scale.normalise(clip) for clip in clips] for clips in (of_real, of_generated))
        found.append((frechet_distance(np.concatenate(a), np.concatenate(b)), mean_pair_distance(b)))
    (fd_g, ed_g), (fd_k, ed_k) = found
    return Distances(fd_g, fd_k, ed_g, ed_k)


def frechet_distance(a: npt.NDArray[np.floating[Any]], b: npt.NDArray[np.floating[Any]]) -> float:
    """Between Gaussians fitted to the rows of a and b: the squared 2-Wasserstein distance, as in FID
    (M. Heusel et al., 2017)."""
    means = (x.mean(axis=0, dtype=np.float64) for x in (a, b))
    spreads = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    return float(gaussian_distance(*zip(means, spreads, strict=True)))


def gaussian_distance(a: tuple[Floats, Floats], b: tuple[Floats, Floats]) -> Floats:
    """The Frechet distance of Gaussians, each mean (..., S) and covariance (..., S, S)."""
    root = _square_root(a[1])
    # The root of the product of both covariances has the trace of the root of this symmetric matrix.
    crossed = np.linalg.eigvalsh(root @ b[1] @ root)
    traces = (np.trace(covariance, axis1=-2, axis2=-1) for covariance in (a[1], b[1]))
    spread = sum(traces) - 2.0 * np.sqrt(np.maximum(crossed, 0.0)).sum(axis=-1)
    return np.asarray(np.square(a[0] - b[0]).sum(axis=-1) + np.maximum(spread, 0.0))


def mean_pair_distance(clips: Clips) -> float:
    """Mean over pairs of clips and their frames of the Euclidean distance; 0 for fewer than two clips."""
    distances = [
        float(np.linalg.norm(a[: len(b)] - b[: len(a)], axis=1).mean()) for i, a in enumerate(clips) for b in clips[:i]
    ]
    return float(np.mean(distances)) if distances else 0.0


def event_f1(reference: npt.ArrayLike, estimated: npt.ArrayLike, tolerance: float) -> float:
    """F-measure of events (seconds) matched one to one within ``tolerance``; 1 when both are empty."""
    import mir_eval

    real, made = np.sort(np.asarray(reference, dtype=float)), np.sort(np.asarray(estimated, dtype=float))
    if not len(real) or not len(made):
        return float(len(real) == len(made))
    return float(mir_eval.onset.f_measure(real, made, window=tolerance)[0])


def velocities(clips: Clips) -> list[Floats]:
    """Metres a frame, of each clip (T - 1, S)."""
    return [np.diff(np.asarray(clip, dtype=np.float64), axis=0) for clip in clips]


def _square_root(symmetric: Floats) -> Floats:
    values, vectors = np.linalg.eigh(symmetric)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]) @ np.swapaxes(vectors, -1, -2))
