# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Windows of takes as they would be seen by somebody, laid out for the networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import rotations as rot
from plugins.mapnet.config import FPS, JOINT_COUNT, PAPER_FPS, PAPER_SECONDS, PATH
from plugins.mapnet.middle import Usual, likely_middle, variance_of_mean
from plugins.mapnet.prepare import prepared
from plugins.mapnet.repair import TRIMMED, middles
from plugins.mapnet.smoother import AMPLITUDES, Habit, Seen, on_grid
from plugins.mapnet.swaps import put_back
from training.mapnet.noise import Looks, at_times, our_noise, paper_noise, seen_at
from training.mapnet.takes import Takes

Floats = npt.NDArray[Any]

AROUND: Final = 60
"""Frames on both sides of a window that the smoother sees besides."""
LEFT_TOE: Final = 12
SCALE: Final = 0.5
"""Metres that are 1 for the published networks."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of all players: how they move, and how they stand."""

    habit: Habit
    usual: Usual


@dataclass(frozen=True, eq=False)
class Batch:
    """B windows of T frames: what our network looks at and hears, what the smoother says, and the truth."""

    looks: npt.NDArray[np.float32]
    sound: npt.NDArray[np.float32]
    places: npt.NDArray[np.float32]
    deviations: npt.NDArray[np.float32]
    truth: npt.NDArray[np.float32]


def our_batch(
    takes: Takes,
    rows: Sequence[dict[str, Any]],
    window: int,
    known: Known,
    silence: float,
    rng: np.random.Generator,
) -> Batch:
    """A window of each of these takes, each seen in another way."""
    excerpts = [_excerpt(takes, row, window, known, silence, rng) for row in rows]
    seen = Seen(*(np.concatenate([getattr(e.seen, n) for e in excerpts], axis=1) for n in ("places", "count", "late")))
    middle, unsure, sigma, amplitude = (
        np.concatenate([getattr(e, name) for e in excerpts]) for name in ("middle", "unsure", "sigma", "amplitude")
    )
    many = Habit(amplitude, np.tile(known.habit.seconds, len(excerpts)))
    done = prepared(seen, middle, unsure, sigma, many, np.stack([e.path for e in excerpts], axis=1))
    looks = done.looks if done.looks.ndim == 3 else done.looks[:, None]
    split = (len(looks), len(excerpts), JOINT_COUNT)

    def cut(values: Floats) -> npt.NDArray[np.float32]:
        """(B, window, ...) of (T, B, ...)."""
        parts = [values[e.first : e.first + window, i] for i, e in enumerate(excerpts)]
        return np.stack(parts).astype(np.float32)

    return Batch(
        cut(looks),
        np.stack([e.sound[e.first : e.first + window] for e in excerpts]),
        cut(done.places.reshape(*split, 3)),
        cut(done.deviations.reshape(split)),
        np.stack([e.truth for e in excerpts]),
    )


@dataclass(frozen=True, eq=False)
class _Excerpt:
    """A window and what is around it, its sound too; ``first`` is where the window begins in it."""

    seen: Seen
    middle: Floats
    unsure: Floats
    sigma: Floats
    amplitude: Floats
    sound: npt.NDArray[np.float32]
    truth: npt.NDArray[np.float32]
    first: int

    @property
    def path(self) -> Floats:
        return self.sound[:, PATH].astype(np.float64)


def _excerpt(
    takes: Takes, row: dict[str, Any], window: int, known: Known, silence: float, rng: np.random.Generator
) -> _Excerpt:
    joints = _built_otherwise(elsewhere(at_ours(takes.of(row, "joints")), rng), rng)
    length = window + 2 * AROUND
    begin = int(rng.integers(0, max(1, len(joints) - length + 1)))
    # Now and then the window stands at the edge of what was seen.
    first = int(rng.choice([0, AROUND, 2 * AROUND], p=[0.15, 0.7, 0.15]))
    cut = joints[begin : begin + length]
    looks = our_noise(cut, rng)
    sigma = looks.sigma * np.exp(rng.normal(0.0, 0.1, JOINT_COUNT))
    # As if all of a take had been seen, some joints less often; what is not seen here never was.
    counted = np.exp(rng.uniform(np.log(60), np.log(3000)) - rng.exponential(0.3, JOINT_COUNT))
    wrong = rng.normal(size=(JOINT_COUNT, 3)) * np.sqrt(variance_of_mean(looks.sigma, counted))[:, None]
    mean = middles(joints, TRIMMED) + wrong
    mean[np.isnan(looks.places).any(axis=2).all(axis=0)] = np.nan
    middle, unsure = likely_middle(mean, variance_of_mean(sigma, counted), known.usual)
    amplitude = nearest_amplitude(joints, known.habit)
    seen = grid_of(looks, middle, sigma, len(cut))
    at = row["sound_offset"] + np.minimum(begin + np.arange(len(cut)), row["sound_frames"] - 1)
    sound = np.array(takes.arrays["heard"][at], dtype=np.float32)
    if rng.random() < silence:
        sound[:] = 0.0
    return _Excerpt(
        seen, middle, unsure, sigma, amplitude, sound, cut[first : first + window].astype(np.float32), first
    )


