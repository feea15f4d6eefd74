# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""All figures of all contestants on one split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.config import CLIP
from plugins.a2m.targets import Normaliser
from plugins.api.bowed_pose import swayed
from plugins.api.log_mel import FPS
from plugins.beat_align.timing import motion_beats
from training.a2m_clips import Clips, Recording, part_sizes
from training.evaluate import Points, moved, predict, real_points, stacked, wrists
from training.metrics import SPAN, Floats, velocities
from training.report import music as in_time
from training.report.acceleration import classes, seam_ratio, statistics
from training.report.bootstrap import Moments, Pairs, draws, frechet
from training.report.contact import contact
from training.report.contestants import Contestant

Progress = Callable[[], None]
Figures = dict[str, float]
REAL: Final = "real"
UNSEEN: Final = ("test_piece", "test_performer")
SPLITS: Final = {
    "test_piece": "Unseen pieces",
    "test_performer": "Unseen players",
    "valid": "Validation",
    "train": "Trained on",
}


@dataclass(frozen=True, eq=False)
class Side:
    """Coordinates or velocities of one contestant's motion: what FD and ED are made of."""

    moments: Moments
    pairs: Pairs


@dataclass(frozen=True, eq=False)
class Entry:
    """One contestant, or the real performers, on one split.

    Attributes:
        figures: of each recording, by name; what cannot be measured is missing.
        g, k: coordinates and velocities on the scale of the real clips.
        hands: frames in each class of acceleration.
    """

    name: str
    figures: list[Figures] = field(repr=False)
    g: Side = field(repr=False)
    k: Side = field(repr=False)
    hands: Floats = field(repr=False)

    def column(self, name: str) -> Floats:
        """(R,) one figure of all recordings, NaN where it is missing."""
        return np.array([figures.get(name, np.nan) for figures in self.figures])

    def fd_g(self, real: Entry, weights: Floats) -> Floats:
        return frechet(real.g.moments, self.g.moments, weights)

    def distances(self, real: Entry, weights: Floats) -> dict[str, Floats]:
        """FD_g, FD_k, ED_g, ED_k of resamples (``training.report.bootstrap``)."""
        fd = {key: frechet(b.moments, a.moments, weights) for key, a, b in _sides(self, real)}
        ed = {key: a.pairs.mean(weights) for key, a, _ in _sides(self, real)}
        return {"FD_g": fd["g"], "FD_k": fd["k"], "ED_g": ed["g"], "ED_k": ed["k"]}


@dataclass(frozen=True, eq=False)
class Measured:
    """One split: the real performers first. ``length`` is the frames of a clip."""

    split: str
    recordings: list[Recording]
    entries: list[Entry]
    length: int

    @cached_property
    def weights(self) -> Floats:
        """Resamples of all recordings."""
        return draws([True] * len(self.recordings))

    @cached_property
    def distances(self) -> dict[str, dict[str, Floats]]:
        """Name -> FD and ED of these resamples."""
        return {entry.name: entry.distances(self.entries[0], self.weights) for entry in self.entries}


class Scales:
    """Coordinates and velocities of the real clips, each part of the body 0 to SPAN (``training.metrics``)."""

    def __init__(self, real: Sequence[npt.NDArray[np.floating[Any]]], parts: Sequence[int]) -> None:
        self._g, self._k = (Normaliser.fit(np.concatenate(list(clips)), parts) for clips in (real, velocities(real)))

    def sides(self, recordings: Sequence[Sequence[npt.NDArray[np.floating[Any]]]]) -> tuple[Side, Side]:
        g = [[SPAN * self._g.normalise(clip) for clip in clips] for clips in recordings]
        k = [[SPAN * self._k.normalise(clip) for clip in velocities(clips)] for clips in recordings]
        first, second = (Side(Moments.of(side), Pairs.of(side)) for side in (g, k))
        return first, second


