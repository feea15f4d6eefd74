# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The bow's strokes where some of the bow's places are kept.

Between what is kept strokes alternate as ever. They go on in the direction in which a kept stretch ends, and arrive in
that in which one begins: else the bow would turn there for no note. To be where it must, the player takes a little more
bow here and a little less there, most of it in the last strokes before.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api.log_mel import FPS
from plugins.api.strokes import HAIR, TURN_TRAVEL, drawn, hair_path, misfit, stroke_places, travelled
from plugins.momu.body import Body
from plugins.momu.kept import Kept

Floats = npt.NDArray[np.float64]

REACH: Final = 40
"""Frames over which a path is slid where longer and shorter strokes do not suffice."""
BOWS: Final = 0.6
"""Metres of strokes before a place that is kept, over which most of the difference to it is spread."""
MOVED: Final = 0.001
"""Metres that a kept stretch goes at its end, at least, to have a direction there."""
HELD: Final = ("violin_end", "violin_scroll", "bow_frog", "bow_tip")


def kept_hair(kept: Kept, body: Body) -> Floats:
    """(T,) metres of hair between frog and strings where violin and bow are kept, NaN elsewhere."""
    columns = [body.index(joint) for joint in HELD]
    known = (kept.weight[:, columns] >= 1.0).all(axis=1)
    found = np.full(len(known), np.nan)
    if known.any():
        found[known] = np.clip(body.hair(np.nan_to_num(kept.places[known])), *HAIR)
    return found


def strokes_through(fixed: Floats, turns: list[int], speed: Floats, wish: Floats) -> Floats:
    """(T,) metres of hair.

    Args:
        fixed: (T,) where the hair must be, NaN where it may be anywhere.
        turns: frames at which the bow turns; speed: (T,) metres a second; wish: (T,) where the network has the hair.
    """
    known = np.isfinite(fixed)
    if not known.any():
        return hair_path(turns, speed, wish, FPS, np.inf)
    out = np.where(known, fixed, 0.0)
    way = travelled(speed, FPS)
    for chain in _chains(fixed):
        inside = [turn for turn in turns if chain.first < turn < chain.last]
        path = _played(chain, inside, way, wish)
        free = ~known[chain.first : chain.last + 1]
        out[chain.first : chain.last + 1][free] = path[free]
    return out


@dataclass(frozen=True)
class _Chain:
    """Frames from one kept stretch that has a direction to the next, or from or to an end.

    Attributes:
        comes, goes: direction of the stretch before and of that after (1, -1; 0: there is none).
        places: frame -> metres, of what is kept from ``first`` to ``last``.
    """

    first: int
    last: int
    comes: int
    goes: int
    places: dict[int, float]


def _chains(fixed: Floats) -> list[_Chain]:
    known = np.flatnonzero(np.isfinite(fixed))
    runs = [[int(at) for _, at in group] for _, group in groupby(enumerate(known), lambda pair: pair[1] - pair[0])]
    moving = [(run, _direction(fixed[run[:3]]), _direction(fixed[run[-3:]])) for run in runs]
    stops = [(run[0], run[-1], begins, ends) for run, begins, ends in moving if begins or ends]
    borders = [(0, 0, 0, 0), *stops, (len(fixed) - 1, len(fixed) - 1, 0, 0)]
    found = []
    for (_, first, _, comes), (last, _, goes, _) in pairwise(borders):
        if last > first and not np.isfinite(fixed[first : last + 1]).all():
            inside = known[(known >= first) & (known <= last)]
            places = dict(zip(inside.tolist(), fixed[inside].tolist(), strict=True))
            found.append(_Chain(first, last, comes, goes, places))
    return found


def _direction(places: Floats) -> int:
    moved = float(places[-1] - places[0])
    return int(np.sign(moved)) if abs(moved) > MOVED else 0


