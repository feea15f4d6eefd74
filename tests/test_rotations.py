# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Quaternions: products, matrices, blends, the shortest turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given

from blender_addon.core import rotations as rot
from tests.geometry import DIRECTIONS, QUATERNIONS, UNIT, VECTORS, X, Y, Z, angle


def test_a_quarter_turn_about_z_takes_x_to_y() -> None:
    quarter = rot.from_axis_angle(Z, np.pi / 2)
    np.testing.assert_allclose(quarter, [np.sqrt(0.5), 0, 0, np.sqrt(0.5)], atol=1e-12)
    np.testing.assert_allclose(rot.rotate(quarter, X), Y, atol=1e-12)


@given(QUATERNIONS, VECTORS)
def test_rotating_is_multiplying_by_the_matrix(q: rot.Array, v: rot.Array) -> None:
    np.testing.assert_allclose(rot.rotate(q, v), rot.to_matrix(q) @ v, atol=1e-9)
    assert np.linalg.det(rot.to_matrix(q)) == pytest.approx(1.0)


@given(QUATERNIONS, QUATERNIONS, VECTORS)
def test_a_product_rotates_by_the_right_factor_first(a: rot.Array, b: rot.Array, v: rot.Array) -> None:
    np.testing.assert_allclose(rot.rotate(rot.multiply(a, b), v), rot.rotate(a, rot.rotate(b, v)), atol=1e-9)


@given(QUATERNIONS, VECTORS)
def test_the_conjugate_undoes_a_rotation(q: rot.Array, v: rot.Array) -> None:
    np.testing.assert_allclose(rot.rotate(rot.conjugate(q), rot.rotate(q, v)), v, atol=1e-9)


@given(QUATERNIONS)
def test_from_matrix_and_rotation_vector_are_inverses(q: rot.Array) -> None:
    assert angle(rot.from_matrix(rot.to_matrix(q)), q) < 1e-6
    vector = rot.rotation_vector(q)
    assert np.linalg.norm(vector) <= np.pi + 1e-9
    assert angle(rot.from_rotation_vector(vector), q) < 1e-6


@pytest.mark.parametrize("axis", [X, Y, Z])
def test_from_matrix_knows_half_turns(axis: rot.Array) -> None:
    half = rot.from_axis_angle(axis, np.pi)
    assert angle(rot.from_matrix(rot.to_matrix(half)), half) < 1e-7


@given(QUATERNIONS, QUATERNIONS, UNIT)
def test_slerp_goes_the_short_way_at_constant_speed(a: rot.Array, b: rot.Array, t: float) -> None:
    whole = angle(a, b)
    assume(whole < np.pi - 1e-3)  # both ways are short
    assert angle(rot.slerp(a, b, 0.0), a) < 1e-6
    assert angle(rot.slerp(a, b, 1.0), b) < 1e-6
    between = rot.slerp(a, b, t)
    assert np.linalg.norm(between) == pytest.approx(1.0)
    assert angle(a, between) == pytest.approx(t * whole, abs=1e-5)
    assert angle(between, b) == pytest.approx((1 - t) * whole, abs=1e-5)


@given(DIRECTIONS, DIRECTIONS)
def test_between_is_the_shortest_turn(a: rot.Array, b: rot.Array) -> None:
    turn = rot.between(a, b)
    dot = float(np.clip(a @ b, -1.0, 1.0))
    tolerance = 1e-6 if dot > -0.999 else 3e-3  # an exact half turn is taken just before the antipode
    np.testing.assert_allclose(rot.rotate(turn, a), b, atol=tolerance)
    assert np.linalg.norm(rot.rotation_vector(turn)) == pytest.approx(np.arccos(dot), abs=max(tolerance, 1e-5))


@given(DIRECTIONS)
def test_between_opposite_directions_is_a_half_turn(a: rot.Array) -> None:
    np.testing.assert_allclose(rot.rotate(rot.between(a, -a), a), -a, atol=1e-9)


@given(DIRECTIONS, DIRECTIONS)
def test_from_frame_points_its_axes(x: rot.Array, hint: rot.Array) -> None:
    assume(np.linalg.norm(np.cross(x, hint)) > 1e-3)
    q = rot.from_frame(x, hint)
    np.testing.assert_allclose(rot.rotate(q, X), x, atol=1e-6)
    assert rot.rotate(q, Z) @ hint > 0
    assert rot.rotate(q, Y) @ hint == pytest.approx(0.0, abs=1e-6)


def test_unroll_changes_signs_and_nothing_else() -> None:
    smooth = rot.from_axis_angle(Z, np.linspace(0.0, 4 * np.pi, 50))
    flipped = smooth * np.where(np.arange(50) % 3, 1.0, -1.0)[:, None]
    unrolled = rot.unroll(flipped)
    assert (np.sum(unrolled[1:] * unrolled[:-1], axis=-1) > 0).all()
    np.testing.assert_allclose(np.abs(unrolled), np.abs(smooth))


@given(QUATERNIONS)
def test_scipy_order_is_xyzw(q: rot.Array) -> None:
    assert rot.to_scipy(q).tolist() == [*q[1:], q[0]]
    assert rot.from_scipy(rot.to_scipy(q)).tolist() == q.tolist()


def test_a_zero_vector_stays_zero() -> None:
    assert rot.normalize(np.zeros(3)).tolist() == [0, 0, 0]
