# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What one exact number tells of dynamics and articulation: ``python scripts/quality_hearing_limits.py CORPUS``.

A corpus of ``cadenza-train simulate`` says what was written and when each note was played. From that alone:

- **dynamics** by each chord's exact loudness (as the simulated player made it, drawn again from the same rules), with
  and without knowing how loud the recording is as a whole;
- **articulation** by each note's exact length against the time to the next note of its own hand, alone and with the
  median of its neighbours.

Each is judged by the likeliest class for a value, learned from the histogram of every other piece and judged on the
rest, weighted by time. It is no upper bound: who knows what came before, and hears timbre, pedal or bow, may tell more.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.score_features import ARTICULATIONS, DYNAMICS
from plugins.api import Annotation, AnnotationTrack
from training.datasets.mosa import Trial
from training.datasets.mosa_annotations import Annotations, read_annotations
from training.simulate.playing import LOUDNESS, loudness, together

BINS: Final = 40
AROUND: Final = 4
"""Neighbours on each side whose median is taken."""
LOUD: Final = 95.0
"""Percentile that stands for how loud a recording is."""

Floats = npt.NDArray[np.float64]
Table = tuple[Floats, npt.NDArray[np.int64], Floats]
"""Values, classes and weights (N,)."""


def read(corpus: Path) -> Iterator[tuple[str, Annotations]]:
    """Piece and annotations of every recording."""
    for folder in sorted(p.parent.parent for p in corpus.rglob("annotation/annotations")):
        trial = Trial.at(folder)
        yield trial.piece, read_annotations(folder / "annotation/annotations", trial.prefix)


def in_force(annotations: Annotations, kinds: Sequence[str], positions: Floats) -> list[str]:
    """Which of some marks is in force at each position; "" for none."""
    out = [""] * len(positions)
    for mark in annotations.expression:
        if mark.expression in kinds:
            for i in np.nonzero((positions >= mark.onset - 1e-6) & (positions < mark.offset - 1e-6))[0]:
                out[i] = mark.expression
    return out


def dynamics(annotations: Annotations, rng: np.random.Generator, known: bool) -> Table:
    """Loudness of each chord, less that of the recording unless it is known; class of the mark in force."""
    aligned = sorted(annotations.align_notetime, key=lambda n: (n.onset, n.midi_number))
    marks = in_force(annotations, tuple(LOUDNESS), np.array([n.score_position for n in aligned]))
    rows = [
        Annotation(n.onset, n.offset - n.onset, {"pitch": n.midi_number, "dynamics": mark})
        for n, mark in zip(aligned, marks, strict=True)
    ]
    track = AnnotationTrack("note", tuple(rows))
    groups = together(track)
    level = np.array(loudness(track, groups, annotations, rng))
    begins = np.array([aligned[g[0]].onset for g in groups])
    weight = np.diff(begins, append=begins[-1] + 0.5)
    classes = np.array([DYNAMICS.get(marks[g[0]], 0) for g in groups])
    told = classes > 0
    level = level if known else level - np.percentile(level, LOUD)
    return level[told], classes[told] - 1, weight[told]


def articulation(annotations: Annotations, around: int) -> Table:
    """Length of each note as part of the time to the next of its hand, or the median of its neighbours'."""
    staff = {(n.onset, n.midi_number): n.staff for n in annotations.note}
    values, classes, weights = [], [], []
    for hand in sorted(set(staff.values())):
        mine = [n for n in annotations.align_notetime if staff.get((n.score_position, n.midi_number)) == hand]
        mine.sort(key=lambda n: (n.score_position, n.onset))
        places, begins = np.array([n.score_position for n in mine]), np.array([n.onset for n in mine])
        marks = in_force(annotations, tuple(ARTICULATIONS), places)
        following = np.searchsorted(places, [n.score_position_offset - 1e-6 for n in mine])
        ends = np.array([n.score_position_offset for n in mine])
        goes_on = np.nonzero(np.append(places, np.inf)[following] < ends + 1e-3)[0]
        if len(goes_on) < 2:
            continue
        long = np.array([mine[i].offset - mine[i].onset for i in goes_on])
        part = long / np.maximum(begins[following[goes_on]] - begins[goes_on], 1e-3)
        padded = np.pad(part, around, mode="edge")
        middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * around + 1), axis=1)
        # A note that is cut short is told by itself.
        values.append(np.where(part < 0.65, part, middle))
        classes.append(np.array([ARTICULATIONS.get(marks[i], 0) for i in goes_on]))
        weights.append(long)
    return tuple(np.concatenate(c) if c else np.zeros(0) for c in (values, classes, weights))  # type: ignore[return-value]


def judged(tables: Sequence[tuple[str, Table]]) -> tuple[float, float]:
    """Part of the time in which the likeliest class is right, and in which the commonest is; on pieces unseen."""
    pieces = sorted({piece for piece, _ in tables})
    if len(pieces) < 2:
        raise SystemExit("a corpus of one piece tells nothing of others; simulate more hours")
    learn, judge = (
        [np.concatenate(column) for column in zip(*(t for p, t in tables if pieces.index(p) % 2 == k), strict=True)]
        for k in (0, 1)
    )
    edges = np.quantile(learn[0], np.linspace(0, 1, BINS + 1))[1:-1]
    count = np.zeros((BINS, int(max(learn[1].max(), judge[1].max())) + 1))
    np.add.at(count, (np.searchsorted(edges, learn[0]), learn[1].astype(int)), learn[2])
    said = count.argmax(axis=1)[np.searchsorted(edges, judge[0])]
    commonest = count.sum(axis=0).argmax()
    return tuple(float(np.average(judge[1] == s, weights=judge[2])) for s in (said, commonest))  # type: ignore[return-value]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="+", help="folders made by cadenza-train simulate")
    print("| corpus | told from | right, part of the time | always the commonest |\n|---|---|---|---|")
    for corpus in parser.parse_args().corpus:
        every = list(read(corpus))
        rows = {
            what: [(p, dynamics(a, np.random.default_rng(i), known)) for i, (p, a) in enumerate(every)]
            for what, known in (
                ("dynamics, exact loudness", True),
                ("the same, the recording's own level unknown", False),
            )
        } | {
            "articulation, exact lengths": [(p, articulation(a, 0)) for p, a in every],
            "the same with four neighbours on each side": [(p, articulation(a, AROUND)) for p, a in every],
        }
        for what, tables in rows.items():
            right, common = judged(tables)
            print(f"| {corpus.name}, {len(every)} recordings | {what} | {right:.3f} | {common:.3f} |")


if __name__ == "__main__":
    main()
