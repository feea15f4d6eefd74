# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The simulated violinists: habits that stay the same from piece to piece, all drawn from a seed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from training.simulate.bodies import SIZES


@dataclass(frozen=True)
class Player:
    """One violinist.

    Attributes:
        name: as in MOSA's folders.
        tempo: part of the piece's own pulse that this player takes.
        rubato: how much phrases breathe in time (1 is usual). unrest: seconds of random timing (deviation).
        detached: part of its time that a separate note sounds.
        crossfade: seconds from slurred note to note. attack: seconds of a new bow's rise.
        vibrato: rate in Hz and depth in cents. intonation: cents of deviation.
        size: of the body; 1 is 1.75 m.
        options: of the ``performer`` plug-in.
        violin: seed of the instrument's sound.
    """

    name: str
    tempo: float
    rubato: float
    unrest: float
    detached: float
    crossfade: float
    attack: float
    vibrato: tuple[float, float]
    intonation: float
    violin: int
    size: float
    options: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def player(seed: int, number: int) -> Player:
    """The violinist with this number in the cast of a seed."""
    rng = np.random.default_rng([seed, 2, number])
    return Player(
        name=f"sv{number:02d}",
        tempo=float(rng.uniform(0.88, 1.14)),
        rubato=float(rng.uniform(0.3, 1.8)),
        unrest=float(rng.uniform(0.004, 0.018)),
        detached=float(rng.uniform(0.86, 1.0)),
        crossfade=float(rng.uniform(0.012, 0.045)),
        attack=float(rng.uniform(0.015, 0.060)),
        vibrato=(float(rng.uniform(4.8, 6.8)), float(rng.uniform(6.0, 38.0))),
        intonation=float(rng.uniform(2.0, 10.0)),
        violin=int(rng.integers(2**31)),
        size=round(float(rng.uniform(*SIZES)), 4),
        options=_options(rng),
    )


def _options(rng: np.random.Generator) -> dict[str, float]:
    """Options of the ``performer``, within what it allows and looks like a violinist."""
    ranges = {
        "sway": (0.3, 1.8),
        "weight": (0.3, 1.8),
        "head": (0.3, 1.8),
        "breathing": (0.3, 1.7),
        "noise": (0.6, 1.6),
        "vibrato": (0.5, 1.5),
        "bow_amount": (0.7, 1.25),
    }
    return {name: round(float(rng.uniform(*ends)), 3) for name, ends in ranges.items()}
