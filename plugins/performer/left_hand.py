# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The left hand in the violin's frame: palm along the neck, fingertips on their stops.

The neck lies between thumb and first finger; the knuckles stand beside the fingerboard
on the E side, so that the fingers come down on the strings from above and reach the
G string across the others (Flesch I; Galamian). The palm's place was fitted so that wrist,
knuckles and finger joints stay in the middle of their ranges in the first five positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Array, Skeleton, violin
from plugins.performer.curves import Floats, hold_and_move, move_windows
from plugins.performer.fingering import NATURAL, Grip
from plugins.performer.hands import HandPose, palm, wrist_under
from plugins.performer.heard import OCTAVE, Sway, habit
from plugins.performer.music import Chord

KNUCKLES: Final = np.array([-0.051, 0.018, -0.008])
"""From a stop to the knuckles that serve it best: beside it on the E side and a little lower, which
leaves each finger curved at about half of its length."""
PALM_TURN: Final = np.radians(5.0)
"""Turn of the palm about the upward axis: the little finger's knuckle nearer to the strings."""
LEAN: Final = np.radians(13.0)
"""Lean of the hand away from the neck."""
SLOPE: Final = (-0.69, -0.20)
"""Slope of the hand towards the scroll, in first position and high up: it goes on in the line of the forearm."""
HOVER: Final = np.array([-0.006, 0.0, 0.016])
"""Where a waiting fingertip hangs, from its stop."""
PRESS: Final = 0.0012
"""Metres that a finger pushes the string towards the fingerboard."""
EARLY: Final = 0.035
"""Seconds that a fingertip is down before its note sounds."""
TRAVEL: Final = 0.10
SHIFT: Final = 0.15
"""Longest shift of the hand, seconds, done before the note."""
GUIDED: Final = 3
"""Semitones of a shift from which the finger that is down slides along with the hand ..."""
GUIDE: Final = 0.08
"""... for the last seconds of its note."""
THUMB: Final = np.array([0.0165, -0.004, -0.016])
"""The thumb's place on the neck's G side, from the point of the strings' middle beside the first finger."""
VIBRATO: Final = (5.2, 6.6)
"""Hz (5 to 7: C. Seashore, *Psychology of Music*, 1938)."""
VIBRATO_DEPTH: Final = 0.0016
"""Metres of rolling along the string: about a quarter of a semitone in first position."""
VIBRATO_FROM: Final = 0.32
"""Seconds that a note lasts before it is worth a vibrato."""
WIDEST: Final = 0.0035
"""Metres that a fingertip rolls, at most."""


def left_hand(
    times: Floats,
    chords: Sequence[Chord],
    grips: Sequence[Grip],
    skeleton: Skeleton,
    vibrato: float,
    rng: np.random.Generator,
    heard: Sequence[Sway | None] = (),
    as_heard: float = 1.0,
) -> HandPose:
    """The hand at ``times``, violin frame.

    Args:
        vibrato: how wide, 1 is natural.
        heard: of each chord, how its pitch sways in the sound; ``as_heard``, 0 to 1, is how far vibrato follows that.
    """
    onsets = np.array([c.start for c in chords])
    knuckles, rotation = _palm(times, onsets, grips)
    ruled = _vibrato(times, chords, grips, rng)
    rocking = (_as_heard(times, chords, grips, heard, ruled, as_heard) if heard else ruled) * vibrato
    tips = _fingertips(times, chords, grips, rocking)
    thumb = _thumb(times, onsets, grips)
    along = _along_neck(len(times))
    wrist = wrist_under(knuckles, rotation, skeleton, "left") + along * (0.35 * rocking)[:, None]
    return HandPose(wrist, rotation, np.concatenate([thumb[:, None], tips], axis=1))


def _along_neck(count: int) -> Array:
    line = (violin.NUT - violin.BRIDGE).mean(axis=0)
    return np.broadcast_to(line / np.linalg.norm(line), (count, 3))


