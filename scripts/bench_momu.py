# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Speed of the diffusion: ``python scripts/bench_momu.py [--threads 1] [--seconds 10 60 180]``.

Makes performances of noise as loud as music, the music's networks included, batch 1, at the default quality, and says how
long a second of motion takes and how much memory the process has at most. Then the same sample with what is told looked at
in every step and both passes apart, the obvious way; the ratio is of one run. Processor seconds, the best of three.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 60.0, 180.0])
    given = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        if os.environ.get(name) != str(given.threads):  # libraries read it when they are loaded
            os.environ[name] = str(given.threads)
            os.execv(sys.executable, [sys.executable, *sys.argv])
    measure(given.threads, given.device, given.seconds)


def measure(threads: int, device: str, lengths: list[float]) -> None:
    import torch

    from plugins.momu.checkpoint import load_weights
    from plugins.momu.engine import Engine
    from plugins.momu.options import MovingOptions

    torch.set_num_threads(threads)
    engine, ask = Engine(load_weights(), device), MovingOptions().ask()
    for seconds in lengths:
        heard = noise(seconds)
        took = best(lambda heard=heard: engine.dance(heard, 1, ask), device)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{seconds:4.0f} s of motion: {took / seconds:.4f} s a second, at most {most:.0f} MB so far")
    heard = noise(lengths[0])
    once = best(lambda: engine.dance(heard, 1, ask), device)
    again = best(lambda: obvious(engine, heard, ask), device)
    print(f"looking at the music in every step and pass: {again / once:.2f} times as long")


def obvious(engine: object, heard: object, ask: object) -> None:
    """Every step encodes the music again, and asks twice."""
    import torch

    from plugins.momu.engine import Desire
    from plugins.momu.sampling import noise as drawn
    from plugins.momu.sampling import steps_of

    sampler = engine.samplers["music2motion"]
    with torch.no_grad():
        sound = engine._tensor(heard[: len(heard) // 4 * 4])
        x = drawn(sound.shape[1] // 4, engine.motion.config.latent, 1).to(engine.device)
        wish = engine._wish(Desire(), sampler)
        solver, steps = steps_of(ask, 1.0)
        for step in steps:
            untold = sampler.estimate(x, step, None, wish, 0.0)
            looked = sampler.look(sound, engine.music.encode(sound))
            told = sampler.estimate(x, step, looked, wish, 1.0)
            x = solver.step(untold + ask.guidance * (told - untold), step, x).prev_sample
        engine._made(x, len(heard))


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).random((round(seconds * 40.0), 128), dtype=np.float32)


def best(run: Callable[[], object], device: str, times: int = 3) -> float:
    """Processor seconds; of a GPU, those of the clock."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    run()
    took = []
    for _ in range(times):
        begin = clock()
        run()
        took.append(clock() - begin)
    return min(took)


if __name__ == "__main__":
    main()
