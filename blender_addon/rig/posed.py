# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an animator left posed on the bones that a performance needs. No bpy of its own.

Keys of rotation alone would leave, say, a scaled arm scaled: what is not at rest on these
bones is keyed at rest in the take. Bones above the hips place the character and stay as they
are, and so do those that no mapped bone hangs on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np

from .action import key_values
from .bone_channels import carrier_of, escape, part_of
from .bone_map import BoneMap
from .channels import Channel
from .nla import OF_TAKE, played_on
from .rest_pose import RestPose

AT_REST: Final = {
    "location": (0.0, 0.0, 0.0),
    "rotation_quaternion": (1.0, 0.0, 0.0, 0.0),
    "rotation_euler": (0.0, 0.0, 0.0),
    "rotation_axis_angle": (0.0, 0.0, 1.0, 0.0),
    "scale": (1.0, 1.0, 1.0),
}
PLACED: Final = ("location", "scale")
"""What of a bone no performance turns: where poses are kept, it stays as it is."""
CLOSE: Final = 1e-6


def bones_between(rest: RestPose, bone_map: BoneMap) -> dict[str, str]:
    """Bone -> the joint that it carries, or is: the mapped bones, and all between them and what carries the hips."""
    mapped = {rest.index(bone): joint for joint, bone in bone_map.bones.items() if bone in rest}
    if bone_map.bones.get("hips", "") not in rest:
        return {}
    above = set(rest.ancestors(carrier_of(rest, bone_map)))
    found: dict[str, str] = {}
    for bone, joint in mapped.items():
        for at in (bone, *rest.ancestors(bone)):
            if at in above or (at != bone and at in mapped):
                break
            found.setdefault(rest.bones[at], joint)
    return found


def posed_of(
    armature: Any, bones: Mapping[str, str], mapped: Collection[str], but: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Bone -> those of its properties, ``but`` some, that are not at rest, now or anywhere in what moves the armature:
    mocap begins at rest, often. How ``mapped`` bones turn is not asked: a performance keys that."""
    found: dict[str, tuple[str, ...]] = {}
    asked = {name: _asked(armature.pose.bones[name], name in mapped, but) for name in bones}
    animated = _moved_off(armature, {path_of(name, prop) for name, wanted in asked.items() for prop in wanted})
    for name, wanted in asked.items():
        bone = armature.pose.bones[name]
        here = {p for p in wanted if not np.allclose(getattr(bone, p), AT_REST[p], atol=CLOSE)}
        away = tuple(p for p in wanted if p in here or path_of(name, p) in animated)
        if away:
            found[name] = away
    return found


def _asked(bone: Any, turned: bool, but: Collection[str]) -> list[str]:
    """Properties of a bone that must be at rest."""
    every = ("location", "scale") if turned else ("location", _rotation(bone.rotation_mode), "scale")
    return [prop for prop in every if prop not in but]


def path_of(bone: str, prop: str) -> str:
    """Where the curves of a bone's property lead."""
    return f'pose.bones["{escape(bone)}"].{prop}'


def _moved_off(armature: Any, wanted: Collection[str]) -> set[str]:
    """Those of the paths of bones' properties that an animator's own actions take from rest."""
    found = set()
    for played in played_on(armature):
        if played.curves is None or OF_TAKE in played.action:
            continue
        for curve in played.curves.fcurves:
            if curve.data_path not in wanted or curve.data_path in found:
                continue
            rest = AT_REST[curve.data_path.rpartition(".")[2]]
            if not np.allclose(key_values(curve), rest[curve.array_index], atol=CLOSE):
                found.add(curve.data_path)
    return found


def _rotation(mode: str) -> str:
    return {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(mode, "rotation_euler")


def kept_at_rest(
    posed: Mapping[str, tuple[str, ...]], bones: Mapping[str, str], channels: list[Channel], frames: int
) -> list[Channel]:
    """Channels that hold at rest what was posed and has no channel of its own."""
    taken = {channel.path for channel in channels}
    found = []
    for name, properties in posed.items():
        for prop in properties:
            path = path_of(name, prop)
            if path not in taken:
                found.append(Channel(path, name, np.tile(AT_REST[prop], (frames, 1)), part_of(bones[name])))
    return found
