# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Performances that nobody recorded: excerpts of scores, played freely, as the network would hear them
(``training.simulate.imagined``). Each is another one, so that a training does not learn its recordings by heart."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from plugins.a2m.score_features import score_features
from plugins.api.log_mel import BANDS, FPS
from plugins.hearing import features
from training.a2m_clips import Recording
from training.datasets.mosa_tracks import tracks
from training.recognition.targets import classes_of, events_of
from training.recognition.windows import Heard
from training.simulate.excerpts import Library, excerpt
from training.simulate.imagined import Hearing, keys, levels
from training.simulate.kinds import KINDS
from training.simulate.loosening import loosened
from training.simulate.timing import perform

MUSICIANS: Final = 2**31
"""Each plays once."""
TAIL: Final = 1.0
"""Seconds behind the last note."""


def imagined(library: Library, instrument: str, spread: float, rng: np.random.Generator, seen: bool = False) -> Heard:
    """Half a minute to a minute of one of these scores, played and heard.

    Args:
        instrument: violin or piano.
        spread: deviation of the logarithm of the tempo.
        seen: whether the network sees too; of what is imagined there is nothing to be seen.
    """
    kind = KINDS[instrument]
    who = kind.player(int(rng.integers(MUSICIANS)), 0)
    score = excerpt(library, instrument, rng, spread)
    played = loosened(perform(score, who, rng), rng, chords=instrument == "piano")
    known = tracks(played)
    notes, struck = kind.sounding(known, played, who, rng), instrument == "piano"
    count = round(FPS * (max(n.end for n in notes) + TAIL))
    heard = Hearing.by(rng, struck)
    found = keys(notes, count, heard, rng, struck)
    relative = features.relative(levels(notes, count, heard, struck))
    inputs = np.concatenate([np.round(255.0 * found), np.round(127.0 * (relative + 1.0))], axis=1).astype(np.uint8)
    told = score_features(known, np.zeros((count, BANDS), np.float32), np.zeros(FPS, np.float32), FPS)
    events = {name: at for name, at in events_of(told).items() if len(at) or name != "phrase"}
    recording = Recording(Path(score.title).name, who.name, "", instrument, "train", count, 0)
    return Heard(recording, {"notes": inputs, **({"movement": None} if seen else {})}, events, classes_of(told))
