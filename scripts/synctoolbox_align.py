# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Notes of a score placed by Sync Toolbox, for ``quality_alignment.py``: JSON, a task and a result a line.

Runs in a Python of its own: ``pip install synctoolbox==1.4.2``. The pipeline is that of its documentation (M. Müller et al.,
*Sync Toolbox*, JOSS 2021; notebook ``sync_audio_score_full``): chroma and DLNCO onset features at 50 a second, multi-scale
DTW with the steps weighted 1.5, 1.5 and 2, the path made strictly monotonic. That path is pinned to both ends of score and
sound, so silence around the sound (more than 40 dB below its peak) is taken off first. The library moves the onsets that
it hears by -25 ms; each result is given with that and without.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import warnings
from typing import Any

import librosa
import numpy as np

SAMPLE_RATE = 22050
"""What its filters are made for."""
RATE = 50
SILENT = 40
STEP_WEIGHTS = np.array([1.5, 1.5, 2.0])
LARGEST = 10**6
"""Cells of the matrix that it computes at once (its threshold_rec)."""
OFFSETS = (-25.0, 0.0)
"""Milliseconds."""
KEYBOARD = (21, 108)


def tables(task: dict[str, Any]) -> Any:
    """The score as the library reads it, seconds at the task's tempo."""
    import pandas as pd

    rows = [n for n in task["notes"] if KEYBOARD[0] <= n["pitch"] <= KEYBOARD[1]]
    tempo = task["seconds_per_quarter"]
    start = np.array([n["onset"] * tempo for n in rows])
    duration = np.array([max(n["duration"] * tempo, 0.05) for n in rows])
    pitch = [n["pitch"] for n in rows]
    columns = {"start": start, "end": start + duration, "duration": duration, "pitch": pitch}
    return pd.DataFrame(columns | {"velocity": 64, "instrument": "piano"})


def dlnco(peaks: Any, length: int) -> np.ndarray:
    from synctoolbox.feature.dlnco import pitch_onset_features_to_DLNCO

    return pitch_onset_features_to_DLNCO(f_peaks=peaks, feature_rate=RATE, feature_sequence_length=length)


def of_score(score: Any) -> tuple[np.ndarray, np.ndarray]:
    from synctoolbox.feature.chroma import pitch_to_chroma, quantize_chroma
    from synctoolbox.feature.csv_tools import df_to_pitch_features, df_to_pitch_onset_features

    chroma = quantize_chroma(f_chroma=pitch_to_chroma(f_pitch=df_to_pitch_features(score, feature_rate=RATE)))
    return chroma, dlnco(df_to_pitch_onset_features(score), chroma.shape[1])


def chroma_of(samples: np.ndarray, tuning: int) -> np.ndarray:
    from synctoolbox.feature.chroma import pitch_to_chroma, quantize_chroma
    from synctoolbox.feature.pitch import audio_to_pitch_features

    pitches = audio_to_pitch_features(f_audio=samples, Fs=SAMPLE_RATE, tuning_offset=tuning, feature_rate=RATE)
    return quantize_chroma(f_chroma=pitch_to_chroma(f_pitch=pitches))


def onsets_of(samples: np.ndarray, tuning: int, offset: float, length: int) -> np.ndarray:
    from synctoolbox.feature.pitch_onset import audio_to_pitch_onset_features

    return dlnco(
        audio_to_pitch_onset_features(f_audio=samples, Fs=SAMPLE_RATE, tuning_offset=tuning, manual_offset=offset),
        length,
    )


def path_of(sound: tuple[np.ndarray, np.ndarray], score: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """(2, K) seconds of the sound and of the score."""
    from synctoolbox.dtw.mrmsdtw import sync_via_mrmsdtw
    from synctoolbox.dtw.utils import make_path_strictly_monotonic

    path = sync_via_mrmsdtw(
        f_chroma1=sound[0],
        f_onset1=sound[1],
        f_chroma2=score[0],
        f_onset2=score[1],
        input_feature_rate=RATE,
        step_weights=STEP_WEIGHTS,
        threshold_rec=LARGEST,
    )
    return make_path_strictly_monotonic(path) / RATE


def align(task: dict[str, Any]) -> dict[str, Any]:
    from scipy.interpolate import interp1d
    from synctoolbox.feature.utils import estimate_tuning

    whole, _ = librosa.load(task["sound"], sr=SAMPLE_RATE, mono=True)
    began = time.process_time()
    samples, (first, _) = librosa.effects.trim(whole, top_db=SILENT, frame_length=512, hop_length=128)
    tuning = estimate_tuning(samples, SAMPLE_RATE)
    chroma, score = chroma_of(samples, tuning), of_score(tables(task))
    shared = time.process_time() - began
    places = np.array([n["onset"] * task["seconds_per_quarter"] for n in task["notes"]])
    found, taken = {}, {}
    for offset in OFFSETS:
        began = time.process_time()
        path = path_of((chroma, onsets_of(samples, tuning, offset, chroma.shape[1])), score)
        warp = interp1d(path[1], path[0], fill_value="extrapolate")
        seconds = np.clip(warp(places) + first / SAMPLE_RATE, 0.0, len(whole) / SAMPLE_RATE)
        found[f"{offset:g} ms"] = seconds.tolist()
        taken[f"{offset:g} ms"] = shared + time.process_time() - began
    return {"found": found, "cpu_seconds": taken}


def main() -> None:
    warnings.simplefilter("ignore")
    answers = sys.stdout
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        for number, line in enumerate(sys.stdin):
            task = json.loads(line)
            for _ in range(2 if number == 0 else 1):  # the first time compiles
                result = align(task)
            print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    main()
