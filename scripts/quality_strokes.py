# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Our bow strokes beside a real violinist's: speed and acceleration of the right wrist.

The real strokes are Kinect recordings at 30 frames per second, one down-bow and one
up-bow on each string (github.com/Letuvertia/Violin-Body-Movement-Generation, MIT). Ours
are single notes of the same durations on the same strings. Both are low-passed alike.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from scipy.signal import butter, filtfilt

from plugins.api import Annotation, AnnotationTrack, Audio, JobContext, Motion
from plugins.ik.step import InverseKinematics
from plugins.performer.generator import Performer

mpl.use("Agg")
import matplotlib.pyplot as plt

FPS = 30.0
CUTOFF = 3.0
"""Hz: a Kinect's joints jitter above it."""
PITCHES = (57, 64, 71, 78)
"""First finger on each string, G to E."""


def compare(folder: Path, images: Path) -> list[str]:
    """Rows of a table; the plot goes to docs/images/strokes.png."""
    rows = ["| stroke | | seconds | path | peak speed | peak at | peak acceleration |", "|---|---|---|---|---|---|---|"]
    figure, axes = plt.subplots(2, 4, figsize=(14, 6), sharey="row")
    correlations = []
    for column, string in enumerate("1234"):
        for direction, colour in (("down", "tab:blue"), ("up", "tab:orange")):
            real = _filtered(_kinect(folder / f"3DBowingTemplates/3DBowingTemplate_{string}_{direction}.csv"))
            duration = len(real) / FPS
            # The templates do not say which number is which string: ours follow E to G.
            ours = _filtered(_stroke(PITCHES[3 - column], duration, direction))
            for label, wrist, style in (("real", real, "-"), ("ours", ours, "--")):
                speed, acceleration = _profiles(wrist)
                phase = np.linspace(0, 1, len(speed))
                axes[0, column].plot(phase, speed, style, color=colour, label=f"{direction}, {label}")
                axes[1, column].plot(phase[1:], acceleration, style, color=colour)
                rows.append(
                    f"| {string} {direction} | {label} | {duration:.2f} | {100 * speed.sum() / FPS:.0f} cm "
                    f"| {speed.max():.2f} m/s | {100 * phase[np.argmax(speed)]:.0f} % | {np.abs(acceleration).max():.1f} m/s² |"
                )
            grid = np.linspace(0, 1, 50)
            pair = [np.interp(grid, np.linspace(0, 1, len(s)), s) for s in (_profiles(real)[0], _profiles(ours)[0])]
            correlations.append(np.corrcoef(pair)[0, 1])
        axes[0, column].set_title(f"stroke {string}")
        axes[1, column].set_xlabel("part of the stroke")
    axes[0, 0].set_ylabel("speed of the wrist, m/s")
    axes[1, 0].set_ylabel("acceleration along the path, m/s²")
    axes[0, 0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(images / "strokes.png", dpi=80)
    rows.append("")
    rows.append(
        f"Correlation of the speed profiles over the stroke: median {np.median(correlations):.2f} "
        f"({min(correlations):.2f} to {max(correlations):.2f})."
    )
    return rows


def _kinect(path: Path) -> np.ndarray:
    """(T, 3) right wrist relative to the middle of the shoulders, metres."""
    table = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding=None)
    # genfromtxt drops the dots of the column names.
    wrist, neck = (
        np.stack([table[f"{joint}{axis}"] for axis in "xyz"], 1) for joint in ("WristRight", "SpineShoulder")
    )
    return np.asarray(wrist - neck, dtype=float)


def _stroke(pitch: int, duration: float, direction: str) -> np.ndarray:
    """(T, 3) our right wrist over one whole bow."""
    lead = 1.0
    first = {"pitch": pitch, "velocity": 0.7, "new_bow": True, "bow": direction, "dynamics": "f"}
    track = AnnotationTrack("note", (Annotation(lead, duration, first),))
    samples = np.full(int((duration + 2 * lead) * 8000), 0.3, dtype=np.float32)
    context = JobContext(annotations=[track, AnnotationTrack("beat")], fps=FPS)
    performer = Performer()
    motion = performer.generate(
        Audio(samples, 8000),
        performer.Options(sway=0, pulse=0, weight=0, head=0, breathing=0, noise=0, vibrato=0),
        context,
    )
    solved: Motion = InverseKinematics().apply(motion, None, context)
    first_frame = round(lead * FPS)
    wrist = solved.joint("right_hand") - solved.joint("upper_chest")
    return np.asarray(wrist[first_frame : first_frame + round(duration * FPS)], dtype=float)


def _filtered(positions: np.ndarray) -> np.ndarray:
    """(T,) low-passed place along the stroke: the main direction of the wrist's path (principal component)."""
    centred = positions - positions.mean(axis=0)
    along = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    along = along * np.sign(along[-1] - along[0])
    return np.asarray(filtfilt(*butter(2, CUTOFF / (FPS / 2)), along, padlen=min(9, len(along) - 1)))


def _profiles(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    speed = np.diff(positions) * FPS
    return speed, np.diff(speed) * FPS
