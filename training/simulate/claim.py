# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Whose folder a simulated corpus is: of one simulation, of one program at a time, and of no shorter plan."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from plugins.api.checkpoint import write_whole
from training.datasets.mosa import FOLDERS, CorpusError, Trial
from training.whole_files import read_json

SETTINGS: Final = "simulation.json"


@contextmanager
def claimed(folder: Path, settings: dict[str, Any], paths: Iterable[str]) -> Iterator[None]:
    """The folder, for these recordings of this simulation and nobody else meanwhile; CorpusError when it is not."""
    if not _of_this(folder, settings) and folder.exists() and any(folder.iterdir()):
        raise CorpusError(f"{folder} is not empty and holds no simulation; choose another folder")
    more = sorted({p.relative_to(folder).as_posix() for g in FOLDERS for p in folder.glob(f"{g}/*/*/*")} - set(paths))
    if more:
        raise CorpusError(
            f"{folder} holds {len(more)} recordings more than this is to make ({more[0]}); give as many --hours as "
            "before or more, or choose another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        shutil.rmtree(folder / ".parts", ignore_errors=True)
        write_whole(folder / SETTINGS, (json.dumps(settings) + "\n").encode())
        yield


def _of_this(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether the folder says that it holds this; CorpusError when it holds another."""
    path = folder / SETTINGS
    if not path.exists():
        return False
    # Before there were pianists the instrument was not said, and of MOSA's annotations only that there were some.
    there = {"instrument": "violin", **read_json(path, f"choose another folder, or delete {folder}")}
    if there.get("mosa") is True and settings["mosa"]:
        there["mosa"] = settings["mosa"]
    if there != settings:
        raise CorpusError(f"{folder} holds another simulation ({there}, asked for {settings}); choose another folder")
    return True


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The system gives the lock back however the program ends."""
    try:
        import fcntl
    except ImportError:  # Windows, where a folder cannot be locked
        yield
        return
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise CorpusError(f"another cadenza-train simulate is at work in {folder}; wait for it, or stop it") from error
    try:
        yield
    finally:
        os.close(lock)


def annotations_sha256(trials: Iterable[Trial]) -> str:
    """SHA-256 of what is played of annotated performances: their tables and scores."""
    digest = hashlib.sha256()
    for trial in trials:
        for path in [*sorted(trial.tables.glob("*.csv")), *([trial.sheet] if trial.sheet.is_file() else [])]:
            digest.update(f"{trial.piece}/{trial.performer}/{trial.trial}/{path.name}".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
