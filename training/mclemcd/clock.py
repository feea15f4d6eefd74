# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Does the capture's rate give the class away? What a single number of each second, its roughness, says of it.

Where one class was captured at 6 poses a second and another at 28, a network need not know dances to tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from plugins.mclemcd.config import StyleConfig
from plugins.mclemcd.features import FPS
from training.datasets.dances import Dance
from training.mclemcd.config import Split
from training.mclemcd.figures import Said
from training.mclemcd.segments import Segments, cut, split
from training.mclemcd.trials import Answer
from training.metrics import Floats

SEED: Final = 0


def readings(dances: Sequence[Dance], joints: Sequence[str], style: StyleConfig) -> dict[str, Segments]:
    """The dances as the paper's code reads their clock, as it is, as we smooth it, and with one rate for all."""
    raw = style.model_copy(update={"smooth": 0.0})
    taken = [replace(d, motion=replace(d.motion, fps=float(FPS))) for d in dances]
    slowest = min(d.motion.fps for d in dances)
    alike = [replace(d, motion=d.motion.resample(slowest)) for d in dances]
    return {
        "poses taken for 25 a second, as in the paper": cut(taken, joints, raw),
        "poses at their times": cut(dances, joints, raw),
        f"at their times, smoothed by {style.smooth:g} s (ours)": cut(dances, joints, style),
        f"all first brought to {slowest:.1f} poses a second, smoothed": cut(alike, joints, style),
    }


def rates(dances: Sequence[Dance]) -> dict[str, tuple[float, float]]:
    """Class -> the least and the most poses a second of its dances."""
    out: dict[str, list[float]] = {}
    for dance in dances:
        out.setdefault(dance.label, []).append(dance.motion.fps)
    return {label: (min(found), max(found)) for label, found in sorted(out.items())}


def roughness(segments: Segments) -> Floats:
    """(N,) logarithm of how much the speed changes from frame to frame, in parts of the speed."""
    step = np.diff(segments.places, axis=1)
    change = np.linalg.norm(np.diff(step, axis=1), axis=-1).mean(axis=(1, 2))
    return np.asarray(np.log((change + 1e-9) / (np.linalg.norm(step, axis=-1).mean(axis=(1, 2)) + 1e-9)))


def told_by_roughness(segments: Segments, folds: int) -> Said:
    """What the nearest of the classes' mean roughnesses says of pieces that the means do not know."""
    number, classes = roughness(segments), range(len(segments.classes))
    answers: list[Answer] = []
    for fold in range(folds):
        rows, held = split(segments, Split(by="piece", folds=folds, fold=fold), SEED)
        means = np.array([number[rows][segments.label[rows] == kind].mean() for kind in classes])
        near = np.abs(number[held, None] - means).argmin(axis=1)
        for dance in np.unique(segments.owner[held]):
            said = np.bincount(near[segments.owner[held] == dance], minlength=len(means))
            name = segments.names[dance]
            answers.append(Answer("piece", SEED, "roughness", "", name, tuple(map(int, said)), int(said.argmax())))
    return Said.of(answers, segments)
