# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bone of the other side: by its name, else by where it lies. No bpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core.rotations import Array
from .bone_guess import guess
from .bone_names import BoneName, read_names
from .bone_tree import finite_points
from .joints import MAPPABLE, SIDES, other_side
from .rest_pose import RestPose

BY_NAME: Final = 0.95
BY_PLACE: Final = 0.6
NEAR: Final = 0.05
"""How far from the mirrored place a bone may lie, as a part of the rig's size."""


def mirrored_bones(rest: RestPose, bones: Mapping[str, str]) -> dict[str, tuple[str, float]]:
    """Joint without a bone -> (the mirror image of the other side's bone, how sure that is)."""
    rest = replace(rest, heads=finite_points(rest.heads), tails=finite_points(rest.tails))
    names = read_names(rest.bones)
    taken = {rest.index(bone) for bone in bones.values() if bone in rest}
    mirror: tuple[Array, Array] | None = None
    found: dict[str, tuple[str, float]] = {}
    for joint in MAPPABLE:
        bone = bones.get(other_side(joint))
        if joint in bones or other_side(joint) == joint or bone is None or bone not in rest:
            continue
        i = rest.index(bone)
        image, sure = _by_name(names, i, taken), BY_NAME
        if image is None:
            mirror = mirror or _mirror(rest, bones)
            image, sure = _by_place(rest, i, mirror, taken), BY_PLACE
        if image is not None:
            taken.add(image)
            found[joint] = rest.bones[image], sure
    return found


def _by_name(names: Sequence[BoneName], bone: int, taken: set[int]) -> int | None:
    """The one bone with the same words and numbers and the other side."""
    name = names[bone]
    if name.side not in SIDES:
        return None
    side = SIDES[1 - SIDES.index(name.side)]
    wanted = (side, name.words, name.numbers)
    alike = [i for i, n in enumerate(names) if (n.side, n.words, n.numbers) == wanted and i not in taken]
    return alike[0] if len(alike) == 1 else None


def _mirror(rest: RestPose, bones: Mapping[str, str]) -> tuple[Array, Array] | None:
    """(3,) a point of the plane between the sides and (3,) its normal; None when the rig does not show it.

    By the joints that the map has on both sides, else by those that a guess finds on both.
    """
    for known in (bones, {joint: bone for joint, (bone, _) in guess(rest).items()}):
        places = {joint: rest.heads[rest.index(bone)] for joint, bone in known.items() if bone in rest}
        left = [joint for joint in places if joint.startswith(SIDES[0]) and other_side(joint) in places]
        across = np.sum([places[joint] - places[other_side(joint)] for joint in left], axis=0)
        if left and np.linalg.norm(across) > 0.0:
            middle = np.mean([places[joint] + places[other_side(joint)] for joint in left], axis=0) / 2
            return np.asarray(middle), np.asarray(rot.normalize(across))
    return None


def _by_place(rest: RestPose, bone: int, mirror: tuple[Array, Array] | None, taken: set[int]) -> int | None:
    """The bone nearest to the mirrored place, with as many bones above it."""
    if mirror is None:
        return None
    middle, across = mirror

    def image(point: Array) -> Array:
        return np.asarray(point - 2.0 * across * ((point - middle) @ across))

    size = float(np.linalg.norm(np.ptp(rest.heads, axis=0)))
    deep = len(rest.ancestors(bone))
    others = [i for i in range(len(rest)) if i not in taken and i != bone and len(rest.ancestors(i)) == deep]
    away = {
        i: float(
            np.linalg.norm(rest.heads[i] - image(rest.heads[bone]))
            + np.linalg.norm(rest.tails[i] - image(rest.tails[bone]))
        )
        for i in others
    }
    best = min(away, key=lambda i: away[i], default=None)
    return best if best is not None and away[best] < 2 * NEAR * size else None
