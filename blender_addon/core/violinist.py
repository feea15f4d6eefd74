# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The violinist's skeleton: 65 joints of the body, 16 points of violin and bow.

Joint names are those of VRM 1.0's humanoid bones, in snake case, with ``_tip``,
``_top`` and ``_end`` for the ends that VRM leaves out. The rest pose is a T-pose,
palms down.

Sources: segment lengths as parts of the stature from R. Drillis and R. Contini,
*Body Segment Parameters* (1966), as tabled in D. Winter, *Biomechanics and Motor
Control of Human Movement*; finger segments as parts of the hand's length from
B. Buchholz, T. Armstrong and S. Goldstein, *Anthropometric data for describing
the kinematics of the human hand* (Ergonomics 35, 1992). What these tables do not give (the
spine's joints, offsets of collar bones and toes, the thumb's base) was set by eye within
them, for the stature of 1.75 m.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from . import violin
from .skeleton import Skeleton

STATURE: Final = 1.75
UPPER_ARM: Final = 0.186 * STATURE
FOREARM: Final = 0.146 * STATURE
HAND: Final = 0.108 * STATURE
THIGH: Final = 0.245 * STATURE
SHANK: Final = 0.246 * STATURE
ANKLE_HEIGHT: Final = 0.039 * STATURE
SHOULDER_HEIGHT: Final = 0.818 * STATURE
HIP_HALF: Final = 0.0955 * STATURE / 2
SHOULDER_HALF: Final = 0.100 * STATURE
"""Centre of the humeral head: inside the 0.129 of the tables, which go to the skin."""

FINGERS: Final = ("thumb", "index", "middle", "ring", "little")
PHALANGES: Final = {
    "thumb": (0.251, 0.196, 0.158),
    "index": (0.245, 0.143, 0.097),
    "middle": (0.266, 0.170, 0.108),
    "ring": (0.244, 0.165, 0.107),
    "little": (0.204, 0.117, 0.093),
}
"""Lengths of the three bones of each finger as parts of the hand's length (thumb: metacarpal first)."""
METACARPALS: Final = {"index": 0.463, "middle": 0.446, "ring": 0.421, "little": 0.414}
KNUCKLE_Y: Final = {"index": -0.026, "middle": -0.006, "ring": 0.013, "little": 0.031}
"""Where the knuckles lie across the palm, metres, thumb side negative (breadth 85 mm)."""
THUMB_BASE: Final = (0.020, -0.024, -0.010)
THUMB_DIRECTION: Final = (0.62, -0.70, -0.35)

Row = tuple[str, str | None, tuple[float, float, float], str]


def finger_joints(side: str, finger: str) -> tuple[str, str, str, str]:
    """The four joints of a finger, from the knuckle to the tip."""
    parts = ("metacarpal", "proximal", "distal") if finger == "thumb" else ("proximal", "intermediate", "distal")
    return tuple(f"{side}_{finger}_{part}" for part in (*parts, "tip"))  # type: ignore[return-value]


def _trunk() -> Iterator[Row]:
    heights = {"spine": 1.05, "chest": 1.17, "upper_chest": 1.30, "neck": 1.465, "head": 1.56, "head_top": STATURE}
    depth = {"spine": 0.005, "chest": 0.015, "upper_chest": 0.022, "neck": 0.025, "head": 0.012, "head_top": 0.0}
    hip_height = THIGH + SHANK + ANKLE_HEIGHT
    below, z, y = "hips", hip_height + 0.02, 0.0
    yield "hips", None, (0.0, y, z), "body"
    for joint, height in heights.items():
        yield joint, below, (0.0, depth[joint] - y, height - z), "body"
        below, z, y = joint, height, depth[joint]


def _arm(side: str, sign: float) -> Iterator[Row]:
    shoulder = f"{side}_shoulder"
    yield shoulder, "upper_chest", (sign * 0.020, -0.040, SHOULDER_HEIGHT - 1.30), "body"
    yield f"{side}_upper_arm", shoulder, (sign * (SHOULDER_HALF - 0.020), 0.035, 0.0), "body"
    yield f"{side}_lower_arm", f"{side}_upper_arm", (sign * UPPER_ARM, 0.0, 0.0), "body"
    yield f"{side}_hand", f"{side}_lower_arm", (sign * FOREARM, 0.0, 0.0), "body"
    for finger in FINGERS:
        yield from _finger(side, sign, finger)


def _finger(side: str, sign: float, finger: str) -> Iterator[Row]:
    joints = finger_joints(side, finger)
    if finger == "thumb":
        base = np.array(THUMB_BASE)
        along = np.array(THUMB_DIRECTION) / np.linalg.norm(THUMB_DIRECTION)
    else:
        y, length = KNUCKLE_Y[finger], METACARPALS[finger] * HAND
        base, along = np.array([np.sqrt(length**2 - y**2), y, 0.0]), np.array([1.0, 0.0, 0.0])
    steps = [base, *(along * part * HAND for part in PHALANGES[finger])]
    parent = f"{side}_hand"
    for joint, step in zip(joints, steps, strict=True):
        yield joint, parent, (sign * float(step[0]), float(step[1]), float(step[2])), "hand"
        parent = joint


def _leg(side: str, sign: float) -> Iterator[Row]:
    yield f"{side}_upper_leg", "hips", (sign * HIP_HALF, 0.0, -0.02), "body"
    yield f"{side}_lower_leg", f"{side}_upper_leg", (0.0, 0.0, -THIGH), "body"
    yield f"{side}_foot", f"{side}_lower_leg", (0.0, 0.0, -SHANK), "body"
    yield f"{side}_toes", f"{side}_foot", (0.0, -0.13, -ANKLE_HEIGHT + 0.02), "body"
    yield f"{side}_toes_end", f"{side}_toes", (0.0, -0.07, -0.005), "body"


def _props() -> Iterator[Row]:
    yield "violin_end", "upper_chest", (0.055, -0.105, 0.155), "prop"
    points = {"violin_scroll": violin.SCROLL}
    for name, table in (("bridge", violin.BRIDGE), ("nut", violin.NUT), ("fingerboard_end", violin.FINGERBOARD_END)):
        points |= {f"{name}_{string}": table[i] for i, string in enumerate(violin.STRINGS)}
    for name, point in points.items():
        yield name, "violin_end", (float(point[0]), float(point[1]), float(point[2])), "prop"
    yield "bow_frog", "right_hand", (-0.100, -0.010, -0.060), "prop"
    yield "bow_tip", "bow_frog", (violin.HAIR_LENGTH, 0.0, 0.0), "prop"


def body_rows() -> list[Row]:
    """The 65 joints of the body, as rows for :meth:`Skeleton.build`: every musician has them."""
    arms = [*_arm("left", 1.0), *_arm("right", -1.0)]
    legs = [*_leg("left", 1.0), *_leg("right", -1.0)]
    return [*_trunk(), *arms, *legs]


def violinist_skeleton() -> Skeleton:
    """The violinist in the rest pose: 81 joints, of which 16 are points of the props."""
    return Skeleton.build("violinist", [*body_rows(), *_props()])
