# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Measure the performer and write docs/quality.md: ``python scripts/quality.py [--data FOLDER]``.

FOLDER holds ``bach-violin`` and ``letuvertia-violin-kinect`` (real recordings and real bow
strokes, not part of the project); without it only the example is measured and the page says so.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import quality_cost
import quality_heard
import quality_pulse
import quality_strokes

from backend.audio_files import read_audio
from backend.pipeline import Job, run
from backend.plugin_manager import load_plugins
from plugins.api import Audio, Motion, Score, find_track, from_json, violin
from plugins.api.pitch_network import FPS
from plugins.performer.generator import planned
from plugins.performer.music import read_music
from plugins.transcription.onsets import superflux
from plugins.transcription.score import read_score
from training import performance_metrics as metrics

ROOT = Path(__file__).resolve().parents[1]
BACH = (
    ("john-garner_bwv1002_mov6.mp3", "bwv1002_mov6.mxl", 1.0),
    ("john-garner_bwv1002_mov7.mp3", "bwv1002_mov7.mxl", 0.0),
    ("minji-kim_bwv1003_mov3.opus", "bwv1003_mov3.mxl", 1.0),
)
"""Recording, score, and seconds to add to its published alignment."""


@dataclass
class Case:
    """A recording with the times at which a new bow begins, and the performances made of it."""

    name: str
    audio: Audio
    score: Score
    new_bows: np.ndarray
    onsets: np.ndarray
    motions: dict[str, Motion] = field(default_factory=dict)
    sounding: dict[str, list[metrics.Sounding]] = field(default_factory=dict)
    heard: tuple[float, float] = (0.0, 0.0)
    moved: list[quality_pulse.Moved] = field(default_factory=list)
    listened: list[quality_heard.Listened] = field(default_factory=list)


def example() -> Case:
    truth = find_track(from_json((ROOT / "examples/minuet.truth.json").read_text()), "note").annotations
    path = ROOT / "examples/minuet.musicxml"
    bows = metrics.merged([n.time for n in truth if n.value["new_bow"]], 0.1)
    audio = read_audio(ROOT / "examples/minuet.flac")
    return Case("example", audio, Score(path.name, path.read_bytes()), bows, metrics.merged([n.time for n in truth]))


def real(folder: Path, recording: str, score_name: str, shift: float) -> Case:
    """New bows are the score's (slurs), at the times of the published alignment."""
    stem = Path(recording).stem
    path = folder / "scores" / score_name
    score = Score(score_name, path.read_bytes())
    times = np.array([float(r["start"]) + shift for r in _rows(folder / "alignments" / f"{stem}.csv")])
    ticks = [(int(r["onset"]), int(r["pitch"])) for r in _rows(folder / "notes" / f"{stem}.csv")]
    order = sorted(range(len(ticks)), key=lambda i: ticks[i])
    reading = next(r for r in read_score(score) if len(r.notes) == len(times))
    new = np.array([n.new_bow for n in reading.notes])
    times = times[order]
    audio = read_audio(folder / "audio" / recording)
    return Case(stem, audio, score, metrics.merged(times[new]), metrics.merged(times))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def perform(case: Case) -> None:
    """The case's motions, with its score and from audio alone."""
    registry = load_plugins()
    for way, score in (("score", case.score), ("audio", None)):
        result = run(registry, Job(score=score), case.audio)
        case.motions[way] = result.motion
        notes, beats = find_track(result.annotations, "note"), find_track(result.annotations, "beat")
        chords, grips, _ = planned(read_music(notes, beats, case.audio))
        ends = {(round(n.time, 3), n.value["pitch"]): n.end for n in notes.annotations}
        case.sounding[way] = [
            (c.start, min(c.end, _end_of(ends, c.start, violin.OPEN_PITCHES[s] + n)), s, n, f)
            for c, g in zip(chords, grips, strict=True)
            for s, n, f in g.stops
        ]
        if way == "score":
            case.heard = agreement(case.audio, np.array(notes.times)), agreement(case.audio, case.onsets)
        deaf = run(registry, Job(score=score, options={"performer": {"as_heard": 0.0}}), case.audio).motion
        case.listened.append(quality_heard.Listened(f"{case.name}, {way}", case.audio, chords, result.motion, deaf))
        still = run(registry, Job(score=score, options={"performer": {"pulse": 0.0}}), case.audio).motion
        bars = np.array([b.time for b in beats.annotations if b.value == 1])
        case.moved.append(quality_pulse.Moved(f"{case.name}, from {way}", result.motion, still, bars))


def _end_of(ends: dict[tuple[float, int], float], start: float, pitch: int) -> float:
    """End of the note annotation of that pitch nearest to a chord's start."""
    near = [(abs(t - start), end) for (t, p), end in ends.items() if p == pitch and abs(t - start) < 0.05]
    return min(near)[1] if near else np.inf


def agreement(audio: Audio, onsets: np.ndarray) -> float:
    """Part of the onsets at which the spectrum grows as at an onset (within 50 ms, after removing one constant
    offset). The spectral flux knows nothing of scores or alignments."""
    flux = superflux(audio)
    clear = flux > np.percentile(flux, 90)
    frames = np.round((metrics.merged(onsets) - audio.start) * FPS).astype(int)

    def part(offset: int) -> float:
        window = np.clip(frames[:, None] + offset + np.arange(-4, 5), 0, len(clear) - 1)
        return float(clear[window].any(axis=1).mean())

    return max(part(offset) for offset in range(-12, 13))


