# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Quaternion algebra on arrays.

Quaternions are unit, ordered **wxyz** (the order of Blender's mathutils) and kept
in the last axis; every function broadcasts over the leading axes. scipy's xyzw
order is converted here and nowhere else.

Formulas: J. Kuipers, *Quaternions and Rotation Sequences* (1999); spherical
interpolation: K. Shoemake, *Animating Rotation with Quaternion Curves* (1985).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]

IDENTITY: Array = np.array([1.0, 0.0, 0.0, 0.0])


def normalize(vector: Array) -> Array:
    """Scale the last axis to length one; a zero vector stays zero."""
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    return vector / np.where(length > 1e-12, length, 1.0)


def multiply(a: Array, b: Array) -> Array:
    """Hamilton product: the rotation ``b`` followed by the rotation ``a``."""
    aw, ax, ay, az = _components(a)
    bw, bx, by, bz = _components(b)
    return _joined(
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def _components(a: Array) -> tuple[Array, ...]:
    """The last axis taken apart."""
    a = np.asarray(a)
    return tuple(a[..., i] for i in range(a.shape[-1]))


def _joined(*components: Array) -> Array:
    """Components put together as a last axis: several times as fast as numpy's stack, as written out
    products are against its cross product."""
    out = np.empty((*np.shape(components[0]), len(components)), np.result_type(*components))
    for i, component in enumerate(components):
        out[..., i] = component
    return out


def conjugate(q: Array) -> Array:
    """The inverse rotation."""
    return np.asarray(q) * np.array([1.0, -1.0, -1.0, -1.0])


def rotate(q: Array, v: Array) -> Array:
    """Rotate vectors ``v`` (..., 3) by quaternions ``q`` (..., 4)."""
    w, x, y, z = _components(q)
    a, b, c = _components(v)
    # v + w t + u x t with t = 2 u x v, u the quaternion's vector
    tx, ty, tz = 2.0 * (y * c - z * b), 2.0 * (z * a - x * c), 2.0 * (x * b - y * a)
    return _joined(a + w * tx + y * tz - z * ty, b + w * ty + z * tx - x * tz, c + w * tz + x * ty - y * tx)


def from_axis_angle(axis: Array, angle: Array | float) -> Array:
    """Rotation by ``angle`` radians about a unit ``axis`` (right-handed)."""
    half = np.asarray(angle, dtype=float)[..., None] / 2.0
    axis = np.asarray(axis)
    shape = np.broadcast_shapes(half.shape[:-1], axis.shape[:-1])
    w = np.broadcast_to(np.cos(half), (*shape, 1))
    return np.concatenate([w, np.broadcast_to(np.sin(half) * axis, (*shape, 3))], axis=-1)


def to_matrix(q: Array) -> Array:
    """Rotation matrices (..., 3, 3) whose columns are the rotated unit axes."""
    basis = np.eye(3)
    return np.stack([rotate(q, np.broadcast_to(b, (*np.shape(q)[:-1], 3))) for b in basis], -1)


def from_matrix(m: Array) -> Array:
    """Unit quaternions of rotation matrices (..., 3, 3).

    The largest component is found first, so that no division is ill-conditioned
    (S. Shepperd, *Quaternion from Rotation Matrix*, 1978).
    """
    m = np.asarray(m)
    d = np.moveaxis(np.diagonal(m, axis1=-2, axis2=-1), -1, 0)
    squares = np.stack(
        [1 + d[0] + d[1] + d[2], 1 + d[0] - d[1] - d[2], 1 - d[0] + d[1] - d[2], 1 - d[0] - d[1] + d[2]],
        axis=-1,
    )
    wx, wy, wz = (m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1])
    xy, xz, yz = (m[..., 1, 0] + m[..., 0, 1], m[..., 0, 2] + m[..., 2, 0], m[..., 2, 1] + m[..., 1, 2])
    s = np.moveaxis(squares, -1, 0)
    candidates = np.stack(
        [
            np.stack([s[0], wx, wy, wz], -1),
            np.stack([wx, s[1], xy, xz], -1),
            np.stack([wy, xy, s[2], yz], -1),
            np.stack([wz, xz, yz, s[3]], -1),
        ],
        axis=-2,
    )
    best = np.argmax(squares, axis=-1)[..., None, None]
    return normalize(np.take_along_axis(candidates, best, axis=-2)[..., 0, :])


