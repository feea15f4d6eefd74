# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What is aligned: the notes of a score, and notes that were heard."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TOGETHER: float = 1e-4
"""Quarter notes within which written notes start at one time."""


class SynchronisationError(ValueError):
    """What cannot be synchronised: the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Written:
    """Notes of a score in order: positions (N,) in quarter notes, rising, and MIDI pitches (N,)."""

    positions: Floats = field(repr=False)
    pitches: Ints = field(repr=False)

    def __len__(self) -> int:
        return len(self.positions)

    def events(self) -> tuple[Floats, Ints]:
        """Positions (K,) at which notes start, and the event of each note (N,)."""
        positions, event = np.unique(np.round(self.positions / TOGETHER), return_inverse=True)
        return positions * TOGETHER, event.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Heard:
    """Notes of a performance in order: onsets (M,) in seconds, rising, and MIDI pitches (M,)."""

    onsets: Floats = field(repr=False)
    pitches: Ints = field(repr=False)

    def __len__(self) -> int:
        return len(self.onsets)
