# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Speed of repairing: ``python scripts/bench_mapnet.py [--threads 2] [--seconds 60]``.

Repairs a minute of a whole musician's motion (81 joints with rotations) at 50 frames a second, with jitter, and says how
long the sound, the smoothing, the network and the body take. The smoother is compared with the obvious alternative, joint
after joint. Processor and wall-clock seconds, the best of three runs each.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

FPS = 50.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        if os.environ.get(name) != str(given.threads):  # libraries read it when they are loaded
            os.environ[name] = str(given.threads)
            os.execv(sys.executable, [sys.executable, *sys.argv])
    measure(given.threads, given.seconds)


def measure(threads: int, seconds: float) -> None:
    import torch

    from plugins.api import JobContext
    from plugins.api.playing_joints import own_frame, seen_in
    from plugins.mapnet.config import FPS as GRID
    from plugins.mapnet.corrector import MapNet
    from plugins.mapnet.repair import middles
    from plugins.mapnet.smoother import habits, on_grid, smooth

    torch.set_num_threads(threads)
    motion, audio = performed(seconds)
    component = MapNet()
    component.load("cpu")
    options = component.Options()
    whole = best(lambda: component.correct(motion, audio, options, JobContext(fps=FPS)))
    print(f"{seconds:.0f} s at {FPS:.0f} frames a second, {threads} threads: {told(whole)}")

    seen = seen_in(motion)
    inside = own_frame(seen).inside(seen)
    frames = int(seconds * GRID) + 1
    middle, usual = middles(inside), component._weights.habit

    def smoothed(joints: slice) -> Any:
        grid = on_grid(inside[:, joints], motion.times, GRID, 0.0, frames)
        mine = replace(usual, amplitude=usual.amplitude[joints], seconds=usual.seconds[joints])
        sigma, habit = habits(grid, middle[joints], mine, GRID)
        return smooth(grid, middle[joints], sigma, habit, GRID)

    together = best(lambda: smoothed(slice(None)))
    apart = best(lambda: [smoothed(slice(i, i + 1)) for i in range(13)])
    print(f"smoothing thirteen joints: {told(together)}; one after the other: {told(apart)}")
    print(f"together it takes 1/{apart[1] / together[1]:.1f} of the time")


def performed(seconds: float) -> tuple[Any, Any]:
    """A violinist whose bow arm goes to and fro, with jitter, and a sound of that length."""
    from plugins.api import Audio, Motion, violinist
    from plugins.api import rotations as rot

    rng = np.random.default_rng(0)
    body = violinist.violinist_skeleton()
    times = np.arange(round(seconds * FPS)) / FPS
    local = np.tile(rot.IDENTITY, (len(times), len(body), 1))
    for joint, size in (("right_upper_arm", 0.35), ("right_lower_arm", 0.5)):
        angle = size * np.sin(2 * np.pi * 0.75 * times)
        local[:, body.index(joint)] = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), angle)
    local = rot.normalize(local + rng.normal(0.0, 0.02, local.shape))
    places, _ = body.forward_kinematics(local, np.repeat(body.rest_positions[None], len(times), axis=0))
    t = np.arange(round(seconds * 22050)) / 22050
    pitch = 440.0 * 2.0 ** (np.floor(1.5 * t) % 5 / 12.0)
    sound = 0.3 * np.abs(np.sin(1.5 * np.pi * t)) ** 0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / 22050)
    return Motion(body, FPS, places, local), Audio(sound.astype(np.float32), 22050)


def best(run: Callable[[], Any]) -> tuple[float, float]:
    """Processor and wall-clock seconds, the least of three."""
    found = []
    for _ in range(3):
        processor, wall = time.process_time(), time.perf_counter()
        run()
        found.append((time.process_time() - processor, time.perf_counter() - wall))
    return min(found, key=lambda f: f[1])


def told(seconds: tuple[float, float]) -> str:
    return f"{seconds[1]:.2f} s ({seconds[0]:.2f} s of the processor)"


if __name__ == "__main__":
    main()
