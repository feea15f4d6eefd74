# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""When a body stands still for a moment, and a time of its own in which it does so on the beats of the music.

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
FASTEST: Final = 1.5
"""Times as fast as it was, or as slow, that a round makes a motion at most."""
ROUNDS: Final = 3
"""Who is hurried stands still elsewhere than before. Three rounds bring the beat F at 100 ms of Music-to-Dance's dances
from 0.27 to 0.48 (waltz), 0.24 to 0.54 (rumba), 0.34 to 0.59 (cha-cha); three more, little."""


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
    places: Callable[[Floats], Floats], times: Floats, beats: Floats, still: Floats | None = None
) -> Floats:
    """(T,) seconds of the motion that should be seen at ``times``, so that it stands still on beats.

    Args:
        places: (T, J, 3) metres of the motion at such seconds.
        times: (T,) evenly, rising. beats: of the music, rising.
        still: seconds at which the motion must be seen as it was.
    """
    from scipy.interpolate import PchipInterpolator

    first, last = float(times[0]), float(times[-1])
    fps = (len(times) - 1) / (last - first)
    kept = np.empty(0) if still is None else still[(still > first) & (still < last)]
    seen = times
    for _ in range(ROUNDS):
        then, now = anchors(first + motion_beats(places(seen), fps), beats, (first, last), kept)
        seen = np.interp(np.clip(PchipInterpolator(now, then)(times), first, last), times, seen)
    return seen


def anchors(danced: Floats, beats: Floats, ends: tuple[float, float], kept: Floats) -> tuple[Floats, Floats]:
    """Moments of a motion, and when they should come: beats of both that are each other's nearest, with both ends and
    what is kept where it is. Where the motion would have to go faster or slower than FASTEST between two, the one that
    is moved farther is left out."""
    pairs = nearest_of_each_other(danced, beats)
    free = [(float(danced[i]), float(beats[j])) for i, j in pairs if ends[0] < beats[j] < ends[1]]
    held = [(at, at) for at in (ends[0], *kept.tolist(), ends[1])]
    points = sorted({*held, *(pair for pair in free if not _contradicts(pair, held))})
    while True:
        then, now = np.array(points).T
        pace = np.diff(then) / np.maximum(np.diff(now), 1e-6)
        wrong = np.nonzero((pace > FASTEST) | (pace < 1.0 / FASTEST))[0]
        if not len(wrong):
            return then, now
        # What is held is moved by nothing; so one of the two is free.
        del points[max((wrong[0], wrong[0] + 1), key=lambda i: (abs(points[i][0] - points[i][1]), i))]


def _contradicts(pair: tuple[float, float], held: list[tuple[float, float]]) -> bool:
    """Whether a moment would have to pass one that is held, or is as good as one."""
    return any((pair[0] - at) * (pair[1] - at) <= 1e-9 for at, _ in held)


def nearest_of_each_other(danced: Floats, beats: Floats) -> npt.NDArray[np.int64]:
    """(N, 2) places in both."""
    if not len(danced) or not len(beats):
        return np.empty((0, 2), dtype=np.int64)
    apart = np.abs(danced[:, None] - beats[None])
    of_dance, of_music = apart.argmin(axis=1), apart.argmin(axis=0)
    mutual = np.nonzero(of_music[of_dance] == np.arange(len(danced)))[0]
    return np.stack([mutual, of_dance[mutual]], axis=1)
