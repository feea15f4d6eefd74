# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figure's concert dress: jacket with lapels, shirt, bow tie, trousers, shoes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..core.rotations import Array
from .figure_collar import collar_pieces, collar_weights
from .implicit import Field, column, cone, project, skin, smooth_min, ticks, union
from .meshing import Piece, loft, patch
from .skinning import at, rigid, shoe_weights, skirt_weights, trouser_weights

TORSO = (
    # z, width, front, back, centre y
    (0.790, 0.191, 0.122, 0.126, 0.006),
    (0.846, 0.189, 0.119, 0.126, 0.006),
    (0.930, 0.183, 0.113, 0.124, 0.006),
    (1.080, 0.148, 0.100, 0.094, 0.006),
    (1.180, 0.153, 0.108, 0.098, 0.010),
    (1.290, 0.172, 0.122, 0.104, 0.014),
    (1.370, 0.170, 0.112, 0.102, 0.018),
    (1.430, 0.142, 0.082, 0.090, 0.020),
    (1.462, 0.092, 0.060, 0.068, 0.022),
    (1.486, 0.056, 0.046, 0.050, 0.022),
)
SLEEVE = (
    # x, half depth (y), up, down
    (0.120, 0.052, 0.040, 0.060),
    (0.175, 0.056, 0.043, 0.058),
    (0.240, 0.053, 0.045, 0.054),
    (0.340, 0.047, 0.045, 0.047),
    (0.480, 0.041, 0.041, 0.041),
    (0.580, 0.041, 0.041, 0.041),
    (0.680, 0.0380, 0.0380, 0.0380),
    (0.790, 0.0390, 0.0375, 0.0375),
)
HEM = 0.846
SLEEVE_END = 0.742
"""Where the jacket ends."""
LEG = (
    # z, half width, front, back, centre x, centre y
    (0.052, 0.056, 0.064, 0.060, 0.084, -0.004),
    (0.200, 0.053, 0.056, 0.062, 0.084, 0.004),
    (0.340, 0.060, 0.058, 0.074, 0.085, 0.006),
    (0.500, 0.062, 0.066, 0.064, 0.086, 0.000),
    (0.700, 0.076, 0.080, 0.082, 0.089, 0.000),
    (0.860, 0.084, 0.086, 0.094, 0.088, 0.004),
    (0.950, 0.076, 0.084, 0.092, 0.082, 0.006),
    (1.000, 0.070, 0.076, 0.084, 0.076, 0.006),
)


def jacket_field() -> Field:
    """Torso and both sleeves in one."""
    torso = column(2, [(z, 0.0, y, w, w, b, f) for z, w, f, b, y in TORSO], 2.25, 0.012)
    shoulder = at("left_upper_arm")
    rows = [(x, shoulder[1], shoulder[2], w, w, up, down) for x, w, up, down in SLEEVE]
    sleeve = column(0, rows, 2.1, 0.003)
    pad = cone((0.055, 0.026, 1.462), (0.150, 0.018, 1.446), 0.030, 0.028)

    def field(p: Array) -> Array:
        q = np.concatenate([np.abs(p[:, :1]), p[:, 1:]], axis=1)
        body = smooth_min(torso(p), pad(q), 0.03)
        return smooth_min(body, sleeve(q), 0.045)

    return field


def _jacket(field: Field) -> Piece:
    side = ((0.24, 0.44, 0.029), (0.44, 0.56, 0.0172), (0.56, 0.72, 0.027), (0.72, 0.81, 0.011))
    right = [(-b, -a, step) for a, b, step in reversed(side)]
    x = ticks(*right, (-0.24, 0.24, 0.0205), *side)
    y = ticks((-0.14, 0.16, 0.0188))
    z = ticks((0.775, 0.86, 0.0142), (0.86, 1.34, 0.032), (1.34, 1.52, 0.0165))
    piece = Piece(*skin(field, (x, y, z)), "jacket")
    v = piece.vertices
    piece = piece.without((np.abs(v[:, 0]) > SLEEVE_END) | (v[:, 2] < HEM))
    trimmed = np.clip(piece.vertices, [-SLEEVE_END, -1.0, HEM], [SLEEVE_END, 1.0, 2.0])
    return replace(piece, vertices=trimmed).weighted(skirt_weights)


def _strip(
    field: Field, left: Array, right: Array, lift: float, material: str, columns: int = 7, rim: float = 0.006
) -> Piece:
    """A sheet on the jacket's front between two lines of (x, z) points."""
    n = 16
    stations = np.linspace(0, 1, n)
    ends = [
        np.stack([np.interp(stations, np.linspace(0, 1, len(e)), e[:, i]) for i in (0, 1)], axis=1)
        for e in (left, right)
    ]
    t = np.linspace(0, 1, columns)[None, :, None]
    flat = ends[0][:, None] * (1 - t) + ends[1][:, None] * t
    points = np.stack([flat[..., 0], np.full(flat.shape[:2], -0.06), flat[..., 1]], axis=-1)
    for _ in range(12):  # along Y only, so that the outline stays straight from the front
        value = field(points.reshape(-1, 3)).reshape(n, columns)
        points[..., 1] -= np.where(value < 0, -1, 1) * -np.minimum(np.abs(value), 0.02)
    return patch(field, points, lift, material, rim)


