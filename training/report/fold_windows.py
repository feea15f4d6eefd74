# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The paper's random five-fold: each fold's weights on the windows that they did not train on, and beside
them the same training on the honest split, judged in windows too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.a2m_clips import Clips, part_sizes
from training.a2m_config import WITHOUT_EFFECT
from training.evaluate import moved, real_points, stacked
from training.folds import random_folds
from training.report.bootstrap import draws
from training.report.contestants import Contestant, EvaluateError
from training.report.measuring import Entry, Progress, Scales

WINDOWS: Final = 320
"""Of those that are held out, at most; a fold has thousands."""
BATCH: Final = 16


@dataclass(frozen=True)
class Judged:
    """Distances of one contestant in single windows of what it has not seen."""

    name: str
    unseen: str
    windows: int
    distances: Mapping[str, float]


def folds_of(contestants: Sequence[Contestant]) -> list[Contestant]:
    return [c for c in contestants if c.fold is not None]


def twins(contestants: Sequence[Contestant]) -> list[Contestant]:
    """Those of the honest split that were trained just as the folds."""
    folds = [_but_fold(c.trained) for c in folds_of(contestants)]
    return [c for c in contestants if c.fold is None and _but_fold(c.trained) in folds]


def rows_of(who: Contestant, clips: Clips, split: str | None) -> npt.NDArray[np.int64]:
    """First rows of windows: of a split end to end, or (None) of the fold that is held out."""
    window = who.predictor.window
    if split is not None:
        return clips.windows(split, window, window)[:WINDOWS]
    if who.data_card != clips.card_sha256:
        raise EvaluateError(f"{who.name} is of a random fold of other clips; which windows it has not seen is unknown")
    parts = random_folds(clips, window, int(who.trained["hop"]), int(who.trained["seed"]))
    return parts[who.fold or 0][:WINDOWS]


def judge(
    who: Contestant,
    clips: Clips,
    rows: npt.NDArray[np.int64],
    unseen: str,
    targets: Mapping[str, tuple[str, ...]],
    step: Progress = lambda: None,
) -> Judged:
    """Each window by itself, as it was trained."""
    joints = tuple(joint for part in targets.values() for joint in part)
    window = who.predictor.window
    real = [stacked(real_points(clips, slice(row, row + window), joints), joints) for row in rows]
    made = list(_answers(who, clips, rows, joints))
    scales = Scales(real, part_sizes(targets))
    true, said = (Entry(name, [], *scales.sides([clips]), np.empty(0)) for name, clips in (("", real), ("", made)))
    step()
    found = said.distances(true, draws([True])[:1])
    return Judged(who.name, unseen, len(rows), {key: float(value[0]) for key, value in found.items()})


def _answers(
    who: Contestant, clips: Clips, rows: npt.NDArray[np.int64], joints: tuple[str, ...]
) -> Iterable[npt.NDArray[Any]]:
    predictor = who.predictor
    for first in range(0, len(rows), BATCH):
        asked = [slice(int(row), int(row) + predictor.window) for row in rows[first : first + BATCH]]
        heard = [np.concatenate([clips.audio[cut].astype(np.float32), clips.score[cut]], axis=-1) for cut in asked]
        if not predictor.weights.model.score_features:
            heard = [clips.audio[cut].astype(np.float32) for cut in asked]
        for cut, said in zip(asked, predictor.infer(np.stack(heard)), strict=True):
            performed = moved(predictor, predictor.prediction(said).smoothed(), cut.start)
            yield stacked(performed.points, joints)


def _but_fold(trained: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in trained.items() if key not in ("fold", *WITHOUT_EFFECT)}
