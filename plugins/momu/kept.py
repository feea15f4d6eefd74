# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What an animator keeps: joints in frames, wholly or as a wish."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from plugins.momu.config import COMPRESSION


@dataclass(frozen=True, eq=False)
class Kept:
    """Joints that are kept.

    Attributes:
        places: (T, J, 3) metres; what is not kept is NaN.
        weight: (T, J) 1 where it counts fully, less where it is only wished for (a soft mask), 0 where nothing is kept.
        lacking: joints that the body does not have: nobody asks for them.
    """

    places: npt.NDArray[np.float64] = field(repr=False)
    weight: npt.NDArray[np.float64] = field(repr=False)
    lacking: tuple[int, ...] = ()

    def any(self) -> bool:
        return bool((self.weight > 0.0).any())

    def pulled(self, reach: int) -> list[tuple[int, int]]:
        """First latents, and the ones past the last, of stretches in which something is kept but not all; with
        ``reach`` latents around, what meets being one."""
        some = (self.weight > 0.0).any(axis=1).reshape(-1, COMPRESSION).any(axis=1) & ~self.whole_latents()
        near = np.convolve(some, np.ones(2 * reach + 1), mode="same") > 0.0 if some.any() else some
        borders = np.flatnonzero(np.diff(np.concatenate([[0], near.astype(int), [0]])))
        return [(int(a), int(b)) for a, b in borders.reshape(-1, 2)]

    def whole_latents(self) -> npt.NDArray[np.bool_]:
        """(T / 4,) latents all of whose frames, and their neighbours', are kept with all joints: their context is."""
        weight = np.delete(self.weight, self.lacking, axis=1)
        frames = (weight >= 1.0).all(axis=1)
        latents = frames.reshape(-1, COMPRESSION).all(axis=1)
        padded = np.pad(latents, 2, constant_values=True)
        return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 5).all(axis=1) & latents)
