# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A2M on real recordings: ``python scripts/quality_a2m.py --data FOLDER [--weights FILE]``.

Bow changes in time on the recordings of ``bach-violin``, inverse kinematics included: against the published alignments,
and against our own alignment of the same scores, which follows the sound (docs/quality.md shows where the published one
does not). Prints Markdown. What can be measured on clips, ``cadenza-train evaluate`` measures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import quality
import torch

from plugins.a2m.generator import A2M, WEIGHTS
from plugins.api import JobContext, Motion
from plugins.ik.step import InverseKinematics
from plugins.transcription.align import ScoreAligner
from training import performance_metrics as metrics


def performed(case: quality.Case, path: Path) -> Motion:
    """A real recording, inverse kinematics included."""
    generator = A2M(path)
    generator.load("cpu")
    context = JobContext(fps=30.0)
    motion = generator.generate(case.audio, generator.Options(), context)
    return InverseKinematics().apply(motion, InverseKinematics.Options(), context)


def as_heard(case: quality.Case) -> np.ndarray:
    """The score's new bows at the times at which our aligner hears them."""
    aligner = ScoreAligner()
    notes = aligner.recognize(case.audio, None, aligner.Options(), JobContext(score=case.score))[0].annotations
    return metrics.merged(np.array([n.time for n in notes if n.value["new_bow"]]))


def real_table(path: Path, data: Path) -> None:
    cases = [quality.real(data / "bach-violin", *row) for row in quality.BACH]
    turns = [metrics.bow_reversals(performed(case, path)) for case in cases]
    for title, truths in (
        ("the published alignment", [case.new_bows for case in cases]),
        ("our own alignment of the score", [as_heard(case) for case in cases]),
    ):
        print(f"\nReal recordings: bow changes against {title}, F1 at 100 ms after one constant offset\n")
        print("| recording | new bows | F1 | offset | chance (another recording's bow) |\n|---|---|---|---|---|")
        right = total = 0.0
        for i, (case, truth) in enumerate(zip(cases, truths, strict=True)):
            f1, offset = metrics.best_f1(truth, turns[i])
            chance, _ = metrics.best_f1(truth, turns[(i + 1) % len(turns)])
            size = len(truth) + len(turns[i])
            right, total = right + f1 * size, total + size
            print(f"| {case.name} | {len(truth)} | {f1:.3f} | {offset * 1000:+.0f} ms | {chance:.3f} |")
        print(f"| the three pooled | {sum(map(len, truths))} | {right / total:.3f} | each its own | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    real_table(given.weights, given.data)


if __name__ == "__main__":
    main()
