# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The simulated musicians: habits that stay the same from piece to piece, all drawn from a seed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Final

import numpy as np

SIZES: Final = (0.93, 1.09)
"""Of bodies: 1.63 to 1.91 m."""
VIOLIN_OPTIONS: Final = {
    "sway": (0.3, 1.8),
    "weight": (0.3, 1.8),
    "head": (0.3, 1.8),
    "breathing": (0.3, 1.7),
    "noise": (0.6, 1.6),
    "vibrato": (0.5, 1.5),
    "bow_amount": (0.7, 1.25),
}
PIANO_OPTIONS: Final = {
    "sway": (0.3, 1.8),
    "lean": (0.4, 1.7),
    "head": (0.3, 1.8),
    "breathing": (0.3, 1.7),
    "noise": (0.6, 1.6),
    "pedal": (0.0, 1.0),
}
"""Options of the ``performer``'s generators, within what they allow and looks like a musician."""


@dataclass(frozen=True, kw_only=True)
class Player:
    """One musician.

    Attributes:
        name: as in MOSA's folders.
        tempo: part of the piece's own pulse that this player takes.
        rubato: how much phrases breathe in time (1 is usual). unrest: seconds of random timing (deviation).
        detached: part of its time that a separate note sounds.
        size: of the body; 1 is 1.75 m.
        options: of the ``performer`` plug-in's generator.
    """

    plays: ClassVar[str]

    name: str
    tempo: float
    rubato: float
    unrest: float
    detached: float
    size: float
    options: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Violinist(Player):
    """Attributes:
    crossfade: seconds from slurred note to note. attack: seconds of a new bow's rise.
    vibrato: rate in Hz and depth in cents. intonation: cents of deviation.
    violin: seed of the instrument's sound.
    """

    plays = "violin"

    crossfade: float
    attack: float
    vibrato: tuple[float, float]
    intonation: float
    violin: int


@dataclass(frozen=True, kw_only=True)
class Pianist(Player):
    """Attributes:
    voicing: how much louder than the other notes the highest is; balance: how much softer the left hand is.
    piano: seed of the instrument's sound.
    """

    plays = "piano"

    voicing: float
    balance: float
    piano: int


def violinist(seed: int, number: int) -> Violinist:
    """The violinist with this number in the cast of a seed."""
    rng = np.random.default_rng([seed, 2, number])
    return Violinist(
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
        options=_options(rng, VIOLIN_OPTIONS),
    )


def pianist(seed: int, number: int) -> Pianist:
    """The pianist with this number in the cast of a seed."""
    rng = np.random.default_rng([seed, 6, number])
    return Pianist(
        name=f"sp{number:02d}",
        tempo=float(rng.uniform(0.88, 1.14)),
        rubato=float(rng.uniform(0.3, 1.8)),
        unrest=float(rng.uniform(0.004, 0.018)),
        detached=float(rng.uniform(0.82, 1.0)),
        voicing=float(rng.uniform(0.02, 0.16)),
        balance=float(rng.uniform(0.0, 0.15)),
        piano=int(rng.integers(2**31)),
        size=round(float(rng.uniform(*SIZES)), 4),
        options=_options(rng, PIANO_OPTIONS),
    )


def _options(rng: np.random.Generator, ranges: dict[str, tuple[float, float]]) -> dict[str, float]:
    return {name: round(float(rng.uniform(*ends)), 3) for name, ends in ranges.items()}
