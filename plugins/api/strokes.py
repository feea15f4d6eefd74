# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Bow strokes as numbers: where the hair is, how fast it goes, when it turns; and back.

Which way a bow goes can hardly be heard, so that a model which answers with positions alone plays
safe: it answers with the mean of down and up, and the bow stands still. *When* the bow turns and
how fast it goes can be heard. The model says that, and ``hair_path`` gives it directions in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TURN_TRAVEL: Final = 0.004
"""Metres that the bow moves both before and after what counts as a turn."""
WIDENED: Final = 0.05
"""Seconds to both sides of a turn that are its neighbourhood in training."""
HAIR: Final = (0.06, 0.59)
"""Metres from the frog between which the bow plays, of 0.65."""

OPENING: Final = 2.0
"""Seconds of music that decide which way the first stroke goes: what is shown while it is worked out stays true."""
LOOK_AHEAD: Final = 0.1
"""Seconds of music after a turn that decide whether it is one."""
LIKELY: Final = 0.35
"""From which chance on there is a turn: neighbours of turns count half in training, which keeps chances low.
(Best on the validation clips.)"""
HAIR_SCALE: Final = 0.325
"""Half a bow, metres: the model's scale of hair positions, from its middle."""
SPEED_SCALE: Final = 0.5
"""Metres a second that are 1 on the model's scale."""


def scaled(hair: Floats, fps: float) -> npt.NDArray[np.float32]:
    """(T, 3) what the model is to say of a bow's path (T,): place, speed, neighbourhood of a turn."""
    speed = np.abs(np.gradient(hair)) * fps if len(hair) > 1 else np.zeros(len(hair))
    place = (hair - HAIR_SCALE) / HAIR_SCALE
    return np.stack([place, speed / SPEED_SCALE, neighbourhood(turns(hair), len(hair), fps)], axis=-1).astype(
        np.float32
    )


def said_path(said: Floats, fps: float, threshold: float = LIKELY) -> Floats:
    """(T,) metres of hair from what the model says (T, 3): place, speed, logit of a turn."""
    chance = 1.0 / (1.0 + np.exp(-said[:, 2]))
    wish = np.clip(said[:, 0] * HAIR_SCALE + HAIR_SCALE, *HAIR)
    frames = pick_turns(chance, fps, threshold)
    return hair_path(frames, np.maximum(said[:, 1], 0.0) * SPEED_SCALE, wish, fps)


def settled(said: Floats, fps: float, threshold: float = LIKELY) -> int:
    """How many frames of ``said_path`` further music does not change: up to the last turn, since an
    unfinished stroke may still become longer."""
    count = len(said) - round(LOOK_AHEAD * fps)
    chance = 1.0 / (1.0 + np.exp(-said[:, 2]))
    last = max((f for f in pick_turns(chance, fps, threshold) if f <= count), default=0)
    return last if last >= OPENING * fps else 0


def hair_positions(frog: Floats, tip: Floats, violin_end: Floats, violin_scroll: Floats) -> Floats:
    """(T,) metres of hair between the frog and where the bow passes the violin's axis (all (T, 3))."""
    bow, axis = tip - frog, violin_scroll - violin_end
    length = np.linalg.norm(bow, axis=-1)
    across = violin_end - frog
    bb, aa, ab = (bow * bow).sum(-1), (axis * axis).sum(-1), (bow * axis).sum(-1)
    # Nearest points of two lines (C. Ericson, *Real-Time Collision Detection*, 2005, section 5.1.8).
    part = ((across * bow).sum(-1) * aa - (across * axis).sum(-1) * ab) / np.maximum(aa * bb - ab * ab, 1e-9)
    return np.asarray(part * length)


def turns(path: npt.NDArray[np.floating[Any]], travel: float = TURN_TRAVEL) -> list[int]:
    """Frames at which a path along the bow turns; where it rests first, when it moves off again."""
    found: list[int] = []
    extreme, direction = 0, 0
    for i in range(1, len(path)):
        moved = path[i] - path[extreme]
        if direction == 0:
            if abs(moved) > travel:
                direction, extreme = int(np.sign(moved)), i
        elif moved * direction >= -1e-4:
            extreme = i
        elif abs(moved) > travel:
            found.append(extreme)
            direction, extreme = -direction, i
    return found


