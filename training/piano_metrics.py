# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How well a pianist's motion fits the music: measures on positions alone (metres, seconds).

Fingertips on their keys, keys down when and only when they sound, fingers and hands that keep clear
of each other, hips and feet at rest. What holds for any body is in :mod:`.performance_metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from plugins.api import Array, Motion, pianist, piano, violinist
from plugins.api import rotations as rot
from training.performance_metrics import CAPSULES, Floats, frames_of, joint, segment_distance

Held = tuple[float, float, int, int, int]
"""start, end, pitch, hand (0 left, 1 right), finger (0 thumb)."""

SIDES: Final = ("left", "right")
HALF_DOWN: Final = piano.DIP / 2
TOLERANCE: Final = (0.10, 0.06)
"""Seconds before a note in which its key may go down, and after it in which it may come up."""
FINGER: Final = 0.007
"""Radius of a finger."""


def key_depth(motion: Motion) -> Floats:
    """(T, 88) how far the front of each key is below its place at rest."""
    first = motion.skeleton.index(pianist.KEY_JOINTS[0])
    heights = motion.positions[:, first : first + piano.KEYS, 2].astype(np.float64)
    rest = piano.front(np.arange(piano.LOWEST, piano.HIGHEST + 1))[:, 2]
    return np.asarray(joint(motion, "keyboard")[:, 2:] + rest - heights)


def tip_of(motion: Motion, hand: int, finger: int) -> Floats:
    """(T, 3) a fingertip in the keyboard's frame."""
    name = violinist.finger_joints(SIDES[hand], violinist.FINGERS[finger])[3]
    return joint(motion, name) - joint(motion, "keyboard")


def from_key(tip: Floats, pitch: int, depth: Floats) -> Floats:
    """(T,) distance of points from the top of a key whose front is ``depth`` down."""
    away, above = _beside_and_above(tip, pitch, depth)
    return np.asarray(np.hypot(away, above))


def _beside_and_above(tip: Floats, pitch: int, depth: Floats) -> tuple[Floats, Floats]:
    """How far points are outside a key's outline, and how far above its top."""
    black = bool(piano.is_black(pitch))
    half = (piano.BLACK_WIDTH if black else piano.WHITE_WIDTH) / 2
    beside = np.maximum(np.abs(tip[:, 0] - piano.centre(pitch)) - half, 0.0)
    near, length = float(piano.front(pitch)[1]), piano.BLACK_LENGTH if black else piano.WHITE_LENGTH
    ahead = np.maximum(tip[:, 1] - near, 0.0) + np.maximum(near - length - tip[:, 1], 0.0)
    above = tip[:, 2] - piano.surface(pitch, tip[:, 1], depth)
    return np.hypot(beside, ahead), np.asarray(above)


def finger_distances(motion: Motion, held: Sequence[Held]) -> Floats:
    """While each key is held: distance of its fingertip from the key's top."""
    depth = key_depth(motion)
    out = [np.empty(0)]
    for start, end, pitch, hand, finger in held:
        f = frames_of(motion, start, end)
        out.append(from_key(tip_of(motion, hand, finger)[f], pitch, depth[f, pitch - piano.LOWEST]))
    return np.concatenate(out)


def wrong_keys(motion: Motion, held: Sequence[Held]) -> tuple[float, float]:
    """Part of the held time in which the key is not down, and of all frames in which one is down that is not held."""
    down = key_depth(motion) > HALF_DOWN
    wanted, allowed = np.zeros_like(down), np.zeros_like(down)
    for start, end, pitch, _, _ in held:
        wanted[frames_of(motion, start, end), pitch - piano.LOWEST] = True
        allowed[frames_of(motion, start - TOLERANCE[0], end + TOLERANCE[1]), pitch - piano.LOWEST] = True
    missing = (wanted & ~down).sum() / max(wanted.sum(), 1)
    return float(missing), float((down & ~allowed).any(axis=1).mean())


def shared_keys(motion: Motion, held: Sequence[Held]) -> int:
    """Frames in which two fingertips are on one key that is held."""
    depth, clashes = key_depth(motion), 0
    tips = {(h, f): tip_of(motion, h, f) for h in range(2) for f in range(5)}
    for start, end, pitch, hand, finger in held:
        f = frames_of(motion, start, end)
        others = [tip[f] for who, tip in tips.items() if who != (hand, finger)]
        found = [_beside_and_above(tip, pitch, depth[f, pitch - piano.LOWEST]) for tip in others]
        clashes += int(np.any([(away == 0.0) & (np.abs(above) < 0.004) for away, above in found], axis=0).sum())
    return clashes


def hands_apart(motion: Motion) -> float:
    """Smallest gap between the fingers and palms of one hand and those of the other."""
    bones = [_bones(motion, side) for side in SIDES]
    return min(float((segment_distance(a, b, c, d)).min()) - ra - rb for a, b, ra in bones[0] for c, d, rb in bones[1])


def _bones(motion: Motion, side: str) -> list[tuple[Floats, Floats, float]]:
    """Ends and radius of the last two bones of each finger, and of the palm."""
    out = [(joint(motion, f"{side}_hand"), joint(motion, f"{side}_middle_proximal"), 0.020)]
    for finger in violinist.FINGERS:
        points = [joint(motion, j) for j in violinist.finger_joints(side, finger)]
        out += [(points[1], points[2], FINGER), (points[2], points[3], FINGER)]
    return out


def sunk(motion: Motion) -> float:
    """How deep a fingertip is inside a key at most: below the top of the key over which it is."""
    depth, worst = key_depth(motion), 0.0
    frames = np.arange(len(motion))
    pitches = np.arange(piano.LOWEST, piano.HIGHEST + 1)
    whites, blacks = pitches[~piano.is_black(pitches)], pitches[piano.is_black(pitches)]
    for hand in range(2):
        for finger in range(5):
            tip = tip_of(motion, hand, finger)
            for keys, width, near, length in (
                (whites, piano.WHITE_WIDTH, 0.0, piano.WHITE_LENGTH),
                (blacks, piano.BLACK_WIDTH, -piano.HEAD_LENGTH, piano.BLACK_LENGTH),
            ):
                over = keys[np.argmin(np.abs(tip[:, :1] - piano.centre(keys)), axis=1)]
                top = piano.surface(over, tip[:, 1], depth[frames, over - piano.LOWEST])
                inside = np.abs(tip[:, 0] - piano.centre(over)) < width / 2
                inside &= (tip[:, 1] < near) & (tip[:, 1] > near - length)
                worst = max(worst, float(np.max((top - tip[:, 2]) * inside, initial=0.0)))
    return worst


def wrists_above(motion: Motion) -> float:
    """Smallest height of a wrist above the white keys."""
    return min(float((joint(motion, f"{s}_hand") - joint(motion, "keyboard"))[:, 2].min()) for s in SIDES)


def seat_shift(motion: Motion) -> float:
    """Farthest that the hips get from where they sit."""
    hips = joint(motion, "hips")
    return float(np.linalg.norm(hips - np.median(hips, axis=0), axis=-1).max())


def heel_slide(motion: Motion) -> float:
    """Farthest that the heels get from where they are: a pedal foot turns about its own."""
    skeleton = motion.skeleton
    assert motion.rotations is not None
    _, world = skeleton.forward_kinematics(motion.rotations.astype(float), motion.positions)
    worst = 0.0
    for side in SIDES:
        height = float(skeleton.rest_positions[skeleton.index(f"{side}_foot")][2])
        heel = joint(motion, f"{side}_foot") + _turned(world[:, skeleton.index(f"{side}_foot")], height)
        worst = max(worst, float(np.linalg.norm(heel - np.median(heel, axis=0), axis=-1).max()))
    return worst


def _turned(rotation: Array, height: float) -> Array:
    return rot.rotate(rotation, np.array([0.0, 0.08, -height]))


def rows(motion: Motion, held: Sequence[Held]) -> dict[str, float]:
    """All of it, by name."""
    near = finger_distances(motion, held)
    missing, extra = wrong_keys(motion, held)
    return {
        "fingertips within 4 mm": float((near <= 0.004).mean()) if near.size else 1.0,
        "fingertips, worst": float(near.max(initial=0.0)),
        "held keys not down": missing,
        "frames with a key down that is not held": extra,
        "frames with two fingers on a key": float(shared_keys(motion, held)),
        "hands apart": hands_apart(motion),
        "fingertip inside a key": sunk(motion),
        "wrists above keys": wrists_above(motion),
        "hips": seat_shift(motion),
        "heels": heel_slide(motion),
    }


def clearances(motion: Motion) -> dict[str, float]:
    """Smallest gaps of the arms to head and torso (see :data:`.performance_metrics.CAPSULES`)."""
    out = {}
    for side in SIDES:
        elbow, wrist = joint(motion, f"{side}_lower_arm"), joint(motion, f"{side}_hand")
        for name, (start, end, radius, drawn_in) in CAPSULES.items():
            a, b = joint(motion, start), joint(motion, end)
            b = b - rot.normalize(b - a) * drawn_in
            out[f"{side} forearm to {name}"] = float(segment_distance(elbow, wrist, a, b).min()) - radius - 0.035
    return out
