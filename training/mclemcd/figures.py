# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Accuracy and macro-F of what was said of dances, with intervals by the bootstrap over dances, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from training.mclemcd.segments import Rows, Segments
from training.mclemcd.trials import Answer
from training.metrics import Floats
from training.report.bootstrap import Estimate, draws, estimate


@dataclass(frozen=True, eq=False)
class Said:
    """(R, K) how often each of R dances was said to be of each class: of its seconds, and by its vote; all seeds."""

    seconds: Floats = field(repr=False)
    pieces: Floats = field(repr=False)

    @classmethod
    def of(cls, answers: Sequence[Answer], segments: Segments) -> Said:
        """Counted over seeds."""
        shape = (len(segments.names), len(segments.classes))
        seconds, pieces = np.zeros(shape), np.zeros(shape)
        for answer in answers:
            dance = segments.names.index(answer.dance)
            seconds[dance] += answer.said
            pieces[dance, answer.vote] += 1.0
        return cls(seconds, pieces)


def chosen(answers: Sequence[Answer], split: str, what: str, mode: str) -> list[Answer]:
    """Those of one row of a table."""
    return [a for a in answers if (a.split, a.what, a.mode) == (split, what, mode)]


def resamples(kinds: Rows) -> Floats:
    """(1 + B, R) how often each dance counts: all once, then by lot within its class, so that no class is missing."""
    return np.sum([draws(kinds == kind, seed=int(kind)) for kind in np.unique(kinds)], axis=0)


def confusion(said: Floats, kinds: Rows, weights: Floats) -> Floats:
    """(B, K, K) real class by said class, of (R, K) counts."""
    count = said.shape[1]
    return np.stack([weights[:, kinds == kind] @ said[kinds == kind] for kind in range(count)], axis=1)


def accuracy(matrices: Floats) -> Floats:
    """(B,) part that is right."""
    return np.asarray(np.trace(matrices, axis1=1, axis2=2) / matrices.sum(axis=(1, 2)))


def balanced(matrices: Floats) -> Floats:
    """(B,) the classes' mean part that is right: 1 / K for whoever always says the same."""
    right = np.diagonal(matrices, axis1=1, axis2=2)
    return np.asarray((right / np.maximum(matrices.sum(axis=2), 1e-12)).mean(axis=1))


def macro_f(matrices: Floats) -> Floats:
    """(B,) the classes' mean F-measure."""
    right = np.diagonal(matrices, axis1=1, axis2=2)
    both = matrices.sum(axis=1) + matrices.sum(axis=2)
    return np.asarray((2.0 * right / np.maximum(both, 1e-12)).mean(axis=1))


MEASURES = {"accuracy": accuracy, "balanced accuracy": balanced, "macro-F": macro_f}


def measured(said: Said, segments: Segments) -> dict[tuple[str, str], Floats]:
    """("second" or "piece", measure) -> (1 + B,) values of resamples; the first is the figure."""
    weights = resamples(segments.kinds)
    out = {}
    for of, counts in (("second", said.seconds), ("piece", said.pieces)):
        matrices = confusion(counts, segments.kinds, weights)
        out.update({(of, name): measure(matrices) for name, measure in MEASURES.items()})
    return out


def by_seed(answers: Sequence[Answer], segments: Segments, measure: tuple[str, str]) -> list[float]:
    """The figure of each seed."""
    seeds = sorted({a.seed for a in answers})
    return [
        float(measured(Said.of([a for a in answers if a.seed == s], segments), segments)[measure][0]) for s in seeds
    ]


def difference(first: Floats, second: Floats) -> Estimate:
    """Of two figures on the same resamples."""
    return estimate(first - second)


def constant(segments: Segments) -> dict[str, Said]:
    """Who says the commonest class of everything, and who says any class by lot (as it is expected)."""
    lengths = np.bincount(segments.owner, minlength=len(segments.names)).astype(float)[:, None]
    count = len(segments.classes)
    commonest = np.eye(count)[[np.bincount(segments.kinds).argmax()]]
    lot, ones = np.full((1, count), 1.0 / count), np.ones_like(lengths)
    return {
        "always the commonest class": Said(lengths * commonest, ones * commonest),
        "by lot": Said(lengths * lot, ones * lot),
    }
