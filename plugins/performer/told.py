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
"""Seconds by which a note may begin before its mark or its phrase."""


def levels(dynamics: Sequence[Annotation], times: Floats) -> Floats:
    """(N,) loudness, 0 to 1, in force at ``times``; NaN where none is. Hairpins lead from mark to mark."""
    marks = [a for a in dynamics if a.value in LOUDNESS]
    starts = np.array([a.time for a in marks])
    ends = np.array([a.end if a.duration > 0.0 else np.inf for a in marks])
    values = np.array([LOUDNESS[a.value] for a in marks])
    out = np.full(len(times), np.nan)
    if not len(marks):
        return out
    at = np.searchsorted(starts, times + SAME, side="right") - 1
    there = (at >= 0) & (times < ends[at])
    out[there] = values[at[there]]
    for hairpin in (a for a in dynamics if a.value in HAIRPINS and a.duration > 0.0):
        inside = there & (times >= hairpin.time - SAME) & (times < hairpin.end)
        before = int(np.searchsorted(starts, hairpin.time + SAME, side="right")) - 1
        if not inside.any() or before < 0:
            continue
        leads = before + 1 < len(marks) and starts[before + 1] <= hairpin.end + SOON
        goal = values[before + 1] if leads else values[before] + HAIRPINS[hairpin.value] * GROWS
        part = np.clip((times[inside] - hairpin.time) / hairpin.duration, 0.0, 1.0)
        out[inside] = np.clip(values[before] + (goal - values[before]) * part, 0.0, 1.0)
    return out


def last_of_phrases(phrases: Sequence[Annotation], starts: Floats) -> npt.NDArray[np.bool_]:
    """(N,) whether the next of the notes that begin at ``starts`` (rising) begins another phrase."""
    first = np.searchsorted(starts, [a.time - SAME for a in phrases[1:]])
    out = np.zeros(len(starts), dtype=bool)
    out[[i - 1 for i in first if 0 < i < len(starts)]] = True
    return out
