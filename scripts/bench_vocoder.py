# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Sound from spectrograms, against librosa: ``python scripts/bench_vocoder.py RECORDING... [--seconds 10]``.

Some seconds of each recording are made a spectrogram and sound again, by MoMu's vocoder and by
``librosa.feature.inverse.mel_to_audio`` with as many iterations, bands and samples a window (its spectrogram is its own, in
double precision, with a frame every 551 samples). Of each: decibels between the two spectrograms (of ``log_mel``, average of
what is above -60), F of onsets at 50 ms, processor seconds per second of sound on one thread. Beside them the next
recording, as if it were the answer. Then where clicks are after three minutes, and memory.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
RATE = 22050


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--start", type=float, default=10.0)
    given = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        if os.environ.get(name) != "1":  # libraries read it when they are loaded
            os.environ[name] = "1"
            os.execv(sys.executable, [sys.executable, *sys.argv])
    clips = [read(path, given.start, given.seconds) for path in given.recordings]
    compare(clips)
    print()
    places()
    memory()


def read(path: Path, start: float, seconds: float) -> Floats:
    import soxr

    from backend.audio_files import read_audio

    audio = read_audio(path, start, start + seconds)
    return np.asarray(soxr.resample(audio.samples, audio.sample_rate, RATE), dtype=np.float32)


def compare(clips: Sequence[Floats]) -> None:
    from plugins.api.log_mel import log_mel
    from plugins.momu.vocoder import sound

    ways: dict[str, Callable[[int], tuple[Floats, float]]] = {
        "MoMu's vocoder": lambda i: timed(sound, log_mel(clips[i], RATE)),
        "the same, 16 iterations": lambda i: timed(lambda heard: sound(heard, iterations=16), log_mel(clips[i], RATE)),
        "librosa's mel_to_audio": lambda i: timed(librosa_sound, librosa_mel(clips[i])),
        "the next recording": lambda i: (clips[(i + 1) % len(clips)], 0.0),
    }
    sound(log_mel(clips[0][:RATE], RATE))  # what is loaded and made once
    print("| | dB from the spectrogram | onset F at 50 ms | seconds a second |\n|---|---|---|---|")
    for name, way in ways.items():
        rows = []
        for i, clip in enumerate(clips):
            made, seconds = way(i)
            rows.append((spread(clip, made), onset_f(clip, made), seconds * RATE / len(clip)))
        far, onsets, seconds = np.mean(rows, axis=0)
        print(f"| {name} | {far:.2f} | {onsets:.3f} | {seconds:.3f} |", flush=True)


def timed(work: Callable[[Floats], Floats], heard: Floats) -> tuple[Floats, float]:
    begin = time.process_time()
    made = work(heard)
    return made, time.process_time() - begin


def librosa_mel(samples: Floats) -> Floats:
    import librosa

    mel: Floats = librosa.feature.melspectrogram(y=samples, sr=RATE, n_fft=2048, hop_length=551, fmax=8000.0)
    return mel


def librosa_sound(mel: Floats) -> Floats:
    import librosa

    # Of single precision librosa's least squares stops where it begins.
    made = librosa.feature.inverse.mel_to_audio(
        mel.astype(np.float64), sr=RATE, n_fft=2048, hop_length=551, fmax=8000.0, n_iter=32
    )
    return np.asarray(made, dtype=np.float32)


def spread(one: Floats, other: Floats) -> float:
    from plugins.api.log_mel import RANGE, log_mel

    heard, again = log_mel(one, RATE), log_mel(other, RATE)
    count = min(len(heard), len(again))
    heard, again = heard[:count], again[:count]
    return float(RANGE * np.abs(heard - again)[heard > 0.25].mean())


def onset_f(one: Floats, other: Floats) -> float:
    import librosa
    import mir_eval

    found = [librosa.onset.onset_detect(y=y, sr=RATE, hop_length=256, units="time") for y in (one, other)]
    return float(mir_eval.onset.f_measure(*found, window=0.05)[0])


def places(seconds: float = 180.0) -> None:
    """Bursts of 5 ms once a second or so: where the middle of their energy is."""
    from plugins.api.log_mel import log_mel
    from plugins.momu.vocoder import sound

    chance = np.random.default_rng(0)
    firsts = (np.arange(1.0, seconds - 1.0) + chance.uniform(0.0, 0.5, int(seconds) - 2)) * RATE
    samples = np.zeros(round(seconds * RATE), dtype=np.float32)
    for first in firsts.astype(int):
        samples[first : first + 400] += 0.3 * chance.normal(size=400) * np.exp(-np.arange(400) / 110)
    made = sound(log_mel(samples, RATE))
    off = np.array([1000.0 * (middle(made, int(f)) - middle(samples, int(f))) / RATE for f in firsts])
    print(f"{len(off)} bursts in {seconds:.0f} s: off by {np.abs(off[1:]).max():.1f} ms at most but for the first")
    print(
        f"({off[0]:.1f} ms), on the average {off[1:60].mean():.2f} ms in the first minute, {off[-60:].mean():.2f} in the last"
    )


def middle(samples: Floats, near: int) -> float:
    around = slice(near - RATE // 5, near + RATE // 5)
    energy = samples[around].astype(float) ** 2
    return float((energy * np.arange(len(energy))).sum() / energy.sum())


def memory() -> None:
    from plugins.momu.vocoder import sound

    for seconds in (60, 180):
        heard = np.full((seconds * 40, 128), 0.5, dtype=np.float32)
        tracemalloc.start()
        sound(heard, iterations=2)
        print(f"{seconds} s of sound: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB at most")
        tracemalloc.stop()


if __name__ == "__main__":
    main()
