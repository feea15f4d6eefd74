# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What merging the windows of several jobs into one batch would bring: ``python scripts/bench_batching.py``.

The pitch network takes most of a job's time. It is run on the same windows in batches of several sizes,
and two jobs at once (each with batches of its own, side by side) against one with both jobs' windows merged.
It also says whether the size of a batch changes the answer's bits: where it does, merging would let a job's
result depend on which others happen to run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from backend.audio_files import read_audio
from plugins.transcription.posteriors import BATCH, PitchNetwork, _resample, _windows

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "minuet.flac"
COUNT = 64
RUNS = 5


def main() -> None:
    network = PitchNetwork()
    network.load()
    session = network._session
    name, output = session.get_inputs()[0].name, session.get_outputs()[0].name
    windows = np.tile(_windows(_resample(read_audio(EXAMPLE))), (3, 1))[:COUNT, :, None]

    def listen(part: np.ndarray, size: int) -> np.ndarray:
        return np.concatenate([session.run([output], {name: part[i : i + size]})[0] for i in range(0, len(part), size)])

    def side_by_side() -> None:
        jobs = [threading.Thread(target=listen, args=(half, BATCH)) for half in np.split(windows, 2)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()

    reference = listen(windows, BATCH)
    base = seconds(lambda: listen(windows, BATCH))
    print(f"{COUNT} windows in batches of {BATCH}: {base:.2f} s\n")
    print("| batch | time against batches of 8 | same bits |\n|---|---|---|")
    for size in (1, 2, 4, 8, 16, 32, 64):
        same = np.array_equal(listen(windows, size), reference)
        print(f"| {size} | {seconds(lambda s=size: listen(windows, s)) / base:.2f} | {'yes' if same else 'no'} |")
    apart, merged = seconds(side_by_side), seconds(lambda: listen(windows, 2 * BATCH))
    print(f"\ntwo jobs side by side {apart:.2f} s, merged {merged:.2f} s: merging is {apart / merged:.2f} x as fast")


def seconds(work: Callable[[], object]) -> float:
    """The shortest of some runs: others on this machine only make it longer."""
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    main()
