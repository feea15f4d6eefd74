# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The figures of docs/synchronisation.md: ``python scripts/quality_synchronisation.py --data FOLDER``.

FOLDER holds ``bach-violin``, ``vienna4x22``, ``batik-mozart``, ``asap-subset`` and ``librosa-examples``. Beside our
matching stands parangonar's DualDTW where it is installed: ``pip install parangonar==3.4.0 "pandas<3" tqdm``. Prints Markdown.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import quality
import soundfile

from backend.audio_files import read_audio
from plugins.api import Audio, JobContext, Score
from plugins.api.pitch_network import PitchNetwork
from plugins.transcription.align import ScoreAligner
from training.datasets.performances import asap
from training.recognition.synthesisers import Synthesiser
from training.simulate.room import place, record
from training.synchronisation.chroma import find_lag
from training.synchronisation.event_times import event_times
from training.synchronisation.matching import curve_of, match
from training.synchronisation.notes import Heard, Written
from training.synchronisation.sources import read_performance, read_sheets
from training.synchronisation.synchronise import best_reading, by_sound, synchronise

RATES = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Part of the notes that are left out, part that have a wrong pitch, and extra notes as a part: each."""
PIECES = ("vienna4x22", "batik-mozart/match/kv279_1.match")
HELD_OUT = "batik-mozart/match/kv331_1.match"
DAMAGES = ("room", "noise", "equaliser", "low-pass 1.5 kHz", "600 samples a second")
Matcher = Callable[[np.ndarray, Heard], np.ndarray]


# Stage 1: the lag of two recordings.


def sounds(data: Path) -> dict[str, Audio]:
    files = [*sorted((data / "bach-violin/audio").iterdir()), *sorted((data / "librosa-examples").glob("*.ogg"))]
    import soxr

    found = {}
    for path in [*files, quality.ROOT / "examples/minuet.flac"]:
        audio = read_audio(path)
        found[path.stem] = Audio(soxr.resample(audio.samples, audio.sample_rate, 22050), 22050)
    return found


def damaged(audio: Audio, how: str, rng: np.random.Generator) -> Audio:
    import soxr
    from scipy.signal import butter, sosfilt

    samples, rate = audio.samples.astype(float), audio.sample_rate
    if how == "room":
        samples = record(audio.samples, place(rng), rate, rng)
    elif how == "noise":  # as loud as the music
        samples = samples + rng.normal(0, np.sqrt(np.mean(samples**2)), len(samples))
    elif how == "equaliser":
        samples = 0.3 * sosfilt(butter(2, [300, 3000], "bandpass", fs=rate, output="sos"), samples)
    elif how.startswith("low-pass"):
        samples = sosfilt(butter(8, 1500, fs=rate, output="sos"), samples)
    else:  # what a motion capture system's analogue channel takes
        samples = soxr.resample(samples, rate, 600)
        samples, rate = samples + rng.normal(0, 0.002, len(samples)), 600
    return Audio(samples.astype(np.float32), rate)


def lag_table(data: Path) -> None:
    rng, known = np.random.default_rng(0), sounds(data)
    print(f"\nOffset of two damaged versions of each of {len(known)} recordings, five random cuts each\n")
    print("| the second version | median error | worst error | called reliable |\n|---|---|---|---|")
    for how in DAMAGES:
        errors, reliable = [], []
        for audio in known.values():
            for _ in range(5):
                cut = int(rng.uniform(0.5, 0.2 * audio.duration) * audio.sample_rate)
                end = int(rng.uniform(0.8, 1.0) * len(audio.samples))
                second = damaged(Audio(audio.samples[cut:end], audio.sample_rate), how, rng)
                lag = find_lag(damaged(audio, "room", rng), second)
                errors.append(1000 * abs(lag.seconds - cut / audio.sample_rate))
                reliable.append(lag.reliable)
        print(f"| {how} | {np.median(errors):.1f} ms | {max(errors):.1f} ms | {sum(reliable)} of {len(reliable)} |")
    wrong = [find_lag(known[a], known[b]).reliable for a, b in combinations(known, 2)]
    print(f"\nPairs of different pieces: {sum(wrong)} of {len(wrong)} called reliable.")


# Stage 2: which heard note is which written one.


def our_pairs(score: np.ndarray, heard: Heard) -> np.ndarray:
    return match(Written(score["onset_quarter"].astype(float), score["pitch"].astype(np.int64)), heard).pairs


def library_pairs(score: np.ndarray, heard: Heard) -> np.ndarray:
    """parangonar's DualDTW, at its defaults."""
    import parangonar

    kinds = [("onset_sec", "f4"), ("duration_sec", "f4"), ("pitch", "i4"), ("velocity", "i4"), ("id", "U256")]
    performance = np.zeros(len(heard), dtype=kinds)
    performance["onset_sec"], performance["pitch"] = heard.onsets, heard.pitches
    performance["duration_sec"], performance["velocity"] = 0.2, 64
    performance["id"] = [str(i) for i in range(len(heard))]
    found = parangonar.DualDTWNoteMatcher()(score, performance)
    index = {name: i for i, name in enumerate(score["id"])}
    pairs = [(index[a["score_id"]], int(a["performance_id"])) for a in found if a["label"] == "match"]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def matchers() -> dict[str, Matcher]:
    try:
        import parangonar  # noqa: F401
    except ImportError:
        return {"ours": our_pairs}
    return {"ours": our_pairs, "DualDTW": library_pairs}


