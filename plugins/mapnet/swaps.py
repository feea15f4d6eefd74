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
            if not rows.any():
                continue
            out[rows, a], out[rows, b] = out[rows, b], out[rows, a]
            busy[rows, a] = busy[rows, b] = True
        moved |= busy
    return out, moved


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
