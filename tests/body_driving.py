# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Playing with the body of a character, driven from tests: poses of the trunk, and where hands and instrument are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from tests.addon_driving import character  # noqa: E402
from tests.fill_driving import LAST  # noqa: E402

FRAMES = (5, 24, 40)
EVERY = range(1, LAST + 1)
PLAYERS = {"violin": "performer", "piano": "pianist"}
TIPS = ("right_index_distal", "right_little_distal", "left_index_distal", "left_ring_distal")


def play() -> set[str]:
    """Generate with the body as it is."""
    bpy.context.scene.cadenza.keep_body = True
    return set(bpy.ops.cadenza.generate())


def fill() -> set[str]:
    return set(bpy.ops.cadenza.fill())


def pose_trunk(frames: Any = FRAMES, size: float = 0.2) -> Any:
    """Key the trunk of the character at some frames; the action."""
    for name in ("spine", "head"):
        item = character().pose.bones[name]
        item.rotation_mode = "XYZ"
        for i, frame in enumerate(frames):
            item.rotation_euler = (size * (-1) ** i, 0.1, 0.05 * i)
            item.keyframe_insert("rotation_euler", frame=frame)
    return character().animation_data.action


def turns(scene: Any, frames: Any, bones: Any = ("hips", "spine", "head")) -> np.ndarray:
    """(T, B, 3, 3) how bones are turned in the character's space."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        found.append([np.array(character().pose.bones[b].matrix.to_3x3().normalized()) for b in bones])
    return np.array(found)


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    """The largest angle between turns."""
    trace = np.trace(np.swapaxes(a, -1, -2) @ b, axis1=-2, axis2=-1)
    return float(np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1))).max())


def where_hands_are(scene: Any, frames: Any) -> np.ndarray:
    """(T, 2, 3) in the character's space."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        found.append([np.array(character().pose.bones[f"{side}_hand"].head) for side in ("left", "right")])
    return np.array(found)


def resting() -> np.ndarray:
    """(2, 3) where hands are at rest."""
    return np.array([np.array(character().data.bones[f"{side}_hand"].head_local) for side in ("left", "right")])


def played(scene: Any, frames: Any) -> np.ndarray:
    """(T, N, 3) fingertips and bow as what is played sees them."""
    found = []
    for frame in frames:
        scene.frame_set(frame)
        items = [i for i in (character(), *character().children) if i.type == "ARMATURE" and not i.hide_viewport]
        of = {bone.name: np.array(i.matrix_world @ bone.matrix) for i in items for bone in i.pose.bones}
        piano = scene.cadenza.instrument == "piano"
        seen = [np.linalg.inv(of["keyboard" if piano else "violin_end"]) @ of[bone] for bone in TIPS]
        found.append(
            [m[:3, 3] for m in (seen if piano else [*seen[2:], np.linalg.inv(of["violin_end"]) @ of["bow_frog"]])]
        )
    return np.array(found)
