# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion from a file on disk: Cadenza's own npz, or BVH. No bpy."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from .core import rotations as rot
from .core.motion import Motion, MotionError
from .core.rotations import Array
from .core.skeleton import Skeleton, SkeletonError

TALL: Final = (0.8, 2.4)
"""Heights (metres) that a BVH's units may mean as they stand; others are scaled to ``STATURE``."""
STATURE: Final = 1.7
NEAR_FLOOR: Final = 0.2
"""A performer who stands within this height (metres) of the floor is put on it; others are meant to be elsewhere."""
STANDING: Final = 0.02
"""Part of the frames in which some joint is as low as the floor, or lower."""
LARGEST: Final = 1e9
"""Larger numbers are no measures of a body, in whatever unit."""
UPRIGHT: Final = rot.from_axis_angle(np.array([1.0, 0.0, 0.0]), np.pi / 2)
"""BVH has Y up, we have Z up."""


def load_motion(path: Path) -> Motion:
    """Read a motion file.

    Raises:
        MotionError: when it is none of ours, with what to do; OSError.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return Motion.load(path)
    if suffix == ".bvh":
        return read_bvh(path.read_text(encoding="utf-8", errors="replace"), path.stem)
    raise MotionError(f"{path.name} is no motion file; choose a .npz that Cadenza wrote, or a .bvh")


@dataclass
class _Node:
    """A joint of a BVH's hierarchy."""

    name: str
    parent: int
    offset: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    channels: list[str] = field(default_factory=list)


def read_bvh(text: str, name: str = "bvh") -> Motion:
    """A Biovision hierarchy (Y up) as motion in our axes: Z up, about life size.

    Translations of joints other than the root are left out: bones keep their lengths.

    Raises:
        MotionError: when the text is no BVH; the message says where it breaks off.
    """
    head, *tail = re.split(r"^\s*MOTION\s*$", text, maxsplit=1, flags=re.MULTILINE)
    if not tail or "HIERARCHY" not in head:
        raise MotionError("this is no BVH file: it lacks HIERARCHY or MOTION; export the motion again")
    nodes = _hierarchy(re.sub(r"([{}])", r" \1 ", head).split())
    fps, values = _frames(tail[0], sum(len(node.channels) for node in nodes))
    skeleton, scale = _skeleton(name, nodes)
    return _motion(nodes, skeleton, values, fps, scale)


def _hierarchy(words: list[str]) -> list[_Node]:
    """The joints, parents first; end sites are joints without channels."""
    nodes: list[_Node] = []
    path: list[int] = []
    at = 0
    try:
        while at < len(words):
            word = words[at]
            if word in ("ROOT", "JOINT", "End"):
                brace = words.index("{", at)  # names may have spaces
                parent = path[-1] if path else -1
                label = f"{nodes[parent].name}_end" if word == "End" else " ".join(words[at + 1 : brace])
                nodes.append(_Node(_free(label, nodes), parent))
                path.append(len(nodes) - 1)
                at = brace + 1
            elif word == "OFFSET":
                x, y, z = map(float, words[at + 1 : at + 4])
                nodes[path[-1]].offset = [x, y, z]
                at += 4
            elif word == "CHANNELS":
                count = int(words[at + 1])
                nodes[path[-1]].channels = _channels(words[at + 2 : at + 2 + max(count, 0)], count)
                at += 2 + count
            else:
                if word == "}":
                    path.pop()
                at += 1
    except (IndexError, ValueError) as error:
        raise MotionError(
            f"the BVH's hierarchy breaks off or is damaged near word {at} ({error}); export the motion again"
        ) from error
    if not any(node.channels for node in nodes):
        raise MotionError("the BVH names no joints that move; export the motion again")
    return nodes


def _channels(names: list[str], count: int) -> list[str]:
    """Channels of a joint, in the order in which their numbers come."""
    if len(names) != count or not all(re.fullmatch("[XYZxyz](rotation|position)", n, re.IGNORECASE) for n in names):
        raise ValueError(f"{count} channels are announced: {' '.join(names) or 'none'}")
    return names


