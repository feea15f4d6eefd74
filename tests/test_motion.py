# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Skeletons and motion: what they tell, what is refused, slices, other frame rates, files."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from blender_addon.core import rotations as rot
from blender_addon.core.motion import Motion, MotionError
from blender_addon.core.skeleton import Skeleton, SkeletonError
from blender_addon.core.violinist import violinist_skeleton
from tests.geometry import X, Z, angle

# Skeletons

ROWS: list[tuple[str, str | None, tuple[float, float, float], str]] = [
    ("root", None, (0.0, 0.0, 1.0), "body"),
    ("arm", "root", (0.3, 0.0, 0.0), "body"),
    ("hand", "arm", (0.2, 0.0, 0.0), "hand"),
    ("bow", "hand", (0.0, 0.0, 0.1), "prop"),
    ("tip", "bow", (0.6, 0.0, 0.0), "prop"),
]
FIDDLER = Skeleton.build("fiddler", ROWS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joints": ("root", "arm", "arm", "bow", "tip")}, "names joints twice: arm"),
        ({"parents": (-1, 0, 1, 2)}, "differ in length"),
        ({"parents": (-1, 0, 3, 2, 3)}, "'hand' must come after its parent"),
        ({"parents": (-1, -1, 1, 2, 3)}, "'arm' must come after its parent"),
        ({"parents": (0, 0, 1, 2, 3)}, "'root' must come after its parent"),
        ({"offsets": np.zeros((5, 2))}, "differ in length"),
        ({"offsets": np.full((5, 3), np.nan)}, "not finite"),
        ({"roles": ("body", "body", "hand", "prop", "toy")}, "'tip' has the role 'toy'; known are body, hand, prop"),
        ({"joints": (), "parents": (), "offsets": np.zeros((0, 3)), "roles": ()}, "no joints"),
    ],
)
def test_a_bad_skeleton_is_refused_with_the_reason(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SkeletonError, match=message):
        replace(FIDDLER, **change)


def test_building_refuses_an_unknown_parent() -> None:
    with pytest.raises(SkeletonError, match="joint 'b' has the parent 'x'"):
        Skeleton.build("s", [("a", None, (0, 0, 0), "body"), ("b", "x", (0, 0, 0), "body")])


def test_a_skeleton_knows_its_joints() -> None:
    assert len(FIDDLER) == 5
    assert "hand" in FIDDLER
    assert "foot" not in FIDDLER
    assert FIDDLER.index("hand") == 2
    assert FIDDLER.children(2) == [3]
    assert FIDDLER.held == (3,)
    np.testing.assert_allclose(FIDDLER.rest_positions[4], [1.1, 0.0, 1.1])
    with pytest.raises(SkeletonError, match="'fiddler' has no joint 'foot'"):
        FIDDLER.index("foot")


def test_a_skeleton_survives_json() -> None:
    for skeleton in (FIDDLER, violinist_skeleton()):
        again = Skeleton.from_dict(json.loads(json.dumps(skeleton.to_dict())))
        assert again == skeleton
        assert hash(again) == hash(skeleton)
    assert replace(FIDDLER, offsets=FIDDLER.offsets + 1e-9) != FIDDLER


@pytest.mark.parametrize("change", [{"joints": None}, {"offsets": "far"}, {"parents": ["x"] * 5}])
def test_what_is_no_skeleton_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SkeletonError):
        Skeleton.from_dict({**FIDDLER.to_dict(), **change})
    with pytest.raises(SkeletonError, match="not a skeleton: 'name'"):
        Skeleton.from_dict({})


def test_forward_kinematics_at_rest_is_the_rest_pose() -> None:
    skeleton = violinist_skeleton()
    rest = skeleton.rest_positions[None]
    still = np.broadcast_to(rot.IDENTITY, (1, len(skeleton), 4))
    positions, world = skeleton.forward_kinematics(still, rest)
    np.testing.assert_allclose(positions, rest, atol=1e-12)
    np.testing.assert_allclose(world, still)


