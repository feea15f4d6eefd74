# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Frames that were seen on the character that performs: which are kept, and what is known between them."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from blender_addon.core.motion import Motion
from blender_addon.rig.body import Body, body_of_motion
from blender_addon.rig.seen_here import EASE, as_seen, near_to
from plugins.api.testing import test_body as figure


@pytest.fixture
def body() -> Body:
    return body_of_motion(figure(0.0).skeleton)


def straightening(seconds: float, known: slice = slice(None)) -> Motion:
    """A figure that leans less and less, nothing known but of some frames."""
    motion = figure(0.5, seconds)
    assert motion.rotations is not None
    motion.rotations[:, 1, 1] = np.linspace(0.25, 0.0, len(motion))
    motion.rotations[:, 1, 0] = np.sqrt(1.0 - motion.rotations[:, 1, 1] ** 2)
    gap = np.ones(len(motion), dtype=bool)
    gap[known] = False
    motion.positions[gap] = motion.rotations[gap] = np.nan
    return motion


def test_what_is_kept_fades_beside_it() -> None:
    times = 2.0 + np.arange(60) / 30.0
    near = near_to(times, [2.501, 3.4])  # the first a little beside a frame
    assert np.flatnonzero(near == 1.0).tolist() == [15, 42]
    assert np.flatnonzero(near > 0.0).tolist() == [*range(8, 23), *range(35, 50)]
    assert near[15 + round(30 * EASE / 2)] == pytest.approx(0.5, abs=0.12)
    assert not near_to(times, [1.0, 5.0]).any()  # outside
    assert not near_to(times, []).any()
    assert near_to(times[:1], [2.0]).tolist() == [1.0]


def test_where_nothing_was_seen_the_nearest_that_was_counts(body: Body) -> None:
    motion = straightening(2.0, slice(6, 60, 20))
    found = as_seen(motion, motion.times + 0.2 / motion.fps, body).body
    spine = found.rotations[:, body.skeleton.index("spine"), 1]
    assert motion.rotations is not None
    nearest = np.repeat([6, 26, 46], [16, 20, 24])
    assert np.allclose(spine, motion.rotations[nearest, 1, 1], atol=1e-6)


def test_a_long_motion_of_which_all_is_kept_needs_no_table_of_frames_by_frames(body: Body) -> None:
    motion = straightening(200.0)
    tracemalloc.start()
    try:
        assert near_to(motion.times, motion.times.tolist()).all()
        as_seen(motion, motion.times, body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5000 * len(motion)  # bytes; a table of frames times frames has 8 times 6000 of each
