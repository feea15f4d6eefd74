# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Where the right arm is on the bow, learnt from the clips: least squares over the bow's length.

The network answers with a mean bow and a mean hand; once the bow has got its strokes the hand must
go with it. Elbow, wrist and knuckle hardly depend on anything but how far the bow is drawn and how
it lies, so they are quadratics of the place of the hair, in a frame that the bow carries.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.strokes import HAIR_SCALE

Floats = npt.NDArray[np.float64]

HELD: Final = ("right_lower_arm", "right_hand", "right_index_proximal")
"""The joints that go with the bow."""


def bow_axes(frog: Floats, tip: Floats) -> Floats:
    """(T, 3, 3) rows: along the hair to the tip, level and away from the player, and up from both."""
    along = _unit(tip - frog)
    away = _unit(np.cross(along, np.broadcast_to([0.0, 0.0, 1.0], along.shape)))
    return np.stack([along, away, np.cross(away, along)], axis=-2)


def fit_grip(frog: Floats, tip: Floats, hair: Floats, joints: Floats) -> Floats:
    """(3, len(HELD), 3) coefficients of 1, s, s^2.

    Args:
        frog, tip: (T, 3); hair: (T,); joints: (T, len(HELD), 3); metres.
    """
    carried = np.einsum("tij,tkj->tki", bow_axes(frog, tip), joints - frog[:, None])
    found, *_ = np.linalg.lstsq(_powers(hair), carried.reshape(len(carried), -1), rcond=None)
    return np.asarray(found.reshape(3, len(HELD), 3))


def gripped(grip: Floats, frog: Floats, tip: Floats, hair: Floats) -> Floats:
    """(T, len(HELD), 3) where the joints of a hand on this bow are."""
    carried = (_powers(hair) @ grip.reshape(3, -1)).reshape(len(hair), -1, 3)
    return np.asarray(frog[:, None] + np.einsum("tij,tki->tkj", bow_axes(frog, tip), carried))


def _powers(hair: Floats) -> Floats:
    return np.stack([np.ones_like(hair), *((hair / HAIR_SCALE) ** n for n in (1, 2))], axis=-1)


def _unit(vectors: npt.NDArray[np.floating[Any]]) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
