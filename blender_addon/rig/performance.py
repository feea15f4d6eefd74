# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion performed by a rig: retargeted, in contact, as channels, with a report. No bpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ..core import rotations as rot
from ..core.motion import Motion
from ..core.pianist import KEY_JOINTS
from ..core.rotations import Array
from ..core.violinist import FINGERS
from .body import Body, RigError, body_of_motion, body_of_rig, rest_of_skeleton
from .bone_channels import HeldBone, bone_channels
from .bone_map import BoneMap, guess_bone_map
from .channels import Channel
from .contact import Contact, touch, touch_keys
from .instrument import ARM, Held, as_it_is, fit, held_in
from .joints import SIDES
from .keyboard import AtPiano, Stand, at_piano_in, sat_before, sit_down, stand_before
from .merge import Layer, Played, aligned, merge
from .piano_channels import own_bones, piano_channels
from .rest_pose import RestPose
from .retarget import Retargeted, Source, direction_errors, retarget, source_of
from .seen_here import Seen, SeenHere, as_seen, given_way, given_way_to, posed, turned_to, walking

PROPS: Final = {"violin_end": "violin", "bow_frog": "bow"}
"""Bones of the instruments' armature -> what they carry."""
WITHIN: Final = {"bow": 0.003, "fingertips": 0.005, "left_hand": 0.005, "feet": 0.003, "keys": 0.004}
"""What the report counts as touching, metres."""


@dataclass(frozen=True, eq=False)
class Performed:
    """Keys for a rig and its instruments.

    Attributes:
        bones: channels of the character's armature.
        props: channels of the instruments' armature (its own space is the body's, see ``axes``), empty without any.
        axes: (4,) turns the body's space into the armature's.
        report: direction and contact errors, what was not reached; ready for JSON.
    """

    bones: list[Channel]
    props: list[Channel]
    axes: Array = field(repr=False)
    report: dict[str, Any]


def perform_motion(
    motion: Motion,
    rest: RestPose,
    bone_map: BoneMap,
    skin: Array | None = None,
    layers: Sequence[Layer] = (),
    progress: Callable[[float, str], None] = lambda fraction, message: None,
    seen: SeenHere | None = None,
) -> Performed:
    """Put a motion on a rig.

    Args:
        skin: (N, 3) points of the rig's mesh at rest, which tell how large its head is.
        layers: what was generated again since, in a range or in one part of the body, the oldest first.
        seen: of a motion that was seen on this very rig; then its instrument is not fitted again.

    Raises:
        RigError, MotionError: with what to do.
    """
    if not len(motion):
        raise RigError("the motion has no frames; choose a longer range")
    progress(0.0, "Retargeting")
    body = body_of_rig(rest, bone_map, skin)
    source, held = first = _source(motion)
    for layer in layers:
        source, held = _laid_over(motion, (source, held), layer)
    result = retarget(source, body)
    errors = direction_errors(source, result)
    progress(0.3, "Fitting the instrument")
    poses = as_seen(seen.poses, motion.times, body) if seen is not None and seen.poses is not None else None
    on_keys = None
    if isinstance(held, AtPiano):
        poses = turned_to(poses, result) if poses is not None else None
        if seen is not None and poses is not None:
            result, stand = _sat_as_seen(source, held, result, seen, poses, skin)
        else:  # what is generated again moves neither piano nor bench
            stand = stand_before(first[0], held, retarget(first[0], body) if layers else result, skin)
        on_keys, seated = sit_down(source, held, result, stand)
        progress(0.5, "Solving contact")
        contact = touch_keys(source, seated, on_keys)
    else:
        contact = _on_strings(source, held, result, seen, poses)
    if seen is not None and poses is not None:
        contact = given_way_to(contact, poses, seen.kept, seen.free, 1.0 / motion.fps)
    progress(0.8, "Preparing keys")
    own = _own_props(rest, contact) if on_keys is None else own_bones(rest, on_keys)
    bones = bone_channels(contact.retargeted, bone_map, own)
    props = _prop_channels(contact) if on_keys is None else piano_channels(on_keys)
    if own:
        bones, props = bones + [c for c in props if c.group in KEY_JOINTS], []
    report = _report(rest, bone_map, errors, contact, held is not None)
    progress(1.0, "Ready to key")
    return Performed(bones, props, body.axes, report)


def _sat_as_seen(
    source: Source, held: AtPiano, result: Retargeted, seen: SeenHere, poses: Seen, skin: Array | None
) -> tuple[Retargeted, Stand]:
    """Who follows a body that was seen, at the character's piano, or a new one; with the trunk as it was posed."""
    if seen.stand is None:
        return posed(result, poses, seen.kept, hips=False), stand_before(source, held, result, skin)
    result, as_seen = sat_before(source, held, result, seen.stand, poses.body.hips)
    return posed(result, poses, seen.kept, hips=as_seen), seen.stand


def _on_strings(
    source: Source, held: Held | None, result: Retargeted, seen: SeenHere | None, poses: Seen | None
) -> Contact:
    """Who plays the violin, or nothing."""
    if seen is not None and poses is not None:
        result = posed(result, poses, seen.kept)
    if held is None:
        instrument = None
    elif seen is not None and poses is None:
        instrument = as_it_is(source, held, result, seen.size)
    else:
        instrument = fit(source, held, result)
    contact = touch(source, result, instrument)
    if poses is not None:
        return walking(contact, poses)
    return contact if seen is None else given_way(contact, source, held, result, seen.kept)


