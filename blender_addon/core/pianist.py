# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The pianist's skeleton: the 65 joints of the violinist's body; keyboard, keys, pedal and bench.

The rest pose of the body is the standing T-pose, so that one figure and one bone map serve every
musician; who plays sits. Each of the 88 keys is a joint, ``key_21`` to ``key_108`` by MIDI number,
at the middle of its front edge, and is a held prop of its own: it moves against the keyboard, so
that its place alone tells how far it is down, whatever made the motion. What a key adds to a file is
small and constant, and nobody who receives a motion has to be told when which note was played.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from . import piano
from .rotations import Array
from .skeleton import Skeleton
from .violinist import ANKLE_HEIGHT, SHANK, THIGH, Row, body_rows

SEATED: Final = np.array([0.0, 0.0, piano.SEAT_HEIGHT + 0.112])
"""Hips of who sits on the bench: the hip joints 92 mm above the seat, 20 mm below the hips."""
KEYBOARD: Final = np.array([0.0, -0.455, piano.KEYBOARD_HEIGHT])
"""The keyboard's origin before a seated pianist."""
PEDAL: Final = np.array([-0.070, -0.550, piano.PEDAL_HEIGHT])
"""End of the right pedal, on top, not pressed."""
BENCH: Final = np.array([0.0, 0.035, piano.SEAT_HEIGHT])
"""Middle of the bench's seat."""
PROPS: Final = ("keyboard", "pedal", "bench")


def key_joint(pitch: int) -> str:
    """Name of the joint of a key."""
    return f"key_{pitch}"


KEY_JOINTS: Final = tuple(key_joint(pitch) for pitch in range(piano.LOWEST, piano.HIGHEST + 1))


def _props() -> Iterator[Row]:
    hips = np.array([0.0, 0.0, THIGH + SHANK + ANKLE_HEIGHT + 0.02])

    def row(joint: str, place: Array) -> Row:
        x, y, z = (float(c) for c in place - hips)
        return joint, "hips", (x, y, z), "prop"

    for joint, place in zip(PROPS, (KEYBOARD, PEDAL, BENCH), strict=True):
        yield row(joint, place)
    for pitch in range(piano.LOWEST, piano.HIGHEST + 1):
        yield row(key_joint(pitch), KEYBOARD + piano.front(pitch))


def pianist_skeleton() -> Skeleton:
    """The pianist in the rest pose: 156 joints, of which 91 are props."""
    return Skeleton.build("pianist", [*body_rows(), *_props()])
