# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The musician's body: head, hands and clothes as one skinned mesh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import bpy
import numpy as np

from ..core.rotations import Array
from ..core.skeleton import Skeleton
from .figure_clothes import clothes_pieces
from .figure_hand import hand_pieces
from .figure_head import head_pieces
from .meshing import Piece, build_mesh
from .skinning import fit, limited, reference


@lru_cache(maxsize=1)
def _pieces() -> tuple[Piece, ...]:
    """All parts of the reference figure, with weights."""
    hand = hand_pieces()
    return (*head_pieces(), *clothes_pieces(), *hand, *(p.mirrored() for p in hand))


def _weigh(body: Any, table: Array, bones: Sequence[str]) -> None:
    """Write an (N, B) table of weights as vertex groups."""
    for column, bone in enumerate(bones):
        group = body.vertex_groups.new(name=bone)
        used = np.flatnonzero(table[:, column])
        weights = np.round(table[used, column], 6)
        full = weights == 1.0
        group.add(used[full].tolist(), 1.0, "REPLACE")
        for vertex, weight in zip(used[~full].tolist(), weights[~full].tolist(), strict=True):
            group.add((vertex,), weight, "REPLACE")


def _joints(skeleton: Skeleton) -> Array:
    """(65, 3) joints of the body at rest, in the reference's order."""
    body = [j for j, role in zip(reference().joints, reference().roles, strict=True) if role != "prop"]
    return np.asarray(skeleton.rest_positions[[skeleton.index(j) for j in body]])


def build_body(name: str, skeleton: Skeleton, bones: Sequence[str], materials: Mapping[str, Any]) -> Any:
    """The body's object, fitted to the skeleton, with a vertex group for every bone in ``bones``."""
    pieces = _pieces()
    tables = [limited(p.weights, bones) for p in pieces]
    if not np.allclose(_joints(skeleton), _joints(reference()), atol=1e-6):
        pieces = tuple(
            replace(p, vertices=fit(p.vertices, t, bones, skeleton)) for p, t in zip(pieces, tables, strict=True)
        )
    body = bpy.data.objects.new(name, build_mesh(name, pieces, materials))
    _weigh(body, np.concatenate(tables), bones)
    return body
