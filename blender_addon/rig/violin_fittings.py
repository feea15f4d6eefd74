# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neck, scroll, pegs, fingerboard, bridge, tailpiece, chin rest and strings, in the violin frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ..core import violin
from ..core.rotations import Array
from .meshing import Piece, flipped, lathe, loft, outward, tube
from .violin_tail import chin_rest, tail_end, tailpiece

NUT_U: Final = violin.BODY_LENGTH + violin.NECK_STOP
BRIDGE_U: Final = violin.BODY_LENGTH - violin.BODY_STOP
BOARD_END_U: Final = NUT_U - violin.FINGERBOARD_LENGTH
RADII: Final = (0.00050, 0.00048, 0.00044, 0.00032)
"""Half the thickness of the strings, G to E; a little more than real, to be seen."""
PEG_U: Final = (0.513, 0.548, 0.534, 0.499)
"""Where the strings G, D, A, E reach their pegs."""


def _ring_section(u: float, half: float, top: float, thick: float, drop: float) -> Array:
    """A section of the neck: 16 points, rounded below, ``top`` is the joint with the board."""
    angle = np.linspace(0, np.pi, 13)
    below = np.stack([half * np.cos(angle), top - thick * np.sin(angle) ** 0.8 - drop], axis=1)
    above = np.stack([np.linspace(-half, half, 5)[1:-1], np.full(3, top)], axis=1)
    ring = np.concatenate([below, above])
    return np.stack([ring[:, 0], np.full(len(ring), -u), ring[:, 1]], axis=1)


def board_top(u: Array | float) -> Array:
    """Height of the middle of the fingerboard: 0.6 mm under the strings at the nut, 4 mm at its end."""
    t = (NUT_U - np.asarray(u, float)) / (NUT_U - BOARD_END_U)
    ends = violin.NUT_TOP - 0.0006, violin.NUT_TOP + (violin.BRIDGE_TOP - violin.NUT_TOP) * 0.82 - 0.0040
    return np.asarray(ends[0] + (ends[1] - ends[0]) * t)


def _crown(half: float, top: float, count: int = 9) -> Array:
    """(x, z) points across the fingerboard's or bridge's arc."""
    x = np.linspace(half, -half, count)
    return np.stack([x, top - (violin.BRIDGE_RADIUS - np.sqrt(violin.BRIDGE_RADIUS**2 - x**2))], axis=1)


def fingerboard() -> list[Piece]:
    """The ebony board and the nut."""
    rings = []
    for u in np.linspace(BOARD_END_U, NUT_U, 12):
        half = float(np.interp(u, [BOARD_END_U, NUT_U], [0.0212, 0.0121]))
        crown = _crown(half, float(board_top(u)))
        under = np.stack([[-half, -half * 0.5, half * 0.5, half], np.full(4, crown[0, 1] - 0.0045)], axis=1)
        under[1:3, 1] += 0.0018 if u < 0.36 else 0.0
        ring = np.concatenate([crown, under])
        rings.append(np.stack([ring[:, 0], np.full(len(ring), -u), ring[:, 1]], axis=1))
    board = loft(np.array(rings), "ebony", smooth=False)
    crown = _crown(0.0118, violin.NUT_TOP + 0.0004)
    outline = np.concatenate([crown, [[-0.0118, -0.008], [0.0118, -0.008]]])
    rings = [
        np.stack([outline[:, 0], np.full(len(outline), -u), outline[:, 1]], axis=1)
        for u in (NUT_U + 1e-5, NUT_U + 0.005)
    ]
    return [board, loft(np.array(rings), "ebony", smooth=False)]


def neck() -> Piece:
    """The neck with its heel."""
    rows = (
        # u, half width, thickness
        (0.3540, 0.0165, 0.0430),
        (0.3600, 0.0163, 0.0390),
        (0.3680, 0.0155, 0.0270),
        (0.3790, 0.0150, 0.0175),
        (0.3950, 0.0146, 0.0148),
        (0.4300, 0.0135, 0.0138),
        (0.4700, 0.0124, 0.0128),
        (0.4850, 0.0120, 0.0130),
        (0.4930, 0.0120, 0.0165),
    )
    rings = []
    for u, half, thick in rows:
        edge = _crown(0.0121, float(board_top(min(u, NUT_U))))[0, 1] - 0.0045
        rings.append(_ring_section(u, half, edge + 0.0010, thick, 0.0))
    return loft(np.array(rings), "varnish_dark")


def _head_line() -> tuple[Array, Array, Array]:
    """Pegbox and volute: middle line (N, 2) in (u, z), half height and half width there."""
    eye = np.array([0.5735, -0.0150])
    turn = np.linspace(0.0, 2 * np.pi * 1.85, 48)
    radius = 0.0108 * np.exp(-0.155 * turn) + 0.0004
    start = -np.pi * 0.62
    volute = eye + radius[:, None] * np.stack([np.cos(start + turn), np.sin(start + turn)], axis=1)
    box = np.stack(
        [np.linspace(0.489, volute[0, 0] - 0.006, 9), np.linspace(-0.0125, volute[0, 1] + 0.0005, 9)], axis=1
    )
    line = np.concatenate([box, volute])
    high = np.concatenate([np.linspace(0.0098, 0.0058, 9), 0.0052 * np.exp(-0.150 * turn) + 0.0003])
    wide = np.concatenate([np.linspace(0.0122, 0.0090, 9), 0.0080 + 0.0125 * (turn / turn[-1]) ** 1.1])
    return line, high, wide


