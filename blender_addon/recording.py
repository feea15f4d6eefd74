# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which recording annotations are of: beats of one say nothing of another. No bpy."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .audio_source import Source

Recording = Sequence[str]
"""Path of the file and what tells its content; nothing where it is not known, or where only a motion was watched."""
PIECE: Final = 1 << 16
"""Bytes that are read at the beginning, in the middle and at the end: a whole recording would take too long."""


def recording_of(source: Source) -> Recording:
    """What a source plays: the sound, or the score where there is none."""
    path = source.sound or source.score
    return (str(path), content_of(path)) if path is not None else ()


def same(one: Recording, other: Recording) -> bool:
    """Whether two are the same: at the same place, or of the same content (it was moved, or packed into the file).
    What is not known may be anything."""
    return not one or not other or any(a != "" and a == b for a, b in zip(one, other, strict=True))


def name_of(recording: Recording) -> str:
    """For people."""
    return Path(recording[0]).name if recording else ""


def content_of(path: Path) -> str:
    """What tells a file's content, nothing where it cannot be read."""
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size
        digest.update(str(size).encode())
        with path.open("rb") as file:
            for begin in (0, max(size - PIECE, 0) // 2, max(size - PIECE, 0)):
                file.seek(begin)
                digest.update(file.read(PIECE))
    except OSError:
        return ""
    return digest.hexdigest()
