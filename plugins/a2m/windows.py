# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Music of any length through a network that was trained on clips: windows that melt into each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

OVERLAP: Final = 0.25
"""Part of a window that it shares with the next; there one is faded into the other."""


def window_starts(count: int, length: int) -> list[int]:
    """First frames of the windows that cover ``count`` frames; all lie inside, the last one ends with the music."""
    if count <= length:
        return [0]
    hop = max(1, round(length * (1.0 - OVERLAP)))
    return [*range(0, count - length, hop), count - length]


def in_windows(answer: Callable[[int, int], Floats], count: int, length: int) -> Iterator[Floats]:
    """The answers for ``count`` frames, piece by piece as they become final.

    Where windows overlap, the weight goes from one to the other along a smoothstep, whose slope is
    0 at both ends: neither place nor speed jumps at a border. One window is held at a time.

    Args:
        answer: called with the first frame and the one past the last; gives (frames, S).

    Yields:
        (frames, S) pieces, ``count`` frames in all.
    """
    starts = window_starts(count, length)
    ends = [min(start + length, count) for start in starts]
    held = answer(starts[0], ends[0])
    for start, end, before, end_before in zip(starts[1:], ends[1:], starts, ends, strict=False):
        following = answer(start, end)
        yield held[: start - before]
        shared = end_before - start
        part = (np.arange(shared, dtype=np.float32)[:, None] + 0.5) / shared
        weight = part * part * (3.0 - 2.0 * part)
        following[:shared] = held[start - before :] * (1.0 - weight) + following[:shared] * weight
        held = following
    yield held
