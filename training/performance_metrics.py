# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How well a violinist's motion fits the music and the body: measures on positions alone.

Bow reversals, distance of hair and fingertips from where the notes need them, bone
lengths, joint angles, collisions, sliding feet, jumps. Lengths in metres, angles in
degrees, times in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Array, Motion, violin, violinist
from plugins.api import rotations as rot

Floats = npt.NDArray[np.float64]
Sounding = tuple[float, float, int, int, int]
"""start, end, string (0 = G), semitones above the open string, finger (0 = open)."""

TRUNK: Final = ("hips", "spine", "chest", "upper_chest", "neck", "head")
REVERSAL_TRAVEL: Final = 0.004
"""A turn counts when the bow has moved this far both before and after it."""


def joint(motion: Motion, name: str) -> Floats:
    return motion.joint(name).astype(np.float64)


def bow_position(motion: Motion) -> Floats:
    """(T,) metres of hair between the frog and the middle of the bridge, along the hair."""
    frog, tip = joint(motion, "bow_frog"), joint(motion, "bow_tip")
    bridge = np.mean([joint(motion, f"bridge_{s}") for s in violin.STRINGS], axis=0)
    return np.asarray(((bridge - frog) * rot.normalize(tip - frog)).sum(axis=-1))


def bow_reversals(motion: Motion, travel: float = REVERSAL_TRAVEL) -> Floats:
    """Times at which the bow turns. Where it rests first, the turn is when it moves off again."""
    s = bow_position(motion)
    turns: list[int] = []
    extreme, direction = 0, 0
    for i in range(1, len(s)):
        moved = s[i] - s[extreme]
        if direction == 0:
            if abs(moved) > travel:
                direction = int(np.sign(moved))
                extreme = i
        elif moved * direction >= -1e-4:
            extreme = i
        elif abs(moved) > travel:
            turns.append(extreme)
            direction, extreme = -direction, i
    return np.asarray(motion.times[turns])


def best_f1(reference: Floats, estimated: Floats, tolerance: float = 0.1) -> tuple[float, float]:
    """F-measure of matched events after removing one constant offset (within 0.15 s), and the offset."""
    import mir_eval

    def score(offset: float) -> float:
        return float(mir_eval.onset.f_measure(np.sort(reference + offset), estimated, window=tolerance)[0])

    offsets = np.arange(-0.15, 0.1501, 0.01)
    scores = [score(o) for o in offsets]
    # Of the offsets that do equally well, the smallest.
    best = min(range(len(offsets)), key=lambda i: (-scores[i], abs(offsets[i])))
    return scores[best], float(offsets[best])


def merged(times: Sequence[float] | Floats, together: float = 0.04) -> Floats:
    """Onsets in order; those of one chord count once."""
    ordered = np.unique(np.asarray(times, dtype=float))
    return ordered[np.diff(ordered, prepend=-np.inf) > together]


def frames_of(motion: Motion, start: float, end: float) -> npt.NDArray[np.int64]:
    return np.nonzero((motion.times >= start) & (motion.times < end))[0]


def segment_distance(a: Array, b: Array, c: Array, d: Array) -> Floats:
    """Shortest distance between the segments ab and cd, (T, 3) each (C. Ericson, *Real-Time Collision
    Detection*, 2005, section 5.1.9)."""
    u, v, w = b - a, d - c, a - c
    uu, vv, uv = (u * u).sum(-1), (v * v).sum(-1), (u * v).sum(-1)
    uw, vw = (u * w).sum(-1), (v * w).sum(-1)
    s = np.clip((uv * vw - vv * uw) / np.maximum(uu * vv - uv * uv, 1e-12), 0.0, 1.0)
    t = np.clip((uv * s + vw) / np.maximum(vv, 1e-12), 0.0, 1.0)
    s = np.clip((uv * t - uw) / np.maximum(uu, 1e-12), 0.0, 1.0)
    return np.asarray(np.linalg.norm(w + u * s[..., None] - v * t[..., None], axis=-1))