def test_forward_kinematics_turns_what_hangs_below_and_leaves_held_props_where_they_are() -> None:
    local = np.tile(rot.IDENTITY, (1, 5, 1))
    local[0, 1] = rot.from_axis_angle(Z, np.pi / 2)  # the arm: the hand goes to +Y
    local[0, 3] = rot.from_axis_angle(Z, np.pi / 2)  # the bow besides: its tip goes to -X
    given_positions = np.full((1, 5, 3), np.nan)
    given_positions[0, 0], given_positions[0, 3] = (0.0, 0.0, 2.0), (5.0, 5.0, 5.0)
    positions, world = FIDDLER.forward_kinematics(local, given_positions)
    np.testing.assert_allclose(positions[0, 1], [0.3, 0.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(positions[0, 2], [0.3, 0.2, 2.0], atol=1e-12)
    np.testing.assert_allclose(positions[0, 3], [5.0, 5.0, 5.0])
    np.testing.assert_allclose(positions[0, 4], [4.4, 5.0, 5.0], atol=1e-12)
    assert angle(world[0, 4], rot.from_axis_angle(Z, np.pi)) < 1e-6
    assert np.isnan(given_positions[0, 1]).all()  # what was given stays as it was


@given(arrays(np.float64, (len(ROWS), 3), elements=st.floats(-3.0, 3.0)))
def test_forward_kinematics_keeps_every_bone_at_its_length(vectors: rot.Array) -> None:
    local = rot.from_rotation_vector(vectors)[None]
    positions, _ = FIDDLER.forward_kinematics(local, FIDDLER.rest_positions[None])
    for joint in (1, 2, 4):
        length = np.linalg.norm(positions[0, joint] - positions[0, FIDDLER.parents[joint]])
        assert length == pytest.approx(np.linalg.norm(FIDDLER.offsets[joint]))


# Motion


def waving(frames: int = 31, fps: float = 30.0, start: float = 2.0) -> Motion:
    """The fiddler swings the arm evenly, 3 radians a second, and walks 1 m/s along -Y."""
    seconds = np.arange(frames) / fps
    local = np.tile(rot.IDENTITY, (frames, 5, 1))
    local[:, 1] = rot.from_axis_angle(Z, 3.0 * seconds)
    local[:, 2] = rot.from_axis_angle(X, np.sin(5.0 * seconds))
    given_positions = np.zeros((frames, 5, 3))
    given_positions[:, 0] = np.stack([0 * seconds, -seconds, 0 * seconds + 1.0], axis=-1)
    given_positions[:, 3] = given_positions[:, 0] + [0.5, 0.0, 0.2]
    positions, _ = FIDDLER.forward_kinematics(local, given_positions)
    return Motion(FIDDLER, fps, positions, local, start, {"generator": "waving", "seed": 7})


def bone_lengths(motion: Motion) -> rot.Array:
    bones = [j for j in range(1, len(motion.skeleton)) if j not in motion.skeleton.held]
    parents = [motion.skeleton.parents[j] for j in bones]
    return np.linalg.norm(motion.positions[:, bones] - motion.positions[:, parents], axis=-1)


def test_motion_tells_its_times() -> None:
    motion = waving(31)
    assert len(motion) == 31
    assert motion.duration == pytest.approx(31 / 30)
    assert motion.times[0] == 2.0
    assert motion.times[-1] == pytest.approx(3.0)
    np.testing.assert_array_equal(motion.joint("hand"), motion.positions[:, 2])
    assert motion.positions.dtype == motion.rotations.dtype == np.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 0.0}, "fps must be a positive number"),
        ({"fps": float("nan")}, "fps must be a positive number"),
        ({"positions": np.zeros((4, 6, 3))}, r"positions must be \(T, 5, 3\)"),
        ({"positions": np.zeros((5, 3))}, r"positions must be \(T, 5, 3\)"),
        ({"rotations": np.zeros((4, 5, 4))}, r"rotations must be \(T, 5, 4\)"),
        ({"rotations": np.zeros((31, 5, 3))}, r"rotations must be \(T, 5, 4\)"),
    ],
)
def test_bad_motion_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MotionError, match=message):
        replace(waving(), **change)


