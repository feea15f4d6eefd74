# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Small files that outlive a full disk and a kill: written whole or not at all, or line by line."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from plugins.api.checkpoint import write_whole


class FileError(ValueError):
    """A file that does not hold what it should: the message names it and says what to do."""


def check_writable(path: Path) -> None:
    """FileError when this file cannot be written: before hours of work for it, not after. (Makes nothing.)"""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
        if path.exists() and not (path.is_file() and os.access(path, os.W_OK)):
            raise PermissionError(0, "it is there and cannot be replaced")
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror or error}); give another file with -o") from error


def read_json(path: Path, advice: str) -> dict[str, Any]:
    """What the file says; FileError, ending with the advice, when it is no keys and values."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FileError(f"{path} is empty, cut off or no JSON ({error}); {advice}") from error
    if not isinstance(found, dict):
        raise FileError(f"{path} holds no keys and values; {advice}")
    return found


def whole_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON of every line; a last one that was cut off is taken out of the file, so that more can be added to it.

    Raises FileError: another line is no JSON.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(dict(json.loads(line)))
        except (TypeError, ValueError) as error:
            if number < len(lines):
                raise FileError(
                    f"{path}, line {number}, is no JSON ({error}); delete that line, or the file"
                ) from error
    whole = "".join(f"{line}\n" for line in lines[: len(found)])
    if whole != text:
        write_whole(path, whole.encode())
    return found
