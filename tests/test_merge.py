# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A range or a part of a take generated again: new where it should be, as before elsewhere, in contact everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blender_addon.core import rotations as rot
from blender_addon.core.motion import Motion
from blender_addon.core.rotations import Array
from blender_addon.rig.body import RigError
from blender_addon.rig.bone_map import BoneMap
from blender_addon.rig.merge import Layer, aligned, parts_touched
from blender_addon.rig.performance import Performed, perform_motion
from tests import performing
from tests.rig_families import FAMILIES
from tests.rigs import person

FAMILY = FAMILIES["mixamo"]
REST, MAP = person(FAMILY), BoneMap(FAMILY.bones, {})


@pytest.fixture(scope="module")
def old() -> Motion:
    return performing.violinist()


@pytest.fixture(scope="module")
def new() -> Motion:
    """Other notes, and a body that leans and turns."""
    motion = performing.violinist(pitches=performing.PITCHES[::-1])
    lean = rot.multiply(
        rot.from_axis_angle(np.array([0, 0, 1.0]), 0.2), rot.from_axis_angle(np.array([1.0, 0, 0]), 0.1)
    )
    hips = motion.positions[:, :1]
    local = motion.rotations.copy()  # type: ignore[union-attr]
    local[:, 0] = rot.multiply(lean, local[:, 0])
    return replace(motion, positions=hips + rot.rotate(lean, motion.positions - hips), rotations=local)


def performed(motion: Motion, *layers: Layer) -> Performed:
    return perform_motion(motion, REST, MAP, None, layers)


def values(done: Performed) -> dict[str, Array]:
    """Path -> values, rotations with the sign of their first component."""
    out = {}
    for channel in [*done.bones, *done.props]:
        v = channel.values
        out[channel.path] = v * np.sign(v[:, :1] + 1e-12) if channel.path.endswith("quaternion") else v
    return out


def changed(a: Performed, b: Performed) -> set[str]:
    """Parts of the body with channels that differ."""
    one, two = values(a), values(b)
    parts = {c.path: c.part for c in [*a.bones, *a.props]}
    return {parts[path] for path in one if np.abs(one[path] - two[path]).max() > 1e-4}


@pytest.mark.parametrize(
    ("part", "touched"),
    [("bow_arm", {"bow_arm", "props"}), ("left_hand", {"left_hand"}), ("legs", {"legs"})],
)
def test_only_a_parts_own_channels_change(old: Motion, new: Motion, part: str, touched: set[str]) -> None:
    found = changed(performed(old), performed(old, Layer(new, part)))
    assert found <= touched
    assert part in found or part == "legs"
    assert set(parts_touched(part) or ()) == touched


def test_a_new_torso_takes_what_hangs_on_it_along(old: Motion, new: Motion) -> None:
    merged = performed(old, Layer(new, "torso"))
    assert {"torso", "props", "legs"} <= changed(performed(old), merged)  # feet stay where they are
    assert parts_touched("torso") is None
    assert merged.report["contact"]["bow"]["part_within"] == 1.0
    assert merged.report["contact"]["fingertips"]["part_within"] > 0.98


@pytest.mark.parametrize("part", [None, "bow_arm", "torso"])
def test_bow_and_violin_meet_as_the_newer_bow_says(old: Motion, new: Motion, part: str | None) -> None:
    """As the violin sees it, the bow goes the way of the one it is taken from."""
    merged = values(performed(old, Layer(new, part)))
    alone = values(performed(old if part == "torso" else new))
    assert np.allclose(_bow_seen(merged), _bow_seen(alone), atol=2e-4)


def _bow_seen(done: dict[str, Array]) -> Array:
    """(T, 3) the bow's place in the violin's frame, in violins."""
    violin, bow = (done[f'pose.bones["{b}"].location'] for b in ("violin_end", "bow_frog"))
    turn, size = (done[f'pose.bones["violin_end"].{p}'] for p in ("rotation_quaternion", "scale"))
    return np.asarray(rot.rotate(rot.conjugate(turn), bow - violin) / size)


def test_a_range_is_new_inside_and_old_outside_without_jumps(old: Motion, new: Motion) -> None:
    layer = Layer(new, None, 1.0, 3.0, 0.5)
    merged, plain, other = (values(performed(*a)) for a in ((old, layer), (old,), (new,)))
    inside, outside = slice(46, 75), [*range(30), *range(91, len(old))]
    for path, found in merged.items():
        assert np.allclose(found[outside], plain[path][outside], atol=1e-4), path
        assert np.allclose(found[inside], other[path][inside], atol=1e-4), path
    place = 'pose.bones["bow_frog"].location'
    fastest = max(np.abs(np.diff(v[place], axis=0)).max() for v in (plain, other))
    assert np.abs(np.diff(merged[place], axis=0)).max() < 2.0 * fastest + 0.02


def test_hands_hold_on_while_old_becomes_new(old: Motion, new: Motion) -> None:
    report = performed(old, Layer(new, None, 1.0, 3.0, 0.5)).report
    assert report["contact"]["bow"]["part_within"] == 1.0


def test_a_motion_of_another_rate_and_length_meets_the_frames_of_the_base(old: Motion, new: Motion) -> None:
    found, weight = aligned(old, Layer(new.resample(60.0).slice(1.0, 2.0), None, 0.5, 3.5, 0.1))
    assert found.fps == old.fps
    assert len(found) == len(weight) == len(old)
    assert weight[old.times < 0.99].max() == weight[old.times > 2.01].max() == 0.0
    known = (old.times > 1.01) & (old.times < 1.99)
    assert weight[known].min() == 1.0
    assert np.allclose(found.positions[known], new.positions[known], atol=1e-5)


def test_layers_lie_over_one_another(old: Motion, new: Motion) -> None:
    """A bow arm that is new stays new when the left hand is generated again."""
    first = values(performed(old, Layer(new, "bow_arm")))
    both = values(performed(old, Layer(new, "bow_arm"), Layer(new, "left_hand")))
    assert np.allclose(_bow_seen(first), _bow_seen(both), atol=2e-4)
    assert any(np.abs(first[path] - both[path]).max() > 1e-3 for path in first)


def test_another_skeleton_is_refused(old: Motion, new: Motion) -> None:
    other = replace(old.skeleton, name="somebody else")
    with pytest.raises(RigError, match="generate a new take"):
        performed(replace(old, skeleton=other), Layer(new))
