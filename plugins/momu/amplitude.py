# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How suddenly a body moves off: the kinematic amplitude indicator, by which moments of motion and music are paired.

Q(r) = sum over k of max(0, |D(r, k)| - |D(r - 1, k)|), D the directogram: the movements of all joints from one frame to
the next, summed by their directions in K bins (F. You et al., *MoMu-Diffusion*, 2024; the directogram is A. Davis and
M. Agrawala's, *Visual rhythm and beat*, SIGGRAPH 2018). Theirs is in the plane of a picture; ours is in space, with the
twelve corners of an icosahedron for directions.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

_GOLDEN: Final = (1.0 + 5.0**0.5) / 2.0
DIRECTIONS: Final = np.array(
    [np.roll((0.0, one, many), shift) for shift in range(3) for one in (-1.0, 1.0) for many in (-_GOLDEN, _GOLDEN)]
) / np.hypot(1.0, _GOLDEN)
"""(12, 3) unit vectors."""


def directogram(places: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """(T, 12) metres that the joints of (T, J, 3) move in each direction from the frame before; 0 in the first."""
    steps = np.diff(np.asarray(places, dtype=np.float64), axis=0, prepend=places[:1])
    nearest = (steps @ DIRECTIONS.T).argmax(axis=-1)
    size = np.linalg.norm(steps, axis=-1)
    out = np.zeros((len(steps), len(DIRECTIONS)))
    np.add.at(out, (np.arange(len(steps))[:, None], nearest), size)
    return out


def amplitude(places: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """(T,) metres by which the directions' movements grow from the frame before; 0 in the first frame."""
    grown = np.diff(directogram(places), axis=0, prepend=0.0)
    grown[:1] = 0.0
    return np.asarray(np.maximum(grown, 0.0).sum(axis=1))
