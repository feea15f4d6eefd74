# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bow's mesh in the bow frame: hair from the origin along +X, stick on +Z."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np

from ..core import violin
from ..core.rotations import Array
from .materials import Materials
from .meshing import Piece, build_mesh, lathe, loft, prism, tube

LENGTH: Final = violin.HAIR_LENGTH
TIP_HEIGHT: Final = 0.022
LOWEST: Final = 0.0115
"""Axis of the stick above the hair where the camber is nearest: 9 mm of air."""
FROG_BACK: Final = -0.047
HAIR_HALF: Final = 0.005
HEAD: Final = (
    # height, back and front from the end of the hair, half breadth
    (0.0006, -0.0012, 0.0240, 0.0050),
    (0.0020, -0.0012, 0.0228, 0.0047),
    (0.0060, -0.0012, 0.0190, 0.0038),
    (0.0110, -0.0022, 0.0150, 0.0032),
    (0.0155, -0.0048, 0.0122, 0.0029),
    (0.0188, -0.0095, 0.0100, 0.0028),
    (0.0208, -0.0150, 0.0080, 0.0028),
    (0.0232, -0.0170, 0.0050, 0.0026),
    (0.0248, -0.0165, 0.0010, 0.0018),
)


def stick_height(x: Array) -> Array:
    """Axis of the stick above the hair, at ``x`` along the hair."""
    t = np.clip(np.asarray(x) / LENGTH, 0.0, 1.0)
    sag = (violin.STICK_HEIGHT + TIP_HEIGHT) / 2 - LOWEST
    return np.asarray(
        violin.STICK_HEIGHT + (TIP_HEIGHT - violin.STICK_HEIGHT) * t - sag * np.sin(np.pi * t**1.12) ** 1.15
    )


def _stick() -> list[Piece]:
    """The cambered stick, its winding and leather, screw and button."""
    x = np.concatenate([[-0.056, -0.050], np.linspace(-0.045, LENGTH - 0.004, 28)])
    radius = np.interp(x, [-0.056, 0.10, LENGTH], [0.0043, 0.0041, 0.0027])
    line = np.stack([x, 0 * x, stick_height(x)], axis=1)
    stick = tube(line, radius, "pernambuco", 8)
    pieces = [stick]
    for a, b, extra, material in ((0.006, 0.026, 0.0010, "leather"), (0.026, 0.098, 0.0005, "silver")):
        span = np.linspace(a, b, 8)
        path = np.stack([span, 0 * span, stick_height(span)], axis=1)
        pieces.append(tube(path, 0.0042 + extra, material, 10))
    axis = np.array([[-0.056, 0, violin.STICK_HEIGHT], [-0.08, 0, violin.STICK_HEIGHT]])
    profile = (
        (0.0, 0.0043),
        (0.0005, 0.0046),
        (0.004, 0.0046),
        (0.0045, 0.0041),
        (0.010, 0.0041),
        (0.0105, 0.0046),
        (0.0140, 0.0046),
        (0.0150, 0.0036),
    )
    return [*pieces, lathe(axis, profile, "silver", 12)]


def _frog() -> list[Piece]:
    """Ebony frog with hollowed sides' look, pearl eyes, slide, ferrule and heel plate."""
    under = violin.STICK_HEIGHT - 0.0035
    arc = np.linspace(0, np.pi / 2, 7)
    throat = np.stack(
        [-0.013 + 0.010 * np.sin(arc) - 0.0005, 0.004 + (under - 0.004) * (1 - np.cos(arc)) * 0.999], axis=1
    )
    outline = np.array(
        [
            (FROG_BACK, -0.0035),
            (-0.012, -0.0035),
            *throat,
            (-0.0030, under + 0.0012),
            (FROG_BACK + 0.0015, under + 0.0012),
        ]
    )
    rings = []
    for y, shrink in ((-0.0060, 0.03), (-0.0054, 0.0), (0.0054, 0.0), (0.0060, 0.03)):
        middle = outline.mean(axis=0)
        flat = middle + (outline - middle) * (1 - shrink)
        rings.append(np.stack([flat[:, 0], np.full(len(flat), y), flat[:, 1]], axis=1))
    body = loft(np.array(rings), "ebony", smooth=False)
    eyes = []
    for side in (1.0, -1.0):
        start = np.array([-0.027, side * 0.0055, 0.0068])
        eyes.append(
            lathe(
                np.array([start, start + [0, side, 0]]), ((0, 0.0042), (0.0006, 0.0042), (0.0008, 0.0036)), "silver", 14
            )
        )
        eyes.append(
            lathe(
                np.array([start, start + [0, side, 0]]), ((0, 0.0032), (0.0009, 0.0032), (0.0010, 0.0028)), "pearl", 14
            )
        )
    ferrule = _box((-0.0125, 0.0006), (-0.0064, 0.0064), (-0.0040, 0.0042), "silver")
    slide = _box((FROG_BACK + 0.001, -0.0125), (-0.0045, 0.0045), (-0.0042, -0.0033), "pearl")
    heel = _box((FROG_BACK - 0.0006, FROG_BACK + 0.004), (-0.0057, 0.0057), (-0.0037, 0.0105), "silver")
    return [body, *eyes, ferrule, slide, heel]


def _box(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], material: str) -> Piece:
    """A box with slightly rounded edges along Y."""
    c = 0.0006
    outline = np.array(
        [
            (y[0] + c, z[0]),
            (y[1] - c, z[0]),
            (y[1], z[0] + c),
            (y[1], z[1] - c),
            (y[1] - c, z[1]),
            (y[0] + c, z[1]),
            (y[0], z[1] - c),
            (y[0], z[0] + c),
        ]
    )
    return prism(outline, ((x[0], 0.04), (x[0] + c, 0.0), (x[1] - c, 0.0), (x[1], 0.04)), 0, material)


def _head() -> list[Piece]:
    """The hatchet-shaped head, lofted from the face plate up to the stick, and the plate."""
    corners = np.array([(1, 0.6), (0.8, 1), (-0.8, 1), (-1, 0.6), (-1, -0.6), (-0.8, -1), (0.8, -1), (1, -0.6)])
    rings = [
        np.column_stack([LENGTH + (a + b) / 2 + corners[:, 0] * (b - a) / 2, corners[:, 1] * half, np.full(8, z)])
        for z, a, b, half in HEAD
    ]
    body = loft(np.array(rings), "pernambuco")
    plate = np.array([(-0.0016, 0.0053), (0.0110, 0.0046), (0.0245, 0.0030), (0.0265, 0.0008)]) + [LENGTH, 0]
    ring = np.concatenate([plate, plate[::-1] * [1, -1]])
    rings = [np.column_stack([ring, np.full(8, h)]) for h in (-0.0009, 0.0009)]
    return [body, loft(np.array(rings), "ivory", smooth=False)]


def _hair() -> Piece:
    """The ribbon, 10 mm wide, whose lower face is the plane of the hair."""
    x = np.linspace(0.0, LENGTH, 27)
    section = np.array([(-HAIR_HALF, 0.0), (HAIR_HALF, 0.0), (HAIR_HALF, 0.0006), (-HAIR_HALF, 0.0006)])
    rings = np.stack([np.column_stack([np.full(4, a), section]) for a in x])
    return loft(rings, "hair_bow", smooth=False)


def build_bow(name: str, materials: Materials) -> Any:
    """The bow's object."""
    pieces = [*_stick(), *_frog(), *_head(), _hair()]
    return bpy.data.objects.new(name, build_mesh(name, pieces, materials))
