# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How near made dances and sounds are to real ones, how much they differ from one another, and how clean they are.

No network tells: there is none for these skeletons that anybody else could have. Frechet distances are those of
numbers that are named here, of windows of four seconds, two apart:

- **kinetic** (FID_k): of each joint the root mean square of its speed along the floor and upwards, and its mean
  acceleration: the three of FACT's kinetic features (R. Li et al., 2021), as speeds and not as energies, because
  squares of a few wild frames would outweigh all others;
- **geometric** (FID_g): of each joint its mean place in the dancer's own frame and how far it strays from there.
  (FACT's are yes-or-no questions on SMPL's joints, which these bodies do not have.)

Each number counts from its mean over the real windows, in units of its standard deviation there. Figures are comparable
only among those made with the same real dances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Skeleton
from plugins.api.log_mel import FPS
from training.metrics import Floats
from training.momu.facing import own_frame

Places = npt.NDArray[np.floating[Any]]

WINDOW: Final = 4 * FPS
HOP: Final = 2 * FPS
"""Frames of a window, and from one to the next."""
SPEEDS: Final = np.geomspace(0.02, 10.0, 31)
"""Metres a second: borders of the classes of speed; what is beyond counts at the ends."""
UNSEEN: Final = 0.5
"""Frames that each class of speed has to begin with, so that none is impossible."""
SOUND_WINDOW: Final = FPS
"""Frames of the windows of the Frechet audio distance, end to end: a second."""
POOLED: Final = 4
"""Mel bands of which one is made for it."""
NEAR_FLOOR: Final = 0.05
"""Metres above the floor up to which a foot should stand still."""
FLOOR: Final = 0.05
"""Quantile of the height of the lower foot that is taken for the floor."""


def kinetic(places: Places, skeleton: Skeleton) -> Floats:
    """(N, 3 J) of the windows of (T, J, 3)."""
    del skeleton
    speed = np.diff(places.astype(np.float64), axis=0) * FPS
    moved = [np.linalg.norm(speed[..., :2], axis=-1), np.abs(speed[..., 2])]
    change = np.linalg.norm(np.diff(speed, axis=0, append=speed[-1:]) * FPS, axis=-1)
    rows = [
        np.concatenate([*(np.sqrt(np.square(part[cut]).mean(axis=0)) for part in moved), change[cut].mean(axis=0)])
        for cut in windows(len(places))
    ]
    return np.stack(rows)


def geometric(places: Places, skeleton: Skeleton) -> Floats:
    """(N, 4 J) of the windows of (T, J, 3)."""
    own = own_frame(places, skeleton)
    rows = []
    for cut in windows(len(own)):
        middle = own[cut].mean(axis=0)
        strays = np.linalg.norm(own[cut] - middle, axis=-1)
        rows.append(np.concatenate([middle.ravel(), np.sqrt(np.square(strays).mean(axis=0))]))
    return np.stack(rows)


def sounding(heard: Places) -> Floats:
    """(N, 64) of the seconds of (T, 128) log-mel: mean and standard deviation of each four bands together."""
    bands = np.asarray(heard, dtype=np.float64).reshape(len(heard), -1, POOLED).mean(axis=-1)
    cuts = windows(len(bands), SOUND_WINDOW, SOUND_WINDOW)
    return np.stack([np.concatenate([bands[cut].mean(axis=0), bands[cut].std(axis=0)]) for cut in cuts])


def windows(frames: int, length: int = WINDOW, hop: int = HOP) -> list[slice]:
    """Those that fit; one of all frames when none does."""
    return [slice(first, first + length) for first in range(0, frames - length + 1, hop)] or [slice(0, frames)]


@dataclass(frozen=True, eq=False)
class Measure:
    """What a number is counted from, and in units of what; of the real windows."""

    mean: Floats = field(repr=False)
    deviation: Floats = field(repr=False)

    @classmethod
    def of(cls, rows: Sequence[Floats]) -> Measure:
        every = np.concatenate(list(rows))
        return cls(every.mean(axis=0), np.maximum(every.std(axis=0), 1e-6))

    def __call__(self, rows: Floats) -> Floats:
        return np.asarray((rows - self.mean) / self.deviation)


def between(rows: Sequence[Floats]) -> Floats:
    """(R, R) mean Euclidean distances of the windows (N, S) of each of R dances from those of each other, 0 of a dance
    from itself: Diversity pairs every window with all windows of other dances."""
    from scipy.spatial.distance import cdist

    every = np.concatenate(list(rows))
    first = np.cumsum([0, *(len(part) for part in rows)])
    sums = np.add.reduceat(np.add.reduceat(cdist(every, every), first[:-1], axis=0), first[:-1], axis=1)
    count = np.diff(first)
    out = sums / np.outer(count, count)
    np.fill_diagonal(out, 0.0)
    return np.asarray(out)


