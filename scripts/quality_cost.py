# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Time and memory of whole ``cadenza animate`` processes, everything imported anew."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import soundfile

from backend.audio_files import read_audio
from plugins.api import find_track, from_json

MINUTES = (1, 2, 5, 10)


def measure(root: Path) -> list[str]:
    """Rows of a table: the example over and over, with its score and from audio alone."""
    rows = ["| music | notes from | seconds (median of 3) | for each minute | peak memory |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for minutes in MINUTES:
            sound, score = _tiled(root, folder, minutes * 60.0)
            for way, extra in (("score", ["--score", str(score)]), ("audio", [])):
                runs = [_run([str(sound), "-o", str(folder / "out.blend"), "--overwrite", *extra]) for _ in range(3)]
                seconds, memory = float(np.median([r[0] for r in runs])), max(r[1] for r in runs)
                rows.append(
                    f"| {minutes} min | {way} | {seconds:.1f} | {seconds / minutes:.1f} | {memory / 2**20:.0f} MB |"
                )
    return rows


def _tiled(root: Path, folder: Path, seconds: float) -> tuple[Path, Path]:
    """The example repeated to a length, as sound and as a MIDI score."""
    import pretty_midi

    audio = read_audio(root / "examples/minuet.flac")
    truth = find_track(from_json((root / "examples/minuet.truth.json").read_text()), "note").annotations
    times = int(np.ceil(seconds / audio.duration))
    sound, score = folder / f"{seconds:.0f}.flac", folder / f"{seconds:.0f}.mid"
    soundfile.write(sound, np.tile(audio.samples, times)[: int(seconds * audio.sample_rate)], audio.sample_rate)
    midi, violin = pretty_midi.PrettyMIDI(), pretty_midi.Instrument(40)
    for i in range(times):
        for note in truth:
            begin = note.time + i * audio.duration
            if begin < seconds - 0.1:
                violin.notes.append(pretty_midi.Note(80, note.value["pitch"], begin, begin + note.duration))
    midi.instruments.append(violin)
    midi.write(str(score))
    return sound, score


def _run(arguments: list[str]) -> tuple[float, int]:
    """Wall seconds, and the largest resident memory of the processes together."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "backend.cli", "animate", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    _, errors = process.communicate()
    wall = time.perf_counter() - begin
    watcher.join()
    if process.returncode:
        raise RuntimeError(errors.decode())
    return wall, peak[0]


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], sum(_resident(pid) for pid in [process.pid, *_children(process.pid)]))
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    try:
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
