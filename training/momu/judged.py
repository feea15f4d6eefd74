# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Figures of several contestants on the same recordings, with intervals; any two can be compared in pairs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from training.metrics import Floats
from training.report.bootstrap import Estimate, draws, estimate, mean

Column = tuple[str, str, float, int]
"""Heading, figure, what it is multiplied by, digits."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Name of a row -> name of a figure -> (B,) its value and those of the resamples, which are the same for all.

    Attributes:
        recordings: names of what was judged, which the resamples are drawn from.
        values: what was found; a row need not have every figure.
    """

    recordings: tuple[str, ...]
    values: dict[str, dict[str, Floats]] = field(default_factory=dict, repr=False)

    @property
    def weights(self) -> Floats:
        """(B, R) how often each recording counts in each resample."""
        return draws([True] * len(self.recordings))

    def add(self, row: str, figures: Sequence[Mapping[str, float]], **more: Floats) -> None:
        """A row: means of the figures of each recording, and values that are more than a mean."""
        names = dict.fromkeys(name for found in figures for name in found)
        weights = self.weights
        means = {name: mean([found.get(name, np.nan) for found in figures], weights) for name in names}
        self.values[row] = means | more

    def estimate(self, row: str, figure: str) -> Estimate:
        """A figure and its 95 % interval over recordings."""
        return estimate(self.values[row][figure])

    def difference(self, row: str, other: str, figure: str) -> Estimate:
        """How much more of a figure one row has than another, recording by recording: of the same resamples."""
        return estimate(self.values[row][figure] - self.values[other][figure])

    def ratio(self, row: str, other: str, figure: str) -> Estimate:
        """How many times as much."""
        below = self.values[other][figure]
        return estimate(self.values[row][figure] / np.where(below == 0.0, np.nan, below))

    def rows(self) -> list[dict[str, Any]]:
        """For a JSON file: figures as [value, low, high]."""
        return [
            {"name": row, "figures": {name: _triple(estimate(found)) for name, found in figures.items()}}
            for row, figures in self.values.items()
        ]

    def differences(self, row: str, figures: Sequence[str]) -> list[dict[str, Any]]:
        """One row against each other that has these figures, for a JSON file."""
        own = self.values[row]
        return [
            {
                "name": row,
                "against": other,
                "figures": {n: _triple(self.difference(row, other, n)) for n in figures if n in own and n in found},
            }
            for other, found in self.values.items()
            if other != row
        ]

    def save(self, path: Path, **more: Any) -> None:
        """Rows, recordings and whatever else as JSON."""
        held = {"recordings": list(self.recordings), "rows": self.rows(), **more}
        path.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")

    def table(self, columns: Sequence[Column], first: str = "") -> Iterator[str]:
        """Lines of Markdown; a figure that a row lacks is a dash."""
        yield f"| {first} | " + " | ".join(heading for heading, *_ in columns) + " |"
        yield "|---" * (len(columns) + 1) + "|"
        for row, figures in self.values.items():
            cells = [
                estimate(figures[name] * scale).text(digits) if name in figures else "-"
                for _, name, scale, digits in columns
            ]
            yield f"| {row} | " + " | ".join(cells) + " |"

    def difference_table(self, row: str, columns: Sequence[Column], against: Sequence[str]) -> Iterator[str]:
        """Lines of Markdown: this row less each of the others."""
        yield f"| {row} less | " + " | ".join(heading for heading, *_ in columns) + " |"
        yield "|---" * (len(columns) + 1) + "|"
        for other in against:
            have = self.values[row].keys() & self.values[other].keys()
            cells = [
                estimate((self.values[row][name] - self.values[other][name]) * scale).text(digits)
                if name in have
                else "-"
                for _, name, scale, digits in columns
            ]
            yield f"| {other} | " + " | ".join(cells) + " |"


def another(pieces: Sequence[str], i: int) -> int:
    """A recording that stands for unrelated music: the next of another piece; itself where there is none."""
    away = (at % len(pieces) for at in range(i + 1, i + len(pieces)))
    return next((at for at in away if pieces[at] != pieces[i]), i)


def _triple(found: Estimate) -> list[float]:
    return [round(number, 6) for number in (found.value, found.low, found.high)]
