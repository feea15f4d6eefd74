# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A folder of files that may take so much room and no more: what was used longest ago goes first.

Names are hexadecimal digits and a known ending, so that none can lead out of the folder. A file
appears whole or not at all: it is written under a draft's name beside it, then renamed. There is
no index: the folder itself says what is there, so that several servers can share it and nothing
is out of step after a crash. A file's time of modification is the time of its last use.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Final

_NAME: Final = re.compile(r"[0-9a-f]{64}(\.[a-z]+)?")
_DRAFT: Final = ".draft-"
_ABANDONED: Final = 24 * 3600.0
"""Seconds after which a draft belongs to nobody."""


class FileStore:
    """Files by name, at most ``limit`` bytes of them."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit
        folder.mkdir(parents=True, exist_ok=True)
        for draft in folder.glob(f"{_DRAFT}*"):
            with contextlib.suppress(OSError):
                if time.time() - draft.stat().st_mtime > _ABANDONED:
                    draft.unlink()

    def path(self, name: str) -> Path:
        """Where a file of that name is or would be; ValueError for a name that could be anywhere else."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name in a store")
        return self.folder / name

    def use(self, name: str) -> Path | None:
        """The file, marked as used just now; None when it is not there."""
        path = self.path(name)
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def draft(self) -> Draft:
        """A file to write to. Use as a context manager: what is not kept is gone at the end."""
        return Draft(self)

    def make_room(self, keep: str = "") -> None:
        """Remove what was used longest ago until the rest fits."""
        found = []
        for entry in os.scandir(self.folder):
            with contextlib.suppress(OSError):  # another server may have removed it meanwhile
                if not entry.name.startswith(_DRAFT):
                    found.append((entry.stat().st_mtime, entry.stat().st_size, entry.path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.limit:
                return
            if os.path.basename(path) != keep:
                with contextlib.suppress(OSError):
                    os.unlink(path)
                total -= size


class Draft:
    """A file that is being written."""

    def __init__(self, store: FileStore) -> None:
        self._store = store
        handle, name = tempfile.mkstemp(prefix=_DRAFT, dir=store.folder)
        self.path = Path(name)
        self.file: BinaryIO = os.fdopen(handle, "wb")

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.path.unlink(missing_ok=True)

    def keep(self, name: str) -> Path:
        """Make it the file of that name, on the disk for good."""
        path = self._store.path(name)
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        os.replace(self.path, path)
        self._store.make_room(name)
        return path
