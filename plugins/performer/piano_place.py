# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Where a hand must be so that its fingers reach their keys: one place for each grip.

Both hands are worked out alike, in the *hand's plane*: u along the keyboard towards the little
finger's side, v into the keys, metres from the keyboard's origin. For the left hand u is the
keyboard's +X, for the right one -X; the fingers' order is the order of u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Array, piano
from plugins.performer.curves import Floats
from plugins.performer.piano_fingering import Fingering, Grip
from plugins.performer.piano_music import LEFT

Mask = npt.NDArray[np.bool_]

NATURAL: Final = np.array([[-0.055, 0.106], [-0.0295, 0.133], [-0.006, 0.143], [0.0175, 0.137], [0.041, 0.121]])
"""(u, v) of the fingertips of a relaxed hand from its wrist: five neighbouring white keys, curved fingers."""
ROOTS: Final = np.array([[-0.024, 0.020], [-0.026, 0.0835], [-0.006, 0.0841], [0.013, 0.0785], [0.031, 0.0718]])
"""(u, v) of knuckles and of the thumb's base from the wrist (see ``core.violinist``, rounded)."""
FARTHEST: Final = np.array([0.110, 0.088, 0.100, 0.094, 0.074])
"""How far each tip may be from its root, a little less than the fingers' lengths."""
SIDEWAYS: Final = np.array([9.9, 0.024, 0.024, 0.026, 0.036])
"""How far a tip may be beside its knuckle: spread of a bent finger (thumb: any)."""
SHARE: Final = np.array([0.5, 1.0, 1.0, 1.0, 1.2])
"""How much each finger has to say about where the hand goes."""
WHITE: Final = (0.012, 0.043)
BLACK: Final = (0.059, 0.092)
"""V of where white and black keys are played, and"""
BETWEEN: Final = 0.048
"""how far in a white one may be, between the black ones, by a hand that plays those too."""
BEFORE: Final = 0.030
"""How far a tip is before its knuckle, at least: else the finger would curl under the hand."""
SLACK: Final = (0.006, 0.0025)
"""How far beside the middle of a white and of a black key a finger may play."""
KNUCKLES: Final = ((0.09, 0.16, 0.21), (0.058, 0.048, 0.036))
"""Height of the knuckles above the white keys for the distance between the outer tips: a wide hand is flat."""
ELBOW: Final = 0.27
"""U of an elbow beside the body, and"""
FOREARM: Final = 0.26
"""how far before it the wrist is: what the hand's turn follows from."""
TURN: Final = (0.42, np.radians(-18.0), np.radians(26.0))
"""Part of the forearm's turn that the hand shares, and its limits, outwards positive."""
WIDE: Final = ((0.10, 0.165), (0.0, np.radians(15.0)))
"""How much farther outwards a hand turns for the distance between the outer tips: its roots come in line with them."""
LEGATO: Final = 0.10
"""Seconds before a grip until which the one before must be held for its fingers to be minded."""
HELD_OVER: Final = 0.150
"""Metres over which keys of two grips may lie apart for that."""
SOON: Final = 0.35
"""Seconds before and after a grip whose keys the hand is open for, and"""
NEARBY: Final = 0.5
"""how much their fingers have to say, with those that play as 1."""
ROUNDS: Final = 60


@dataclass(frozen=True, eq=False)
class Places:
    """Of K grips: wrist (K, 2) in (u, v), turn (K,) outwards, knuckle height (K,), tips (K, 5, 2), used (K, 5).

    ``wide`` (K,) is the part of the turn that the distance between the keys asks for.
    ``strain`` (K, 5) is how far out of reach a finger is that still holds a key of the grip before: NaN for
    fingers that hold none, or need not.
    """

    times: Floats = field(repr=False)
    wrist: Array = field(repr=False)
    turn: Floats = field(repr=False)
    wide: Floats = field(repr=False)
    height: Floats = field(repr=False)
    tips: Array = field(repr=False)
    used: Mask = field(repr=False)
    strain: Array = field(repr=False)


def side_of(hand: int) -> float:
    """Sign of u: keyboard X = side times u."""
    return 1.0 if hand == LEFT else -1.0


