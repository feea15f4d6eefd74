# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Makes a study from folders of films, one folder a condition, one film of the same name a piece."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from training.study.media import Media, MediaError, copy_bare, loudness, probe
from training.study.study_file import NAMES, StudyError, missing

LENGTHS: Final = 0.1
"""Seconds by which films of one piece may differ unremarked."""
LEVELS: Final = 1.0
"""Decibels likewise: about the smallest difference that is heard between two playings."""

Films = Mapping[str, Mapping[str, Path]]
"""Condition, piece: its film."""


def make_study(
    conditions: Mapping[str, Path],
    out: Path,
    seed: int,
    *,
    title: str = "",
    warn: Callable[[str], None] = print,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Copy the films under names that tell nothing, and write ``study.yaml``; returns the number of clips.

    Args:
        conditions: name and folder of mp4 files; the file's name is the piece.
        out: a new folder; it appears whole or not at all.
        warn: told of films of one piece that differ in length, loudness or size.

    Raises:
        StudyError: a condition lacks a piece, a film cannot be shown, ``out`` is in use; all are named.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudyError(f"{out} is there already; choose another folder")
    films = {name: _films(name, folder) for name, folder in conditions.items()}
    lacking = missing((piece, name) for name, found in films.items() for piece in found)
    if lacking:
        raise StudyError("every condition needs every piece, as mp4 files of the same names: " + "; ".join(lacking))
    for difference in _differences(films, progress):
        warn(difference)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        clips = _copy(films, draft, seed)
        _write(draft / NAMES[0], {"title": title or "Music and movement", "seed": seed, "clips": clips})
        draft.chmod(0o755)
        os.replace(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return len(clips)


def _films(name: str, folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise StudyError(f"the condition {name}: {folder} is no folder")
    found = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".mp4"}
    if not found:
        raise StudyError(f"the condition {name}: {folder} holds no mp4 files")
    return found


def _differences(films: Films, progress: Callable[[int, int], None] | None) -> list[str]:
    """Warnings; StudyError names every film that cannot be shown."""
    wrong: list[str] = []
    seen: dict[tuple[str, str], tuple[Media, float]] = {}
    for name, found in films.items():
        for piece, path in found.items():
            try:
                seen[piece, name] = probe(path), loudness(path)
            except MediaError as error:
                wrong.append(str(error))
            if progress is not None:
                progress(len(seen) + len(wrong), sum(map(len, films.values())))
    if wrong:
        raise StudyError("; ".join(wrong))
    return [
        warning
        for piece in next(iter(films.values()))
        for warning in _differences_of(piece, {name: seen[piece, name] for name in films})
    ]


def _differences_of(piece: str, films: Mapping[str, tuple[Media, float]]) -> Iterator[str]:
    lengths = {name: media.seconds for name, (media, _) in films.items()}
    levels = {name: level for name, (_, level) in films.items()}
    for what, unit, values, limit in (("long", "s", lengths, LENGTHS), ("loud", "dB", levels, LEVELS)):
        if max(values.values()) - min(values.values()) > limit:
            told = ", ".join(f"{name} {value:.2f} {unit}" for name, value in values.items())
            yield f"{piece}: the films are not equally {what}: {told}"
    if len({media.size for media, _ in films.values()}) > 1:
        told = ", ".join(f"{name} {m.size[0]}x{m.size[1]}" for name, (m, _) in films.items())
        yield f"{piece}: the pictures are not equally large: {told}"


def _copy(films: Films, folder: Path, seed: int) -> list[dict[str, str]]:
    (folder / "clips").mkdir()
    items = []
    for name, found in films.items():
        for piece, path in found.items():
            file = "clips/" + hashlib.sha256(f"{seed}\n{name}\n{piece}".encode()).hexdigest()[:16] + ".mp4"
            copy_bare(path, folder / file)
            items.append({"piece": piece, "condition": name, "file": file})
    return items


def _write(path: Path, content: Mapping[str, Any]) -> None:
    import yaml

    path.write_text(yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True), encoding="utf-8")
