# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of the figure's vertices: blends along the chains of bones.

All functions take points of the reference figure, that is in the rest pose of
:func:`violinist_skeleton`, on its left side; :func:`fit` carries the finished figure
to a skeleton of other proportions.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core.rotations import Array
from ..core.skeleton import Skeleton
from ..core.violinist import FINGERS, finger_joints, violinist_skeleton
from .implicit import smoothstep
from .meshing import Weights

THUMB_BACK: Final = (-0.45, -0.35, 0.80)
"""Where the left thumb's nail looks; the other fingers' look up."""
WEB: Final = 0.020
"""Webs between the fingers end this far beyond the knuckles."""


@lru_cache(maxsize=1)
def reference() -> Skeleton:
    return violinist_skeleton()


def at(joint: str) -> Array:
    """Rest position of a joint of the reference skeleton."""
    skeleton = reference()
    return np.asarray(skeleton.rest_positions[skeleton.index(joint)])


def chain(bones: Sequence[str], steps: Sequence[Array]) -> Weights:
    """Weights along a chain: ``steps`` rise from 0 to 1 at each joint after the first bone."""
    weights, left = {}, np.ones_like(steps[0])
    for bone, step in zip(bones, [*steps, np.zeros_like(steps[0])], strict=True):
        weights[bone] = left * (1.0 - step)
        left = left * step
    return weights


def mixed(*parts: tuple[Weights, Array | float]) -> Weights:
    """Sum of weights times factors."""
    out: Weights = {}
    for weights, factor in parts:
        for bone, weight in weights.items():
            out[bone] = out.get(bone, 0.0) + weight * factor
    return out


def rigid(bone: str, points: Array) -> Weights:
    return {bone: np.ones(len(points))}


def trunk_weights(p: Array) -> Weights:
    """Hips to upper chest."""
    steps = [smoothstep(p[:, 2], at(j)[2] - w, at(j)[2] + w) for j, w in (("spine", 0.05), ("chest", 0.06))]
    steps.append(smoothstep(p[:, 2], at("upper_chest")[2] - 0.065, at("upper_chest")[2] + 0.055))
    return chain(("hips", "spine", "chest", "upper_chest"), steps)


def neck_weights(p: Array) -> Weights:
    """Upper chest to head; the jaw goes with the head."""
    lean = p[:, 2] - 0.6 * p[:, 1]
    steps = [smoothstep(p[:, 2], 1.44, 1.505), smoothstep(lean, 1.525, 1.585)]
    return chain(("upper_chest", "neck", "head"), steps)


def jacket_weights(p: Array) -> Weights:
    """Trunk, shoulders and sleeves of both sides."""
    x, sign = np.abs(p[:, 0]), p[:, 0] > 0
    height = smoothstep(p[:, 2], 1.27, 1.385)
    arm = smoothstep(x, 0.115, 0.235) * np.maximum(height, smoothstep(x, 0.19, 0.24))
    shoulder = smoothstep(x, 0.03, 0.14) * smoothstep(p[:, 2], 1.33, 1.425) * 0.85
    elbow = smoothstep(x, at("left_lower_arm")[0] - 0.045, at("left_lower_arm")[0] + 0.045)
    weights = mixed((trunk_weights(p), (1.0 - arm) * (1.0 - shoulder)))
    for side, mine in (("left", sign), ("right", ~sign)):
        sleeve = chain((f"{side}_upper_arm", f"{side}_lower_arm"), [elbow])
        weights |= mixed((sleeve, arm * mine), (rigid(f"{side}_shoulder", p), (1.0 - arm) * shoulder * mine))
    return weights | {"hips": weights["hips"]}


def skirt_weights(p: Array) -> Weights:
    """The jacket, its skirt drawn along a little by the thighs."""
    weights = jacket_weights(p)
    follow = 0.75 * smoothstep(p[:, 2], 0.99, 0.83) * weights["hips"]
    left = smoothstep(p[:, 0], -0.07, 0.07)
    extra = {"left_upper_leg": follow * left, "right_upper_leg": follow * (1.0 - left)}
    return weights | {"hips": weights["hips"] - follow} | extra


