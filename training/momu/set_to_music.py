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

import numpy as np

from plugins.api import Audio
from plugins.api.log_mel import FPS
from plugins.api.retimed import at_times
from plugins.beat_align.timing import times_on_the_beat
from training.metrics import Floats
from training.momu.beats import aligned, dance_beats, music_beats
from training.momu.dance_clips import DanceClip


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
    """A dance in a time of its own, in which each of its beats that is near a beat of the music falls on it
    (``plugins.beat_align``); the sound stays what it is."""
    times = np.arange(len(clip)) / FPS
    places = clip.places.astype(np.float64)

    def danced(at: Floats) -> Floats:
        return at_times(places, times, at)

    return replace(clip, places=danced(times_on_the_beat(danced, times, beats)).astype(np.float32))
