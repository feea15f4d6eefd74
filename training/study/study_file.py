# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``study.yaml``: the clips of a study, and the conditions that they stand for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from training.config_files import read_config
from training.study.media import Media, probe

NAMES: Final = ("study.yaml", "study.json")
QUESTIONS: Final = {
    "real": "How much does the movement look like that of a human musician?",
    "match": "How well does the movement fit the music that you hear?",
}
"""The two ratings of MOSA, section VII.D: likeness to a human's motion, and its match with the sound."""
SCALE: Final = range(1, 8)

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


class StudyError(ValueError):
    """A study, or its ratings, that cannot be used: the message says what is wrong and what to do."""


class Item(BaseModel):
    """One clip as the file lists it; ``file`` is an mp4, relative to the study's folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    piece: Name
    condition: Name
    file: Name


class StudyFile(BaseModel):
    """What is in ``study.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Name = "Music and movement"
    seed: int = Field(ge=0)
    clips: tuple[Item, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Clip:
    """A clip that was looked into.

    Attributes:
        id: what browsers call it; tells nothing of piece or condition.
    """

    id: str
    item: Item
    path: Path
    media: Media


@dataclass(frozen=True)
class Study:
    """A study that can be served: all its clips are there, have picture and sound, and browsers play them."""

    folder: Path
    title: str
    seed: int
    clips: tuple[Clip, ...]

    @property
    def fingerprint(self) -> str:
        """Changes with the seed and with what is shown, so that ratings of another study are noticed."""
        shown = sorted(f"{c.id} {c.path.stat().st_size}" for c in self.clips)
        return hashlib.sha256("\n".join([str(self.seed), *shown]).encode()).hexdigest()[:16]

    def order(self, rater: str) -> list[Clip]:
        """All clips as this rater sees them: sorted by a hash of seed, rater and clip, so that
        the order follows from what is written down, in any language."""
        return sorted(self.clips, key=lambda clip: _digest(self.seed, rater, clip.id))


def read_study(folder: Path) -> Study:
    """The study in a folder.

    Raises:
        ConfigError: an unknown key, a wrong type.
        StudyError: no such file, a clip that is missing or cannot be shown, an unbalanced list; all are named.
    """
    found = [folder / name for name in NAMES if (folder / name).is_file()]
    if len(found) != 1:
        what = "both study.yaml and study.json" if found else "neither study.yaml nor study.json"
        raise StudyError(f"{folder} has {what}; cadenza-train study make writes one")
    file = read_config(StudyFile, found[0])
    wrong = _unbalanced(file.clips)
    clips = []
    for item in file.clips:
        try:
            media = probe(folder / item.file)
        except ValueError as error:
            wrong.append(str(error))
        else:
            clips.append(Clip(_digest(file.seed, item.piece, item.condition), item, folder / item.file, media))
    if wrong:
        raise StudyError(f"{found[0]} cannot be shown: " + "; ".join(wrong))
    return Study(folder, file.title, file.seed, tuple(clips))


def missing(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Which (piece, condition) lack, said in words; a mean over other pieces would compare pieces."""
    have = set(pairs)
    pieces, conditions = sorted({p for p, _ in have}), sorted({c for _, c in have})
    return [f"{c} lacks the piece {p}" for c in conditions for p in pieces if (p, c) not in have]


def _unbalanced(items: Iterable[Item]) -> list[str]:
    pairs = [(item.piece, item.condition) for item in items]
    twice = sorted({pair for pair in pairs if pairs.count(pair) > 1})
    return [f"{c} has the piece {p} twice" for p, c in twice] + missing(pairs)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]
