# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Motion files that recognisers watch and correctors repair: Cadenza's own (.npz)."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePath
from typing import Final

import numpy as np

from backend.audio_files import LONGEST, check_file
from plugins.api import Audio, Motion, MotionError

SUFFIX: Final = ".npz"
ELSEWHERE: Final = (".bvh", ".fbx")
"""Motion that is read in Blender."""
SHORTEST: Final = 0.5
"""Seconds: less says nothing."""
BESIDE: Final = 0.5
"""Seconds before and after what is played of which a body is followed too: what it comes from and goes to."""
STAND_IN_RATE: Final = 8000


def is_motion(name: str) -> bool:
    return PurePath(name).suffix.lower() == SUFFIX


def read_motion(
    path: Path,
    start: float | None = None,
    end: float | None = None,
    *,
    name: str = "",
    longest: float = LONGEST,
    gaps: bool = False,
) -> Motion:
    """A motion, or the part of it from ``start`` to ``end`` seconds of its recording.

    Args:
        gaps: whether places may be missing (NaN).

    Raises:
        AudioError: there is no such file; MotionError: it is none, or nothing of it is left; with what to do.
    """
    check_file(path, name)
    called = name or path.name
    try:
        motion = Motion.load(path)
    except MotionError as error:
        why = _why_not(path, error)
        raise MotionError(
            f"{called} is not a Cadenza motion file: {why}; give a .npz that Cadenza wrote (animate --motion)"
        ) from error
    return checked(motion, called, start, end, longest, gaps)


def read_body(
    path: Path, start: float | None = None, end: float | None = None, *, name: str = "", longest: float = LONGEST
) -> Motion:
    """A motion whose body is followed from ``start`` to ``end``: a little more of it, so that a pose in the very last
    frame, which is no longer played, is still gone to; places may be missing. Raises as :func:`read_motion` does."""
    begin, stop = None if start is None else start - BESIDE, None if end is None else end + BESIDE
    return read_motion(path, begin, stop, name=name, longest=longest + 2 * BESIDE, gaps=True)


def _why_not(path: Path, error: MotionError) -> str:
    """Why a file is no motion, without the words of the libraries that read it."""
    if path.suffix.lower() in ELSEWHERE:
        return f"{path.suffix} is read in Blender, not here"
    if not zipfile.is_zipfile(path):
        return "it is damaged, or something else"
    with zipfile.ZipFile(path) as archive:
        if "header.npy" not in archive.namelist():
            return "it is an .npz of something else"
    return str(error).removeprefix("not a Cadenza motion file: ")


def checked(
    motion: Motion,
    name: str,
    start: float | None,
    end: float | None,
    longest: float = LONGEST,
    gaps: bool = False,
) -> Motion:
    """The part of a motion; MotionError when it cannot be worked with."""
    if not len(motion):
        raise MotionError(f"{name} holds no frames; export it again")
    whole = (motion.start, motion.start + motion.duration)
    cut = motion.slice(whole[0] if start is None else start, whole[1] if end is None else end)
    if cut.duration < SHORTEST:
        raise MotionError(
            f"{cut.duration:.2f} s of {name} are too short; it lasts from {whole[0]:.2f} to {whole[1]:.2f} s, "
            f"give at least {SHORTEST} s of that"
        )
    if cut.duration > longest:
        raise MotionError(
            f"{cut.duration / 60:.4g} minutes of {name} are too many; choose at most {longest / 60:.4g} with a range"
        )
    if not gaps and not np.isfinite(cut.positions).all():
        frame, joint = (int(i) for i in np.argwhere(~np.isfinite(cut.positions).all(axis=2))[0])
        raise MotionError(f"{name}: {cut.skeleton.joints[joint]} is not a number in frame {frame}; export it again")
    return cut


def stand_in(motion: Motion) -> Audio:
    """Silence as long as a motion, for a job without a sound."""
    count = max(1, round(motion.duration * STAND_IN_RATE))
    return Audio(np.zeros(count, dtype=np.float32), STAND_IN_RATE, start=motion.start)
