# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How exactly a score's notes are found in sound: ``python scripts/quality_alignment.py --data FOLDER --synth NAME=FILE``.

FOLDER holds ``vienna4x22``, ``batik-mozart`` (piano) and ``mosa-annotations`` (violin), real performances whose note times
are known. They are sounded by each ``--synth``, a soundfont or a configuration of TiMidity++, no pedal, a second of
silence first, two minutes at most. ``--python`` names a Python that runs ``dualdtw_align.py`` and ``synctoolbox_align.py``
(each says what it needs): both stand beside ours, on the same sound and the same score. That is a list of notes, onset and duration in quarters and a pitch, as a MIDI file at one tempo for
ours; grace notes are written out before their notes, and only DualDTW is told which they are. Notes that the player left
out or played twice or at a wrong pitch are in the score, and do not count. Prints Markdown; ``--results`` keeps what was
measured, a line each, and a second run goes on from there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from written_scores import Case, pianists, ticks, violinists

from plugins.api import Audio, JobContext, Score
from plugins.api.pitch_network import PitchNetwork
from plugins.transcription.align import _align, _Sound
from plugins.transcription.alignment import Evidence
from plugins.transcription.onsets import superflux
from plugins.transcription.score import read_score
from training.datasets.performances import LEAD
from training.recognition.judging import LONGEST
from training.recognition.synthesisers import Synthesiser

TOLERANCES = (0.025, 0.05, 0.1, 0.25)
COUNTED = (0.05, 0.1)
OFFSETS = np.array(sorted(np.arange(-30, 31) * 0.005, key=abs))
"""Constant offsets that are tried: to 150 ms each way."""
FOREIGN = ("dualdtw", "synctoolbox")


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
        context = JobContext(instrument=case.performed.instrument)
        performed, _ = _align(reading, _Sound(sound, heard, evidence), context)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--synth", type=Synthesiser.read, action="append", default=[], help="NAME=FILE, any number of them"
    )
    parser.add_argument("--python", type=Path, help="a Python with basic-pitch, parangonar and synctoolbox")
    parser.add_argument("--results", type=Path, help="JSON lines; what is in it already is not measured again")
    parser.add_argument("--only", nargs="+", metavar="PERFORMANCE", help="just these")
    given = parser.parse_args()
    results = measure_all(given)
    if results:
        print(NOTES)
        report(results)


if __name__ == "__main__":
    main()
