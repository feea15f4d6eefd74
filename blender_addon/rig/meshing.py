# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesh pieces as arrays, the shapes that structured parts are made of, and the step to Blender."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import bmesh
import bpy
import numpy as np

from ..core.rotations import Array
from .implicit import Field, Indices, Mask, project, sampled

Weights = dict[str, Array]
"""Weight of each vertex (N,) by bone."""


@dataclass(frozen=True)
class Piece:
    """A part of a mesh: vertices (N, 3), faces (F, 4) with -1 in triangles, one material."""

    vertices: Array
    faces: Indices
    material: str
    weights: Weights = field(default_factory=dict)
    smooth: bool = True

    def mirrored(self) -> Piece:
        """The piece of the other side of the body: x negated, left and right swapped."""
        order = flipped(self.faces)
        weights = {swap_side(bone): w for bone, w in self.weights.items()}
        return replace(self, vertices=self.vertices * [-1.0, 1.0, 1.0], faces=order, weights=weights)

    def weighted(self, function: Callable[[Array], Weights]) -> Piece:
        """The piece with weights that are a function of its points."""
        return replace(self, weights=function(self.vertices))

    def without(self, hidden: Mask) -> Piece:
        """The piece less the faces all of whose vertices are ``hidden`` (N,)."""
        corners = np.where(self.faces < 0, self.faces[:, :1], self.faces)
        faces = self.faces[~hidden[corners].all(axis=1)]
        used = np.unique(faces[faces >= 0])
        number = np.full(len(self.vertices) + 1, -1)
        number[used] = np.arange(len(used))
        weights = {bone: w[used] for bone, w in self.weights.items()}
        return replace(self, vertices=self.vertices[used], faces=number[faces], weights=weights)


def swap_side(name: str) -> str:
    """left_x to right_x and back; other names stay."""
    for a, b in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(a):
            return b + name[len(a) :]
    return name


def grid_faces(rows: int, columns: int, closed: bool = False) -> Indices:
    """Quads of a grid of rows x columns vertices; ``closed`` joins the last column to the first."""
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns if closed else columns - 1), indexing="ij")
    a, b = i * columns + j, i * columns + (j + 1) % columns
    return np.asarray(np.stack([a, b, b + columns, a + columns], axis=-1).reshape(-1, 4))


def fan(ring: Indices, centre: int) -> Indices:
    """Triangles from a closed ring of vertices to a point."""
    return np.stack([ring, np.roll(ring, -1), np.full_like(ring, centre), np.full_like(ring, -1)], axis=-1)


def loft(rings: Array, material: str, caps: tuple[bool, bool] = (True, True), smooth: bool = True) -> Piece:
    """A tube through closed rings (R, C, 3); if open, right-handed about the way from first to last."""
    rows, columns = rings.shape[:2]
    vertices = [rings.reshape(-1, 3)]
    faces = [grid_faces(rows, columns, closed=True)]
    for cap, row in zip(caps, (0, rows - 1), strict=True):
        if cap:
            ring = row * columns + np.arange(columns)
            centre = sum(map(len, vertices))
            vertices.append(rings[row].mean(axis=0, keepdims=True))
            faces.append(fan(ring if row else ring[::-1], centre))
    piece = Piece(np.concatenate(vertices), np.concatenate(faces), material, smooth=smooth)
    return outward(piece) if all(caps) else piece


def outward(piece: Piece) -> Piece:
    """A closed piece with its faces turned outwards: its volume must not be negative."""
    points = piece.vertices - piece.vertices.mean(axis=0)
    quads = piece.faces[piece.faces[:, 3] >= 0]
    a, b, c = np.moveaxis(points[np.concatenate([piece.faces[:, :3], quads[:, [0, 2, 3]]])], 1, 0)
    return piece if np.sum(a * np.cross(b, c)) >= 0 else replace(piece, faces=flipped(piece.faces))


def flipped(faces: Indices) -> Indices:
    """Quads and triangles turned over."""
    return np.where(faces[:, 3:] >= 0, faces[:, ::-1], faces[:, [2, 1, 0, 3]])


def tube(path: Array, radii: Array | float, material: str, sides: int = 8, squash: float = 1.0) -> Piece:
    """A round tube along points (N, 3); the sections are exactly centred on the points."""
    path = np.asarray(path, float)
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    hint = np.eye(3)[np.argmin(np.abs(tangent).max(axis=0))]
    u = np.cross(hint, tangent)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(tangent, u)
    angle = np.arange(sides) * 2 * np.pi / sides
    size = np.broadcast_to(radii, len(path))[:, None, None]
    circle = np.cos(angle)[:, None] * u[:, None] + squash * np.sin(angle)[:, None] * v[:, None]
    return loft(path[:, None] + size * circle, material)


