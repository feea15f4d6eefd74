# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Chains of bones between a fixed end and a target, for all frames at once.

Vectors are (..., 3), metres. Each bend lies in the plane of the line from base to
target and a *pole*: the side that the elbow, knee or knuckle points to.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from . import rotations as rot
from .rotations import Array

SHARPEST: Final = np.radians(150.0)
"""Largest flexion of elbow and knee (American Academy of Orthopaedic Surgeons, *Joint Motion*, 1965)."""
STRAIGHTEST: Final = 0.999
"""Part of a chain's length that it may span: fully straight, the bend would flicker."""


def perpendicular(vector: Array, direction: Array) -> Array:
    """Unit part of ``vector`` at a right angle to the unit ``direction``."""
    across = vector - np.sum(vector * direction, axis=-1, keepdims=True) * direction
    return rot.normalize(across)


def two_bones(
    base: Array, target: Array, first: float, second: float, pole: Array, straightest: float = STRAIGHTEST
) -> tuple[Array, Array, Array]:
    """Middle joint, reached end, and hinge axis of a two-bone limb (law of cosines).

    Args:
        base, target: (..., 3) shoulder and wrist, or hip and ankle.
        first, second: lengths of the bones.
        pole: (..., 3) where the middle joint should point.
        straightest: part of its length that the limb may span.

    Returns:
        middle (..., 3); end (..., 3), the target itself unless it is out of reach;
        axis (..., 3), unit: turning the second bone about it bends the limb further.
    """
    line = target - base
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    shortest = np.sqrt(first**2 + second**2 + 2 * first * second * np.cos(SHARPEST))
    reach = np.clip(distance, shortest, straightest * (first + second))
    along = line / np.maximum(distance, 1e-9)
    side = perpendicular(pole, along)
    x = (first**2 - second**2 + reach**2) / (2 * reach)
    y = np.sqrt(np.maximum(first**2 - x**2, 0.0))
    return base + along * x + side * y, base + along * reach, np.cross(side, along)


class CurledChain:
    """A finger: three bones that curl together, solved by a table.

    The last joint bends ``coupling`` times as far as the middle one (about 2/3 in the
    hand: H. Rijpkema and M. Girard, *Computer animation of knowledge-based human grasping*, SIGGRAPH 1991), so that the
    distance from knuckle to tip alone tells both angles.

    Args:
        lengths: of the three bones.
        largest: largest bend of the middle joint, radians.
    """

    def __init__(self, lengths: tuple[float, float, float], largest: float, coupling: float = 0.67) -> None:
        bend = np.linspace(0.0, largest, 512)
        first, second, third = lengths
        tip = first + second * np.exp(-1j * bend) + third * np.exp(-1j * bend * (1 + coupling))
        # np.interp wants rising abscissae: the more bend, the shorter.
        self._distance = np.abs(tip)[::-1]
        self._bend = bend[::-1]
        self._angle = -np.angle(tip)[::-1]
        self._coupling = coupling

    @property
    def reach(self) -> tuple[float, float]:
        """Shortest and longest distance from base to tip."""
        return float(self._distance[0]), float(self._distance[-1])

    def solve(self, base: Array, target: Array, hinge: Array) -> tuple[Array, Array, Array]:
        """Directions (..., 3, 3) of the bones, the hinge axis (..., 3), and bends (..., 2) in radians.

        A target nearer or farther than the finger can go is approached as far as it goes.
        """
        line = target - base
        distance = np.linalg.norm(line, axis=-1)
        along = rot.normalize(line)
        axis = perpendicular(hinge, along)
        side = np.cross(along, axis)
        bend = np.interp(distance, self._distance, self._bend)
        first = np.interp(distance, self._distance, self._angle)
        angles = np.stack([first, first - bend, first - bend * (1 + self._coupling)], axis=-1)[..., None]
        directions = np.cos(angles) * along[..., None, :] + np.sin(angles) * side[..., None, :]
        return directions, axis, np.stack([bend, bend * self._coupling], axis=-1)


def fabrik(points: Array, target: Array, iterations: int = 12) -> Array:
    """Bend a chain so that its end meets a target, lengths kept.

    FABRIK: A. Aristidou and J. Lasenby, *FABRIK: A fast, iterative solver for the
    Inverse Kinematics problem* (Graphical Models 73, 2011).

    Args:
        points: (T, N, 3) start pose of the chain; the first point stays.
        target: (T, 3).

    Returns:
        (T, N, 3) points.
    """
    points = np.array(points, dtype=float)
    lengths = np.linalg.norm(np.diff(points, axis=1), axis=-1, keepdims=True)
    root = points[:, 0].copy()
    line = target - root
    distance = np.linalg.norm(line, axis=-1, keepdims=True)
    whole = lengths.sum(axis=1)
    goal = root + line * np.minimum(1.0, STRAIGHTEST * whole / np.maximum(distance, 1e-9))
    for _ in range(iterations):
        points[:, -1] = goal
        for i in range(points.shape[1] - 2, -1, -1):
            points[:, i] = points[:, i + 1] + rot.normalize(points[:, i] - points[:, i + 1]) * lengths[:, i]
        points[:, 0] = root
        for i in range(1, points.shape[1]):
            points[:, i] = points[:, i - 1] + rot.normalize(points[:, i] - points[:, i - 1]) * lengths[:, i - 1]
    return points
