# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Figures with intervals by the bootstrap over recordings (B. Efron, 1979; percentiles), Frechet distances too.

A resample is a number for each recording: how often it was drawn. Means and covariances of a resample follow
from sums over each recording, so that no frame is looked at twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from training.metrics import Clips, Floats, gaussian_distance

RESAMPLES: Final = 1000
COMPARED: Final = 200
"""Clips that are compared in pairs: their pairs grow with the square."""


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval; of a single recording there is none."""

    value: float
    low: float
    high: float

    def text(self, digits: int) -> str:
        if self.low == self.high:
            return f"{self.value:.{digits}f}"
        return f"{self.value:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"


def draws(members: Sequence[bool], seed: int = 0) -> Floats:
    """(1 + RESAMPLES, R) how often each recording counts: the first row all members once, then by lot. A single
    member can be drawn in one way only."""
    inside = np.asarray(members, dtype=np.float64)
    count = int(inside.sum())
    if count == 1:
        return np.stack([inside, inside])
    drawn = np.random.default_rng(seed).multinomial(count, inside / count, RESAMPLES)
    return np.concatenate([inside[None], drawn.astype(np.float64)])


def estimate(values: npt.ArrayLike) -> Estimate:
    """From (1 + RESAMPLES,) values: the first is the figure."""
    given = np.asarray(values, dtype=np.float64)
    low, high = np.quantile(given[1:], [0.025, 0.975])
    return Estimate(float(given[0]), float(low), float(high))


def mean(values: npt.ArrayLike, weights: Floats) -> Floats:
    """(1 + RESAMPLES,) means of (R,) figures of recordings; those that are NaN count for nothing."""
    given = np.asarray(values, dtype=np.float64)
    known = np.isfinite(given)
    with np.errstate(invalid="ignore"):
        found = weights @ np.where(known, given, 0.0) / (weights @ known)
    # A resample of recordings that have no such figure says nothing.
    return np.asarray(np.where(np.isfinite(found), found, found[0]))


@dataclass(frozen=True, eq=False)
class Moments:
    """Of R recordings: counts (R,) of frames, sums (R, S) and sums of products (R, S, S)."""

    counts: Floats = field(repr=False)
    sums: Floats = field(repr=False)
    products: Floats = field(repr=False)

    @classmethod
    def of(cls, recordings: Sequence[Clips]) -> Moments:
        """From the clips of each recording."""
        rows = [np.concatenate([np.asarray(clip, dtype=np.float64) for clip in clips]) for clips in recordings]
        counts, sums = np.array([float(len(r)) for r in rows]), np.stack([r.sum(axis=0) for r in rows])
        return cls(counts, sums, np.stack([r.T @ r for r in rows]))

    def gaussian(self, weights: Floats) -> tuple[Floats, Floats]:
        """Mean (B, S) and covariance (B, S, S) of each resample."""
        size = self.sums.shape[1]
        count = (weights @ self.counts)[:, None]
        middle = weights @ self.sums / count
        products = (weights @ self.products.reshape(len(self.products), -1)).reshape(-1, size, size)
        outer = middle[:, :, None] * middle[:, None, :]
        return middle, (products - count[..., None] * outer) / (count[..., None] - 1.0)


def frechet(real: Moments, made: Moments, weights: Floats) -> Floats:
    """(B,) Frechet distances of resamples of the same recordings."""
    return gaussian_distance(real.gaussian(weights), made.gaussian(weights))


@dataclass(frozen=True, eq=False)
class Pairs:
    """Distances (N, N) of clips from one another, and which recording each clip is of."""

    distances: Floats = field(repr=False)
    owners: npt.NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(cls, recordings: Sequence[Clips]) -> Pairs:
        """Of clips of one length: mean over frames of the Euclidean distance. Of many clips, COMPARED spread over
        all, or a few more."""
        owners = np.repeat(np.arange(len(recordings)), [len(clips) for clips in recordings])
        step = max(1, len(owners) // COMPARED)
        owners = owners[::step]
        kept = [clip for clips in recordings for clip in clips][::step]
        every = np.stack([np.asarray(clip, dtype=np.float32) for clip in kept])
        found = np.zeros((len(every), len(every)))
        for i in range(1, len(every)):
            found[i, :i] = np.linalg.norm(every[:i] - every[i], axis=-1).mean(axis=-1)
        return cls(found + found.T, owners)

    def mean(self, weights: Floats) -> Floats:
        """(B,) over pairs of different clips; 0 where there are none."""
        each = weights[:, self.owners]
        pairs = each.sum(axis=1) ** 2 - (each**2).sum(axis=1)
        total = ((each @ self.distances) * each).sum(axis=1)
        return np.asarray(np.where(pairs > 0.0, total / np.maximum(pairs, 1.0), 0.0))
