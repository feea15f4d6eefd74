# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The piano's keyboard, pedal and bench in numbers.

**Keyboard frame**: origin in the middle of the keyboard, at the front edge of the white
keys, at the height of their tops; +X to the bass (the player's left), -Y along the keys
away from the player, +Z up. (Before a performer who faces -Y, it is the world's own frame.)

Measures: white keys 23.5 mm apart (an octave of 164.5 mm, in use since the 1880s), black
keys 9.5 mm wide on top, visible lengths 150 and 95 mm, heads of the white keys 50 mm. Black
keys lie so that the three white keys C to E share five equal places with their black ones
and the four from F to B seven (J. Savard, *The Size of the Piano Keyboard*, quadibloc.com). Key dip
10 mm, as grands are regulated (A. Reblitz, *Piano Servicing, Tuning, and Rebuilding*, 1993);
the heights of keyboard, bench and pedal are those of usual grands. All lengths are in metres.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .rotations import Array

LOWEST: Final = 21
HIGHEST: Final = 108
"""MIDI numbers of the outer keys, A0 and C8."""
KEYS: Final = HIGHEST - LOWEST + 1
DAMPER: Final = 64
"""MIDI's controller of the right pedal, and"""
HALF: Final = 64
"""its value from which that is down."""
STILL_DOWN: Final = 48
"""Value down to which it stays so."""
JOINED: Final = 0.06
"""Seconds within which nobody takes the foot off and puts it down again."""
WHITE_WIDTH: Final = 0.0235
BLACK_WIDTH: Final = 0.0095
"""Of the top; the foot is 2 mm wider."""
WHITE_LENGTH: Final = 0.150
HEAD_LENGTH: Final = 0.050
"""White keys are full width this far; then the black ones begin."""
BLACK_LENGTH: Final = 0.095
BLACK_HEIGHT: Final = 0.012
"""Of the black tops above the white ones."""
DIP: Final = 0.010
"""How far the front of a key goes down."""
BALANCE: Final = 0.220
"""From the front edge of the white keys to the rail on which all keys rock."""
WIDTH: Final = 52 * WHITE_WIDTH

KEYBOARD_HEIGHT: Final = 0.730
"""Tops of the white keys above the floor."""
SEAT_HEIGHT: Final = 0.480
PEDAL_HEIGHT: Final = 0.050
PEDAL_TRAVEL: Final = 0.018
"""Of the right pedal's end, where the ball of the foot lies."""

_PLACES: Final = (0.5, 0.9, 1.5, 2.1, 2.5, 3.5, 3 + 6 / 7, 4.5, 5.0, 5.5, 3 + 22 / 7, 6.5)
"""Middle of each key of an octave, C to B, in white keys from the left edge of C."""

Pitches = npt.NDArray[np.integer[Any]] | int


def is_black(pitch: Pitches) -> npt.NDArray[np.bool_]:
    """Whether the key of a MIDI number is black."""
    return np.isin(np.asarray(pitch) % 12, (1, 3, 6, 8, 10))


def centre(pitch: Pitches) -> Array:
    """X of the middle of a key (of a white one: of its head)."""
    pitch = np.asarray(pitch)
    from_left = 7.0 * (pitch // 12 - 2) + 2.0 + np.asarray(_PLACES)[pitch % 12]
    return np.asarray((26.0 - from_left) * WHITE_WIDTH)


def front(pitch: Pitches) -> Array:
    """(..., 3) the middle of a key's front edge, on top, at rest: its joint."""
    black = is_black(pitch)
    y, z = np.where(black, -HEAD_LENGTH, 0.0), np.where(black, BLACK_HEIGHT, 0.0)
    return np.stack([centre(pitch), y, z], axis=-1)


def lever(pitch: Pitches) -> Array:
    """Metres from a key's front edge to the rail that it rocks on."""
    return np.asarray(BALANCE + front(pitch)[..., 1])


def surface(pitch: Pitches, y: Array | float, depth: Array | float) -> Array:
    """Height of a key's top at ``y`` when its front is ``depth`` down."""
    part = (BALANCE + np.asarray(y)) / lever(pitch)
    return np.asarray(front(pitch)[..., 2] - np.asarray(depth) * part)


def tilt(pitch: Pitches, depth: Array | float) -> Array:
    """Rotation of a key about +X (radians) that takes its front ``depth`` down."""
    return np.asarray(-np.arcsin(np.asarray(depth) / lever(pitch)))


def pedal_spans(said: Iterable[Iterable[tuple[float, int]]], end: float) -> list[tuple[float, float, float]]:
    """Where a damper pedal is down.

    Args:
        said: by channel, seconds and values of MIDI's controller DAMPER, in order of time. From 64 on it is down
            (MIDI 1.0), and until a value is a good deal less: feet tremble.
        end: seconds at which it comes up if nothing says so.

    Returns:
        Seconds at which it goes down and comes up, and how far down it was at most, 0 to 1; of all channels together.
    """
    every = sorted(span for channel in said for span in _spans_of(channel, end))
    out: list[tuple[float, float, float]] = []
    for start, stop, depth in every:
        if out and start <= out[-1][1] + JOINED:
            out[-1] = out[-1][0], max(out[-1][1], stop), max(out[-1][2], depth)
        else:
            out.append((start, stop, depth))
    return [(start, stop, round(depth, 2)) for start, stop, depth in out if stop > start]


def _spans_of(channel: Iterable[tuple[float, int]], end: float) -> list[tuple[float, float, float]]:
    found: list[tuple[float, float, float]] = []
    down = False
    for time, value in [*(change for change in channel if change[0] < end), (end, 0)]:
        before, down = down, value >= (STILL_DOWN if down else HALF)
        if down and not before:
            found.append((time, time, 0.0))
        if down or before:
            start, _, depth = found[-1]
            found[-1] = start, time, max(depth, value / 127)
    return found


def pedal_depth(value: Any) -> float:
    """How far down a pedal annotation's value says it is, 0 to 1; all the way where it says nothing to be read."""
    number = float(value) if isinstance(value, int | float) and np.isfinite(value) else 1.0
    return min(max(number, 0.0), 1.0)
