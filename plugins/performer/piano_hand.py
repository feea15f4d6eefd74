# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A hand at the keyboard, frame by frame, in the keyboard's frame: wrist, palm and fingertips.

A finger that plays is on its key from before that goes down until it is let go; between, it
is carried by the hand, above the keys. Fingers rise before they strike, the more the louder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from plugins.api import Array, piano
from plugins.performer.curves import Floats, ease
from plugins.performer.hands import HandPose, palm
from plugins.performer.piano_path import HandPath
from plugins.performer.piano_place import NATURAL, Places, side_of, turned
from plugins.performer.piano_touch import Keys, Press

FLESH: Final = 0.0025
"""The fingertip's joint lies this far above the key that its pad touches."""
HOVER: Final = (0.006, 0.011, 0.012, 0.012, 0.010)
"""Height of idle fingertips above the keys, thumb first."""
ONTO_BLACK: Final = (0.038, 0.056)
"""V over which idle fingertips rise to pass above the black keys."""
APPROACH: Final = 0.16
"""Longest time that a finger takes down to its key, and"""
LEAVE: Final = 0.12
"""away from it."""
RAISE: Final = (0.006, 0.022)
"""How much higher a finger is before it strikes, softest and loudest."""
WRIST_BELOW: Final = 0.006
"""Metres from the knuckles' height to the wrist's; and never lower than"""
WRIST_LOWEST: Final = 0.040
ROLL: Final = np.radians(4.0)
"""The back of the hand leans to the little finger's side."""
PALM: Final = 0.084
"""From wrist to knuckles."""
LAP: Final = np.array([0.105, 0.215, -0.090])
"""Wrist of a left hand that rests on the thigh."""


def hand_motion(
    times: Floats, path: HandPath, places: Places, presses: Sequence[Press], keys: Keys, hand: int
) -> tuple[HandPose, Array]:
    """The hand at ``times``, and how much each finger is on its key, (T, 5); ``presses`` are its own, ordered."""
    side = side_of(hand)
    knuckles = path.height + path.lift
    wrist_z = np.maximum(knuckles - WRIST_BELOW, WRIST_LOWEST + np.maximum(path.lift, -0.008))
    wrist = np.stack([side * path.wrist[:, 0], -path.wrist[:, 1], wrist_z], axis=-1)
    pitch = np.arcsin(np.clip((knuckles - wrist_z) / PALM, -0.5, 0.5))
    forward = np.stack(
        [side * np.sin(path.turn) * np.cos(pitch), -np.cos(path.turn) * np.cos(pitch), np.sin(pitch)], axis=-1
    )
    out = np.stack([side * np.cos(path.turn), np.sin(path.turn), np.zeros(len(times))], axis=-1)
    back = np.sin(ROLL) * out + np.cos(ROLL) * np.array([0.0, 0.0, 1.0])
    fingers = [
        _fingertip(times, path, places, [p for p in presses if p.finger == finger], keys, finger, side)
        for finger in range(5)
    ]
    tips, playing = (np.stack(column, axis=1) for column in zip(*fingers, strict=True))
    return HandPose(wrist, palm("left" if side > 0 else "right", forward, back), tips), playing


def _fingertip(
    times: Floats, path: HandPath, places: Places, presses: Sequence[Press], keys: Keys, finger: int, side: float
) -> tuple[Array, Floats]:
    """(T, 3) one fingertip in the keyboard's frame, and (T,) how much it is on a key."""
    idle = path.wrist + turned(NATURAL[finger], path.turn)
    onto = np.clip((idle[:, 1] - ONTO_BLACK[0]) / (ONTO_BLACK[1] - ONTO_BLACK[0]), 0.0, 1.0)
    above = HOVER[finger] + piano.BLACK_HEIGHT * onto * onto * (3.0 - 2.0 * onto) + np.maximum(path.lift, 0.0)
    carried = np.stack([side * idle[:, 0], -idle[:, 1], above], axis=-1)
    total, weight = np.zeros_like(carried), np.zeros(len(times))
    for i, press in enumerate(presses):
        free = press.down - (presses[i - 1].end if i else -np.inf)
        gone = (presses[i + 1].down if i + 1 < len(presses) else np.inf) - press.end
        approach, leave = min(APPROACH, max(free, 0.02)), min(LEAVE, max(gone, 0.02))
        first, last = np.searchsorted(times, (press.down - approach, press.end + leave))
        t = times[first:last]
        u = (t - press.down + approach) / approach
        near = ease(u) * (1.0 - ease((t - press.end) / leave))
        total[first:last] += near[:, None] * _on_key(press, places, keys.of(press.pitch)[first:last], side)
        weight[first:last] += near
        raised = (RAISE[0] + (RAISE[1] - RAISE[0]) * press.loudness) * min(approach / APPROACH, 1.0)
        bump = np.clip(u, 0.0, 1.0)
        total[first:last, 2] += raised * 6.75 * bump * (1.0 - bump) ** 2
    tip = total + np.maximum(1.0 - weight, 0.0)[:, None] * carried
    return np.asarray(tip / np.maximum(weight, 1.0)[:, None]), np.minimum(weight, 1.0)


def _on_key(press: Press, places: Places, depth: Floats, side: float) -> Array:
    """(T, 3) where the fingertip is on its key, which goes down and up under it."""
    grip = int(np.argmin(np.abs(places.times - press.start)))
    u, v = places.tips[grip, press.finger]
    x, y = np.full(len(depth), side * u), np.full(len(depth), -v)
    return np.stack([x, y, piano.surface(press.pitch, -v, depth) + FLESH], axis=-1)


def resting_hand(count: int, hand: int) -> tuple[HandPose, Array]:
    """A hand that has nothing to play, on the thigh."""
    side = side_of(hand)
    wrist = np.broadcast_to(LAP * [side, 1.0, 1.0], (count, 3))
    forward = np.broadcast_to([-0.25 * side, -0.95, -0.12], (count, 3))
    back = np.broadcast_to([0.25 * side, 0.0, 1.0], (count, 3))
    rotation = palm("left" if side > 0 else "right", forward, back)
    reach = np.stack([side * NATURAL[:, 0], -NATURAL[:, 1] - 0.02, np.full(5, -0.035)], axis=-1)
    tips = np.broadcast_to(LAP * [side, 1.0, 1.0] + reach, (count, 5, 3))
    return HandPose(wrist, rotation, np.asarray(tips)), np.zeros((count, 5))
