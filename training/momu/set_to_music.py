# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Training dances whose beats are put where the music has them.

Sound and motion of Music-to-Dance keep the same bars, but not to a beat: where in a beat the dancers stand still
differs from piece to piece as if by lot, and drifts within a piece. What is trained on such pairs cannot learn where
the beat is. So a dance may be moved against its music (``to_the_beat``), or hurried and held back a little so that it
stands still on beats (``on_the_beat``). For training only: what is judged and compared with is as it was captured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio
from plugins.api.log_mel import FPS
from training.metrics import Floats
from training.momu.beats import aligned, dance_beats, music_beats
from training.momu.dance_clips import DanceClip

FASTEST: Final = 1.5
"""Times as fast as it was danced, or as slow, that a round of ``on_the_beat`` makes a dance at most."""
ROUNDS: Final = 3
"""Who is hurried stands still elsewhere than before. On the real dances three rounds bring beat F at 100 ms from 0.27
to 0.48 (waltz), 0.24 to 0.54 (rumba), 0.34 to 0.59 (cha-cha), for a tenth more acceleration; three more, little."""


def warped_to_beats(clips: Sequence[DanceClip]) -> list[DanceClip]:
    """Each ``on_the_beat`` of its own music."""
    return [on_the_beat(clip, music_beats(clip.audio)) for clip in clips]


def to_the_beat(clip: DanceClip, beats: Floats) -> tuple[DanceClip, float]:
    """A dance moved against its sound by at most half a beat, so that its own beats fall on the music's as well as they
    can; and by how many seconds it is later than it was captured."""
    if len(beats) < 2:
        return clip, 0.0
    half = int(np.median(np.diff(beats)) * FPS / 2)
    found = dance_beats(clip.places)
    shifts = np.array(sorted(range(-half, half + 1), key=abs))
    best = int(shifts[int(np.argmax([aligned(found + shift / FPS, beats) for shift in shifts]))])
    return shifted(clip, best), best / FPS


def shifted(clip: DanceClip, frames: int) -> DanceClip:
    """The same with the motion so many frames later in the music (earlier when negative), cut to what both have."""
    count = len(clip) - abs(frames)
    if count < 2:
        raise ValueError(f"{clip.name} has {len(clip)} frames; it cannot be moved by {frames}")
    sound, motion = max(frames, 0), max(-frames, 0)
    rate = clip.audio.sample_rate
    samples = clip.audio.samples[round(sound / FPS * rate) : round((sound + count) / FPS * rate)]
    return replace(
        clip,
        places=clip.places[motion : motion + count],
        heard=clip.heard[sound : sound + count],
        audio=Audio(samples, rate),
    )


def on_the_beat(clip: DanceClip, beats: Floats) -> DanceClip:
    """A dance in a time of its own, which goes on without a jump of its speed, so that each of its beats that is near a
    beat of the music falls on it; the sound stays what it is."""
    from scipy.interpolate import CubicSpline, PchipInterpolator

    times = np.arange(len(clip)) / FPS
    places = clip.places.astype(np.float64)
    for _ in range(ROUNDS):
        then, now = anchors(dance_beats(places), beats, clip.seconds)
        danced = np.clip(PchipInterpolator(now, then)(times), times[0], times[-1])
        places = CubicSpline(times, places, axis=0)(danced)
    return replace(clip, places=places.astype(np.float32))


def anchors(danced: Floats, beats: Floats, seconds: float) -> tuple[Floats, Floats]:
    """Moments of a dance, and when they should come: beats of both that are each other's nearest, with both ends. Where
    the dance would have to go faster or slower than FASTEST between two, the one that is farther off is left out."""
    pairs = _nearest_of_each_other(danced, beats)
    then, now = ([0.0, *side, seconds] for side in (danced[pairs[:, 0]], beats[pairs[:, 1]]))
    while True:
        pace = np.diff(then) / np.maximum(np.diff(now), 1e-6)
        wrong = np.nonzero((pace > FASTEST) | (pace < 1.0 / FASTEST))[0]
        if not len(wrong):
            return np.array(then), np.array(now)
        # Neither end is ever left out: both are where they were.
        off = [abs(then[at] - now[at]) for at in (wrong[0], wrong[0] + 1)]
        out = wrong[0] + int(off[1] >= off[0])
        del then[out], now[out]


def _nearest_of_each_other(danced: Floats, beats: Floats) -> npt.NDArray[np.int64]:
    """(N, 2) places in both."""
    if not len(danced) or not len(beats):
        return np.empty((0, 2), dtype=np.int64)
    apart = np.abs(danced[:, None] - beats[None])
    of_dance, of_music = apart.argmin(axis=1), apart.argmin(axis=0)
    mutual = np.nonzero(of_music[of_dance] == np.arange(len(danced)))[0]
    return np.stack([mutual, of_dance[mutual]], axis=1)
