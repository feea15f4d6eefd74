# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""For tests of rigs that perform: a violinist's motion, and a rig posed by channels, computed another way.

Blender's rules for a bone (``BKE_armature``): its matrix is the parent's, times its place on the
parent at rest, times its own location, rotation and scale. Here they are worked out with 4 x 4
matrices, for every bone of the rig, mapped or not; the modules under test use quaternions and
know only the mapped ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from blender_addon.core import rotations as rot
from blender_addon.core.motion import Motion
from blender_addon.core.pianist import KEY_JOINTS, SEATED, pianist_skeleton
from blender_addon.core.rotations import Array
from blender_addon.core.skeleton import Skeleton
from blender_addon.core.violinist import FINGERS, finger_joints, violinist_skeleton
from blender_addon.rig.channels import Channel
from blender_addon.rig.performance import Performed
from blender_addon.rig.rest_pose import RestPose

Sounding = tuple[float, float, int, int, int]
PITCHES = (67, 69, 71, 74, 76, 79, 62, 55, 57, 83)
LIMBS = tuple(
    chain
    for side in ("left", "right")
    for chain in (
        (f"{side}_upper_arm", f"{side}_lower_arm", f"{side}_hand", f"{side}_middle_proximal"),
        (f"{side}_upper_leg", f"{side}_lower_leg", f"{side}_foot"),
        *(finger_joints(side, finger)[:3] for finger in FINGERS),
    )
)
"""Joints of each limb, in order: a bone points from one to the next."""


@cache
def _played(seconds: float, pitches: tuple[int, ...]) -> tuple[Motion, list[Sounding]]:
    from plugins.api import Annotation, AnnotationTrack, Audio, JobContext
    from plugins.ik.step import InverseKinematics
    from plugins.performer.fingering import plan_fingering
    from plugins.performer.generator import Performer
    from plugins.performer.music import read_music

    length = seconds / len(pitches)
    notes = AnnotationTrack("note", tuple(Annotation(length * i, length, {"pitch": p}) for i, p in enumerate(pitches)))
    beats = AnnotationTrack("beat")
    audio = Audio(0.1 * np.sin(np.arange(int(22050 * seconds)) * 0.2).astype(np.float32), 22050)
    context, performer = JobContext(annotations=[notes, beats]), Performer()
    motion = InverseKinematics().apply(performer.generate(audio, performer.Options(), context), None, context)
    chords = read_music(notes, beats, audio).chords
    grips, _ = plan_fingering(chords)
    return motion, [(c.start, c.end, *stop) for c, g in zip(chords, grips, strict=True) for stop in g.stops]


def violinist(seconds: float = 4.0, pitches: tuple[int, ...] = PITCHES, seed: int = 0) -> Motion:
    """Our violinist playing these notes, evenly spread; on four strings and in two positions."""
    return _played(seconds, pitches)[0]


def sounding(seconds: float = 4.0, pitches: tuple[int, ...] = PITCHES) -> list[Sounding]:
    """What sounds when: (start, end, string, semitones above the open string, finger)."""
    return _played(seconds, pitches)[1]


def posed(rest: RestPose, channels: Iterable[Channel], frames: int) -> dict[str, Array]:
    """Bone -> (T, 4, 4) matrix in the armature's space."""
    given = {(c.group, c.path.rpartition(".")[2]): c.values for c in channels if not c.path.endswith('"]')}
    here = np.tile(np.eye(4), (len(rest), 1, 1))
    here[:, :3, :3], here[:, :3, 3] = rot.to_matrix(rest.rotations), rest.heads
    out: list[Array] = []
    for i, bone in enumerate(rest.bones):
        own = _own(given, bone, rest.rotation_modes[i], frames)
        parent = rest.parents[i]
        if parent < 0:
            base = np.tile(here[i], (frames, 1, 1))
            turned = base.copy()
            loose = np.tile(np.eye(3), (frames, 1, 1))
        else:
            on_parent = np.linalg.inv(here[parent]) @ here[i]
            base = out[parent] @ on_parent
            turned = base.copy()
            if not rest.inherits[i]:
                turned[:, :3, :3] = here[i, :3, :3]
            loose = out[parent][:, :3, :3]  # the parent's own axes
        axes = base[:, :3, :3] if rest.local[i] else loose
        matrix = turned @ own
        matrix[:, :3, 3] = base[:, :3, 3] + np.einsum("tij,tj->ti", axes, own[:, :3, 3])
        out.append(matrix)
    return dict(zip(rest.bones, out, strict=True))


def _own(given: dict[tuple[str, str], Array], bone: str, mode: str, frames: int) -> Array:
    """(T, 4, 4) of a bone's channels."""
    matrix = np.tile(np.eye(4), (frames, 1, 1))
    size = np.ones((frames, 3))
    for (name, prop), values in given.items():
        if name != bone:
            continue
        if prop == "location":
            matrix[:, :3, 3] = values
        elif prop == "scale":
            size = values
        elif prop == "rotation_euler":
            for axis in mode:  # the first axis turns first
                matrix[:, :3, :3] = _about("XYZ".index(axis), values) @ matrix[:, :3, :3]
        elif prop == "rotation_axis_angle":
            matrix[:, :3, :3] = _rodrigues(values[:, 1:], values[:, 0])
        else:
            assert prop == "rotation_quaternion", prop
            matrix[:, :3, :3] = rot.to_matrix(rot.normalize(values))
    matrix[:, :3, :3] *= size[:, None, :]
    return matrix


