# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What is in a film: enough to know that a browser shows it, and that films of one piece are comparable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

VIDEO: Final = ("h264", "vp9", "av1")
SOUND: Final = ("aac", "mp3", "opus", "flac")
"""What all current browsers play in an mp4."""
HELP: Final = "ffmpeg -i IN.mp4 -c:v libx264 -pix_fmt yuv420p -c:a aac OUT.mp4 makes one that they play"


class MediaError(ValueError):
    """A film that cannot be shown; the message names it and says why."""


@dataclass(frozen=True)
class Media:
    """One film.

    Attributes:
        seconds: of the longer of picture and sound.
        size: width and height of the picture, pixels.
    """

    seconds: float
    size: tuple[int, int]


def probe(path: Path) -> Media:
    """Look into an mp4.

    Raises:
        MediaError: it is missing, broken, without picture or sound, or of a kind that browsers do not play.
    """
    with _open(path) as film:
        picture, sound = _streams(path, film)
        if picture.codec_context.name not in VIDEO or sound.codec_context.name not in SOUND:
            kinds = f"{picture.codec_context.name} and {sound.codec_context.name}"
            raise MediaError(f"{path} holds {kinds}, which browsers may not play; {HELP}")
        seconds = max(float((s.duration or 0) * s.time_base) for s in (picture, sound))
        if seconds <= 0.0:
            raise MediaError(f"{path} is empty or does not say how long it is")
        return Media(seconds, (picture.codec_context.width, picture.codec_context.height))


def loudness(path: Path) -> float:
    """Root mean square of all samples and channels, decibels below full scale; MediaError when it cannot be decoded."""
    av = _av()
    total, count = 0.0, 0
    with _open(path) as film:
        _, sound = _streams(path, film)
        floats = av.AudioResampler(format="flt")
        try:
            for frame in film.decode(sound):
                for part in floats.resample(frame):
                    samples = part.to_ndarray().astype(np.float64)
                    total, count = total + float(np.sum(samples**2)), count + samples.size
        except av.FFmpegError as error:
            raise MediaError(f"the sound of {path} cannot be decoded: {error.strerror}") from error
    return float(10 * np.log10(max(total / max(count, 1), 1e-12)))


def copy_bare(source: Path, target: Path) -> None:
    """Copy picture and sound as they are, without titles and other texts that may name the condition,
    and with the index first, so that a browser can begin before all of it is there.

    Raises:
        MediaError: the source cannot be read to its end.
    """
    av = _av()
    with _open(source) as film, av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as bare:
        pairs = {s.index: bare.add_stream_from_template(s) for s in _streams(source, film)}
        for stream in pairs.values():
            stream.metadata.clear()
        try:
            for packet in film.demux([film.streams[index] for index in pairs]):
                if packet.dts is not None:  # the empty packet at the end
                    packet.stream = pairs[packet.stream.index]
                    bare.mux(packet)
        except av.FFmpegError as error:
            raise MediaError(f"{source} cannot be read to its end: {error.strerror}") from error


def _streams(path: Path, film: Any) -> tuple[Any, Any]:
    for kind, found in (("picture", film.streams.video), ("sound", film.streams.audio)):
        if not found:
            raise MediaError(f"{path} has no {kind}")
    return film.streams.video[0], film.streams.audio[0]


def _open(path: Path) -> Any:
    av = _av()
    try:
        return av.open(str(path))
    except FileNotFoundError:
        raise MediaError(f"{path} is not there") from None
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{path} is no film that can be read: {error.strerror}") from error


def _av() -> Any:
    """PyAV, which reads films; imported late, because the other commands do not need it."""
    try:
        import av
    except ModuleNotFoundError:
        raise MediaError("studies need PyAV; run: pip install 'cadenza[training]'") from None
    return av
