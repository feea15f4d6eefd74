# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""One file of results: whether it can be written, and how it is, whole or not at all."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from backend.audio_files import check_name
from backend.signals import held_back
from plugins.api import ComponentError


def check_output(path: Path, inputs: Iterable[Path], overwrite: bool) -> None:
    """Before any work: the file can be written there, and nothing is lost; ComponentError with what to do."""
    if any(path.exists() and given.exists() and path.samefile(given) for given in inputs):
        raise ComponentError(f"{path} is also the input; give the output another name")
    check_name(path)
    if path.is_dir():
        raise ComponentError(f"{path} is a folder; give the name of a file")
    folder = next(p for p in path.absolute().parents if p.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ComponentError(f"nothing can be written to {folder} ({error.strerror}); choose another place") from error
    if path.exists() and not overwrite:
        raise ComponentError(f"{path} exists already; give --overwrite to replace it, or another name")


def write_whole(path: Path, content: bytes) -> None:
    """Write under a hidden name beside the place, then move it there; missing folders are made."""
    folder = path.absolute().parent
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    draft = folder / f".cadenza-{secrets.token_hex(4)}{path.suffix}"
    published = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        with held_back():
            os.replace(draft, path)
            published = True
    finally:
        with held_back():
            draft.unlink(missing_ok=True)
            for new in missing if not published else ():
                with suppress(OSError):
                    new.rmdir()
