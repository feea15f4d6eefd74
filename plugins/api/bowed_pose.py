# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From the model's points to a violinist whose bow is on the strings; ``ik`` completes the body.

The violin is put where the model says; the bow is laid on the strings that its angle makes it
touch, at the place of its hair that the strokes say; the right hand goes with the bow, the left
hand with the neck. The model does not know fingerings: the left fingers hover over the string
that is played.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from plugins.api import Array, Skeleton, violin, violinist
from plugins.api import rotations as rot
from plugins.api.grip import HELD, gripped
from plugins.api.prediction import Prediction
from plugins.api.strokes import Floats, hair_positions

ROLL: Final = np.radians(26.0)
"""The E side lowered to the bow."""
TILT: Final = np.radians(16.0)
"""The stick tilted towards the scroll."""
CONTACT: Final = 0.028
"""Metres from the bridge to the bow (A. Askenfelt, JASA 86, 1989: 10 to 50 mm)."""
HEAD: Final = (np.radians(13.0), np.radians(17.0), np.radians(45.0))
"""Nod, tilt and turn to the left: the chin on its rest; neck and head share them."""
HIP_DROP: Final = 0.012
"""Metres that the hips hang below the rest pose, so that no knee is locked."""
STANCE: Final = (0.115, np.radians(14.0))
"""Metres from the middle to each ankle, and how far the toes turn out."""
BOW_TIPS: Final = np.array(
    [
        [0.018, 0.004, 0.008],
        [0.048, -0.010, 0.015],
        [0.022, -0.012, 0.006],
        [0.000, -0.012, 0.006],
        [-0.022, -0.002, 0.025],
    ]
)
"""Thumb to little finger in the bow's frame, metres, set by eye: thumb under the stick opposite the
middle finger, first finger over the stick, little finger on top of it."""
HOVER: Final = 0.010
"""Metres that the left fingers are above the strings."""
SPREAD: Final = (0.0, 2.0, 4.0, 6.0)
"""Semitones of the four left fingers from where the hand is on the neck."""
THUMB: Final = np.array([0.018, 0.0, -0.015])
"""The thumb's place on the neck's G side, from the middle of the strings, metres."""

_ACROSS: Final = np.array([1.0, 0.0, 0.0])
_DOWN_NECK: Final = rot.normalize((violin.NUT - violin.BRIDGE).mean(axis=0))
_OUT: Final = rot.normalize(np.cross(_DOWN_NECK, _ACROSS))


def swayed(said: Prediction, sway: Floats) -> Prediction:
    """With (T, J, 3) metres added, J in the order of ``said.points``; the bow and its arm go with the violin."""
    points = {joint: place + sway[:, i] for i, (joint, place) in enumerate(said.points.items())}
    if {"violin_end", "violin_scroll"} <= set(points):
        before, now = (violin_turn(p["violin_end"], p["violin_scroll"]) for p in (said.points, points))
        turn = rot.multiply(now, rot.conjugate(before))
        for joint in points.keys() & {"bow_frog", "bow_tip", *HELD}:
            points[joint] = points["violin_end"] + rot.rotate(turn, said.points[joint] - said.points["violin_end"])
    return Prediction(points, said.hair)


def assemble(skeleton: Skeleton, said: Prediction, grip: Array) -> tuple[Array, Array]:
    """(T, J, 3) world positions and (T, J, 4) local rotations; what ``ik`` must find is NaN."""
    stand = skeleton.rest_positions[skeleton.index("hips")] - [0.0, 0.0, HIP_DROP]
    points = upright(skeleton, {joint: place + stand for joint, place in said.points.items()}, stand)
    count = len(points["violin_end"])
    positions = np.full((count, len(skeleton), 3), np.nan)
    rotations = np.full((count, len(skeleton), 4), np.nan)
    _put_body(skeleton, points, positions, rotations)
    turn = violin_turn(points["violin_end"], points["violin_scroll"])
    _put_prop(skeleton, positions, "violin_end", points["violin_end"], turn)
    level = string_level(points, turn)
    hair = said.hair if said.hair is not None else said_hair(points)
    frog, bow = bow_on_strings(hair, level)
    frog, bow = points["violin_end"] + rot.rotate(turn, frog), rot.multiply(turn, bow)
    _put_prop(skeleton, positions, "bow_frog", frog, bow)
    _put_right_hand(skeleton, positions, grip, frog, bow, hair)
    _put_left_hand(skeleton, positions, points, turn, level)
    positions[:, skeleton.index("left_lower_arm")] = points["left_lower_arm"]
    return positions, rotations


