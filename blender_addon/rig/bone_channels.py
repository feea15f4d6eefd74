# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A body's performance as the channels of its rig's bones. No bpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core.rotations import Array
from .bone_map import BoneMap
from .channels import Channel
from .rest_pose import RestPose
from .retarget import Retargeted

EULER: Final = {"XYZ": 1.0, "YZX": 1.0, "ZXY": 1.0, "XZY": -1.0, "YXZ": -1.0, "ZYX": -1.0}
"""Blender's Euler orders, with the sign of their permutation; the first axis turns first."""
AWAY: Final = 1e-5
"""Part of the body's height by which a bone may be off before its location is keyed."""


@dataclass(frozen=True, eq=False)
class HeldBone:
    """Something that a bone of the rig's own holds: (T, 3) place, (T, 4) turn from rest, in the body's space; size."""

    place: Array = field(repr=False)
    turn: Array = field(repr=False)
    size: float


def bone_channels(result: Retargeted, bone_map: BoneMap, held: Mapping[str, HeldBone] | None = None) -> list[Channel]:
    """Channels that put every mapped bone of a rig where its body's joint is.

    Unmapped bones are taken to be at rest: they go where their parents carry them.

    Args:
        held: bones of the rig that hold an instrument.
    """
    rig = _Rig(result, bone_map)
    channels = []
    for bone, joint in rig.joints.items():
        name, part = rig.rest.bones[bone], part_of(joint)
        path = f'pose.bones["{escape(name)}"].'
        channels.append(_rotation(path, name, part, rig.local_rotation(bone), rig.rest.rotation_modes[bone]))
        if (location := rig.location(bone)) is not None:
            channels.append(Channel(path + "location", name, location, part))
    for name, item in (held or {}).items():
        channels += _held(rig, name, item)
    return channels + _settings(rig)


def _settings(rig: _Rig) -> list[Channel]:
    """Custom properties of a control rig, as it needs them while it performs."""
    count = len(rig.positions)
    return [
        Channel(f'pose.bones["{escape(bone)}"]["{escape(name)}"]', bone, np.full((count, 1), value), "torso")
        for bone, name, value in rig.bone_map.settings
        if bone in rig.rest
    ]


def _held(rig: _Rig, name: str, item: HeldBone) -> list[Channel]:
    """Channels of a bone that holds an instrument."""
    bone, path = rig.rest.index(name), f'pose.bones["{escape(name)}"].'
    rig.hold(bone, item)
    size = np.full((len(item.place), 3), item.size)
    return [
        _rotation(path, name, "props", rig.local_rotation(bone), rig.rest.rotation_modes[bone]),
        Channel(path + "location", name, np.asarray(rig.location(bone)), "props"),
        Channel(path + "scale", name, size, "props"),
    ]


def escape(name: str) -> str:
    """A bone's name as it stands in an RNA path."""
    return name.replace("\\", "\\\\").replace('"', '\\"')


def part_of(joint: str) -> str:
    """The part of the body (``channels.PARTS``) that a joint belongs to."""
    side, _, rest = joint.partition("_")
    if side not in ("left", "right"):
        return "torso"
    if rest.startswith(("upper_leg", "lower_leg", "foot", "toes")):
        return "legs"
    return "left_hand" if side == "left" else "bow_arm"


