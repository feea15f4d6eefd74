# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Beats and bars that agree with themselves, from chances of beats and downbeats in each frame.

Beats: of the peaks of the chances a chain is chosen, by dynamic programming over pairs of neighbours, that takes the
likely peaks, leaves out the unlikely ones, and changes its tempo little from beat to beat; a beat that nobody hears (a
held note) may stand between two peaks. Bars: positions in the bar are counted through by a Viterbi search over
metres, so that a downbeat in the wrong place does not break a bar. Both take the place of a dynamic Bayesian network
over all bar positions and tempi (F. Krebs, S. Böck, G. Widmer, *An efficient state-space model for joint tempo and
meter tracking*, ISMIR 2015), which costs more and allows less rubato.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHORTEST, LONGEST = 0.2, 2.6
"""Seconds from beat to beat: 300 and 23 a minute."""
FAINTEST: Final = 0.02
"""Chance of a peak that is looked at."""
UNHEARD: Final = (0.0, -2.2, -5.0)
"""Score of none, one, two beats between peaks that nobody hears."""
METRES: Final = (4, 3, 2, 6)
OTHER_METRE: Final = -2.0
"""Score of a bar in another metre than the one before."""
SHARPER, LEANING = 1.5, 0.5
"""What a network's log odds of a downbeat are multiplied by, and added to before; as all constants here, chosen on
simulated validation pieces."""
IRREGULAR, AROUND = 0.4, 9
"""Mean change of tempo from beat to beat, as a logarithm, that leaves 1 / e of the confidence; beats in the mean."""
PREFERRED: Final = {4: 0.0, 3: 0.0, 2: -0.1, 6: -0.3, 5: -1.0}
"""Score of each bar of a metre: of two that explain a bar alike the usual one is taken."""


@dataclass(frozen=True, eq=False)
class _Links:
    """Ways to reach a peak: from which peak, over how many unheard beats, at which interval, with which score."""

    before: npt.NDArray[np.int64]
    link: npt.NDArray[np.int64]
    unheard: npt.NDArray[np.int64]
    interval: Floats
    score: Floats


def track_beats(times: Floats, chances: Floats, steadiness: float, *, start: float = 0.0) -> tuple[Floats, Floats]:
    """Times and chances of the beats.

    Args:
        times: (N,) seconds of the peaks, rising. chances: (N,) of a beat at each.
        steadiness: how much a change of the tempo costs: that of a doubling is half of it.
        start: score of the first peak of the chain (less is later).
    """
    if len(times) < 2:
        return times, chances
    gain = np.log(np.clip(chances, 1e-4, 1 - 1e-4) / (1.0 - np.clip(chances, 1e-4, 1 - 1e-4)))
    links: list[_Links] = []
    for k in range(len(times)):
        links.append(_links_to(k, times, gain, links, steadiness))
    last, end = max(
        ((k, int(found.score.argmax())) for k, found in enumerate(links) if len(found.score)),
        key=lambda at: float(links[at[0]].score[at[1]]),
        default=(-1, -1),
    )
    if last < 0:
        best = int(chances.argmax())
        return times[best : best + 1], chances[best : best + 1]
    return _walked(last, end, links, times, chances)


def _links_to(k: int, times: Floats, gain: Floats, links: Sequence[_Links], steadiness: float) -> _Links:
    rows: list[tuple[int, int, int, float, float]] = []
    for j in range(k - 1, -1, -1):
        apart = times[k] - times[j]
        if apart > LONGEST * len(UNHEARD):
            break
        for unheard, cost in enumerate(UNHEARD):
            interval = apart / (unheard + 1)
            if not SHORTEST <= interval <= LONGEST:
                continue
            gained = gain[k] + cost
            rows.append((j, -1, unheard, interval, max(gain[j], 0.0) + gained))  # the chain begins at j
            found = links[j]
            if len(found.score):
                turned = np.log2(interval / found.interval)
                totals = found.score - 0.5 * steadiness * turned**2
                best = int(totals.argmax())
                rows.append((j, best, unheard, interval, float(totals[best]) + gained))
    if not rows:
        empty = np.empty(0)
        return _Links(empty.astype(np.int64), empty.astype(np.int64), empty.astype(np.int64), empty, empty)
    before, link, unheard_beats, interval_, score = (np.array(column) for column in zip(*rows, strict=True))
    return _Links(before, link, unheard_beats, interval_, score)


