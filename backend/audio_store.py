# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Uploads (sounds, motions) on disk, each under the SHA-256 of its bytes: one that is there need not be sent again."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool

from backend.file_store import Draft, FileStore
from backend.problems import Problem

BLOCK: Final = 1 << 20
"""Bytes that are hashed and written at once, away from the loop that answers requests."""


class AudioStore:
    """Sounds by the hash of their bytes; ``what`` they are called, where they are something else."""

    def __init__(self, folder: Path, limit: int, max_upload: int, what: str = "the sound") -> None:
        self._what = what
        self._files = FileStore(folder, limit)
        self._max_upload = max_upload

    def use(self, sha256: str) -> Path | None:
        """The sound's file, or None when it was never sent or has been removed since."""
        return self._files.use(sha256)

    def path(self, sha256: str) -> Path:
        """Where it is, or would be."""
        return self._files.path(sha256)

    async def put(self, sha256: str, length: int | None, body: AsyncIterator[bytes]) -> int:
        """Store a sound while it comes in; returns its size in bytes.

        Raises:
            Problem: 413 when it is too large, 422 when its hash is another.
        """
        if length is not None:
            self._check_size(length)
        with self._files.draft() as draft:
            digest, size, block = hashlib.sha256(), 0, bytearray()
            async for piece in body:
                size += len(piece)
                self._check_size(size)
                block += piece
                if len(block) >= BLOCK:
                    await run_in_threadpool(_write, draft, digest, bytes(block))
                    block.clear()
            await run_in_threadpool(_write, draft, digest, bytes(block))
            if digest.hexdigest() != sha256:
                raise Problem(
                    422,
                    "hash",
                    f"the {size} bytes that arrived have the SHA-256 {digest.hexdigest()}; send the file as it is",
                    "sha256",
                )
            await run_in_threadpool(draft.keep, sha256)
        return size

    def _check_size(self, size: int) -> None:
        if size > self._max_upload:
            raise Problem(
                413,
                "too-large",
                f"{self._what} has more than the {self._max_upload:,} bytes that this backend takes; "
                "send only the part that is needed, a sound compressed (flac, mp3, ogg)",
            )


def _write(draft: Draft, digest: hashlib._Hash, block: bytes) -> None:
    digest.update(block)
    draft.file.write(block)
