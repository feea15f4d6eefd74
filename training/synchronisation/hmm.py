# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which event of the score each heard note belongs to: a hidden Markov model of a performance with errors.

States are the score's events (notes that start together); each heard note is one observation. From one note to the next
the player stays in a chord, goes on, leaves events out, comes a little late with a note of the chord before, or
(rarely) jumps anywhere: a repeat, a restart, a cut. A note has a pitch of its event, one near it, an octave
off, or any (an extra note). Its wait since the note before tells chords from successions.

After E. Nakamura, K. Yoshii and H. Katayose, *Performance error detection and post-processing for fast and accurate
symbolic music alignment* (ISMIR 2017), section 2; the factorised jumps make a note cost O(events). What they repair
afterwards with a merged-output model, :mod:`training.synchronisation.matching` repairs around the tempo curve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from training.synchronisation.notes import Floats, Heard, Ints, Written

BACK: Final = 3
"""Events that a note may come late."""
AHEAD: Final = 10
"""Events that one step may go on, all between left out."""
LATE: Final = 0.01
"""Probability of a note of each earlier event; it falls by ten an event."""
ONE_ON: Final = 0.5
LEFT_OUT: Final = 0.12
"""Part of the probability that is left for each further event that is left out."""
JUMP: Final = 1e-13
"""Probability of going to any one event from anywhere."""
NEAR_MISS: Final = {-1: 0.006, 1: 0.006, -2: 0.004, 2: 0.004, -12: 0.006, 12: 0.006, 19: 0.002, -7: 0.001, 7: 0.001}
"""Probability of a note so many semitones off: slips, and what transcribers take an overtone for."""
EXTRA: Final = 0.0004
"""Probability of each pitch as an extra note."""
SPREAD: Final = 0.03
"""Seconds between the notes of a chord (mean)."""
TAIL: Final = 0.08
"""Part of the waits inside an event that are long: rolled chords, trills, extra notes."""


@dataclass(frozen=True, eq=False)
class Path:
    """The most likely way through the score.

    Attributes:
        events: (M,) the event of each heard note, an index into ``written.events()``.
        jumped: (M,) whether the player jumped before the note.
        likelihood: log likelihood of the whole; of two readings of a score the likelier one was played.
        gain: log likelihood of a note (mean), less that under a model that only knows how often each pitch sounds in
            the performance. Below 0 another piece was played.
    """

    events: Ints = field(repr=False)
    jumped: npt.NDArray[np.bool_] = field(repr=False)
    likelihood: float
    gain: float


def follow(written: Written, heard: Heard, check: Callable[[float], object] = lambda _: None) -> Path:
    """The path of a performance (Viterbi); ``check`` is told how much is done, 0 to 1, and may raise."""
    emission = _emission(written)
    inside, onward = _waits(heard.onsets)
    events, count = len(emission), len(heard)
    back = np.zeros((count, events), dtype=np.int8)
    best_before = np.zeros(count, dtype=np.int64)
    outside = np.log(0.1 / events)  # a recording may be a cut
    score = emission[:, heard.pitches[0]] + outside
    score[0] += np.log(0.9) - outside
    for i in range(1, count):
        if i % 256 == 0:
            check(i / count)
        best_before[i] = int(np.argmax(score))
        score, back[i] = _step(score, inside[i], onward[i])
        score += emission[:, heard.pitches[i]]
    score[:-1] += outside
    score[-1] += np.log(0.9)
    events_of, jumped = _trace(back, best_before, int(np.argmax(score)))
    likelihood = float(score.max())
    return Path(events_of, jumped, likelihood, likelihood / count - _by_chance(heard))


def _by_chance(heard: Heard) -> float:
    """Mean log likelihood of a note when each pitch comes as often as it does."""
    often = np.bincount(heard.pitches, minlength=128) / len(heard)
    return float(np.log(often[heard.pitches]).mean())


def _step(score: Floats, inside: float, onward: float) -> tuple[Floats, npt.NDArray[np.int8]]:
    """Best score of coming into each event, and by which step (JUMPED: from the best of all)."""
    entering = np.full(len(score), score.max() + np.log(JUMP) + onward)
    step = np.full(len(score), JUMPED, dtype=np.int8)
    for shift, price in STEPS.items():
        if abs(shift) >= len(score):
            continue
        into = slice(max(shift, 0), len(score) + min(shift, 0))
        come = score[max(-shift, 0) : len(score) - max(shift, 0)] + (price + (onward if shift > 0 else inside))
        better = come > entering[into]
        entering[into] = np.where(better, come, entering[into])
        step[into] = np.where(better, np.int8(shift), step[into])
    return entering, step


def _steps() -> dict[int, float]:
    """Log price of each step; staying has what the others leave."""
    part = {s: ONE_ON * LEFT_OUT ** (s - 1) for s in range(1, AHEAD + 1)}
    part |= {-s: LATE * 0.1 ** (s - 1) for s in range(1, BACK + 1)}
    part[0] = 1.0 - sum(part.values())
    return {s: float(np.log(p)) for s, p in part.items()}


STEPS: Final = _steps()
JUMPED: Final = 127


def _emission(written: Written) -> Floats:
    """(K, 128) log probability of each pitch in each event."""
    positions, event = written.events()
    table = np.zeros((len(positions), 128))
    np.add.at(table, (event, written.pitches), 1.0)
    table /= table.sum(axis=1, keepdims=True)
    right = 1.0 - sum(NEAR_MISS.values()) - 128 * EXTRA
    out = right * table + EXTRA
    for semitones, part in NEAR_MISS.items():
        # A written pitch p is heard at p + semitones.
        low, high = max(semitones, 0), 128 + min(semitones, 0)
        out[:, low:high] += part * table[:, low - semitones : high - semitones]
    return np.log(out)


def _waits(onsets: Floats) -> tuple[Floats, Floats]:
    """Log densities (M,) of each wait since the note before: inside an event, and from one to another.

    Within chords waits are exponential; from event to event log-logistic about the median of the clear ones.
    """
    wait = np.diff(onsets, prepend=onsets[0])
    clear = wait[wait > 2 * SPREAD]
    usual = float(np.median(clear)) if len(clear) else 0.25
    ratio = np.maximum(wait, 0.002) / usual
    onward = 2.0 / usual * ratio / (1.0 + ratio**2) ** 2
    inside = (1.0 - TAIL) / SPREAD * np.exp(-wait / SPREAD) + TAIL * onward
    return np.log(inside + 1e-12), np.log(onward + 1e-12)


def _trace(back: npt.NDArray[np.int8], best_before: Ints, last: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
    path = np.empty(len(back), dtype=np.int64)
    jumped = np.zeros(len(back), dtype=bool)
    for i in range(len(back) - 1, 0, -1):
        path[i] = last
        step = int(back[i, last])
        jumped[i] = step == JUMPED
        last = int(best_before[i]) if step == JUMPED else last - step
    path[0] = last
    return path, jumped
