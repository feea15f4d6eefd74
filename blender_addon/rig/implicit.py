# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Implicit surfaces in numpy: smooth shapes from formulas, and quads from the shapes.

A *field* maps points (N, 3) to values (N,): negative inside, about the distance in
metres near the surface. Smooth minimum: I. Quilez's polynomial form; meshing: S. Gibson,
*Constrained Elastic Surface Nets* (1998), on a rectilinear grid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from ..core.rotations import Array

Field = Callable[[Array], Array]
Indices = npt.NDArray[np.int_]
Mask = npt.NDArray[np.bool_]
Vector = Sequence[float] | Array


def smoothstep(x: Array, low: float, high: float) -> Array:
    """0 below ``low``, 1 above ``high`` (or the other way round), smooth between."""
    t = np.clip((np.asarray(x) - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def smooth_min(a: Array, b: Array, k: float) -> Array:
    """Minimum with a fillet of about ``k`` metres."""
    h = np.maximum(k - np.abs(a - b), 0.0) / k
    return np.asarray(np.minimum(a, b) - h * h * k * 0.25)


def ellipsoid(centre: Vector, radii: Vector, tilt: float = 0.0) -> Field:
    """An ellipsoid, turned by ``tilt`` radians about X."""
    c, r = np.asarray(centre, float), np.asarray(radii, float)
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])

    def field(p: Array) -> Array:
        q = (p - c) @ turn
        k0 = np.linalg.norm(q / r, axis=-1)
        k1 = np.linalg.norm(q / r**2, axis=-1)
        return np.asarray(k0 * (k0 - 1.0) / np.maximum(k1, 1e-9))

    return field


def cone(a: Vector, b: Vector, ra: float, rb: float, squash: Vector = (1.0, 1.0, 1.0)) -> Field:
    """A capsule from ``a`` to ``b`` with two radii; ``squash`` scales the axes of its sections."""
    s = np.asarray(squash, float)
    start = np.asarray(a, float) / s
    along = np.asarray(b, float) / s - start

    def field(p: Array) -> Array:
        q = p / s - start
        t = np.clip(q @ along / (along @ along), 0.0, 1.0)
        return np.asarray(np.linalg.norm(q - t[:, None] * along, axis=-1) - (ra + (rb - ra) * t))

    return field


def curve(stations: Array, values: Array, at: Array) -> Array:
    """Smooth interpolation (Catmull-Rom with limited slopes) of ``values`` (N, K) at ``at``."""
    step = np.diff(stations)
    slope = np.diff(values, axis=0) / step[:, None]
    inner = np.where(slope[:-1] * slope[1:] > 0, 0.5 * (slope[:-1] + slope[1:]), 0.0)
    bound = 3.0 * np.minimum(np.abs(slope[:-1]), np.abs(slope[1:]))
    m = np.concatenate([slope[:1], np.clip(inner, -bound, bound), slope[-1:]])
    i = np.clip(np.searchsorted(stations, at, side="right") - 1, 0, len(step) - 1)
    h, t = step[i][:, None], np.clip((at - stations[i]) / step[i], 0.0, 1.0)[:, None]
    a, b = values[i], values[i + 1]
    cubic = (2 * t**3 - 3 * t**2 + 1) * a + (t**3 - 2 * t**2 + t) * h * m[i]
    return np.asarray(cubic + (3 * t**2 - 2 * t**3) * b + (t**3 - t**2) * h * m[i + 1])


def column(axis: int, table: Sequence[Sequence[float]], power: float = 2.0, round_ends: float = 0.01) -> Field:
    """A swept body along a world axis.

    Rows of ``table``: station, two centres, then the extents towards +u, -u, +v, -v,
    where u and v are the other axes in the order x, y, z. ``power`` above 2 squares
    the sections.
    """
    rows = np.asarray(table, float)
    dense = np.linspace(rows[0, 0], rows[-1, 0], 256)
    values = curve(rows[:, 0], rows[:, 1:], dense)
    u_axis, v_axis = (i for i in range(3) if i != axis)
    middle, half = (rows[0, 0] + rows[-1, 0]) / 2, (rows[-1, 0] - rows[0, 0]) / 2

    def field(p: Array) -> Array:
        s = p[:, axis]
        cu, cv, up, um, vp, vm = (np.interp(s, dense, values[:, i]) for i in range(6))
        u, v = p[:, u_axis] - cu, p[:, v_axis] - cv
        ru, rv = np.where(u > 0, up, um), np.where(v > 0, vp, vm)
        k = (np.abs(u / ru) ** power + np.abs(v / rv) ** power) ** (1.0 / power)
        side = (k - 1.0) * np.minimum(ru, rv)
        return -smooth_min(-side, half - np.abs(s - middle), round_ends)

    return field


