# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""New movement put into keys that are there, with cross-fades, around what was keyed by hand. No bpy.

What stays is told as **held** intervals of time: what lies outside the range, and every
passage of an animator's own keys. From a held interval the new movement fades in over
some frames. Keys in held intervals stay as they are, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..core import rotations as rot
from ..core.rotations import Array

Mask = npt.NDArray[np.bool_]
Evaluate = Callable[[Array], Array]
"""Frames (N,) to the old values (N, C)."""
NEAR = 1e-3
"""Frames nearer than this are the same frame (Blender's own threshold is 0.01)."""


@dataclass(frozen=True, eq=False)
class Spliced:
    """What becomes of one property.

    Attributes:
        kept: for each component, which of the old keys stay.
        frames: for each component, (N,) frames of new keys between them.
        values: for each component, (N,) their values.
        cuts: for each component, (N,) whether a new key holds until the next, instead of going
            there linearly: from one sign of a quaternion (or turn of an angle) to the other.
    """

    kept: list[Mask]
    frames: list[Array]
    values: list[Array]
    cuts: list[Mask]


def splice(
    old: Sequence[Array],
    by_hand: Sequence[Mask],
    frames: Array,
    values: Array,
    held: Sequence[tuple[float, float]],
    fade: float,
    evaluate: Evaluate,
    kind: str = "",
) -> Spliced:
    """Put new values between the keys of a property.

    Args:
        old: for each component, (K,) frames of the old keys, rising.
        by_hand: for each component, (K,) which of them an animator has set.
        frames: (T,) frames of the new values, rising.
        values: (T, C).
        held: intervals (from, to) that stay; infinite ends are allowed.
        fade: frames over which the old movement becomes the new one beside what is held.
        evaluate: the old curves' values.
        kind: "quaternion" (blended as rotations), "euler" (angles, whole turns are equal), or
            "" (numbers).
    """
    intervals = merged([*held, *(run for o, hand in zip(old, by_hand, strict=True) for run in runs(o, hand))])
    away = distance(frames, intervals)
    frames, values, away = frames[away > NEAR], values[away > NEAR], away[away > NEAR]
    weight = smoothstep(away / fade) if fade > 0 else np.ones(len(away))
    values = _faded(values, weight, frames, evaluate, kind)
    values, cut = _continued(values, frames, intervals, evaluate, kind)
    ends = np.unique([e for pair in intervals for e in pair if np.isfinite(e)])
    at_ends = evaluate(ends) if len(ends) else np.zeros((0, values.shape[1]))
    result = Spliced([], [], [], [])
    for i, there in enumerate(old):
        kept = distance(there, intervals) <= NEAR
        bare = ~_near(ends, there[kept])  # what is held ends between two keys: a key goes there
        order = np.argsort(np.concatenate([frames, ends[bare]]), kind="stable")
        result.kept.append(kept)
        result.frames.append(np.concatenate([frames, ends[bare]])[order])
        result.values.append(np.concatenate([values[:, i], at_ends[bare, i]])[order])
        result.cuts.append(np.concatenate([cut, np.zeros(bare.sum(), dtype=bool)])[order])
    return result


def runs(frames: Array, by_hand: Mask) -> list[tuple[float, float]]:
    """Passages of keys set by hand, one after the other: what lies between two of them is the animator's too."""
    steps = np.diff(np.concatenate([[0], by_hand.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1
    return [(float(frames[a]), float(frames[b])) for a, b in zip(starts, ends, strict=True)]


def merged(intervals: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same times as intervals that do not touch, in order."""
    result: list[tuple[float, float]] = []
    for first, last in sorted(intervals):
        if result and first <= result[-1][1] + NEAR:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def distance(frames: Array, intervals: Sequence[tuple[float, float]]) -> Array:
    """(T,) frames to the nearest of some intervals that do not touch; infinite without any."""
    if not intervals:
        return np.full(len(frames), np.inf)
    first, last = np.array(intervals).T
    after = np.searchsorted(first, frames, side="right")  # intervals that have begun
    since = np.where(after > 0, frames - last[np.maximum(after - 1, 0)], np.inf)
    until = np.where(after < len(first), first[np.minimum(after, len(first) - 1)] - frames, np.inf)
    return np.asarray(np.maximum(np.minimum(since, until), 0.0))


def smoothstep(x: Array) -> Array:
    """0 to 1 with level ends."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x))


def _near(frames: Array, others: Array) -> Mask:
    """(N,) whether a frame is among others (rising)."""
    if not len(others):
        return np.zeros(len(frames), dtype=bool)
    at = np.clip(np.searchsorted(others, frames), 1, max(len(others) - 1, 1))
    nearest = np.minimum(np.abs(others[np.minimum(at, len(others) - 1)] - frames), np.abs(others[at - 1] - frames))
    return np.asarray(nearest <= NEAR)


def _faded(values: Array, weight: Array, frames: Array, evaluate: Evaluate, kind: str) -> Array:
    mixed = weight < 1.0
    if not mixed.any():
        return values
    before, after, w = evaluate(frames[mixed]), values[mixed], weight[mixed]
    if kind == "quaternion":
        blend = rot.slerp(rot.normalize(before), after, w)
    else:
        blend = before + w[:, None] * (_turned(after, before, kind) - before)
    result = np.array(values, dtype=float)
    result[mixed] = blend
    return result


def _turned(values: Array, towards: Array, kind: str) -> Array:
    """The same rotations, written as near as can be to others."""
    if kind == "quaternion":
        return values * np.where(np.sum(values * towards, axis=-1, keepdims=True) < 0, -1.0, 1.0)
    if kind == "euler":
        return values + 2 * np.pi * np.round((towards - values) / (2 * np.pi))
    return values


def _continued(
    values: Array, frames: Array, intervals: Sequence[tuple[float, float]], evaluate: Evaluate, kind: str
) -> tuple[Array, Mask]:
    """Write rotations so that neighbouring keys agree, from each held interval on.

    Where they cannot agree with what is held next, the last key is a cut.
    """
    cut = np.zeros(len(frames), dtype=bool)
    if not kind:
        return values, cut
    values = np.array(values, dtype=float)
    breaks = [float(last) for _, last in intervals if np.isfinite(last)]
    bounds = np.searchsorted(frames, breaks)
    for begin, end in zip([0, *bounds], [*bounds, len(frames)], strict=True):
        if begin == end:
            continue
        before = [last for _, last in intervals if last < frames[begin]]
        after = [first for first, _ in intervals if first > frames[end - 1]]
        piece = values[begin:end]
        if before:
            piece = np.concatenate([evaluate(np.array(before[-1:])), piece])
        piece = rot.unroll(piece) if kind == "quaternion" else np.unwrap(piece, axis=0)
        values[begin:end] = piece[-(end - begin) :]
        if after:
            last, wanted = values[end - 1 : end], evaluate(np.array(after[:1]))
            cut[end - 1] = bool(np.abs(_turned(last, wanted, kind) - last).max() > 0.5)
    return values, cut
