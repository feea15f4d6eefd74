# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Sound files to :class:`Audio`: only the asked-for range is decoded, with clear errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from backend.ogg_file import sound_alone
from plugins.api import Audio, AudioError

SHORTEST: Final = 0.5
"""Seconds: less is not a performance."""
SILENCE: Final = 1e-4
"""Peak (-80 dB) under which a recording is silent."""
LONGEST: Final = 30 * 60.0
"""Seconds that are worked on at once."""
BLOCK: Final = 1 << 20
"""Samples of all channels together that are decoded at once."""


def read_audio(
    path: Path, start: float | None = None, end: float | None = None, *, name: str = "", longest: float = LONGEST
) -> Audio:
    """Decode a file, or the part of it from ``start`` to ``end`` seconds, to mono.

    Args:
        name: what messages call the file, when that is not its name on this disk.
        longest: seconds that may be worked on at once.

    Raises AudioError with what to do when there is nothing to work on.
    """
    with _opened(path, name or path.name) as file:
        return _read(file, name or path.name, start, end, longest)


def check_sound(path: Path, name: str, start: float | None, end: float | None, longest: float = LONGEST) -> None:
    """AudioError when the file's head already tells that :func:`read_audio` would fail."""
    with _opened(path, name) as file:
        check_range(name, file.frames / file.samplerate, start, end, longest)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[soundfile.SoundFile]:
    check_file(path, name)
    try:
        with _sound_file(path) as file:
            yield file
    except soundfile.LibsndfileError as error:
        reason = getattr(error, "error_string", str(error))  # without the path
        raise AudioError(
            f"{name} is not a sound file that can be read ({reason}); give wav, flac, mp3, ogg or opus"
        ) from error


def _sound_file(path: Path) -> soundfile.SoundFile:
    """The file, of an Ogg file with a picture its sound; LibsndfileError when there is no sound to read."""
    try:
        return soundfile.SoundFile(path)
    except soundfile.LibsndfileError:
        alone = sound_alone(path)
        if alone is None:
            raise
        return soundfile.SoundFile(alone)


def check_file(path: Path, name: str = "") -> None:
    """AudioError when there is nothing to read; ``name`` is what messages call an empty file."""
    check_name(path)
    if path.is_dir():
        raise AudioError(f"{path} is a folder; give a file")
    if not path.is_file():
        raise AudioError(f"there is no file {path}; check its name")
    if path.stat().st_size == 0:
        raise AudioError(f"{name or path.name} is empty; export it again")


def check_name(path: Path) -> None:
    """AudioError for names that are bytes and no text: neither sounds nor .blend files can be called so."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise AudioError(f"the name {str(path)!a} holds characters that cannot be read; rename it") from None


def check_range(
    name: str, length: float, start: float | None, end: float | None, longest: float = LONGEST
) -> tuple[float, float]:
    """First and last second of what is asked for, inside the file; AudioError with what to choose."""
    if length <= 0:
        raise AudioError(f"{name} holds no sound; export it again")
    first, last = start or 0.0, length if end is None else end
    if not first >= 0:  # so that NaN is refused too
        raise AudioError(f"the range begins at {first:g} s; let --start be 0 or more")
    if not first < length:
        raise AudioError(
            f"the range begins at {first:g} s, but {name} is only {length:.2f} s long; choose an earlier --start"
        )
    if not last > first:
        raise AudioError(f"the range ends at {last:g} s, but begins at {first:g} s; let --end come after --start")
    last = min(last, length)
    if last - first < SHORTEST:
        raise AudioError(f"{last - first:.2f} s of {name} is too short; give at least {SHORTEST} s")
    if last - first > longest:
        raise AudioError(
            f"{(last - first) / 60:.4g} minutes of {name} are too many; "
            f"choose at most {longest / 60:.4g} with --start and --end"
        )
    return first, last


def _read(file: soundfile.SoundFile, name: str, start: float | None, end: float | None, longest: float) -> Audio:
    rate = file.samplerate
    first, last = check_range(name, file.frames / rate, start, end, longest)
    file.seek(int(first * rate))
    samples = _mono(file, int((last - first) * rate))
    if not np.isfinite(samples).all():
        raise AudioError(f"{name} holds samples that are not numbers (NaN or infinite); export the recording again")
    if np.abs(samples).max(initial=0.0) < SILENCE:
        raise AudioError(f"{name} is silent; check the export, or the range")
    return Audio(samples, rate, start=int(first * rate) / rate)


def _mono(file: soundfile.SoundFile, count: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Channels averaged block by block, so that a long surround file needs no more memory than its mono."""
    out = np.zeros(count, dtype=np.float32)
    size = max(1, BLOCK // file.channels)
    done = 0
    while done < count:
        block = file.read(min(count - done, size), dtype="float32", always_2d=True)
        if not len(block):
            break
        out[done : done + len(block)] = block.mean(axis=1)
        done += len(block)
    return out[:done]