def _walked(last: int, end: int, links: Sequence[_Links], times: Floats, chances: Floats) -> tuple[Floats, Floats]:
    """The chain that ends with a link, the unheard beats put evenly between their neighbours."""
    out: list[tuple[float, float]] = [(float(times[last]), float(chances[last]))]
    while end >= 0:
        found = links[last]
        before, unheard = int(found.before[end]), int(found.unheard[end])
        for i in range(unheard, 0, -1):
            part = i / (unheard + 1)
            out.append((float(times[before] + part * (times[last] - times[before])), 0.1))
        out.append((float(times[before]), float(chances[before])))
        last, end = before, int(found.link[end])
    beats, sure = np.array(out[::-1]).T
    return beats, sure


def count_bars(downbeat: Floats, metres: Sequence[int] = METRES) -> npt.NDArray[np.int64]:
    """(N,) position in the bar of each beat, 1 on a downbeat.

    Args:
        downbeat: (N,) chance that each beat is a downbeat.
        metres: beats in a bar that are thought of.
    """
    if not len(downbeat):
        return np.empty(0, dtype=np.int64)
    states = [(metre, place) for metre in metres for place in range(1, metre + 1)]
    first = np.array([place == 1 for _, place in states])
    step = _steps(states)
    odds = np.log(np.clip(downbeat, 1e-3, 1 - 1e-3) / (1.0 - np.clip(downbeat, 1e-3, 1 - 1e-3)))
    sure = np.clip(1.0 / (1.0 + np.exp(-SHARPER * (odds + LEANING))), 0.02, 0.98)
    emitted = np.where(first, np.log(sure)[:, None], np.log(1.0 - sure)[:, None])
    best = emitted[0] + np.array([PREFERRED.get(metre, -1.0) for metre, _ in states])
    came = np.zeros((len(downbeat), len(states)), dtype=np.int64)
    for i in range(1, len(downbeat)):
        ways = best[:, None] + step
        came[i], best = ways.argmax(axis=0), ways.max(axis=0) + emitted[i]
    path = [int(best.argmax())]
    for i in range(len(downbeat) - 1, 0, -1):
        path.append(int(came[i, path[-1]]))
    return np.array([states[s][1] for s in reversed(path)], dtype=np.int64)


def _steps(states: Sequence[tuple[int, int]]) -> Floats:
    """(S, S) score of going from a state to another."""
    out = np.full((len(states), len(states)), -np.inf)
    for i, (metre, place) in enumerate(states):
        for j, (after, at) in enumerate(states):
            if place < metre and (after, at) == (metre, place + 1):
                out[i, j] = 0.0
            elif place == metre and at == 1:
                out[i, j] = PREFERRED.get(after, -1.0) + (0.0 if after == metre else OTHER_METRE)
    return out


def near(curve: npt.NDArray[np.floating[Any]], frames: Floats, reach: int) -> Floats:
    """The largest of a curve within ``reach`` frames of each place."""
    at = np.clip(np.round(frames).astype(np.int64)[:, None] + np.arange(-reach, reach + 1), 0, max(len(curve) - 1, 0))
    return np.asarray(curve[at].max(axis=1), dtype=np.float64) if len(curve) else np.zeros(len(frames))


def regularity(beats: Floats) -> Floats:
    """(N,) 0 to 1, how regular the beats around each of ``beats`` (seconds, rising) are.

    exp(-m / IRREGULAR), m the mean of |log(interval / interval before)| among AROUND of them.
    """
    if len(beats) < 3:
        return np.full(len(beats), np.exp(-1.0 / IRREGULAR))
    change = np.abs(np.diff(np.log(np.diff(beats))))
    change = np.concatenate([change[:1], change, change[-1:]])
    around = np.ones(AROUND)
    mean = np.convolve(change, around)[AROUND // 2 :][: len(beats)]
    mean /= np.convolve(np.ones(len(beats)), around)[AROUND // 2 :][: len(beats)]
    return np.asarray(np.exp(-mean / IRREGULAR))
