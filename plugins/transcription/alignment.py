# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""When each written note was played: score and recording aligned in two passes.

Pass 1 is a left-to-right hidden Markov model whose states are the score's *events*
(notes that start together) and whose evidence is the pitch network's posteriors;
the beam that follows the best state makes it linear in time. Pass 2 is a
semi-Markov refinement: the onset of every event moves within a window around pass
1, judged by the notes that sound on both sides of it, by the onset evidence, and by
how steadily the tempo runs on.

Background: C. Raphael, *Automatic segmentation of acoustic musical signals using
hidden Markov models* (PAMI 1999); A. Cont, *A coupled duration-focused architecture
for real-time music-to-score alignment* (PAMI 2010).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.pitch_network import Posteriors

FLOOR: Final = 0.02
"""Posterior below which the network's answer is noise."""
ABSENT_WEIGHT: Final = 0.25
"""Weight of the keys that should be silent, against those that should sound."""
SKIP: Final = -6.0
"""Log price of an event that was not played."""
UNPLAYED: Final = 0.1
"""Log price of each event before the first or after the last that was played."""
SHORTEST: Final = 4
"""Frames (46 ms) that an event lasts at least."""
BEAM: Final = 512
"""Events that pass 1 looks at in one frame."""
BLOCK: Final = 64
"""Frames between two moves of the beam."""
REACH: Final = 26
"""Frames (0.3 s) that pass 2 may move an onset each way."""
TEMPO_SPREAD: Final = 0.30
"""Standard deviation of the log ratio of a duration to the one that the tempo foretells."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Events:
    """The score's events: score times (K,), pitches that start and that sound at each (K, 88)."""

    times: Floats = field(repr=False)
    starts: npt.NDArray[np.bool_] = field(repr=False)
    sounds: npt.NDArray[np.bool_] = field(repr=False)

    @classmethod
    def of(cls, onsets: Floats, durations: Floats, columns: Ints) -> tuple[Events, Ints]:
        """Events of notes, and the event of each note."""
        times, event = np.unique(np.round(onsets, 4), return_inverse=True)
        starts = np.zeros((len(times), 88), dtype=bool)
        starts[event, columns] = True
        sounds = starts.copy()
        last = np.searchsorted(times, onsets + durations - 1e-3)
        for i in np.nonzero(last > event + 1)[0]:  # notes held over later events
            sounds[event[i] : last[i], columns[i]] = True
        return cls(times, starts, sounds), event


@dataclass(frozen=True, eq=False)
class Evidence:
    """Log likelihoods from the posteriors: a matrix product away from any set of keys."""

    sounding: Floats = field(repr=False)
    silent: Floats = field(repr=False)
    onset: Floats = field(repr=False)
    flux: Floats = field(repr=False)

    @classmethod
    def of(cls, heard: Posteriors, flux: Floats) -> Evidence:
        note = heard.note.astype(np.float64)
        near = heard.onset.astype(np.float64)
        near = np.maximum(near, 0.7 * np.maximum(np.roll(near, 1, 0), np.roll(near, -1, 0)))
        return cls(np.log(note + FLOOR), np.log(1.0 + FLOOR - note), np.log(near + FLOOR), flux)

    def of_states(self, frames: slice, sounds: npt.NDArray[np.bool_]) -> Floats:
        """(frames, states) log likelihood that just these keys sound."""
        weight = sounds / np.maximum(sounds.sum(1, keepdims=True), 1)
        on = self.sounding[frames] @ weight.T
        off = self.silent[frames].sum(1, keepdims=True) - self.silent[frames] @ sounds.T
        return np.asarray(on + ABSENT_WEIGHT * off)

    def of_entries(self, frames: slice, starts: npt.NDArray[np.bool_]) -> Floats:
        """(frames, states) log likelihood that just these notes start here."""
        weight = starts / np.maximum(starts.sum(1, keepdims=True), 1)
        return np.asarray(self.onset[frames] @ weight.T - np.log(FLOOR)) + self.flux[frames, None]