def head() -> list[Piece]:
    """Pegbox and scroll as one band that rolls up while it widens."""
    line, high, wide = _head_line()
    way = np.gradient(line, axis=0)
    normal = np.stack([-way[:, 1], way[:, 0]], axis=1) / np.linalg.norm(way, axis=1, keepdims=True)
    corners = np.array([(1, 0.86), (0.86, 1), (-0.86, 1), (-1, 0.86), (-1, -0.86), (-0.86, -1), (0.86, -1), (1, -0.86)])
    flat = line[:, None] + normal[:, None] * (corners[None, :, 1] * high[:, None])[..., None]
    rings = np.stack([corners[None, :, 0] * wide[:, None], -flat[..., 0], flat[..., 1]], axis=-1)
    band = loft(rings, "varnish_dark", smooth=False)
    slot = np.array([(0.494, 0.0078), (0.555, 0.0052), (0.555, -0.0052), (0.494, -0.0078)])
    z = np.interp(slot[:, 0], line[:9, 0], line[:9, 1] + high[:9])
    hollow = np.stack([slot[:, 1], -slot[:, 0], z + 0.0003], axis=1)
    return [band, Piece(hollow[::-1], np.array([[0, 1, 2, 3]]), "ebony")]


def peg_line(string: int) -> Array:
    """(2, 3) points of a peg's axis from the small end to the head."""
    u, side = PEG_U[string], 1.0 if string < 2 else -1.0
    z = np.interp(u, [0.489, 0.565], [-0.0088, -0.0225])
    return np.array([[-side * 0.015, -u, z], [side * 0.045, -u, z]])


def pegs() -> list[Piece]:
    pieces = []
    for string in range(4):
        axis = peg_line(string)
        profile = ((0.0, 0.0024), (0.027, 0.0034), (0.0275, 0.0046), (0.0295, 0.0046), (0.030, 0.0034), (0.033, 0.0032))
        pieces.append(lathe(axis, profile, "boxwood", 10))
        side = np.sign(axis[1, 0] - axis[0, 0])
        grip = np.array([axis[0] + [side * a, 0, 0] for a in (0.032, 0.035, 0.040, 0.046, 0.049, 0.050)])
        pieces.append(tube(grip, np.array([0.0030, 0.0060, 0.0088, 0.0080, 0.0045, 0.0010]), "boxwood", 12, 0.42))
    return pieces


def bridge() -> Piece:
    """A bridge with feet, waist, kidney cuts and the strings' own arc on top."""
    crown = _crown(violin.BRIDGE_SPACING / 2 + 0.0032, violin.BRIDGE_TOP - 0.0003, 13)
    base = violin.BRIDGE_TOP - 0.033
    right = [
        (-0.0185, base + 0.019),
        (-0.0150, base + 0.0165),
        (-0.0165, base + 0.0135),
        (-0.0205, base + 0.0095),
        (-0.0150, base + 0.0060),
        (-0.0208, base + 0.0015),
        (-0.0210, base - 0.0035),
        (-0.0105, base - 0.0016),
        (-0.0085, base + 0.0032),
        (0.0, base + 0.0062),
    ]
    outline = np.array([*crown, *right, *((-x, z) for x, z in right[-2::-1])])
    rings = [
        np.stack([outline[:, 0] * s, np.full(len(outline), -BRIDGE_U + y), outline[:, 1]], axis=1)
        for y, s in ((-0.0014, 1.0), (0.0016, 1.0))
    ]
    piece = loft(np.array(rings), "maple", (False, False), smooth=False)
    return _with_face(piece, len(outline))


def _with_face(piece: Piece, count: int) -> Piece:
    """Close a symmetric outline's two faces by strips across, since it is not convex."""
    crown = [(i, i + 1, 12 - i - 1, 12 - i) for i in range(5)] + [(5, 6, 7, -1)]
    legs = [(12, 13, count - 1, 0)]
    legs += [(13 + i, 14 + i, count - 2 - i, count - 1 - i) for i in range(4)]
    legs += [(17, 21, 22, -1), (17, 22, 27, -1), (27, 22, 23, -1), (17, 18, 19, 20), (17, 20, 21, -1)]
    legs += [(27, 23, 24, -1), (27, 24, 25, 26)]
    faces = np.array([*crown, *legs])
    front, back = flipped(faces), faces.copy()
    back[back >= 0] += count
    return outward(replace(piece, faces=np.concatenate([piece.faces, front, back])))


def string_pieces() -> list[Piece]:
    """Four strings from the tailpiece over bridge and nut to the pegs."""
    pieces = []
    for string in range(4):
        peg = peg_line(string).mean(axis=0) * [0.0, 1.0, 1.0] + [violin.NUT[string][0] * 0.45, 0.0, 0.0034]
        path = np.array([tail_end(string), violin.BRIDGE[string], violin.NUT[string], peg])
        pieces.append(_string(path, RADII[string], "steel" if string == 3 else "gut"))
    return pieces


def _string(path: Array, radius: float, material: str) -> Piece:
    """A thin tube with rings in the plane across the violin, centred on the path's points."""
    angle = np.arange(5) * 2 * np.pi / 5
    circle = np.stack([np.cos(angle), 0 * angle, np.sin(angle)], axis=1) * radius
    return loft(path[:, None] + circle, material)


def fittings() -> list[Piece]:
    """All but body and strings."""
    return [neck(), *head(), *pegs(), *fingerboard(), bridge(), *tailpiece(), *chin_rest()]