def at_ours(joints: Floats) -> Floats:
    """(T', 13, 3) at 40 frames a second of (T, 13, 3) at the paper's 50."""
    return at_times(joints, seen_at(len(joints), FPS, PAPER_FPS), PAPER_FPS)


def grid_of(looks: Looks, middle: Floats, sigma: Floats, frames: int) -> Seen:
    """What was seen, exchanged joints put back, on the grid."""
    places, _ = put_back(looks.places, middle, sigma)
    return on_grid(places, looks.times, FPS, 0.0, frames)


def nearest_amplitude(joints: Floats, habit: Habit) -> Floats:
    """(13,) the amplitude that the smoother would find likeliest."""
    ratio = np.sqrt(joints.var(axis=0).mean(axis=-1)) / habit.amplitude
    best = np.argmin(np.abs(np.log(ratio[:, None] + 1e-6) - np.log(AMPLITUDES)), axis=1)
    return habit.amplitude * AMPLITUDES[best]


def elsewhere(joints: Floats, rng: np.random.Generator) -> Floats:
    """Turned, moved and sized a little otherwise: what a frame that is found from jittery joints may be wrong by."""
    turn = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), float(rng.normal(0.0, 0.06)))
    size = float(np.exp(rng.normal(0.0, 0.05)))
    return np.asarray(rot.rotate(turn, joints) * size + rng.normal(0.0, 0.02, 3))


def _built_otherwise(joints: Floats, rng: np.random.Generator) -> Floats:
    """Half of the bodies as no simulated player is built or stands: each joint elsewhere by its own few centimetres."""
    if rng.random() < 0.5:
        return joints
    size = np.exp(rng.uniform(np.log(0.003), np.log(0.05)))
    return np.asarray(joints + rng.normal(0.0, size, joints.shape[1:]))


@dataclass(frozen=True, eq=False)
class PaperBatch:
    """B windows of three seconds: poses (B, T_in, 39), features (B, 150, 35), truth (B, 150, 13, 3), in ``SCALE``."""

    pose: npt.NDArray[np.float32]
    sound: npt.NDArray[np.float32]
    truth: npt.NDArray[np.float32]


def paper_batch(
    takes: Takes, rows: Sequence[dict[str, Any]], rate: float, frames_in: int, rng: np.random.Generator
) -> PaperBatch:
    """A window of each of these takes with the paper's noise, its origin at the left toe."""
    parts = []
    for row in rows:
        joints = takes.of(row, "joints")
        joints = joints - np.median(joints[:, LEFT_TOE], axis=0)
        length = PAPER_SECONDS * PAPER_FPS
        begin = int(rng.integers(0, max(1, len(joints) - length + 1)))
        cut = joints[begin : begin + length]
        pose = frames_of(paper_noise(cut, rate, rng), frames_in)
        at = row["offset"] + begin
        parts.append((pose / SCALE, takes.arrays["paper"][at : at + length], cut / SCALE))
    stacked = (np.stack([p[i] for p in parts]).astype(np.float32) for i in range(3))
    return PaperBatch(*stacked)


def frames_of(looks: Looks, frames_in: int) -> Floats:
    """(T_in, 39) of what was seen; the last frame stands where the rate leaves one short."""
    flat = looks.places.reshape(len(looks.times), -1)
    return np.asarray(flat[np.minimum(np.arange(frames_in), len(flat) - 1)])