def bow_table(cases: list[Case]) -> list[str]:
    """F1 of bow reversals, each beside the bow of another recording."""
    lines = [
        "| recording | new bows | with score | offset | from audio | offset | chance (another recording's bow) |",
        "|---|---|---|---|---|---|---|",
    ]
    for i, case in enumerate(cases):
        other = cases[(i + 1) % len(cases)].motions["score"] if len(cases) > 1 else None
        chance = metrics.best_f1(case.new_bows, metrics.bow_reversals(other))[0] if other else float("nan")
        cells = []
        for way in ("score", "audio"):
            f1, offset = metrics.best_f1(case.new_bows, metrics.bow_reversals(case.motions[way]))
            cells += [f"{f1:.3f}", f"{offset * 1000:+.0f} ms"]
        lines.append(f"| {case.name} | {len(case.new_bows)} | {' | '.join(cells)} | {chance:.3f} |")
    if len(cases) > 2:
        bows = sum(len(c.new_bows) for c in cases[1:])
        lines.append(
            f"| real ones pooled | {bows} | {pooled(cases[1:], 'score'):.3f} | | {pooled(cases[1:], 'audio'):.3f} | | |"
        )
    return lines


def pooled(cases: list[Case], way: str) -> float:
    """F1 over all bows of several recordings, each with its own offset."""
    matched = total = 0.0
    for case in cases:
        turns = metrics.bow_reversals(case.motions[way])
        f1, _ = metrics.best_f1(case.new_bows, turns)
        count = len(case.new_bows) + len(turns)
        matched, total = matched + f1 * count, total + count
    return matched / total


def contact_table(cases: list[Case]) -> list[str]:
    lines = [
        "| recording | notes from | hair within 3 mm of its string | its string nearest | between bridge and fingerboard | fingertip within 5 mm |",
        "|---|---|---|---|---|---|",
    ]
    for case in cases:
        for way, motion in case.motions.items():
            hair, place = metrics.hair_distances(motion, case.sounding[way])
            stop = metrics.stop_distances(motion, case.sounding[way])
            own = metrics.sounding_string_is_nearest(motion, case.sounding[way]).mean()
            inside = ((place > 0) & (place < 1)).mean()
            lines.append(
                f"| {case.name} | {way} | {percent((hair < 0.003).mean())} (worst {hair.max() * 1000:.1f} mm) | {percent(own)} | {percent(inside)} "
                f"| {percent((stop < 0.005).mean())} (median {np.median(stop) * 1000:.1f} mm) |"
            )
    return lines


def percent(part: float) -> str:
    return f"{100 * part:.2f} %"


def body_table(cases: list[Case]) -> list[str]:
    lines = [
        "| recording | bone lengths | feet | nearest: bow to head, to torso; forearm to head, to torso | largest acceleration |",
        "|---|---|---|---|---|",
    ]
    for case in cases:
        motion = case.motions["score"]
        near = metrics.clearances(motion)
        gaps = ", ".join(
            f"{near[k] * 1000:.0f}" for k in ("bow to head", "bow to torso", "forearm to head", "forearm to torso")
        )
        size, joint = metrics.largest_acceleration(motion)
        lines.append(
            f"| {case.name} | {metrics.bone_length_error(motion) * 1000:.4f} mm | {metrics.foot_slide(motion) * 1000:.2f} mm "
            f"| {gaps} mm | {size:.0f} m/s² ({joint}) |"
        )
    return lines


def angle_table(cases: list[Case]) -> list[str]:
    found = [metrics.joint_angles(c.motions["score"]) for c in cases]
    lines = ["| joint | limits | smallest | largest | broken |", "|---|---|---|---|---|"]
    for name, (low, high) in metrics.LIMITS.items():
        least, most = min(f[name][0] for f in found), max(f[name][1] for f in found)
        broken = "no" if low <= least and most <= high else "**yes**"
        lines.append(f"| {name} | {low:.0f}° to {high:.0f}° | {least:.0f}° | {most:.0f}° | {broken} |")
    return lines


def page(cases: list[Case], pulse: list[str], strokes: list[str], cost: list[str], data: bool) -> str:
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT)
    text = (ROOT / "scripts/quality_template.md").read_text()
    heard = "\n".join(f"| {c.name} | {100 * c.heard[0]:.0f} % | {100 * c.heard[1]:.0f} % |" for c in cases)
    return text.format(
        revision=revision.stdout.strip() or "unknown",
        data="" if data else "\n**The real recordings were not at hand: only the example was measured.**\n",
        bows="\n".join(bow_table(cases)),
        contact="\n".join(contact_table(cases)),
        body="\n".join(body_table(cases)),
        angles="\n".join(angle_table(cases)),
        pulse="\n".join(pulse),
        known=quality_heard.known(),
        listened="\n".join(quality_heard.table([c.listened[w] for w in (0, 1) for c in cases])),
        heard=heard,
        strokes="\n".join(strokes),
        cost="\n".join(cost),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with bach-violin and letuvertia-violin-kinect")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/quality.md")
    parser.add_argument("--no-cost", action="store_true", help="leave out the timings (they take minutes)")
    given = parser.parse_args()
    cases = [example()]
    if given.data:
        cases += [real(given.data / "bach-violin", *row) for row in BACH]
    for case in cases:
        print("performing", case.name, flush=True)
        perform(case)
    images = ROOT / "docs/images"
    kinect = given.data / "letuvertia-violin-kinect" if given.data else None
    strokes = quality_strokes.compare(kinect, images) if kinect else []
    pulse = quality_pulse.table([c.moved[w] for w in (0, 1) for c in cases], kinect)
    quality_pulse.plot(cases[0].moved[0], images / "pulse.png")
    cost = [] if given.no_cost else quality_cost.measure(ROOT)
    given.output.write_text(page(cases, pulse, strokes, cost, bool(given.data)), encoding="utf-8")
    print("wrote", given.output)


if __name__ == "__main__":
    main()
