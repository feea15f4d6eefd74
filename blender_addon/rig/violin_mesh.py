# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The violin's mesh in the violin frame: body here, fittings in ``violin_fittings``.

Own outline on the measures in ``core.violin`` (upper bout 168 mm, middle 110 mm, lower
bout 208 mm). ``u`` is the distance from the end button towards the scroll: y = -u.
"""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np

from ..core import violin
from ..core.rotations import Array
from .implicit import curve
from .materials import Materials
from .meshing import Piece, build_mesh, fan, grid_faces, join_seams, loft
from .violin_fittings import fittings, string_pieces

LOWER: Final = (
    (0.0, 0.0),
    (0.0016, 0.030),
    (0.012, 0.064),
    (0.031, 0.089),
    (0.056, 0.1018),
    (0.077, 0.104),
    (0.098, 0.1015),
    (0.117, 0.0955),
    (0.132, 0.0905),
    (0.142, 0.0892),
    (0.1505, 0.0925),
)
MIDDLE: Final = (
    (0.1525, 0.0905),
    (0.1555, 0.0815),
    (0.163, 0.0695),
    (0.175, 0.0602),
    (0.190, 0.0555),
    (0.203, 0.0550),
    (0.216, 0.0582),
    (0.227, 0.0648),
    (0.2335, 0.0722),
    (0.2362, 0.0772),
)
UPPER: Final = (
    (0.2380, 0.0788),
    (0.2455, 0.0760),
    (0.255, 0.0768),
    (0.272, 0.0818),
    (0.291, 0.0840),
    (0.309, 0.0818),
    (0.326, 0.0738),
    (0.340, 0.0595),
    (0.349, 0.0405),
    (0.3545, 0.0200),
    (0.356, 0.0),
)
WAIST: Final = ((0.142, 0.0800), (0.163, 0.0655), (0.190, 0.0555), (0.203, 0.0550), (0.227, 0.0625), (0.250, 0.0735))
"""Half widths that the arch follows between the corners."""
CHANNEL: Final = 0.0070
SOUND_HOLE: Final = (
    (0.1925, 0.0195),
    (0.1975, 0.0212),
    (0.1995, 0.0250),
    (0.1970, 0.0293),
    (0.1870, 0.0325),
    (0.1610, 0.0372),
    (0.1370, 0.0418),
    (0.1265, 0.0450),
    (0.1225, 0.0500),
    (0.1250, 0.0548),
    (0.1310, 0.0562),
)
"""Middle line of the left f-hole, (u, x)."""
EYES: Final = ((0.1922, 0.0215, 0.0031), (0.1318, 0.0536, 0.0039))
NOTCH: Final = (0.1610, 0.0372)
RIB: Final = 0.030
EDGE: Final = 0.0040
OVERHANG: Final = 0.0027
ARCH: Final = violin.BRIDGE_TOP - 0.033


def _smooth(points: tuple[tuple[float, float], ...], count: int) -> Array:
    """Evenly spaced points on a smooth curve through (u, half width) points."""
    rows = np.array(points)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(rows, axis=0), axis=1))])
    dense = curve(length, rows, np.linspace(0, length[-1], 400))
    walked = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
    even = np.linspace(0, walked[-1], count)
    return np.stack([np.interp(even, walked, dense[:, i]) for i in (0, 1)], axis=1)


def half_outline() -> Array:
    """(N, 2) points (u, half width) of the edge, from the end button to the neck."""
    return np.concatenate([_smooth(LOWER, 16), _smooth(MIDDLE, 13), _smooth(UPPER, 16)])


def inset(outline: Array, by: float) -> Array:
    """The half outline moved inwards by ``by`` metres; its ends stay on the middle line."""
    way = np.gradient(outline, axis=0)
    normal = np.stack([way[:, 1], -way[:, 0]], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    normal[0], normal[-1] = (1.0, 0.0), (-1.0, 0.0)
    moved = outline + by * normal
    moved[[0, -1], 1] = 0.0
    return np.asarray(moved)


def arch_height(u: Array, x: Array) -> Array:
    """Height of a plate above its edge; the arch passes the corners by."""
    rows = np.array([r for r in LOWER if r[0] < 0.12] + list(WAIST) + [r for r in UPPER if r[0] > 0.26])
    half = curve(rows[:, 0], rows[:, 1:], np.clip(u, 0.0, violin.BODY_LENGTH).ravel()).reshape(np.shape(u)) - CHANNEL
    t = np.clip(2.0 * u / violin.BODY_LENGTH - 1.0, -1.0, 1.0)
    along = (1.0 - np.abs(t) ** 2.6) ** 0.85
    q = np.clip(np.abs(x) / np.maximum(half, 1e-3), 0.0, 1.0)
    return np.asarray(ARCH * along * (0.5 + 0.5 * np.cos(np.pi * q)) ** 0.85)


def _averaged(points: Array, reach: int) -> Array:
    """Points (N, 2) averaged along a line over ``reach`` neighbours on either side; the ends stay."""
    size = 2 * reach + 1
    wide = np.pad(points, ((reach, reach), (0, 0)), "reflect", reflect_type="odd")
    return np.stack([np.convolve(wide[:, i], np.ones(size) / size, "valid") for i in (0, 1)], axis=1)


def _half_plate(outline: Array) -> Array:
    """Points (N, C, 2) from the edge to the middle line; rows straighten out towards the middle."""
    rims = [inset(outline, by) for by in (0.0004, 0.0, 0.0036, 0.0049, 0.0070)]
    rims[-2:] = _averaged(rims[-2], 1), _averaged(rims[-1], 2)
    inner = rims[-1]
    even = _averaged(inner, 4)[:, 0]
    columns = list(rims)
    for share in (0.84, 0.62, 0.34, 0.0):
        straight = min(1.0, (1.0 - share) * 2.4)
        columns.append(np.stack([inner[:, 0] * (1 - straight) + even * straight, inner[:, 1] * share], axis=1))
    return np.stack(columns, axis=1)


def plate(top: bool) -> list[Piece]:
    """Belly or back: arched, with a rounded edge and purfling."""
    half = _half_plate(half_outline())
    height = arch_height(half[..., 0], half[..., 1])
    height[:, :5] = np.array([-EDGE, -EDGE * 0.35, 0.0, -0.0004, -0.0002])
    wide = np.concatenate([half[..., 1], -half[:, -2::-1, 1]], axis=1)
    u = np.concatenate([half[..., 0], half[:, -2::-1, 0]], axis=1)
    z = np.concatenate([height, height[:, -2::-1]], axis=1)
    z = z if top else -z - RIB - 2 * EDGE
    vertices = np.stack([wide, -u, z], axis=-1).reshape(-1, 3)
    rows, columns = u.shape
    faces = grid_faces(rows, columns)
    faces = faces if top else faces[:, ::-1]
    lane = np.tile(np.minimum(np.arange(columns - 1), columns - 2 - np.arange(columns - 1)), rows - 1)
    parts = (("edge", lane < 1), ("varnish", (lane == 1) | (lane > 2)), ("ebony", lane == 2))
    whole = np.zeros(len(vertices), dtype=bool)
    return [Piece(vertices, faces[mask], material).without(whole) for material, mask in parts]


def ribs() -> Piece:
    """The sides, under the overhanging edges."""
    half = inset(half_outline(), OVERHANG)
    half = half[np.concatenate([[True], np.linalg.norm(np.diff(half, axis=0), axis=1) > 1e-4])]
    ring = np.concatenate([half, half[-2:0:-1] * [1, -1]])
    level = [-EDGE * 0.7, -EDGE - RIB - EDGE * 0.3]
    rings = np.stack([np.stack([ring[:, 1], -ring[:, 0], np.full(len(ring), z)], axis=1) for z in level])
    return loft(rings[::-1, ::-1], "varnish_dark", (False, False))


def sound_hole() -> list[Piece]:
    """The left f-hole as dark inlays that follow the arch: stem, two eyes, two nicks."""
    line = _smooth(SOUND_HOLE, 29)
    t = np.linspace(-1, 1, len(line))
    half = 0.0007 + 0.0019 * np.clip(1.0 - (t / 0.62) ** 2, 0.0, 1.0) + 0.0004 * np.clip(1.0 - np.abs(t), 0.0, 1.0)
    way = np.gradient(line, axis=0)
    side = np.stack([-way[:, 1], way[:, 0]], axis=1) / np.linalg.norm(way, axis=1, keepdims=True)
    rows = np.stack([line + half[:, None] * side, line - half[:, None] * side], axis=1)
    stem = Piece(_on_belly(rows.reshape(-1, 2)), grid_faces(len(line), 2), "hollow")
    angle = np.arange(14) * 2 * np.pi / 14
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    discs = [np.array(eye[:2]) + eye[2] * circle for eye in EYES]
    discs += [NOTCH + np.array([(0.0011, 0.0), (0.0, s * 0.0048), (-0.0011, 0.0)])[::s] for s in (1, -1)]
    return [stem, *(_disc(d) for d in discs)]


def _disc(outline: Array) -> Piece:
    """A flat dark spot on the belly."""
    ring = np.arange(len(outline))
    return Piece(_on_belly(np.vstack([outline, outline.mean(axis=0)])), fan(ring, len(outline)), "hollow")


def _on_belly(points: Array, lift: float = 0.0005) -> Array:
    """(u, x) points laid on the belly's arch."""
    z = arch_height(points[:, 0], points[:, 1]) + lift
    return np.stack([points[:, 1], -points[:, 0], z], axis=1)


def build_violin(name: str, materials: Materials) -> Any:
    """The violin's object; strings also as vertex groups ``string_g`` to ``string_e``."""
    holes = sound_hole()
    pieces = [*plate(True), *plate(False), ribs(), *holes, *(p.mirrored() for p in holes), *fittings()]
    first = sum(len(p.vertices) for p in pieces)
    strings = string_pieces()
    item = bpy.data.objects.new(name, build_mesh(name, [*pieces, *strings], materials))
    for string, piece in zip(violin.STRINGS, strings, strict=True):
        group = item.vertex_groups.new(name=f"string_{string}")
        group.add(list(range(first, first + len(piece.vertices))), 1.0, "REPLACE")
        first += len(piece.vertices)
    join_seams(item.data)
    return item