def measure(
    contestants: Sequence[Contestant],
    clips: Clips,
    split: str,
    targets: Mapping[str, tuple[str, ...]],
    step: Progress = lambda: None,
) -> Measured:
    """Every recording of the split by every contestant; ``step`` is called after each."""
    recordings = clips.split(split)
    length = min(CLIP, *(r.frames for r in recordings))
    heard = [in_time.music_of(clips, r) for r in recordings]
    joints = tuple(joint for part in targets.values() for joint in part)
    every = tuple(dict.fromkeys((*joints, *chain.from_iterable(c.joints for c in contestants))))
    truth = [real_points(clips, r.rows, every) for r in recordings]
    cut = [_cut(stacked(points, joints), length) for points in truth]
    scales = Scales([clip for of_one in cut for clip in of_one], part_sizes(targets))
    others = [_another(clips, recordings, i) for i in range(len(recordings))]
    elsewhere = [in_time.music_of(clips, other) for other in others]
    entries = []
    for who in (None, *contestants):
        figures, made = [], []
        for i, recording in enumerate(recordings):
            found, points = _one(who, clips, recording, truth[i], (heard[i], elsewhere[i]), joints)
            figures.append(found)
            made.append(points)
            step()
        g, k = scales.sides([_cut(stacked(points, joints), length) for points in made])
        hands = np.sum([classes(points) for points in made], axis=0)
        entries.append(Entry(REAL if who is None else who.name, figures, g, k, hands))
    return Measured(split, recordings, entries, length)


def _one(
    who: Contestant | None,
    clips: Clips,
    recording: Recording,
    truth: Points,
    music: tuple[in_time.Music, in_time.Music],
    joints: tuple[str, ...],
) -> tuple[Figures, Points]:
    if who is None:
        points, hair, figures = truth, None, {}
    else:
        predictor = who.predictor
        said = predict(predictor, clips, recording)
        performed = moved(predictor, said, recording.offset)
        points, hair = performed.points, performed.hair
        figures = {"seam": seam_ratio(points, predictor.window), "seam_real": seam_ratio(truth, predictor.window)}
        if who.plays and predictor.weights.grip is not None:
            sway = predictor.weights.swayed(len(said), seed=recording.offset)
            figures |= contact(swayed(said, sway), predictor.weights.grip, music[0].sounding)
        if recording.instrument == "piano":
            near = wrists(points, truth, who.joints, predictor.weights.normaliser)
            figures |= {"wrist": near.error, "wrist_still": near.baseline, "across": near.across}
    return figures | statistics(points) | _timing(points, hair, music, joints), points


def _timing(
    points: Points, hair: Floats | None, music: tuple[in_time.Music, in_time.Music], joints: tuple[str, ...]
) -> Figures:
    beats = motion_beats(stacked(points, joints).reshape(-1, len(joints), 3), FPS)
    found = {
        "beat": in_time.beat_alignment(beats, music[0].beats),
        "beat_chance": in_time.beat_alignment(beats[beats < music[1].seconds], music[1].beats),
    }
    if music[0].turns is not None and {"bow_tip", "right_index_proximal", "neck"} <= points.keys():
        found["bow"], found["bow_chance"] = in_time.bow_f1(in_time.said_turns(hair, points), *music)
    return found


def _cut(motion: npt.NDArray[np.floating[Any]], length: int) -> list[npt.NDArray[np.floating[Any]]]:
    """Clips of that length, end to end."""
    return [motion[first : first + length] for first in range(0, len(motion) - length + 1, length)]


def _another(clips: Clips, recordings: Sequence[Recording], i: int) -> Recording:
    """A recording that stands for chance: of another piece where there is one."""
    others = [r for r in recordings if r.piece != recordings[i].piece] or clips.split("train") or list(recordings)
    return others[i % len(others)]


def _sides(a: Entry, b: Entry) -> tuple[tuple[str, Side, Side], tuple[str, Side, Side]]:
    return ("g", a.g, b.g), ("k", a.k, b.k)
