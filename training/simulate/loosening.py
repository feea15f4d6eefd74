# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A performance played more freely: beats stretched one by one, waits, chords not quite together.

What players do beyond the arch of a phrase. Sizes as in measurements of pianists: beats of romantic music vary by a
tenth to a third of their length (B. Repp, *Diversity and commonality in music performance*, JASA 92, 1992), the
melody leads by about 30 ms (W. Goebl, JASA 110, 2001).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from training.datasets.mosa_annotations import AlignedNote, Annotations

FREEDOM: Final = (0.015, 0.12)
"""Deviation of the logarithm of a beat's length, of the strictest and the freest performance."""
WAITS: Final = (0.0, 0.04)
"""Chance that a beat waits."""
APART: Final = (0.003, 0.014)
"""Seconds (deviation) between notes that are written together."""
LEAD: Final = (0.0, 0.03)
"""Seconds by which the highest note comes first."""
ROLLED: Final = (0.0, 0.08)
"""Chance that a chord is rolled, and the seconds from note to note."""
ROLL: Final = (0.02, 0.06)

Floats = npt.NDArray[np.float64]


def loosened(annotations: Annotations, rng: np.random.Generator, *, chords: bool) -> Annotations:
    """The same music with freer times.

    Args:
        chords: whether notes written together come apart, as under ten fingers.
    """
    old, new = _stretched(annotations, rng)
    moved = [
        replace(n, onset=float(np.interp(n.onset, old, new)), offset=float(np.interp(n.offset, old, new)))
        for n in annotations.align_notetime
    ]
    if chords:
        moved = _spread(moved, rng)
    notes = tuple(
        replace(n, onset=round(n.onset, 5), offset=round(max(n.offset, n.onset + 0.03), 5))
        for n in sorted(moved, key=lambda n: n.note_id)
    )
    return replace(annotations, align_notetime=notes)


def _stretched(annotations: Annotations, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Old and new seconds of the beats (and of the ends)."""
    last = max(n.offset for n in annotations.align_notetime)
    beats = annotations.seconds([b.position for b in annotations.beat])
    old = np.unique(np.concatenate([[0.0], beats[(beats > 0.0) & (beats < last)], [last, last + 60.0]]))
    lengths = np.diff(old)
    freedom = float(np.exp(rng.uniform(*np.log(FREEDOM))))
    own = rng.normal(0.0, freedom, len(lengths))
    # Half of it is habit: the same beat of the bar is long again and again.
    bar = max(1, round(len(annotations.beat) / max(len(annotations.downbeat), 1)))
    habit = rng.normal(0.0, 0.7 * freedom, bar)[np.arange(len(lengths)) % bar]
    waits = (rng.random(len(lengths)) < rng.uniform(*WAITS)) * rng.uniform(0.1, 0.7, len(lengths))
    new = lengths * np.exp(own + habit) * (1.0 + waits)
    new[0] = lengths[0]
    return old, np.concatenate([[0.0], np.cumsum(new)])


def _spread(notes: list[AlignedNote], rng: np.random.Generator) -> list[AlignedNote]:
    apart, lead = float(rng.uniform(*APART)), float(rng.uniform(*LEAD))
    rolled, step = float(rng.uniform(*ROLLED)), float(rng.uniform(*ROLL))
    by_position: dict[float, list[AlignedNote]] = {}
    for note in notes:
        by_position.setdefault(note.score_position, []).append(note)
    out = []
    for chord in by_position.values():
        chord.sort(key=lambda n: n.midi_number)
        roll = step * (rng.random() < rolled) * (len(chord) > 1)
        for i, note in enumerate(chord):
            late = float(np.clip(rng.normal(0.0, apart), -2.5 * apart, 2.5 * apart)) + i * roll
            late -= lead * (len(chord) > 1 and i == len(chord) - 1 and not roll)
            onset = max(note.onset + late, 0.0)
            out.append(replace(note, onset=onset, offset=max(note.offset, onset + 0.03)))
    return out