def _about(axis: int, angles: Array) -> Array:
    """(T, 3, 3) turns about one of the axes."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    out = np.tile(np.eye(3), (len(angles), 1, 1))
    out[:, i, i] = out[:, j, j] = np.cos(angles[:, axis])
    out[:, j, i], out[:, i, j] = np.sin(angles[:, axis]), -np.sin(angles[:, axis])
    return out


def _rodrigues(axis: Array, angle: Array) -> Array:
    k = np.cross(axis[:, None, :], np.eye(3)).swapaxes(1, 2)  # k v is the axis times v
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.eye(3) + sine * k + (1.0 - cosine) * (k @ k)


def degrees_between(a: Array, b: Array) -> Array:
    """(T,) angles between two lists of vectors, exact for small ones too."""
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), (a * b).sum(axis=-1)))


def direction_errors(
    motion: Motion, places: dict[str, Array], bones: dict[str, str], turned: Any = (1, 0, 0, 0)
) -> dict[str, float]:
    """Joint -> largest angle, degrees, between a limb's bone and the same of the motion's violinist.

    Args:
        places: bone -> (T, 3) of its head.
        bones: joint -> bone.
        turned: wxyz, how the rig stands against our axes.
    """
    back = rot.conjugate(np.array(turned, dtype=float))
    errors = {}
    for chain in LIMBS:
        here = [joint for joint in chain if joint in bones]
        for a, b in pairwise(here):
            mine = rot.rotate(back, places[bones[b]] - places[bones[a]])
            theirs = (motion.joint(b) - motion.joint(a)).astype(float)
            errors[a] = float(degrees_between(mine, theirs).max())
    return errors


def heads(matrices: dict[str, Array]) -> dict[str, Array]:
    return {bone: m[:, :3, 3] for bone, m in matrices.items()}


@dataclass(frozen=True)
class Seen:
    """A performance as it looks: positions in the armature's space, frames of violin and bow."""

    motion: Motion
    places: dict[str, Array]
    violin: Array
    bow: Array


def seen(source: Motion, rest: RestPose, bones: Mapping[str, str], performed: Performed) -> Seen:
    """A performance on a rig, as the motion of a violinist with a violin of full size (``training``'s measures)."""
    matrices = posed(rest, performed.bones, len(source))
    places = {joint: matrices[bone][:, :3, 3] for joint, bone in bones.items()}
    for side in ("left", "right"):
        for finger in FINGERS:
            *joints, tip = finger_joints(side, finger)
            mapped = [joint for joint in joints if joint in bones]
            if mapped:
                places[tip] = _end(rest, matrices, bones[mapped[-1]])
    props = props_matrices(performed, len(source))
    return Seen(as_violinist(source, places, props), places, props["violin_end"], props["bow_frog"])


def _end(rest: RestPose, matrices: Mapping[str, Array], bone: str) -> Array:
    """(T, 3) where a finger's last bone ends: at the end bone that many rigs have, else at its tail."""
    last = rest.index(bone)
    if rest.children[last]:
        return matrices[rest.bones[rest.children[last][0]]][:, :3, 3]
    long = float(np.linalg.norm(rest.tails[last] - rest.heads[last]))
    return (matrices[bone] @ [0.0, long, 0.0, 1.0])[:, :3]


def props_matrices(performed: Performed, frames: int) -> dict[str, Array]:
    """(T, 4, 4) of violin and bow in the armature's space, scale included."""
    yes = (True,) * 2
    zero, turn = np.zeros((2, 3)), np.tile(rot.IDENTITY, (2, 1))
    axes = np.eye(4)
    axes[:3, :3] = rot.to_matrix(performed.axes)
    rest = RestPose("props", ("violin_end", "bow_frog"), (-1, -1), zero, zero, turn, yes, ("QUATERNION",) * 2, yes, yes)
    return {bone: axes @ m for bone, m in posed(rest, performed.props, frames).items()}


def as_violinist(source: Motion, places: Mapping[str, Array], props: Mapping[str, Array]) -> Motion:
    """Places and props as the motion of a violinist whose violin has full size; what is unknown is NaN."""
    scale = float(np.linalg.norm(props["violin_end"][0, :3, 0]))
    skeleton = source.skeleton
    positions = np.full((len(source), len(skeleton), 3), np.nan)
    for joint, points in places.items():
        positions[:, skeleton.index(joint)] = points
    rest = skeleton.rest_positions
    for joint, role in zip(skeleton.joints, skeleton.roles, strict=True):
        held = "bow_frog" if joint.startswith("bow") else "violin_end"
        if role == "prop":
            point = rest[skeleton.index(joint)] - rest[skeleton.index(held)]
            positions[:, skeleton.index(joint)] = (props[held] @ [*point, 1.0])[:, :3]
    return replace(source, positions=positions / scale, rotations=None)


