# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How exactly a score's notes are found in sound: ``python scripts/quality_alignment.py --data FOLDER --synth NAME=FILE``.

FOLDER holds ``vienna4x22``, ``batik-mozart`` (piano) and ``mosa-annotations`` (violin), real performances whose note times
are known, and ``bach-violin``, real recordings. The performances are sounded by each ``--synth``, a soundfont or a
configuration of TiMidity++, no pedal, a second of silence first, two minutes at most. ``--python`` names a Python that
runs ``dualdtw_align.py`` and ``synctoolbox_align.py`` (each says what it needs): both stand beside ours, on the same sound
and the same score. That is a list of notes, onset and duration in quarters and a pitch, as a MIDI file at one tempo for
ours; grace notes are written out before their notes, and only DualDTW is told which they are. Notes that the player left
out or played twice or at a wrong pitch are in the score, and do not count. Prints Markdown; ``--results`` keeps what was
measured, a line each, and a second run goes on from there.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import quality

from backend.audio_files import read_audio
from plugins.api import Audio, JobContext, Score, find_track
from plugins.api.pitch_network import PitchNetwork
from plugins.transcription.align import ScoreAligner, _align, _Sound
from plugins.transcription.alignment import Evidence
from plugins.transcription.onsets import superflux
from plugins.transcription.score import GRACE_LENGTH, HANDS, read_score
from training.datasets.mosa import find_trials, read_trial
from training.datasets.performances import LEAD, Performed, match_files, mosa
from training.metrics import event_f1
from training.recognition.judging import LONGEST
from training.recognition.synthesisers import Synthesiser
from training.simulate.soundfont import PROGRAMS

TICKS = 960
"""A quarter of the score, as MIDI."""
TOGETHER = 0.05
"""Seconds between which two sounds of one written note may begin."""
TOLERANCES = (0.025, 0.05, 0.1, 0.25)
COUNTED = (0.05, 0.1)
OFFSETS = np.array(sorted(np.arange(-30, 31) * 0.005, key=abs))
"""Constant offsets that are tried: to 150 ms each way."""
FOREIGN = ("dualdtw", "synctoolbox")
NAN = float("nan")


@dataclass(frozen=True)
class Written:
    """A note of the score.

    Attributes:
        onset, duration: quarters.
        true: second at which it was played, NaN where that is unknown or it was not.
        graces: onset of the note that it graces, or None.
    """

    onset: float
    duration: float
    pitch: int
    true: float
    hand: str = ""
    graces: float | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """A performance of at most LONGEST seconds, and the score of what was played in them, from 0 quarters."""

    performed: Performed
    notes: tuple[Written, ...]

    @classmethod
    def of(cls, performed: Performed, written: Sequence[Written]) -> Case:
        shift = LEAD - min(n.onset for n in performed.notes)
        moved = [replace(n, true=n.true + shift) for n in written]
        played = [n for n in moved if n.true < LONGEST - 0.05]
        last = max(n.onset for n in played)
        return cls(
            performed.until(LONGEST), tidy([*played, *(n for n in moved if np.isnan(n.true) and n.onset <= last)])
        )

    @property
    def true(self) -> np.ndarray:
        return np.array([n.true for n in self.notes])

    def tempo(self, sound: Audio) -> int:
        """Microseconds a quarter at which the score lasts as long as the sound."""
        return round(1e6 * (sound.duration - LEAD) / max(n.onset + n.duration for n in self.notes))

    def midi(self, tempo: int) -> bytes:
        import pretty_midi

        file = pretty_midi.PrettyMIDI(resolution=TICKS, initial_tempo=6e7 / tempo)
        for hand in sorted({n.hand for n in self.notes}):
            track = pretty_midi.Instrument(PROGRAMS[self.performed.instrument])
            for n in self.notes:
                if n.hand == hand:
                    start, end = (1e-6 * tempo * at for at in (n.onset, n.onset + n.duration))
                    track.notes.append(pretty_midi.Note(64, n.pitch, start, end))
            file.instruments.append(track)
        data = io.BytesIO()
        file.write(data)
        return data.getvalue()


