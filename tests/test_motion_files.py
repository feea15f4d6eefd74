# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Motion from files: BVH against an independent computation, damaged files, our own npz."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blender_addon.core.motion import Motion, MotionError
from blender_addon.motion_files import load_motion, read_bvh
from tests import performing
from tests.conftest import SHARED

ORDERS = ["".join(order) for order in permutations("XYZ")]
LEG = 0.9


def bvh(order: str = "ZXY", frames: int = 5, scale: float = 1.0, seed: int = 0) -> str:
    """A root with a spine and a bent leg, Y up; every channel moves."""
    rng = np.random.default_rng(seed)
    turns = " ".join(f"{axis}rotation" for axis in order)
    rows = rng.uniform(-80, 80, (frames, 12))
    rows[:, :3] = scale * rng.uniform(-1, 1, (frames, 3))
    text = f"""HIERARCHY
ROOT Hips
{{
  OFFSET 5 6 7
  CHANNELS 6 Xposition Yposition Zposition {turns}
  JOINT Chest
  {{
    OFFSET 0 {0.5 * scale} {0.1 * scale}
    CHANNELS 3 {turns}
    End Site
    {{
      OFFSET 0 {0.4 * scale} 0
    }}
  }}
  JOINT Leg
  {{
    OFFSET {0.1 * scale} {-LEG * scale} 0
    CHANNELS 3 {turns}
  }}
}}
MOTION
Frames: {frames}
Frame Time: 0.04
"""
    return text + "\n".join(" ".join(f"{x:.9f}" for x in row) for row in rows) + "\n"


def numbers(text: str) -> np.ndarray:
    lines = text.split("Frame Time:")[1].splitlines()[1:]
    return np.array([[float(x) for x in line.split()] for line in lines])


def turn(axis: str, degrees: float) -> np.ndarray:
    """(3, 3) about one axis."""
    i, angle = "XYZ".index(axis), np.radians(degrees)
    j, k = (i + 1) % 3, (i + 2) % 3
    m = np.eye(3)
    m[j, j] = m[k, k] = np.cos(angle)
    m[k, j], m[j, k] = np.sin(angle), -np.sin(angle)
    return m


@pytest.mark.parametrize("order", ORDERS)
def test_joints_are_where_the_channels_put_them(order: str) -> None:
    """The first channel named is the outermost turn; Y up becomes Z up, +Z becomes -Y."""
    text = bvh(order)
    motion = read_bvh(text)
    assert motion.skeleton.joints == ("Hips", "Chest", "Chest_end", "Leg")
    assert (motion.fps, len(motion)) == (25.0, 5)
    floor: float | None = None  # the whole of it may be put on the floor
    for frame, row in enumerate(numbers(text)):
        root, chest, _ = (
            turn(order[0], a) @ turn(order[1], b) @ turn(order[2], c) for a, b, c in row[3:].reshape(3, 3)
        )
        at = {"Hips": row[:3]}
        at["Chest"] = at["Hips"] + root @ [0, 0.5, 0.1]
        at["Chest_end"] = at["Chest"] + root @ chest @ [0, 0.4, 0]
        at["Leg"] = at["Hips"] + root @ [0.1, -LEG, 0]
        for joint, (x, y, z) in at.items():
            away = motion.joint(joint)[frame] - [x, -z, y]
            floor = away[2] if floor is None else floor
            assert np.allclose(away, [0, 0, floor], atol=1e-5), (joint, frame)


def test_rotations_give_the_positions_again() -> None:
    motion = read_bvh(bvh())
    assert motion.rotations is not None
    positions, _ = motion.skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions)
    assert np.allclose(positions, motion.positions, atol=1e-5)


def test_the_rest_pose_stands_on_the_floor_whatever_the_roots_offset() -> None:
    rest = read_bvh(bvh()).skeleton.rest_positions
    assert rest[:, 2].min() == pytest.approx(0.0)
    assert rest[0] == pytest.approx([0.0, 0.0, LEG])


@pytest.mark.parametrize("scale", [0.01, 100.0])
def test_other_units_become_about_life_size(scale: float) -> None:
    plain, other = read_bvh(bvh()), read_bvh(bvh(scale=scale))
    ratio = 1.7 / (scale * (LEG + 0.9))
    assert other.provenance["scale"] == pytest.approx(ratio)
    assert np.allclose(other.positions, plain.positions * 1.7 / (LEG + 0.9), atol=1e-5)
    assert plain.provenance["scale"] == 1.0


@pytest.mark.parametrize(("height", "stays"), [(0.1, False), (-0.15, False), (0.5, True)])
def test_who_stands_near_the_floor_is_put_on_it(height: float, stays: bool) -> None:
    head = bvh(frames=1).rstrip().rpartition("\n")[0]
    motion = read_bvh(f"{head}\n0 {LEG + height} 0" + 9 * " 0")
    assert motion.positions[0, :, 2].min() == pytest.approx(height if stays else 0.0, abs=1e-6)


def test_a_root_without_positions_stays_where_it_stands() -> None:
    text = bvh(frames=1).replace("6 Xposition Yposition Zposition", "3")
    head, _, row = text.rstrip().rpartition("\n")
    motion = read_bvh(head + "\n" + " ".join(row.split()[3:]))
    assert motion.joint("Hips")[0] == pytest.approx([0.0, 0.0, LEG])


def test_translations_of_other_joints_are_read_over() -> None:
    text = bvh(frames=1).replace("CHANNELS 3 Z", "CHANNELS 6 Xposition Yposition Zposition Z", 1)
    head, _, row = text.rstrip().rpartition("\n")
    numbers = row.split()
    moved = read_bvh(head + "\n" + " ".join([*numbers[:6], "9", "9", "9", *numbers[6:]]))
    assert np.allclose(moved.positions, read_bvh(bvh(frames=1)).positions, atol=1e-6)


