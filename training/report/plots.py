# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The report's plots: bow changes by recording, Frechet distances, accelerations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from training.report.acceleration import EDGES
from training.report.bootstrap import estimate
from training.report.contestants import EvaluateError
from training.report.measuring import REAL, SPLITS, Measured

COLOURS: Final = ("#2a5d84", "#c8643c", "#4f9a6a", "#8a5aa0", "#b8962e", "#5fa5b5", "#a04a5a", "#777777")
DPI: Final = 110


def colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def draw_plots(measured: Sequence[Measured], folder: Path, stem: str) -> list[tuple[str, Path]]:
    """Write the plots; (what it shows, file) of each."""
    kinds = (("Bow changes", "bow", _bow), ("Frechet distances", "fd", _fd), ("Accelerations", "acceleration", _hands))
    found = []
    for title, name, draw in kinds:
        figure = new_figure(figsize=(5.0 * len(measured), 3.4), layout="constrained")
        panels = np.atleast_1d(figure.subplots(1, len(measured), sharey=name == "acceleration"))
        drawn = [draw(panel, one) for panel, one in zip(panels, measured, strict=True)]
        if any(drawn):
            path = folder / f"{stem}_{name}.png"
            figure.savefig(path, dpi=DPI, metadata={"Software": None})
            found.append((title, path))
    return found


def new_figure(**keys: Any) -> Any:
    """A figure of matplotlib's, without its window."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise EvaluateError("plots need matplotlib; run: pip install 'cadenza[training]'") from None
    return Figure(**keys)


def _bow(panel: Any, measured: Measured) -> bool:
    """A dot a recording, chance in grey."""
    shown = [e for e in measured.entries if np.isfinite(e.column("bow")).any()]
    for place, entry in enumerate(shown):
        f1, chance = entry.column("bow"), entry.column("bow_chance")
        spread = place + 0.25 * np.linspace(-1.0, 1.0, len(f1))
        panel.plot(spread, chance, "o", color="#bbbbbb", markersize=3)
        panel.plot(spread, f1, "o", color=_of(measured, entry.name), markersize=4)
        panel.plot([place - 0.3, place + 0.3], [np.nanmean(f1)] * 2, color="#222222")
    panel.set_xticks(range(len(shown)), [e.name for e in shown], rotation=30, ha="right")
    panel.set(ylim=(0.0, 1.02), title=SPLITS[measured.split], ylabel="F1 at 70 ms (grey: chance)")
    panel.grid(axis="y", color="#dddddd")
    return bool(shown)


def _fd(panel: Any, measured: Measured) -> bool:
    names = [e.name for e in measured.entries[1:]]
    for shift, key, shade in ((-0.2, "FD_g", 1.0), (0.2, "FD_k", 0.5)):
        found = [estimate(measured.distances[name][key]) for name in names]
        errors = [[f.value - f.low for f in found], [f.high - f.value for f in found]]
        errors = [[max(e, 0.0) for e in side] for side in errors]
        at = np.arange(len(names)) + shift
        panel.bar(at, [f.value for f in found], 0.4, yerr=errors, capsize=3, color="#2a5d84", alpha=shade, label=key)
    panel.set_xticks(range(len(names)), names, rotation=30, ha="right")
    panel.set(title=SPLITS[measured.split], ylabel="Frechet distance")
    panel.grid(axis="y", color="#dddddd")
    panel.legend(frameon=False)
    return bool(names)


def _hands(panel: Any, measured: Measured) -> bool:
    """Share of frames by the acceleration of the hands."""
    middles = np.sqrt(EDGES[1:] * EDGES[:-1])
    for entry in measured.entries:
        if entry.hands.sum():
            share = 100.0 * entry.hands / entry.hands.sum()
            width = 2.2 if entry.name == REAL else 1.3
            panel.plot(middles, share, color=_of(measured, entry.name), linewidth=width, label=entry.name)
    panel.set(
        xscale="log", title=SPLITS[measured.split], xlabel="acceleration of the hands, m/s²", ylabel="% of frames"
    )
    panel.grid(color="#eeeeee")
    panel.legend(frameon=False, fontsize="small")
    return any(entry.hands.sum() for entry in measured.entries)


def _of(measured: Measured, name: str) -> str:
    return "#222222" if name == REAL else colour([e.name for e in measured.entries].index(name) - 1)
