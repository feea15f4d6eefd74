# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How a hand goes from place to place: ahead of the notes, in arcs, with weight where it strikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from plugins.api import Array
from plugins.performer.curves import Floats, ease, hold_and_move
from plugins.performer.piano_fingering import Fingering
from plugins.performer.piano_place import Places, hand_turn
from plugins.performer.piano_touch import Press

LEAD: Final = 0.060
"""Seconds that a hand is there before its notes."""
MOVE: Final = (0.08, 0.40)
"""Seconds that a move takes: at least, and more for each metre (P. Fitts' law is nearly straight at these widths)."""
UNHURRIED: Final = 0.25
"""Seconds that a hand takes for any move when it has them."""
FAR: Final = 0.030
"""Metres of a move from which a hand goes in an arc."""
SLIP: Final = 0.012
"""Metres that a hand may go while its fingers hold what they cannot reach from where it goes."""
REACHED: Final = 0.003
"""A finger that is no farther than this from a key that it holds from the place before goes on holding it."""
ARC: Final = (0.22, 0.060)
"""Height of the arc of a leap for each metre of it, and at most."""
PAUSE: Final = 0.6
"""Seconds without a key held after which the hand rises."""
RAISED: Final = 0.030
WEIGHT: Final = (0.0015, 0.0065)
"""How deep the hand sinks when it strikes, softest and loudest."""
SINK: Final = (0.09, 0.20)
"""Seconds that it sinks before and rises after."""
SMOOTH: Final = 0.035
"""Seconds (standard deviation) over which moves flow into each other."""
RATE: Final = 200.0
"""Samples a second in which paths are smoothed, whatever the motion's frames."""
_STEPS: Final = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, eq=False)
class HandPath:
    """(T, 2) wrist in (u, v), (T,) turn outwards, (T,) knuckle height, (T,) lift of the whole hand."""

    wrist: Array = field(repr=False)
    turn: Floats = field(repr=False)
    height: Floats = field(repr=False)
    lift: Floats = field(repr=False)


def windows(places: Places) -> tuple[Floats, Floats]:
    """When the hand leaves for each place but the first, and when it arrives."""
    gaps = np.diff(places.times)
    way = np.linalg.norm(np.diff(places.wrist, axis=0), axis=-1)
    ends = places.times[1:] - np.minimum(LEAD, 0.3 * gaps)
    unhurried = np.minimum(UNHURRIED, 0.6 * gaps)
    starts = ends - np.minimum(np.maximum(MOVE[0] + MOVE[1] * way, unhurried), 0.65 * gaps)
    return starts, np.maximum(ends, starts + 1e-3)


def let_go(presses: Sequence[Press], fingering: Fingering, places: Places) -> tuple[list[Press], int]:
    """Presses that end before the hand goes far away, and how many ended early for it: the pedal holds their sound.

    ``presses`` are in the order of the fingering's notes, ``places`` in that of its grips.
    """
    starts, ends = windows(places)
    way = np.linalg.norm(np.diff(places.wrist, axis=0), axis=-1)
    last: dict[int, int] = {}
    for k, grip in enumerate(g for g in fingering.grips if g.notes):
        last.update(dict.fromkeys(grip.notes, k))
    out, count = list(presses), 0
    for i, k in last.items():
        if k >= len(way) or way[k] <= SLIP or places.strain[k + 1, out[i].finger] < REACHED:
            continue
        # Ended when the hand has gone a little of its way; smoothing lets it leave earlier.
        gone = float(np.interp(SLIP / way[k], ease(_STEPS), _STEPS))
        latest = starts[k] + gone * (ends[k] - starts[k]) - SMOOTH
        if out[i].end > latest:
            count += int(out[i].end > latest + 0.12)
            out[i] = replace(out[i], end=float(max(latest, out[i].start + 0.02)))
    return out, count


def hand_path(times: Floats, places: Places, presses: Sequence[Press]) -> HandPath:
    """The hand at ``times``; ``presses`` are all of this hand."""
    grid = np.arange(times[0] - 0.5, times[-1] + 0.5, 1.0 / RATE)
    starts, ends = windows(places)
    wrist = _smooth(hold_and_move(grid, places.wrist, starts, ends))
    height = _smooth(hold_and_move(grid, places.height, starts, ends))
    wide = _smooth(hold_and_move(grid, places.wide, starts, ends))
    lift = _smooth(_arcs(grid, places, starts, ends) + _pauses(grid, presses) - _weight(grid, presses))
    u, v, h, up, out = (np.interp(times, grid, c) for c in (wrist[:, 0], wrist[:, 1], height, lift, wide))
    return HandPath(np.stack([u, v], axis=-1), hand_turn(u) + out, h, up)


def _bump(u: Floats) -> Floats:
    """0 to 1 and back to 0, smooth."""
    u = np.clip(u, 0.0, 1.0)
    return np.asarray(16.0 * (u * (1.0 - u)) ** 2)


def _arcs(grid: Floats, places: Places, starts: Floats, ends: Floats) -> Floats:
    out = np.zeros(len(grid))
    way = np.linalg.norm(np.diff(places.wrist, axis=0), axis=-1)
    for a, b, d in zip(starts, ends, way, strict=True):
        if d > FAR:
            first, last = np.searchsorted(grid, (a, b))
            out[first:last] += min(ARC[0] * d, ARC[1]) * _bump((grid[first:last] - a) / (b - a))
    return out


def _pauses(grid: Floats, presses: Sequence[Press]) -> Floats:
    """The hand rises where it has nothing to hold for a while, before the first and after the last note too."""
    out = np.zeros(len(grid))
    spans = [(p.down, p.end) for p in presses]
    free = [-np.inf, *np.maximum.accumulate([b for _, b in spans])]
    for a, b in zip(free, [*(a for a, _ in spans), np.inf], strict=True):
        if b - a < PAUSE:
            continue
        rise = np.clip((grid - a - 0.05) / 0.5, 0.0, 1.0) if np.isfinite(a) else np.ones(len(grid))
        fall = np.clip((b - 0.10 - grid) / 0.5, 0.0, 1.0) if np.isfinite(b) else np.ones(len(grid))
        part = np.minimum(rise, fall)
        out = np.maximum(out, RAISED * part * part * (3.0 - 2.0 * part))
    return out


def _weight(grid: Floats, presses: Sequence[Press]) -> Floats:
    """How deep the hand sinks; less in a hurry."""
    out = np.zeros(len(grid))
    before = -np.inf
    for press in presses:
        haste = float(np.clip((press.start - before) / 0.3, 0.15, 1.0))
        before = press.start
        first, last = np.searchsorted(grid, (press.start - SINK[0], press.start + SINK[1]))
        t = grid[first:last] - press.start
        shape = np.where(t < 0, 1.0 + t / SINK[0], 1.0 - t / SINK[1])
        depth = haste * (WEIGHT[0] + (WEIGHT[1] - WEIGHT[0]) * press.loudness)
        out[first:last] = np.maximum(out[first:last], depth * shape * shape * (3.0 - 2.0 * shape))
    return out


def _smooth(values: Array) -> Array:
    """Gaussian over time, the ends held."""
    reach = int(3 * SMOOTH * RATE)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (SMOOTH * RATE)) ** 2)
    kernel /= kernel.sum()
    columns = values.reshape(len(values), -1)
    padded = np.pad(columns, ((reach, reach), (0, 0)), mode="edge")
    smooth = [np.convolve(padded[:, i], kernel, "valid") for i in range(columns.shape[1])]
    return np.stack(smooth, axis=-1).reshape(values.shape)
