# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Poses that are kept among frames in which hands play: how the one gives way to the other."""

from __future__ import annotations

import numpy as np
import pytest

from blender_addon.core import rotations as rot
from blender_addon.rig.seen_here import eased, near_to

X = np.array([1.0, 0.0, 0.0])


def about(degrees: np.ndarray) -> np.ndarray:
    return rot.from_axis_angle(X, np.radians(degrees))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_arm_half_a_turn_away_does_not_change_sides_on_its_way(sign: float) -> None:
    times = np.arange(41) / 30.0
    part = near_to(times, [24 / 30.0])
    playing = sign * about(np.linspace(150.0, 210.0, 41))  # half a turn from how it hangs, four frames before
    hanging = np.broadcast_to(rot.IDENTITY, playing.shape)
    found = eased(playing[:, None], hanging[:, None], part)[:, 0]
    steps = np.linalg.norm(rot.rotation_vector(rot.multiply(found[1:], rot.conjugate(found[:-1]))), axis=1)
    assert np.degrees(steps).max() < 50.0
    off = rot.multiply(found, rot.conjugate(np.where(part[:, None] == 1.0, hanging, playing)))
    ends = (part == 0.0) | (part == 1.0)
    assert np.linalg.norm(rot.rotation_vector(off[ends]), axis=1).max() < 1e-6


def test_where_nothing_is_kept_nothing_changes() -> None:
    playing = about(np.linspace(0.0, 300.0, 20))
    assert np.allclose(eased(playing, about(np.zeros(20)), np.zeros(20)), playing)
