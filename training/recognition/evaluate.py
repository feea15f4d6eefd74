# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How well a network hears clips that it was not trained on.

Events by mir_eval's F-measure with the paper's tolerances; classes by accuracy and macro-F over frames, beside the
accuracy of always saying the commonest class of the training clips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import JobContext
from plugins.api.log_mel import FPS
from plugins.hearing.ears import Ears
from plugins.hearing.picking import chances, peaks
from plugins.hearing.recognizers import beats_and_bars
from training.metrics import event_f1
from training.recognition.targets import CLASSES
from training.recognition.windows import Heard, Library

TOLERANCES: Final = {"beat": 0.07, "downbeat": 0.07, "phrase": 0.7}
"""Seconds (Y.-F. Huang et al., 2024)."""
PHRASES: Final = (0.4, 2.0)
"""Least chance of a phrase, and seconds between two."""


@dataclass(frozen=True)
class Figures:
    """Of one split and instrument: what is measured -> its value; ``recordings`` stand behind it."""

    split: str
    instrument: str
    recordings: int
    values: dict[str, float]


def evaluate(
    weights: Path,
    folders: Sequence[str],
    splits: Sequence[str],
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> list[Figures]:
    """Figures of each split and instrument that the clips have."""
    library, ears = Library(folders), Ears(weights)
    ears.load("cpu")
    common = {name: _commonest([h.classes[name] for h in library.split("train")]) for name in CLASSES}
    chosen = [(split, heard) for split in splits for heard in library.split(split)]
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for done, (split, heard) in enumerate(chosen):
        tell(done, len(chosen))
        found.setdefault((split, heard.recording.instrument), []).append(_measured(heard, ears, common))
    return [
        Figures(split, instrument, len(rows), {k: float(np.mean([r[k] for r in rows if k in r])) for k in rows[0]})
        for (split, instrument), rows in found.items()
    ]


def _measured(heard: Heard, ears: Ears, common: dict[str, int]) -> dict[str, float]:
    said = ears.hear(np.asarray(heard.audio, dtype=np.float32), ears, JobContext())
    values = {}
    sounding = np.zeros(len(heard), dtype=bool)
    times = {name: peaks(chances(said[name][:, 0], sounding), *PICKED[name])[0] for name in TOLERANCES}
    times["downbeat"] = snapped(times["beat"], times["downbeat"])
    for name, tolerance in TOLERANCES.items():
        values[name] = event_f1(heard.events[name] / FPS, times[name], tolerance)
    for name in CLASSES:
        known = heard.classes[name] >= 0
        if known.any():
            real, made = heard.classes[name][known], said[name].argmax(axis=1)[known]
            values[name] = float((real == made).mean())
            values[f"{name}, macro-F"] = _macro_f(real, made)
            values[f"{name}, commonest"] = float((real == common[name]).mean())
    return values


def _macro_f(real: npt.NDArray[np.int64], made: npt.NDArray[np.int64]) -> float:
    """Mean over the classes that occur of their F-measures."""
    out = []
    for kind in np.unique(real):
        both = ((real == kind) & (made == kind)).sum()
        out.append(2.0 * both / ((real == kind).sum() + (made == kind).sum()))
    return float(np.mean(out))


def _commonest(classes: Sequence[npt.NDArray[np.int64]]) -> int:
    every = np.concatenate(classes)
    return int(np.bincount(every[every >= 0]).argmax())


def table(figures: Sequence[Figures]) -> str:
    """As Markdown."""
    columns = list(figures[0].values)
    head = ["clips", "instrument", "recordings", *columns]
    rows = [[f.split, f.instrument, str(f.recordings), *(f"{f.values[k]:.3f}" for k in columns)] for f in figures]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])
