# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza animate``: files in, files out; nothing is half written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from backend.audio_files import check_file
from backend.blender import BlenderProcess
from backend.drafts import Drafts, Outputs
from backend.pipeline import Job, Result, check_job, run
from backend.plugin_manager import load_plugins
from backend.signals import check_stopped
from backend.sources import MIDI, SCORES, sound_of
from plugins.api import Audio, BakeJob, CharacterFile, ComponentError, Score, SoundFile

PREVIEW_SIZE: Final = (640, 360)


def animate_file(
    source: Path,
    outputs: Outputs,
    job: Job,
    *,
    score: Path | None = None,
    character: CharacterFile | None = None,
    start: float | None = None,
    end: float | None = None,
    overwrite: bool = False,
    console: Console | None = None,
) -> list[Path]:
    """Everything from a sound file to the files of ``outputs``; the files that were written."""
    is_midi = source.suffix.lower() in MIDI
    if is_midi:
        outputs = replace(outputs, sound=outputs.blend.with_suffix(".wav"))
    rig = Path(character.path) if character is not None else None
    if rig is not None:
        check_file(rig)
    elif outputs.report or outputs.export:
        raise ComponentError("--report and --export are about a character of your own; give it with --rig")
    bone_map = Path(character.bone_map) if character is not None and character.bone_map else None
    outputs.check([path for path in (source, score, rig, bone_map) if path is not None], overwrite)
    job = replace(job, score=_read_score(_notes_from(source, score, is_midi)))
    # The process ends before the drafts are cleared away: it may be writing one.
    with Drafts(outputs) as drafts, BlenderProcess() as blender, _bars(console) as bars:
        shown = _progress(bars, "Reading the sound", blender.check)
        audio, result = _listen(source, job, is_midi, start, end, shown)
        for warning in result.motion.provenance.get("warnings", ()):
            bars.console.print(Text.assemble(("note: ", "yellow"), warning), soft_wrap=True)
        shown = _progress(bars, "Waiting for Blender")
        sound = drafts.place_sound(audio)
        drafts.write(result)
        strip = SoundFile(str(sound), 0.0) if sound else SoundFile(str(source.absolute()), audio.start)
        blender.apply(_bake_job(drafts, outputs, strip, job.fps, character), shown)
        shown(1.0, "Blender file written")
        drafts.publish()
    return outputs.paths()


def _listen(
    source: Path,
    job: Job,
    is_midi: bool,
    start: float | None,
    end: float | None,
    progress: Callable[[float, str], None],
) -> tuple[Audio, Result]:
    registry = load_plugins()
    check_job(registry, job)
    audio = sound_of(None if is_midi else source, job.score, start, end, instrument=job.instrument)
    return audio, run(registry, job, audio, silent=is_midi, on_progress=progress)


def _bake_job(
    drafts: Drafts, outputs: Outputs, sound: SoundFile, fps: float, character: CharacterFile | None
) -> BakeJob:
    return BakeJob(
        motion=str(drafts.motion),
        annotations=str(drafts.annotations),
        output=str(drafts.blend),
        fps=fps,
        sound=sound,
        preview=str(drafts.preview) if outputs.preview else None,
        width=PREVIEW_SIZE[0],
        height=PREVIEW_SIZE[1],
        character=character,
        report=str(drafts.report) if outputs.report else None,
        export=str(drafts.export) if outputs.export else None,
    )


def _progress(
    bars: Progress, description: str, check: Callable[[], None] = lambda: None
) -> Callable[[float, str], None]:
    task = bars.add_task(description, total=1.0)

    def show(fraction: float, message: str) -> None:
        check_stopped()
        check()
        bars.update(task, completed=fraction, description=message)

    return show


@contextmanager
def _bars(console: Console | None) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description:<26}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        yield bars


def _notes_from(source: Path, score: Path | None, is_midi: bool) -> Path | None:
    """A MIDI file is sound and score at once: its notes are played as they stand."""
    if is_midi and score is not None:
        raise ComponentError(f"{source.name} is played as it stands; leave out --score, or give a recording")
    return source if is_midi else score


def _read_score(path: Path | None) -> Score | None:
    if path is None:
        return None
    if path.suffix.lower() not in SCORES:
        raise ComponentError(f"{path.name} is not a score; give one of {', '.join(SCORES)}")
    check_file(path)
    return Score(path.name, path.read_bytes())
