# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What tracks of dynamics and phrases say of the notes: a score's, or an animator's who corrected them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Annotation
from plugins.performer.curves import Floats

LOUDNESS: Final = {"ppp": 0.1, "pp": 0.2, "p": 0.35, "mp": 0.45, "mf": 0.6, "f": 0.78, "ff": 0.92, "fff": 1.0}
HAIRPINS: Final = {"cresc": 1.0, "dim": -1.0}
GROWS: Final = 0.16
"""How much louder a crescendo becomes that leads to no mark, as from one mark to the next."""
SOON: Final = 0.5
"""Seconds after a hairpin in which the mark stands that it leads to."""
SAME: Final = 0.08
"""Seconds by which a note may begin before its mark or its phrase; in quick notes half the way to the next at most."""


def levels(dynamics: Sequence[Annotation], times: Floats) -> Floats:
    """(N,) loudness, 0 to 1, in force at ``times`` (rising); NaN where none is.

    Hairpins lead from where the one before them ended, to the next mark if that is their way, else a step. They end at
    any mark.
    """
    named = [a for a in dynamics if isinstance(a.value, str)]
    marks = [a for a in named if a.value in LOUDNESS]
    hairpins = [a for a in named if a.value in HAIRPINS and a.duration > 0.0]
    starts = np.array([a.time for a in marks])
    ends = np.array([a.end if a.duration > 0.0 else np.inf for a in marks])
    out = np.full(len(times), np.nan)
    early = times + _early(times)
    at = np.searchsorted(starts, early, side="right") - 1
    for k, mark in enumerate(marks):
        following = marks[k + 1] if k + 1 < len(marks) else None
        mine = (at == k) & (times < ends[k])
        until = following.time if following is not None else np.inf
        inside = [h for h in hairpins if mark.time - SAME <= h.time < until - SAME]
        if mine.any():
            out[mine] = np.interp(times[mine], *_bends(mark, inside, following, until))
    return out


def _bends(
    mark: Annotation, hairpins: Sequence[Annotation], following: Annotation | None, until: float
) -> tuple[list[float], list[float]]:
    """Seconds and levels between which a stretch of one mark goes, hairpin after hairpin."""
    level = LOUDNESS[mark.value]
    times, values = [mark.time], [level]
    for i, hairpin in enumerate(hairpins):
        end = min(hairpin.end, until, hairpins[i + 1].time if i + 1 < len(hairpins) else np.inf)
        way, goal = HAIRPINS[hairpin.value], LOUDNESS[following.value] if following is not None else level
        leads = following is not None and i + 1 == len(hairpins) and until <= end + SOON and (goal - level) * way > 0.0
        start, before = max(hairpin.time, times[-1]), level
        level = goal if leads else float(np.clip(level + way * GROWS, 0.0, 1.0))
        times += [start, max(end, start)]
        values += [before, level]
    return times, values


def _early(times: Floats) -> Floats:
    """(N,) seconds by which each of the notes may begin before what it begins with."""
    later = np.searchsorted(times, times, side="right")
    following = np.append(times, np.inf)[later]
    return np.minimum(SAME, (following - times) / 2.0)


def last_of_phrases(phrases: Sequence[Annotation], starts: Floats) -> npt.NDArray[np.bool_]:
    """(N,) whether the next of the notes that begin at ``starts`` (rising) begins another phrase."""
    first = np.searchsorted(starts + _early(starts), [a.time for a in phrases])
    out = np.zeros(len(starts), dtype=bool)
    out[[i - 1 for i in first if 0 < i < len(starts)]] = True
    return out
