# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small grand piano, its pedals and its bench, in the keyboard's frame (see ``core.piano``).

Own outline, of a grand of 1.65 m; what surrounds the keyboard is as usual grands have it. The keys
are in ``piano_keys_mesh``: they move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import bpy
import numpy as np

from ..core import pianist, piano
from ..core.rotations import Array
from .implicit import curve
from .meshing import Piece, build_mesh, lathe, loft, prism, tube
from .piano_keys_mesh import rounded_box

FLOOR: Final = -piano.KEYBOARD_HEIGHT
HALF: Final = 0.740
CASE: Final = (-0.130, 0.255)
"""Bottom and top of the rim."""
THICK: Final = 0.042
BEHIND: Final = -0.190
"""Y where the rim begins, behind the fallboard."""
BENT: Final = (
    # x, y along the treble side, round the tail, to the bass side
    (-HALF, BEHIND),
    (-HALF, -0.420),
    (-0.700, -0.560),
    (-0.520, -0.720),
    (-0.300, -0.860),
    (-0.130, -1.080),
    (-0.020, -1.330),
    (0.110, -1.500),
    (0.330, -1.590),
    (0.560, -1.575),
    (0.690, -1.490),
    (HALF, -1.340),
    (HALF, BEHIND),
)
LID_ANGLE: Final = np.radians(37.0)
FLAP: Final = -0.520
"""Y in front of which the lid is folded back."""
STRINGS: Final = 44


def outline(inset: float = 0.0, count: int = 72) -> Array:
    """(N, 2) the case seen from above, from the treble's front round the tail to the bass's front."""
    rows = np.array(BENT)
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(rows, axis=0), axis=1))])
    line = np.asarray(curve(way, rows, np.linspace(0.0, way[-1], count)))
    line[:, 0] = np.clip(line[:, 0], -HALF, HALF)
    step = np.gradient(line, axis=0)
    normal = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.linalg.norm(step, axis=1, keepdims=True)
    return np.asarray(line + inset * normal)


def _rim() -> Piece:
    """The bent wall, round, with its front closed by a cross beam."""
    outer, inner = outline(), outline(THICK)
    low, high = CASE
    levels = ((outer, low), (outer, high - 0.004), (outer + 0.1 * (inner - outer), high), (inner, high), (inner, low))
    rings = [np.concatenate([line, np.full((len(line), 1), z)], axis=1) for line, z in levels]
    return loft(np.array(rings)[:, ::-1], "lacquer", (False, False))


def _inside() -> list[Piece]:
    """Soundboard, iron plate, strings, dampers."""
    inner = outline(THICK)
    board = prism(inner, [(0.05, 0.0), (0.06, 0.0)], 2, "soundboard")
    middle = inner.mean(axis=0)
    plate_line = middle + (inner - middle) * 0.93
    plate = prism(plate_line[18:54], [(0.085, 0.0), (0.100, 0.01)], 2, "plate")
    pins = rounded_box(np.array([-HALF + 0.06, -0.36, 0.06]), np.array([HALF - 0.06, -0.235, 0.115]), "plate")
    pieces = [board, plate, pins]
    for x in np.linspace(-0.63, 0.66, STRINGS):
        end = _string_end(x, inner)
        line = np.array([[x, -0.33, 0.122], [x + 0.045 * (x + 0.75), end, 0.122]])
        wound = x > 0.25
        pieces.append(tube(line, 0.0020 if wound else 0.0008, "copper" if wound else "steel", sides=5))
        pieces.append(
            rounded_box(np.array([x - 0.010, -0.430, 0.124]), np.array([x + 0.010, -0.395, 0.160]), "lacquer")
        )
    return pieces


