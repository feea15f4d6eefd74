# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a character has keys, and where an animator set them: in its active action, in strips, in a take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from ..core.rotations import Array
from ..core.violinist import FINGERS
from .action import hand_frames, key_frames
from .bone_channels import escape, part_of
from .bone_map import BoneMap
from .nla import Played, played_on

LIMBS: Final = ("bow_arm", "left_hand", "legs")
"""Parts of the body that play, where nobody posed them."""
DENSE: Final = 0.5
"""Part of the frames with keys from which on bones that stand for no joint (a cape, a simulated tail) count no more."""


def posed_by_hand(armature: Any, bone_map: BoneMap, frames: Array, within: Any = None) -> Array:
    """(T,) which frames an animator posed: the nearest to keys of theirs on the body. Of control rigs other bones than
    the mapped ones move it too; what hangs on the head (a face) does not.

    Args:
        frames: of the scene, rising in equal steps.
        within: the one action to look in; None for all that move the character.
    """
    playing = [p for p in played_on(armature) if p.curves is not None and (within is None or p.action == within)]
    mapped = {bone for bone in bone_map.bones.values() if bone in armature.pose.bones}
    whole = _are_near(frames, _keys(playing, mapped | _of_the_body(armature, bone_map, mapped)))
    return whole if whole.mean() < DENSE else _are_near(frames, _keys(playing, mapped))


def keyed(armature: Any, bones: Iterable[str], frames: Array) -> Array:
    """(T,) which frames are the nearest to keys of these bones, whoever set them; all where hardly any has one: then
    something else moves them. What lies between two keys is drawn from one to the other, and was seen by nobody.

    Args:
        frames: of the scene, rising in equal steps.
    """
    playing = [p for p in played_on(armature) if p.curves is not None]
    near = _are_near(frames, _keys(playing, set(bones), key_frames))
    return near if near.sum() >= 2 else np.ones(len(frames), dtype=bool)


def unposed_limbs(
    armature: Any, bone_map: BoneMap, frames: Array, of: Callable[[Any], Array] = hand_frames
) -> frozenset[str]:
    """Parts of the body (``channels.PARTS``) that have no keys in these frames: both arms, and the legs together. None
    where bones have keys that stand for no joint: on a control rig those may move any limb; but for those that carry
    all of the body. Fingers alone do not pose an arm.

    Args:
        of: which keys count.
    """
    playing = [p for p in played_on(armature) if p.curves is not None]
    near = frames[0] - 0.5, frames[-1] + 0.5

    def posed(bones: set[str]) -> bool:
        keys = _keys(playing, bones, of)
        return bool(((keys >= near[0]) & (keys <= near[1])).any())

    mapped = {joint: bone for joint, bone in bone_map.bones.items() if bone in armature.pose.bones}
    names = set(mapped.values())
    if posed(_of_the_body(armature, bone_map, names) - _carrying(armature, names)):
        return frozenset()
    limbs = {joint: bone for joint, bone in mapped.items() if not any(finger in joint for finger in FINGERS)}
    return frozenset(p for p in LIMBS if not posed({bone for joint, bone in limbs.items() if part_of(joint) == p}))


def _carrying(armature: Any, mapped: set[str]) -> set[str]:
    """Bones on which all that are mapped hang: they place the character."""
    above = [{bone.name for bone in armature.pose.bones[name].parent_recursive} for name in mapped]
    return set.intersection(*above) if above else set()


def _of_the_body(armature: Any, bone_map: BoneMap, mapped: set[str]) -> set[str]:
    """Bones that may move the body without standing for a joint: all but what hangs on the head."""
    head = armature.pose.bones.get(bone_map.bones.get("head", ""))
    hanging = {child.name for child in head.children_recursive} if head is not None else set()
    return {bone.name for bone in armature.pose.bones} - hanging - mapped


def _keys(playing: Iterable[Played], bones: set[str], of: Callable[[Any], Array] = hand_frames) -> Array:
    """(K,) scene frames, rising, of the keys on these bones that are seen: those that an animator set, or others."""
    prefix = tuple(f'pose.bones["{escape(name)}"]' for name in bones)
    found = [np.zeros(0)]
    for played in playing:
        for curve in played.curves.fcurves:
            if curve.data_path.startswith(prefix):
                keys, clock = of(curve), played.clock
                keys = keys[(keys >= played.first - 1e-3) & (keys <= played.last + 1e-3)]
                found.append((keys - clock.action) * clock.scale + clock.scene)
    return np.asarray(np.unique(np.concatenate(found)))


def _are_near(frames: Array, keys: Array) -> Array:
    """(T,) which frames are the nearest to keys."""
    if not len(keys):
        return np.zeros(len(frames), dtype=bool)
    step = float(frames[1] - frames[0]) if len(frames) > 1 else 1.0
    after = keys[np.minimum(np.searchsorted(keys, frames), len(keys) - 1)]
    before = keys[np.maximum(np.searchsorted(keys, frames) - 1, 0)]
    return np.asarray(np.minimum(np.abs(frames - after), np.abs(frames - before)) <= 0.5 * step + 1e-6)
