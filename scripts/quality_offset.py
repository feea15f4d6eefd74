# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How often sound that lies beside its motion is noticed: ``python scripts/quality_offset.py TAKES`` (cadenza-train takes).

Half a minute of ten unseen takes, with jitter of 5 and of 30 mm, its sound where it belongs, 1.5 s late and 1.2 s early.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from plugins.mapnet.checkpoint import load_weights
from plugins.mapnet.config import FPS
from plugins.mapnet.offset import offset_of
from plugins.mapnet.repair import middles
from plugins.mapnet.smoother import habits, on_grid, smooth
from training.mapnet.batches import at_ours
from training.mapnet.takes import Takes

TAKES = 10
JITTERS = (0.005, 0.03)
SHIFTS = (0.0, 1.5, -1.2)
NEAR = 0.12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("takes", type=Path)
    takes = Takes.open(parser.parse_args().takes)
    rows = takes.split("test_piece", "test_performer")
    told = {
        shift: [
            judged(takes, row, jitter, shift)
            for row in rows[:: max(1, len(rows) // TAKES)][:TAKES]
            for jitter in JITTERS
        ]
        for shift in SHIFTS
    }
    for shift, found in told.items():
        wrong = [f for f in found if f is not None]
        near = sum(abs(f - shift) <= NEAR for f in wrong)
        print(f"sound moved by {shift:+.1f} s: told of {len(wrong)} of {len(found)}, {near} within {NEAR} s")


def judged(takes: Takes, row: dict, jitter: float, shift: float) -> float | None:
    """Seconds that are told, None when nothing is."""
    truth = at_ours(takes.of(row, "joints"))[: 30 * FPS]
    seen = truth + np.random.default_rng(0).normal(0.0, jitter, truth.shape)
    middle = middles(seen)
    grid = on_grid(seen, np.arange(len(seen)) / FPS, FPS, 0.0, len(seen))
    sigma, habit = habits(grid, middle, load_weights().habit, FPS)
    places, _ = smooth(grid, middle, sigma, habit, FPS)
    frames = round(shift * FPS)
    heard, playing = takes.of(row, "heard"), takes.of(row, "playing")[:, 0]
    if frames >= 0:
        heard, playing = np.pad(heard, ((frames, 0), (0, 0))), np.pad(playing, (frames, 0))
    else:
        heard, playing = heard[-frames:], playing[-frames:]
    found = offset_of(places, heard, playing)
    return found.seconds if found.wrong else None


if __name__ == "__main__":
    main()