def from_frame(x_axis: Array, z_hint: Array) -> Array:
    """Rotation whose local X is ``x_axis`` and whose local Z is nearest to ``z_hint``."""
    x = normalize(x_axis)
    y = normalize(np.cross(z_hint, x))
    return from_matrix(np.stack([x, y, np.cross(x, y)], axis=-1))


def from_directions(rest_first: Array, rest_second: Array, first: Array, second: Array) -> Array:
    """World rotation that takes two rest directions to two directions (the first exactly).

    Args:
        rest_first, rest_second: (3,) not parallel.
        first, second: (T, 3).
    """

    def basis(a: Array, b: Array) -> Array:
        x = normalize(a)
        z = normalize(np.cross(x, b))
        return np.stack([x, np.cross(z, x), z], axis=-1)

    return from_matrix(basis(first, second) @ np.swapaxes(basis(rest_first, rest_second), -1, -2))


def between(a: Array, b: Array) -> Array:
    """The shortest rotation that turns direction ``a`` into direction ``b``."""
    a, b = normalize(a), normalize(b)
    w = 1.0 + np.sum(a * b, axis=-1, keepdims=True)
    # Opposite directions: any axis perpendicular to ``a`` will do.
    spare = np.cross(a, np.where(np.abs(a[..., :1]) < 0.9, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]))
    axis = np.where(w > 1e-6, np.cross(a, b), normalize(spare))
    return normalize(np.concatenate([np.where(w > 1e-6, w, 0.0), axis], axis=-1))


def rotation_vector(q: Array) -> Array:
    """Axis times angle (radians, at most pi) of each quaternion."""
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, q[..., :1])
    return q[..., 1:] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)


def from_rotation_vector(v: Array) -> Array:
    """The inverse of :func:`rotation_vector`."""
    angle = np.linalg.norm(v, axis=-1)
    return from_axis_angle(normalize(v), angle)


def slerp(a: Array, b: Array, t: Array | float) -> Array:
    """Spherical interpolation from ``a`` (t = 0) to ``b`` (t = 1), the short way round."""
    a, b = np.asarray(a), np.asarray(b)
    t = np.asarray(t, dtype=float)[..., None]
    dot = np.sum(a * b, axis=-1, keepdims=True)
    b = np.where(dot < 0, -b, b)
    theta = np.arccos(np.clip(np.abs(dot), 0.0, 1.0))
    sine = np.sin(theta)
    safe = np.where(sine > 1e-6, sine, 1.0)
    wa = np.where(sine > 1e-6, np.sin((1 - t) * theta) / safe, 1 - t)
    wb = np.where(sine > 1e-6, np.sin(t * theta) / safe, t)
    return normalize(wa * a + wb * b)


def unroll(q: Array, axis: int = 0) -> Array:
    """Flip signs along ``axis`` (time) so that neighbours never jump to the antipode."""
    q = np.moveaxis(np.asarray(q), axis, 0)
    if len(q) < 2:
        return np.moveaxis(q, 0, axis)
    dots = np.sum(q[1:] * q[:-1], axis=-1, keepdims=True)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    return np.moveaxis(np.concatenate([q[:1], q[1:] * signs]), 0, axis)


def to_scipy(q: Array) -> Array:
    """wxyz to scipy's xyzw."""
    return np.roll(np.asarray(q), -1, axis=-1)


def from_scipy(q: Array) -> Array:
    """scipy's xyzw to wxyz."""
    return np.roll(np.asarray(q), 1, axis=-1)