def test_names_with_spaces_braces_close_by_and_twins() -> None:
    text = bvh().replace("ROOT Hips\n{", "ROOT Bip001 Pelvis{").replace("JOINT Leg", "JOINT Chest")
    assert read_bvh(text.replace("\n", "\r\n")).skeleton.joints == ("Bip001 Pelvis", "Chest", "Chest_end", "Chest_2")


def test_a_joint_may_be_called_motion() -> None:
    assert "MOTION_chest" in read_bvh(bvh().replace("Chest", "MOTION_chest")).skeleton


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda t: "", "no BVH"),
        (lambda t: t.replace("HIERARCHY", ""), "no BVH"),
        (lambda t: t.split("MOTION")[0], "no BVH"),
        (lambda t: t[: t.index("JOINT Leg") + 30] + "\nMOTION\n" + t.split("MOTION")[1], "breaks off"),
        (lambda t: t.replace("CHANNELS 3", "CHANNELS three", 1), "damaged"),
        (lambda t: t.replace("CHANNELS 3", "CHANNELS -3", 1), "channels are announced"),
        (lambda t: t.replace("CHANNELS 3", "CHANNELS 4", 1), "channels are announced"),
        (lambda t: t.replace("Xrotation", "Xrotatoin", 1), "channels are announced"),
        (lambda t: t.replace("Xrotation", "Wrotation", 1), "channels are announced"),
        (lambda t: t.replace("OFFSET 5 6 7", "OFFSET 5 6 seven"), "damaged"),
        (lambda t: t.replace("OFFSET 5 6 7", "OFFSET 5 6"), "damaged"),
        (lambda t: t.replace("OFFSET 0 0.4 0", "OFFSET 0 nan 0"), "not finite"),
        (lambda t: t.replace("}\nMOTION", "}\nROOT Other\n{\nOFFSET 0 0 0\n}\nMOTION"), "cannot be used"),
        (lambda t: t.replace("0.5 0.1", "0 0").replace("OFFSET 0 0.4 0", "").replace("-0.9", "0"), "no height"),
        (lambda t: t.replace("Frames:", "Frame:"), "Frame Time"),
        (lambda t: t.replace("Frame Time: 0.04", "Frame Time: 0"), "0 s apart"),
        (lambda t: t.replace("Frame Time: 0.04", "Frame Time: 1.2.3"), "no number"),
        (lambda t: t.replace("Frames: 5", "Frames: 0"), "0 frames"),
        (lambda t: t.replace("Frames: 5", "Frames: 99999999999999"), "announces"),
        (lambda t: t.rstrip().rpartition(" ")[0], "holds 59"),
        (lambda t: t.rstrip().rpartition(" ")[0] + " x", "no number"),
        (lambda t: t.rstrip().rpartition(" ")[0] + " nan", "not finite"),
        (lambda t: t.rstrip().rpartition(" ")[0] + " inf", "not finite"),
        (lambda t: "HIERARCHY\nMOTION\nFrames: 1\nFrame Time: 0.1\n", "no joints"),
    ],
)
def test_damaged_files_say_what_to_do(damage: object, words: str) -> None:
    with pytest.raises(MotionError, match=r"export the motion again|damaged, or no body") as error:
        read_bvh(damage(bvh()))  # type: ignore[operator]
    assert words in str(error.value)


def test_too_few_numbers_are_counted_for_frames_there_are_enough_of() -> None:
    """Numbers beyond those announced are left."""
    motion = read_bvh(bvh().replace("Frames: 5", "Frames: 3"))
    assert len(motion) == 3


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutated_files_are_motion_or_a_motion_error(data: st.DataObject) -> None:
    words = bvh(frames=2).split(" ")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(words) - 1))
        new = data.draw(st.sampled_from(["", "{", "}", "-1", "nan", "1e308", "OFFSET", "CHANNELS", "End", "99", "x\n"]))
        words[at : at + data.draw(st.integers(0, 2))] = [new]
    try:
        motion = read_bvh(" ".join(words))
    except MotionError:
        return
    assert np.isfinite(motion.positions).all()


def test_our_own_files_and_unknown_ones(tmp_path: Path) -> None:
    motion, path = performing.violinist(), tmp_path / "a.NPZ"
    path.write_bytes(motion.to_bytes())
    again = load_motion(path)
    assert np.array_equal(again.positions, motion.positions)
    with pytest.raises(MotionError, match=r"\.npz.*\.bvh"):
        load_motion(tmp_path / "a.fbx")
    path.write_bytes(motion.to_bytes()[:1000])
    with pytest.raises(MotionError, match="not a Cadenza motion file"):
        load_motion(path)
    with pytest.raises(FileNotFoundError):
        load_motion(tmp_path / "none.bvh")


def test_a_recording_of_a_walk() -> None:
    """A file of Carnegie Mellon's collection: standing upright on the floor, hips at walking height."""
    path = SHARED / "rigs" / "bvh" / "cmu_01_01_mb.bvh"
    if not path.is_file():
        pytest.skip("the real rigs (shared/data/rigs) are not here")
    motion = load_motion(path)
    assert isinstance(motion, Motion)
    assert len(motion) == 2752
    assert motion.fps == pytest.approx(120, rel=1e-4)
    lowest = motion.positions[:, :, 2].min(axis=1)
    assert np.abs(np.quantile(lowest, [0.01, 0.1])).max() < 0.02
    assert lowest.min() > -0.07  # toes that push off
    assert 0.8 < np.median(motion.positions[:, 0, 2]) < 1.3