def aligned(path: Path) -> tuple[np.ndarray, Heard, set[tuple[int, int]]]:
    """Score notes, performed notes and the true pairs of a match file."""
    import partitura

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        performance, alignment, score = partitura.load_match(str(path), create_score=True)
        written, played = score[0].note_array(include_grace_notes=True), performance.note_array()
    written = written[np.lexsort((written["pitch"], ~written["is_grace"], written["onset_quarter"]))]
    played = played[np.lexsort((played["pitch"], played["onset_sec"]))]
    mine = {name: i for i, name in enumerate(written["id"])}
    theirs = {name: i for i, name in enumerate(played["id"])}
    true = {(mine[a["score_id"]], theirs[a["performance_id"]]) for a in alignment if a["label"] == "match"}
    return written, Heard(played["onset_sec"].astype(float), played["pitch"].astype(np.int64)), true


def with_errors(
    heard: Heard, true: set[tuple[int, int]], rate: float, rng: np.random.Generator
) -> tuple[Heard, set[tuple[int, int]]]:
    """Notes left out, wrong by one or two semitones, and extra ones near others; what is wrong has no partner."""
    count = len(heard)
    gone = rng.random(count) < rate
    wrong = (rng.random(count) < rate) & ~gone
    pitches = heard.pitches + np.where(wrong, rng.choice([-2, -1, 1, 2], count), 0)
    base = rng.integers(0, count, rng.binomial(count, rate))
    onsets = np.concatenate([heard.onsets[~gone], heard.onsets[base] + rng.uniform(-0.3, 0.3, len(base))])
    extra = np.clip(heard.pitches[base] + rng.integers(-12, 13, len(base)), 21, 108)
    return _merged(onsets, np.concatenate([pitches[~gone], extra]), np.nonzero(~gone)[0], true, wrong)


def _merged(
    onsets: np.ndarray, pitches: np.ndarray, old: np.ndarray, true: set[tuple[int, int]], wrong: np.ndarray
) -> tuple[Heard, set[tuple[int, int]]]:
    source = np.concatenate([old, np.full(len(onsets) - len(old), -1)])
    order = np.lexsort((pitches, onsets))
    now: dict[int, list[int]] = {}
    for i, j in enumerate(source[order]):
        now.setdefault(int(j), []).append(i)
    kept = {(a, i) for a, b in true if not wrong[b] for i in now.get(b, [])}
    return Heard(onsets[order], pitches[order]), kept


