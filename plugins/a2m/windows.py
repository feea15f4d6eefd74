# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Music of any length through a network that was trained on clips: windows that melt into each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import overlap

Floats = npt.NDArray[np.float32]

OVERLAP: Final = 0.25
"""Part of a window that it shares with the next; there one is faded into the other."""


def window_starts(count: int, length: int) -> list[int]:
    """First frames of the windows that cover ``count`` frames; all lie inside, the last one ends with the music."""
    return overlap.window_starts(count, length, OVERLAP)


def in_windows(
    answer: Callable[[list[tuple[int, int]]], Floats], count: int, length: int, batch: int
) -> Iterator[Floats]:
    """The answers for ``count`` frames, piece by piece as they become final.

    Where windows overlap, the weight goes from one to the other along a smoothstep, whose slope is
    0 at both ends: neither place nor speed jumps at a border. One batch of windows is held at a time.

    Args:
        answer: called with the first frames of at most ``batch`` windows and the ones past their last;
            gives (windows, frames, S).

    Yields:
        (frames, S) pieces, ``count`` frames in all.
    """
    spans = [(start, min(start + length, count)) for start in window_starts(count, length)]
    held, begin, end = np.zeros((0, 0), dtype=np.float32), 0, 0
    for first in range(0, len(spans), batch):
        asked = spans[first : first + batch]
        for (start, stop), following in zip(asked, answer(asked), strict=True):
            if len(held):
                yield held[: start - begin]
                following = _faded(held[start - begin :], following, end - start)
            held, begin, end = following, start, stop
    yield held


def _faded(old: Floats, new: Floats, shared: int) -> Floats:
    """The new window, whose first frames grow out of the old one's last."""
    part = (np.arange(shared, dtype=np.float32)[:, None] + 0.5) / shared
    weight = part * part * (3.0 - 2.0 * part)
    return np.concatenate([old * (1.0 - weight) + new[:shared] * weight, new[shared:]])