def upright(skeleton: Skeleton, points: dict[str, Floats], hips: Array) -> dict[str, Floats]:
    """The points moved together so that the neck is as far from the hips as the spine is long: one that is too
    short for its spine bulges, now to one side and now to the other."""
    neck, rest = points["neck"], skeleton.rest_positions
    length = np.linalg.norm(rest[skeleton.index("neck")] - rest[skeleton.index("hips")])
    shift = hips + length * rot.normalize(neck - hips) - neck
    return {joint: place + shift for joint, place in points.items()}


def said_hair(points: dict[str, Floats]) -> Floats:
    """(T,) the place of the hair in the model's own points, kept on the bow."""
    ends = ("bow_frog", "bow_tip", "violin_end", "violin_scroll")
    return np.clip(hair_positions(*(points[joint] for joint in ends)), 0.0, violin.HAIR_LENGTH)


def violin_turn(end: Floats, scroll: Floats) -> Array:
    """(T, 4) rotation of a violin with these ends, its E side lowered by ROLL."""
    neck = rot.normalize(scroll - end)
    right = rot.normalize(np.cross(neck, np.broadcast_to([0.0, 0.0, 1.0], neck.shape)))
    upright = np.cross(right, neck)
    return rot.from_directions(
        violin.SCROLL, np.array([0.0, 0.0, 1.0]), neck, np.cos(ROLL) * upright + np.sin(ROLL) * right
    )


def string_level(points: dict[str, Floats], turn: Array) -> Floats:
    """(T,) the string that the model's bow is tilted to, 0 (G) to 3 (E), between strings too."""
    bow = rot.rotate(rot.conjugate(turn), points["bow_tip"] - points["bow_frog"])
    angle = np.arctan2(bow @ _OUT, bow @ _ACROSS)
    # violin.string_angle, the other way round.
    across = violin.BRIDGE_RADIUS * np.sin(-angle)
    return np.clip(3.0 * (0.5 - across / violin.BRIDGE_SPACING), 0.0, 3.0)


def bow_on_strings(hair: Floats, level: Floats) -> tuple[Array, Array]:
    """Frog (T, 3) and rotation (T, 4) in the violin's frame of a bow that lies on the highest string under it."""
    angle = violin.string_angle(level)[:, None]
    along = np.cos(angle) * _ACROSS + np.sin(angle) * _OUT
    up = np.cos(angle) * _OUT - np.sin(angle) * _ACROSS
    strings = violin.BRIDGE + (violin.NUT - violin.BRIDGE) * (CONTACT / violin.STRING_LENGTH)
    middle = strings.mean(axis=0)
    highest = (up @ (strings - middle).T).max(axis=1, keepdims=True)
    frog = middle + up * highest - along * hair[:, None]
    return frog, rot.multiply(rot.from_axis_angle(along, np.full(len(hair), TILT)), rot.from_frame(along, up))


def _put_body(skeleton: Skeleton, points: dict[str, Floats], positions: Array, rotations: Array) -> None:
    """Hips, neck, the head turned to the violin, and feet that stand."""
    hips = skeleton.index("hips")
    positions[:, hips] = skeleton.rest_positions[hips] - [0.0, 0.0, HIP_DROP]
    positions[:, skeleton.index("neck")] = points["neck"]
    rotations[:, hips] = rot.IDENTITY
    nod, tilt, turn = HEAD
    for joint, share in (("neck", 0.4), ("head", 0.6)):
        axes = ((2, turn), (1, tilt), (0, nod))
        local = rot.IDENTITY
        for axis, angle in axes:
            local = rot.multiply(local, rot.from_axis_angle(np.eye(3)[axis], share * angle))
        rotations[:, skeleton.index(joint)] = local
    apart, out = STANCE
    for side, sign in (("left", 1.0), ("right", -1.0)):
        ankle = skeleton.rest_positions[skeleton.index(f"{side}_foot")] * [0.0, 1.0, 1.0] + [sign * apart, 0.0, 0.0]
        toes = rot.rotate(
            rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), sign * out), skeleton.offsets[skeleton.index(f"{side}_toes")]
        )
        positions[:, skeleton.index(f"{side}_foot")] = ankle
        positions[:, skeleton.index(f"{side}_toes")] = ankle + toes