def _played(chain: _Chain, turns: list[int], way: Floats, wish: Floats) -> Floats:
    """The whole chain's path."""
    if chain.comes and chain.goes and turns and chain.comes * (-1) ** len(turns) != chain.goes:
        turns = _without_least(chain, turns, way)
    signs = [chain.comes or chain.goes * (-1) ** len(turns)] if chain.comes or chain.goes else [1, -1]
    ways = [_Way(chain, turns, float(sign), way, wish) for sign in signs]
    return min(ways, key=lambda one: one.cost).path


def _without_least(chain: _Chain, turns: list[int], way: Floats) -> list[int]:
    """Without the turn between the two shortest strokes: one more or one less is needed to arrive in time."""
    borders = way[[chain.first, *turns, chain.last]]
    least = int(np.argmin(borders[2:] - borders[:-2]))
    return [turn for i, turn in enumerate(turns) if i != least]


class _Way:
    """A chain played with the first stroke in one of both directions.

    Attributes:
        path: (last - first + 1,) metres.
        cost: how much bow must be added and taken away to be where it must, and how little it goes as it is wished.
    """

    def __init__(self, chain: _Chain, turns: list[int], sign: float, way: Floats, wish: Floats) -> None:
        knots = sorted({chain.first, *turns, *chain.places, chain.last})
        turned = np.isin(knots[:-1], turns)
        turned[0] = False
        ways = sign * (-1.0) ** np.cumsum(turned)
        wished = np.array([chain.places.get(knot, wish[knot]) for knot in knots])
        stops = [i for i, knot in enumerate(knots) if knot in chain.places]
        legs = list(dict.fromkeys([0, *stops, len(knots) - 1]))
        self.path = np.zeros(chain.last - chain.first + 1)
        off, against = 0.0, 0.0
        for a, b in pairwise(legs):
            leg = _Leg(np.diff(way[knots[a : b + 1]]), ways[a:b], wished[a : b + 1], a in stops, b in stops)
            frames = drawn(leg.places, knots[a : b + 1], way)
            ends = (wished[a] if a in stops else np.nan, wished[b] if b in stops else np.nan)
            self.path[knots[a] - chain.first : knots[b] - chain.first + 1] = _met(frames, ends)
            off, against = off + leg.off, against + misfit(leg.places, wished[a : b + 1])
        self.cost = (round(off, 2), against)


class _Leg:
    """Strokes from one place that is kept to the next.

    Attributes:
        places: where they begin and end. off: metres by which they would have missed the last one.
    """

    def __init__(self, lengths: Floats, ways: Floats, wished: Floats, begins: bool, ends: bool) -> None:
        if ends and not begins:  # from behind, as if played backwards
            self.places = stroke_places(lengths[::-1], -ways[::-1], wished[::-1])[::-1]
            self.off = 0.0
            return
        self.places = stroke_places(lengths, ways, wished)
        self.off = abs(wished[-1] - self.places[-1]) if ends else 0.0
        if ends:
            self.places = _stretched(self.places, ways, lengths, float(wished[-1]))


def _stretched(places: Floats, ways: Floats, lengths: Floats, end: float) -> Floats:
    """Strokes that are longer one way and shorter the other, so that they end where they must, if they can."""
    left = np.cumsum(lengths[::-1])[::-1] - lengths
    share = (lengths + 1e-6) * np.exp(-left / BOWS)
    share /= share.sum()
    least = np.minimum(lengths, 2.0 * TURN_TRAVEL)
    for _ in range(4):
        moved = np.maximum(ways * np.diff(places) + ways * (end - places[-1]) * share, least)
        places = np.clip(places[0] + np.concatenate([[0.0], np.cumsum(ways * moved)]), *HAIR)
    return places


def _met(path: Floats, ends: tuple[float, float]) -> Floats:
    """A path slid near its ends until it meets them."""
    at = np.arange(len(path))
    reach = min(REACH, max(1, len(path) - 1))
    out = path.copy()
    for end, away, last in ((ends[0], at, 0), (ends[1], at[::-1], -1)):
        if np.isfinite(end):
            part = np.clip(1.0 - away / reach, 0.0, 1.0)
            out += (end - path[last]) * part * part * (3.0 - 2.0 * part)
    return np.clip(out, *HAIR)
