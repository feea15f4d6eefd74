# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A study's result as a page of Markdown with a plot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any

from training.study.analysis import Analysis, Summary
from training.study.ratings import raters_file, read_rows
from training.study.study_file import QUESTIONS, SCALE, StudyError


def write_report(analysis: Analysis, results: Path, out: Path, reference: str | None, wrong: Sequence[str]) -> Path:
    """Write the page, and beside it the plot, whose path is returned."""
    plot = out.with_suffix(".png")
    out.parent.mkdir(parents=True, exist_ok=True)
    draw(analysis.summaries, plot)
    lines = _lines(analysis, results, plot, reference, wrong)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return plot


def _lines(analysis: Analysis, results: Path, plot: Path, reference: str | None, wrong: Sequence[str]) -> Iterator[str]:
    yield "# Ratings"
    yield ""
    yield (
        f"{analysis.ratings} ratings by {len(analysis.raters)} raters from `{results.name}`, on a scale of "
        f"{SCALE[0]} (not at all) to {SCALE[-1]} (completely){_years(results, analysis.raters)}."
    )
    yield "A rater's clips of a condition are averaged first; mean and standard error (SE) are over raters."
    yield ""
    yield from (f"- **{name}**: {text}" for name, text in QUESTIONS.items())
    yield ""
    yield from _means(analysis.summaries)
    yield ""
    yield f"![Means with standard errors]({plot.name})"
    if reference is not None:
        yield from _tests(analysis, reference)
    yield from _left_out(analysis, wrong)


def _means(summaries: Sequence[Summary]) -> Iterator[str]:
    yield "| condition | " + " | ".join(f"{q}: mean (SE) | n" for q in QUESTIONS) + " |"
    yield "|---|" + "---|---|" * len(QUESTIONS)
    found = {(s.condition, s.question): s for s in summaries}
    for condition in sorted({s.condition for s in summaries}):
        cells = [_cell(found.get((condition, question))) for question in QUESTIONS]
        yield f"| {_plain(condition)} | " + " | ".join(cells) + " |"


def _cell(summary: Summary | None) -> str:
    if summary is None:
        return "none | 0"
    error = "unknown" if math.isnan(summary.error) else f"{summary.error:.2f}"
    return f"{summary.mean:.2f} ({error}) | {summary.n}"


def _tests(analysis: Analysis, reference: str) -> Iterator[str]:
    yield ""
    yield f"## Against {_plain(reference)}"
    yield ""
    yield (
        "Wilcoxon's signed-rank test of the raters' means, two-sided; equal pairs are left out; Holm's adjustment "
        f"over the {len(analysis.comparisons)} comparisons of this table."
    )
    yield ""
    yield "| condition | question | difference | raters | unequal pairs | p | p adjusted |"
    yield "|---|---|---|---|---|---|---|"
    for c in analysis.comparisons:
        name = _plain(c.condition)
        yield f"| {name} | {c.question} | {c.difference:+.2f} | {c.n} | {c.pairs} | {c.p:.4f} | {c.adjusted:.4f} |"
    yield ""
    fewest = min((c.n for c in analysis.comparisons), default=0)
    yield f"With {fewest} raters p cannot be less than {min(1.0, 2.0 ** (1 - fewest)):.2g}."


def _left_out(analysis: Analysis, wrong: Sequence[str]) -> Iterator[str]:
    notes = [f"the rater {rater} did not finish ({n} ratings)" for rater, n in sorted(analysis.left_out.items())]
    if analysis.repeated:
        notes.append(f"{analysis.repeated} ratings were given again later; the later ones count")
    notes += wrong
    if notes:
        yield from ("", "## Left out", "")
        yield from (f"- {_plain(note)}" for note in notes)


def _years(results: Path, raters: Set[str]) -> str:
    """What these raters told of themselves, when the file is there."""
    if not raters_file(results).is_file():
        return ""
    told = []
    for _, row in read_rows(raters_file(results), ("rater", "years")):
        if row["rater"] not in raters:
            continue
        try:
            told.append(float(row["years"] or ""))
        except ValueError:
            continue
    mean = sum(told) / max(len(told), 1)
    return f"; {len(told)} raters told how long they have played an instrument, {mean:.1f} years on average" * bool(
        told
    )


def _plain(text: str) -> str:
    """Without what would break a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def draw(summaries: Sequence[Summary], path: Path) -> None:
    """Means as points and standard errors as bars, one panel a question."""
    figure_of = _matplotlib()
    conditions = sorted({s.condition for s in summaries})
    figure = figure_of(figsize=(4.5 * len(QUESTIONS), 1.2 + 0.4 * len(conditions)), layout="constrained")
    panels = figure.subplots(1, len(QUESTIONS), sharey=True)
    for panel, question in zip(panels, QUESTIONS, strict=True):
        shown = [s for s in summaries if s.question == question]
        rows = [conditions.index(s.condition) for s in shown]
        errors = [0.0 if math.isnan(s.error) else s.error for s in shown]
        panel.errorbar([s.mean for s in shown], rows, xerr=errors, fmt="o", capsize=4, color="#2a5d84")
        panel.set(xlim=(SCALE[0] - 0.2, SCALE[-1] + 0.2), xticks=list(SCALE), title=question, xlabel="mean and SE")
        panel.set_yticks(range(len(conditions)), conditions)
        panel.set_ylim(len(conditions) - 0.5, -0.5)
        panel.grid(axis="x", color="#dddddd")
    figure.savefig(path, dpi=150)


def _matplotlib() -> Any:
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise StudyError("the plot needs matplotlib; run: pip install 'cadenza[training]'") from None
    return Figure
