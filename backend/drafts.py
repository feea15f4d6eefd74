# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Where results go, and how they get there: all of them whole, or none."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

import soundfile

from backend.output_file import check_output
from backend.pipeline import Result
from backend.signals import held_back
from plugins.api import Audio, ComponentError, to_json

CHARACTERS: Final = (".blend", ".glb", ".gltf", ".vrm", ".fbx", ".bvh")
"""What the add-on opens as a character."""
EXPORTS: Final = (".fbx", ".glb", ".bvh", ".usd", ".usdc")


@dataclass(frozen=True)
class Outputs:
    """Where the results go.

    Attributes:
        blend: the Blender file, or None when there is to be none.
        sound: for input that is no recording: the sound that the .blend refers to.
        report: how the user's own character fits, .json.
        export: the performing character for other programs.
    """

    blend: Path | None
    preview: Path | None = None
    motion: Path | None = None
    annotations: Path | None = None
    sound: Path | None = None
    report: Path | None = None
    export: Path | None = None

    def paths(self) -> list[Path]:
        every = (self.blend, self.sound, self.preview, self.motion, self.annotations, self.report, self.export)
        return [p for p in every if p is not None]

    def check(self, inputs: Iterable[Path], overwrite: bool) -> None:
        """Before any work: every output can be written, and nothing is lost."""
        paths, inputs = self.paths(), list(inputs)
        twice = next((p for i, p in enumerate(paths) if p.resolve() in [q.resolve() for q in paths[:i]]), None)
        if twice is not None:
            raise ComponentError(f"{twice} is given for two outputs; give each a name of its own")
        self._check_suffixes()
        for path in paths:
            check_output(path, inputs, overwrite)

    def _check_suffixes(self) -> None:
        wanted = [
            (self.blend, (".blend",)),
            (self.preview, (".mp4",)),
            (self.motion, (".npz",)),
            (self.annotations, (".json",)),
            (self.report, (".json",)),
            (self.export, EXPORTS),
        ]
        for path, suffixes in wanted:
            if path is not None and path.suffix.lower() not in suffixes:
                raise ComponentError(f"{path} must end in {' or '.join(suffixes)}")


class Drafts:
    """Results under hidden names beside their places, moved there only when all are whole.

    Use as a context manager: on leaving, no draft is left, and without ``publish``
    everything is as it was.
    """

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._token = f"cadenza-{secrets.token_hex(4)}"
        self._exchange = tempfile.TemporaryDirectory(prefix="cadenza-")
        self._new_folders: list[Path] = []
        self._sound_is_new = False
        self._published = False

    @property
    def motion(self) -> Path:
        return Path(self._exchange.name) / "motion.npz"

    @property
    def annotations(self) -> Path:
        return Path(self._exchange.name) / "annotations.json"

    @property
    def report(self) -> Path:
        return Path(self._exchange.name) / "report.json"

    @property
    def export(self) -> Path:
        """Exporters go by the suffix."""
        suffix = self._outputs.export.suffix.lower() if self._outputs.export else ""
        return Path(self._exchange.name) / f"export{suffix}"

    @property
    def preview(self) -> Path:
        return Path(self._exchange.name) / "preview.mp4"

    @property
    def blend(self) -> Path:
        """In its own folder, since a .blend refers to its sound from where it lies."""
        assert self._outputs.blend is not None
        return self._draft(self._outputs.blend)

    def _draft(self, path: Path) -> Path:
        """Beside its place: moving within a folder cannot fail half-way."""
        number = self._outputs.paths().index(path)
        return path.absolute().with_name(f".{self._token}-{number}{path.suffix}")

    def __enter__(self) -> Drafts:
        try:
            for path in self._outputs.paths():
                folder = path.absolute().parent
                self._new_folders += [p for p in (folder, *folder.parents) if not p.exists()]
                folder.mkdir(parents=True, exist_ok=True)
        except BaseException:
            self._tidy()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with held_back():
            self._tidy()

    def write(self, result: Result) -> None:
        """What Blender reads."""
        self.motion.write_bytes(result.motion.to_bytes())
        self.annotations.write_text(to_json(result.annotations), encoding="utf-8")

    def place_sound(self, audio: Audio) -> Path | None:
        """The sound must be in its place when Blender looks; the one that was there comes back on failure."""
        path = self._outputs.sound
        if path is None:
            return None
        with held_back():
            self._sound_is_new = not path.exists()
            if not self._sound_is_new:
                os.replace(path, self._draft(path))
        try:
            soundfile.write(path, audio.samples, audio.sample_rate)
        except soundfile.LibsndfileError as error:
            raise ComponentError(f"{path} cannot be written ({error}); see that there is room on the disk") from error
        return path.absolute()

    def publish(self) -> None:
        """Everything to its place."""
        made = {
            self.motion: self._outputs.motion,
            self.annotations: self._outputs.annotations,
            self.preview: self._outputs.preview,
            self.report: self._outputs.report,
            self.export: self._outputs.export,
        }
        for draft, path in made.items():
            if path is not None:
                shutil.copy(draft, self._draft(path))
        with held_back():
            for path in self._outputs.paths():
                if path != self._outputs.sound:
                    os.replace(self._draft(path), path)
            self._published = True

    def _tidy(self) -> None:
        self._exchange.cleanup()
        if not self._published:
            self._take_back_sound()
        for draft in set(self._left()):
            draft.unlink(missing_ok=True)
        if not self._published:
            for folder in sorted(self._new_folders, key=lambda p: -len(p.parts)):
                with suppress(OSError):
                    folder.rmdir()

    def _take_back_sound(self) -> None:
        path = self._outputs.sound
        if path is None:
            return
        if self._sound_is_new:
            path.unlink(missing_ok=True)
        elif self._draft(path).exists():
            os.replace(self._draft(path), path)

    def _left(self) -> Iterator[Path]:
        """All drafts, Blender's own included: it writes to names made from ours."""
        for path in self._outputs.paths():
            with suppress(OSError):
                yield from path.absolute().parent.glob(f".*{self._token}*")
