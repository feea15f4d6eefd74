# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The 88 keys as one mesh in the keyboard's frame, each weighted to a bone of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import bpy
import numpy as np

from ..core import pianist, piano
from ..core.rotations import Array
from .meshing import Piece, build_mesh, loft

GAP: Final = 0.0005
"""Half the gap between neighbours."""
FRONT_HEIGHT: Final = 0.021
FOOT: Final = 0.0012
"""How much wider a black key's foot is on either side."""
SLOPE: Final = 0.006
"""How far a black key's front leans back."""
HIDDEN: Final = 0.012
"""Metres that keys go on behind the fallboard."""


def rounded_box(low: Array, high: Array, material: str, edge: float = 0.0008) -> Piece:
    """A box with its upper edges broken."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    rings = []
    for z, inset in ((low[2], 0.0), (high[2] - edge, 0.0), (high[2], edge)):
        flat = np.where(corners == 0, low[:2] + inset, high[:2] - inset)
        rings.append(np.concatenate([flat, np.full((4, 1), z)], axis=1))
    return loft(np.array(rings), material, smooth=False)


def _white(pitch: int) -> list[Piece]:
    """A head of full width, and a tail between the black neighbours."""
    middle, half = float(piano.centre(pitch)), piano.WHITE_WIDTH / 2 - GAP
    sides = [middle + half, middle - half]
    for i, (neighbour, sign) in enumerate(((pitch - 1, -1.0), (pitch + 1, 1.0))):
        if piano.LOWEST <= neighbour <= piano.HIGHEST and piano.is_black(neighbour):
            sides[i] = float(piano.centre(neighbour)) + sign * (piano.BLACK_WIDTH / 2 + FOOT + 2 * GAP)
    left, right = sides
    head = rounded_box(
        np.array([middle - half, -piano.HEAD_LENGTH, -FRONT_HEIGHT]), np.array([middle + half, 0.0, 0.0]), "key_white"
    )
    tail = rounded_box(
        np.array([right, -piano.WHITE_LENGTH - HIDDEN, -FRONT_HEIGHT]),
        np.array([left, -piano.HEAD_LENGTH + 0.001, 0.0]),
        "key_white",
    )
    return [head, tail]


def _black(pitch: int) -> list[Piece]:
    """Wider at its foot, its front leaning back."""
    middle, half = float(piano.centre(pitch)), piano.BLACK_WIDTH / 2
    front, back = -piano.HEAD_LENGTH, -piano.WHITE_LENGTH - HIDDEN
    rings = []
    top = piano.BLACK_HEIGHT
    for z, out, lean in ((-0.008, FOOT, 0.0), (0.002, FOOT, 0.0), (top - 0.0015, 0.0, 0.7), (top, -0.001, 1.0)):
        x, near = half + out, front - SLOPE * lean + 0.001
        rings.append([[middle - x, back, z], [middle + x, back, z], [middle + x, near, z], [middle - x, near, z]])
    return [loft(np.array(rings), "key_black", smooth=False)]


def build_keys(name: str, materials: Mapping[str, Any]) -> Any:
    """The keys' object, with a vertex group for the bone of every key."""
    pieces, groups = [], []
    for pitch in range(piano.LOWEST, piano.HIGHEST + 1):
        mine = _black(pitch) if piano.is_black(pitch) else _white(pitch)
        pieces += mine
        groups.append(sum(len(p.vertices) for p in mine))
    item = bpy.data.objects.new(name, build_mesh(name, pieces, materials))
    first = 0
    for joint, count in zip(pianist.KEY_JOINTS, groups, strict=True):
        item.vertex_groups.new(name=joint).add(range(first, first + count), 1.0, "REPLACE")
        first += count
    return item
