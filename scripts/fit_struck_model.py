# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Fit the model of plugins/transcription/struck.py and print it.

Usage: ``python scripts/fit_struck_model.py CORPUS --soundfont FluidR3_GM.sf2 --soundfont TimGM6mb.sf2``

CORPUS is made by ``cadenza-train simulate -o CORPUS --hours 1 --seed 5 --instrument piano --no-motion --share 0.6`` with
the same soundfonts. Its studies have few notes at once: beside them the model hears chords of up to ten keys, drawn at
random, one minute in two in a room and one in two with the pedal. No real performance is looked at. Prints also what
the threshold and the end of a note are chosen by. Needs scikit-learn (it comes with librosa).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
from quality_transcription import scores
from sklearn.linear_model import LogisticRegression

from plugins.api import Audio, JobContext
from plugins.api.pitch_network import LOWEST_PITCH, PitchNetwork, Posteriors
from plugins.transcription.candidates import logistic
from plugins.transcription.struck import ends, struck_features
from training.datasets.mosa import find_trials, read_trial
from training.datasets.performances import Note
from training.simulate import room
from training.simulate.piano_playing import Struck
from training.simulate.piano_sound import Instrument
from training.simulate.piano_sound import play as strike
from training.simulate.players import pianist
from training.simulate.sound import RATE
from training.simulate.soundfont import SoundFont, play

TOLERANCE = 0.05
THRESHOLDS = np.arange(0.2, 0.65, 0.025)
CLIPS = 64
MINUTE = 62.0
CHANGES = (0.3, 2.5)
"""Seconds from one change of the pedal to the next."""
HANDS = ((24, 60), (50, 96))
"""MIDI numbers between which the lowest key of each hand lies."""
RELEASES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85)


@dataclass(frozen=True, eq=False)
class Heard:
    """One performance: what is true, what the network says, and the places at which a key may be struck."""

    truth: list[Note]
    posteriors: Posteriors
    frames: np.ndarray
    keys: np.ndarray
    features: np.ndarray

    @cached_property
    def struck(self) -> np.ndarray:
        """(N,) whether a note begins there: one place for each note, the nearest of those within TOLERANCE."""
        seconds, out = self.posteriors.seconds(self.frames), np.zeros(len(self.frames), dtype=bool)
        for note in self.truth:
            mine = np.nonzero((self.keys == note.pitch - LOWEST_PITCH) & ~out)[0]
            far = np.abs(seconds[mine] - note.onset)
            if len(mine) and far.min() <= TOLERANCE:
                out[mine[np.argmin(far)]] = True
        return out

    def notes(self, chosen: np.ndarray, release: float) -> tuple[np.ndarray, np.ndarray]:
        frames, keys = self.frames[chosen], self.keys[chosen]
        last = ends(self.posteriors.note, frames, keys, release)
        return self.posteriors.seconds(np.stack([frames, last], axis=1)), keys + LOWEST_PITCH


def studies(corpus: Path) -> Iterator[tuple[list[Note], Audio]]:
    for trial in find_trials(corpus):
        performance = read_trial(trial, motion=False)
        told = performance.annotations.align_notetime
        truth = [Note(n.onset, n.offset, int(n.midi_number), 90) for n in told]
        yield truth, Audio(performance.samples, performance.sample_rate)


def chords(fonts: Sequence[SoundFont]) -> Iterator[tuple[list[Note], Audio]]:
    """A minute each; every other one by the simulated piano, in every four all of room and pedal."""
    for number in range(CLIPS):
        rng = np.random.default_rng([5, number])
        notes = random_chords(rng)
        if number // 2 % 2:
            notes = with_pedal(notes, rng)
        if number % 2 or not fonts:
            sound = strike(notes, pianist(5, number), Instrument(int(rng.integers(2**31)), 440.0), MINUTE, rng)
        else:
            sound = play(notes, fonts[number // 8 % len(fonts)], "piano", MINUTE)
        if number // 4 % 2:
            sound = room.record(sound, room.place(rng), RATE, rng)
        yield [Note(n.start, n.end, n.pitch, 90) for n in notes], Audio(sound, RATE)


def with_pedal(notes: Sequence[Struck], rng: np.random.Generator) -> list[Struck]:
    """Strings that ring on to the next change of the pedal."""
    changes = np.cumsum(rng.uniform(*CHANGES, round(2 * MINUTE / CHANGES[0])))
    after = changes[np.searchsorted(changes, [n.end for n in notes])]
    return [replace(n, damped=float(until)) for n, until in zip(notes, after, strict=True)]


def random_chords(rng: np.random.Generator) -> list[Struck]:
    """Up to five keys within an octave for each hand, at a pace and a loudness of the clip's own."""
    out: list[Struck] = []
    free: dict[int, float] = {}
    pace, level, time = rng.uniform(0.2, 0.8), rng.uniform(0.3, 0.8), 1.0
    while time < MINUTE - 3.0:
        hands = [rng.integers(*places) + rng.choice(13, rng.integers(0, 6), replace=False) for places in HANDS]
        length = pace * rng.uniform(0.5, 2.0)
        for key in np.unique(np.concatenate(hands)).tolist():
            start = time + rng.uniform(0.0, 0.015)
            if free.get(key, 0.0) < start - 0.02:
                end = free[key] = start + length * rng.uniform(0.8, 1.0)
                out.append(Struck(start, end, end, key, float(np.clip(level + rng.normal(0.0, 0.12), 0.1, 1.0))))
        time += pace * rng.uniform(0.6, 1.4)
    return out


def listen(performances: Iterator[tuple[list[Note], Audio]]) -> list[Heard]:
    network, out = PitchNetwork(), []
    for truth, sound in performances:
        posteriors = network.listen(sound, JobContext())
        out.append(Heard(truth, posteriors, *struck_features(posteriors)))
    return out


def best_threshold(performances: Sequence[Heard], model: tuple[float, ...]) -> float:
    found = []
    for threshold in THRESHOLDS:
        f = []
        for p in performances:
            chosen = logistic(p.features, model) >= threshold
            f.append(2 * (chosen & p.struck).sum() / (chosen.sum() + len(p.truth)))
        found.append(float(np.mean(f)))
        print(f"threshold {threshold:.3f}: F = {found[-1]:.4f}")
    return float(THRESHOLDS[np.argmax(found)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--soundfont", type=Path, action="append", default=[])
    given = parser.parse_args()
    fonts = [SoundFont.open(path) for path in given.soundfont]
    performances = listen(chain(studies(given.corpus), chords(fonts)))
    x, y = (np.concatenate([getattr(p, name) for p in performances]) for name in ("features", "struck"))
    fit = LogisticRegression(C=1.0, max_iter=5000).fit(x, y)
    weights, constant = fit.coef_[0], float(fit.intercept_[0])
    threshold = best_threshold(performances, (*weights, constant))
    constant -= np.log(threshold / (1.0 - threshold))
    model = tuple(round(float(v), 3) for v in (*weights, constant))
    print("STRUCK_MODEL", model)
    for release in RELEASES:
        each = [scores(p.truth, p.notes(logistic(p.features, model) >= 0.5, release)) for p in performances]
        print(
            f"release {release}: F = {np.mean([e[2] for e in each]):.3f}, offsets too {np.mean([e[3] for e in each]):.3f}"
        )


if __name__ == "__main__":
    main()