def _string_point(level: Array, semitones: Array) -> Array:
    """Point (..., 3) of a (fractional) string at a stop."""
    level = np.asarray(level, dtype=float)
    low = np.clip(np.floor(level).astype(int), 0, 2)
    part = (level - low)[..., None]
    return violin.stop_position(low, semitones) * (1 - part) + violin.stop_position(low + 1, semitones) * part


def _hand_levels(grips: Sequence[Grip]) -> Floats:
    """String that the hand leans to: that of the stopped notes; open strings leave it where it is."""
    levels, last = [], 2.0
    for grip in grips:
        stopped = [s for s, _, f in grip.stops if f]
        last = float(np.mean(stopped)) if stopped else last
        levels.append(last)
    return np.array(levels)


def _stretch(grips: Sequence[Grip]) -> Floats:
    """Semitones that the hand leans along the neck to ease fingers that are stretched from their natural places."""
    away = [[n - g.place - NATURAL[f] for _, n, f in g.stops if f] for g in grips]
    return np.array([0.7 * float(np.mean(a)) if a else 0.0 for a in away])


def _palm(times: Floats, onsets: Floats, grips: Sequence[Grip]) -> tuple[Array, Array]:
    """Middle of the knuckles (T, 3) and the palm's rotation (T, 4)."""
    places = np.array([g.place for g in grips], dtype=float)
    levels = _hand_levels(grips)
    # Between middle and ring finger lies the middle of the knuckles.
    points = _string_point(levels, places + (NATURAL[2] + NATURAL[3]) / 2 + _stretch(grips)) + KNUCKLES
    windows = move_windows(onsets - EARLY, SHIFT, before=1.0, share=0.75)
    knuckles = hold_and_move(times, points, *windows)
    high = hold_and_move(times, np.clip((places - 5.0) / 12.0, 0.0, 1.0), *windows)
    low_string = hold_and_move(times, 1.0 - levels / 3.0, *windows)
    turn = PALM_TURN + np.radians(14.0) * high + np.radians(8.0) * low_string
    lean = LEAN - np.radians(10.0) * low_string
    zero = np.zeros(len(times))
    forward = np.stack([-np.sin(lean), SLOPE[0] + (SLOPE[1] - SLOPE[0]) * high, np.cos(lean)], axis=-1)
    back = np.stack([-np.cos(turn), np.sin(turn), zero], axis=-1)
    return knuckles, palm("left", forward, back)


def _fingertips(times: Floats, chords: Sequence[Chord], grips: Sequence[Grip], rocking: Floats) -> Array:
    """(T, 4, 3) tips of index to little finger: pressed where the grip says so, waiting elsewhere."""
    onsets = np.array([c.start for c in chords])
    levels = _hand_levels(grips)
    places = np.array([g.place for g in grips])
    along = _along_neck(len(times))
    tips = []
    for finger in range(1, 5):
        stops = [_stop_of(g, finger) for g in grips]
        points = np.stack(
            [
                _pressed(stop) if stop else _waiting(grip, levels[i], finger)
                for i, (stop, grip) in enumerate(zip(stops, grips, strict=True))
            ]
        )
        down = np.array([stop is not None for stop in stops], dtype=float)
        starts, ends = _finger_windows(onsets, down, points, places)
        tip = hold_and_move(times, points, starts, ends)
        pressing = hold_and_move(times, down, starts, ends)
        tips.append(tip + along * (rocking * (0.3 + 0.7 * pressing))[:, None])
    return np.stack(tips, axis=1)


def _stop_of(grip: Grip, finger: int) -> tuple[float, int] | None:
    """(string, semitone) that a finger stops; a barring finger lies between its two strings."""
    stops = [(s, n) for s, n, f in grip.stops if f == finger]
    return (float(np.mean([s for s, _ in stops])), stops[0][1]) if stops else None


def _pressed(stop: tuple[float, int]) -> Array:
    point = _string_point(np.array(stop[0]), np.array(float(stop[1])))
    return np.asarray(point - np.array([0.0, 0.0, PRESS]))


def _waiting(grip: Grip, level: float, finger: int) -> Array:
    return np.asarray(_string_point(np.array(level), np.array(grip.place + NATURAL[finger])) + HOVER)