def follow(events: Events, evidence: Evidence, check: Callable[[float], Any]) -> tuple[Ints, float]:
    """Pass 1: the event that sounds in each frame (-1 before the first), and the mean log likelihood.

    The music may begin at any event, after any lead-in, and end at any event, before any silence.
    """
    frames, count = len(evidence.sounding), len(events.times)
    beam = min(BEAM, count)
    score = np.full(count, -np.inf)
    entry_price = -UNPLAYED * np.arange(count)
    exit_price = entry_price[::-1]
    age = np.zeros(count, dtype=np.int64)
    lead_in, lead_out = 0.0, -np.inf
    left = np.full(frames, -1, dtype=np.int64)
    back = np.zeros((frames, beam), dtype=np.uint8)
    lows = np.zeros(frames, dtype=np.int64)
    rest = np.asarray(evidence.silent.sum(1)) * ABSENT_WEIGHT + np.log(0.5)
    for first in range(0, frames, BLOCK):
        check(first / frames)
        best = int(np.argmax(score)) if np.isfinite(score).any() else 0
        low = int(np.clip(best - beam // 3, 0, count - beam))
        block = slice(first, min(first + BLOCK, frames))
        stay = evidence.of_states(block, events.sounds[low : low + beam])
        enter = evidence.of_entries(block, events.starts[low : low + beam]) - 3.0
        outside = np.ones(count, dtype=bool)
        outside[low : low + beam] = False
        score[outside] = -np.inf
        view = score[low : low + beam]
        for row, frame in enumerate(range(block.start, block.stop)):
            leaving = view + exit_price[low : low + beam]
            last = int(np.argmax(leaving))
            if leaving[last] > lead_out:
                lead_out, left[frame] = leaving[last], low + last
            lead_out += rest[frame]
            # An event that has only just begun cannot be over: no racing through the score.
            ready = np.where(age[low : low + beam] >= SHORTEST, view, -np.inf)
            one = np.concatenate([[-np.inf], ready[:-1]])
            two = np.concatenate([[-np.inf, -np.inf], ready[:-2]])[: len(view)] + SKIP
            opening = lead_in + entry_price[low : low + beam]
            options = np.stack([view, one + enter[row], two + enter[row], opening + enter[row]])
            choice = np.argmax(options, axis=0)
            back[frame], lows[frame] = choice, low
            view[:] = options[choice, np.arange(len(view))] + stay[row]
            age[low : low + beam] = np.where(choice == 0, age[low : low + beam] + 1, 0)
            lead_in += rest[frame]
    final = np.where(np.isfinite(score), score + exit_price, -np.inf)
    state, end = int(np.argmax(final)), frames
    if lead_out > final[state]:
        end = int(np.nonzero(left >= 0)[0][-1])
        state = int(left[end])
    return _trace(back, lows, state, end), float(max(final.max(), lead_out) / frames)


def _trace(back: npt.NDArray[np.uint8], lows: Ints, state: int, end: int) -> Ints:
    """The best path that is in ``state`` in the frame before ``end``; the last event fills what follows."""
    path = np.full(len(back), -1, dtype=np.int64)
    path[end:] = state
    for frame in range(end - 1, -1, -1):
        path[frame] = state
        choice = back[frame, state - lows[frame]]
        if choice == 3:
            break
        state -= int(choice)
    return path


def first_frames(path: Ints, events: Events) -> Floats:
    """Frame in which each event starts; skipped and unplayed ones are interpolated, NaN outside."""
    starts = np.full(len(events.times), np.nan)
    frames, changes = np.arange(len(path)), np.diff(path, prepend=-1) > 0
    starts[path[changes]] = frames[changes]
    known = np.nonzero(np.isfinite(starts))[0]
    inside = slice(known[0], known[-1] + 1)
    starts[inside] = np.interp(events.times[inside], events.times[known], starts[known])
    return starts


def refine(events: Events, evidence: Evidence, starts: Floats) -> Floats:
    """Pass 2: better frames for the events that have one, by dynamic programming."""
    played = np.nonzero(np.isfinite(starts))[0]
    if len(played) < 3:
        return starts
    frames = len(evidence.sounding)
    offsets = np.arange(-REACH, REACH + 1)
    grid = np.clip(np.round(starts[played])[:, None] + offsets, 0, frames - 1).astype(np.int64)
    expected = _expected_durations(events.times[played], starts[played])
    # Frames before the first onset and after the last count too, or a shorter music would look likelier.
    cost = _entry(events, evidence, played[0], grid[0]) + _before(evidence, grid[0])
    back = np.zeros(grid.shape, dtype=np.int64)
    for k in range(1, len(played)):
        low, high = grid[k - 1].min(), grid[k].max() + 1
        stay = evidence.of_states(slice(low, high), events.sounds[played[k - 1] : played[k - 1] + 1])[:, 0]
        total = np.concatenate([[0.0], np.cumsum(stay)])
        gap = (grid[k][None, :] - grid[k - 1][:, None]).astype(float)
        steady = -0.5 * (np.log(np.maximum(gap, 0.5) / expected[k - 1]) / TEMPO_SPREAD) ** 2
        between = total[grid[k] - low][None, :] - total[grid[k - 1] - low][:, None]
        paths = np.where(gap >= 1, cost[:, None] + between + 2.0 * steady, -np.inf)
        back[k] = np.argmax(paths, axis=0)
        cost = paths.max(axis=0) + _entry(events, evidence, played[k], grid[k])
    refined = starts.copy()
    choice = int(np.argmax(cost + _after(events, evidence, played[-1], grid[-1])))
    for k in range(len(played) - 1, -1, -1):
        refined[played[k]] = grid[k, choice]
        choice = int(back[k, choice])
    return refined


def _entry(events: Events, evidence: Evidence, event: int, frames: Ints) -> Floats:
    low, high = int(frames.min()), int(frames.max()) + 1
    return 2.0 * evidence.of_entries(slice(low, high), events.starts[event : event + 1])[frames - low, 0]


def _before(evidence: Evidence, frames: Ints) -> Floats:
    """Log likelihood that nothing sounds from the first of ``frames`` to each of them."""
    low = int(frames.min())
    rest = evidence.silent[low : int(frames.max()) + 1].sum(1) * ABSENT_WEIGHT + np.log(0.5)
    return np.concatenate([[0.0], np.cumsum(rest)])[frames - low]


def _after(events: Events, evidence: Evidence, event: int, frames: Ints) -> Floats:
    """Log likelihood that an event sounds from each of ``frames`` until a little after the last of them."""
    low, high = int(frames.min()), int(frames.max()) + REACH
    stay = evidence.of_states(slice(low, high), events.sounds[event : event + 1])[:, 0]
    return np.asarray(stay.sum() - np.concatenate([[0.0], np.cumsum(stay)])[frames - low])


def _expected_durations(times: Floats, frames: Floats, neighbours: int = 6) -> Floats:
    """Frames that each event should last: its score duration times the tempo around it (median)."""
    steps, lasts = np.diff(times), np.maximum(np.diff(frames), 1.0)
    rates = np.pad(lasts / steps, neighbours, mode="reflect" if len(steps) > neighbours else "edge")
    around = np.lib.stride_tricks.sliding_window_view(rates, 2 * neighbours + 1)
    return np.asarray(np.maximum(np.median(around, axis=1) * steps, 1.0))


def tempo_outliers(events: Events, frames: Floats, factor: float = 1.7) -> float:
    """Part of the score (0 to 1) that would be played faster or slower than ``factor`` times the
    usual tempo: near 0 for a true reading, large where a repeat that was not taken is squeezed in."""
    played = np.nonzero(np.isfinite(frames))[0]
    if len(played) < 8:
        return 1.0
    steps, lasts = np.diff(events.times[played]), np.maximum(np.diff(frames[played]), 1.0)
    rates = _expected_durations(events.times[played], frames[played], 12) / steps
    usual = np.exp(np.average(np.log(rates), weights=lasts))
    return float(np.sum(steps * (np.abs(np.log(rates / usual)) > np.log(factor))) / steps.sum())
