# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Who dances how well to music that was held out.

A contestant makes a dance for a clip whose piece is held out in a fold: it may know the clip's sound, and all dances of
the other folds. All are measured in the same way, the real dances too; all are resampled together. (Frechet distances
of resamples lie above the figure itself: fewer different dances, a worse fit. Compare two rows by their difference.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.metrics import Floats
from training.momu.beats import Heard, chance_beats, dance_beats, listen, loris, timing
from training.momu.dance_clips import DanceClip, fold_of
from training.momu.distances import (
    Measure,
    acceleration,
    between,
    bone_drift,
    foot_skating,
    geometric,
    kinetic,
    mean_between,
    speed_divergence,
)
from training.momu.facing import own_frame
from training.momu.judged import Column, Judged, another
from training.report.bootstrap import Moments, frechet

Places = npt.NDArray[np.floating[Any]]
Contestant = Callable[[DanceClip, int, int], Places]
"""(clip, the fold that its piece is held out in, seed) -> (T, J, 3) metres at 40 a second, T that of the clip."""
REAL: Final = "real dances"
FEATURES: Final = {"k": kinetic, "g": geometric}
IN_TIME: Final[tuple[Column, ...]] = (
    ("F, 50 ms", "f_50", 1.0, 3),
    ("F, 100 ms", "f_100", 1.0, 3),
    ("with other music", "f_100_chance", 1.0, 3),
    ("alignment", "alignment", 1.0, 3),
    ("with other music", "alignment_chance", 1.0, 3),
    ("alignment of the music's beats", "alignment_music", 1.0, 3),
    ("beats a second", "rate", 1.0, 2),
)
LORIS: Final[tuple[Column, ...]] = tuple((name, name, 100.0, 1) for name in ("BCS", "CSD", "BHS", "HSD", "F1"))
LIKENESS: Final[tuple[Column, ...]] = (
    ("FID_k", "FID_k", 1.0, 1),
    ("FID_g", "FID_g", 1.0, 1),
    ("Diversity_k", "diversity_k", 1.0, 1),
    ("Diversity_g", "diversity_g", 1.0, 1),
    ("KLD of speeds", "kld", 1.0, 2),
    ("between seeds, cm", "seeds", 100.0, 1),
)
CLEAN: Final[tuple[Column, ...]] = (
    ("feet slide, cm/s", "skating", 100.0, 1),
    ("bones vary, mm", "bones", 1000.0, 1),
    ("acceleration, m/s²", "acceleration", 1.0, 1),
)
TABLES: Final = (IN_TIME, LORIS, LIKENESS, CLEAN)


def judge(
    clips: Sequence[DanceClip],
    contestants: Mapping[str, Contestant],
    seeds: Sequence[int] = (0,),
    *,
    count: int = 4,
    seed: int = 0,
    step: Callable[[], None] = lambda: None,
) -> Judged:
    """All contestants on all clips, each in the fold that holds its piece out.

    Args:
        seeds: each contestant makes a dance for each; figures of a dance are means over them, Frechet distances are of
            all of them together.
        count, seed: of the folds (``dance_clips.folds``).
        step: called after each clip of each contestant.

    Raises:
        ValueError: a contestant answers with another shape, or with what is no number.
        DanceError: there are too few pieces for so many folds.
    """
    held_out = fold_of(clips, count, seed)
    heard = [listen(clip.audio) for clip in clips]
    judged = Judged(tuple(clip.name for clip in clips))
    real = _Dances(clips, heard, [[clip.places] for clip in clips])
    real.into(judged, REAL, real)
    for name, contestant in contestants.items():
        made = []
        for clip in clips:
            fold = held_out[clip.piece]
            made.append([checked(contestant(clip, fold, s), clip, name) for s in seeds])
            step()
        _Dances(clips, heard, made).into(judged, name, real)
    _chance(judged, clips, heard, real)
    return judged


def checked(places: Places, clip: DanceClip, name: str) -> Places:
    """What a contestant answered with, if it can be measured."""
    if places.shape != clip.places.shape:
        raise ValueError(f"{name}: a dance for {clip.name} must be {clip.places.shape}, not {places.shape}")
    if not np.isfinite(places).all():
        raise ValueError(f"{name}: the dance for {clip.name} has places that are no numbers")
    return places


class _Dances:
    """What one contestant made: for each clip a dance for each seed."""

    def __init__(self, clips: Sequence[DanceClip], heard: Sequence[Heard], made: Sequence[Sequence[Places]]) -> None:
        self.clips, self.heard, self.made = clips, heard, made
        self.features = {
            key: [[of(places, clip.skeleton) for places in takes] for clip, takes in zip(clips, made, strict=True)]
            for key, of in FEATURES.items()
        }

    def into(self, judged: Judged, row: str, real: _Dances) -> None:
        """Adds a row."""
        weights = judged.weights
        figures = [_mean([self._one(i, places) for places in takes]) for i, takes in enumerate(self.made)]
        for found, clip, takes in zip(figures, self.clips, self.made, strict=True):
            if len(takes) > 1:
                found["seeds"] = take_distance([own_frame(places, clip.skeleton) for places in takes])
        more: dict[str, Floats] = _loris(figures, weights)
        for key in FEATURES:
            measure = Measure.of([rows for takes in real.features[key] for rows in takes])
            ours, theirs = ([[measure(r) for r in takes] for takes in which.features[key]] for which in (self, real))
            more[f"FID_{key}"] = frechet(Moments.of(theirs), Moments.of(ours), weights)
            # Dances of one seed are paired with one another.
            pairs = [between([takes[s] for takes in ours]) for s in range(len(ours[0]))]
            more[f"diversity_{key}"] = mean_between(np.mean(pairs, axis=0), weights)
        judged.add(row, figures, **more)

    def _one(self, i: int, places: Places) -> dict[str, float]:
        clip, found = self.clips[i], dance_beats(places)
        other = another([one.piece for one in self.clips], i)
        by_chance = timing(found, self.heard[other], min(clip.seconds, self.clips[other].seconds))
        return {
            **timing(found, self.heard[i], clip.seconds),
            **{f"{name}_chance": by_chance[name] for name in ("f_50", "f_100", "alignment", "alignment_music")},
            "kld": speed_divergence(clip.places, places),
            "skating": foot_skating(places, clip.skeleton),
            "bones": bone_drift(places, clip.skeleton),
            "acceleration": float(acceleration(places).mean()),
        }


def take_distance(takes: Sequence[Places]) -> float:
    """Metres: how far two takes of the same music are from each other, mean over joints, frames and pairs of takes."""
    pairs = [np.linalg.norm(np.asarray(a, dtype=np.float64) - b, axis=-1).mean() for a, b in combinations(takes, 2)]
    return float(np.mean(pairs)) if pairs else 0.0


def _mean(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([found[name] for found in figures])) for name in figures[0]}


