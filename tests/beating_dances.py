# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Dances and sounds whose beats are known: every joint stands still on the beat, every beat is a click."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plugins.api import Audio
from plugins.api.log_mel import FPS, log_mel
from training.datasets.music_to_dance import JOINTS, SKELETON
from training.momu.dance_clips import DanceClip

RATE = 22050
FOOT = {"foot": 0.1, "toes": 0.03, "heel": 0.03, "lower_leg": 0.5, "upper_leg": 0.95}


def clicks(times: np.ndarray, seconds: float, seed: int = 0) -> Audio:
    """A short burst of noise at each time, over a faint hiss."""
    rng = np.random.default_rng(seed)
    samples = 0.001 * rng.standard_normal(round(seconds * RATE))
    burst = rng.standard_normal(1500) * np.exp(-np.arange(1500) / 300.0) * 0.3
    for time in times:
        at = round(time * RATE)
        part = burst[: max(0, len(samples) - at)]
        samples[at : at + len(part)] += part
    return Audio(samples.astype(np.float32), RATE)


def body() -> np.ndarray:
    """(J, 3) metres: who faces -Y, the left side on +X, feet on the floor."""
    rng = np.random.default_rng(0)
    out = rng.uniform(-0.15, 0.15, (len(JOINTS), 3))
    for i, joint in enumerate(JOINTS):
        side, _, part = joint.partition("_")
        out[i, 0] = {"left": 0.2, "right": -0.2}.get(side, 0.0)
        out[i, 2] = FOOT.get(part, 1.4)
        if part == "upper_leg":
            out[i, 1] = 0.0
    return out


def swinging(seconds: float, period: float, first: float = 0.0, size: float = 0.1, seed: int = 0) -> np.ndarray:
    """(T, J, 3): joints swing to and fro, each in a direction of its own, and stand still at ``first`` and each
    ``period`` after it."""
    times = np.arange(round(seconds * FPS)) / FPS
    directions = np.random.default_rng(seed).normal(size=(len(JOINTS), 3))
    directions[[list(JOINTS).index(f"{side}_upper_leg") for side in ("left", "right")]] *= 0.1
    swing = np.cos(np.pi * (times - first) / period)
    return (body() + size * swing[:, None, None] * directions).astype(np.float32)


def dance(name: str, period: float = 0.6, seconds: float = 20.0, label: str = "waltz", late: float = 0.0) -> DanceClip:
    """Clicks each ``period`` from 0.3 s, and a dance on them, or ``late``."""
    audio = clicks(np.arange(0.3, seconds, period), seconds)
    places = swinging(seconds, period, 0.3 + late, seed=sum(name.encode()))
    heard = log_mel(audio.samples, audio.sample_rate)[: len(places)]
    return DanceClip(name, label, name, places, heard, audio, SKELETON)


def with_places(clip: DanceClip, places: np.ndarray) -> DanceClip:
    return replace(clip, places=places.astype(np.float32))
