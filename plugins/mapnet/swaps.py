# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Joints that a tracker took for each other, put back.

For every pair there are two states, as it should be and exchanged, and the likeliest sequence is found (A. Viterbi,
1967). What tells them apart is the direction from one joint to the other: in one frame of heavy jitter that says
little, over half a second nearly everything.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

COST: Final = 10.0
"""Log odds against the beginning or the end of an exchange in a frame: five a minute (S. Shrestha et al., 2022) at 50
frames a second, in one of 78 pairs, are e^-10.6."""
FLOOR: Final = 0.10
"""Metres that joints move about their middles: added to the jitter."""
MOST: Final = 8.0
"""Log odds that one frame can give: frames lie close together and err alike."""
LOOKS: Final = 3
"""Looks on both sides of an exchange's edge that tell whether there was a jump."""
PASSES: Final = 4
"""A joint may be exchanged twice at a time; each pass undoes one exchange."""


def pairs(count: int) -> npt.NDArray[np.int64]:
    """(P, 2) all pairs of joints."""
    return np.array(list(combinations(range(count), 2)))


def exchanged(seen: Floats, middle: Floats, sigma: Floats) -> npt.NDArray[np.bool_]:
    """(T, P) whether the joints of a pair stand for each other.

    Args:
        seen: (T, J, 3) metres, NaN for what was not seen.
        middle: (J, 3) where they usually are.
        sigma: (J,) metres of jitter.
    """
    return _judged(seen, middle, sigma)[0]


def _judged(seen: Floats, middle: Floats, sigma: Floats) -> tuple[npt.NDArray[np.bool_], Floats]:
    first, second = pairs(seen.shape[1]).T
    apart = seen[:, first] - seen[:, second]
    usual = middle[first] - middle[second]
    noise = sigma[first] * sigma[second] + FLOOR**2
    odds = np.nan_to_num(np.einsum("tpx,px->tp", apart, usual) / noise)
    return _likeliest(np.clip(odds, -MOST, MOST)), odds


def put_back(seen: Floats, middle: Floats, sigma: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """What was seen with exchanged joints put back, and (T, J) which were."""
    out, moved = seen.copy(), np.zeros(seen.shape[:2], dtype=bool)
    table = pairs(seen.shape[1])
    for _ in range(PASSES):
        swapped, odds = _judged(out, middle, sigma)
        if not swapped.any():
            break
        busy = np.zeros_like(moved)
        # The pair that gains most is put back first; one that shares a joint with it waits for the next pass.
        for pair in np.argsort(np.where(swapped, odds, 0.0).sum(axis=0)):
            a, b = table[pair]
            rows = swapped[:, pair] & ~busy[:, a] & ~busy[:, b]
            if rows.any():
                rows = _that_jump(rows, out[:, a], out[:, b], float(np.hypot(sigma[a], sigma[b])))
            if not rows.any():
                continue
            out[rows, a], out[rows, b] = out[rows, b], out[rows, a]
            busy[rows, a] = busy[rows, b] = True
        moved |= busy
    return out, moved


def _that_jump(rows: npt.NDArray[np.bool_], first: Floats, second: Floats, jitter: float) -> npt.NDArray[np.bool_]:
    """Of the runs of frames in which a pair is exchanged, those that begin and end with a jump: who turns round has
    left and right exchanged too, but gets there step by step."""
    out = rows.copy()
    edges = np.flatnonzero(np.diff(rows.astype(int), prepend=0, append=0))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        inside = [edge for edge in (begin, end) if 0 < edge < len(rows)]
        if any(_goes_on(first, second, edge, jitter) for edge in inside):
            out[begin:end] = False
    return out


def _goes_on(first: Floats, second: Floats, edge: int, jitter: float) -> bool:
    """Whether two joints go on across an edge as they were, more clearly than jitter explains."""
    before, after = slice(max(0, edge - LOOKS), edge), slice(edge, edge + LOOKS)
    means = [_mean(x[part]) for part in (before, after) for x in (first, second)]
    if any(m is None for m in means):
        return False  # behind a gap nothing can be said
    a0, b0, a1, b1 = means
    straight = np.linalg.norm(a1 - a0) + np.linalg.norm(b1 - b0)
    crossed = np.linalg.norm(a1 - b0) + np.linalg.norm(b1 - a0)
    return bool(straight + 3.0 * jitter / np.sqrt(LOOKS) < crossed)


def _mean(points: Floats) -> Any:
    known = points[np.isfinite(points).all(axis=1)]
    return known.mean(axis=0) if len(known) else None


def _likeliest(odds: Floats) -> npt.NDArray[np.bool_]:
    """(T, P) true where the pair is exchanged in the likeliest sequence of states."""
    frames, count = odds.shape
    came = np.empty((frames, 2, count), dtype=bool)
    right, wrong = odds[0] / 2, -odds[0] / 2 - COST
    for t in range(1, frames):
        came[t, 0] = wrong - COST > right  # now right, before exchanged
        came[t, 1] = right - COST > wrong
        right, wrong = np.maximum(right, wrong - COST) + odds[t] / 2, np.maximum(wrong, right - COST) - odds[t] / 2
    out = np.empty((frames, count), dtype=bool)
    out[-1] = wrong > right
    for t in range(frames - 1, 0, -1):
        out[t - 1] = np.where(out[t], ~came[t, 1], came[t, 0])
    return out
