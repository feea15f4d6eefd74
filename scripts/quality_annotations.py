# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The picture and the figures of docs/annotations.md, from the example: ``python scripts/quality_annotations.py``.

Whether a bar's confidence tells that the bar was not played as written: in each of twelve copies of the score four bars
have all their notes moved by one or two semitones, and the recording is aligned with the copy.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from backend.audio_files import read_audio
from backend.chain import Job
from backend.pipeline import recognize
from backend.plugin_manager import load_plugins
from plugins.api import Audio, JobContext, Score, find_track
from plugins.api.pitch_network import PitchNetwork
from plugins.transcription.align import _align, _Sound
from plugins.transcription.alignment import Evidence
from plugins.transcription.onsets import superflux
from plugins.transcription.performed import bar_confidence
from plugins.transcription.score import Reading, read_score

ROOT: Final = Path(__file__).resolve().parents[1]
COPIES, WRONG_BARS = 12, 4
SHOWN = ("beat", "downbeat", "phrase", "dynamics", "articulation", "note", "loudness")
COLOURS = {"legato": "#7aa6c2", "staccato": "#c25b56", "neutral": "#cccccc"}


def confidences(audio: Audio, reading: Reading) -> tuple[list[float], list[float]]:
    """Of bars as written, and of bars that are not."""
    heard = PitchNetwork().listen(audio, JobContext())
    sound = _Sound(audio, heard, Evidence.of(heard, superflux(audio)[: len(heard.note)]))
    firsts = np.array([t for t, position in reading.beats if position == 1])
    right, wrong = [], []
    for copy in range(COPIES):
        rng = np.random.default_rng(copy)
        bars = set(rng.choice(np.arange(2, len(firsts)), WRONG_BARS, replace=False).tolist())
        notes = tuple(
            replace(n, pitch=n.pitch + int(rng.choice([-2, -1, 1, 2])))
            if int(np.searchsorted(firsts, n.onset + 1e-6, side="right")) in bars
            else n
            for n in reading.notes
        )
        sure = bar_confidence(_align(replace(reading, notes=notes), sound, JobContext())[0])
        for bar in range(1, len(firsts) + 1):
            (wrong if bar in bars else right).append(sure[bar])
    return right, wrong


def draw(audio: Audio, score: Score, path: Path) -> None:
    """Sound, loudness, notes by articulation, dynamics, phrases, beats and bars of the first 20 seconds."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    cut = Audio(audio.samples[: 20 * audio.sample_rate], audio.sample_rate)
    tracks = recognize(load_plugins(), Job(score=score), cut, SHOWN)
    figure, (top, middle, low) = plt.subplots(3, 1, figsize=(9, 4.2), sharex=True, height_ratios=(1, 2, 0.7))
    times = np.arange(0, len(cut.samples), 64) / cut.sample_rate
    top.plot(times, cut.samples[::64], color="#cccccc", linewidth=0.4)
    top.set_yticks([])
    curve = find_track(tracks, "loudness")
    louder = top.twinx()
    louder.plot(curve.times, [a.value for a in curve.annotations], color="#333333", linewidth=1.2)
    louder.set_ylabel("LUFS")
    _draw_notes(middle, tracks)
    _draw_spans(low, tracks)
    low.set_xlabel("seconds")
    low.set_xlim(0, 20)
    figure.tight_layout()
    figure.savefig(path, dpi=80)


def _draw_notes(axes: Any, tracks: list[Any]) -> None:
    for note, kind in zip(*(find_track(tracks, n).annotations for n in ("note", "articulation")), strict=True):
        axes.barh(note.value["pitch"], note.duration, left=note.time, height=0.9, color=COLOURS[kind.value])
    for beat in find_track(tracks, "beat").annotations:
        axes.axvline(beat.time, color="#999999", linewidth=0.5)
    top = axes.get_ylim()[1]
    for bar in find_track(tracks, "downbeat").annotations:
        axes.axvline(bar.time, color="#333333", linewidth=1.2)
        axes.text(bar.time + 0.05, top, f"{bar.value}  {bar.confidence:.2f}", fontsize=7, va="top")
    axes.set_ylabel("MIDI pitch")


def _draw_spans(axes: Any, tracks: list[Any]) -> None:
    rows = [("dynamics", 0, "#e0cfa9"), ("phrase", 1, "#b9d3b0")]
    for name, height, colour in rows:
        for i, span in enumerate(find_track(tracks, name).annotations):
            axes.barh(height, span.duration, left=span.time, height=0.8, color=colour, edgecolor="white")
            axes.text(span.time + 0.1, height, str(span.value or i + 1), va="center", fontsize=8)
    axes.set_yticks([height for _, height, _ in rows], [name for name, _, _ in rows])


def main() -> None:
    audio = read_audio(ROOT / "examples" / "minuet.flac")
    score = Score("minuet.musicxml", (ROOT / "examples" / "minuet.musicxml").read_bytes())
    draw(audio, score, ROOT / "docs" / "images" / "annotations.png")
    right, wrong = (np.array(c) for c in confidences(audio, read_score(score)[0]))
    told = np.mean(right[:, None] > wrong[None]) + 0.5 * np.mean(right[:, None] == wrong[None])
    print(f"bars as written {len(right)}, median confidence {np.median(right):.2f}")
    print(f"bars not as written {len(wrong)}, median confidence {np.median(wrong):.2f}")
    print(f"area under the ROC curve {told:.3f}")


if __name__ == "__main__":
    main()
