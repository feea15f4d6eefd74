# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Fit the two logistic models of plugins/transcription/candidates.py and print them.

Usage: python scripts/fit_onset_model.py FOLDER_OF_BACH_VIOLIN

Truth on the real recordings is our own alignment with the score (99 % of the notes
of the first lie within 100 ms of the published one); on the example it is exact.
Needs scikit-learn (it comes with librosa).
"""

from __future__ import annotations

import sys
from pathlib import Path

import mir_eval
import numpy as np
from sklearn.linear_model import LogisticRegression

from backend.audio_files import read_audio
from plugins.api import JobContext, Score, from_json
from plugins.api.pitch_network import FPS, PitchNetwork
from plugins.transcription.align import ScoreAligner
from plugins.transcription.candidates import ONSET_MODEL, bow_features, logistic, onset_features

EXAMPLES = Path(__file__).parents[1] / "examples"
RECORDINGS = (("john-garner_bwv1002_mov6.mp3", "bwv1002_mov6"), ("john-garner_bwv1002_mov7.mp3", "bwv1002_mov7"))
TOLERANCE = 0.06


def onsets_of(notes: list) -> tuple[np.ndarray, np.ndarray]:
    """Times of all onsets and of those that begin a new bow; double stops count once."""
    times = np.array([n.time for n in notes])
    bows = np.array([bool(n.value["new_bow"]) for n in notes])
    return tuple(t[np.diff(t, prepend=-1.0) > 0.04] for t in (np.unique(times), np.unique(times[bows])))


def labels(truth: np.ndarray, times: np.ndarray) -> np.ndarray:
    hit = np.zeros(len(times), dtype=bool)
    hit[[j for _, j in mir_eval.util.match_events(truth, times, TOLERANCE)]] = True
    return hit


def main() -> None:
    network, aligner, table = PitchNetwork(), ScoreAligner(), []
    for name, score in RECORDINGS:
        audio = read_audio(Path(sys.argv[1]) / "audio" / name)
        data = (Path(sys.argv[1]) / "scores" / f"{score}.mxl").read_bytes()
        context = JobContext(score=Score(f"{score}.mxl", data))
        notes = aligner.recognize(audio, None, aligner.Options(), context)[0].annotations
        table.append((audio, list(notes)))
    truth = from_json((EXAMPLES / "minuet.truth.json").read_text())[0]
    table.append((read_audio(EXAMPLES / "minuet.flac"), list(truth.annotations)))
    rows, starts, bows, group = [], [], [], []
    for i, (audio, notes) in enumerate(table):
        frames, features = onset_features(network.listen(audio, JobContext()), audio)
        onset, bow = onsets_of(notes)
        rows.append(features)
        starts.append(labels(onset, frames / FPS + audio.start))
        bows.append(labels(bow, frames / FPS + audio.start))
        group.append(np.full(len(frames), i))
    which = np.concatenate(group)
    for_bows = [bow_features(f, logistic(f, ONSET_MODEL)) for f in rows]
    for title, features, parts in (("ONSET_MODEL", rows, starts), ("BOW_MODEL", for_bows, bows)):
        x, y = np.concatenate(features), np.concatenate(parts)
        fit = LogisticRegression(C=10.0, max_iter=5000).fit(x, y)
        print(title, tuple(round(float(v), 3) for v in (*fit.coef_[0], fit.intercept_[0])))
        for i in range(len(table)):
            held = LogisticRegression(C=10.0, max_iter=5000).fit(x[which != i], y[which != i])
            guess, true = held.predict(x[which == i]), y[which == i]
            print(f"  recording {i} held out: F = {2 * (guess & true).sum() / (guess.sum() + true.sum()):.3f}")


if __name__ == "__main__":
    main()