def union(fields: Sequence[Field], k: float = 0.0) -> Field:
    """All shapes in one, with fillets of ``k``."""

    def field(p: Array) -> Array:
        out = fields[0](p)
        for other in fields[1:]:
            out = smooth_min(out, other(p), k) if k else np.minimum(out, other(p))
        return out

    return field


def carve(field: Field, tool: Field, k: float) -> Field:
    """``field`` without ``tool``, with rounded edges."""
    return lambda p: -smooth_min(-field(p), tool(p), k)


def _crossings(values: Array, grid: Sequence[Array], axis: int) -> tuple[Indices, Array]:
    """Grid edges along ``axis`` that cross the surface: lower corners (M, 3) and points (M, 3)."""
    low = np.moveaxis(np.moveaxis(values, axis, 0)[:-1], 0, axis)
    high = np.moveaxis(np.moveaxis(values, axis, 0)[1:], 0, axis)
    corner = np.argwhere((low < 0) != (high < 0))
    a, b = low[tuple(corner.T)], high[tuple(corner.T)]
    points = np.stack([g[corner[:, i]] for i, g in enumerate(grid)], axis=-1)
    span = grid[axis][corner[:, axis] + 1] - grid[axis][corner[:, axis]]
    points[:, axis] += span * a / (a - b)
    return corner, points


def surface_net(field: Field, grid: Sequence[Array]) -> tuple[Array, Indices]:
    """Quads (F, 4) on vertices (V, 3) where the field is zero; normals point outwards.

    The grid must reach beyond the shape on every side.
    """
    shape = tuple(len(g) for g in grid)
    points = np.stack(np.meshgrid(*grid, indexing="ij"), axis=-1).reshape(-1, 3)
    values = field(points).reshape(shape)
    flat = np.zeros((int(np.prod(shape)), 4))
    quads = []
    for axis in range(3):
        corner, crossing = _crossings(values, grid, axis)
        u, v = np.eye(3, dtype=int)[(axis + 1) % 3], np.eye(3, dtype=int)[(axis + 2) % 3]
        cells = [np.ravel_multi_index((corner - d).T, shape) for d in (u + v, v, 0 * u, u)]
        for cell in cells:
            np.add.at(flat, cell, np.concatenate([crossing, np.ones((len(corner), 1))], axis=1))
        quad = np.stack(cells, axis=-1)
        inside = values[tuple(corner.T)] < 0
        quads.append(np.where(inside[:, None], quad, quad[:, ::-1]))
    used = np.flatnonzero(flat[:, 3])
    number = np.zeros(len(flat), dtype=int)
    number[used] = np.arange(len(used))
    return flat[used, :3] / flat[used, 3:], number[np.concatenate(quads)]


def sampled(field: Field, points: Array, step: float = 3e-4) -> tuple[Array, Array]:
    """Values (N,) and slopes (N, 3) of a field, by forward differences."""
    shifts = np.concatenate([np.zeros((1, 3)), np.eye(3)]) * step
    values = field((points + shifts[:, None]).reshape(-1, 3)).reshape(4, -1)
    return values[0], (values[1:] - values[0]).T / step


def project(field: Field, points: Array, rounds: int = 3, level: float = 0.0) -> Array:
    """Move points onto the surface where the field is ``level``, along its slope."""
    for _ in range(rounds):
        value, slope = sampled(field, points)
        size = np.maximum(np.sum(slope**2, axis=-1), 0.05)
        move = slope * ((value - level) / size)[:, None]
        length = np.maximum(np.linalg.norm(move, axis=-1, keepdims=True), 1e-12)
        points = points - move * np.minimum(1.0, 0.01 / length)
    return points


def relax(vertices: Array, quads: Indices, rounds: int = 1) -> Array:
    """Even out a mesh: every vertex moves half way to the mean of its neighbours."""
    edges = np.concatenate([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    count = np.maximum(np.bincount(edges[:, 0], minlength=len(vertices)), 1)
    for _ in range(rounds):
        total = [np.bincount(edges[:, 0], vertices[edges[:, 1], i], len(vertices)) for i in range(3)]
        vertices = 0.5 * vertices + 0.5 * np.stack(total, axis=-1) / count[:, None]
    return vertices


def skin(field: Field, grid: Sequence[Array], rounds: int = 2) -> tuple[Array, Indices]:
    """An even, smooth quad mesh of a field's surface."""
    vertices, quads = surface_net(field, grid)
    for _ in range(rounds):
        vertices = project(field, relax(vertices, quads), 1)
    return project(field, vertices, 1), quads


def ticks(*pieces: tuple[float, float, float]) -> Array:
    """Grid lines over joined pieces of (from, to, about this spacing)."""
    parts = [np.linspace(a, b, max(round((b - a) / step), 1) + 1)[:-1] for a, b, step in pieces]
    return np.concatenate([*parts, [pieces[-1][1]]])