def with_jumps(heard: Heard, true: set[tuple[int, int]]) -> tuple[Heard, set[tuple[int, int]]]:
    """A fifth of the performance (from 30 %) played twice, a tenth (from 70 %) left out."""
    n = len(heard)
    a, b, c, d = (int(part * n) for part in (0.3, 0.5, 0.7, 0.8))
    order = np.concatenate([np.arange(b), np.arange(a, c), np.arange(d, n)])
    starts = heard.onsets[order]
    back, on = starts[b - 1] - starts[b] + 0.5, starts[b + c - a - 1] - starts[b + c - a] + 0.5
    starts[b : b + c - a] += back
    starts[b + c - a :] += back + on
    now: dict[int, list[int]] = {}
    for i, j in enumerate(order):
        now.setdefault(int(j), []).append(i)
    return Heard(starts, heard.pitches[order]), {(x, i) for x, y in true for i in now.get(y, [])}


def f_measure(found: np.ndarray, true: set[tuple[int, int]]) -> float:
    pairs = {(int(a), int(b)) for a, b in found}
    return 2 * len(pairs & true) / max(len(pairs) + len(true), 1)


def match_table(data: Path) -> None:
    paths = [p for name in PIECES for p in sorted((data / name).glob("match/*.match")) or [data / name]]
    print(f"\nNotes matched, F over {len(paths)} performances (mean; the lowest in brackets)\n")
    _match_rows(paths, RATES)
    print("\nThe same for a long movement on which no constant was chosen (Mozart K. 331, first movement)\n")
    _match_rows([data / HELD_OUT], (0.0, 0.05))


