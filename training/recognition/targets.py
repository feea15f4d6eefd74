# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What is to be heard in a clip, from the score features that lie beside its sound."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.score_features import ARTICULATIONS, DYNAMICS, NAMES

EVENTS: Final = ("beat", "downbeat", "phrase")
CLASSES: Final = {"dynamics": max(DYNAMICS.values()), "articulation": max(ARTICULATIONS.values()) + 1}
"""How many there are of each. Articulation 0 is neutral; dynamics are counted from the softest, -1 unknown."""

Score = npt.NDArray[np.floating[Any]]


def event_frames(marked: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
    """Middle frames of the runs that mark events in a column (T,)."""
    on = np.concatenate([[False], np.asarray(marked) > 0.5, [False]])
    first, past = np.nonzero(on[1:] & ~on[:-1])[0], np.nonzero(on[:-1] & ~on[1:])[0]
    return np.asarray(np.clip(np.round((first + past - 1) / 2), 0, max(len(marked) - 1, 0)), dtype=np.int64)


def events_of(score: Score) -> dict[str, npt.NDArray[np.int64]]:
    """Frames of the beats, downbeats and beginnings of phrases of (T, 10) score features."""
    return {name: event_frames(score[:, NAMES.index(name)]) for name in EVENTS}


def classes_of(score: Score) -> dict[str, npt.NDArray[np.int64]]:
    """(T,) classes of dynamics (0 softest to 5, -1 unknown) and articulation (0 neutral, 1 legato, 2 staccato)."""
    dynamics = np.round(score[:, NAMES.index("dynamics")] * CLASSES["dynamics"]).astype(np.int64) - 1
    articulation = np.round(score[:, NAMES.index("articulation")] * (CLASSES["articulation"] - 1)).astype(np.int64)
    return {"dynamics": dynamics, "articulation": articulation}
