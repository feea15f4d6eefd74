# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A film of a motion as it was seen, repaired, and as it was: ``python scripts/film_repair.py TAKES CORPUS -o docs/results/mapnet.mp4``.

The first unseen take, twelve seconds of it, 16.7 frames a second seen with jitter of 100 mm and exchanged joints, with the sound.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from plugins.api.playing_joints import JOINTS
from plugins.mapnet.checkpoint import load_weights
from plugins.mapnet.config import FPS
from training.datasets.mosa import find_trials
from training.mapnet.batches import at_ours
from training.mapnet.evaluate import Ours, Seen
from training.mapnet.noise import PAPER_RATES, Looks, exchange, seen_at
from training.mapnet.noise import at_times as sampled
from training.mapnet.takes import Takes
from training.report.film import Sound, write_film, write_still
from training.report.stick_figure import LINES, Body

SECONDS = 12.0
JITTER = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("takes", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/results/mapnet.mp4"))
    given = parser.parse_args()
    takes = Takes.open(given.takes)
    row = takes.split("test_piece", "test_performer")[0]
    truth = at_ours(takes.of(row, "joints"))[: round(30.0 * FPS)]
    looks = spoiled(truth)
    heard = takes.of(row, "heard")[: len(truth)]
    found = Ours(load_weights()).repaired(Seen(truth, looks, PAPER_RATES[0.33], heard, None))
    times = np.arange(len(truth)) / FPS
    players = {
        "seen: 17 frames a second, 10 cm of jitter": held(looks, times),
        "repaired from the sound": found.places,
        "as it was": truth,
    }
    part = slice(round(4.0 * FPS), round((4.0 + SECONDS) * FPS))
    film = {name: named(places[part]) for name, places in players.items()}
    middle = write_film(given.out, film, Body({"neck": np.zeros(3)}), sound_of(given.corpus, row, part))
    print(given.out, write_still(middle, given.out.with_suffix(".jpg")))


def spoiled(truth: np.ndarray) -> Looks:
    rng = np.random.default_rng(3)
    times = seen_at(len(truth), PAPER_RATES[0.33], FPS)
    places = sampled(truth, times, FPS) + rng.normal(0.0, JITTER, (len(times), len(JOINTS), 3))
    return Looks(times, places, np.full(len(JOINTS), JITTER), exchange(places, times, rng))


def held(looks: Looks, times: np.ndarray) -> np.ndarray:
    """Each look stands until the next."""
    return looks.places[np.clip(np.searchsorted(looks.times, times, side="right") - 1, 0, len(looks.times) - 1)]


def named(places: np.ndarray) -> dict[str, np.ndarray]:
    """Joint -> (T, 3), hips and head guessed."""
    points = {name: places[:, i] for i, name in enumerate(JOINTS)}
    hips = (points["left_upper_leg"] + points["right_upper_leg"]) / 2
    head = points["neck"] + 0.16 * (points["neck"] - hips) / np.linalg.norm(
        points["neck"] - hips, axis=1, keepdims=True
    )
    nowhere = np.full_like(hips, np.nan)  # violin, bow and fingers are not among the thirteen
    unseen = {joint: nowhere for line in LINES for joint in line[:2]}
    return {**unseen, **points, "hips": hips, "head": head}


def sound_of(corpus: Path, row: dict, part: slice) -> Sound:
    import soundfile

    wanted = (row["piece"], row["performer"], row["trial"])
    trial = next(t for t in find_trials(corpus) if (t.piece, t.performer, t.trial) == wanted)
    samples, rate = soundfile.read(trial.audio, dtype="float32", always_2d=True)
    cut = slice(round(part.start / FPS * rate), round(part.stop / FPS * rate))
    return Sound(samples.mean(axis=1)[cut], rate)


if __name__ == "__main__":
    main()
