# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Where the bow is, frame by frame, in the violin's own frame.

The hair always lies on the strings that its angle makes it touch: for an angle, the
string that stands highest under the hair carries it. So a crossing rolls over both
strings, and a double stop has the hair on two, by geometry rather than by rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Array, violin
from plugins.api import rotations as rot
from plugins.performer.bowing import FIRST, Stroke
from plugins.performer.curves import Floats, ease, hold_and_move, move_windows, stroke_profile
from plugins.performer.fingering import Grip
from plugins.performer.music import Chord

CHANGE: Final = 0.055
"""Seconds that a bow change takes to reach full speed (a few hundredths of a second: A. Askenfelt, JASA 80, 1986)."""
CROSSING: Final = 0.13
"""Longest string crossing, seconds; most of it ahead of the note."""
ROLL: Final = 0.11
"""Seconds after which a broken chord has rolled to its upper strings."""
ROLL_SWING: Final = 0.35
"""Strings to each side of the middle one that the roll takes in."""
LIFT: Final = 0.045
"""Most that the hair rises from the strings, metres."""
APPROACH: Final = 0.8
"""Seconds that the bow takes to come down before the first note."""
BACKSWING: Final = 0.05
"""Metres that it swings back meanwhile."""
CONTACT: Final = (0.040, 0.017)
"""Metres from bridge to bow, softest and loudest (within the range of A. Askenfelt,
*Measurement of the bowing parameters in violin playing II*, JASA 86, 1989)."""
TILT: Final = (np.radians(24.0), np.radians(8.0))
"""Tilt of the stick towards the scroll, softest and loudest."""

_DOWN_NECK: Final = rot.normalize((violin.NUT - violin.BRIDGE).mean(axis=0))
ACROSS: Final = np.array([1.0, 0.0, 0.0])
OUT: Final = rot.normalize(np.cross(_DOWN_NECK, ACROSS))
"""Axes of the strings' own plane: along the neck, to the G side, out of the plane."""


@dataclass(frozen=True, eq=False)
class BowPath:
    """The bow in the violin frame, (T, ...).

    Attributes:
        frog: (T, 3) end of the hair at the frog. rotation: (T, 4) bow frame in violin frame.
        hair: (T,) metres from frog to the middle of the strings. level: (T,) strings counted
        from 0 (G) to 3 (E), as violin.string_angle takes them.
    """

    frog: Array = field(repr=False)
    rotation: Array = field(repr=False)
    hair: Floats = field(repr=False)
    level: Floats = field(repr=False)


def bow_path(
    times: Floats,
    chords: Sequence[Chord],
    grips: Sequence[Grip],
    strokes: Sequence[Stroke],
    paces: tuple[Floats, Floats] | None = None,
) -> BowPath:
    """The bow at ``times`` (seconds in the recording); without a stroke, over the strings at the frog.

    Args:
        paces: (M,) seconds, and how far a bow has come then within a stroke (``heard.paces``); evenly if left out.
    """
    if not strokes:
        still = np.zeros(len(times))
        return _placed(still + FIRST, _levels(times, chords, grips), still + LIFT, still + CONTACT[0], still)
    hair, lift = _along(times, strokes, paces)
    level = _levels(times, chords, grips)
    loud = _soft_loudness(times, strokes)
    distance = CONTACT[0] + (CONTACT[1] - CONTACT[0]) * loud
    tilt = TILT[0] + (TILT[1] - TILT[0]) * loud
    return _placed(hair, level, lift, distance, tilt)


def _along(times: Floats, strokes: Sequence[Stroke], paces: tuple[Floats, Floats] | None) -> tuple[Floats, Floats]:
    """Metres of hair from the frog, and lift, at each time."""
    start, end = np.array([s.start for s in strokes]), np.array([s.end for s in strokes])
    begin, finish = np.array([s.bow_start for s in strokes]), np.array([s.bow_end for s in strokes])
    i = np.clip(np.searchsorted(start, times, side="right") - 1, 0, len(strokes) - 1)
    come, begun, done = (x if paces is None else np.interp(x, *paces) for x in (times, start, end))
    u = (come - begun[i]) / np.maximum(done - begun, 1e-3)[i]
    accent = np.array([s.accent or s.short for s in strokes])[i]
    # An accent bites: the speed is highest early in the stroke.
    u = np.where(accent, 1.0 - (1.0 - np.clip(u, 0, 1)) ** 1.5, u)
    ramp = CHANGE / np.maximum(end - start, 1e-3)
    hair = begin[i] + (finish - begin)[i] * stroke_profile(u, np.clip(ramp, 0.13, 0.5)[i])
    return _through_rests(times, i, hair, strokes)