def tidy(written: Sequence[Written]) -> tuple[Written, ...]:
    """As a MIDI file can say it: on its ticks, one note for each place and pitch, which ends before the next of its pitch."""
    zero = min(n.onset for n in written)
    at: dict[tuple[int, int], list[Written]] = {}
    for n in written:
        at.setdefault((ticks(n.onset - zero), n.pitch), []).append(n)
    notes, following = [], {}
    for tick, pitch in sorted(at, reverse=True):
        same = at[tick, pitch]
        length = max(ticks(max(n.duration for n in same)), 1)
        length = min(length, following.get(pitch, tick + length) - tick)
        following[pitch] = tick
        graces = next((n.graces - zero for n in same if n.graces is not None), None)
        true = once([n.true for n in same])
        notes.append(Written(tick / TICKS, length / TICKS, pitch, true, same[0].hand, graces))
    return tuple(reversed(notes))


def ticks(quarters: float) -> int:
    return round(quarters * TICKS)


def once(seconds: Sequence[float]) -> float:
    """When a written note began that sounded at these times: unknown where it was played twice."""
    known = [t for t in seconds if np.isfinite(t)]
    return min(known) if known and max(known) - min(known) <= TOGETHER else NAN


def written_out(graces: Sequence[Written]) -> list[Written]:
    """Grace notes, in the order of the score, before the notes that they grace."""
    at: dict[tuple[float, str], list[Written]] = {}
    for n in graces:
        at.setdefault((n.onset, n.hand), []).append(n)
    return [
        replace(n, onset=n.onset - GRACE_LENGTH * (len(group) - i), duration=GRACE_LENGTH, graces=n.onset)
        for group in at.values()
        for i, n in enumerate(group)
    ]


# Performances whose note times are known.


def pianists(data: Path) -> Iterator[Case]:
    for corpus in ("vienna4x22", "batik-mozart"):
        for performed in match_files(data / corpus, corpus):
            yield Case.of(performed, written_in_match(data / corpus / "match" / f"{performed.name}.match"))


def written_in_match(path: Path) -> list[Written]:
    import partitura
    from partitura.score import GraceNote

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        performance, alignment, score = partitura.load_match(str(path), create_score=True)
    part = score[0]
    begun = {n["id"]: float(n["note_on"]) for n in performance[0].notes}
    told = {a["score_id"]: begun[a["performance_id"]] for a in alignment if a["label"] == "match"}
    notes, graces = [], []
    for note in sorted(part.notes_tied, key=lambda n: [int(digits) for digits in re.findall(r"\d+", n.id)]):
        onset = float(part.quarter_map(note.start.t))
        length = float(part.quarter_map(note.start.t + note.duration_tied)) - onset
        hand = HANDS.get(note.staff or 0, "")
        written = Written(onset, length, int(note.midi_pitch), told.get(note.id, NAN), hand)
        (graces if isinstance(note, GraceNote) else notes).append(written)
    return notes + written_out(graces)


def violinists(data: Path) -> Iterator[Case]:
    folder = data / "mosa-annotations"
    for trial, performed in zip(find_trials(folder), mosa(folder), strict=True):
        if trial.instrument == "violin":
            yield Case.of(performed, written_by_mosa(read_trial(trial, motion=False, audio=False).annotations))


def written_by_mosa(told: Any) -> list[Written]:
    """The sheet's notes, played where the performance has their place and pitch, and the grace notes played."""
    last = max(n.score_position for n in told.align_notetime)
    played: dict[tuple[int, int], list[float]] = {}
    graces = []
    for n in told.align_notetime:
        if n.score_position_offset > n.score_position:
            played.setdefault((ticks(n.score_position), int(n.midi_number)), []).append(n.onset)
        else:
            graces.append(Written(n.score_position, 0.0, int(n.midi_number), n.onset))
    notes = [
        Written(n.onset, n.duration, int(n.midi_number), once(played.get((ticks(n.onset), int(n.midi_number)), [])))
        for n in told.note
        if n.onset <= last + 1e-6
    ]
    return notes + written_out(graces)


