# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What fills and varies, driven from tests: poses keyed, options set, buttons pressed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import takes  # noqa: E402
from blender_addon.rig.action import curves_of  # noqa: E402
from tests.addon_driving import character, drive  # noqa: E402

ARM = "right_upper_arm"
LAST = 48
"""Frames of the sound's two seconds."""
POSES = {1: 0.0, 11: 0.7, 26: -0.4, 48: 0.2}


def pose(poses: dict[int, float] = POSES, bone: str = ARM) -> Any:
    """Key the bow arm at some frames; the action."""
    item = character().pose.bones[bone]
    item.rotation_mode = "XYZ"
    for frame, angle in poses.items():
        item.rotation_euler = (angle, 0.1, 0.2)
        item.keyframe_insert("rotation_euler", frame=frame)
    return character().animation_data.action


def hand_at(scene: Any, frames: Any, bone: str = "right_hand") -> np.ndarray:
    """(T, 3) where a bone is."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        found.append(np.array(character().pose.bones[bone].head))
    return np.array(found)


def all_keys(action: Any) -> list[Any]:
    return [
        (c.data_path, c.array_index, tuple(k.co), k.type) for c in curves_of(action).fcurves for k in c.keyframe_points
    ]


def option(**values: Any) -> None:
    for name, value in values.items():
        setattr(bpy.context.scene.cadenza.options_tween, f"value_{name}", value)


def done(press: Any) -> Any:
    """Press a button and wait; the take."""
    assert press() == {"FINISHED"}
    job = drive()
    assert job.state == "finished", job.error
    return takes.find(character(), job.take)