def hair_distances(motion: Motion, sounding: Sequence[Sounding]) -> tuple[Floats, Floats]:
    """While each note sounds: distance of the hair from its string, and place of the bow between
    bridge (0) and end of the fingerboard (1)."""
    frog, tip = joint(motion, "bow_frog"), joint(motion, "bow_tip")
    distances, places = [np.empty(0)], [np.empty(0)]
    for string, name in enumerate(violin.STRINGS):
        frames = [frames_of(motion, s, e) for s, e, which, _, _ in sounding if which == string]
        if not frames:
            continue
        f = np.concatenate(frames)
        bridge, nut = joint(motion, f"bridge_{name}")[f], joint(motion, f"nut_{name}")[f]
        end = joint(motion, f"fingerboard_end_{name}")[f]
        distances.append(segment_distance(frog[f], tip[f], bridge, nut))
        along = rot.normalize(end - bridge)
        normal = np.cross(tip[f] - frog[f], along)
        # Where the plane through the string and the hair's normal meets the hair.
        side = rot.normalize(np.cross(normal, along))
        crossing = ((tip[f] - frog[f]) * side).sum(-1)
        t = ((bridge - frog[f]) * side).sum(-1) / np.where(np.abs(crossing) > 1e-9, crossing, 1e-9)
        at = frog[f] + (tip[f] - frog[f]) * t[:, None]
        places.append(((at - bridge) * along).sum(-1) / np.linalg.norm(end - bridge, axis=-1))
    return np.concatenate(distances), np.concatenate(places)


def sounding_string_is_nearest(motion: Motion, sounding: Sequence[Sounding], margin: float = 0.0005) -> Floats:
    """While each note sounds: 1 where no other string is nearer to the hair than its own (by ``margin``), else 0.

    Strings are 11 mm apart on an arc, so that the hair is within 3 mm of the neighbours too; this tells which it plays.
    """
    frog, tip = joint(motion, "bow_frog"), joint(motion, "bow_tip")
    every = np.stack(
        [segment_distance(frog, tip, joint(motion, f"bridge_{s}"), joint(motion, f"nut_{s}")) for s in violin.STRINGS]
    )
    out = [np.empty(0)]
    for start, end, string, _, _ in sounding:
        frames = frames_of(motion, start, end)
        out.append((every[string, frames] <= every[:, frames].min(axis=0) + margin).astype(float))
    return np.concatenate(out)


def stop_distances(motion: Motion, sounding: Sequence[Sounding]) -> Floats:
    """While each stopped note sounds: distance of its fingertip from its stop."""
    out = [np.empty(0)]
    for start, end, string, semitones, finger in sounding:
        if finger == 0:
            continue
        f = frames_of(motion, start, end)
        name = violin.STRINGS[string]
        nut, bridge = joint(motion, f"nut_{name}")[f], joint(motion, f"bridge_{name}")[f]
        stop = nut + (bridge - nut) * float(violin.stop_fraction(float(semitones)))
        tip = joint(motion, f"left_{violinist.FINGERS[finger]}_tip")[f]
        out.append(np.linalg.norm(tip - stop, axis=-1))
    return np.concatenate(out)


def bone_length_error(motion: Motion) -> float:
    """Largest difference of any bone's length from its rest length (held props move freely)."""
    skeleton = motion.skeleton
    worst = 0.0
    for i, parent in enumerate(skeleton.parents):
        if parent < 0 or i in skeleton.held:
            continue
        length = np.linalg.norm(motion.positions[:, i].astype(float) - motion.positions[:, parent], axis=-1)
        worst = max(worst, float(np.abs(length - np.linalg.norm(skeleton.offsets[i])).max()))
    return worst


def foot_slide(motion: Motion) -> float:
    """Farthest that an ankle or the toes get from where they stand."""
    joints = [joint(motion, f"{side}_{part}") for side in ("left", "right") for part in ("foot", "toes")]
    return max(float(np.linalg.norm(p - np.median(p, axis=0), axis=-1).max()) for p in joints)


def rests_met(motion: Motion, beats: Floats, within: float = 0.1) -> float:
    """Part of the beats (seconds) near which the trunk comes to rest: its kinematic beats, minima of its mean speed
    (R. Li et al., *AI Choreographer*, 2021). Compare with other beats: who rests often meets any."""
    from plugins.beat_align.timing import motion_beats

    places = np.stack([motion.joint(j) for j in TRUNK], axis=1)
    rests = motion.start + motion_beats(places, motion.fps)
    if not len(rests) or not len(beats):
        return 0.0
    return float((np.abs(rests[:, None] - beats).min(axis=0) < within).mean())


def largest_acceleration(motion: Motion) -> tuple[float, str]:
    """Largest acceleration of a joint, metres per second squared, and which joint."""
    acceleration = np.diff(motion.positions.astype(float), 2, axis=0) * motion.fps**2
    size = np.linalg.norm(acceleration, axis=-1).max(axis=0, initial=0.0)
    worst = int(np.argmax(size))
    return float(size[worst]), motion.skeleton.joints[worst]


CAPSULES: Final = {
    "head": ("head", "head_top", 0.072, 0.055),
    "torso": ("spine", "upper_chest", 0.105, 0.0),
}
"""Body parts as capsules: from joint, to joint, radius, and metres by which the far end is drawn in."""


