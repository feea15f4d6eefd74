# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Dances that nobody danced, in the layout of Music-to-Dance: waltzes sway slowly to a low sound, rumbas fast to a high
one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from training.datasets.music_to_dance import JOINTS

RATE = 16000
STYLES: dict[str, tuple[float, float, float]] = {"W": (0.7, 200.0, 6.0), "R": (2.1, 1500.0, 18.0)}
"""Turns of the sway a second, Hz of the sound, poses a second."""


def write_dances(folder: Path, pieces: int = 3, seconds: float = 6.0) -> Path:
    """DANCE_W_1 to DANCE_R_n; odd ones begin three seconds into the music, even ones at its beginning."""
    folder.mkdir(parents=True, exist_ok=True)
    for style in STYLES:
        for number in range(1, pieces + 1):
            write_dance(folder / f"DANCE_{style}_{number}.npz", style, number, seconds)
    return folder


def write_dance(path: Path, style: str, number: int, seconds: float) -> None:
    """One pair."""
    turns, hertz, fps = STYLES[style]
    rng = np.random.default_rng([number, ord(style)])
    times = np.arange(round(seconds * fps)) / fps
    start = 75 if number % 2 else 0
    rest = np.random.default_rng(0).uniform(-50.0, 50.0, (len(JOINTS), 3))
    sway = np.sin(2.0 * np.pi * turns * times + rng.uniform(0.0, 6.0))[:, None, None]
    skeletons = rest + 15.0 * sway * np.random.default_rng(1).uniform(-1.0, 1.0, rest.shape)
    held: dict[str, Any] = {
        "center": np.zeros((len(times), 3), np.float32),
        "skeletons": skeletons.astype(np.float32),
        "start_position": np.array(start),
        "end_position": np.array(start + round(25 * seconds)),
    }
    np.savez(path, **held)
    before = min(2.0, start / 25.0)
    at = np.arange(round((before + seconds + 2.0) * RATE)) / RATE
    pulse = 0.5 + 0.5 * np.sin(2.0 * np.pi * turns * at)
    noise = 0.01 * rng.standard_normal(len(at))
    # What comes before the dance is another sound.
    heard = np.where(at < before, 0.3 * np.sin(2.0 * np.pi * 5000.0 * at), 0.3 * pulse * np.sin(2 * np.pi * hertz * at))
    soundfile.write(path.with_suffix(".ogg"), (heard + noise).astype(np.float32), RATE)
