# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What merging the windows of several jobs into one batch brings: ``python scripts/bench_batching.py``.

a2m's network answers the same windows of music in batches of several sizes, on the CPU and on a GPU if there is one;
then four jobs of half a minute each ask it one after the other, and all together through a Batcher, which is what the
device process of ``cadenza serve`` does. On each device it also says whether an answer's bits depend on the size of a
batch (they may: so the size is fixed) and on the other windows in it (they must not).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import torch

from backend.device import cuda_is_available
from backend.inference import Batcher, Network
from plugins.a2m.generator import A2M
from plugins.api.batching import Windows, in_batches

JOBS, WINDOWS, FRAMES = 4, 10, 160
RUNS = 3


def main() -> None:
    for device in ("cpu", "cuda") if cuda_is_available() else ("cpu",):
        measure(device)


def measure(device: str) -> None:
    torch.set_num_threads(1)
    a2m = A2M()
    a2m.load(device)
    windows = np.random.default_rng(0).random((64, FRAMES, 128), dtype=np.float32)
    alone = in_batches(a2m.infer, windows, 1)
    base = seconds(lambda: in_batches(a2m.infer, windows, 1))
    print(f"{device}: {len(windows)} windows one by one: {1000 * base:.0f} ms\n")
    print("| batch | time against one by one | same bits as alone | same bits in any company |\n|---|---|---|---|")
    for size in (1, 4, 8, 16, 32):
        answers = in_batches(a2m.infer, windows, size)
        company = in_batches(a2m.infer, windows[::-1].copy(), size)[::-1]
        taken = seconds(lambda size=size: in_batches(a2m.infer, windows, size)) / base
        print(f"| {size} | {taken:.2f} | {_same(answers, alone)} | {_same(answers, company)} |")
    size = a2m.batch if device == "cuda" else 1
    jobs = [np.random.default_rng(i).random((WINDOWS, FRAMES, 128), dtype=np.float32) for i in range(JOBS)]
    apart = seconds(lambda: [in_batches(a2m.infer, job, size) for job in jobs])
    together = seconds(lambda: merged(Network(a2m.infer, size), jobs))
    print(f"\n{JOBS} jobs of {WINDOWS} windows, batches of {size}: one after the other {1000 * apart:.0f} ms, ", end="")
    print(f"merged {1000 * together:.0f} ms: {apart / together:.2f} x as fast\n")


def merged(network: Network, jobs: list[Windows]) -> None:
    """All jobs ask at once, each from a thread of its own."""
    batcher = Batcher()
    threads = [threading.Thread(target=lambda job=job: batcher.ask(network, job).result()) for job in jobs]
    for thread in threads:
        thread.start()
    left = sum(map(len, jobs))
    while left:
        left -= batcher.work()
    for thread in threads:
        thread.join()


def _same(one: Windows, other: Windows) -> str:
    return "yes" if np.array_equal(one, other) else "no"


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
