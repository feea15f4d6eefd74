# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""For tests of studies: films made of a moving bar and a tone, whole studies of them, and one that is served."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from training.study.make import make_study
from training.study.serving import Address, bound, build
from training.study.session import Session
from training.study.study_file import Study, read_study

RATE = 44100


def write_film(
    path: Path,
    seconds: float = 1.0,
    *,
    tone: float | None = 440.0,
    level: float = 0.2,
    size: tuple[int, int] = (320, 180),
    codec: str = "libx264",
    title: str = "",
) -> Path:
    """An mp4 at 25 frames a second; no sound with ``tone`` None."""
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as film:
        film.metadata["title"] = title
        video = film.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        sound = film.add_stream("aac", rate=RATE, layout="mono") if tone is not None else None
        for index in range(round(seconds * 25)):
            picture = np.full((size[1], size[0], 3), 40, np.uint8)
            left = index * size[0] // round(seconds * 25)
            picture[:, left : left + 20] = (240, 200, 80)
            film.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(video.encode(None))
        if sound is not None:
            wave = level * np.sin(2 * np.pi * float(tone or 0) * np.arange(round(seconds * RATE)) / RATE)
            frame = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], format="fltp", layout="mono")
            frame.sample_rate = RATE
            film.mux(sound.encode(frame))
            film.mux(sound.encode(None))
    return path


def write_conditions(
    folder: Path, conditions: tuple[str, ...] = ("real", "full"), pieces: tuple[str, ...] = ("de1", "mo2")
) -> dict[str, Path]:
    """A folder of films for each condition."""
    for name in conditions:
        for number, piece in enumerate(pieces):
            write_film(folder / name / f"{piece}.mp4", tone=440.0 + 110 * number, title=f"{piece} by {name}")
    return {name: folder / name for name in conditions}


def write_study(folder: Path, **films: tuple[str, ...]) -> Path:
    """A study of such films."""
    make_study(write_conditions(folder / "films", **films), folder / "study", 1, title="Who plays?", warn=pytest.fail)
    return folder / "study"


@contextmanager
def served(folder: Path, results: Path | None = None, token: str = "") -> Iterator[tuple[str, Study]]:
    """A study on a loopback port: its address, and the study."""
    study = read_study(folder)
    with bound(Address("127.0.0.1", 0)) as listening:
        server = build(Session(study, results or folder / "ratings.csv"), token)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", study
        finally:
            server.should_exit = True
            thread.join(30)