def _string_end(x: float, inner: Array) -> float:
    """Y where a string that begins at ``x`` meets the rim, a hand's breadth inside."""
    half = inner[: len(inner) * 9 // 13]
    order = np.argsort(half[:, 0])
    return float(np.interp(x + 0.04, half[order, 0], half[order, 1])) + 0.10


def _front() -> list[Piece]:
    """Key bed, arms, key slip, fallboard, cross beam."""
    low = CASE[0]
    edge = piano.WIDTH / 2
    pieces = [
        rounded_box(np.array([-HALF, BEHIND, low]), np.array([HALF, 0.030, -0.034]), "lacquer"),
        rounded_box(np.array([-edge - 0.004, 0.008, -0.05]), np.array([edge + 0.004, 0.030, -0.014]), "lacquer", 0.003),
        rounded_box(np.array([-edge, -0.166, -0.03]), np.array([edge, -0.158, 0.0175]), "felt"),
        rounded_box(np.array([-HALF, BEHIND - THICK, low]), np.array([HALF, BEHIND, CASE[1]]), "lacquer", 0.003),
    ]
    profile = np.array([[-0.166, 0.016], [-0.158, 0.016], [-0.178, 0.140], [-0.190, 0.140]])
    pieces.append(prism(profile, [(-edge - 0.004, 0.0), (edge + 0.004, 0.0)], 0, "lacquer"))
    heights = {0.030: low, 0.029: 0.010, 0.020: 0.055, -0.020: 0.085, -0.090: 0.100, -0.150: 0.140, -0.172: CASE[1]}
    arm = np.array([*heights.items(), (BEHIND, CASE[1]), (BEHIND, low)])
    for a, b in ((-HALF, -edge - 0.004), (edge + 0.004, HALF)):
        pieces.append(prism(arm[::-1], [(a, 0.0), (b, 0.0)], 0, "lacquer"))
    return pieces


def _lid() -> list[Piece]:
    """The lid, open, hinged on the bass side; its front part folded back on it; its stick."""
    line = outline(-0.012)
    line = line[line[:, 1] < FLAP]
    line = np.concatenate([[[-HALF - 0.012, FLAP]], line, [[HALF + 0.012, FLAP]]])
    main = prism(line, [(0.0, 0.0), (0.018, 0.0)], 2, "lacquer")
    flap = np.array([[-HALF, FLAP], [-HALF, FLAP - 0.33], [HALF, FLAP - 0.33], [HALF, FLAP]])
    flap = flap * [0.98, 1.0] + [0.0, -0.004]
    folded = prism(flap, [(0.020, 0.0), (0.036, 0.0)], 2, "lacquer")
    pieces = [_opened(p) for p in (main, folded)]
    foot = np.array([-HALF + 0.03, -0.470, CASE[1] - 0.02])
    top = _turned_about_hinge(np.array([[-0.42, -0.560, 0.0]]))[0]
    return [*pieces, tube(np.array([foot, (foot + top) / 2, top]), 0.010, "lacquer", sides=6)]


def _opened(piece: Piece) -> Piece:
    return replace(piece, vertices=_turned_about_hinge(piece.vertices))


def _turned_about_hinge(points: Array) -> Array:
    """From flat on the rim to open."""
    hinge = np.array([HALF, 0.0, CASE[1] + 0.002])
    x, z = points[:, 0] - HALF, points[:, 2]
    c, s = np.cos(LID_ANGLE), np.sin(LID_ANGLE)
    return np.stack([x * c + z * s, points[:, 1], -x * s + z * c], axis=1) + hinge


def _desk() -> list[Piece]:
    """Music desk with a ledge and open music."""
    y, z = -0.330, CASE[1] + 0.004
    up = np.array([0.0, -0.32, 0.95])
    corners = np.array([[-0.36, y, z], [0.36, y, z]])

    def sheet(left: float, right: float, low: float, high: float, forward: float, thick: float, look: str) -> Piece:
        ahead = np.array([0.0, 0.95, 0.32])
        base = [np.array([x, y, z]) + up * h for x, h in ((left, low), (right, low), (right, high), (left, high))]
        rings = np.array([np.array(base) + ahead * f for f in (forward, forward + thick)])
        return loft(rings, look, smooth=False)

    board = sheet(-0.36, 0.36, 0.0, 0.245, 0.0, 0.012, "lacquer")
    pages = [sheet(a, b, 0.012, 0.290, 0.013, 0.003, "paper") for a, b in ((-0.225, -0.002), (0.002, 0.225))]
    ledge = rounded_box(corners[0] + [0.0, 0.0, -0.002], corners[1] + [0.0, 0.034, 0.012], "lacquer", 0.002)
    shelf = rounded_box(np.array([-0.40, -0.47, CASE[1] - 0.012]), np.array([0.40, -0.232, z]), "lacquer", 0.002)
    return [board, *pages, ledge, shelf]


def _legs() -> list[Piece]:
    """Three tapered legs on brass castors, and the lyre that carries the pedals."""
    pieces = []
    for x, y in ((-0.64, -0.16), (0.64, -0.16), (0.42, -1.33)):
        axis = np.array([[x, y, FLOOR], [x, y, CASE[0]]])
        profile = [(0.07, 0.030), (0.10, 0.034), (0.30, 0.040), (0.52, 0.058), (0.565, 0.066), (0.60, 0.066)]
        pieces.append(lathe(axis, profile, "lacquer", 20))
        pieces.append(lathe(axis, [(0.0, 0.022), (0.015, 0.028), (0.055, 0.028), (0.07, 0.020)], "gold", 14))
    posts = [np.array([[x, -0.235, FLOOR + 0.10], [x, -0.235, CASE[0]]]) for x in (-0.07, 0.07)]
    pieces += [lathe(axis, [(0.0, 0.020), (0.25, 0.013), (0.5, 0.018)], "lacquer") for axis in posts]
    low, high = np.array([-0.135, -0.275, FLOOR + 0.035]), np.array([0.135, -0.185, FLOOR + 0.105])
    box = rounded_box(low, high, "lacquer", 0.004)
    return [*pieces, box]


def pedal_piece() -> Piece:
    """A pedal whose end is at the origin, on top: brass, broader at its end."""
    stations = ((-0.115, 0.008, 4), (-0.080, 0.009, 4), (-0.045, 0.020, 0), (-0.015, 0.026, 0), (0.008, 0.022, -1))
    angle = np.arange(16) * 2 * np.pi / 16
    rings = [
        np.stack([half * np.cos(angle), np.full(16, y), -0.006 + 0.001 * z + 0.006 * np.sin(angle)], axis=1)
        for y, half, z in stations
    ]
    return loft(np.array(rings), "gold")


def bench_pieces() -> list[Piece]:
    """A bench whose seat's middle is at the origin: padded leather on four legs."""
    seat = [
        rounded_box(np.array([-0.30, -0.17, -0.075]), np.array([0.30, 0.17, -0.045]), "lacquer", 0.003),
        rounded_box(np.array([-0.295, -0.165, -0.045]), np.array([0.295, 0.165, 0.004]), "leather", 0.016),
    ]
    for x in (-0.26, 0.26):
        for y in (-0.13, 0.13):
            axis = np.array([[x, y, -piano.SEAT_HEIGHT], [x, y, -0.06]])
            seat.append(lathe(axis, [(0.0, 0.016), (0.30, 0.024), (0.42, 0.026)], "lacquer"))
    return seat


def build_piano(name: str, materials: Mapping[str, Any]) -> Any:
    """The piano without its keys and right pedal, in the keyboard's frame."""
    offset = pianist.PEDAL - pianist.KEYBOARD
    still = [_moved(pedal_piece(), offset + [dx, 0.0, 0.0]) for dx in (0.07, 0.14)]
    pieces = [_rim(), *_inside(), *_front(), *_lid(), *_desk(), *_legs(), *still]
    return bpy.data.objects.new(name, build_mesh(name, pieces, materials))


def _moved(piece: Piece, by: Array) -> Piece:
    return replace(piece, vertices=piece.vertices + by)
