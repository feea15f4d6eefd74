# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Beats of real performances: ``python scripts/quality_hearing.py --data FOLDER --soundfont FILE.sf2 --weights FILE``.

Real players' timing (``asap-subset`` for the piano, ``mosa-annotations`` for the violin), sounded by FluidSynth with a
soundfont that no training heard: F at 70 ms of the learned recogniser and of librosa's tracker in the same run, the
first two minutes of each, nothing trimmed. With clips also what ``training.recognition.evaluate`` measures on those
that were not trained on. Prints Markdown.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pretty_midi

from backend.audio_files import read_audio
from plugins.api import Audio, JobContext, find_track
from plugins.beats.tracker import BeatTracker
from plugins.hearing.ears import Ears
from plugins.hearing.recognizers import LearnedBeats
from training.datasets.mosa import find_trials, read_trial
from training.metrics import event_f1
from training.recognition.evaluate import evaluate, table

LONGEST = 120.0
LEAD = 1.0
"""Seconds of silence before the first note of a violin performance."""


@dataclass(frozen=True, eq=False)
class Case:
    """A performance in sound, and the truth in seconds."""

    instrument: str
    name: str
    audio: Audio
    beats: np.ndarray
    downbeats: np.ndarray


def sounded(midi: Path, font: Path) -> Audio:
    """What FluidSynth makes of a MIDI file, its first LONGEST seconds."""
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder) / "sound.wav"
        command = ["fluidsynth", "-ni", "-q", "-r", "22050", "-F", str(wave), str(font), str(midi)]
        subprocess.run(command, check=True, capture_output=True)
        whole = read_audio(wave)
    return Audio(whole.samples[: round(LONGEST * whole.sample_rate)], whole.sample_rate)


def pianists(data: Path, font: Path) -> Iterator[Case]:
    for truth in sorted((data / "asap-subset").rglob("*_annotations.txt")):
        if truth.name.startswith("midi_score"):
            continue
        rows = [line.split("\t") for line in truth.read_text().splitlines() if line.strip()]
        labelled = [(float(row[0]), row[2].split(",")[0]) for row in rows if float(row[0]) < LONGEST]
        beats = np.array([t for t, label in labelled if label in ("b", "db", "bR")])
        downbeats = np.array([t for t, label in labelled if label == "db"])
        midi = truth.with_name(truth.name.replace("_annotations.txt", ".mid"))
        yield Case("piano", f"{midi.parent.name} {midi.stem}", sounded(midi, font), beats, downbeats)


def violinists(data: Path, font: Path) -> Iterator[Case]:
    for trial in find_trials(data / "mosa-annotations"):
        told = read_trial(trial, motion=False, audio=False).annotations
        start = min(n.onset for n in told.align_notetime) - LEAD
        midi, part = pretty_midi.PrettyMIDI(resolution=960), pretty_midi.Instrument(40)
        for n in told.align_notetime:
            onset = n.onset - start
            part.notes.append(pretty_midi.Note(90, int(n.midi_number), onset, max(n.offset - start, onset + 0.05)))
        midi.instruments.append(part)
        beats, downbeats = (
            told.seconds([p.position for p in positions if p.position <= told.last_position]) - start
            for positions in (told.beat, told.downbeat)
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "notes.mid"
            midi.write(str(path))
            audio = sounded(path, font)
        name = f"{trial.piece} {trial.performer} {trial.trial}"
        yield Case("violin", name, audio, beats[beats < LONGEST], downbeats[downbeats < LONGEST])


def scores(case: Case, trackers: list[BeatTracker | LearnedBeats]) -> list[float]:
    """F of beats and of downbeats of each tracker."""
    found = []
    for tracker in trackers:
        tracks = tracker.recognize(case.audio, None, tracker.Options(), JobContext())
        for namespace, truth in (("beat", case.beats), ("downbeat", case.downbeats)):
            found.append(event_f1(truth, find_track(tracks, namespace).times, 0.07))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--soundfont", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--clips", nargs="*", default=[])
    given = parser.parse_args()
    learned, librosa = LearnedBeats(Ears(given.weights)), BeatTracker()
    for tracker in (learned, librosa):
        tracker.load("cpu")
    print("| performance | beats, learned | downbeats | beats, librosa | downbeats |\n|---|---|---|---|---|")
    rows: dict[str, list[list[float]]] = {}
    for players in (pianists, violinists):
        for case in players(given.data, given.soundfont):
            row = scores(case, [learned, librosa])
            rows.setdefault(case.instrument, []).append(row)
            print(f"| {case.instrument}: {case.name} | " + " | ".join(f"{f:.2f}" for f in row) + " |", flush=True)
    for instrument, found in rows.items():
        mean = " | ".join(f"**{f:.3f}**" for f in np.mean(found, axis=0))
        print(f"| **{instrument}, mean of {len(found)}** | {mean} |")
    if given.clips:
        print("\n" + table(evaluate(given.weights, given.clips, ["test_performer", "test_piece"])))


if __name__ == "__main__":
    main()
