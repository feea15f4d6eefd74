# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Vibrato and swelling strokes as they are heard in recordings: what was told, and what the bow makes of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from plugins.api import Audio, Motion
from plugins.performer.heard import LONG, sways
from plugins.performer.music import Chord
from training import performance_metrics as metrics

RATE = 22050
LENGTHS = (0.4, 0.5, 0.7, 1.0, 2.0)
PITCHES = (57, 69, 81, 93)
EACH = 12
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


def known() -> str:
    """What is heard of tones whose vibrato is known, and of tones whose pitch wanders by chance."""
    rng = np.random.default_rng(0)
    rates, widths, missed, untold, wandering = [], [], 0, 0, 0
    for seconds in LENGTHS:
        for pitch in PITCHES:
            swaying = [(float(rng.uniform(4.5, 7.5)), float(rng.uniform(6.0, 25.0))) for _ in range(EACH)]
            for rate, cents in swaying:
                sway = _heard(pitch, seconds, lambda t, r=rate, c=cents: c * np.sin(2 * np.pi * r * t), rng)
                untold += sway is None
                missed += sway is not None and not sway.hertz
                if sway is not None and sway.hertz:
                    rates.append(abs(sway.hertz - rate))
                    widths.append(abs(sway.cents - cents) / cents)
            for _ in range(EACH):
                sway = _heard(pitch, seconds, lambda t: _wandering(len(t), rng), rng)
                wandering += sway is not None and sway.hertz > 0.0
    count = len(LENGTHS) * len(PITCHES) * EACH
    return (
        f"Of {count} tones with a vibrato of 4.5 to 7.5 Hz and 6 to 25 cents ({', '.join(map(str, LENGTHS))} s long, "
        f"noise 26 dB below) {100 * missed / count:.0f} % are taken for still ones, of {100 * untold / count:.0f} % (short "
        f"ones) nothing is told; of the others the rate is {np.median(rates):.2f} Hz off (median; 90 %: "
        f"{np.percentile(rates, 90):.2f}), the width {100 * np.median(widths):.0f} % ({100 * np.percentile(widths, 90):.0f}). "
        f"Of as many whose pitch wanders by chance (6 cents, within 30 ms) {100 * wandering / count:.0f} % are taken for "
        "vibrato; the fingertip then follows what the pitch really does."
    )


def _heard(pitch: int, seconds: float, sways_by: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator):
    """What is told of one tone of eight partials."""
    t = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(440.0 * 2.0 ** ((pitch - 69) / 12 + sways_by(t) / 1200.0)) / RATE
    tone = sum(np.sin(k * phase + rng.uniform(0.0, 6.0)) / k for k in range(1, 9)) * 0.2
    noise = 0.05 * np.sqrt(np.square(tone).mean()) * rng.standard_normal(len(t))
    return sways(Audio((tone + noise).astype(np.float32), RATE), [Chord(0.0, seconds, (pitch,))])[0]


def _wandering(count: int, rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    drawn = gaussian_filter1d(rng.standard_normal(count), 0.03 * RATE)
    return 6.0 * drawn / drawn.std()


def table(listened: Sequence[Listened]) -> list[str]:
    rows = [
        f"| recording | single notes of {LONG} s and more | told of | with vibrato | Hz | cents | strokes | speed with loudness | `as_heard=0` |",
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
