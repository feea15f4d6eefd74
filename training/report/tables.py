# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The tables of one split, as lines of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from training.metrics import Floats
from training.report.bootstrap import draws, estimate, mean
from training.report.contestants import Contestant
from training.report.measuring import REAL, Entry, Measured
from training.report.music import TOLERANCE

Column = tuple[str, str, float, int]
"""Heading, figure, what it is multiplied by, digits."""

TIMING: Final[tuple[Column, ...]] = (
    (f"bow changes, F1 at {1000 * TOLERANCE:.0f} ms", "bow", 1.0, 3),
    ("chance", "bow_chance", 1.0, 3),
    ("beat alignment", "beat", 1.0, 3),
    ("chance", "beat_chance", 1.0, 3),
)
WRISTS: Final[tuple[Column, ...]] = (
    ("wrists off, mm", "wrist", 1000.0, 0),
    ("at the mean pose, mm", "wrist_still", 1000.0, 0),
    ("correlation left-right", "across", 1.0, 3),
)
SMOOTHNESS: Final[tuple[Column, ...]] = (
    ("hands, mean", "hands_mean", 1.0, 2),
    ("hands, 95 %", "hands_95", 1.0, 2),
    ("head, mean", "head_mean", 1.0, 2),
    ("head, 95 %", "head_95", 1.0, 2),
    ("seams", "seam", 1.0, 2),
    ("real, same frames", "seam_real", 1.0, 2),
)
CONTACT: Final[tuple[Column, ...]] = (
    ("hair to string, mean mm", "hair_mean", 1000.0, 2),
    ("hair to string, most mm", "hair_most", 1000.0, 2),
    ("wrist off the bow's grip, 95 % mm", "hand_95", 1000.0, 1),
)


def distance_table(measured: Measured) -> Iterator[str]:
    """FD and ED, those of the real clips too."""
    yield from head("weights", ["FD_g", "FD_k", "ED_g", "ED_k"])
    for name, found in measured.distances.items():
        cells = [estimate(values).text(1) for values in found.values()]
        if name == REAL:
            cells[:2] = ["0", "0"]
        yield row(name, cells)


def order(measured: Measured, contestants: Sequence[Contestant]) -> Iterator[str]:
    """FD_g of the paper's other variants as a part of SNSL's, by resamples of the same recordings."""
    named = {c.name: c.variant for c in contestants}
    below = next((name for name in measured.distances if named.get(name) == "SNSL"), None)
    others = [name for name in measured.distances if name != below and name in named]
    if below is None or not others:
        return
    yield from ("", f"FD_g as a part of that of {plain(below)}, in resamples of the same recordings:", "")
    yield from head("weights", ["FD_g / FD_g"])
    for name in others:
        ratio = measured.distances[name]["FD_g"] / np.maximum(measured.distances[below]["FD_g"], 1e-9)
        yield row(name, [estimate(ratio).text(3)])


def figure_table(measured: Measured, columns: Sequence[Column]) -> list[str]:
    """Means over recordings; no lines when nobody has any of these figures."""
    weights = measured.weights
    shown = [c for c in columns if any(np.isfinite(e.column(c[1])).any() for e in measured.entries)]
    lines = []
    for entry in measured.entries:
        values = [(entry.column(name) * by, digits) for _, name, by, digits in shown]
        if any(np.isfinite(column).any() for column, _ in values):
            lines.append(row(entry.name, [_cell(column, weights, digits) for column, digits in values]))
    return [*head("weights", [c[0] for c in shown]), *lines] if lines else []


def group_table(measured: Measured, what: str, key: Callable[[int], str], figure: Column | None) -> Iterator[str]:
    """One row a piece or a player, one column a contestant: FD_g, or a figure."""
    groups = sorted({key(i) for i in range(len(measured.recordings))})
    real, *others = measured.entries
    yield from head(what, ["recordings", *(e.name for e in others)])
    for group in groups:
        members = [key(i) == group for i in range(len(measured.recordings))]
        weights = draws(members)
        cells = [_group_cell(entry, real, weights, figure) for entry in others]
        yield row(group, [str(sum(members)), *cells])


def _group_cell(entry: Entry, real: Entry, weights: Floats, figure: Column | None) -> str:
    if figure is None:
        return estimate(entry.fd_g(real, weights)).text(0)
    members = weights[0] > 0
    column = entry.column(figure[1]) * figure[2]
    return _cell(np.where(members, column, np.nan), weights, figure[3])


def _cell(column: Floats, weights: Floats, digits: int) -> str:
    if not np.isfinite(column[weights[0] > 0]).any():
        return ""
    return estimate(mean(column, weights)).text(digits)


def head(first: str, headings: Sequence[str]) -> Iterator[str]:
    yield "| " + " | ".join([first, *map(plain, headings)]) + " |"
    yield "|" + "---|" * (1 + len(headings))


def row(first: str, cells: Sequence[str]) -> str:
    return "| " + " | ".join([plain(first), *cells]) + " |"


def plain(text: str) -> str:
    """Without what would break a table."""
    return text.replace("|", "\\|").replace("\n", " ")
