# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The file of a library: which tracks there are, and what recommenders said of them (SQLite).

Tracks are known by the hash of their file, so that a track that was renamed, moved or copied is not listened to again.
What is kept of one is written in one transaction, so that the file is whole whenever the program ends. Arrays are npy
without pickles.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy.typing as npt

from backend.library_arrays import from_npy, to_npy
from plugins.api import ComponentError

VERSION: Final = 1
APPLICATION: Final = 0x43444E5A
"""SQLite's application id: "CDNZ"."""
PATIENCE: Final = 30.0
"""Seconds that another program may write meanwhile."""
TABLES: Final = """
CREATE TABLE folders (path TEXT PRIMARY KEY);
CREATE TABLE tracks (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL, sound TEXT NOT NULL,
    duration REAL NOT NULL, problem TEXT NOT NULL
);
CREATE TABLE kept (sound TEXT NOT NULL, described TEXT NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX kept_of ON kept (described, name, sound);
CREATE INDEX kept_sound ON kept (sound, described);
CREATE TABLE refused (
    sound TEXT NOT NULL, described TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (sound, described)
);
"""

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Track:
    """A sound file as it was when it was looked at.

    Attributes:
        size, modified: bytes, nanoseconds of its last change.
        sound: SHA-256 of the file; empty when it could not be read at all.
        duration: seconds; 0 when it cannot be decoded.
        problem: why it is left out; empty when it is not.
    """

    path: Path
    size: int
    modified: int
    sound: str
    duration: float
    problem: str = ""


class LibraryFile:
    """An open library; close it, or use it in a ``with``.

    Raises:
        ComponentError: the file is none of ours, damaged, or of another version; with what to do.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=PATIENCE)
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            advice = "choose another file, or delete it and add the folders again"
            raise ComponentError(f"{path} is not a library that can be read ({error}); {advice}") from error
        except ComponentError:
            self._db.close()
            raise

    def _prepare(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (count,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not count:
            marks = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
            self._db.executescript(f"BEGIN IMMEDIATE; {TABLES} {marks} COMMIT;")
        elif application != APPLICATION:
            raise ComponentError(f"{self.path} is a database of another program; choose another file")
        elif version != VERSION:
            raise ComponentError(
                f"{self.path} is a library of version {version}, this Cadenza reads {VERSION}; choose another file"
            )

    def __enter__(self) -> LibraryFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction; ComponentError when it cannot be written."""
        try:
            with self._db:
                yield
        except sqlite3.DatabaseError as error:
            advice = "is another program writing it, or the disk full?"
            raise ComponentError(f"{self.path} cannot be written ({error}); {advice}") from error

    def _rows(self, question: str, *values: str) -> list[tuple[Any, ...]]:
        """ComponentError when the file is damaged."""
        try:
            return self._db.execute(question, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise ComponentError(
                f"{self.path} cannot be read ({error}); delete it and add the folders again"
            ) from error

    def folders(self) -> list[Path]:
        return [Path(path) for (path,) in self._rows("SELECT path FROM folders ORDER BY path")]

    def add_folder(self, folder: Path) -> None:
        with self._writing():
            self._db.execute("INSERT OR IGNORE INTO folders VALUES (?)", (str(folder),))

    def remove_folder(self, folder: Path) -> None:
        with self._writing():
            self._db.execute("DELETE FROM folders WHERE path = ?", (str(folder),))

    def tracks(self) -> list[Track]:
        """By path."""
        rows = self._rows("SELECT path, size, modified, sound, duration, problem FROM tracks ORDER BY path")
        return [Track(Path(path), *rest) for path, *rest in rows]

    def put(self, track: Track) -> None:
        with self._writing():
            self._put(track)

    def _put(self, track: Track) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO tracks VALUES (?, ?, ?, ?, ?, ?)",
            (str(track.path), track.size, track.modified, track.sound, track.duration, track.problem),
        )

    def remove(self, paths: Iterable[Path]) -> None:
        """Forget tracks, and what was kept of sounds that no track has any more."""
        with self._writing():
            self._db.executemany("DELETE FROM tracks WHERE path = ?", [(str(path),) for path in paths])
            for table in ("kept", "refused"):
                self._db.execute(f"DELETE FROM {table} WHERE sound NOT IN (SELECT sound FROM tracks)")

    def known(self, described: str) -> dict[str, str]:
        """Sounds that were described so -> why nothing is kept of them; empty where something is."""
        kept = self._rows("SELECT DISTINCT sound FROM kept WHERE described = ?", described)
        found = {sound: "" for (sound,) in kept}
        found.update(dict(self._rows("SELECT sound, reason FROM refused WHERE described = ?", described)))
        return found

    def keep(self, track: Track, described: str, arrays: Arrays) -> None:
        """A track and what was said of it, both or neither."""
        rows = [(track.sound, described, name, to_npy(array)) for name, array in arrays.items()]
        with self._writing():
            self._db.execute("DELETE FROM kept WHERE sound = ? AND described = ?", (track.sound, described))
            self._db.executemany("INSERT INTO kept VALUES (?, ?, ?, ?)", rows)
            self._put(track)

    def refuse(self, track: Track, described: str, reason: str) -> None:
        """A track that a recommender can do nothing with."""
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?)", (track.sound, described, reason))
            self._put(track)

    def arrays(self, sound: str, described: str) -> dict[str, npt.NDArray[Any]]:
        """All that is kept of a sound."""
        rows = self._rows("SELECT name, data FROM kept WHERE sound = ? AND described = ?", sound, described)
        return {name: from_npy(data) for name, data in rows}

    def blobs(self, described: str, name: str) -> dict[str, bytes]:
        """One array of all sounds, as npy."""
        return dict(self._rows("SELECT sound, data FROM kept WHERE described = ? AND name = ?", described, name))