def turned(points: Array, turn: Array) -> Array:
    """Points (..., 2) of a hand whose wrist is at the origin, turned outwards by ``turn`` (...)."""
    u, v = points[..., 0], points[..., 1]
    c, s = np.cos(turn), np.sin(turn)
    return np.stack([c * u + s * v, c * v - s * u], axis=-1)


def hand_turn(u: Array) -> Array:
    """How far a hand at ``u`` turns outwards: it goes along with its forearm."""
    share, least, most = TURN
    return np.asarray(np.clip(share * np.arctan2(u - ELBOW, FOREARM), least, most))


def place_hand(fingering: Fingering, hand: int) -> Places:
    """A place for every grip in which all its fingers reach their keys, as relaxed as can be."""
    grips = [g for g in fingering.grips if g.notes]
    used = np.zeros((len(grips), 5), dtype=bool)
    middle, black = np.zeros((len(grips), 5)), np.zeros((len(grips), 5), dtype=bool)
    for k, grip in enumerate(grips):
        for i, finger in zip(grip.notes, grip.fingers, strict=True):
            pitch = fingering.notes[i].pitch
            used[k, finger], black[k, finger] = True, bool(piano.is_black(pitch))
            middle[k, finger] = side_of(hand) * float(piano.centre(pitch))
    span = np.array([np.ptp(m[w]) for m, w in zip(middle, used, strict=True)])
    start, over = _start(middle, used), _held_over(fingering, grips, middle, black, used)
    near = used | over | _soon(grips, middle, black, used, over)
    times, height, wide = np.array([g.time for g in grips]), np.interp(span, *KNUCKLES), np.interp(span, *WIDE)
    return _placed(times, start, height, wide, middle, black, used, over, near)


def _placed(
    times: Floats,
    wrist: Array,
    height: Floats,
    wide: Floats,
    middle: Array,
    black: Mask,
    used: Mask,
    over: Mask,
    near: Mask,
) -> Places:
    """Fingers that are used are relaxed and reach; those that are held over or needed soon reach too."""
    share = np.where(used, 1.0, np.where(near & ~over, NEARBY, 0.0))
    low, high = _boxes(middle, black)
    for ease in np.linspace(1.0, 0.0, ROUNDS):
        turn = hand_turn(wrist[:, 0]) + wide
        tips = _tips(wrist, turn, height, low, high)
        # At last only what is out of reach moves the hand.
        wrist = wrist + ease * _pull(wrist, turn, tips, share) + _reach(wrist, turn, tips, near, height)
    turn = hand_turn(wrist[:, 0]) + wide
    tips = _tips(wrist, turn, height, low, high)
    short = np.linalg.norm(_shortfall(wrist, turn, tips, height), axis=-1)
    free = wrist[:, None] + turned(NATURAL, turn[:, None])
    tips = np.where(used[..., None], tips, free)
    return Places(times, wrist, turn, wide, height, tips, used, np.where(over, short, np.nan))


def _held_over(fingering: Fingering, grips: Sequence[Grip], middle: Array, black: Mask, used: Mask) -> Mask:
    """(K, 5) fingers that hold a key of the grip before until this one begins; their keys are entered."""
    over = np.zeros_like(used)
    for k in range(1, len(grips)):
        here = middle[k, used[k]]
        for i, finger in zip(grips[k - 1].notes, grips[k - 1].fingers, strict=True):
            place = middle[k - 1, finger]
            near = max(here.max(), place) - min(here.min(), place) <= HELD_OVER
            if not used[k, finger] and near and fingering.notes[i].end > grips[k].time - LEGATO:
                over[k, finger], middle[k, finger], black[k, finger] = True, place, black[k - 1, finger]
    return over


def _soon(grips: Sequence[Grip], middle: Array, black: Mask, used: Mask, over: Mask) -> Mask:
    """(K, 5) fingers of the grips next to each in time, that an open hand has over their keys as well."""
    soon = np.zeros_like(used)
    keys, dark = middle.copy(), black.copy()
    for k, grip in enumerate(grips):
        for other in (k + 1, k - 1, k + 2, k - 2):
            if not 0 <= other < len(grips) or abs(grips[other].time - grip.time) > SOON:
                continue
            for finger in np.flatnonzero(used[other] & ~(used[k] | over[k] | soon[k])):
                here = np.flatnonzero(used[k] | over[k] | soon[k])
                order = np.sign(finger - here) == np.sign(keys[other, finger] - middle[k, here])
                spread = np.ptp([*middle[k, here], keys[other, finger]])
                if order.all() and spread <= HELD_OVER:
                    soon[k, finger] = True
                    middle[k, finger], black[k, finger] = keys[other, finger], dark[other, finger]
    return soon


