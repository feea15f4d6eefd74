# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An armature as a performer: its bone map, guessed, corrected by hand and remembered."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from .rig.armature import rest_pose_of
from .rig.bone_map import MAPPABLE, BoneMap, essential_missing, guess_bone_map


def bone_map_of(armature: Any) -> BoneMap:
    """The remembered map with the corrections by hand; guessed when there is none.

    Raises:
        BoneMapError: what the .blend remembers is no bone map.
    """
    remembered = armature.cadenza
    if not remembered.bones:
        return guess_bone_map(rest_pose_of(armature))
    guessed = BoneMap.from_json(remembered.guessed_map)
    chosen = {item.name: item for item in remembered.bones if item.bone}
    return replace(
        guessed,
        bones={joint: item.bone for joint, item in chosen.items()},
        confidence={joint: item.confidence for joint, item in chosen.items()},
    )


def remember(armature: Any, bone_map: BoneMap) -> None:
    """Keep a map with the armature; each joint gets a row, with a bone or without."""
    items = armature.cadenza.bones
    items.clear()
    for joint in MAPPABLE:
        item = items.add()
        item.name = joint
        item.bone = bone_map.bones.get(joint, "")
        item.confidence = bone_map.confidence.get(joint, 0.0)
    armature.cadenza.guessed_map = bone_map.to_json()


def guess(armature: Any) -> BoneMap:
    """Guess the map anew and remember it."""
    bone_map = guess_bone_map(rest_pose_of(armature))
    remember(armature, bone_map)
    return bone_map


def missing(armature: Any) -> list[str]:
    """Joints without which nothing can be generated; from what is remembered, cheap enough to draw."""
    chosen = {item.name: item.bone for item in armature.cadenza.bones if item.bone}
    return essential_missing(BoneMap(chosen, {}))


def words(joint: str) -> str:
    """A joint for people: "Left upper arm"."""
    return joint.replace("_", " ").capitalize()


def report_of(armature: Any) -> dict[str, Any]:
    """How well the last take fits; empty before any."""
    try:
        return dict(json.loads(armature.cadenza.report or "{}"))
    except ValueError:
        return {}