@cache
def player(frames: int = 40) -> Motion:
    """A violinist who waves arms and instruments smoothly, made without the plug-ins (older Blenders have none)."""
    skeleton, rng = violinist_skeleton(), np.random.default_rng(5)
    t = np.arange(frames)[:, None, None] / 30.0
    count = len(skeleton)
    waves = 0.12 * np.sin(2.0 * np.pi * t * rng.uniform(0.2, 1.0, (count, 3)) + rng.uniform(0.0, 6.0, (count, 3)))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        waves[:, skeleton.index(f"{side}_upper_arm")] += [0.0, 0.2, -1.2 * sign]  # forward and a little down
        waves[:, skeleton.index(f"{side}_lower_arm")] += [0.0, -1.2 * sign, 0.5 * sign]  # up
        for part, bend in (("upper_leg", -0.3), ("lower_leg", 0.6), ("foot", -0.3), ("toes", 0.0)):
            at = skeleton.index(f"{side}_{part}")
            waves[:, at] = 0.3 * waves[:, at] + [bend, 0.0, 0.0]
    local = rot.from_rotation_vector(waves)
    positions = np.zeros((frames, count, 3))
    positions[:, 0] = skeleton.rest_positions[0] + 0.02 * np.sin(t[:, 0] * [2.0, 3.0, 5.0]) - [0.0, 0.0, 0.03]
    placed, world = skeleton.forward_kinematics(local, positions)
    for held, carrier in (("violin_end", "upper_chest"), ("bow_frog", "right_hand")):
        at, by = skeleton.index(held), skeleton.index(carrier)
        positions[:, at] = placed[:, by] + rot.rotate(world[:, by], skeleton.offsets[at])
    positions, _ = skeleton.forward_kinematics(local, positions)
    return Motion(skeleton, 30.0, positions.astype(np.float32), rot.unroll(local).astype(np.float32))


def at_piano(frames: int = 40) -> Motion:
    """Who sits at a piano with waving arms, keys below the fingers; C4 and F#4 go down. Without the plug-ins."""
    skeleton, rng = pianist_skeleton(), np.random.default_rng(6)
    t = np.arange(frames)[:, None, None] / 30.0
    waves = np.zeros((frames, len(skeleton), 3))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        waves[:, skeleton.index(f"{side}_upper_arm")] += [0.0, 0.9 * sign, -0.6 * sign]  # hanging, a little forward
        waves[:, skeleton.index(f"{side}_lower_arm")] += [0.0, -0.6 * sign, -1.0 * sign]  # forward
        for part, bend in (("upper_leg", -1.4), ("lower_leg", 1.4)):
            waves[:, skeleton.index(f"{side}_{part}")] += [bend, 0.0, 0.0]
        for part in ("upper_arm", "lower_arm", "hand"):
            wave = rng.uniform(0.0, 6.0, 3) + 2.0 * np.pi * t[:, 0] * rng.uniform(0.2, 1.0, 3)
            waves[:, skeleton.index(f"{side}_{part}")] += 0.06 * np.sin(wave)
    local = rot.from_rotation_vector(waves)
    positions = np.repeat(skeleton.rest_positions[None], frames, axis=0)
    positions[:, 0] = SEATED
    placed, _ = skeleton.forward_kinematics(local, positions)
    tips = [skeleton.index(f"{side}_{finger}_tip") for side in ("left", "right") for finger in FINGERS]
    here = placed[:, tips].mean(axis=(0, 1)) + [0.0, 0.05, -0.01]
    moved = here - skeleton.rest_positions[skeleton.index("keyboard")]
    for joint in ("keyboard", "pedal", *KEY_JOINTS):
        positions[:, skeleton.index(joint)] = skeleton.rest_positions[skeleton.index(joint)] + moved
    positions[10:20, skeleton.index("key_60"), 2] -= 0.01
    positions[15:30, skeleton.index("key_66"), 2] -= 0.01
    positions, _ = skeleton.forward_kinematics(local, positions)
    return Motion(skeleton, 30.0, positions.astype(np.float32), rot.unroll(local).astype(np.float32))


def without_props(motion: Motion) -> Motion:
    """A motion without violin and bow."""
    skeleton = motion.skeleton
    keep = [i for i, role in enumerate(skeleton.roles) if role != "prop"]
    names = [skeleton.joints[i] for i in keep]
    parents = [skeleton.joints[skeleton.parents[i]] if i else None for i in keep]
    rows = [
        (name, parent, skeleton.offsets[i].tolist(), skeleton.roles[i])
        for name, parent, i in zip(names, parents, keep, strict=True)
    ]
    assert motion.rotations is not None
    positions, rotations = motion.positions[:, keep], motion.rotations[:, keep]
    return replace(motion, skeleton=Skeleton.build("dancer", rows), positions=positions, rotations=rotations)
