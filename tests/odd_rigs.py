# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Rest poses of tests made odd: other proportions, rolls, sizes of limbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from blender_addon.core import rotations as rot
from blender_addon.rig.rest_pose import RestPose
from tests.rigs import SIDES, Family


def stretched(rest: RestPose, seed: int, amount: float = 0.15) -> RestPose:
    """Other proportions: each bone, and each place on a parent, longer or shorter; both sides alike."""
    heads, tails = rest.heads.copy(), rest.tails.copy()
    factors: dict[bytes, float] = {}
    rng = np.random.default_rng(seed)
    for i, parent in enumerate(rest.parents):
        place = np.round(np.abs(rest.heads[i]), 4).tobytes()
        factor = factors.setdefault(place, 1.0 + rng.uniform(-amount, amount))
        if parent >= 0:
            heads[i] = heads[parent] + factor * (rest.heads[i] - rest.heads[parent])
        tails[i] = heads[i] + factor * (rest.tails[i] - rest.heads[i])
    return replace(rest, heads=heads, tails=tails)


def rolled(rest: RestPose, seed: int) -> RestPose:
    """Each bone rolled about itself, by chance."""
    angles = np.random.default_rng(seed).uniform(-np.pi, np.pi, len(rest))
    turns = np.array([rot.from_axis_angle(np.array([0.0, 1.0, 0.0]), a) for a in angles])
    return replace(rest, rotations=rot.multiply(rest.rotations, turns))


def shortened(rest: RestPose, family: Family, part: str, factor: float, sides: Sequence[str] = SIDES) -> RestPose:
    """All that hangs on a joint made smaller or larger with it: arms from "upper_arm", and so on."""
    heads, tails = rest.heads.copy(), rest.tails.copy()
    for side in sides:
        top = rest.index(family.bones[f"{side}_{part}"])
        below = [i for i in range(len(rest)) if i == top or top in rest.ancestors(i)]
        for points in (heads, tails):
            points[below] = rest.heads[top] + factor * (points[below] - rest.heads[top])
    return replace(rest, heads=heads, tails=tails)