def _front(field: Field) -> list[Piece]:
    """Shirt in the opening, lapels, front edge, buttons, pocket square."""
    low = 1.16
    opening = np.array([(0.050, 1.490), (0.046, 1.44), (0.028, 1.30), (0.002, low)])
    shirt = _strip(field, opening * [-1.0, 1.0], opening, 0.0012, "shirt", 13)
    edge = np.array([(0.068, 1.478), (0.100, 1.405), (0.094, 1.372), (0.060, 1.27), (0.006, low - 0.012)])
    fold = np.array([(0.046, 1.489), (0.046, 1.44), (0.034, 1.34), (0.020, 1.255), (-0.004, low - 0.006)])
    lapel = _strip(field, fold, edge, 0.0055, "lapel", 5)
    line = np.array([(0.002, low), (0.004, 1.05), (0.010, 0.95), (0.026, 0.845)])
    seam = _strip(field, line - [0.0012, 0], line + [0.0012, 0], 0.0010, "lapel", 2)
    square = np.array([(0.088, 1.318), (0.122, 1.330)])
    cloth = _strip(
        field, np.array([(0.091, 1.300), (0.094, 1.326)]), np.array([(0.121, 1.303), (0.119, 1.322)]), 0.003, "shirt", 5
    )
    welt = _strip(field, square - [0, 0.022], square - [0, 0.010], 0.0045, "jacket", 3)
    return [shirt, lapel, lapel.mirrored(), seam, cloth, welt, *_buttons(field)]


def _buttons(field: Field) -> list[Piece]:
    pieces = []
    for x, z, size, material in (
        (0.010, 1.125, 0.0085, "lapel"),
        (0.012, 1.045, 0.0085, "lapel"),
        (0.0, 1.375, 0.0042, "pearl"),
        (0.0, 1.305, 0.0042, "pearl"),
        (0.0, 1.235, 0.0042, "pearl"),
    ):
        centre = project(field, np.array([[x, -0.11, z]]), 6)[0]
        angle = np.arange(12) * np.pi / 6
        circle = np.stack([np.cos(angle), 0 * angle, np.sin(angle)], axis=1)
        rings = [centre + circle * size * r + [0, -d, 0] for r, d in ((1, -0.003), (1, 0.0025), (0.8, 0.0038))]
        pieces.append(loft(np.array(rings), material))
    return pieces


def _cuff() -> Piece:
    """The shirt's cuff between sleeve and hand."""
    centre = at("left_upper_arm")
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([0 * angle, np.cos(angle), np.sin(angle)], axis=1)
    rings = [
        centre * [0, 1, 1] + [x, 0, 0] + circle * r
        for x, r in ((0.715, 0.0318), (0.7530, 0.0316), (0.7545, 0.0306), (0.7535, 0.0294), (0.725, 0.0286))
    ]
    piece = loft(np.array(rings), "shirt", (False, True))
    return piece.weighted(lambda p: rigid("left_lower_arm", p))


def _trousers() -> Piece:
    leg = column(2, [(z, x, y, w, w, b, f) for z, w, f, b, x, y in LEG], 2.15, 0.006)

    def field(p: Array) -> Array:
        right = leg(p * [-1, 1, 1])
        return smooth_min(leg(p), right, 0.016)

    z = ticks((0.03, 0.07, 0.014), (0.07, 0.42, 0.044), (0.42, 0.58, 0.023), (0.58, 0.80, 0.044), (0.80, 1.03, 0.024))
    grid = (ticks((-0.21, 0.21, 0.0235)), ticks((-0.14, 0.15, 0.0240)), z)
    piece = Piece(*skin(field, grid), "trousers")
    jacket = jacket_field()
    return piece.without((jacket(piece.vertices) < -0.008) & (piece.vertices[:, 2] > HEM + 0.03)).weighted(
        trouser_weights
    )


def _shoe() -> list[Piece]:
    x = at("left_foot")[0]
    upper = union(
        [
            cone((x, 0.030, 0.042), (x + 0.004, -0.120, 0.030), 0.034, 0.034, (1, 1, 0.85)),
            cone((x + 0.002, -0.10, 0.026), (x + 0.003, -0.178, 0.022), 0.038, 0.027, (1, 1, 0.72)),
            cone((x, 0.012, 0.05), (x, 0.006, 0.105), 0.036, 0.036),
        ],
        0.025,
    )

    def body(p: Array) -> Array:
        """The upper, cut flat above the sole."""
        return -smooth_min(-upper(p), p[:, 2] - 0.010, 0.006)

    grid = (
        ticks((x - 0.06, x + 0.06, 0.0132)),
        ticks((-0.23, 0.085, 0.0135)),
        ticks((-0.01, 0.10, 0.0132), (0.10, 0.17, 0.023)),
    )
    vertices, quads = skin(body, grid, 1)
    t = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    y = -0.062 - 0.146 * np.cos(t)
    half = np.interp(-y, [-0.084, -0.05, 0.04, 0.11, 0.15, 0.208], [0.026, 0.034, 0.034, 0.0425, 0.040, 0.020])
    ring = np.stack([x + 0.002 + half * np.sign(np.sin(t)) * np.abs(np.sin(t)) ** 0.75, y, 0 * t], axis=1)
    sole = loft(np.array([ring, ring + [0, 0, 0.014]]), "sole", smooth=False)
    return [Piece(vertices, quads, "shoe").weighted(shoe_weights), sole.weighted(shoe_weights)]


def clothes_pieces() -> list[Piece]:
    """All clothes with weights."""
    field = jacket_field()
    left = [_cuff(), *_shoe()]
    return [
        _jacket(field),
        *(p.weighted(skirt_weights) for p in _front(field)),
        *(p.weighted(collar_weights) for p in collar_pieces(field)),
        _trousers(),
        *left,
        *(p.mirrored() for p in left),
    ]
