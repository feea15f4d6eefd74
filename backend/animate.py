# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza animate``: files in, files out; nothing is half written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import soundfile
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from backend.audio_files import read_audio
from backend.blender import BlenderProcess
from backend.pipeline import Job, Result, run
from backend.plugin_manager import load_plugins
from plugins.api import Audio, BakeJob, ComponentError, Score, SoundFile, to_json

MIDI: Final = (".mid", ".midi")
SCORES: Final = (".musicxml", ".xml", ".mxl", *MIDI)
PREVIEW_SIZE: Final = (960, 540)


@dataclass(frozen=True)
class Outputs:
    """Where the results go."""

    blend: Path
    preview: Path | None = None
    motion: Path | None = None
    annotations: Path | None = None

    def paths(self) -> list[Path]:
        return [p for p in (self.blend, self.preview, self.motion, self.annotations) if p is not None]


def animate_file(
    source: Path,
    outputs: Outputs,
    job: Job,
    *,
    score: Path | None = None,
    start: float | None = None,
    end: float | None = None,
    overwrite: bool = False,
    console: Console | None = None,
) -> None:
    """Everything from a sound file to the files of ``outputs``."""
    _check_outputs(outputs, overwrite)
    # A MIDI file is sound and score at once: the notes are played as they stand.
    is_midi = source.suffix.lower() in MIDI
    job = replace(job, score=_read_score(score or (source if is_midi else None)))
    with BlenderProcess() as blender, _bars(console) as bars:
        listen = bars.add_task("Reading the sound", total=1.0)
        audio = _read(source, is_midi, start, end)
        result = run(
            load_plugins(),
            job,
            audio,
            silent=is_midi,
            on_progress=lambda f, message: bars.update(listen, completed=f, description=message),
        )
        for warning in result.motion.provenance.get("warnings", ()):
            bars.console.print(f"[yellow]note:[/] {warning}", highlight=False, soft_wrap=True)
        bake = bars.add_task("Waiting for Blender", total=1.0)
        with tempfile.TemporaryDirectory(prefix="cadenza-") as folder:
            drafts = _Drafts(Path(folder), outputs)
            sound = _sound(source, audio, is_midi, outputs)
            drafts.write(result)
            blender.apply(
                drafts.bake_job(sound, job),
                lambda f, message: bars.update(bake, completed=f, description=message),
            )
            bars.update(bake, completed=1.0, description="Blender file written")
            drafts.publish()


@contextmanager
def _bars(console: Console | None) -> Iterator[Progress]:
    columns = TextColumn("{task.description:<26}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn()
    with Progress(*columns, console=console) as bars:
        yield bars


def _read(source: Path, is_midi: bool, start: float | None, end: float | None) -> Audio:
    if not is_midi:
        return read_audio(source, start, end)
    from backend.midi_sound import read_midi

    return read_midi(source, start, end)


def _read_score(path: Path | None) -> Score | None:
    if path is None:
        return None
    if path.suffix.lower() not in SCORES:
        raise ComponentError(f"{path.name} is not a score; give one of {', '.join(SCORES)}")
    if not path.is_file():
        raise ComponentError(f"there is no file {path}")
    return Score(path.name, path.read_bytes())


def _check_outputs(outputs: Outputs, overwrite: bool) -> None:
    """Before any work: every output can be written, and nothing is lost."""
    wanted = {".blend": outputs.blend, ".mp4": outputs.preview, ".npz": outputs.motion, ".json": outputs.annotations}
    for suffix, path in wanted.items():
        if path is None:
            continue
        if path.suffix.lower() != suffix:
            raise ComponentError(f"{path} must end in {suffix}")
        if path.exists() and not overwrite:
            raise ComponentError(f"{path} exists already; give --overwrite to replace it, or another name")
        _check_folder(path)


def _check_folder(path: Path) -> None:
    """Make the folder if need be, and see that a file can be written there."""
    folder = path.absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ComponentError(f"nothing can be written to {folder} ({error.strerror}); choose another place") from error
    if path.is_dir():
        raise ComponentError(f"{path} is a folder; give the name of a file")


def _sound(source: Path, audio: Audio, is_midi: bool, outputs: Outputs) -> SoundFile:
    """The recording itself; for MIDI a rendered sound beside the .blend."""
    if not is_midi:
        return SoundFile(str(source.absolute()), audio.start)
    path = outputs.blend.absolute().with_suffix(".wav")
    soundfile.write(path, audio.samples, audio.sample_rate)
    return SoundFile(str(path), 0.0)


class _Drafts:
    """Results under temporary names, moved to their places only when all are whole."""

    def __init__(self, folder: Path, outputs: Outputs) -> None:
        self._outputs = outputs
        self._folder = folder

    def _draft(self, path: Path) -> Path:
        """Beside its place: moving within a folder cannot fail half-way."""
        return path.absolute().with_name(f".{path.stem}.draft{path.suffix}")

    def write(self, result: Result) -> None:
        (self._folder / "motion.npz").write_bytes(result.motion.to_bytes())
        (self._folder / "annotations.json").write_text(to_json(result.annotations), encoding="utf-8")

    def bake_job(self, sound: SoundFile, job: Job) -> BakeJob:
        preview = self._outputs.preview
        return BakeJob(
            motion=str(self._folder / "motion.npz"),
            annotations=str(self._folder / "annotations.json"),
            output=str(self._draft(self._outputs.blend)),
            fps=job.fps,
            sound=sound,
            preview=str(self._folder / "preview.mp4") if preview else None,
            width=PREVIEW_SIZE[0],
            height=PREVIEW_SIZE[1],
        )

    def publish(self) -> None:
        import shutil

        made = {"motion.npz": self._outputs.motion, "annotations.json": self._outputs.annotations}
        made["preview.mp4"] = self._outputs.preview
        for name, path in made.items():
            if path is not None:
                shutil.copy(self._folder / name, self._draft(path))
        for path in self._outputs.paths():
            os.replace(self._draft(path), path)