def test_a_slice_keeps_its_place_in_time() -> None:
    motion = waving()
    part = motion.slice(2.31, 2.61)
    inside = (motion.times >= 2.31) & (motion.times < 2.61)
    np.testing.assert_allclose(part.times, motion.times[inside])
    np.testing.assert_array_equal(part.positions, motion.positions[inside])
    np.testing.assert_array_equal(part.rotations, motion.rotations[inside])
    assert part.provenance == motion.provenance


def test_neighbouring_slices_share_no_frame_and_lose_none() -> None:
    motion = waving()
    for cut in motion.times[1:-1]:
        assert len(motion.slice(0.0, cut)) + len(motion.slice(cut, 10.0)) == len(motion)
    assert len(motion.slice(9.0, 10.0)) == len(motion.slice(0.0, 1.0)) == len(motion.slice(3.0, 2.0)) == 0
    assert len(motion.slice(-5.0, 50.0)) == len(motion)


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0, 59.94, 120.0, 7.0])
def test_resampling_is_spherical_and_keeps_bones_rigid(fps: float) -> None:
    motion = waving()
    made = motion.resample(fps)
    assert made.fps == fps
    assert made.start == motion.start
    assert motion.times[-1] - 1 / fps < made.times[-1] <= motion.times[-1] + 1e-6
    np.testing.assert_allclose(bone_lengths(made), bone_lengths(motion)[:1].repeat(len(made), 0), atol=1e-4)
    seconds = made.times - made.start
    np.testing.assert_allclose(made.joint("root")[:, 1], -seconds, atol=1e-5)
    swing = rot.from_axis_angle(Z, 3.0 * seconds)
    assert all(angle(a, b) < 2e-3 for a, b in zip(made.rotations[:, 1], swing, strict=True))
    np.testing.assert_allclose(np.linalg.norm(made.rotations, axis=-1), 1.0, atol=1e-6)


def test_resampling_keeps_the_violinist_rigid() -> None:
    skeleton = violinist_skeleton()
    chance = np.random.default_rng(1)
    local = rot.from_rotation_vector(chance.normal(0.0, 0.7, (12, len(skeleton), 3)))  # as jerky as can be
    positions, _ = skeleton.forward_kinematics(local, np.repeat(skeleton.rest_positions[None], 12, 0))
    made = Motion(skeleton, 30.0, positions, local).resample(47.0)
    lengths = np.linalg.norm(skeleton.offsets, axis=-1)
    bones = [j for j in range(1, len(skeleton)) if j not in skeleton.held]
    np.testing.assert_allclose(bone_lengths(made), np.tile(lengths[bones], (len(made), 1)), atol=1e-4)


def test_resampling_without_rotations_is_linear() -> None:
    made = replace(waving(3), rotations=None).resample(60.0)
    assert made.rotations is None
    np.testing.assert_allclose(made.positions[1], (waving(3).positions[0] + waving(3).positions[1]) / 2, atol=1e-6)


def test_resampling_refuses_a_rate_that_is_none_and_takes_a_single_frame() -> None:
    with pytest.raises(MotionError, match="fps must be a positive number, not -1"):
        waving().resample(-1.0)
    assert len(waving(1).resample(60.0)) == 1


