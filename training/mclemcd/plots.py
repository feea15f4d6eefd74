# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The plots of the page on dance styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.metrics import Floats
from training.report.bootstrap import estimate


def plot_bars(
    found: Mapping[tuple[str, str, str], Mapping[tuple[str, str], Floats]],
    path: Path,
    rows: Mapping[str, str],
    key: tuple[str, str],
) -> Path:
    """One figure of each row, alone and together, with intervals; a panel for each split."""
    splits = list(dict.fromkeys(split for split, _, _ in found))
    figure, axes = _axes(len(splits), 5.0, 3.2)
    for axis, split in zip(axes, splits, strict=True):
        for shift, (mode, label) in enumerate((("none", "alone"), ("collaborative", "together"))):
            there = [(i, what) for i, what in enumerate(rows) if (split, what, mode) in found]
            of = [estimate(found[split, what, mode][key]) for _, what in there]
            heights = np.array([e.value for e in of])
            reach = np.abs(np.array([[e.low for e in of], [e.high for e in of]]) - heights)
            axis.bar([i + 0.4 * shift - 0.2 for i, _ in there], heights, 0.38, yerr=reach, capsize=2, label=label)
        axis.set_xticks(range(len(rows)), [title.replace(", ", ",\n") for title in rows.values()], fontsize=7)
        axis.set_title("pieces kept apart" if split == "piece" else "seconds shared out (paper)", fontsize=9)
        axis.set_ylim(0, 1)
    axes[0].legend(fontsize=8)
    axes[0].set_ylabel(f"{key[1]}, a {key[0]}", fontsize=8)
    return _saved(figure, path)


def plot_confusions(matrices: Mapping[str, Floats], classes: Sequence[str], path: Path) -> Path:
    """Parts of the real class (rows), a panel for each matrix."""
    figure, axes = _axes(len(matrices), 3.2, 3.0)
    for axis, (name, matrix) in zip(axes, matrices.items(), strict=True):
        parts = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1.0)
        axis.imshow(parts, vmin=0.0, vmax=1.0, cmap="Blues")
        for (i, j), value in np.ndenumerate(parts):
            axis.text(j, i, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.5 else "black")
        axis.set_xticks(range(len(classes)), classes, fontsize=8)
        axis.set_yticks(range(len(classes)), classes, fontsize=8)
        axis.set_title(name, fontsize=9)
    return _saved(figure, path)


def _axes(count: int, width: float, height: float) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, count, figsize=(width * count, height), squeeze=False)
    return figure, axes[0]


def _saved(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot as plt

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return path
