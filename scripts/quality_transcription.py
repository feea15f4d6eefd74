# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How many of a piano's notes are heard: ``python scripts/quality_transcription.py --data FOLDER --synth NAME=FILE``.

FOLDER holds ``asap-subset``, ``vienna4x22`` and ``batik-mozart``: real performances, whose note times are known. They are
sounded by each ``--synth``, a soundfont or a configuration of TiMidity++, a second of silence first, two minutes at
most: near and dry, with the pianist's own pedal, and with it in a room. Measured are ``transcribe`` on a piano,
``transcribe`` as it hears a violin, and the notes that basic-pitch makes at its defaults of the same answers of its
network. Writes docs/results/transcription.md.
"""

from __future__ import annotations

import argparse
import logging
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plugins.api import Audio, JobContext
from plugins.api.pitch_network import PitchNetwork
from plugins.transcription.transcribe import Transcriber
from training.datasets.performances import Note, Performed, asap, match_files
from training.recognition.judging import LONGEST
from training.recognition.synthesisers import Synthesiser
from training.simulate import room

PAGE = Path(__file__).parents[1] / "docs" / "results" / "transcription.md"
PLACES = ("near and dry, no pedal", "with the pedal", "with the pedal, in a room")
FIGURES = ("precision", "recall", "F", "F, offsets too")
BASIC_PITCH = {
    "onset_thresh": 0.5,
    "frame_thresh": 0.3,
    "min_note_len": 11,
    "infer_onsets": True,
    "max_freq": None,
    "min_freq": None,
    "melodia_trick": True,
}
"""The defaults of its ``predict``; 11 frames are its 127.7 ms."""

ROOMS = 7
"""Seed of the rooms."""

Heard = tuple[np.ndarray, np.ndarray]
"""(N, 2) seconds from onset to offset and (N,) MIDI numbers."""
Method = Callable[[Audio], Heard]


def ours(network: PitchNetwork, instrument: str) -> Method:
    recognizer = Transcriber(network)

    def hear(sound: Audio) -> Heard:
        track = recognizer.recognize(sound, None, recognizer.Options(), JobContext(instrument=instrument))[0]
        return as_arrays([(n.time, n.end, n.value["pitch"]) for n in track.annotations])

    return hear


def basic_pitch(network: PitchNetwork) -> Method:
    # Its module imports resampy, which it needs only to make sounds of its answers; the package is here without it.
    sys.modules.setdefault("resampy", types.ModuleType("resampy"))
    logging.disable(logging.WARNING)  # it looks for TensorFlow, and complains
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from basic_pitch.note_creation import output_to_notes_polyphonic
    logging.disable(logging.NOTSET)

    def hear(sound: Audio) -> Heard:
        posteriors = network.listen(sound, JobContext())
        notes = output_to_notes_polyphonic(posteriors.note.copy(), posteriors.onset.copy(), **BASIC_PITCH)
        return as_arrays([(*posteriors.seconds([n[0], n[1]]), n[2]) for n in notes])

    return hear


def as_arrays(notes: Sequence[tuple[float, float, int]]) -> Heard:
    table = np.array(notes, dtype=float).reshape(-1, 3)
    return table[:, :2], table[:, 2]


def scores(truth: Sequence[Note], heard: Heard) -> np.ndarray:
    """(4,) FIGURES: onsets within 50 ms and the pitch; then the offset too, within 50 ms or a fifth of the note."""
    from mir_eval.transcription import precision_recall_f1_overlap
    from mir_eval.util import midi_to_hz

    spans, pitches = heard
    if not len(spans):
        return np.zeros(len(FIGURES))
    true = np.array([(n.onset, max(n.offset, n.onset + 0.02)) for n in truth])
    keys = midi_to_hz(np.array([n.pitch for n in truth])), midi_to_hz(pitches)
    onsets, both = (
        precision_recall_f1_overlap(true, keys[0], spans, keys[1], offset_ratio=ratio)[:3] for ratio in (None, 0.2)
    )
    return np.array([*onsets, both[2]])


@dataclass(frozen=True, eq=False)
class Measured:
    """What each method reached on one sound: (4,) FIGURES."""

    name: str
    synth: str
    place: str
    notes: int
    reached: dict[str, np.ndarray]


def pianists(data: Path) -> Iterator[Performed]:
    yield from asap(data / "asap-subset")
    for corpus in ("vienna4x22", "batik-mozart"):
        yield from match_files(data / corpus, corpus)


def measure(data: Path, synthesisers: Sequence[Synthesiser]) -> Iterator[Measured]:
    network = PitchNetwork()
    methods = {
        "ours": ours(network, "piano"),
        "basic-pitch's own notes": basic_pitch(network),
        "ours, as it hears a violin": ours(network, "violin"),
    }
    for number, performed in enumerate(p.until(LONGEST) for p in pianists(data)):
        for synthesiser in synthesisers:
            for place, sound in recorded(performed, synthesiser, np.random.default_rng([ROOMS, number])):
                reached = {name: scores(performed.notes, hear(sound)) for name, hear in methods.items()}
                yield Measured(performed.name, synthesiser.name, place, len(performed.notes), reached)
                print(performed.name, synthesiser.name, place, reached["ours"].round(3), file=sys.stderr, flush=True)


def recorded(performed: Performed, by: Synthesiser, rng: np.random.Generator) -> Iterator[tuple[str, Audio]]:
    """Its sound at PLACES; the room is each performance's own, from a dead studio to a church."""
    for place, pedal in zip(PLACES, (False, True, True), strict=True):
        whole = by.play(performed, pedal)
        samples = whole.samples[: round(LONGEST * whole.sample_rate)]
        if place == PLACES[-1]:
            samples = room.record(samples, room.place(rng), whole.sample_rate, rng)
        yield place, Audio(samples, whole.sample_rate)