def _free(name: str, nodes: list[_Node]) -> str:
    taken = {node.name for node in nodes}
    number, free = 1, name
    while free in taken:
        number, free = number + 1, f"{name}_{number + 1}"
    return free


def _frames(text: str, channels: int) -> tuple[float, Array]:
    """Frames per second and (T, channels)."""
    found = re.search(r"Frames:\s*(\d+)\s+Frame\s+Time:\s*([0-9.eE+-]+)", text)
    if found is None:
        raise MotionError('the BVH has no "Frames:" and "Frame Time:"; export the motion again')
    try:
        count, seconds = int(found[1]), float(found[2])
        numbers = np.array(text[found.end() :].split(), dtype=np.float64)
    except ValueError as error:
        raise MotionError(
            f"the BVH's frames hold something that is no number ({error}); export the motion again"
        ) from error
    if not (np.abs(numbers) < LARGEST).all():
        raise MotionError("the BVH's frames hold numbers that are not finite or far too large; export the motion again")
    if count < 1 or not seconds > 1e-6 or len(numbers) < count * channels:
        raise MotionError(
            f"the BVH announces {count} frames of {channels} numbers and holds {len(numbers)}, {seconds:g} s apart; "
            "export the motion again"
        )
    return 1.0 / seconds, numbers[: count * channels].reshape(count, channels)


def _skeleton(name: str, nodes: list[_Node]) -> tuple[Skeleton, float]:
    """The joints at rest with Z up, and what their units are multiplied by."""
    given = np.array([node.offset for node in nodes])
    if not (np.abs(given) < LARGEST).all():
        raise MotionError("the BVH has offsets that are not finite or far too large; export the motion again")
    offsets = rot.rotate(UPRIGHT, given)
    offsets[0] = 0.0
    rows = [
        (node.name, nodes[node.parent].name if node.parent >= 0 else None, list(offset), "body")
        for node, offset in zip(nodes, offsets, strict=True)
    ]
    try:
        skeleton = Skeleton.build(name, rows)
        height = float(np.ptp(skeleton.rest_positions[:, 2]))
        if not height > 1e-9:
            raise MotionError("the BVH's rest pose has no height; it is damaged, or no body")
        scale = 1.0 if TALL[0] <= height <= TALL[1] else STATURE / height
        rows[0][2][2] = -float(skeleton.rest_positions[:, 2].min())  # the rest pose stands on the floor
        return Skeleton.build(name, [(a, b, [scale * x for x in c], d) for a, b, c, d in rows]), scale
    except SkeletonError as error:
        raise MotionError(f"the BVH's skeleton cannot be used ({error}); export the motion again") from error


def _motion(nodes: list[_Node], skeleton: Skeleton, values: Array, fps: float, scale: float) -> Motion:
    frames = len(values)
    local = np.tile(rot.IDENTITY, (frames, len(nodes), 1))
    positions = np.zeros((frames, len(nodes), 3))
    if not any(channel.lower().endswith("position") for channel in nodes[0].channels):
        positions[:, 0] = rot.rotate(rot.conjugate(UPRIGHT), skeleton.offsets[0])  # it stays where it stands
    column = 0
    for i, node in enumerate(nodes):
        for channel in node.channels:
            axis, kind = channel[0].upper(), channel[1:].lower()
            if kind == "rotation":
                turn = rot.from_axis_angle(np.eye(3)["XYZ".index(axis)], np.radians(values[:, column]))
                local[:, i] = rot.multiply(local[:, i], turn)
            elif i == 0:
                positions[:, 0, "XYZ".index(axis)] = scale * values[:, column]
            column += 1
    local = rot.multiply(rot.multiply(UPRIGHT, local), rot.conjugate(UPRIGHT))
    positions = rot.rotate(UPRIGHT, positions)
    positions, _ = skeleton.forward_kinematics(local, positions)
    floor = np.quantile(positions[:, :, 2].min(axis=1), STANDING)
    if abs(floor) < NEAR_FLOOR:
        positions[:, :, 2] -= floor
    rotations = rot.unroll(local).astype(np.float32)
    return Motion(
        skeleton, fps, positions.astype(np.float32), rotations, provenance={"generator": "bvh", "scale": scale}
    )
