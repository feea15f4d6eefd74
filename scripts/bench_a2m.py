# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What A2M costs on one CPU thread: ``python scripts/bench_a2m.py``.

- the paper's network (Full, with and without a score), batch of one clip of 16 s, features not
  counted: seconds of computing a second of motion, against 0.0033 of a plain port to torch;
- the shipped weights, where there are any: features, network, strokes and inverse kinematics
  for 60 s of sound;
- a training step, clips a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from plugins.a2m.config import CLIP, paper_config
from plugins.a2m.features import FPS
from plugins.a2m.generator import A2M, WEIGHTS
from plugins.a2m.model import Network
from plugins.api import Audio, JobContext
from plugins.ik.step import InverseKinematics
from training.losses import compound_loss

PLAIN_PORT = 0.0033


def median_seconds(work: Callable[[], object], runs: int = 9) -> float:
    work()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def inference(score: bool) -> float:
    network = Network(paper_config("Full", score=score)).eval()
    audio, notes = torch.randn(1, CLIP, 128), torch.randn(1, CLIP, 10) if score else None
    with torch.inference_mode():
        return median_seconds(lambda: network(audio, notes)) / (CLIP / FPS)


def training_step() -> float:
    network = Network(paper_config("Full"))
    optimizer = torch.optim.Adam(network.parameters())
    audio, notes, true = torch.randn(4, CLIP, 128), torch.randn(4, CLIP, 10), torch.randn(4, CLIP, 33)

    def step() -> None:
        compound_loss(network(audio, notes), true).backward()
        optimizer.step()
        optimizer.zero_grad()

    return 4 / median_seconds(step, 3)


def whole_minute() -> float:
    generator = A2M()
    generator.load("cpu")
    t = np.arange(60 * 44100) / 44100
    sound = Audio((0.3 * np.sin(2 * np.pi * 440 * t) * np.sin(3 * t) ** 2).astype(np.float32), 44100)
    context = JobContext(fps=30.0)

    def work() -> None:
        motion = generator.generate(sound, generator.Options(), context)
        InverseKinematics().apply(motion, InverseKinematics.Options(), context)

    return median_seconds(work, 3)


def main() -> None:
    torch.set_num_threads(1)
    for score in (True, False):
        seconds = inference(score)
        print(
            f"Full, {'with a score' if score else 'sound alone'}: {seconds:.4f} s a second of motion "
            f"({PLAIN_PORT / seconds:.1f} x as fast as a plain port's {PLAIN_PORT})"
        )
    print(f"training, batch of 4: {training_step():.2f} clips of 16 s a second")
    if WEIGHTS.exists():
        print(f"60 s of sound to a whole body, shipped weights: {whole_minute():.2f} s")


if __name__ == "__main__":
    main()