@pytest.mark.parametrize("with_rotations", [True, False])
def test_motion_survives_its_file(with_rotations: bool) -> None:
    motion = waving() if with_rotations else replace(waving(), rotations=None)
    motion = replace(motion, provenance={"seed": 7, "options": {"ik": {"x": 0.1}}, "warnings": ["später"], "gpu": None})
    again = Motion.from_bytes(motion.to_bytes())
    assert again.skeleton == motion.skeleton
    assert (again.fps, again.start, again.provenance) == (motion.fps, motion.start, motion.provenance)
    np.testing.assert_array_equal(again.positions, motion.positions)
    if with_rotations:
        np.testing.assert_array_equal(again.rotations, motion.rotations)
    else:
        assert again.rotations is None


def test_motion_loads_from_a_path_and_keeps_nan(tmp_path: Any) -> None:
    motion = waving()
    motion.positions[3, 2] = np.nan
    (tmp_path / "take.npz").write_bytes(motion.to_bytes())
    np.testing.assert_array_equal(Motion.load(tmp_path / "take.npz").positions, motion.positions)


def npz(header: object, **more: Any) -> bytes:
    buffer = io.BytesIO()
    parts = {"positions": waving().positions, **more}
    np.savez(buffer, header=np.array(json.dumps(header)), **parts)
    return buffer.getvalue()


def header(**changes: Any) -> dict[str, Any]:
    return {"version": 1, "fps": 30.0, "start": 0.0, "skeleton": FIDDLER.to_dict(), "provenance": {}, **changes}


class Trap:
    """Unpickling it would fail the test."""

    def __reduce__(self) -> Any:
        return (pytest.fail, ("a pickle was opened",))


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF, a sound",
        pickle.dumps(Trap()),
        npz(header(), positions=np.array([Trap()], dtype=object)),
        npz(header(), rotations=np.array([Trap()], dtype=object)),
        npy(),
        npz(header())[:2000],
        npz([]),
        npz({}),
        npz({"version": 1}),
        npz(header(fps="fast")),
        npz(header(fps=None)),
        npz(header(provenance=3)),
        npz(header(skeleton={"name": "x"})),
        npz(header(), positions=np.array(["a"])),
        npz(header(), positions=np.zeros((2, 3, 3))),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_what_is_no_motion_is_refused(data: bytes) -> None:
    with pytest.raises(MotionError, match="not a Cadenza motion file"):
        Motion.from_bytes(data)


def test_motion_of_another_version_names_both() -> None:
    with pytest.raises(MotionError, match="has format version 2, this Cadenza reads 1"):
        Motion.from_bytes(npz(header(version=2)))


@settings(max_examples=150)
@given(st.data())
def test_damaged_motion_is_refused_and_nothing_worse(data: st.DataObject) -> None:
    damaged = bytearray(waving(3).to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MotionError):
        Motion.from_bytes(bytes(damaged))


# Parts


def test_parts_become_the_whole_again() -> None:
    body = violinist_skeleton()
    noise = np.random.default_rng(0).normal(size=(30, len(body), 3))
    whole = Motion(body, 24.0, noise, np.tile(rot.IDENTITY, (30, len(body), 1)), start=2.0)
    first, second, third = (whole.slice(a, b) for a, b in ((0.0, 2.5), (2.5, 3.0), (3.0, 9.0)))
    joined = first.continued(second).continued(third)
    np.testing.assert_array_equal(joined.positions, whole.positions)
    assert joined.start == 2.0
    # What comes later counts where both say something.
    again = first.continued(second).continued(whole.slice(2.25, 3.0))
    np.testing.assert_array_equal(again.positions, whole.slice(0.0, 3.0).positions)


def test_parts_that_do_not_join_are_refused() -> None:
    whole = Motion(FIDDLER, 24.0, np.zeros((30, 5, 3)))
    with pytest.raises(MotionError, match=r"begins at 1 s does not join the 0.5 s"):
        whole.slice(0.0, 0.5).continued(whole.slice(1.0, 2.0))
    with pytest.raises(MotionError, match="same skeleton, frame rate"):
        whole.continued(Motion(FIDDLER, 25.0, np.zeros((30, 5, 3))))
