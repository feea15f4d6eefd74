# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How long it takes to hear a minute of music, on one thread: ``taskset -c 0 python scripts/bench_hearing.py``.

All recognisers on 60 s of the example (repeated), each beside what it shares with the others, and librosa's beat tracker
as the obvious alternative; beats as a stream; the dynamic programme of the beats beside the same written as loops over
pairs. Everything is loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from backend.audio_files import read_audio
from plugins.api import Audio, JobContext
from plugins.api.pitch_network import PitchNetwork
from plugins.beats.tracker import BeatTracker
from plugins.hearing import features
from plugins.hearing.ears import Ears, inputs_of
from plugins.hearing.metre import LONGEST, SHORTEST, UNHEARD, track_beats
from plugins.hearing.recognizers import LearnedArticulation, LearnedBeats, LearnedDynamics, LearnedPhrases
from plugins.hearing.streaming import LOOK_AHEAD, STEP, BeatStream
from plugins.loudness.meter import LoudnessMeter
from plugins.transcription.transcribe import Transcriber

ROOT = Path(__file__).resolve().parents[1]


def timed(work: Callable[[], object], runs: int) -> float:
    """Median seconds."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def minute() -> Audio:
    sound = read_audio(ROOT / "examples" / "minuet.flac")
    samples = np.tile(sound.samples, 2)[: 60 * sound.sample_rate]
    return Audio(samples, sound.sample_rate)


def fresh(audio: Audio, seed: int) -> Audio:
    """The same music as other samples, which nobody remembers."""
    noise = np.random.default_rng(seed).normal(0.0, 1e-5, len(audio.samples)).astype(np.float32)
    return Audio(audio.samples + noise, audio.sample_rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    audio, ears = minute(), Ears()
    components = [
        *(kind(ears) for kind in (LearnedBeats, LearnedPhrases, LearnedDynamics, LearnedArticulation)),
        *(LoudnessMeter(), Transcriber()),
    ]
    librosa = BeatTracker()
    for component in (*components, librosa):
        component.load("cpu")
        component.recognize(audio, None, component.Options(), JobContext())  # compiles, and warms up
    seeds = iter(range(1000))

    def every() -> None:
        sound = fresh(audio, next(seeds))
        for component in components:
            component.recognize(sound, None, component.Options(), JobContext())

    def alone(component: object) -> Callable[[], object]:
        return lambda: component.recognize(fresh(audio, next(seeds)), None, component.Options(), JobContext())

    network = PitchNetwork()
    network.load()
    inputs = inputs_of(audio, None, JobContext())
    print("| 60 s of music, one thread | seconds |\n|---|---|")
    rows = {
        "all recognisers (beats, phrases, dynamics, articulation, loudness, notes)": every,
        "of which the pitch network, shared": lambda: network._run(audio, JobContext()),
        "of which levels": lambda: features.levels(audio.samples, audio.sample_rate),
        "of which our network, shared": lambda: ears.hear(inputs, ears, JobContext()),
        "`hear-beats` alone": alone(components[0]),
        "`beats` (librosa) alone": alone(librosa),
    }
    for name, work in rows.items():
        print(f"| {name} | {timed(work, given.runs):.2f} |", flush=True)
    stream(audio, ears)
    programme(given.runs)


def stream(audio: Audio, ears: Ears) -> None:
    """Beats of a minute that comes in second by second."""
    rate, taken = audio.sample_rate, []
    listener = BeatStream(ears, rate)
    for second in range(60):
        began = time.perf_counter()
        listener.feed(audio.samples[second * rate : (second + 1) * rate])
        taken.append(time.perf_counter() - began)
    print(
        f"\nAs a stream: {sum(taken):.1f} s of work for 60 s of sound, the longest look {max(taken):.2f} s; certain "
        f"{LOOK_AHEAD:g} to {LOOK_AHEAD + STEP:g} s late."
    )


def programme(runs: int) -> None:
    """The choice of beats among 600 peaks, in numpy and as plain loops."""
    rng = np.random.default_rng(0)
    times, chances = np.cumsum(rng.uniform(0.1, 0.3, 600)), rng.uniform(0.05, 0.95, 600)
    ours = timed(lambda: track_beats(times, chances, 9.0), runs)
    loops = timed(lambda: by_loops(times, chances, 9.0), 1)
    print(
        f"\nThe dynamic programme, 600 peaks (2 minutes): {ours:.3f} s; as loops over pairs of links {loops / ours:.1f} times that."
    )


def by_loops(times: np.ndarray, chances: np.ndarray, steadiness: float) -> float:
    """The same programme, link by link; the best score."""
    gain = np.log(chances / (1.0 - chances))
    links: list[list[tuple[float, float]]] = []
    for k in range(len(times)):
        mine: list[tuple[float, float]] = []
        for j in range(k - 1, -1, -1):
            apart = times[k] - times[j]
            if apart > LONGEST * len(UNHEARD):
                break
            for unheard, cost in enumerate(UNHEARD):
                interval = apart / (unheard + 1)
                if not SHORTEST <= interval <= LONGEST:
                    continue
                best = max(gain[j], 0.0)
                for before, score in links[j]:
                    best = max(best, score - 0.5 * steadiness * np.log2(interval / before) ** 2)
                mine.append((interval, best + gain[k] + cost))
        links.append(mine)
    return max(score for mine in links for _, score in mine)


if __name__ == "__main__":
    main()
