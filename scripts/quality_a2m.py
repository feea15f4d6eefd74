# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A2M on real recordings: ``python scripts/quality_a2m.py --data FOLDER [--weights FILE]``.

Bow changes in time on the recordings of ``bach-violin``, inverse kinematics included. Prints Markdown. What can be
measured on clips, ``cadenza-train evaluate`` measures.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import quality
import torch

from plugins.a2m.generator import A2M, WEIGHTS
from plugins.api import JobContext, Motion
from plugins.ik.step import InverseKinematics
from training import performance_metrics as metrics


def performed(case: quality.Case, path: Path) -> Motion:
    """A real recording, inverse kinematics included."""
    generator = A2M(path)
    generator.load("cpu")
    context = JobContext(fps=30.0)
    motion = generator.generate(case.audio, generator.Options(), context)
    return InverseKinematics().apply(motion, InverseKinematics.Options(), context)


def real_table(path: Path, data: Path) -> None:
    cases = [quality.real(data / "bach-violin", *row) for row in quality.BACH]
    turns = [metrics.bow_reversals(performed(case, path)) for case in cases]
    print("\nReal recordings: bow changes, F1 at 100 ms after one constant offset\n")
    print("| recording | new bows | F1 | offset | chance (another recording's bow) |\n|---|---|---|---|---|")
    for i, case in enumerate(cases):
        f1, offset = metrics.best_f1(case.new_bows, turns[i])
        chance, _ = metrics.best_f1(case.new_bows, turns[(i + 1) % len(turns)])
        print(f"| {case.name} | {len(case.new_bows)} | {f1:.3f} | {offset * 1000:+.0f} ms | {chance:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    real_table(given.weights, given.data)


if __name__ == "__main__":
    main()
