# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene with the user's own character performing a motion, for the headless run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

from . import takes, timeline
from .character_files import open_character
from .core.motion import Motion
from .core.protocol import CharacterFile
from .rig import perform, studio
from .rig.armature import rest_pose_of
from .rig.body import TREE, Body, body_of_rig
from .rig.bone_map import BoneMap, guess_bone_map


@dataclass(frozen=True)
class Shown:
    """A character on its scene, and what there is to say about it."""

    scene: Any
    armature: Any
    report: dict[str, Any]


def character_scene(motion: Motion, fps: float, character: CharacterFile) -> Shown:
    """Open a character's file and let the character perform.

    Raises:
        CharacterError, BoneMapError, RigError, MotionError, TakeError: with what to do.
    """
    armature = open_character(Path(character.path), character.armature)
    scene = bpy.context.scene
    timeline.set_frame_rate(scene, fps)
    bone_map = _bone_map(armature, character.bone_map)
    performance = perform.plan(armature, motion, bone_map, scene).solve()
    perform.ensure_props(armature, performance)
    write = takes.write_take(
        armature, performance.channels, performance.frames, name="Take 1", provenance=motion.provenance
    )
    for _ in write:
        pass
    scene.frame_end = max(scene.frame_start, int(np.floor(performance.frames[-1] + 1e-6)))
    scene.frame_set(scene.frame_start)
    if scene.camera is None:
        at_piano = performance.plays == perform.PIANO
        _light(scene, armature, body_of_rig(rest_pose_of(armature), bone_map), at_piano)
    return Shown(scene, armature, performance.report)


def _bone_map(armature: Any, path: str | None) -> BoneMap:
    if path is None:
        return guess_bone_map(rest_pose_of(armature))
    return BoneMap.from_json(Path(path).read_text(encoding="utf-8"))


def _light(scene: Any, armature: Any, body: Body, at_piano: bool = False) -> None:
    """A studio of the character's size, where the character stands and faces."""
    heights = body.skeleton.rest_positions[:, 2]
    mine = [np.ptp(heights), heights.min()]
    ours = TREE.rest_positions[[TREE.index(j) for j in body.skeleton.joints], 2]
    size = float(mine[0] / np.ptp(ours))
    floor = Matrix.Translation((0.0, 0.0, float(mine[1] - size * ours.min())))
    turn = Quaternion(body.axes.tolist()).to_matrix().to_4x4()
    hand = [armature.data.bones[i].name for j, i in body.bones.items() if j in ("left_hand", "left_middle_proximal")]
    studio.build_studio(
        armature,
        scene=scene,
        matrix=armature.matrix_world @ turn @ floor @ Matrix.Scale(size, 4),
        look_at=hand,
        cameras=studio.PIANO_CAMERAS if at_piano else studio.CAMERAS,
    )
    studio.render_settings(scene)