HEAD = """\
# Notes heard of a piano: what was measured

Made by `python scripts/quality_transcription.py --data FOLDER {synths}`; do not edit.

Real performances ((n)ASAP, Vienna 4x22, *Batik plays Mozart*: their MIDI, two minutes of each at most), sounded by
synthesisers: near and dry as if nobody used the pedal, with the pianists' pedal, and with it in rooms (simulated by
`training/simulate/room.py`: from a dead studio to a church, with microphone and noise; the same for both synthesisers;
drawn by seed {rooms}, which no fit has seen). The truth is when keys go down and come up. mir_eval's precision, recall and F
of notes: the pitch, and the onset within 50 ms; in the last column the offset too, within 50 ms or a fifth of the note.
Means are over performances.

*basic-pitch's own notes* are what its package makes, at its defaults, of the same answers of the same network. The
weights of ours, its threshold and where a note ends were chosen on simulated pianists' studies and random chords alone,
played by their own piano and by FluidR3 and TimGM6mb (`scripts/fit_struck_model.py`): on none of these performances.
Which features the model weighs was settled with these performances in sight. MuseScore General descends from FluidR3,
freepats does not. A real piano in a real room is not measured here.
"""


def page(results: Sequence[Measured], synthesisers: Sequence[Synthesiser]) -> Iterator[str]:
    yield HEAD.format(synths=" ".join(f"--synth {s.name}={s.path.name}" for s in synthesisers), rooms=ROOMS)
    for synth in (s.name for s in synthesisers):
        mine = [r for r in results if r.synth == synth]
        dry = [r for r in mine if r.place == PLACES[0]]
        yield f"## Sounded by {synth}: {len(dry)} performances, {sum(r.notes for r in dry)} notes\n"
        yield from means(mine)
        yield "\nEach performance, F\n"
        yield from each(mine)
        yield ""


def means(mine: Sequence[Measured]) -> Iterator[str]:
    yield f"| | | {' | '.join(FIGURES)} |\n|{'---|' * (2 + len(FIGURES))}"
    for place in PLACES:
        for method in mine[0].reached:
            mean = np.mean([r.reached[method] for r in mine if r.place == place], axis=0)
            yield f"| {place} | {method} | {' | '.join(f'{x:.3f}' for x in mean)} |"


def each(mine: Sequence[Measured]) -> Iterator[str]:
    shown = [(place, method) for place in PLACES for method in ("ours", "basic-pitch's own notes")]
    yield f"| performance | notes | {' | '.join(f'{place}: {method}' for place, method in shown)} |"
    yield "|---|---|" + "---|" * len(shown)
    for name in dict.fromkeys(r.name for r in mine):
        found = {r.place: r for r in mine if r.name == name}
        cells = [f"{found[place].reached[method][2]:.3f}" for place, method in shown]
        yield f"| {name} | {found[PLACES[0]].notes} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--synth", type=Synthesiser.read, action="append", required=True, help="NAME=FILE, any number")
    given = parser.parse_args()
    results = list(measure(given.data, given.synth))
    PAGE.write_text("\n".join(page(results, given.synth)).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
