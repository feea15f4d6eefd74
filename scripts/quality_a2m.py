# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The figures of docs/a2m.md: ``python scripts/quality_a2m.py --clips FOLDER [--weights FILE ...] [--data FOLDER]``.

Bow changes in time on clips that were not trained on, and (with the folder of real
recordings) on those; distances of the model's points to the real ones. With ``--instrument piano`` the
wrists instead of the bow. Prints Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import quality
import torch

from plugins.a2m.checkpoint import load_weights
from plugins.a2m.generator import A2M, WEIGHTS
from plugins.a2m.predictor import Predictor
from plugins.a2m.targets import PAPER_TARGETS, PIANO_TARGETS
from plugins.api import JobContext, Motion
from plugins.ik.step import InverseKinematics
from training import performance_metrics as metrics
from training.a2m_clips import Clips
from training.evaluate import bow_changes, distances, interval, wrists

SPLITS = ("train", "valid", "test_performer", "test_piece")


SHIPPED = {"violin": WEIGHTS, "piano": WEIGHTS.with_name("piano.safetensors")}
TARGETS = {"violin": PAPER_TARGETS, "piano": PIANO_TARGETS}


def predictor_of(path: Path, instrument: str = "violin") -> Predictor:
    weights = load_weights(path, instrument)
    return Predictor(weights, weights.window)


def bow_table(path: Path, clips: Clips) -> None:
    print(f"\n{path.parent.name}: bow changes, F1 at 70 ms, mean over recordings (95 % bootstrap interval)\n")
    print("| clips | recordings | F1 | chance |\n|---|---|---|---|")
    for split in SPLITS:
        if found := bow_changes(predictor_of(path), clips, split):
            mean, low, high = interval([f.f1 for f in found])
            chance = interval([f.chance for f in found])[0]
            print(f"| {split} | {len(found)} | {mean:.3f} ({low:.3f} to {high:.3f}) | {chance:.3f} |")


def wrist_table(path: Path, clips: Clips) -> None:
    print(f"\n{path.parent.name}: wrists, mean over recordings (95 % bootstrap interval)\n")
    print("| clips | recordings | error, mm | mean pose, mm | correlation left-right |\n|---|---|---|---|---|")
    for split in SPLITS:
        if found := wrists(predictor_of(path, "piano"), clips, split):
            mean, low, high = interval([1000 * f.error for f in found])
            still = interval([1000 * f.baseline for f in found])[0]
            across = "{:.3f} ({:.3f} to {:.3f})".format(*interval([f.across for f in found]))
            print(f"| {split} | {len(found)} | {mean:.0f} ({low:.0f} to {high:.0f}) | {still:.0f} | {across} |")


def distance_table(paths: list[Path], clips: Clips, split: str, instrument: str) -> None:
    """On the joints that all of the models answer with."""
    predictors = [predictor_of(path, instrument) for path in paths]
    common = set.intersection(*(set(p.weights.joints) for p in predictors))
    targets = {part: [j for j in joints if j in common] for part, joints in TARGETS[instrument].items()}
    print(
        f"\nDistances on {split}, {sum(map(len, targets.values()))} points, clips of 16 s, scale 0 to 50 (training/metrics.py)\n"
    )
    print("| weights | FD_g | FD_k | ED_g | ED_k |\n|---|---|---|---|---|")
    for path, predictor in zip([*paths, None], [*predictors, None], strict=True):
        d = distances(predictor, clips, split, targets)
        print(f"| {path.parent.name if path else 'real'} | {d.fd_g:.1f} | {d.fd_k:.1f} | {d.ed_g:.1f} | {d.ed_k:.1f} |")


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
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--instrument", choices=list(SHIPPED), default="violin")
    parser.add_argument("--weights", type=Path, nargs="+")
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    clips = Clips.open(given.clips, given.instrument)
    paths = given.weights or [SHIPPED[given.instrument]]
    for path in paths:
        if given.instrument == "piano":
            wrist_table(path, clips)
        elif load_weights(path).strokes:
            bow_table(path, clips)
    for split in ("test_performer", "test_piece"):
        distance_table(paths, clips, split, given.instrument)
    if given.data:
        real_table(paths[0], given.data)


if __name__ == "__main__":
    main()
