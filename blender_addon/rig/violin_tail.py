# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lower end of the violin: tailpiece with its fittings, chin rest; in the violin frame."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..core.rotations import Array
from .meshing import Piece, lathe, loft, prism, tube

TAIL_U: Final = 0.108
"""Where the strings leave the tailpiece, from the end button."""


def tail_end(string: int) -> Array:
    """Where a string leaves the tailpiece."""
    x = np.linspace(0.0150, -0.0150, 4)[string]
    return np.array([x, -TAIL_U, 0.0330 - x**2 / 0.07])


def tailpiece() -> list[Piece]:
    """Tailpiece, gut loop, saddle, end button and fine tuner of the E string."""
    rows = (
        (0.014, 0.0085, 0.0120),
        (0.040, 0.0120, 0.0180),
        (0.085, 0.0185, 0.0272),
        (0.104, 0.0215, 0.0312),
        (0.110, 0.0218, 0.0322),
    )
    rings = []
    for u, half, top in rows:
        x = np.linspace(half, -half, 9)
        crown = np.stack([x, top - x**2 / 0.07], axis=1)
        under = np.stack([[-half * 0.9, half * 0.9], np.full(2, crown[0, 1] - 0.0035)], axis=1)
        ring = np.concatenate([crown, under])
        rings.append(np.stack([ring[:, 0], np.full(len(ring), -u), ring[:, 1]], axis=1))
    body = loft(np.array(rings), "ebony", smooth=False)
    gut = np.array(
        [[0.006, -0.020, 0.0125], [0.0045, -0.006, 0.008], [0.0030, 0.0010, 0.0025], [0.0020, 0.0055, -0.018]]
    )
    loops = [tube(gut * [s, 1, 1], 0.0009, "lash", 6) for s in (1.0, -1.0)]
    button = lathe(
        np.array([[0, -0.002, -0.019], [0, 0.02, -0.019]]),
        ((0, 0.0036), (0.006, 0.0036), (0.007, 0.0065), (0.011, 0.007), (0.014, 0.0045)),
        "ebony",
    )
    saddle = prism(
        np.array([(-0.004, -0.004), (0.004, -0.004), (0.0055, 0.003), (-0.0005, 0.0045)]),
        ((-0.016, 0.0), (0.016, 0.0)),
        0,
        "ebony",
    )
    screw = tail_end(3) + [0.0, 0.006, 0.0]
    tuner = lathe(
        np.array([screw, screw + [0, 0, 0.02]]),
        ((-0.006, 0.0016), (0.004, 0.0016), (0.0042, 0.0036), (0.0070, 0.0036)),
        "silver",
        10,
    )
    return [body, *loops, button, saddle, tuner]


def chin_rest() -> list[Piece]:
    """A hollowed cup on the G side, with its clamp."""
    angle = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    outline = np.stack([0.0520 * np.sign(c) * np.abs(c) ** 0.8, 0.0330 * np.sign(s) * np.abs(s) ** 0.85], axis=1)
    outline[:, 1] += 0.010 * (outline[:, 0] / 0.052) ** 2 * np.sign(outline[:, 1]).clip(max=0) * -0.6
    middle = np.array([0.0510, -0.0360])
    rim = 0.0255 + 0.0055 * (outline[:, 1] / 0.033) + 0.0040 * (outline[:, 0] / 0.052)
    levels = (
        (0.78, 0.0175, 0.35),
        (0.94, 0.0185, 0.55),
        (1.0, 0.0, 1.0),
        (0.97, 0.0012, 1.0),
        (0.80, -0.0035, 0.95),
        (0.5, -0.0070, 0.75),
        (0.2, -0.0085, 0.65),
    )
    rings = []
    for size, rise, share in levels:
        z = rim * share + (rise if share > 0.6 else 0.0) + (0.004 if share < 0.6 else 0.0)
        rings.append(np.column_stack([middle + outline * size, z]))
    cup = loft(np.array(rings), "ebony")
    posts = [np.array([[x, 0.0035, z] for z in (0.016, -0.012, -0.036)]) for x in (0.036, 0.054)]
    barrels = [tube(p, np.array([0.0026, 0.0034, 0.0026]), "silver", 8) for p in posts]
    foot = prism(
        np.array([(-0.010, -0.0405), (0.0055, -0.0405), (0.0055, -0.036), (-0.010, -0.037)]),
        ((0.031, 0.0), (0.059, 0.0)),
        0,
        "ebony",
    )
    return [cup, *barrels, foot]