def _match_rows(paths: list[Path], rates: tuple[float, ...]) -> None:
    columns = [f"{100 * r:g} %" for r in rates] + ["jumps", "seconds"]
    print(f"| matcher | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for name, matcher in matchers().items():
        rng, rows, seconds = np.random.default_rng(0), [], 0.0
        for path in paths:
            score, heard, true = aligned(path)
            cases = [with_errors(heard, true, rate, rng) for rate in rates] + [with_jumps(heard, true)]
            began = time.perf_counter()
            found = [matcher(score, h) for h, _ in cases]
            seconds += time.perf_counter() - began
            rows.append([f_measure(pairs, t) for pairs, (_, t) in zip(found, cases, strict=True)])
        cells = [f"{mean:.4f} ({low:.3f})" for mean, low in zip(np.mean(rows, 0), np.min(rows, 0), strict=True)]
        print(f"| {name} | {' | '.join(cells)} | {seconds:.0f} |", flush=True)


# The whole: seconds of a score's notes in real recordings.


def within(found: np.ndarray, true: np.ndarray) -> str:
    """Parts within 50 and 100 ms after the constant offset that suits best, and that offset."""
    off = np.sort(found) - np.sort(true)
    offsets = np.arange(-0.15, 0.1501, 0.005)
    parts = [(np.mean(np.abs(off - o) <= 0.05), np.mean(np.abs(off - o) <= 0.1)) for o in offsets]
    best = int(np.argmax([sum(p) for p in parts]))
    return f"{parts[best][0]:.3f} / {parts[best][1]:.3f} ({1000 * offsets[best]:+.0f} ms)"


def real_table(data: Path) -> None:
    names = list(matchers())
    heads = [head for name in names for head in (f"notes matched: {name}", "then moved by the sound")] + [
        "`align` alone"
    ]
    print("\nNotes within 50 / 100 ms of the published alignment, one constant offset removed (which)\n")
    print(f"| recording | notes | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 2)}")
    network = PitchNetwork()
    for recording, name, shift in quality.BACH:
        folder = data / "bach-violin"
        rows = quality._rows(folder / "alignments" / f"{Path(recording).stem}.csv")
        true = np.array([float(row["start"]) + shift for row in rows])
        performance = read_performance(folder / "audio" / recording, "violin", network)
        sheet, matching = best_reading(read_sheets(folder / "scores" / name, "violin"), performance)
        _, event = sheet.written.events()
        times = event_times(sheet.written, matching)
        assert performance.audio is not None
        cells = []
        for way in [times, *([_by_library(sheet.written, performance.heard)] if len(names) > 1 else [])]:
            moved = by_sound(sheet, way, performance.audio, network)
            cells += [within(way[event], true), within(moved[event], true)]
        cells.append(within(_aligned(performance.audio, folder / "scores" / name, network), true))
        print(f"| {Path(recording).stem} | {len(true)} | {' | '.join(cells)} |", flush=True)


def _by_library(written: Written, heard: Heard) -> np.ndarray:
    """Times of the events: the library's pairs through our tempo curve."""
    kinds = [("onset_beat", "f4"), ("onset_quarter", "f4"), ("duration_beat", "f4"), ("pitch", "i4"), ("id", "U256")]
    score = np.zeros(len(written), dtype=[*kinds, ("is_grace", "?")])
    score["onset_beat"] = score["onset_quarter"] = written.positions
    score["duration_beat"], score["pitch"] = 0.5, written.pitches
    score["id"] = [str(i) for i in range(len(written))]
    positions, event = written.events()
    pairs = library_pairs(score, heard)
    curve = curve_of(positions, event[pairs[:, 0]], heard.onsets[pairs[:, 1]])
    return curve.at(positions)


def _aligned(audio: Audio, score: Path, network: PitchNetwork) -> np.ndarray:
    aligner = ScoreAligner(network)
    context = JobContext(score=Score(score.name, score.read_bytes()))
    return np.array(aligner.recognize(audio, None, aligner.Options(), context)[0].times)


def piano_table(data: Path, synthesiser: Synthesiser | None) -> None:
    print("\nDownbeats of real piano performances within 50 / 100 ms of those published with them\n")
    print("| performance | bars | from MIDI | from its sound |\n|---|---|---|---|")
    performed = {p.name: p for p in asap(data / "asap-subset")}
    for path in sorted((data / "asap-subset").rglob("*.mid")):
        if path.stem == "midi_score":
            continue
        lines = path.with_name(f"{path.stem}_annotations.txt").read_text().splitlines()
        true = np.array([float(row.split("\t")[0]) for row in lines if row.split("\t")[2].startswith("db")])
        row = [_bars_found(path, path, true)]
        if synthesiser is not None:
            with tempfile.TemporaryDirectory() as folder:
                sound = synthesiser.play(performed[path.stem])
                soundfile.write(Path(folder) / "sound.wav", sound.samples, sound.sample_rate)
                row.append(_bars_found(Path(folder) / "sound.wav", path, true))
        print(f"| {path.parent.name} {path.stem} | {len(true)} | {' | '.join(row)} |", flush=True)


def _bars_found(recording: Path, performance: Path, true: np.ndarray) -> str:
    """Parts of the published downbeats that have a bar of ours within 50 and 100 ms."""
    found = synchronise(recording, performance.with_name("xml_score.musicxml"), instrument="piano")
    bars = np.array([bar.seconds for bar in found.bars])
    near = np.abs(bars[:, None] - true[None, :]).min(axis=0)
    return f"{np.mean(near <= 0.05):.3f} / {np.mean(near <= 0.1):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--synth", type=Synthesiser.read, help="soundfont that sounds the piano's MIDI")
    parser.add_argument("--only-piano", action="store_true")
    given = parser.parse_args()
    for table in () if given.only_piano else (lag_table, match_table, real_table):
        table(given.data)
    piano_table(given.data, given.synth)


if __name__ == "__main__":
    main()
