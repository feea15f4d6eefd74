# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A real violinist's strokes, spoiled and repaired: ``python scripts/quality_repair.py --data DIR -o docs/results/repair.md``.

DIR holds a Kinect's eight strokes (3DBowingTemplates/*.csv, 25 joints at 30 frames a second). Each down-bow is followed by
the up-bow on the same string and both again, as somebody would play; jitter is added, and frames are taken away. Nobody
recorded the sound: one is made with a note for each stroke (our simulated string), and once there is none. Filters are
given the setting that does best *on these very strokes and this noise*; the network is what is bundled.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from plugins.api import Audio, JobContext, Motion, Skeleton
from plugins.api.playing_joints import JOINTS
from plugins.mapnet.corrector import MapNet
from training.mapnet.filters import at_frames, families

KINECT = {
    "neck": "SpineShoulder",
    "right_upper_arm": "ShoulderRight",
    "left_upper_arm": "ShoulderLeft",
    "right_lower_arm": "ElbowRight",
    "left_lower_arm": "ElbowLeft",
    "right_hand": "WristRight",
    "left_hand": "WristLeft",
    "right_upper_leg": "HipRight",
    "left_upper_leg": "HipLeft",
    "right_lower_leg": "KneeRight",
    "left_lower_leg": "KneeLeft",
    "right_toes": "FootRight",
    "left_toes": "FootLeft",
}
ARM = (3, 5)
"""Right elbow and wrist."""
FPS = 30.0
RATE = 22050
FLOW = 5
"""Frames over which one stroke runs into the next."""
NOISES = (0.03, 0.1, 0.3)
RATES = (30.0, 15.0, 10.0)
SEEDS = 5
BODY = Skeleton.build(
    "thirteen", [(j, None if i == 0 else JOINTS[0], (0.0, 0.0, 0.01 * i), "body") for i, j in enumerate(JOINTS)]
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/results/repair.md"))
    given = parser.parse_args()
    takes = [performed(given.data, string) for string in (1, 2, 3, 4)]
    component = MapNet()
    component.load("cpu")
    lines = []
    for noise in NOISES:
        for rate in RATES:
            lines.append(row(component, takes, noise, rate))
            print(lines[-1], flush=True)
    given.out.write_text("\n".join([*HEAD, *lines, *TAIL]) + "\n", encoding="utf-8")
    print(given.out)


def read(path: Path) -> np.ndarray:
    """(T, 13, 3) metres, Z up, left on +X: a Kinect has y up, x to the player's right, z from the camera."""
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    at = {name: header.index(f"{name}.x") for name in KINECT.values()}
    values = np.array([[[float(row[at[n] + i]) for i in range(3)] for n in KINECT.values()] for row in rows])
    return np.stack([-values[..., 0], values[..., 2], values[..., 1]], axis=-1)


def performed(folder: Path, string: int) -> tuple[np.ndarray, np.ndarray]:
    """(T, 13, 3) down, up, down, up on a string, and the seconds at which the strokes begin."""
    down, up = (read(folder / "3DBowingTemplates" / f"3DBowingTemplate_{string}_{way}.csv") for way in ("down", "up"))
    out, begins = down, [0.0]
    for part in (up, down, up):
        begins.append((len(out) - FLOW / 2) / FPS)
        weight = ((np.arange(FLOW) + 0.5) / FLOW)[:, None, None]
        out = np.concatenate([out[:-FLOW], out[-FLOW:] * (1 - weight) + part[:FLOW] * weight, part[FLOW:]])
    return out, np.array(begins)


def sounded(truth: np.ndarray, begins: np.ndarray, string: int) -> Audio:
    """A note for each stroke, sawtooth through a low pass, with the attack of a bow."""
    t = np.arange(round(len(truth) / FPS * RATE)) / RATE
    stroke = np.clip(np.searchsorted(begins, t, side="right") - 1, 0, len(begins) - 1)
    since = t - begins[stroke]
    hertz = 196.0 * 1.5**string * 2.0 ** (np.array([0, 2, 4, 2])[stroke % 4] / 12.0)
    phase = np.cumsum(hertz) / RATE
    wave = sum(np.sin(2 * np.pi * k * phase) / k**1.3 for k in range(1, 12))
    left = np.append(begins[1:], len(truth) / FPS)[stroke] - t
    loud = np.minimum(1.0, since / 0.06) * np.clip(left / 0.05, 0.15, 1.0)
    return Audio((0.12 * wave * loud).astype(np.float32), RATE)


def row(component: MapNet, takes: list[tuple[np.ndarray, np.ndarray]], noise: float, rate: float) -> str:
    """A line of the table."""
    seen = [spoiled(truth, noise, rate, seed) for truth, _ in takes for seed in range(SEEDS)]
    truths = [truth for truth, _ in takes for _ in range(SEEDS)]
    sounds = [sounded(*take, string) for string, take in enumerate(takes) for _ in range(SEEDS)]
    filters = {}
    for family, members in families():
        errors = {setting: judged(seen, truths, lambda looks, times, f=f: f(looks, rate)) for setting, f in members}
        best = min(errors, key=lambda setting: errors[setting][0])
        filters[f"{family} {best}".strip()] = errors[best]
    best = min(filters, key=lambda name: filters[name][0])
    ours = repaired(component, seen, truths, sounds, rate)
    silent = repaired(component, seen, truths, [Audio(0 * s.samples, RATE) for s in sounds], rate)
    cells = [f"{filters[best][0]:.2f} / {filters[best][1]:.2f} ({best})"]
    cells += [f"{found[0]:.2f} / {found[1]:.2f}" for found in (silent, ours)]
    return f"| {1000 * noise:.0f} mm | {rate:.0f} | {' | '.join(cells)} |"


def spoiled(truth: np.ndarray, noise: float, rate: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Times and places of looks."""
    times = np.arange(0.0, (len(truth) - 1) / FPS + 1e-9, 1.0 / rate)
    places = at_frames(truth, np.arange(len(truth)) / FPS, times)
    return times, places + np.random.default_rng([seed, int(1000 * noise), int(rate)]).normal(0.0, noise, places.shape)


def judged(seen: Any, truths: Any, run: Callable[..., np.ndarray]) -> tuple[float, float]:
    """Millimetres, of all joints and of the right arm."""
    errors = []
    for (times, places), truth in zip(seen, truths, strict=True):
        answer = at_frames(run(places, times), times, np.arange(len(truth)) / FPS)
        errors.append(1000 * np.linalg.norm(answer - truth, axis=-1).mean(axis=0))
    mean = np.mean(errors, axis=0)
    return float(mean.mean()), float(mean[list(ARM)].mean())


def repaired(component: MapNet, seen: Any, truths: Any, sounds: Any, rate: float) -> tuple[float, float]:
    errors = []
    for (_, places), truth, sound in zip(seen, truths, sounds, strict=True):
        found = component.correct(Motion(BODY, rate, places), sound, component.Options(), JobContext(fps=FPS))
        at = np.arange(len(truth)) / FPS
        answer = at_frames(found.positions.astype(float), found.times, at)
        errors.append(1000 * np.linalg.norm(answer - truth, axis=-1).mean(axis=0))
    mean = np.mean(errors, axis=0)
    return float(mean.mean()), float(mean[list(ARM)].mean())


HEAD = [
    "# Repair: a real violinist's strokes",
    "",
    "Made by `python scripts/quality_repair.py --data DIR`; do not edit.",
    "",
    "A real violinist (Letuvertia's Kinect templates, MIT; 25 joints at 30 frames a second, of which thirteen are used): on each",
    "of the four strings down, up, down, up. Jitter is added to every joint and axis, frames are taken away, five times each.",
    "Nobody recorded the sound: a note for each stroke is made. MPJPE in mm, of all joints / of the right elbow and wrist.",
    "**The best filter** is the one among moving averages, Butterworth, Savitzky-Golay and median filters of many settings, and the",
    "take's middle, that does best on these very strokes and this noise: nobody knows it beforehand. Nothing was trained on these.",
    "",
    "| jitter | frames a second | best filter | ours without sound (its smoother) | ours |",
    "|---|---|---|---|---|",
]
TAIL: list[str] = []

if __name__ == "__main__":
    main()
