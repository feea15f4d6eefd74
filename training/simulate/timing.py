# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""When a player plays each note: tempo that follows the phrases, rubato, breath, uneven fingers.

The arch of a phrase (slower at its ends than in its middle) is Todd's (N. Todd, *A model of expressive
timing in tonal music*, Music Perception 3, 1985); the final slowing follows a square root of the distance left,
as a runner's stopping (A. Friberg and J. Sundberg, *Does music performance allude to locomotion?*, JASA 105, 1999).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from training.datasets.mosa_annotations import AlignedNote, Annotations, Position
from training.simulate.players import Player
from training.simulate.score import Score, pitch_name

Floats = npt.NDArray[np.float64]
GRID: Final = 1 / 12
"""Quarter notes between two values of the tempo curve."""
LEAD_IN: Final = (0.7, 2.5)
"""Seconds of silence before the first note."""
SHORT: Final = (0.35, 0.6)
"""Part of its time that a staccato note sounds."""


def perform(score: Score, player: Player, rng: np.random.Generator) -> Annotations:
    """The piece as it is played: all of MOSA's tables."""
    seconds = _tempo_curve(score, player, rng)
    notes = tuple(_played(score, player, seconds, rng))
    count, first = int(np.ceil(score.length / score.beat - 1e-6)), min(0.0, score.notes[0].position)
    return Annotations(
        align_notetime=notes,
        beat=tuple(Position(round(i * score.beat, 6)) for i in range(-int(-first // score.beat), count)),
        downbeat=tuple(Position(round(i * score.bar, 6)) for i in range(score.bars)),
        cadence=score.cadences,
        expression=score.expressions,
        harmony=score.harmonies,
        note=tuple(score.written(n) for n in score.notes),
        phrase_section=score.phrases if score.phrased else (),
    )


def varied(annotations: Annotations, player: Player, rng: np.random.Generator) -> Annotations:
    """A real performance's timing at this player's tempo and with a little unrest of his own: nobody plays
    a piece the same way twice."""
    start = min(n.onset for n in annotations.align_notetime)
    lead, scale = rng.uniform(*LEAD_IN), 1.0 / player.tempo
    positions = sorted({n.onset for n in annotations.align_notetime})
    moved = {p: float(rng.normal(0.0, 0.5 * player.unrest)) for p in positions}

    def at(seconds: float, unrest: float = 0.0) -> float:
        return round(lead + (seconds - start) * scale + float(np.clip(unrest, -0.03, 0.03)), 5)

    notes = []
    for n in annotations.align_notetime:
        onset = at(n.onset, moved[n.onset])
        notes.append(replace(n, onset=onset, offset=max(at(n.offset), onset + 0.02)))
    return replace(annotations, align_notetime=tuple(notes))


def _tempo_curve(score: Score, player: Player, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Score positions and the seconds at which they are played."""
    # A pickup lies before the first downbeat.
    positions = np.arange(min(0.0, score.notes[0].position), score.length + GRID / 2, GRID)
    slow = np.zeros(len(positions))  # logarithm of the time that a step takes
    for phrase in score.phrases:
        inside = (positions >= phrase.onset) & (positions < phrase.offset)
        u = (positions[inside] - phrase.onset) / (phrase.offset - phrase.onset)
        depth = player.rubato * rng.uniform(0.02, 0.12)
        peak = rng.uniform(0.35, 0.6)
        slow[inside] += depth * ((u - peak) / max(peak, 1 - peak)) ** 2
        slow[inside] += player.rubato * rng.uniform(0.0, 0.25) * np.clip((u - 0.88) / 0.12, 0, 1) ** 2
    slow += _wandering(len(positions), player, score, rng)
    slow += 0.02 * player.rubato * (positions % score.bar < GRID * 3)
    for mark in score.expressions:
        if mark.expression == "rit":
            left = np.clip((mark.offset - positions) / (mark.offset - mark.onset), 0.06, 1.0)
            slow += np.where((positions >= mark.onset) & (positions < mark.offset), -0.5 * np.log(left), 0.0) * 0.6
    step = GRID / score.beat * 60.0 / (score.pulse * player.tempo) * np.exp(slow)
    times = rng.uniform(*LEAD_IN) + np.concatenate([[0.0], np.cumsum(step[:-1])])
    return positions, times + _breaths(score, player, positions, rng)


def _wandering(count: int, player: Player, score: Score, rng: np.random.Generator) -> Floats:
    """Tempo that drifts from beat to beat."""
    beats = int(count * GRID / score.beat) + 2
    drift = np.convolve(rng.normal(0, 1, beats + 8), np.hanning(9) / np.sqrt((np.hanning(9) ** 2).sum()), "valid")
    at = np.arange(count) * GRID / score.beat
    return np.asarray(0.03 * player.rubato * np.interp(at, np.arange(len(drift)), drift))


def _breaths(score: Score, player: Player, positions: Floats, rng: np.random.Generator) -> Floats:
    """Seconds that the music has waited by each position: at the ends of phrases."""
    wait = np.zeros(len(positions))
    for phrase in score.phrases[:-1]:
        if rng.random() < 0.5:
            wait[positions >= phrase.offset - 1e-6] += rng.uniform(0.03, 0.35) * min(player.rubato, 1.3)
    return wait


def _played(score: Score, player: Player, curve: tuple[Floats, Floats], rng: np.random.Generator) -> list[AlignedNote]:
    slurs = [(e.onset, e.offset) for e in score.expressions if e.expression == "legato"]
    short = {e.onset for e in score.expressions if e.expression == "staccato"}
    starts = np.array(sorted({n.position for n in score.notes}))
    onsets = np.interp(starts, *curve) + np.clip(rng.normal(0, player.unrest, len(starts)), -0.03, 0.03)
    # However uneven, notes keep their order.
    onsets = np.maximum.accumulate(onsets + 0.03 * np.arange(len(starts))) - 0.03 * np.arange(len(starts))
    following = _following(score)
    when = dict(zip(starts, onsets, strict=True))
    phrase_ends = {p.offset for p in score.phrases}
    separate = rng.uniform(player.detached - 0.04, min(player.detached + 0.04, 1.0))
    out = []
    for i, note in enumerate(score.notes):
        onset, after = float(when[note.position]), following[note.staff, note.position]
        written_end = float(np.interp(note.end, *curve))
        end = min(written_end, float(when[after])) if np.isfinite(after) else written_end
        tied = any(a <= note.position and after < b - 1e-6 for a, b in slurs)
        if note.position in short:
            end = onset + (end - onset) * rng.uniform(*SHORT)
        elif note.end in phrase_ends:
            end = onset + (end - onset) * rng.uniform(0.85, 1.0)
        elif not tied:
            end = onset + (end - onset) * separate
        end = max(end, onset + 0.03)
        bar, place = divmod(note.position, score.bar)
        times = round(onset, 5), round(end, 5)
        out.append(
            AlignedNote(
                i,
                *times,
                note.position,
                note.end,
                pitch_name(note.pitch),
                note.pitch,
                note.length,
                int(bar),
                round(place, 6),
            )
        )
    return out


def _following(score: Score) -> dict[tuple[int, float], float]:
    """Staff and position of each note -> position of the next one on that staff."""
    out: dict[tuple[int, float], float] = {}
    for staff in {n.staff for n in score.notes}:
        starts = sorted({n.position for n in score.notes if n.staff == staff})
        out |= {(staff, a): b for a, b in zip(starts, [*starts[1:], np.inf], strict=True)}
    return out
