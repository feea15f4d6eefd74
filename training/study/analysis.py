# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the ratings of a study say: means with standard errors, and paired tests against one condition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from training.study.ratings import Rating
from training.study.study_file import QUESTIONS, StudyError

EXACT: Final = 16
"""Up to so many pairs the test goes through all signs (65,536), so that tied ranks are counted rightly."""

Means = dict[tuple[str, str], dict[str, float]]
"""Condition and question: each rater's mean over his clips."""


@dataclass(frozen=True)
class Summary:
    """One condition and question over n raters; ``error`` (standard error) is NaN for a single rater."""

    condition: str
    question: str
    mean: float
    error: float
    n: int


@dataclass(frozen=True)
class Comparison:
    """A condition against the reference.

    Attributes:
        difference: mean over the raters that rated both, condition minus reference.
        n: those raters; pairs: those of them whose two means differ.
        p: two-sided; adjusted: by Holm over all comparisons of the report.
    """

    condition: str
    question: str
    difference: float
    n: int
    pairs: int
    p: float
    adjusted: float


@dataclass(frozen=True)
class Analysis:
    """A study's result.

    Attributes:
        raters: who counts.
        left_out: raters who did not finish, with the number of their answers, when those do not count.
        repeated: ratings that were given twice; the later one counts.
    """

    summaries: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    raters: frozenset[str]
    ratings: int
    left_out: dict[str, int]
    repeated: int


def analyse(ratings: Sequence[Rating], reference: str | None = None, *, unfinished: bool = False) -> Analysis:
    """Means, standard errors and tests.

    Every rater's clips of a condition are averaged first; mean and standard error (standard deviation with
    n - 1, over the root of n) are over raters, because one person's ratings are not independent.

    Args:
        reference: the condition that the others are tested against; None for no tests.
        unfinished: whether raters count who rated fewer clips than others.

    Raises:
        StudyError: there is nothing to analyse, or no condition of that name.
    """
    latest = {(r.rater, r.item, r.condition, r.question): r for r in ratings}
    answers: dict[str, int] = defaultdict(int)
    for rating in latest.values():
        answers[rating.rater] += 1
    most = max(answers.values(), default=0)
    left_out = {} if unfinished else {rater: n for rater, n in answers.items() if n < most}
    counted = [r for r in latest.values() if r.rater not in left_out]
    if not counted:
        raise StudyError("there are no ratings to analyse")
    means = rater_means(counted)
    comparisons = _comparisons(means, reference) if reference is not None else ()
    raters = frozenset(r.rater for r in counted)
    return Analysis(_summaries(means), comparisons, raters, len(counted), left_out, len(ratings) - len(latest))


def rater_means(ratings: Sequence[Rating]) -> Means:
    """Each rater's mean over his clips of a condition, for each question."""
    given: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for r in ratings:
        given[r.condition, r.question][r.rater].append(r.rating)
    return {key: {rater: float(np.mean(g)) for rater, g in by.items()} for key, by in sorted(given.items())}


def _summaries(means: Means) -> tuple[Summary, ...]:
    found = []
    for (condition, question), by_rater in means.items():
        values = np.array(list(by_rater.values()))
        error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
        found.append(Summary(condition, question, float(values.mean()), float(error), len(values)))
    return tuple(found)


def _comparisons(means: Means, reference: str) -> tuple[Comparison, ...]:
    conditions = sorted({condition for condition, _ in means})
    if reference not in conditions:
        raise StudyError(f"there is no condition {reference!r}; there are {', '.join(conditions)}")
    found = []
    for question in QUESTIONS:
        base = means.get((reference, question), {})
        for condition in conditions:
            other = means.get((condition, question), {})
            both = [rater for rater in other if rater in base]
            if condition != reference and both:
                differences = np.array([other[rater] - base[rater] for rater in both])
                pairs, p = signed_rank(differences)
                found.append(Comparison(condition, question, float(differences.mean()), len(both), pairs, p, p))
    return tuple(replace(c, adjusted=p) for c, p in zip(found, holm([c.p for c in found]), strict=True))


def signed_rank(differences: npt.NDArray[np.float64]) -> tuple[int, float]:
    """Wilcoxon's signed-rank test (1945) of (N,) paired differences, those of zero left out: how many remain, and
    the two-sided p. Up to ``EXACT`` pairs all signs are gone through (scipy takes seconds for that where ranks
    are tied); beyond them it is scipy's."""
    from scipy.stats import rankdata, wilcoxon

    # Means of a few whole ratings differ by rounding alone in the last bits: that is a tie.
    given = np.round(differences, 9)
    given = given[given != 0.0]
    if len(given) > EXACT:
        return len(given), float(wilcoxon(given).pvalue)
    ranks = rankdata(np.abs(given))
    signs = (np.arange(2 ** len(given))[:, None] >> np.arange(len(given))) & 1
    sums, found = signs @ ranks, ranks[given > 0].sum()  # halves and whole numbers: exact
    return len(given), float(min(1.0, 2 * min(np.mean(sums <= found), np.mean(sums >= found))))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment (1979) of p-values, in their order."""
    adjusted, so_far = [0.0] * len(p), 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        so_far = max(so_far, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = so_far
    return adjusted