def _chance(judged: Judged, clips: Sequence[DanceClip], heard: Sequence[Heard], real: _Dances) -> None:
    """Rows of beats that nobody danced; those anywhere are as many as the real dance has, mean of ten lots."""
    rows: dict[str, list[dict[str, float]]] = {}
    for i, clip in enumerate(clips):
        rate = len(dance_beats(real.made[i][0])) / clip.seconds
        lots = [chance_beats(clip.seconds, rate, np.random.default_rng([i, lot])) for lot in range(10)]
        for name in lots[0]:
            found = _mean([timing(lot[name], heard[i], clip.seconds) for lot in lots])
            rows.setdefault(name, []).append(found)
    for name, figures in rows.items():
        judged.add(name, figures, **_loris(figures, judged.weights))


def _loris(figures: Sequence[Mapping[str, float]], weights: Floats) -> dict[str, Floats]:
    covered, hit = ([found[name] for found in figures] for name in ("covered", "hit"))
    return loris(covered, hit, weights)


def tables(judged: Judged, ours: str = "") -> list[str]:
    """All tables as lines of Markdown; with ``ours``, that row less each other, in time and in likeness."""
    lines: list[str] = []
    for columns in TABLES:
        lines += [*judged.table(columns, "dances"), ""]
    if ours:
        others = [row for row in judged.values if row != ours]
        for columns in (IN_TIME, LIKENESS):
            lines += [*judged.difference_table(ours, columns, others), ""]
    return lines
