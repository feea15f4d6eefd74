# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Beats that ``align`` places in real violin recordings: ``python scripts/quality_score_beats.py --data FOLDER``.

FOLDER holds ``bach-violin``. The truth is what the published alignment of its notes implies: the median of the notes at
a place of the score, straight lines between. Prints Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import quality

from backend.audio_files import read_audio
from plugins.api import JobContext, Score, find_track
from plugins.transcription.align import ScoreAligner
from plugins.transcription.score import read_score
from training.metrics import event_f1

OFFSETS = np.array(sorted(np.arange(-30, 31) * 0.005, key=abs))
"""Constant offsets that are tried: to 150 ms each way."""


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
    real_table(parser.parse_args().data)


if __name__ == "__main__":
    main()