def _finger_windows(
    onsets: Floats, down: Floats, points: Array, places: npt.NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """When a finger moves: to a stop, before the note; away from one, after the next note has begun;
    from stop to stop, as late and as fast as it can."""
    gaps = np.diff(onsets)
    after = np.append(gaps[1:], np.inf)
    travel = np.minimum(TRAVEL, 0.45 * gaps)
    ends = onsets[1:] - np.minimum(EARLY, 0.2 * gaps)
    starts = ends - travel
    leaving = (down[:-1] > 0) & (down[1:] == 0)
    starts = np.where(leaving, onsets[1:] + 0.004, starts)
    ends = np.where(leaving, onsets[1:] + np.minimum(TRAVEL, 0.4 * after), ends)
    guided = leaving & (np.abs(np.diff(places)) >= GUIDED)
    starts = np.where(guided, onsets[1:] - np.minimum(GUIDE, 0.3 * gaps), starts)
    ends = np.where(guided, onsets[1:], ends)
    same = (down[:-1] > 0) & (down[1:] > 0) & (np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-4)
    quick = np.minimum(0.04, 0.25 * gaps)
    starts = np.where(same, onsets[1:] - quick, starts)
    ends = np.where(same, onsets[1:], ends)
    # A move may begin only when the one before is over.
    starts[1:] = np.maximum(starts[1:], ends[:-1])
    return starts, np.maximum(ends, starts + 1e-3)


def _thumb(times: Floats, onsets: Floats, grips: Sequence[Grip]) -> Array:
    """The thumb travels with the hand and lags a little, opposite the first and second finger."""
    places = np.array([g.place for g in grips], dtype=float)
    # Beyond fourth position the thumb stays at the heel of the neck.
    points = _string_point(np.full(len(places), 1.5), np.minimum(places, 8.0) + 0.8) + THUMB
    return hold_and_move(times, points, *move_windows(onsets, SHIFT, before=0.8, share=0.75))


def _vibrato(times: Floats, chords: Sequence[Chord], grips: Sequence[Grip], rng: np.random.Generator) -> Floats:
    """(T,) metres of rocking along the string: fades in on each long stopped note."""
    out = np.zeros(len(times))
    phase = rng.uniform(0, 2 * np.pi, len(chords))
    rate = rng.uniform(*VIBRATO, len(chords))
    for i, (chord, grip) in enumerate(zip(chords, grips, strict=True)):
        if chord.duration < VIBRATO_FROM or not any(f for _, _, f in grip.stops):
            continue
        first, last = np.searchsorted(times, (chord.start, chord.end))
        t = times[first:last] - chord.start
        envelope = np.clip((t - 0.08) / 0.25, 0, 1) * np.clip((chord.duration - t) / 0.08, 0, 1)
        out[first:last] = (
            VIBRATO_DEPTH * (0.6 + 0.6 * chord.loudness) * envelope * np.sin(2 * np.pi * rate[i] * t + phase[i])
        )
    return out


def _as_heard(
    times: Floats,
    chords: Sequence[Chord],
    grips: Sequence[Grip],
    heard: Sequence[Sway | None],
    ruled: Floats,
    as_heard: float,
) -> Floats:
    """(T,) metres of rocking: where a note's pitch is heard to sway the fingertip goes with it, towards the bridge when
    it rises; where that cannot be told, by the rule, as much as this player has vibrato at all."""
    out = ruled * (1.0 + as_heard * (habit(heard) - 1.0))
    for chord, grip, sway in zip(chords, grips, heard, strict=True):
        if sway is None:
            continue
        first, last = np.searchsorted(times, (chord.start, chord.end))
        stopped = [(s, n) for s, n, f in grip.stops if f]
        sounding = (
            np.linalg.norm(violin.stop_position(*stopped[-1]) - violin.BRIDGE[stopped[-1][0]]) if stopped else 0.0
        )
        rolled = np.clip(-float(sounding) / OCTAVE * sway.at(times[first:last]), -WIDEST, WIDEST)
        out[first:last] = ruled[first:last] + as_heard * (rolled - ruled[first:last])
    return out