def trouser_weights(p: Array) -> Weights:
    """Hips and both legs."""
    left = smoothstep(p[:, 0], -0.02, 0.02)
    hip = smoothstep(p[:, 2] - 0.25 * p[:, 1], 0.985, 0.85)
    knee = smoothstep(p[:, 2], at("left_lower_leg")[2] + 0.05, at("left_lower_leg")[2] - 0.05)
    weights: Weights = {"hips": 1.0 - hip}
    for side, mine in (("left", left), ("right", 1.0 - left)):
        leg = chain((f"{side}_upper_leg", f"{side}_lower_leg"), [knee])
        weights |= mixed((leg, hip * mine))
    return weights


def shoe_weights(p: Array) -> Weights:
    bend = smoothstep(p[:, 1], at("left_toes")[1] + 0.022, at("left_toes")[1] - 0.018)
    return chain(("left_foot", "left_toes"), [bend])


def distance(p: Array, points: Array) -> Array:
    """Distance to a polyline."""
    out = np.full(len(p), np.inf)
    for a, b in itertools.pairwise(points):
        t = np.clip((p - a) @ (b - a) / ((b - a) @ (b - a)), 0.0, 1.0)
        out = np.minimum(out, np.linalg.norm(p - a - t[:, None] * (b - a), axis=1))
    return out


def _finger_chain(p: Array, finger: str, widths: Sequence[tuple[float, float]]) -> Weights:
    """Hand and the three bones of one finger, as if there were no other."""
    joints = finger_joints("left", finger)
    steps = []
    for joint, tip, (before, after) in zip(joints[:-1], joints[1:], widths, strict=True):
        way = rot.normalize(at(tip) - at(joint))
        steps.append(smoothstep((p - at(joint)) @ way, -before, after))
    return chain(("left_hand", *joints[:-1]), steps)


def hand_weights(p: Array) -> Weights:
    """The left hand: fingers share the webs, the ball of the thumb fades into the palm."""
    knuckles = ((0.011, 0.014), (0.0075, 0.0075), (0.006, 0.006))
    beyond = p[:, 0] - at("left_middle_proximal")[0]
    spread = 0.0016 + 0.0024 * smoothstep(beyond, WEB + 0.008, WEB - 0.010)
    fingers = FINGERS[1:]
    lines = [np.array([at(j) for j in finger_joints("left", f)]) for f in fingers]
    near = np.array([distance(p, line) for line in lines])
    share = np.exp(-(near**2 - (near**2).min(axis=0)) / (2 * spread**2))
    share /= share.sum(axis=0)
    palm = mixed(*((_finger_chain(p, f, knuckles), s) for f, s in zip(fingers, share, strict=True)))
    line = np.array([at(j) for j in finger_joints("left", "thumb")])
    thumb = _finger_chain(p, "thumb", ((0.010, 0.026), (0.010, 0.010), (0.0075, 0.0075)))
    far = distance(p, line)
    mine = smoothstep(far - 0.004 * smoothstep(p[:, 1], -0.02, -0.05), 0.026, 0.013)
    arm = smoothstep(p[:, 0], at("left_hand")[0] + 0.010, at("left_hand")[0] - 0.024)
    return mixed((palm, (1.0 - mine) * (1.0 - arm)), (thumb, mine * (1.0 - arm)), (rigid("left_lower_arm", p), arm))


def limited(weights: Weights, bones: Sequence[str], most: int = 4) -> Array:
    """(N, B) weights with at most ``most`` bones each, that sum to one."""
    count = len(next(iter(weights.values())))
    table = np.zeros((count, len(bones)))
    for bone, weight in weights.items():
        table[:, bones.index(bone)] = np.where(weight > 2e-3, weight, 0.0)
    cut = -np.partition(-table, most, axis=1)[:, most]
    table[table <= cut[:, None]] = 0.0
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def fit(points: Array, table: Array, bones: Sequence[str], skeleton: Skeleton) -> Array:
    """Carry points of the reference figure to the proportions of ``skeleton``."""
    out = np.zeros_like(points)
    for column, bone in enumerate(bones):
        i, k = reference().index(bone), skeleton.index(bone)
        old, new = reference().rest_positions[i], skeleton.rest_positions[k]
        ends = [
            np.mean([s.offsets[c] for c in s.children(j) if s.roles[c] != "prop"], axis=0)
            for s, j in ((reference(), i), (skeleton, k))
        ]
        size = np.linalg.norm(ends[1]) / np.linalg.norm(ends[0])
        turned = rot.rotate(rot.between(ends[0], ends[1]), points - old) * size
        out += table[:, column : column + 1] * (new + turned)
    return out