def mean_between(distances: Floats, weights: Floats) -> Floats:
    """(B,) means over pairs of different dances, of resamples (B, R)."""
    pairs = weights.sum(axis=1) ** 2 - np.square(weights).sum(axis=1)
    return np.asarray(((weights @ distances) * weights).sum(axis=1) / np.maximum(pairs, 1.0))


def speed_divergence(real: Places, made: Places) -> float:
    """KLD: of the real distribution of a joint's speeds from the made one, in nats; mean over joints."""
    p, q = _speeds(real), _speeds(made)
    return float((p * np.log(p / q)).sum(axis=0).mean())


def _speeds(places: Places) -> Floats:
    """(classes, J) parts of the frames."""
    speed = np.linalg.norm(np.diff(places.astype(np.float64), axis=0), axis=-1) * FPS
    at = np.clip(np.searchsorted(SPEEDS, speed, side="right") - 1, 0, len(SPEEDS) - 2)
    counted = np.stack([np.bincount(column, minlength=len(SPEEDS) - 1) for column in at.T], axis=1) + UNSEEN
    return np.asarray(counted / counted.sum(axis=0))


def feet_of(skeleton: Skeleton) -> list[int]:
    """Columns of the joints that stand on the floor."""
    named = [i for i, joint in enumerate(skeleton.joints) if joint.endswith(("_toes", "_heel"))]
    return named or [i for i, joint in enumerate(skeleton.joints) if joint.endswith("_foot")]


def foot_skating(places: Places, skeleton: Skeleton) -> float:
    """Metres a second that feet slide along the floor while they are near it: weighted by 2 - 2^(height / 5 cm)
    (H. Zhang et al., *Mode-adaptive neural networks*, 2018), mean over feet and frames. 0 where no joint is a foot."""
    feet = np.asarray(places[:, feet_of(skeleton)], dtype=np.float64)
    if not feet.size or len(feet) < 2:
        return 0.0
    height = feet[..., 2] - np.quantile(feet[..., 2].min(axis=1), FLOOR)
    weight = np.clip(2.0 - np.exp2(np.maximum(height[:-1], 0.0) / NEAR_FLOOR), 0.0, 1.0)
    slide = np.linalg.norm(np.diff(feet[..., :2], axis=0), axis=-1) * FPS
    return float((slide * weight).mean())


def bone_drift(places: Places, skeleton: Skeleton) -> float:
    """Metres: standard deviation over frames of the length of a bone, mean over bones; 0 of a body that keeps them."""
    at = np.array([i for i, parent in enumerate(skeleton.parents) if parent >= 0])
    above = np.array(skeleton.parents)[at]
    lengths = np.linalg.norm(np.asarray(places[:, at], dtype=np.float64) - places[:, above], axis=-1)
    return float(lengths.std(axis=0).mean())


def acceleration(places: Places) -> Floats:
    """(T - 2,) metres per second squared, mean over joints, of the frames from the second to the last but one."""
    return np.asarray(np.linalg.norm(np.diff(places.astype(np.float64), 2, axis=0), axis=-1).mean(axis=1) * FPS**2)


def seam_ratio(places: Places, seams: npt.NDArray[np.bool_]) -> float:
    """Mean acceleration in the frames (T,) that are marked over that in all others; NaN where either are none."""
    sizes, inside = acceleration(places), np.asarray(seams, dtype=np.bool_)[1:-1]
    if not inside.any() or inside.all():
        return float("nan")
    return float(sizes[inside].mean() / max(float(sizes[~inside].mean()), 1e-9))


def borders(kept: npt.NDArray[np.bool_], reach: int = 4) -> npt.NDArray[np.bool_]:
    """(T,) frames within ``reach`` of where kept frames and made ones meet."""
    met = np.nonzero(np.diff(kept.astype(np.int8)))[0]
    at = np.arange(len(kept))
    if not len(met):
        return np.zeros(len(kept), dtype=np.bool_)
    return np.asarray(np.abs(at[:, None] - (met[None] + 0.5)).min(axis=1) < reach)


def kept_error(given: Places, made: Places, kept: npt.NDArray[np.bool_]) -> float:
    """Metres: the farthest that a joint (T, J, 3) is from where it was given, in the frames (T,) or joints (T, J) that
    were to be kept; 0 where there are none."""
    off = np.linalg.norm(np.asarray(made, dtype=np.float64) - given, axis=-1)
    inside = np.broadcast_to(kept[:, None] if kept.ndim == 1 else kept, off.shape)
    return float(off[inside].max(initial=0.0))
