# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""When a body comes to rest for a moment, and a time of its own in which it does so on the beats of the music.

A motion's beats are the minima of the mean speed of all joints (R. Li et al., *AI Choreographer*, ICCV 2021). Each that
is near a beat of the music is to fall on it; between them the motion is hurried and held back, without a jump of its
speed (F. Fritsch & R. Carlson, *Monotone Piecewise Cubic Interpolation*, 1980).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

SMOOTHED: Final = 0.083
"""Seconds, standard deviation of the Gaussian that the speed of the body is smoothed with before its minima."""
FASTEST: Final = 1.75
"""Times as fast as it was, or as slow, that a motion is at most on the way from one beat to the next, all in all."""
ROUNDS: Final = 4
"""Who is hurried comes to rest elsewhere than before."""


def motion_beats(places: Floats, fps: float) -> Floats:
    """Seconds from the first frame of the beats of (T, J, 3) metres; none of fewer than four frames."""
    from scipy.ndimage import gaussian_filter1d

    if len(places) < 4:
        return np.empty(0)
    steps = np.diff(places.astype(np.float64), axis=0)
    speed = gaussian_filter1d(np.linalg.norm(steps, axis=-1).mean(axis=1), SMOOTHED * fps, mode="nearest")
    lowest = (speed[1:-1] < speed[:-2]) & (speed[1:-1] <= speed[2:])
    # The speed between two frames is that of the middle between them.
    return np.asarray((np.nonzero(lowest)[0] + 1.5) / fps)


def times_on_the_beat(
    places: Callable[[Floats], Floats],
    times: Floats,
    beats: Floats,
    still: Floats | None = None,
    tell: Callable[[float], None] = lambda part: None,
) -> Floats:
    """(T,) seconds of the motion that should be seen at ``times``, so that it comes to rest on beats.

    Args:
        places: (T, J, 3) metres of the motion at such seconds.
        times: (T,) evenly, rising. beats: of the music, rising.
        still: seconds at which the motion must be seen as it was.
        tell: hears how much is done, 0 to 1.
    """
    from scipy.interpolate import PchipInterpolator

    first, last = float(times[0]), float(times[-1])
    fps = (len(times) - 1) / (last - first)
    kept = np.empty(0) if still is None else still[(still > first) & (still < last)]
    seen = times
    for done in range(ROUNDS):
        tell(done / ROUNDS)
        rests = first + motion_beats(places(seen), fps)
        then, now = anchors(rests, np.interp(rests, times, seen), beats, (first, last), kept)
        seen = np.clip(PchipInterpolator(now, then)(times), first, last)
    return seen


def anchors(
    rests: Floats, danced: Floats, beats: Floats, ends: tuple[float, float], kept: Floats
) -> tuple[Floats, Floats]:
    """Moments of a motion, and when they should come: beats of both that are each other's nearest, with both ends and
    what is kept where it is. Where the motion would have to go faster or slower than FASTEST between two, the one that
    is moved farther is left out."""
    held = np.unique([ends[0], *kept, ends[1]])
    pairs = nearest_of_each_other(rests, beats)
    then, now = danced[pairs[:, 0]], beats[pairs[:, 1]]
    # None may pass a moment that is held.
    fits = (np.searchsorted(held, then) == np.searchsorted(held, now)) & ~np.isin(then, held) & ~np.isin(now, held)
    fits &= (now > ends[0]) & (now < ends[1])
    points = np.concatenate([np.stack([held, held], axis=1), np.stack([then, now], axis=1)[fits]])
    points = points[np.argsort(points[:, 0], kind="stable")]
    while len(out := _too_fast(points)):
        points = np.delete(points, out, axis=0)
    return points[:, 0], points[:, 1]


def _too_fast(points: Floats) -> list[int]:
    """Points that are to be left out: of two between which it is too fast or too slow the one that is moved farther; of
    neighbours one at a time."""
    pace = np.diff(points[:, 0]) / np.maximum(np.diff(points[:, 1]), 1e-6)
    moved = np.abs(points[:, 0] - points[:, 1])
    out: list[int] = []
    for i in np.nonzero((pace > FASTEST) | (pace < 1.0 / FASTEST))[0]:
        # What is held is not moved at all, so it is never the one.
        if not out or i > out[-1]:
            out.append(int(i) if moved[i] > moved[i + 1] else int(i) + 1)
    return out


def nearest_of_each_other(danced: Floats, beats: Floats) -> npt.NDArray[np.int64]:
    """(N, 2) places in both, of those that are nearer to each other than half of the way to the beat's neighbours: what
    lies outside of the music has no beat."""
    if not len(danced) or not len(beats):
        return np.empty((0, 2), dtype=np.int64)
    apart = np.abs(danced[:, None] - beats[None])
    of_dance, of_music = apart.argmin(axis=1), apart.argmin(axis=0)
    gaps = np.diff(beats, prepend=-np.inf, append=np.inf)
    reach = 0.5 * np.where(np.isinf(gaps), np.median(gaps[1:-1]) if len(beats) > 1 else 1.0, gaps)
    near = apart[np.arange(len(danced)), of_dance] <= np.maximum(reach[:-1], reach[1:])[of_dance]
    mutual = np.nonzero((of_music[of_dance] == np.arange(len(danced))) & near)[0]
    return np.stack([mutual, of_dance[mutual]], axis=1)
