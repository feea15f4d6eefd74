# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How vigorously a body moves: one number of a stretch of motion, which the animator can ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from plugins.api.log_mel import FPS


def vigour(places: npt.NDArray[np.floating[Any]]) -> float:
    """Logarithm of the mean speed (metres a second) of the joints of (T, J, 3) at 40 frames a second."""
    if len(places) < 2:
        return float(np.log(1e-3))
    steps = np.diff(np.asarray(places, dtype=np.float64), axis=0)
    return float(np.log(np.linalg.norm(steps, axis=-1).mean() * FPS + 1e-3))
