# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a character does on the timeline, as a motion, whatever moves it: takes, actions, constraints, mocap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from ..core.motion import Motion
from ..core.skeleton import Skeleton
from ..timeline import frame_rate, seconds_at
from .bone_map import BoneMap

FPS: Final = 40.0
"""Frames a second that are looked at: what recognisers watch."""
LONGEST: Final = 30 * 60.0
"""Seconds of a capture."""


class CaptureError(ValueError):
    """A character that cannot be watched; the message says why."""


def capture(
    scene: Any,
    armature: Any,
    bone_map: BoneMap,
    first: float,
    last: float,
    origin: float,
    tell: Callable[[float], Any] = lambda part: None,
) -> Motion:
    """The mapped bones' joints in world space from one scene frame to another; the scene's frame is put back.

    Args:
        origin: second of the recording at the scene's first frame.
        tell: called with the part (0 to 1) that has been looked at.

    Raises:
        CaptureError: no bone is mapped, or the range is empty or too long.
    """
    bones = {j: b for j, b in bone_map.bones.items() if b in armature.pose.bones}
    if len(bones) < 2:
        raise CaptureError(f"{armature.name!r} has no bones that are mapped; look at Performer > Bone Map")
    count = int((last - first) / frame_rate(scene) * FPS) + 1
    if count < FPS / 2 or count > LONGEST * FPS:
        raise CaptureError("the motion must last between half a second and 30 minutes; choose another range")
    frames = first + np.arange(count) * (frame_rate(scene) / FPS)
    before = (scene.frame_current, scene.frame_subframe)
    places = np.empty((count, len(bones), 3), dtype=np.float32)
    try:
        for i, frame in enumerate(frames):
            places[i] = _places(scene, armature, list(bones.values()), float(frame))
            tell((i + 1) / count)
    finally:
        scene.frame_set(before[0], subframe=before[1])
    return Motion(_skeleton(tuple(bones), places[0]), FPS, places, start=float(seconds_at(scene, first, origin)))


def _places(scene: Any, armature: Any, bones: list[str], frame: float) -> Any:
    """(J, 3) heads of the bones in world space."""
    whole = int(np.floor(frame))
    scene.frame_set(whole, subframe=frame - whole)
    world = np.array(armature.matrix_world)
    pose = armature.pose.bones
    heads = np.array([pose[name].head for name in bones])
    return heads @ world[:3, :3].T + world[:3, 3]


def _skeleton(joints: tuple[str, ...], rest: Any) -> Skeleton:
    """Joints by their names, all hanging on the first: only places are known."""
    offsets = rest - rest[0]
    return Skeleton("captured", joints, (-1, *[0] * (len(joints) - 1)), offsets, ("body",) * len(joints))
