# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figure's head and neck: a calm face with lowered eyes, ears, swept-back hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..core.rotations import Array
from .implicit import Field, carve, column, cone, ellipsoid, skin, smooth_min, smoothstep, ticks, union
from .meshing import Piece, patch
from .skinning import neck_weights

EYE = np.array([0.0310, -0.0720, 1.6490])


def _pair(make: Field) -> Field:
    """A shape and its mirror image."""
    return lambda p: make(np.concatenate([np.abs(p[:, :1]), p[:, 1:]], axis=1))


def _skull() -> Field:
    parts = [
        ellipsoid((0, 0.014, 1.668), (0.0735, 0.090, 0.078)),
        ellipsoid((0, -0.029, 1.626), (0.0600, 0.0600, 0.0700), -0.10),
        _pair(cone((0.047, 0.004, 1.596), (0.015, -0.060, 1.562), 0.016, 0.0135)),
        ellipsoid((0, -0.0645, 1.5600), (0.0185, 0.0165, 0.0140)),
        _pair(ellipsoid((0.0355, -0.045, 1.627), (0.024, 0.024, 0.020))),
    ]
    return union(parts, 0.024)


def _features(p: Array, head: Array) -> Array:
    """Brow, eyes, nose and mouth worked into the plain head."""
    socket = _pair(ellipsoid(EYE + [0.001, -0.0265, 0.002], (0.022, 0.0160, 0.0120)))
    head = -smooth_min(-head, socket(p), 0.022)
    head = smooth_min(head, _pair(ellipsoid(EYE, (0.0165, 0.0165, 0.0150)))(p), 0.004)
    brow = _pair(cone((0.012, -0.0855, 1.6655), (0.042, -0.0710, 1.6695), 0.0045, 0.0035))
    head = smooth_min(head, brow(p), 0.016)
    bridge = cone((0, -0.0815, 1.6570), (0, -0.1015, 1.6205), 0.0060, 0.0086)
    wings = _pair(ellipsoid((0.0096, -0.0920, 1.6158), (0.0066, 0.0092, 0.0058)))
    head = smooth_min(head, smooth_min(bridge(p), wings(p), 0.008), 0.015)
    upper = ellipsoid((0, -0.0850, 1.5945), (0.0215, 0.0085, 0.0048))
    lower = ellipsoid((0, -0.0840, 1.5865), (0.0175, 0.0085, 0.0054))
    return smooth_min(smooth_min(head, upper(p), 0.007), lower(p), 0.004)


def _ear() -> Field:
    shell = ellipsoid((0.0770, 0.0140, 1.6430), (0.0085, 0.0175, 0.0300), 0.22)
    return _pair(carve(shell, ellipsoid((0.0900, 0.0095, 1.6440), (0.0115, 0.0100, 0.0190), 0.22), 0.003))


def head_field() -> Field:
    """Head and neck."""
    skull, ear = _skull(), _ear()
    rows = [
        (1.45, 0, 0.023, 0.054, 0.054, 0.052, 0.054),
        (1.48, 0, 0.021, 0.0525, 0.0525, 0.052, 0.054),
        (1.54, 0, 0.012, 0.0515, 0.0515, 0.049, 0.054),
        (1.62, 0, 0.008, 0.052, 0.052, 0.045, 0.060),
    ]
    rows = [(r[0], r[1], r[2], r[3], r[4], r[6], r[5]) for r in rows]
    neck = column(2, rows)

    def field(p: Array) -> Array:
        whole = smooth_min(skull(p), neck(p), 0.022)
        return smooth_min(_features(p, whole), ear(p), 0.010)

    return field


def hair_field() -> Field:
    """A cap of hair, combed back, with fine furrows."""
    cap = union(
        [
            ellipsoid((0, 0.022, 1.681), (0.0835, 0.098, 0.0800)),
            ellipsoid((-0.012, -0.022, 1.722), (0.056, 0.044, 0.034)),
            ellipsoid((0, 0.050, 1.616), (0.055, 0.040, 0.056)),
        ],
        0.03,
    )
    face = union(
        [
            ellipsoid((0, -0.109, 1.640), (0.068, 0.070, 0.093)),
            _pair(ellipsoid((0.085, -0.020, 1.612), (0.030, 0.058, 0.062))),
            ellipsoid((0, 0.030, 1.515), (0.12, 0.13, 0.060)),
        ],
        0.03,
    )
    shape = carve(cap, face, 0.018)

    def field(p: Array) -> Array:
        angle = np.arctan2(p[:, 0] - 0.030, p[:, 2] - 1.640)
        furrow = np.sin(angle * 9.0 + 9.0 * p[:, 1]) + 0.6 * np.sin(angle * 15.0 - 14.0 * p[:, 1])
        parting = (
            np.exp(-(((p[:, 0] - 0.034) / 0.0055) ** 2))
            * smoothstep(p[:, 2], 1.68, 1.715)
            * smoothstep(p[:, 1], 0.05, 0.0)
        )
        return np.asarray(shape(p) + 0.0009 * furrow + 0.0045 * parting)

    return field