def lathe(axis: Array, profile: Sequence[tuple[float, float]], material: str, sides: int = 12) -> Piece:
    """A turned part: (along, radius) pairs about the line ``axis`` (2, 3) from its start."""
    start, way = np.asarray(axis[0], float), np.asarray(axis[1], float) - np.asarray(axis[0], float)
    way = way / np.linalg.norm(way)
    u = np.cross(np.eye(3)[np.argmin(np.abs(way))], way)
    u /= np.linalg.norm(u)
    angle = np.arange(sides) * 2 * np.pi / sides
    circle = np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * np.cross(way, u)
    rings = [start + along * way + radius * circle for along, radius in profile]
    return loft(np.array(rings), material)


def prism(outline: Array, across: Sequence[tuple[float, float]], axis: int, material: str) -> Piece:
    """An outline (N, 2) extruded along ``axis``; ``across`` gives (position, inset factor) of each ring."""
    middle = outline.mean(axis=0)
    rings = np.zeros((len(across), len(outline), 3))
    others = [(axis + 1) % 3, (axis + 2) % 3]
    for ring, (position, inset) in zip(rings, across, strict=True):
        ring[:, others] = middle + (outline - middle) * (1.0 - inset)
        ring[:, axis] = position
    return loft(rings, material, smooth=False)


def patch(field_: Field, points: Array, lift: float, material: str, rim: float = 0.004) -> Piece:
    """A thin sheet on a surface: a grid of points (R, C, 3) projected, lifted, with a rim going in."""
    rows, columns = points.shape[:2]
    flat = project(field_, points.reshape(-1, 3), 6)
    normal = sampled(field_, flat)[1]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    index = np.arange(rows * columns).reshape(rows, columns)
    border = np.concatenate([index[0, :-1], index[:-1, -1], index[-1, :0:-1], index[:0:-1, 0]])
    top = flat + lift * normal
    skirt = flat[border] - rim * normal[border]
    a, b = border, rows * columns + np.arange(len(border))
    sides = np.stack([np.roll(a, -1), a, b, np.roll(b, -1)], axis=-1)
    faces = np.concatenate([grid_faces(rows, columns), sides])
    middle = index[rows // 2, columns // 2]
    across = np.cross(top[middle] - top[middle - columns], top[middle] - top[middle - 1])
    if across @ normal[middle] > 0:
        faces = faces[:, ::-1]
    return Piece(np.concatenate([top, skirt]), faces, material)


def build_mesh(name: str, pieces: Sequence[Piece], materials: Mapping[str, Any]) -> Any:
    """One Blender mesh of all pieces; a material slot for each material in use."""
    counts = np.cumsum([0, *(len(p.vertices) for p in pieces)])
    faces = np.concatenate([np.where(p.faces < 0, -1, p.faces + n) for p, n in zip(pieces, counts, strict=False)])
    names = list(dict.fromkeys(p.material for p in pieces))
    sizes = (faces >= 0).sum(axis=1)
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(int(counts[-1]))
    mesh.vertices.foreach_set("co", np.concatenate([p.vertices for p in pieces]).astype(np.float32).ravel())
    mesh.loops.add(int(sizes.sum()))
    mesh.loops.foreach_set("vertex_index", faces[faces >= 0].astype(np.int32))
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32))
    slot = np.concatenate([np.full(len(p.faces), names.index(p.material)) for p in pieces])
    mesh.polygons.foreach_set("material_index", slot.astype(np.int32))
    mesh.polygons.foreach_set("use_smooth", np.concatenate([np.full(len(p.faces), p.smooth) for p in pieces]))
    for material in names:
        mesh.materials.append(materials[material])
    mesh.update(calc_edges=True)
    mesh.validate()
    return mesh


def join_seams(mesh: Any) -> None:
    """Pieces that lie edge to edge become one surface, whose seams stay sharp: Workbench draws shadows of the edges of
    open surfaces, streaks through the room."""
    work = bmesh.new()
    work.from_mesh(mesh)
    for edge in work.edges:
        edge.smooth = edge.smooth and not edge.is_boundary
    bmesh.ops.remove_doubles(work, verts=work.verts, dist=1e-5)
    work.to_mesh(mesh)
    work.free()
