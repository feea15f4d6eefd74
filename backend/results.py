# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Finished results on disk, under a key of everything that they depend on.

The same request is answered from here; so is one that was finished just before a restart.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backend.file_store import FileStore
from backend.plugin_manager import Registry
from plugins.api import AnnotationTrack, Component, Motion, to_json


class Results:
    """Motion (npz) and annotations (JSON) by key."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._files = FileStore(folder, limit)

    def motion(self, key: str) -> Path | None:
        return self._files.use(f"{key}.npz")

    def annotations(self, key: str) -> Path | None:
        return self._files.use(f"{key}.json")

    def put(self, key: str, motion: Motion | None, annotations: Sequence[AnnotationTrack]) -> None:
        """Keep a result; it counts as there when its annotations, written last, are."""
        if motion is not None:
            self._keep(f"{key}.npz", motion.to_bytes())
        self._keep(f"{key}.json", to_json(annotations).encode())

    def has(self, key: str, with_motion: bool) -> bool:
        return self.annotations(key) is not None and (not with_motion or self.motion(key) is not None)

    def _keep(self, name: str, data: bytes) -> None:
        with self._files.draft() as draft:
            draft.file.write(data)
            draft.keep(name)


def result_key(request: dict[str, Any], device: str, steps: Sequence[Component], registry: Registry) -> str:
    """SHA-256 of all that a result depends on: the request (which names the audio by its hash), the device, and
    the components that will work on it with their packages, checkpoints and code."""
    made_by = [
        (step.name, registry.packages.get(id(step), ""), step.checkpoint, _code_of(type(step))) for step in steps
    ]
    asked = {name: value for name, value in request.items() if name != "audio_name"}
    document = [version("cadenza"), _code_of(Motion), device, made_by, asked]
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


@cache
def _code_of(kind: type) -> str:
    """Names, sizes and times of the source files beside a class: who works on a plug-in must not get to see
    what its code of yesterday made."""
    try:
        path = Path(inspect.getfile(kind))
    except (OSError, TypeError):
        return ""
    is_package = (path.parent / "__init__.py").exists()
    files = sorted(path.parent.glob("*.py")) if is_package else [path]
    found = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.exists()]
    return hashlib.sha256(repr(found).encode()).hexdigest()
