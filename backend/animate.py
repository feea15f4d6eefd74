# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza animate``: files in, files out; nothing is half written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from backend.audio_files import check_file
from backend.blender import BlenderProcess
from backend.drafts import CHARACTERS, Drafts, Outputs
from backend.motion_file import read_motion
from backend.pipeline import Job, Result, check_job, run
from backend.plugin_manager import load_plugins
from backend.progress_bars import bars_on, shown_in
from backend.sources import is_midi, score_beside, sound_of
from plugins.api import Audio, BakeJob, CharacterFile, ComponentError, Generator, SoundFile

BONES_ALONE: Final = ".bvh"
VARIATION: Final = "variation"
"""Option that says how much of a body that is followed is made up all the same."""
PREVIEW_SIZE: Final = (640, 360)


def animate_file(
    source: Path,
    outputs: Outputs,
    job: Job,
    *,
    score: Path | None = None,
    body: Path | None = None,
    character: CharacterFile | None = None,
    start: float | None = None,
    end: float | None = None,
    overwrite: bool = False,
    console: Console | None = None,
) -> list[Path]:
    """Everything from a sound file to the files of ``outputs``; the files that were written.

    Args:
        body: a motion whose body is followed.
    """
    silent = is_midi(source.name)
    if silent:
        assert outputs.blend is not None
        outputs = replace(outputs, sound=outputs.blend.with_suffix(".wav"))
    rig = Path(character.path) if character is not None else None
    bone_map = Path(character.bone_map) if character is not None and character.bone_map else None
    for given in (rig, bone_map):
        if given is not None:
            check_file(given)
    if rig is not None and rig.suffix.lower() not in CHARACTERS:
        raise ComponentError(f"{rig.name} is no character file; give one of {', '.join(CHARACTERS)}")
    if rig is None and (outputs.report or outputs.export):
        raise ComponentError("--report and --export are about a character of your own; give it with --rig")
    outputs.check([path for path in (source, score, body, rig, bone_map) if path is not None], overwrite)
    followed = None if body is None else read_motion(body, start, end, gaps=True)
    job = replace(job, score=score_beside(source, score), motion=followed)
    # The process ends before the drafts are cleared away: it may be writing one.
    with Drafts(outputs) as drafts, BlenderProcess() as blender, bars_on(console) as bars:
        shown = shown_in(bars, "Reading the sound", blender.check)
        audio, result = _listen(source, job, silent, start, end, shown)
        for warning in result.motion.provenance.get("warnings", ()):
            bars.console.print(Text.assemble(("note: ", "yellow"), warning), soft_wrap=True)
        if rig is not None and rig.suffix.lower() == BONES_ALONE and outputs.preview:
            note = f"{rig.name} has bones and no mesh: the film shows the instrument alone"
            bars.console.print(Text.assemble(("note: ", "yellow"), note), soft_wrap=True)
        shown = shown_in(bars, "Waiting for Blender")
        sound = drafts.place_sound(audio)
        drafts.write(result)
        strip = SoundFile(str(sound), 0.0) if sound else SoundFile(str(source.absolute()), audio.start)
        blender.apply(bake_job(drafts, outputs, strip, job.fps, character), shown)
        shown(1.0, "Blender file and film" if outputs.preview else "Blender file written")
        drafts.publish()
    return outputs.paths()


def _listen(
    source: Path,
    job: Job,
    silent: bool,
    start: float | None,
    end: float | None,
    progress: Callable[[float, str], None],
) -> tuple[Audio, Result]:
    registry = load_plugins()
    generator = check_job(registry, job)
    if job.motion is not None:
        job = _as_it_is(job, generator)
    audio = sound_of(None if silent else source, job.score, start, end, instrument=job.instrument)
    return audio, run(registry, replace(job, silent=silent), audio, on_progress=progress)


def _as_it_is(job: Job, generator: Generator) -> Job:
    """The job with none of the body made up that it follows, unless its options say how much."""
    if VARIATION not in type(generator).Options.model_fields:
        return job
    options = {VARIATION: 0.0, **job.options.get(generator.name, {})}
    return replace(job, options={**job.options, generator.name: options})


def bake_job(
    drafts: Drafts, outputs: Outputs, sound: SoundFile | None, fps: float, character: CharacterFile | None
) -> BakeJob:
    """What Blender is asked to make of the drafts."""
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
