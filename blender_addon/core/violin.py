# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The violin and its bow in numbers.

**Violin frame**: origin at the end button, at the height of the edge of the top;
+X to the G side, -Y along the neck to the scroll, +Z out of the top. (Held
straight ahead by a performer who faces -Y, it is the world's own frame.)
**Bow frame**: origin where the hair leaves the frog; +X along the hair to the tip,
+Z from the hair to the stick.

Measures of a full-size (4/4) violin: body 356 mm, stop 195 mm, neck 130 mm,
bridge 33 mm high on a 15 mm arch, fingerboard 270 mm with 42 mm radius, strings
33.5 mm apart in all at the bridge and 16.5 mm at the nut (H. Strobel, *Useful
Measurements for Violin Makers*, 1988; the same figures are the trade's standard).
Bow: 650 mm of hair (same source). All lengths are in metres.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .rotations import Array

STRINGS: Final = ("g", "d", "a", "e")
OPEN_PITCHES: Final = (55, 62, 69, 76)
"""MIDI numbers of the open strings, in the order of STRINGS."""

BODY_LENGTH: Final = 0.356
BODY_STOP: Final = 0.195
NECK_STOP: Final = 0.130
SCROLL_LENGTH: Final = 0.105
FINGERBOARD_LENGTH: Final = 0.270
BRIDGE_RADIUS: Final = 0.042
BRIDGE_SPACING: Final = 0.0335
NUT_SPACING: Final = 0.0165
BRIDGE_TOP: Final = 0.015 + 0.033
"""Arch and bridge above the edge."""
NUT_TOP: Final = 0.001
HAIR_LENGTH: Final = 0.650
STICK_HEIGHT: Final = 0.020
"""Stick above hair at the frog."""


def _across(spacing: float) -> Array:
    """X of the four strings: G on +X."""
    return np.linspace(spacing / 2, -spacing / 2, 4)


def _on_arc(spacing: float, top: float, y: float) -> Array:
    """(4, 3) points of the strings on an arc of the bridge's radius."""
    x = _across(spacing)
    z = top - (BRIDGE_RADIUS - np.sqrt(BRIDGE_RADIUS**2 - x**2))
    return np.stack([x, np.full(4, y), z], axis=-1)


BRIDGE: Final = _on_arc(BRIDGE_SPACING, BRIDGE_TOP, -(BODY_LENGTH - BODY_STOP))
"""(4, 3) where the strings cross the bridge."""
NUT: Final = _on_arc(NUT_SPACING, NUT_TOP, -(BODY_LENGTH + NECK_STOP))
"""(4, 3) where the strings leave the nut."""
STRING_LENGTH: Final = float(np.linalg.norm(NUT - BRIDGE, axis=-1).mean())
"""Vibrating length of an open string (328 mm)."""
FINGERBOARD_END: Final = NUT + (BRIDGE - NUT) * (FINGERBOARD_LENGTH / STRING_LENGTH)
"""(4, 3) points of the strings above the end of the fingerboard."""
SCROLL: Final = np.array([0.0, -(BODY_LENGTH + NECK_STOP + SCROLL_LENGTH), -0.012])
HIGHEST_SEMITONE: Final = 29
"""Highest stop above the open string that lies on the fingerboard: 267 of 270 mm (D7 on A, A7 on E)."""


def stop_fraction(semitones: Array | float) -> Array:
    """Part of the string's length from the nut to the stop: 1 - 2^(-n/12), equal temperament."""
    return np.asarray(1.0 - 2.0 ** (-np.asarray(semitones, dtype=float) / 12.0))


def stop_position(string: npt.NDArray[np.integer[Any]] | int, semitones: Array | float) -> Array:
    """Points (..., 3) of the violin frame that stop ``string`` ``semitones`` above its open pitch."""
    part = stop_fraction(semitones)[..., None]
    string = np.asarray(string)
    return np.asarray(NUT[string] + (BRIDGE[string] - NUT[string]) * part)


def string_angle(level: Array | float) -> Array:
    """Angle (radians) of the bow about the neck that plays ``level``; positive lowers the frog.

    ``level`` counts strings from 0 (G) to 3 (E); halves are double stops. The bow lies
    along the tangent of the strings' arc: asin(x / radius) at the bridge.
    """
    x = BRIDGE_SPACING * (0.5 - np.asarray(level, dtype=float) / 3.0)
    return np.asarray(-np.arcsin(x / BRIDGE_RADIUS))
