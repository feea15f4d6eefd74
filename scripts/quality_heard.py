# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Vibrato and swelling strokes as they are heard in recordings: what was told, and what the bow makes of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from plugins.api import Audio, Motion
from plugins.performer.heard import LONG, sways
from plugins.performer.music import Chord
from training import performance_metrics as metrics

INSIDE = 0.1
"""Seconds at both ends of a stroke that are left out."""
FRAMES = 12
"""Of a stroke, at least."""


@dataclass(frozen=True, eq=False)
class Listened:
    """A performance of a recording, and the same with ``as_heard=0``."""

    name: str
    audio: Audio = field(repr=False)
    chords: Sequence[Chord] = field(repr=False)
    usual: Motion = field(repr=False)
    deaf: Motion = field(repr=False)


def table(listened: Sequence[Listened]) -> list[str]:
    rows = [
        f"| recording | single notes of {LONG} s and more | clear | with vibrato | Hz | cents | strokes | speed with loudness | `as_heard=0` |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in listened:
        long = sum(len(c.pitches) == 1 and not c.plucked and c.duration >= LONG for c in one.chords)
        clear = [s for s in sways(one.audio, one.chords) if s is not None]
        swaying = [s for s in clear if s.hertz]
        rate, wide = (
            f"{np.median(v):.1f} ({np.percentile(v, 10):.1f} to {np.percentile(v, 90):.1f})" if v else ""
            for v in ([s.hertz for s in swaying], [s.cents for s in swaying])
        )
        usual, deaf = (_with_loudness(m, one.audio) for m in (one.usual, one.deaf))
        rows.append(
            f"| {one.name} | {long} | {len(clear)} | {len(swaying)} | {rate} | {wide} | {len(usual)} "
            f"| {np.median(usual):.2f} | {np.median(deaf):.2f} |"
        )
    return rows


def _with_loudness(motion: Motion, audio: Audio) -> list[float]:
    """Correlation of the bow's speed with the level of the sound (dB) within each stroke that is long enough."""
    speed = np.abs(np.gradient(metrics.bow_position(motion)))
    level = audio.loudness(50.0)
    level = np.interp(motion.times, audio.start + np.arange(len(level)) / 50.0, level)
    turns = metrics.bow_reversals(motion)
    found = []
    for start, end in itertools.pairwise(turns):
        inside = (motion.times > start + INSIDE) & (motion.times < end - INSIDE)
        if inside.sum() >= FRAMES and speed[inside].std() > 0.0 and level[inside].std() > 0.5:
            found.append(float(np.corrcoef(speed[inside], level[inside])[0, 1]))
    return found
