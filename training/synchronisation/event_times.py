# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Seconds for every event of the score that was played, and how sure they are, bar by bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from training.synchronisation.matching import Matching, Passage
from training.synchronisation.notes import Floats, Heard, Written

CLOSE: Final = 0.1
"""Seconds from the event's time within which a matched note confirms it."""


@dataclass(frozen=True)
class Bar:
    """Attributes:
    bar_id: 0 for the first whole bar, -1 for a pickup.
    position: quarter notes from the first downbeat. seconds: when it began; NaN where it was not played.
    confidence: part of its written notes that were heard, with their pitch and in time (0 to 1).
    """

    bar_id: int
    position: float
    seconds: float
    confidence: float


def event_times(written: Written, matching: Matching) -> Floats:
    """(K,) seconds of ``written.events()``, not falling; NaN for what was left out or cut off.

    Where the player went back, the last time counts: what was played before and again after the return, is over.
    """
    positions, _ = written.events()
    times = np.full(len(positions), np.nan)
    for passage in _way(matching, written):
        # Bounds are positions of events themselves; half of TOGETHER decides.
        times[positions > passage.low - 5e-5] = np.nan
        inside = (positions > passage.low - 5e-5) & (positions < passage.high + 5e-5)
        times[inside] = passage.curve.at(positions[inside])
    there = np.isfinite(times)
    times[there] = np.maximum.accumulate(times[there])
    return times


def _way(matching: Matching, written: Written) -> list[Passage]:
    """Passages that lead on through the score with the most notes; an earlier one counts until the next begins."""
    passages = matching.passages
    inside = [_positions_of(matching, written, p) for p in passages]
    best, before = [float(len(i)) for i in inside], [-1] * len(passages)
    for j, after in enumerate(passages):
        for i, earlier in enumerate(passages[:j]):
            gain = best[i] - float((inside[i] >= after.low).sum()) + len(inside[j])
            if earlier.low < after.low and gain > best[j]:
                best[j], before[j] = gain, i
    way = []
    at = int(np.argmax(best)) if best else -1
    while at >= 0:
        way.append(passages[at])
        at = before[at]
    return way[::-1]


def _positions_of(matching: Matching, written: Written, passage: Passage) -> Floats:
    """Positions of the written notes that were matched in a passage."""
    mine = (matching.pairs[:, 1] >= passage.first) & (matching.pairs[:, 1] < passage.end)
    return written.positions[matching.pairs[mine, 0]]


def confirmed(
    written: Written, heard: Heard, matching: Matching, times: Floats
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(N,) which written notes were heard, with their pitch, when their event is."""
    _, event = written.events()
    mine, theirs = matching.pairs.T
    good = np.abs(heard.onsets[theirs] - times[event[mine]]) <= CLOSE
    out = np.zeros(len(written), dtype=bool)
    out[mine[good]] = True
    return out


def bars(
    written: Written, sure: np.ndarray[tuple[int], np.dtype[np.bool_]], times: Floats, downbeats: Floats
) -> list[Bar]:
    """Every bar that has notes; ``downbeats`` (B,) are their first positions, rising."""
    positions, event = written.events()
    bar_of = np.searchsorted(downbeats, written.positions + 1e-4, side="right") - 1
    known = np.isfinite(times)
    out = []
    for bar in np.unique(bar_of):
        mine = bar_of == bar
        start = float(downbeats[bar]) if bar >= 0 else float(written.positions[mine].min())
        played = known[event[mine]].any()
        seconds = float(np.interp(start, positions[known], times[known])) if played else np.nan
        out.append(Bar(int(bar), start, seconds, float(sure[mine].mean())))
    return out
