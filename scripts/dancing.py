# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Dances and tracks that are made to belong together: a dancer who steps on given beats, music that has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from plugins.api import Motion, Skeleton

RATE = 22050
DANCER = Skeleton.build(
    "dancer",
    [
        ("hips", None, (0.0, 0.0, 0.95), "body"),
        ("head", "hips", (0.0, 0.0, 0.65), "body"),
        ("left_hand", "hips", (0.35, -0.1, 0.1), "body"),
        ("right_hand", "hips", (-0.35, -0.1, 0.1), "body"),
        ("left_foot", "hips", (0.12, 0.0, -0.9), "body"),
        ("right_foot", "hips", (-0.12, 0.0, -0.9), "body"),
    ],
)
LEFT, RIGHT = 4, 5


def stepping(
    beats: np.ndarray,
    sizes: np.ndarray,
    fps: float,
    *,
    seconds: float,
    metre: int = 4,
    seed: int = 0,
    noise: float = 0.005,
) -> Motion:
    """Steps from foot to foot: each foot leaves on a beat and stands on the next; the body sinks on the first of each
    bar, and every bar goes to the other side.

    Args:
        beats: (B,) seconds. sizes: (B,) how large each step is, about 1.
    """
    chance = np.random.default_rng(seed)
    times = np.arange(int(seconds * fps)) / fps
    positions = np.repeat(DANCER.rest_positions[None], len(times), axis=0)
    moved = np.zeros((len(beats), 3, 2))  # of hips, left foot, right foot, from the beginning
    for i in range(1, len(beats)):
        foot = 1 + i % 2
        moved[i] = moved[i - 1]
        # As far as the step is large, back towards the middle when that is far off.
        angle = chance.uniform(-np.pi, np.pi)
        if np.linalg.norm(moved[i, foot]) > 0.3:
            angle = np.arctan2(-moved[i, foot, 1], -moved[i, foot, 0])
        moved[i, foot] += 0.3 * sizes[i] * np.array([np.cos(angle), np.sin(angle)])
        side = (-1.0) ** (i // metre)
        moved[i, 0] = 0.3 * moved[i, foot] + 0.12 * sizes[i] * side * np.array([1.0, 0.0])
    index = np.clip(np.searchsorted(beats, times, side="right") - 1, 0, len(beats) - 2)
    part = np.clip((times - beats[index]) / (beats[index + 1] - beats[index]), 0.0, 1.0)
    ease = (0.5 - 0.5 * np.cos(np.pi * part))[:, None]
    hips, left, right = ((1 - ease) * moved[index, k] + ease * moved[index + 1, k] for k in range(3))
    positions[:, :LEFT, :2] += hips[:, None]
    positions[:, LEFT, :2] += left
    positions[:, RIGHT, :2] += right
    lift = 0.12 * sizes[index + 1] * np.sin(np.pi * part) ** 2
    positions[np.arange(len(times)), np.where((index + 1) % 2 == 0, LEFT, RIGHT), 2] += lift
    sunk = np.where(np.arange(len(beats)) % metre == 0, 0.08, 0.0) * sizes
    ease = ease[:, 0]
    positions[:, :LEFT, 2] -= ((1 - ease) * sunk[index] + ease * sunk[index + 1])[:, None]
    positions += noise * chance.normal(size=positions.shape)
    return Motion(DANCER, fps, positions)


def beats_of(tempo: float, seconds: float, *, seed: int = 0, drift: float = 0.01) -> np.ndarray:
    """(B,) seconds of beats that come ``tempo`` times a minute, not quite evenly, with a rest now and then."""
    chance = np.random.default_rng(seed)
    steps = 60.0 / tempo * (1.0 + drift * chance.normal(size=int(seconds * tempo / 60.0)))
    beats = 0.5 + np.concatenate([[0.0], np.cumsum(steps)])
    return beats[beats < seconds - 0.3]


def loudness_of(count: int, seed: int = 0) -> np.ndarray:
    """(count,) how loud each beat is, 0 to about 1.5: phrases of eight beats, single ones left out."""
    chance = np.random.default_rng(seed + 1000)
    phrases = np.repeat(chance.uniform(0.5, 1.3, size=count // 8 + 1), 8)[:count]
    return np.asarray(phrases * np.where(chance.random(count) < 0.15, 0.0, chance.uniform(0.7, 1.2, size=count)))


def music(beats: np.ndarray, loud: np.ndarray, seconds: float, *, metre: int = 4, seed: int = 0) -> np.ndarray:
    """Drum and chord on each beat, the first of each bar deeper and louder, over a faint hiss."""
    chance = np.random.default_rng(seed + 2000)
    out = 0.002 * chance.normal(size=int(seconds * RATE))
    t = np.arange(int(0.35 * RATE)) / RATE
    for i, (beat, level) in enumerate(zip(beats, loud, strict=True)):
        first = i % metre == 0
        pitch = 110.0 if first else 220.0 * 2 ** (chance.integers(0, 12) / 12)
        note = np.exp(-t / 0.08) * (
            np.sin(2 * np.pi * pitch * t) + 0.5 * np.exp(-t / 0.01) * chance.normal(size=len(t))
        )
        at = int(beat * RATE)
        span = min(len(t), len(out) - at)
        out[at : at + span] += 0.25 * level * (1.8 if first else 1.0) * note[:span]
    return np.asarray(np.clip(out, -1.0, 1.0), dtype=np.float32)


def write_track(path: Path, *, tempo: float, seconds: float = 60.0, seed: int = 0, metre: int = 4) -> tuple:
    """A track in a file; its beats and how loud each is."""
    beats = beats_of(tempo, seconds, seed=seed)
    loud = loudness_of(len(beats), seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, music(beats, loud, seconds, metre=metre, seed=seed), RATE)
    return beats, loud