# Aligners: seconds of the case's notes (NaN: not found) and the CPU seconds that it took, by variant.

Found = dict[str, tuple[np.ndarray, float]]
Aligner = Callable[[Case, Audio], Found]


def ours() -> Aligner:
    network = PitchNetwork()
    network.load()

    def align(case: Case, sound: Audio) -> Found:
        tempo = case.tempo(sound)
        score = Score("score.mid", case.midi(tempo))
        network._heard.clear()  # it would remember
        began = time.process_time()
        reading = read_score(score, case.performed.instrument)[0]
        heard = network.listen(sound, JobContext())
        evidence = Evidence.of(heard, superflux(sound)[: len(heard.note)])
        performed, _ = _align(reading, _Sound(sound, heard, evidence), JobContext())
        taken = time.process_time() - began
        keys = [(ticks(1e6 * n.onset / tempo), n.pitch) for n in reading.notes]
        at = dict(zip(keys, performed.onsets, strict=True))
        assert len(at) == len(keys) == len(case.notes)
        return {"": (np.array([at[ticks(n.onset), n.pitch] for n in case.notes]), taken)}

    return align


def foreign(python: Path, script: Path) -> Aligner:
    """A script in a Python of its own, which goes on running."""
    process = subprocess.Popen([str(python), str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def align(case: Case, sound: Audio) -> Found:
        import soundfile

        notes = [
            {k: v for k, v in asdict(n).items() if k in ("onset", "duration", "pitch", "graces")} for n in case.notes
        ]
        with tempfile.TemporaryDirectory() as folder:
            wave = Path(folder) / "sound.wav"
            soundfile.write(wave, sound.samples, sound.sample_rate, subtype="FLOAT")
            task = {"sound": str(wave), "seconds_per_quarter": 1e-6 * case.tempo(sound), "notes": notes}
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        if not line:
            raise SystemExit(f"{script.name} failed in {python} on {case.performed.name}")
        result = json.loads(line)
        taken = result["cpu_seconds"]
        return {name: (np.array(found, dtype=float), taken[name]) for name, found in result["found"].items()}

    return align


def aligners(python: Path | None) -> dict[str, Aligner]:
    others = {name: foreign(python, Path(__file__).with_name(f"{name}_align.py")) for name in FOREIGN if python}
    return {"ours": ours(), **others}


# Measuring.


@dataclass(frozen=True, eq=False)
class Measured:
    """What one aligner reached on one sound.

    Attributes:
        errors: seconds that each note with a known time was found too late, None where it was not found.
        cost: CPU seconds a minute of sound.
    """

    instrument: str
    synth: str
    name: str
    method: str
    variant: str
    errors: list[float | None]
    cost: float

    def off(self, offset: float = 0.0) -> np.ndarray:
        """(N,) absolute errors when so much is taken off what was found."""
        return np.abs(np.nan_to_num(np.array(self.errors, dtype=float), nan=np.inf) - offset)

    def parts(self, offset: float, tolerances: Sequence[float] = TOLERANCES) -> list[float]:
        return [float(np.mean(self.off(offset) <= t)) for t in tolerances]


def measure(case: Case, synthesiser: Synthesiser, methods: dict[str, Aligner]) -> Iterator[Measured]:
    whole = synthesiser.play(case.performed)
    sound = Audio(whole.samples[: round(LONGEST * whole.sample_rate)], whole.sample_rate)
    if np.abs(sound.samples[: round(0.9 * LEAD * sound.sample_rate)]).max() > 0.01:
        raise SystemExit(
            f"{synthesiser.path}: the silence before the first note was dropped; its times are not the sound's"
        )
    told = np.isfinite(case.true)
    for method, align in methods.items():
        for variant, (found, taken) in align(case, sound).items():
            errors = [round(float(e), 4) if np.isfinite(e) else None for e in (found - case.true)[told]]
            where = (case.performed.instrument, synthesiser.name, case.performed.name)
            yield Measured(*where, method, variant, errors, round(60 * taken / sound.duration, 2))


def measure_all(given: argparse.Namespace) -> list[Measured]:
    kept = given.results.read_text().splitlines() if given.results and given.results.exists() else []
    results = [Measured(**json.loads(line)) for line in kept]
    done, methods = {(r.instrument, r.synth, r.name) for r in results}, None
    for players in (violinists, pianists):
        for case in players(given.data):
            for synthesiser in given.synth:
                where = (case.performed.instrument, synthesiser.name, case.performed.name)
                if where in done or (given.only and case.performed.name not in given.only):
                    continue
                methods = methods or aligners(given.python)
                found = list(measure(case, synthesiser, methods))
                results += found
                print(
                    *where,
                    *(f"{r.method} {r.variant} {r.parts(0.0, COUNTED)}" for r in found),
                    file=sys.stderr,
                    flush=True,
                )
                if given.results:
                    with given.results.open("a") as file:
                        file.writelines(json.dumps(asdict(r)) + "\n" for r in found)
    return results


# Tables.


@dataclass(frozen=True, eq=False)
class Row:
    """An aligner on all performances of one instrument by one synthesiser, with one offset taken off."""

    method: str
    variant: str
    offset: float
    results: list[Measured]

    @property
    def value(self) -> float:
        return float(np.mean([r.parts(self.offset, COUNTED) for r in self.results]))

    def __str__(self) -> str:
        moved = f", {1000 * self.offset:+.0f} ms taken off" if self.offset else ""
        return f"{self.method}{f' ({self.variant})' if self.variant else ''}{moved}"

    def cells(self) -> list[str]:
        parts = np.mean([r.parts(self.offset) for r in self.results], axis=0)
        middle, most = (np.mean([quantile(r.off(self.offset), q) for r in self.results]) for q in (0.5, 0.9))
        notes, cost = sum(len(r.errors) for r in self.results), np.mean([r.cost for r in self.results])
        times = [f"{1000 * t:.0f} ms" if np.isfinite(t) else "-" for t in (middle, most)]
        return [str(notes), *(f"{part:.3f}" for part in parts), *times, f"{cost:.1f}"]


def quantile(values: np.ndarray, q: float) -> float:
    return float(np.quantile(values, q, method="nearest"))


def rows(results: Sequence[Measured]) -> tuple[list[Row], list[Row]]:
    """A row for each aligner, in its better variant: as it is, and with the offset taken off that suits it best."""
    of: dict[str, dict[str, list[Measured]]] = {}
    for r in results:
        of.setdefault(r.method, {}).setdefault(r.variant, []).append(r)
    plain = [[Row(m, v, 0.0, found) for v, found in variants.items()] for m, variants in of.items()]
    moved = [[replace(row, offset=float(o)) for row in variants for o in OFFSETS] for variants in plain]
    best_plain, best_moved = ([max(found, key=lambda row: row.value) for found in group] for group in (plain, moved))
    return best_plain, best_moved


def report(results: Sequence[Measured]) -> None:
    for where in dict.fromkeys((r.instrument, r.synth) for r in results):
        plain, moved = rows([r for r in results if (r.instrument, r.synth) == where])
        count = len(plain[0].results)
        print(f"\n### {where[0]}, sounded by {where[1]}: means over {count} performances\n")
        heads = [f"within {1000 * t:.0f} ms" for t in TOLERANCES]
        print(
            f"| aligner | notes | {' | '.join(heads)} | median | 90 % | CPU s a minute |\n|{'---|' * (len(heads) + 5)}"
        )
        for row in (*plain, *moved):
            print(f"| {row} | {' | '.join(row.cells())} |")
        print("\nEach performance, parts within 50 / 100 ms\n")
        print(f"| performance | notes | {' | '.join(str(row) for row in (*plain, *moved))} |")
        print("|---" * (2 + len(plain) + len(moved)) + "|")
        for i, first in enumerate(plain[0].results):
            cells = ["{:.3f} / {:.3f}".format(*row.results[i].parts(row.offset, COUNTED)) for row in (*plain, *moved)]
            print(f"| {first.name} | {len(first.errors)} | {' | '.join(cells)} |")


NOTES = """\
Means are over performances; a note that an aligner does not find counts as an error of any size. Synthesisers' violins
attack late, and every method hears with a delay of its own: the rows with an offset have one constant taken off what was
found, for all performances of that instrument by that synthesiser, chosen (in 5 ms, to 150 ms) to make the method's own
parts within 50 and 100 ms largest. Sync Toolbox's path is pinned to both ends of sound and score: it is given the sound
without the silence around it; it moves the onsets that it hears by -25 ms or, a variant, by 0, and the better stands here.
The score's tempo is the one at which it lasts as long as the sound."""


# Real recordings: beats against those that the published alignment implies.


def implied(
    folder: Path, recording: str, score: Score, shift: float
) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """Seconds of the score's beats and downbeats, and of the first and the last note."""
    stem = Path(recording).stem
    ticks = np.array([int(row["onset"]) for row in quality._rows(folder / "notes" / f"{stem}.csv")]) / 24
    starts = np.array([float(row["start"]) + shift for row in quality._rows(folder / "alignments" / f"{stem}.csv")])
    reading = next(r for r in read_score(score) if len(r.notes) == len(ticks))
    places = np.unique(ticks)
    seconds = np.maximum.accumulate([np.median(starts[ticks == place]) for place in places])
    places += min(n.onset for n in reading.notes) - places[0]
    beats = [b for b in reading.beats if places[0] - 1e-6 <= b[0] <= places[-1] + 1e-6]
    if beats[0][1] == beats[1][1] == 1:  # an upbeat shorter than a beat
        beats = beats[1:]
    at = np.interp([place for place, _ in beats], places, seconds)
    return at, at[[position == 1 for _, position in beats]], (seconds[0], seconds[-1])


def best_f(true: np.ndarray, found: np.ndarray, span: tuple[float, float]) -> str:
    """F at 70 and 100 ms with the constant offset that suits both best, and that offset."""
    inside = found[(found >= span[0] - 0.25) & (found <= span[1] + 0.25)]
    tried = [(event_f1(true, inside - o, 0.07), event_f1(true, inside - o, 0.1), o) for o in OFFSETS]
    near, wide, offset = max(tried, key=lambda t: t[0] + t[1])
    return f"{near:.3f} / {wide:.3f} ({1000 * offset:+.0f} ms)"


def real_table(data: Path) -> None:
    print("\n### Real violin recordings: beats and downbeats placed by `align`\n")
    print("F at 70 / 100 ms against the published alignment, one constant offset taken off (which)\n")
    print("| recording | beats | F | downbeats | F |\n|---|---|---|---|---|")
    folder, aligner = data / "bach-violin", ScoreAligner()
    for recording, name, shift in quality.BACH:
        score = Score(name, (folder / "scores" / name).read_bytes())
        *true, span = implied(folder, recording, score, shift)
        audio = read_audio(folder / "audio" / recording)
        tracks = aligner.recognize(audio, None, aligner.Options(), JobContext(score=score))
        cells = [
            f"{len(times)} | {best_f(times, np.array(find_track(tracks, namespace).times), span)}"
            for namespace, times in zip(("beat", "downbeat"), true, strict=True)
        ]
        print(f"| {Path(recording).stem} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--synth", type=Synthesiser.read, action="append", default=[], help="NAME=FILE, any number of them"
    )
    parser.add_argument("--python", type=Path, help="a Python with basic-pitch, parangonar and synctoolbox")
    parser.add_argument("--results", type=Path, help="JSON lines; what is in it already is not measured again")
    parser.add_argument("--only", nargs="+", metavar="PERFORMANCE", help="just these, and no recordings")
    given = parser.parse_args()
    results = measure_all(given)
    if results:
        print(NOTES)
        report(results)
    if not given.only:
        real_table(given.data)


if __name__ == "__main__":
    main()
