# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figure's left hand, palm down in the T-pose: palm, fingers, nails."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core.rotations import Array
from ..core.violinist import FINGERS, finger_joints
from .implicit import Field, column, cone, ellipsoid, skin, smooth_min, ticks, union
from .meshing import Piece, patch
from .skinning import THUMB_BACK, WEB, at, hand_weights

GIRTH: Final = {"thumb": 1.16, "index": 1.0, "middle": 1.03, "ring": 0.97, "little": 0.86}
"""Thickness of the fingers relative to the index."""
SINK: Final = np.array([0.0, 0.0, -0.0012])
"""The flesh lies a little to the palm's side of the joints."""
NAIL: Final = (0.0115, 0.0052)
"""Length and half breadth."""


def _segments(finger: str) -> tuple[Array, list[float]]:
    """Points along a finger with joints and mid-bones, and the radius at each."""
    joints = np.array([at(j) for j in finger_joints("left", finger)]) + SINK
    middles = (joints[:-1] + joints[1:]) / 2
    points = np.stack([joints[:-1], middles], axis=1).reshape(-1, 3)
    radii = [r * GIRTH[finger] for r in (0.0092, 0.0084, 0.0081, 0.0074, 0.0072, 0.0068)]
    return np.concatenate([points, joints[-1:] + (points[-1] - joints[-1]) * 0.48]), [*radii, 0.0056 * GIRTH[finger]]


def _finger(finger: str) -> Field:
    """One finger, slightly thicker at its joints, with a pad at the tip."""
    points, radii = _segments(finger)
    squash = (1.0, 1.0, 0.93)
    parts = [
        cone(a, b, ra, rb, squash) for a, b, ra, rb in zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True)
    ]
    pad = points[-2] * 0.45 + points[-1] * 0.55 + np.array([0.0, 0.0, -0.0012])
    parts.append(ellipsoid(pad, np.array([0.0075, 0.0062, 0.0050]) * GIRTH[finger]))
    return union(parts, 0.0012)


def _palm() -> Field:
    """Metacarpals, webs, the balls of thumb and little finger, the wrist."""
    wrist = at("left_hand")
    knuckles = {f: at(finger_joints("left", f)[0]) for f in FINGERS[1:]}
    parts: list[Field] = []
    for k in knuckles.values():
        root = wrist + np.array([0.006, (k - wrist)[1] * 0.55, -0.0015])
        parts.append(cone(root, k + [0.004, 0.0, -0.0025], 0.0135, 0.0108))
    ends = list(knuckles.values())
    for a, b in itertools.pairwise(ends):
        web = (a + b) / 2 + [WEB - 0.0115, 0.0, -0.004]
        parts.append(cone(web - [0.03, 0.0, -0.0015], web, 0.0095, 0.0070))
    parts.append(ellipsoid(wrist + [0.036, -0.021, -0.011], (0.030, 0.0165, 0.0125)))
    parts.append(ellipsoid(wrist + [0.034, 0.022, -0.009], (0.034, 0.0135, 0.0125)))
    rows = [(-0.045, 0.0270, 0.0190), (-0.02, 0.0268, 0.0185), (0.004, 0.0275, 0.0175), (0.03, 0.031, 0.0145)]
    table = [(wrist[0] + x, wrist[1], wrist[2] - 0.001, w, w, h, h) for x, w, h in rows]
    return union([union(parts, 0.011), column(0, table, 2.3)], 0.014)


def hand_field() -> Field:
    """The whole hand; fingers join the palm but not each other."""
    palm = _palm()
    fingers = [_finger(f) for f in FINGERS]
    bumps = [ellipsoid(at(finger_joints("left", f)[0]) + [0, 0, 0.0055], (0.0085, 0.0068, 0.0050)) for f in FINGERS[1:]]
    index = finger_joints("left", "index")
    fold = cone(
        at("left_thumb_metacarpal") + [0.024, -0.010, -0.007], at(index[0]) - [0.016, -0.003, 0.004], 0.0115, 0.0105
    )

    def field(p: Array) -> Array:
        base = smooth_min(palm(p), union(bumps)(p), 0.007)
        base = smooth_min(base, fold(p), 0.014)
        joined = [smooth_min(base, f(p), 0.020 if i == 0 else 0.005) for i, f in enumerate(fingers)]
        return np.asarray(np.min(joined, axis=0))

    return field


def _grid() -> tuple[Array, Array, Array]:
    """Grid lines: fine on the fingers, one line in the middle of each gap between them."""
    wrist = at("left_hand")
    gaps = [(at(f"left_{a}_proximal") + at(f"left_{b}_proximal"))[1] / 2 for a, b in itertools.pairwise(FINGERS)]
    x = ticks((wrist[0] - 0.052, wrist[0] + 0.075, 0.0080), (wrist[0] + 0.075, wrist[0] + 0.20, 0.0051))
    edges = [gaps[0] - 0.0198, *gaps, gaps[-1] + 0.0175]
    y = [ticks((a, b, 0.0042)) for a, b in itertools.pairwise(edges)]
    y = [ticks((wrist[1] - 0.128, edges[0], 0.0048)), *y, ticks((edges[-1], wrist[1] + 0.055, 0.0048))]
    z = ticks((wrist[2] - 0.078, wrist[2] - 0.02, 0.0050), (wrist[2] - 0.02, wrist[2] + 0.026, 0.0046))
    return x, np.unique(np.round(np.concatenate(y), 6)), z


def _nail(finger: str) -> Piece:
    """A nail on the back of a fingertip."""
    joints = finger_joints("left", finger)
    way = rot.normalize(at(joints[3]) - at(joints[2]))
    hint = np.array(THUMB_BACK if finger == "thumb" else (0.0, 0.0, 1.0))
    back = hint - way * (way @ hint)
    side = np.cross(back / np.linalg.norm(back), way)
    u, v = np.meshgrid(np.linspace(-1, 1, 6), np.linspace(-1, 1, 6), indexing="ij")
    length, breadth = (n * GIRTH[finger] for n in NAIL)
    tip = at(joints[3]) - way * (0.0025 + length / 2) + back * 0.006
    rounded = np.sqrt(1.0 - 0.35 * u**2)
    along = length / 2 * (v * np.sqrt(1.0 - 0.30 * u**2))[..., None] * way
    return patch(_finger(finger), tip + along + breadth * (u * rounded)[..., None] * side, 0.0004, "nail", 0.001)


def hand_pieces() -> list[Piece]:
    """The left hand with weights."""
    field = hand_field()
    vertices, quads = skin(field, _grid())
    pieces = [Piece(vertices, quads, "skin"), *(_nail(f) for f in FINGERS)]
    return [p.weighted(hand_weights) for p in pieces]
