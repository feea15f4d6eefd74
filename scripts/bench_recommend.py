# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How long it takes to find music for a minute of motion among 10,000 tracks, on one thread:
``taskset -c 0 python scripts/bench_recommend.py``.

The library is made up: what is kept of a few generated tracks, each changed a little. Beside it the obvious loop, every
track looked at in detail (of which only some are done, and the rest is reckoned). Then both steps by themselves, and what
listening to a track costs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from dancing import RATE, beats_of, loudness_of, music, stepping

from backend.library import KnownTracks, describing_with, known_tracks
from backend.library_file import LibraryFile, Track
from backend.plugin_manager import load_plugins
from plugins.api import Audio, JobContext
from plugins.mclemcd.matching import Matcher
from plugins.mclemcd.movement import watch
from plugins.mclemcd.recommender import MusicForDance

SECONDS = 220.0
"""Of a track."""


def timed(work: Callable[[], object], runs: int) -> float:
    """Median seconds of the processor: others may use the machine meanwhile."""
    taken = []
    for _ in range(runs):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return float(np.median(taken))


def generated(seed: int) -> Audio:
    beats = beats_of(float(np.random.default_rng(seed).uniform(60.0, 180.0)), SECONDS, seed=seed)
    return Audio(music(beats, loudness_of(len(beats), seed), SECONDS, seed=seed), RATE)


def changed(kept: Mapping[str, Any], chance: np.random.Generator) -> dict[str, Any]:
    """The same track a little faster or slower, begun elsewhere."""
    shift, turn = int(chance.integers(-8, 9)), int(chance.integers(0, 2000))
    out = {name: np.roll(kept[name], turn) for name in ("accents", "pattern", "energy")}
    tempo = kept["tempo"].copy()
    tempo[:, 0] *= np.exp(0.01 * shift)
    return {**kept, **out, "tempo": tempo, "rhythm": np.roll(kept["rhythm"], shift, axis=1)}


def fill(library: LibraryFile, key: str, count: int, originals: list[Mapping[str, Any]], folder: Path) -> None:
    chance = np.random.default_rng(0)
    for i in range(count):
        path = folder / f"{i:05}.wav"
        path.touch()
        track = Track(path, 0, 0, f"sound {i}", SECONDS)
        library.keep(track, key, changed(originals[i % len(originals)], chance))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=10_000)
    parser.add_argument("--looped", type=int, default=500, help="tracks that the obvious loop is timed on")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    recommender = MusicForDance()
    options = recommender.Options()
    sounds = [generated(seed) for seed in range(12)]
    recommender.describe(sounds[0], options, JobContext())
    listening = timed(lambda: recommender.describe(sounds[1], options, JobContext()), given.runs)
    originals = [recommender.describe(sound, options, JobContext()) for sound in sounds]
    beats = beats_of(104.0, 62.0, seed=50)
    motion = stepping(beats, loudness_of(len(beats), 50) + 0.4, 30.0, seconds=60.0)
    describing = describing_with(load_plugins())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with LibraryFile(folder / "library.sqlite") as library:
            library._db.execute("PRAGMA synchronous = OFF")  # only to be made sooner
            fill(library, describing.key, given.tracks, originals, folder)
            size = (folder / "library.sqlite").stat().st_size
            tracks, _ = known_tracks(library, describing)
            opened = timed(lambda: known_tracks(library, describing), given.runs)
            answer = timed(lambda: recommender.recommend(motion, tracks, options, JobContext()), given.runs)
            matrix = timed(lambda: tracks.matrix("rhythm"), given.runs)
            loop = timed(lambda: every(motion, tracks, given.looped), 1) / given.looped * len(tracks.paths)
    print(
        f"{len(tracks.paths)} tracks of {SECONDS:.0f} s, {size / 1e6:.0f} MB; 60 s of motion; processor time, one thread"
    )
    print(f"listening to a track, once        {1000 * listening:7.0f} ms")
    print(f"opening: which tracks there are   {1000 * opened:7.0f} ms")
    print(f"the answer                        {1000 * answer:7.0f} ms")
    print(f"  of it reading all rhythms       {1000 * matrix:7.0f} ms")
    print(f"every track in detail (reckoned)  {1000 * loop:7.0f} ms, {loop / answer:.0f} times as long")


def every(motion: Any, tracks: KnownTracks, count: int) -> None:
    """The obvious loop: each track in detail, the best by score."""
    matcher = Matcher(watch(motion), 0.08)
    places = [matcher.place(tracks.arrays(i)) for i in range(count)]
    max(places, key=lambda place: place.score)


if __name__ == "__main__":
    main()