class _Rig:
    """Rotations and places of the bones that move, in the armature's space."""

    def __init__(self, result: Retargeted, bone_map: BoneMap) -> None:
        body = result.body
        self.rest = body.rest
        self.bone_map = bone_map
        self.joints = {bone: joint for joint, bone in body.bones.items()}
        self.carrier = carrier_of(self.rest, bone_map)
        self.joints.setdefault(self.carrier, "hips")
        self.body = body
        self.turn = {b: self._turned(result.rotations[:, body.skeleton.index(j)]) for b, j in self.joints.items()}
        self.positions = result.positions()
        self.parent: dict[int, int] = {}
        self.stiff: dict[int, int] = {}
        for bone in self.joints:
            self._hang(bone)
        self.shift: dict[int, Array] = {}
        self.places: dict[int, Array] = {}
        self._carry()

    def _turned(self, q: Array) -> Array:
        """Rotations of the body's space in the armature's."""
        return rot.multiply(rot.multiply(self.body.axes, q), rot.conjugate(self.body.axes))

    def _wanted(self, joint: str) -> Array:
        """(T, 3) where a joint belongs."""
        return rot.rotate(self.body.axes, self.positions[:, self.body.skeleton.index(joint)])

    def _hang(self, bone: int) -> None:
        """Find the moving bone that carries a bone (-1 when none does), and the bone between them, if any,
        that does not turn with it: from there on everything keeps its rest orientation."""
        rest, at, seen = self.rest, bone, {bone}
        while True:
            over = self.bone_map.parents.get(rest.bones[at], "")
            if at != bone and over not in rest and not rest.inherits[at]:
                self.stiff[bone] = at  # the topmost one counts
            at = rest.index(over) if over in rest else rest.parents[at]
            if at < 0 or at in self.joints or at in seen:
                self.parent[bone] = -1 if at in seen else at
                return
            seen.add(at)

    def _carried(self, bone: int) -> Array:
        """(T, 3) where a bone's head goes when its own location is zero."""
        parent, head = self.parent[bone], self.rest.heads[bone]
        if parent < 0:
            return np.broadcast_to(head, (len(self.positions), 3))
        pivot = self.rest.heads[self.stiff.get(bone, bone)]
        return self._place(parent) + rot.rotate(self.turn[parent], pivot - self.rest.heads[parent]) + (head - pivot)

    def _place(self, bone: int) -> Array:
        """(T, 3) where a bone's head is; those that the rig does not carry where they belong are moved there."""
        if bone not in self.places:
            place = self._carried(bone)
            if bone == self.carrier:
                place = place + self.shift.get(bone, 0.0)
            elif self._parted(bone):
                wanted = self._wanted(self.joints[bone])
                if np.abs(wanted - place).max() > AWAY * np.ptp(self.rest.heads, axis=0).max():
                    self.shift[bone], place = wanted - place, wanted
            self.places[bone] = place
        return self.places[bone]

    def _parted(self, bone: int) -> bool:
        """Whether it is carried in another way than the body takes for granted."""
        skeleton, joint = self.body.skeleton, self.joints[bone]
        parent = skeleton.parents[skeleton.index(joint)]
        carried = self.joints.get(self.parent[bone]) == skeleton.joints[parent] and bone not in self.stiff
        return parent >= 0 and not carried

    def _carry(self) -> None:
        """Move everything by the bone that carries all, so that the hips come where they belong."""
        self.shift[self.carrier] = self._wanted("hips") - self._place(self.body.bones["hips"])
        self.places.clear()
        for bone in self.joints:
            if self._parted(bone):
                self._place(bone)

    def hold(self, bone: int, item: HeldBone) -> None:
        """Add a bone that goes its own way."""
        self.turn[bone] = self._turned(item.turn)
        self._hang(bone)
        self.shift[bone] = rot.rotate(self.body.axes, item.place) - self._carried(bone)

    def _parent_turn(self, bone: int) -> Array:
        """(T, 4) how the bone's parent has turned from rest."""
        parent = self.parent[bone]
        if parent < 0 or bone in self.stiff:
            return np.broadcast_to(rot.IDENTITY, (len(self.positions), 4))
        return self.turn[parent]

    def local_rotation(self, bone: int) -> Array:
        """(T, 4) of a bone's own axes, relative to where its parent carries them."""
        rest = self.rest.rotations[bone]
        away = self.turn[bone]
        if self.rest.inherits[bone]:
            away = rot.multiply(rot.conjugate(self._parent_turn(bone)), away)
        return rot.multiply(rot.multiply(rot.conjugate(rest), away), rest)

    def location(self, bone: int) -> Array | None:
        """(T, 3) location channel, None where a bone stays in its joint."""
        if bone not in self.shift:
            return None
        shift = rot.rotate(rot.conjugate(self._parent_turn(bone)), self.shift[bone])
        along = bone if self.rest.local[bone] else self.rest.parents[bone]  # the bone's own axes, or its parent's
        return shift if along < 0 else rot.rotate(rot.conjugate(self.rest.rotations[along]), shift)


def carrier_of(rest: RestPose, bone_map: BoneMap) -> int:
    """The bone that carries all: the topmost that a control rig names above the hips, else the hips.
    A bone that is connected to its parent cannot leave it, so that its parent goes instead."""
    name, seen = bone_map.bones["hips"], set[str]()
    while (over := bone_map.parents.get(name, "")) in bone_map.parents and over in rest and over not in seen:
        seen.add(over)
        name = over
    carrier = rest.index(name)
    while rest.connected[carrier] and rest.parents[carrier] >= 0:
        carrier = rest.parents[carrier]
    return carrier


def _rotation(path: str, name: str, part: str, local: Array, mode: str) -> Channel:
    if mode in EULER:
        return Channel(path + "rotation_euler", name, to_euler(local, mode), part)
    if mode == "AXIS_ANGLE":
        return Channel(path + "rotation_axis_angle", name, to_axis_angle(local), part)
    return Channel(path + "rotation_quaternion", name, rot.unroll(local), part)


def to_axis_angle(q: Array) -> Array:
    """(T, 4) angle (radians) and axis of rotations over time, without jumps: the axis stays on one side."""
    q = rot.unroll(q)
    sine = np.linalg.norm(q[:, 1:], axis=-1, keepdims=True)
    axis = np.where(sine > 1e-9, q[:, 1:] / np.maximum(sine, 1e-9), [0.0, 1.0, 0.0])
    side = np.concatenate([[1.0], np.cumprod(np.where((axis[1:] * axis[:-1]).sum(axis=-1) < 0, -1.0, 1.0))])
    angle = np.unwrap(2.0 * np.arctan2(side * sine[:, 0], q[:, 0]))
    return np.concatenate([angle[:, None], side[:, None] * axis], axis=-1)


def to_euler(q: Array, order: str) -> Array:
    """(T, 3) angles (radians, in the order X, Y, Z) of rotations over time, without jumps.

    Of the two triples that mean the same rotation, each frame takes the one nearer to the
    frame before.
    """
    i, j, k = ("XYZ".index(axis) for axis in order)
    sign, m = EULER[order], rot.to_matrix(q)
    angles = np.empty((len(q), 3))
    angles[:, i] = np.arctan2(sign * m[:, k, j], m[:, k, k])
    angles[:, j] = np.arcsin(np.clip(-sign * m[:, k, i], -1.0, 1.0))
    angles[:, k] = np.arctan2(sign * m[:, j, i], m[:, i, i])
    other = angles + np.pi
    other[:, j] = np.pi - angles[:, j]

    def apart(a: Array, b: Array) -> Array:
        return np.asarray(np.abs((a - b + np.pi) % (2 * np.pi) - np.pi).sum(axis=-1))

    flips = apart(other[1:], angles[:-1]) < apart(angles[1:], angles[:-1]) - 1e-9
    flipped = np.concatenate([[False], np.cumsum(flips) % 2 == 1])
    return np.asarray(np.unwrap(np.where(flipped[:, None], other, angles), axis=0))