def neighbourhood(frames: list[int], count: int, fps: float) -> npt.NDArray[np.float32]:
    """(count,) 1 at a turn, falling to 0 at WIDENED seconds from it."""
    at = np.arange(count, dtype=np.float64)
    if not frames:
        return np.zeros(count, dtype=np.float32)
    places = np.asarray(frames, dtype=np.float64)
    after = np.clip(np.searchsorted(places, at), 0, len(places) - 1)
    away = np.minimum(np.abs(at - places[after]), np.abs(at - places[np.maximum(after - 1, 0)])) / fps
    return np.asarray(np.maximum(0.0, 1.0 - away / WIDENED), dtype=np.float32)


def pick_turns(chance: Floats, fps: float, threshold: float = 0.5, apart: float = 0.08) -> list[int]:
    """Frames of the local maxima of (T,) chances, not less than ``threshold``, ``apart`` seconds at least."""
    reach = max(1, round(apart * fps))
    if not len(chance):
        return []
    padded = np.pad(chance, reach, constant_values=-1.0)
    largest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    peaks = np.nonzero((chance >= largest) & (chance >= threshold))[0]
    # Of a plateau, the first.
    return [int(p) for i, p in enumerate(peaks) if i == 0 or p - peaks[i - 1] > reach]


def hair_path(frames: list[int], speed: Floats, wish: Floats, fps: float, seconds: float = OPENING) -> Floats:
    """(T,) metres of hair from the frog: strokes between turns, in turn down and up.

    Args:
        frames: where the bow turns.
        speed: (T,) metres a second, at least 0.
        wish: (T,) where the model would have the hair, metres. Its first ``seconds`` decide which way the
            first stroke goes, and strokes begin and end as near to it as their lengths allow.
    """
    count = len(speed)
    borders = [0, *[f for f in frames if 0 < f < count - 1], count - 1]
    way = travelled(speed, fps)
    lengths, wished = np.diff(way[borders]), wish[borders]
    opening = max(2, int(np.searchsorted(borders, seconds * fps)))
    ways = (-1.0) ** np.arange(len(lengths))
    both = (stroke_places(lengths, sign * ways, wished) for sign in (1.0, -1.0))
    best = min(both, key=lambda places: misfit(places[:opening], wished[:opening]))
    return drawn(best, borders, way)


def travelled(speed: Floats, fps: float) -> Floats:
    """(T,) metres that a bow has gone, of (T,) metres a second."""
    return np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]) / fps)])


def drawn(places: Floats, borders: Sequence[int], way: Floats) -> Floats:
    """(T,) metres of hair of strokes between ``places`` (B + 1,), which are at frames ``borders`` (B + 1,), as fast as
    the bow goes its way (T,)."""
    knots = way[list(borders)]
    lengths = np.diff(knots)
    frames = np.arange(borders[0], borders[-1] + 1)
    stroke = np.clip(np.searchsorted(borders, frames, side="right") - 1, 0, len(lengths) - 1)
    part = (way[frames] - knots[stroke]) / np.maximum(lengths[stroke], 1e-9)
    part = np.where(lengths[stroke] > 1e-9, part, 0.0)
    return np.asarray(places[stroke] + (places[stroke + 1] - places[stroke]) * part)


def stroke_places(lengths: Floats, ways: Floats, wished: Floats) -> Floats:
    """(B + 1,) where strokes (B,) begin and end that go these ways (1 or -1), each as long as it is, or as the bow has
    room; the first begins where it is wished."""
    places = [float(np.clip(wished[0], *HAIR))]
    for i, (length, direction) in enumerate(zip(lengths, ways, strict=True)):
        # Half way back to where the model would have it: the bow does not creep to one end.
        aim = 0.5 * (places[-1] + direction * length) + 0.5 * wished[i + 1]
        moved = direction * (aim - places[-1])
        least = min(length, 2.0 * TURN_TRAVEL)
        places.append(float(np.clip(places[-1] + direction * max(moved, least), *HAIR)))
    return np.array(places)


def misfit(places: Floats, wished: Floats) -> float:
    """How little the strokes go the way that is wished."""
    return -float((np.diff(places) * np.diff(wished)).sum())
