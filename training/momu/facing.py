# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A dance as the dancer sees it: where in the room and which way it faces is taken off, and can be put back.

No sound tells which way a dancer faces. What answers from sound alone says how it walks and turns instead.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Skeleton
from plugins.api.log_mel import FPS
from training.metrics import Floats

Places = npt.NDArray[np.floating[Any]]
STEADY: Final = 0.25
"""Seconds, standard deviation of the Gaussian that the way a dancer faces is smoothed with: hips sway."""
TRAVEL: Final = 3
"""Numbers a frame of how a dancer travels: forward and to the left, metres a second; turning, radians a second."""


def heading(places: Places, skeleton: Skeleton) -> Floats:
    """(T,) radians about the upright axis, 0 where the dancer faces -Y, without jumps at a full turn."""
    from scipy.ndimage import gaussian_filter1d

    across = places[:, skeleton.index("left_upper_leg")] - places[:, skeleton.index("right_upper_leg")]
    angle = np.unwrap(np.arctan2(across[:, 1].astype(np.float64), across[:, 0]))
    return np.asarray(gaussian_filter1d(angle, STEADY * FPS, mode="nearest"))


def turned(places: Places, angle: Floats) -> Floats:
    """(T, J, 3) turned about the upright axis by an angle for each frame."""
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y, z = np.moveaxis(np.asarray(places, dtype=np.float64), -1, 0)
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=-1)


def own_frame(places: Places, skeleton: Skeleton) -> Floats:
    """(T, J, 3) from the floor below the root, as the dancer faces -Y."""
    return turned(_from_below(places), -heading(places, skeleton))


def apart(places: Places, skeleton: Skeleton) -> tuple[Floats, Floats]:
    """(T, J, 3) in the dancer's ``own_frame`` and (T, 3) how the dancer travels from each frame to the next."""
    angle = heading(places, skeleton)
    step = np.asarray(np.diff(places[:, :1], axis=0, append=places[-1:, :1]) * FPS, dtype=np.float64)
    left, back = np.moveaxis(turned(step, -angle)[:, 0, :2], -1, 0)
    turn = np.diff(angle, append=angle[-1:]) * FPS
    return turned(_from_below(places), -angle), np.stack([-back, left, turn], axis=-1)


def together(own: Places, travel: Places) -> npt.NDArray[np.float32]:
    """The way back: (T, J, 3) in the room, from its middle and facing -Y."""
    forward, left, turn = np.moveaxis(np.asarray(travel, dtype=np.float64), -1, 0)
    angle = np.concatenate([[0.0], np.cumsum(turn[:-1]) / FPS])
    step = np.stack([left, -forward, np.zeros_like(left)], axis=-1)[:, None] / FPS
    walked = np.cumsum(turned(step, angle), axis=0)
    floor = np.concatenate([np.zeros((1, 1, 3)), walked[:-1]])
    return (turned(own, angle) + floor).astype(np.float32)


def _from_below(places: Places) -> Floats:
    below = np.array(places[:, :1], dtype=np.float64)
    below[..., 2] = 0.0
    return np.asarray(places - below)
