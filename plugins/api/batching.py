# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Windows of music through a network in batches of one size, so that no answer depends on its neighbours.

Libraries choose how to compute by the shape of a batch, and the last bits of an answer with it. A batch
that is always of the same size (rows of zeros fill it up) keeps a window's answer the same whether it is
alone, beside others of its job, or beside those of other jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Windows = npt.NDArray[np.float32]
Infer = Callable[[Windows], Windows]


def in_batches(infer: Infer, windows: Windows, size: int) -> Windows:
    """The answers of ``infer`` to (N, ...) windows, asked with exactly ``size`` rows each time."""
    if not len(windows):
        raise ValueError("there are no windows to answer")
    return np.concatenate([infer_padded(infer, windows[i : i + size], size) for i in range(0, len(windows), size)])


def infer_padded(infer: Infer, rows: Windows, size: int) -> Windows:
    """The answers to at most ``size`` rows, asked with ``size`` rows."""
    missing = [(0, size - len(rows)), *[(0, 0)] * (rows.ndim - 1)]
    answers: Any = infer(np.pad(rows, missing) if len(rows) < size else rows)
    if len(answers) != size:
        raise ValueError(f"a network was asked {size} windows and answered {len(answers)}")
    return np.asarray(answers[: len(rows)], dtype=np.float32)