def _source(motion: Motion) -> tuple[Source, Played]:
    return source_of(motion, motion_body(motion)), held_in(motion) or at_piano_in(motion)


def _laid_over(motion: Motion, performed: tuple[Source, Played], layer: Layer) -> tuple[Source, Played]:
    """A performance with a layer of a later one."""
    if layer.motion.skeleton != motion.skeleton:
        raise RigError("what was generated again has another skeleton than the take; generate a new take instead")
    new, weight = aligned(motion, layer)
    return merge(performed, _source(new), weight, layer.part)


def motion_body(motion: Motion) -> Body:
    """The body of a motion: by the names of its joints, else guessed as a rig's bones are."""
    named = {f"{side}_{part}" for side in SIDES for part in ARM} | {"hips", "head"}
    if named <= set(motion.skeleton.joints):
        return body_of_motion(motion.skeleton)
    return body_of_motion(motion.skeleton, guess_bone_map(rest_of_skeleton(motion.skeleton)))


def _own_props(rest: RestPose, contact: Contact) -> dict[str, HeldBone]:
    """The instruments, when the rig has bones of its own for them (our musician has)."""
    if contact.violin is None or not all(bone in rest for bone in PROPS):
        return {}
    items = ((contact.violin, contact.violin_turn), (contact.bow, contact.bow_turn))
    return {
        bone: HeldBone(np.asarray(place), np.asarray(turn), contact.scale)
        for bone, (place, turn) in zip(PROPS, items, strict=True)
    }


def _prop_channels(contact: Contact) -> list[Channel]:
    """Places, turns and size of the instruments' bones."""
    if contact.violin is None or contact.bow is None or contact.violin_turn is None or contact.bow_turn is None:
        return []
    size = np.full((len(contact.violin), 3), contact.scale)
    channels = []
    for bone, place, turn in (
        ("violin_end", contact.violin, contact.violin_turn),
        ("bow_frog", contact.bow, contact.bow_turn),
    ):
        path = f'pose.bones["{bone}"].'
        channels += [
            Channel(path + "location", bone, place, "props"),
            Channel(path + "rotation_quaternion", bone, rot.unroll(turn), "props"),
            Channel(path + "scale", bone, size, "props"),
        ]
    return channels


def _report(
    rest: RestPose, bone_map: BoneMap, errors: dict[str, float], contact: Contact, plays: bool
) -> dict[str, Any]:
    missing = [j for j in ("left_hand", "right_hand", "left_foot", "right_foot", "head") if j not in bone_map.bones]
    return {
        "armature": rest.name,
        "bone_map": {
            joint: {"bone": bone, "confidence": round(float(bone_map.confidence.get(joint, 0.0)), 3)}
            for joint, bone in bone_map.bones.items()
        },
        "preset": bone_map.preset,
        "not_mapped": missing,
        "direction_error_degrees": {joint: round(e, 4) for joint, e in errors.items()},
        "largest_direction_error_degrees": round(max(errors.values(), default=0.0), 4),
        "contact": {what: _touching(what, e) for what, e in contact.errors.items() if e.size},
        "instrument_scale": round(contact.scale, 5) if plays else None,
        "warnings": _warnings(rest, bone_map, contact),
    }


def _touching(what: str, errors: Array) -> dict[str, float]:
    """Part of the frames in touch, median and worst distance."""
    return {
        "within_mm": 1000 * WITHIN[what],
        "part_within": round(float((errors <= WITHIN[what]).mean()), 5),
        "median_mm": round(1000 * float(np.median(errors)), 3),
        "worst_mm": round(1000 * float(errors.max()), 3),
    }


def _warnings(rest: RestPose, bone_map: BoneMap, contact: Contact) -> list[str]:
    """What the animator should know about this rig."""
    said = []
    words = {
        "bow": "the bow arm cannot reach the bow",
        "fingertips": "the left fingertips do not reach their stops",
        "left_hand": "the left hand does not reach the neck of the violin",
        "keys": "the fingertips do not reach their keys",
        "feet": "the legs do not reach where the feet should stand",
    }
    for what, text in words.items():
        errors = contact.errors.get(what, np.zeros(0))
        if errors.size and (share := float((errors > WITHIN[what]).mean())) > 0.02:
            said.append(f"{text} in {100 * share:.0f} % of the frames (worst {1000 * float(errors.max()):.0f} mm)")
    hands = SIDES if "keys" in contact.errors else ("left",)
    stiff = [side for side in hands if not any(joint.startswith(_fingers(side)) for joint in bone_map.bones)]
    said += [f"no fingers of the {side} hand are mapped: it moves as a whole" for side in stiff]
    scale = np.linalg.norm(rest.world[:3, :3], axis=0)
    if np.ptp(scale) > 1e-4 * scale.max():
        said.append("the armature is scaled unevenly, which bends lengths; apply its scale (Object > Apply > Scale)")
    if np.linalg.det(rest.world[:3, :3]) < 0:
        said.append("the armature is mirrored (negative scale): left and right change sides; apply its scale")
    return said


def _fingers(side: str) -> tuple[str, ...]:
    """What the names of a hand's fingers begin with; a thumb alone plays nothing."""
    return tuple(f"{side}_{finger}_" for finger in FINGERS[1:])
