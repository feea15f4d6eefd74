# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How many exchanged joints are put back: ``python scripts/quality_swaps.py TAKES`` (cadenza-train takes).

The first minute of eight takes with the paper's exchanges (five a minute, 0.5 to 3 s), at several rates and jitters.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from plugins.mapnet.config import PAPER_FPS
from plugins.mapnet.repair import middles
from plugins.mapnet.swaps import put_back
from training.mapnet.noise import at_times, exchange, seen_at
from training.mapnet.takes import Takes

FRAMES = 3000
TAKES = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("takes", type=Path)
    takes = Takes.open(parser.parse_args().takes)
    rows = [row for row in takes.split("train") if row["frames"] > FRAMES][: 3 * TAKES : 3]
    minutes = [takes.of(row, "joints")[:FRAMES] for row in rows]
    for rate in (50.0, 25.0, 12.0, 5.0):
        for jitter in (0.3, 0.03, 0.003):
            swapped, still, spoiled = np.sum([judged(m, rate, jitter, seed) for seed, m in enumerate(minutes)], axis=0)
            right = 100.0 * (1.0 - still / swapped)
            print(
                f"{rate:3.0f} frames a second, {1000 * jitter:3.0f} mm: {right:.1f} % of {swapped} put right, {spoiled} spoiled"
            )


def judged(truth: np.ndarray, rate: float, jitter: float, seed: int) -> tuple[int, int, int]:
    """Places that were exchanged, that still are wrong, and that were right and are wrong now."""
    rng = np.random.default_rng(seed)
    times = seen_at(len(truth), rate, PAPER_FPS)
    right = at_times(truth, times, PAPER_FPS)
    right = right + rng.normal(0.0, jitter, right.shape)
    seen = right.copy()
    exchange(seen, times, rng)
    back, _ = put_back(seen, middles(seen), np.full(seen.shape[1], jitter))
    exchanged, wrong = (np.abs(x - right).max(axis=-1) > 1e-9 for x in (seen, back))
    return int(exchanged.sum()), int((exchanged & wrong).sum()), int((~exchanged & wrong).sum())


if __name__ == "__main__":
    main()
