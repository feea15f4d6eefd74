# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the figure wears round its neck: shirt collar, jacket collar, bow tie."""

from __future__ import annotations

import numpy as np

from ..core.rotations import Array
from .implicit import Field, cone, ellipsoid, project, skin, smooth_min, smoothstep, ticks
from .meshing import Piece, Weights, loft


def collar_pieces(jacket: Field) -> list[Piece]:
    """Standing band, two folded points, bow tie."""
    angle = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    rings = []
    for z, r, tilt in (
        (1.462, 0.0640, 0.0),
        (1.490, 0.0620, 0.0),
        (1.512, 0.0600, 0.010),
        (1.5135, 0.0575, 0.010),
        (1.490, 0.0565, 0.0),
    ):
        ring = np.stack([r * np.sin(angle), 0.020 - r * 0.98 * np.cos(angle), z - tilt * np.cos(angle)], axis=1)
        rings.append(ring)
    band = loft(np.array(rings), "shirt", (False, False))
    wing_angle = np.linspace(0.10, np.pi, 16)
    t = np.linspace(0, 1, 4)[:, None]
    drop = 0.030 + 0.022 * np.exp(-(((wing_angle - 0.25) / 0.30) ** 2))
    radius = 0.0645 + 0.010 * t + 0 * wing_angle
    z = (1.512 - 0.010 * np.cos(wing_angle)) - t * drop
    sheet = np.stack([radius * np.sin(wing_angle), 0.020 - radius * 0.98 * np.cos(wing_angle), z], axis=-1)
    return [band, *_wings(sheet, "shirt"), *_wings(_jacket_collar(jacket), "lapel"), *_bow_tie()]


def _jacket_collar(jacket: Field) -> Array:
    """The jacket's collar from the left lapel to the nape; its fall lies on the jacket."""
    angle, t = np.linspace(0.80, np.pi, 14), np.linspace(0, 1, 5)[:, None, None]
    back = smoothstep(angle, 0.8, 2.0)
    way = np.stack([np.sin(angle), -np.cos(angle), 0 * angle], axis=1)
    top = np.array([0.0, 0.021, 1.486]) + 0.0655 * way
    top[:, 2] += 0.012 * back
    fall = project(jacket, top + (0.020 + 0.016 * back)[:, None] * way - [0, 0, 0.035], 8)
    bulge = np.sin(np.pi * t**0.8) * (0.6 * way + [0, 0, 0.8]) * 0.008
    return np.asarray(top * (1 - t) + (fall + 0.002 * way) * t + bulge)


def _wings(sheet: Array, material: str) -> list[Piece]:
    rings = np.concatenate([sheet[::1], sheet[::-1] * [0.94, 1, 1] + [0, 0.003, 0]]).transpose(1, 0, 2)
    wing = loft(rings, material)
    return [wing, wing.mirrored()]


def _bow_tie() -> list[Piece]:
    knot = ellipsoid((0, -0.0560, 1.4890), (0.0085, 0.0090, 0.0095))
    loops = ellipsoid((0.027, -0.0510, 1.4890), (0.026, 0.0085, 0.0150))
    waist = cone((0.0, -0.054, 1.489), (0.02, -0.052, 1.489), 0.006, 0.012, (1, 0.5, 1))

    def field(p: Array) -> Array:
        q = np.concatenate([np.abs(p[:, :1]), p[:, 1:]], axis=1)
        wing = smooth_min(loops(q), waist(q), 0.01)
        return np.minimum(wing, knot(q) - 0.0005)

    grid = (ticks((-0.06, 0.06, 0.0065)), ticks((-0.075, -0.035, 0.0055)), ticks((1.465, 1.513, 0.0055)))
    return [Piece(*skin(field, grid, 1), "lapel")]


def collar_weights(p: Array) -> Weights:
    """The collar stays with the chest and follows the neck a little at the top."""
    follow = 0.35 * smoothstep(p[:, 2], 1.475, 1.515)
    return {"upper_chest": 1.0 - follow, "neck": follow}