def _through_rests(
    times: Floats, i: npt.NDArray[np.int64], hair: Floats, strokes: Sequence[Stroke]
) -> tuple[Floats, Floats]:
    """Between strokes: stay on the string, or lift and travel to where the next one begins.

    Before the first stroke the bow swings back in the air, against the stroke, and lands with it.
    """
    start, end = np.array([s.start for s in strokes]), np.array([s.end for s in strokes])
    begin, finish = np.array([s.bow_start for s in strokes]), np.array([s.bow_end for s in strokes])
    following, there = np.append(start[1:], np.inf), np.append(begin[1:], finish[-1])
    gap = following - end
    jumps = np.array([s.lifted for s in strokes]) | (np.abs(there - finish) > 1e-6)
    height = np.where(jumps, np.clip(0.10 * gap, 0.006, LIFT), 0.0)
    inside = np.minimum(gap, 1.2)
    leave = ease((times - end[i]) / np.maximum(0.45 * inside[i], 1e-3))
    land = ease((following[i] - times) / np.maximum(0.45 * inside[i], 1e-3))
    resting = (times > end[i]) & jumps[i]
    lift = np.where(resting, height[i] * np.minimum(leave, land), 0.0)
    travel = ease((times - end[i]) / np.maximum(np.minimum(gap, 4.0), 1e-3)[i])
    hair = np.where(resting, finish[i] + (there - finish)[i] * travel, hair)
    before = times < start[0]
    approach = ease((start[0] - times) / APPROACH)
    swing = BACKSWING * strokes[0].direction * ease((start[0] - times) / (0.5 * APPROACH))
    return np.where(before, begin[0] + swing, hair), np.where(before, LIFT * approach, lift)


def _levels(times: Floats, chords: Sequence[Chord], grips: Sequence[Grip]) -> Floats:
    """String level over time: crossings around the onsets, chords of three rolled."""
    onsets, levels = [], []
    for chord, grip in zip(chords, grips, strict=True):
        strings = sorted({s for s, _, _ in grip.stops})
        if len(strings) <= 2:
            onsets.append(chord.start)
            levels.append(grip.level)
            continue
        # Three strings can be pressed at once: the bow rolls over them and stays within 3 mm of each.
        middle = (strings[0] + strings[-1]) / 2
        onsets += [chord.start, chord.start + min(ROLL, 0.4 * chord.duration)]
        levels += [middle - ROLL_SWING, middle + ROLL_SWING]
    at = np.array(onsets)
    return hold_and_move(times, np.array(levels), *move_windows(at, CROSSING, before=0.6))


def _soft_loudness(times: Floats, strokes: Sequence[Stroke]) -> Floats:
    """Loudness that the right hand prepares slowly (contact point and tilt drift, they do not jump)."""
    loud = np.array([s.loudness for s in strokes])
    onsets = np.array([s.start for s in strokes])
    return hold_and_move(times, loud, *move_windows(onsets, 0.6, before=0.5))


def _placed(hair: Floats, level: Floats, lift: Floats, distance: Floats, tilt: Floats) -> BowPath:
    """The bow laid on the strings at its angle."""
    angle = violin.string_angle(level)[:, None]
    along = np.cos(angle) * ACROSS + np.sin(angle) * OUT
    up = -np.sin(angle) * ACROSS + np.cos(angle) * OUT
    part = (distance / violin.STRING_LENGTH)[:, None, None]
    strings = violin.BRIDGE + (violin.NUT - violin.BRIDGE) * part
    centre = strings.mean(axis=1)
    height = ((strings - centre[:, None]) * up[:, None]).sum(axis=-1).max(axis=1)
    frog = centre + up * (height + lift)[:, None] - along * hair[:, None]
    # Tilting turns the stick about the hair towards the scroll (-Y).
    rotation = rot.multiply(rot.from_axis_angle(along, tilt), rot.from_frame(along, up))
    return BowPath(frog, rotation, hair, level)