def _ribbon(field: Field, line: Array, half: Array, material: str, lift: float) -> Piece:
    """A strip along a line on the face; ``half`` is its half height at each point."""
    offset = np.linspace(-1, 1, 3)[:, None, None] * np.array([0.0, 0.0, 1.0]) * half[None, :, None]
    return patch(field, line[None] + offset, lift, material, 0.001)


def _details(field: Field) -> list[Piece]:
    """Eyebrows, lashes and lips, each on the left side or across."""
    t = np.linspace(0, 1, 12)
    taper = np.sin(np.pi * np.clip(t * 0.9 + 0.06, 0, 1)) ** 0.6
    brow = np.stack([0.0130 + 0.0360 * t, -0.092 + 0.022 * t**2, 1.6685 + 0.0075 * np.sin(t * 2.3)], axis=1)
    lash = np.stack([0.0165 + 0.0300 * t, -0.092 + 0.010 * t, 1.6455 - 0.0042 * np.sin(np.pi * t)], axis=1)
    pieces = []
    for line, half, material in ((brow, 0.0026 * taper, "hair"), (lash, 0.0010 * taper + 2e-4, "lash")):
        piece = _ribbon(field, line, half, material, 0.0009)
        pieces += [piece, piece.mirrored()]
    return [*pieces, *_mouth(field)]


def _mouth(field: Field) -> list[Piece]:
    """Both lips as one sheet, and the line between them."""
    s, rows = np.linspace(-1, 1, 13), np.array([-1, -0.66, -0.33, -0.09, 0.09, 0.36, 0.68, 1])[:, None]
    upper = 5e-4 + 0.0052 * (1 - s**2) ** 0.8 * (1.0 - 0.22 * np.exp(-((s / 0.22) ** 2)))
    lower = 5e-4 + 0.0068 * (1 - s**2) ** 0.65
    height = 1.5905 - 0.0008 * (1 - s**2) + np.where(rows > 0, upper, lower) * rows
    sheet = np.stack([0.0205 * s + 0 * rows, -0.093 + 0.008 * s**2 + 0 * rows, height], axis=-1)
    lips = patch(field, sheet, 0.0013, "lips", 0.003)
    seam = np.zeros(len(lips.faces), dtype=bool)
    seam[3 * (len(s) - 1) : 4 * (len(s) - 1)] = True
    return [replace(lips, faces=lips.faces[~seam]), replace(lips, faces=lips.faces[seam], material="seam")]


def head_pieces() -> list[Piece]:
    """Head, hair and details with weights."""
    field, hair = head_field(), hair_field()
    x = ticks((-0.095, -0.05, 0.0070), (-0.05, 0.05, 0.0060), (0.05, 0.095, 0.0070))
    y = ticks((-0.125, -0.055, 0.0050), (-0.055, -0.008, 0.0115), (-0.008, 0.036, 0.0065), (0.036, 0.125, 0.017))
    z = ticks((1.43, 1.53, 0.016), (1.53, 1.69, 0.0060), (1.69, 1.765, 0.014))
    face = Piece(*skin(field, (x, y, z)), "skin")
    face = face.without((hair(face.vertices) < -0.005) | (face.vertices[:, 2] < 1.478))
    axes = (
        ticks((-0.10, 0.016, 0.0104), (0.016, 0.052, 0.0055), (0.052, 0.10, 0.0104)),
        ticks((-0.11, 0.14, 0.0114)),
        ticks((1.53, 1.78, 0.0104)),
    )
    cap = Piece(*skin(hair, axes), "hair")
    cap = cap.without(field(cap.vertices) < -0.006)
    return [p.weighted(neck_weights) for p in (face, cap, *_details(field))]
