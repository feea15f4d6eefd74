# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The body in time with the music: where the trunk comes to rest, and how fast the head moves, beside a real violinist's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import numpy as np
from scipy.signal import butter, filtfilt

from plugins.api import Motion
from training import performance_metrics as metrics

mpl.use("Agg")
import matplotlib.pyplot as plt

CUTOFF = 3.0
"""Hz: a Kinect's joints jitter above it. All heads are low-passed alike."""
KINECT_FPS = 30.0
SHOWN = 20.0
"""Seconds in the plot."""


@dataclass(frozen=True, eq=False)
class Moved:
    """A performance with its pulse and without, from the same notes and beats; seconds of the bars."""

    name: str
    usual: Motion = field(repr=False)
    still: Motion = field(repr=False)
    bars: np.ndarray = field(repr=False)


def table(moved: Sequence[Moved], kinect: Path | None) -> list[str]:
    """Rows: bars met, by chance (the bars of another recording, or half a bar later), without pulse; the head's speed."""
    rows = [
        "| recording | bars on which the trunk comes to rest | another recording's bars | half a bar later | without pulse | head, mm/s | without pulse |",
        "|---|---|---|---|---|---|---|",
    ]
    for i, one in enumerate(moved):
        other = moved[(i + 1) % len(moved)].bars if len(moved) > 1 else np.empty(0)
        inside = other[other < one.bars[-1]]
        chance = f"{metrics.rests_met(one.usual, inside):.2f}" if len(inside) else ""
        later = one.bars[:-1] + np.diff(one.bars) / 2
        rows.append(
            f"| {one.name} | {metrics.rests_met(one.usual, one.bars):.2f} | {chance} "
            f"| {metrics.rests_met(one.usual, later):.2f} | {metrics.rests_met(one.still, one.bars):.2f} "
            f"| {_speed(one.usual.joint('head'), one.usual.fps):.0f} | {_speed(one.still.joint('head'), one.still.fps):.0f} |"
        )
    if kinect is not None:
        speeds = [_speed(_head(p), KINECT_FPS) for p in sorted(kinect.glob("3DBowingTemplates/*.csv"))]
        rows.append(
            f"| *a real violinist, eight single strokes* | | | | | {np.median(speeds):.0f} ({min(speeds):.0f} to {max(speeds):.0f}) | |"
        )
    return rows


def plot(one: Moved, path: Path) -> None:
    """The head from side to side and up and down, bars marked."""
    figure, axes = plt.subplots(2, 1, figsize=(11, 4.6), sharex=True)
    for motion, label, colour in ((one.still, "without pulse", "0.6"), (one.usual, "as it is", "tab:blue")):
        shown = motion.times < SHOWN
        head = 1000 * (motion.joint("head") - motion.joint("head").mean(axis=0))[shown]
        for axis, across in zip(axes, (0, 2), strict=True):
            axis.plot(motion.times[shown], head[:, across], color=colour, label=label)
    for axis, label in zip(axes, ("to the left, mm", "up, mm"), strict=True):
        axis.set_ylabel(f"head {label}")
        for bar in one.bars[one.bars < SHOWN]:
            axis.axvline(bar, color="tab:red", linewidth=0.7)
    axes[0].legend(fontsize=8, loc="lower left")
    axes[1].set_xlabel("seconds; bars in red")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _head(path: Path) -> np.ndarray:
    data = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding=None)
    return np.stack([data[f"Head{axis}"] for axis in "xyz"], axis=1).astype(float)


def _speed(places: np.ndarray, fps: float) -> float:
    """Millimetres a second, root of the mean square."""
    smooth = filtfilt(*butter(2, CUTOFF / (fps / 2)), places, axis=0, padlen=min(9, len(places) - 1))
    return float(1000 * fps * np.sqrt(np.square(np.diff(smooth, axis=0)).sum(axis=1).mean()))
