# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Long music through a network that looks at windows: they share frames, and each counts most in its middle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.batching import Windows

SHARED: Final = 0.5
"""Part of a window that it shares with the next."""
AT_ONCE: Final = 4
"""Windows that are handed on together."""


def window_starts(count: int, length: int, shared: float = SHARED) -> list[int]:
    """First frames of the windows; the last one ends with the music."""
    if count <= length:
        return [0]
    hop = max(1, round(length * (1.0 - shared)))
    return [*range(0, count - length, hop), count - length]


def overlapped(
    ask: Callable[[Windows], Windows],
    seen: npt.NDArray[np.float32],
    length: int,
    tell: Callable[[float], None] = lambda part: None,
    shared: float = SHARED,
) -> npt.NDArray[np.float64]:
    """(T, answers) to (T, inputs).

    Args:
        ask: answers (N, length, inputs) with (N, length, answers); shorter music is filled up with zeros.
        tell: hears how much is done, 0 to 1, before each asking.
    """
    starts = window_starts(len(seen), length, shared)
    padded = np.pad(seen, ((0, max(0, length - len(seen))), (0, 0)))
    weight = np.hanning(length + 2)[1:-1, None] + 1e-3
    total: Any = 0.0
    counted = np.zeros((len(padded), 1))
    for first in range(0, len(starts), AT_ONCE):
        tell(first / len(starts))
        asked = starts[first : first + AT_ONCE]
        answers = ask(np.stack([padded[s : s + length] for s in asked]).astype(np.float32))
        if first == 0:
            total = np.zeros((len(padded), answers.shape[-1]))
        for start, answer in zip(asked, answers, strict=True):
            total[start : start + length] += answer * weight
            counted[start : start + length] += weight
    return np.asarray(total / counted)[: len(seen)]
