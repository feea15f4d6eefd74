# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Films of stick figures side by side, with the sound where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.log_mel import FPS
from training.a2m_clips import Recording
from training.evaluate import Points
from training.report.contestants import EvaluateError
from training.report.plots import new_figure
from training.report.stick_figure import Body, Picture, draw, seen

PANEL: Final = (340, 280)
"""Pixels, width and height, of one player."""
TITLE: Final = 26
"""Pixels above him for his name."""
CODING: Final = {"crf": "28", "preset": "veryfast", "threads": "1"}
ACROSS: Final = 3
"""Players in a row."""


class FilmError(EvaluateError):
    """A film that cannot be written: the message says why."""


@dataclass(frozen=True, eq=False)
class Sound:
    """(N,) samples, one channel."""

    samples: npt.NDArray[np.float32] = field(repr=False)
    rate: int


def write_film(path: Path, players: dict[str, Points], body: Body, sound: Sound | None = None) -> Picture:
    """An mp4 at FPS frames a second of as many frames as the shortest has; returns its middle frame.

    Raises FilmError when it cannot be written; then there is no half of a film.
    """
    frames = min(len(next(iter(points.values()))) for points in players.values())
    flat = [seen(body.completed(points)) for points in players.values()]
    ground = _ground(list(players))
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    av = _av()
    _folder(path)
    try:
        _encode(av, part, _pictures(ground, flat, frames), sound)
        part.replace(path)
    except (OSError, av.FFmpegError) as error:
        raise FilmError(f"the film {path} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return next(_pictures(ground, flat, frames, frames // 2))


def write_still(picture: Picture, path: Path) -> Path:
    """A picture (H, W, 3) as a JPEG."""
    height, width = picture.shape[:2]
    figure = new_figure(figsize=(width / 100, height / 100), dpi=100)
    figure.figimage(picture)
    figure.savefig(path, dpi=100, pil_kwargs={"quality": 85})
    return path


def sound_of(corpus: Path, recording: Recording, rows: slice) -> Sound:
    """The sound of a recording's rows (counted from its beginning), from the corpus that its clips were cut from."""
    import soundfile

    from training.datasets.mosa import find_trials

    wanted = (recording.piece, recording.performer, recording.trial)
    trial = next((t for t in find_trials(corpus) if (t.piece, t.performer, t.trial) == wanted), None)
    if trial is None:
        raise FilmError(f"{corpus} has no performance {'/'.join(wanted)}; --corpus is what the clips were cut from")
    path = trial.folder / f"{trial.prefix}_audio.wav"
    try:
        rate = soundfile.info(str(path)).samplerate
        first, last = (round(row / FPS * rate) for row in (rows.start, rows.stop))
        samples, _ = soundfile.read(str(path), start=first, stop=last, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise FilmError(f"the sound {path} cannot be read: {error}") from error
    return Sound(samples.mean(axis=1), rate)


def _ground(names: Sequence[str]) -> Picture:
    """White, with a name above each player."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    columns = min(len(names), ACROSS)
    rows = -(-len(names) // columns)
    width, height = columns * PANEL[0], rows * (PANEL[1] + TITLE)
    figure = new_figure(figsize=(width / 100, height / 100), dpi=100, facecolor="white")
    for i, name in enumerate(names):
        x, y = _corner(i)
        figure.text((x + PANEL[0] / 2) / width, 1.0 - (y - TITLE / 2) / height, name, ha="center", va="center", size=11)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _corner(number: int) -> tuple[int, int]:
    """Left and top of a player's panel, below his name."""
    return number % ACROSS * PANEL[0], number // ACROSS * (PANEL[1] + TITLE) + TITLE


def _pictures(ground: Picture, flat: Sequence[Any], frames: int, first: int = 0) -> Iterator[Picture]:
    for frame in range(first, frames):
        picture = ground.copy()
        for i, player in enumerate(flat):
            draw(picture, player, frame, _corner(i), PANEL)
        yield picture


def _folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FilmError(f"the film {path} cannot be written: {error.strerror}") from error


def _av() -> Any:
    """PyAV, which writes films."""
    try:
        import av
    except ModuleNotFoundError:
        raise FilmError("films need PyAV; run: pip install 'cadenza[training]'") from None
    return av


def _encode(av: Any, path: Path, pictures: Iterator[Picture], sound: Sound | None) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as film:
        video: Any = None
        audio = film.add_stream("aac", rate=sound.rate, layout="mono", bit_rate=96_000) if sound is not None else None
        for picture in pictures:
            if video is None:
                video = film.add_stream(
                    "libx264", rate=FPS, options={"crf": "28", "preset": "veryfast", "threads": "1"}
                )
                video.height, video.width, video.pix_fmt = *picture.shape[:2], "yuv420p"
            film.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(video.encode(None))
        if sound is not None and audio is not None:
            frame = av.AudioFrame.from_ndarray(sound.samples[None], format="fltp", layout="mono")
            frame.sample_rate = sound.rate
            film.mux(audio.encode(frame))
            film.mux(audio.encode(None))