def _boxes(middle: Array, black: Mask) -> tuple[Array, Array]:
    """(K, 5, 2) lowest and highest (u, v) at which each finger may play its key."""
    slack = np.where(black, SLACK[1], SLACK[0])
    deep = np.where(black.any(axis=1, keepdims=True), BETWEEN, WHITE[1])
    v = [np.where(black, BLACK[0], WHITE[0]), np.where(black, BLACK[1], deep)]
    return np.stack([middle - slack, v[0]], axis=-1), np.stack([middle + slack, v[1]], axis=-1)


def _start(middle: Array, used: Mask) -> Array:
    """A first wrist: the fingers' keys less where the fingers naturally are."""
    count = np.maximum(used.sum(axis=1), 1)
    u = (np.where(used, middle - NATURAL[:, 0], 0.0)).sum(axis=1) / count
    return np.stack([u, np.full(len(u), 0.030 - NATURAL[2, 1] + 0.012)], axis=-1)


def _tips(wrist: Array, turn: Array, height: Floats, low: Array, high: Array) -> Array:
    """Where on its key each finger plays: where it falls by itself, no farther than it reaches."""
    roots = wrist[:, None] + turned(ROOTS, turn[:, None])
    tips = np.clip(wrist[:, None] + turned(NATURAL, turn[:, None]), low, high)
    line = tips - roots
    far = np.maximum(np.linalg.norm(line, axis=-1), 1e-9)
    return np.asarray(np.clip(roots + line * np.minimum(_flat(height) / far, 1.0)[..., None], low, high))


def _flat(height: Floats) -> Array:
    """(K, 5) how far along the keyboard's plane each finger reaches from knuckles so high."""
    drop = np.where(np.arange(5) == 0, 0.7, 1.0) * height[:, None]
    return np.asarray(np.sqrt(np.maximum(FARTHEST**2 - drop**2, 0.02**2)))


def _pull(wrist: Array, turn: Array, tips: Array, used: Array) -> Array:
    """Towards where the fingers are relaxed."""
    away = tips - (wrist[:, None] + turned(NATURAL, turn[:, None]))
    share = (SHARE * used)[..., None]
    return np.asarray(0.5 * (share * away).sum(axis=1) / np.maximum(share.sum(axis=1), 1e-9))


def _reach(wrist: Array, turn: Array, tips: Array, used: Mask, height: Floats) -> Array:
    """Towards tips that are out of reach, farther the more they are; never past the farthest of them."""
    short = _shortfall(wrist, turn, tips, height) * used[..., None]
    step, most = 0.5 * short.sum(axis=1), np.linalg.norm(short, axis=-1).max(axis=1)
    # Five fingers out of reach on one side would throw the hand farther beyond than it was.
    length = np.linalg.norm(step, axis=-1)
    return np.asarray(step * (np.minimum(length, most) / np.maximum(length, 1e-9))[:, None])


def _shortfall(wrist: Array, turn: Array, tips: Array, height: Floats) -> Array:
    """(K, 5, 2) from where each finger can be to where it should be: too far, or too far beside its knuckle."""
    line = tips - (wrist[:, None] + turned(ROOTS, turn[:, None]))
    distance = np.linalg.norm(line, axis=-1)
    excess = np.maximum(distance - _flat(height), 0.0) / np.maximum(distance, 1e-9)
    own = turned(line, -turn[:, None])
    beside = np.maximum(np.abs(own[..., 0]) - SIDEWAYS, 0.0) * np.sign(own[..., 0])
    behind = 0.5 * np.minimum(own[..., 1] - BEFORE, 0.0)
    across = turned(np.stack([beside, behind], axis=-1), turn[:, None])
    return np.asarray(line * excess[..., None] + across)
