# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Notes of a score placed by basic-pitch and DualDTW, for ``quality_alignment.py``: JSON, a task and a result a line.

Runs in a Python of its own: ``pip install --no-deps basic-pitch==0.4.0``, then ``pip install onnxruntime librosa pretty_midi
mir_eval "resampy<0.4.3" parangonar==3.4.0 "pandas<3" tqdm``. basic-pitch (R. Bittner et al., 2022) hears notes,
parangonar's DualDTW (S. Peter, 2023) matches them with the score's, both at their defaults. Written notes without a
partner are put on the line between the matched ones, in score time; beyond the ends the tempo of the nearest goes on.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
import warnings
from typing import Any

import numpy as np

NEAR = 5
"""Matched places whose tempo goes on beyond the ends."""


def score_array(notes: list[dict[str, Any]]) -> np.ndarray:
    """What parangonar reads; grace notes stand at the note that they grace, and it moves them itself."""
    rows = [
        (n["onset"] if n["graces"] is None else n["graces"], n["duration"], n["pitch"], n["graces"] is not None, f"{i}")
        for i, n in enumerate(notes)
    ]
    kinds = [("onset_beat", "f8"), ("duration_beat", "f8"), ("pitch", "i4"), ("is_grace", "?"), ("id", "U16")]
    score = np.array(rows, dtype=kinds)
    return score[np.lexsort((score["duration_beat"], score["pitch"], score["onset_beat"]))]


def heard_array(events: list[Any]) -> np.ndarray:
    rows = [
        (start, end - start, pitch, round(127 * loud), f"{i}") for i, (start, end, pitch, loud, *_) in enumerate(events)
    ]
    kinds = [("onset_sec", "f8"), ("duration_sec", "f8"), ("pitch", "i4"), ("velocity", "i4"), ("id", "U16")]
    heard = np.array(rows, dtype=kinds)
    return heard[np.lexsort((heard["pitch"], heard["onset_sec"]))]


def between(places: np.ndarray, known: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Seconds of places in the score; NaN when fewer than two are known."""
    if len(known) < 2:
        return np.full(len(places), np.nan)
    found = np.interp(places, known, seconds)
    for edge, near, beyond in (
        (0, slice(None, NEAR), places < known[0]),
        (-1, slice(-NEAR, None), places > known[-1]),
    ):
        tempo = np.ptp(seconds[near]) / np.ptp(known[near])
        found[beyond] = seconds[edge] + tempo * (places[beyond] - known[edge])
    return found


def placed(notes: list[dict[str, Any]], pairs: list[tuple[int, float]]) -> np.ndarray:
    """Seconds of all notes from those of some."""
    onsets = np.array([n["onset"] for n in notes])
    at: dict[float, list[float]] = {}
    for i, seconds in pairs:
        at.setdefault(onsets[i], []).append(seconds)
    known = np.array(sorted(at))
    found = between(onsets, known, np.array([np.median(at[place]) for place in known]))
    for i, seconds in pairs:
        found[i] = seconds
    return found


def align(task: dict[str, Any], hear: Any, matcher: Any) -> dict[str, Any]:
    began = time.process_time()
    events = hear(task["sound"])
    pairs = []
    if events:
        found = matcher()(score_array(task["notes"]), heard_array(events))
        matched = [(int(a["score_id"]), int(a["performance_id"])) for a in found if a["label"] == "match"]
        pairs = [(i, float(events[j][0])) for i, j in matched]
    onsets = placed(task["notes"], pairs)
    seconds = [float(t) if np.isfinite(t) else None for t in onsets]
    taken = time.process_time() - began
    return {"found": {"": seconds}, "cpu_seconds": {"": taken}, "heard": len(events), "matched": len(pairs)}


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)  # about the other runtimes that basic-pitch looks for
    answers = sys.stdout
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        from basic_pitch import FilenameSuffix, build_icassp_2022_model_path
        from basic_pitch.inference import Model, predict
        from parangonar.match import DualDTWNoteMatcher

        model = Model(build_icassp_2022_model_path(FilenameSuffix.onnx))
        for number, line in enumerate(sys.stdin):
            task = json.loads(line)
            for _ in range(2 if number == 0 else 1):  # the first time compiles
                result = align(task, lambda path: predict(path, model)[2], DualDTWNoteMatcher)
            print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    main()
