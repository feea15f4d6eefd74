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
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import JobContext
from plugins.api.log_mel import FPS
from plugins.hearing.ears import Ears
from plugins.hearing.picking import chances, peaks
from plugins.hearing.recognizers import ARTICULATIONS, DYNAMICS, SHORTEST, beats_and_bars
from training.metrics import event_f1
from training.recognition.targets import CLASSES
from training.recognition.windows import Heard, Library, window

LABELS: Final = {"dynamics": DYNAMICS, "articulation": ARTICULATIONS}
Floats = npt.NDArray[np.float64]
TOLERANCES: Final = {"beat": 0.07, "downbeat": 0.07, "phrase": 0.7}
"""Seconds (Y.-F. Huang et al., 2024)."""
PHRASES: Final = (0.4, SHORTEST["phrase"])
"""Least chance of a phrase, and seconds between two."""


@dataclass(frozen=True)
class Figures:
    """Of one split and instrument: what is measured -> its value; ``recordings`` stand behind it."""

    split: str
    instrument: str
    given: str
    recordings: int
    values: dict[str, float]


@dataclass(frozen=True, eq=False)
class Confusion:
    """Frames by real class (rows) and by what was said (columns)."""

    name: str
    instrument: str
    labels: Sequence[str]
    counts: npt.NDArray[np.int64]


def evaluate(
    weights: Path,
    folders: Sequence[str],
    splits: Sequence[str],
    tell: Callable[[int, int], None] = lambda done, of: None,
    leave_out: Sequence[str] = (),
) -> tuple[list[Figures], list[Confusion]]:
    """Figures of each split and instrument that the clips have, from sound, from motion and from both where there are
    both; and how classes were confused, from all that there is."""
    ears = Ears(weights)
    ears.load("cpu")
    modalities = ears.modalities
    library = Library(folders, modalities, leave_out)
    common = {name: _commonest([h.classes[name] for h in library.split("train")]) for name in CLASSES}
    chosen = [(split, heard) for split in splits for heard in library.split(split)]
    found: dict[tuple[str, str, str], list[dict[str, float]]] = {}
    confused: dict[tuple[str, str], npt.NDArray[np.int64]] = {}
    for done, (split, heard) in enumerate(chosen):
        tell(done, len(chosen))
        there = tuple(name for name in modalities if heard.has(name))
        for given in sorted({there, *((name,) for name in there)}):
            row, said = measured(heard, ears, common, given)
            found.setdefault((split, heard.recording.instrument, " and ".join(given)), []).append(row)
            for name in CLASSES if given == there else ():
                key = (name, heard.recording.instrument)
                confused[key] = confused.get(key, 0) + _confusion(heard.classes[name], said[name], CLASSES[name])
    figures = [
        Figures(*key, len(rows), {k: _mean([r[k] for r in rows if k in r]) for k in _keys(rows)})
        for key, rows in found.items()
    ]
    return figures, [Confusion(*key, LABELS[key[0]], counts) for key, counts in confused.items()]


def _confusion(real: npt.NDArray[np.int64], said: npt.NDArray[np.floating[Any]], classes: int) -> npt.NDArray[np.int64]:
    out = np.zeros((classes, classes), dtype=np.int64)
    known = real >= 0
    np.add.at(out, (real[known], said.argmax(axis=1)[known]), 1)
    return out


def confusion_lines(confusion: Confusion) -> list[str]:
    """As Markdown: of the frames of each real class, the part that was said to be each."""
    total = confusion.counts.sum(axis=1, keepdims=True)
    parts = confusion.counts / np.maximum(total, 1)
    head = f"| {confusion.name}, {confusion.instrument}: real | {' | '.join(confusion.labels)} | frames |"
    rows = [
        f"| {label} | {' | '.join(f'{v:.2f}' for v in row)} | {int(count)} |"
        for label, row, (count,) in zip(confusion.labels, parts, total, strict=True)
    ]
    return [head, "|---" * (len(confusion.labels) + 2) + "|", *rows]


def _keys(rows: Sequence[dict[str, float]]) -> list[str]:
    return list(dict.fromkeys(k for row in rows for k in row))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def measured(
    heard: Heard, ears: Ears, common: dict[str, int], given: Sequence[str]
) -> tuple[dict[str, float], dict[str, Floats]]:
    """Of one recording, from these of its inputs: the figures, and what the network said."""
    whole = window(heard, 0, len(heard)).inputs
    said = ears.hear({name: whole[name] for name in given}, ears, JobContext())
    values = {}
    silent = np.zeros(len(heard), dtype=bool)
    beats, _, places, _ = beats_and_bars(said, silent)
    phrases = peaks(chances(said["phrase"][:, 0], silent), *PHRASES)[0]
    times = {"beat": beats, "downbeat": beats[places == 1], "phrase": phrases}
    for name, tolerance in TOLERANCES.items():
        if name in heard.events:
            values[name] = event_f1(heard.events[name] / FPS, times[name], tolerance)
    for name in CLASSES:
        known = heard.classes[name] >= 0
        if known.any():
            real, made = heard.classes[name][known], said[name].argmax(axis=1)[known]
            values[name] = float((real == made).mean())
            values[f"{name}, macro-F"] = _macro_f(real, made)
            values[f"{name}, commonest"] = float((real == common[name]).mean())
    return values, said


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
    columns = list(dict.fromkeys(k for f in figures for k in f.values))
    head = ["clips", "instrument", "from", "recordings", *columns]
    rows = [
        [f.split, f.instrument, f.given, str(f.recordings), *(f"{f.values.get(k, np.nan):.3f}" for k in columns)]
        for f in figures
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])