def clearances(motion: Motion) -> dict[str, float]:
    """Smallest distance (negative inside) of the right arm and the bow from head and torso."""
    arm = [joint(motion, f"right_{part}") for part in ("lower_arm", "hand")]
    bow = [joint(motion, "bow_frog"), joint(motion, "bow_tip")]
    out = {}
    for name, (start, end, radius, drawn_in) in CAPSULES.items():
        a, b = joint(motion, start), joint(motion, end)
        b = b - rot.normalize(b - a) * drawn_in
        out[f"forearm to {name}"] = float(segment_distance(arm[0], arm[1], a, b).min()) - radius - 0.035
        out[f"bow to {name}"] = float(segment_distance(bow[0], bow[1], a, b).min()) - radius
    return out


LIMITS: Final = {
    "elbow flexion": (0.0, 150.0),
    "knee flexion": (0.0, 150.0),
    "wrist flexion": (-75.0, 85.0),
    "wrist deviation": (-30.0, 45.0),
    "forearm turn": (-95.0, 95.0),
    "knuckle flexion": (-35.0, 95.0),
    "knuckle spread": (-30.0, 30.0),
    "middle joint flexion": (-2.0, 115.0),
    "end joint flexion": (-2.0, 90.0),
}
"""Degrees; extension and radial deviation negative. American Academy of Orthopaedic Surgeons (1965) for
the arm; knuckle spread and the players' wider wrist from J. Napier, *Hands* (1980)."""


def joint_angles(motion: Motion) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of each angle of LIMITS over both sides, all fingers, all frames."""
    found: dict[str, list[Floats]] = {name: [] for name in LIMITS}
    assert motion.rotations is not None
    _, world = motion.skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        _limb_angles(motion, side, found)
        _wrist_angles(motion, world, side, sign, found)
        for finger in violinist.FINGERS[1:]:
            _finger_angles(motion, world, side, sign, finger, found)
    return {name: (float(np.min(v)), float(np.max(v))) for name, v in found.items()}


def _angle(a: Array, b: Array) -> Floats:
    return np.asarray(np.degrees(np.arccos(np.clip((rot.normalize(a) * rot.normalize(b)).sum(-1), -1.0, 1.0))))


def _limb_angles(motion: Motion, side: str, found: dict[str, list[Floats]]) -> None:
    for name, chain in (
        ("elbow flexion", ("upper_arm", "lower_arm", "hand")),
        ("knee flexion", ("upper_leg", "lower_leg", "foot")),
    ):
        a, b, c = (joint(motion, f"{side}_{part}") for part in chain)
        found[name].append(_angle(b - a, c - b))


def _wrist_angles(motion: Motion, world: Array, side: str, sign: float, found: dict[str, list[Floats]]) -> None:
    """The forearm seen from the hand: bent towards the palm (-Z) is flexion, towards the little finger (+Y) ulnar."""
    index = motion.skeleton.index
    arm = joint(motion, f"{side}_hand") - joint(motion, f"{side}_lower_arm")
    x, y, z = np.moveaxis(rot.rotate(rot.conjugate(world[:, index(f"{side}_hand")]), rot.normalize(arm)), -1, 0)
    found["wrist flexion"].append(np.degrees(np.arctan2(z, sign * x)))
    found["wrist deviation"].append(np.degrees(np.arctan2(-y, sign * x)))
    elbow = world[:, index(f"{side}_upper_arm")]
    turn = rot.multiply(rot.conjugate(elbow), world[:, index(f"{side}_hand")])
    found["forearm turn"].append(_twist(turn, sign))


def _twist(q: Array, sign: float) -> Floats:
    """Rotation about the arm's axis, degrees: 0 with the thumb up, supination positive (at rest -90)."""
    angle = np.degrees(2 * np.arctan2(q[:, 1], q[:, 0]))
    return np.asarray((angle * -sign + 90.0) % 360.0 - 180.0)


def _finger_angles(
    motion: Motion, world: Array, side: str, sign: float, finger: str, found: dict[str, list[Floats]]
) -> None:
    joints = [joint(motion, j) for j in violinist.finger_joints(side, finger)]
    bones = [b - a for a, b in pairwise(joints)]
    found["middle joint flexion"].append(_angle(bones[0], bones[1]))
    found["end joint flexion"].append(_angle(bones[1], bones[2]))
    hand = world[:, motion.skeleton.index(f"{side}_hand")]
    x, y, z = np.moveaxis(rot.rotate(rot.conjugate(hand), rot.normalize(bones[0])), -1, 0)
    flexion = np.degrees(np.arctan2(-z, sign * x))
    found["knuckle flexion"].append(flexion)
    # Spread means little when the finger is bent square to the palm.
    found["knuckle spread"].append(np.degrees(np.arcsin(np.clip(y, -1, 1))))