def _put_prop(skeleton: Skeleton, positions: Array, held: str, at: Array, turn: Array) -> None:
    index = skeleton.index(held)
    positions[:, index] = at
    for child in skeleton.children(index):
        positions[:, child] = at + rot.rotate(turn, skeleton.offsets[child])


def _put_right_hand(skeleton: Skeleton, positions: Array, grip: Array, frog: Array, bow: Array, hair: Floats) -> None:
    """Elbow, wrist and knuckles as they were on the bows of the clips, fingertips on the stick."""
    tip = frog + rot.rotate(bow, np.array([violin.HAIR_LENGTH, 0.0, 0.0]))
    arm = dict(zip(HELD, np.moveaxis(gripped(grip, frog, tip, hair), 1, 0), strict=True))
    positions[:, skeleton.index("right_lower_arm")] = arm["right_lower_arm"]
    wrist, knuckle = arm["right_hand"], arm["right_index_proximal"]
    back = rot.rotate(bow, np.array([0.25, 0.0, 1.0]))
    _put_palm(skeleton, positions, "right", wrist, knuckle - wrist, back)
    for finger, place in zip(violinist.FINGERS, BOW_TIPS, strict=True):
        positions[:, skeleton.index(violinist.finger_joints("right", finger)[3])] = frog + rot.rotate(bow, place)


def _put_left_hand(skeleton: Skeleton, positions: Array, points: dict[str, Floats], turn: Array, level: Floats) -> None:
    """The hand where the model says, its fingers over the string that is played."""
    wrist, knuckle = points["left_hand"], points["left_index_proximal"]
    # The palm faces the player's right shoulder: its back is away from the strings, to the left.
    back = rot.rotate(turn, np.array([1.0, 0.3, 0.2]))
    _put_palm(skeleton, positions, "left", wrist, knuckle - wrist, back)
    at = rot.rotate(rot.conjugate(turn), knuckle - points["violin_end"])
    down = ((at - violin.NUT.mean(axis=0)) @ _DOWN_NECK) * -1.0
    part = np.clip(down / violin.STRING_LENGTH, 0.0, 0.5)
    semitones = -12.0 * np.log2(1.0 - part)
    fingers = np.clip(semitones[:, None] + np.array(SPREAD), 0.5, violin.HIGHEST_SEMITONE)
    places = _on_string(level[:, None], fingers) + HOVER * _OUT
    # Beyond the fourth position the thumb stays at the heel of the neck.
    thumb = _on_string(np.full(len(level), 1.5), np.clip(semitones, 0.5, 8.0)) + THUMB
    for finger, place in zip(violinist.FINGERS, (thumb, *np.moveaxis(places, 1, 0)), strict=True):
        tip = skeleton.index(violinist.finger_joints("left", finger)[3])
        positions[:, tip] = points["violin_end"] + rot.rotate(turn, place)


def _on_string(level: Floats, semitones: Floats) -> Array:
    """(..., 3) point above the open string by so many semitones, between strings too (violin frame)."""
    low = np.clip(np.floor(level).astype(int), 0, 2)
    share = (level - low)[..., None]
    below, above = violin.stop_position(low, semitones), violin.stop_position(low + 1, semitones)
    return np.asarray(below * (1 - share) + above * share)


def _put_palm(skeleton: Skeleton, positions: Array, side: str, wrist: Array, pointing: Array, back: Array) -> None:
    """Wrist and the knuckles of a palm whose index finger points so and whose back faces so."""
    index = skeleton.index(f"{side}_index_proximal")
    turn = rot.from_directions(skeleton.offsets[index], np.array([0.0, 0.0, 1.0]), pointing, back)
    positions[:, skeleton.index(f"{side}_hand")] = wrist
    for finger in violinist.FINGERS[1:]:
        joint = skeleton.index(violinist.finger_joints(side, finger)[0])
        positions[:, joint] = wrist + rot.rotate(turn, skeleton.offsets[joint])
