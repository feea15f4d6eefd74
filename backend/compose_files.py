# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza compose`` and ``cadenza improvise``: files in, files out; nothing is half written."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import soundfile
from rich.console import Console
from rich.text import Text

from backend.animate import bake_job
from backend.blender import BlenderProcess
from backend.composing import LONGEST, check_composer, compose, improvise
from backend.drafts import Drafts, Outputs
from backend.motion_file import read_motion
from backend.output_file import check_output, write_whole
from backend.pipeline import Job
from backend.plugin_manager import load_plugins
from backend.progress_bars import bars_on, shown_in
from plugins.api import Audio, ComponentError, SoundFile

WAV: Final = ".wav"
ENDINGS: Final = (".motion.npz", ".npz", WAV, ".blend")
"""Of the files of a take; whoever names one of them means the take."""


def compose_file(
    source: Path,
    output: Path,
    job: Job,
    composer: str,
    *,
    start: float | None = None,
    end: float | None = None,
    overwrite: bool = False,
    console: Console | None = None,
) -> Audio:
    """Music for a motion file, as a sound file as long as the motion.

    Args:
        start, end: seconds between which the motion is set to music; the sound is that part's.

    Raises:
        AudioError, ComponentError, MotionError: with what to do; then nothing is written.
    """
    if output.suffix.lower() != WAV:
        raise ComponentError(f"{output} must end in {WAV}")
    check_output(output, [source], overwrite)
    with bars_on(console) as bars:
        shown = shown_in(bars, "Reading the motion")
        registry = load_plugins()
        chosen = check_composer(registry, job, composer)
        motion = read_motion(source, start, end, longest=LONGEST)
        sound = compose(registry, job, chosen, motion, on_progress=shown)
        write_whole(output, _wav(sound))
    return sound


def improvise_files(
    outputs: Outputs,
    job: Job,
    composer: str,
    seconds: float,
    *,
    overwrite: bool = False,
    console: Console | None = None,
) -> list[Path]:
    """Motion and music from nothing, to the files of ``outputs``; the files that were written.

    Raises:
        ComponentError, MotionError: with what to do; then nothing is written.
    """
    outputs.check([], overwrite)
    registry = load_plugins()
    chosen = check_composer(registry, job, composer)
    # The process ends before the drafts are cleared away: it may be writing one.
    with Drafts(outputs) as drafts, _blender_for(outputs) as blender, bars_on(console) as bars:
        check = blender.check if blender is not None else lambda: None
        shown = shown_in(bars, "Improvising", check)
        result, audio = improvise(registry, job, chosen, seconds, on_progress=shown)
        for warning in result.motion.provenance.get("warnings", ()):
            bars.console.print(Text.assemble(("note: ", "yellow"), warning), soft_wrap=True)
        sound = drafts.place_sound(audio)
        drafts.write(result)
        if blender is not None:
            shown = shown_in(bars, "Waiting for Blender")
            strip = SoundFile(str(sound), 0.0) if sound else None
            blender.apply(bake_job(drafts, outputs, strip, job.fps, None), shown)
            shown(1.0, "Blender file written")
        drafts.publish()
    return outputs.paths()


def take_outputs(given: str, seed: int, *, blend: bool) -> Outputs:
    """Where the files of a take go: NAME.wav, NAME.motion.npz and NAME.blend, for the NAME that is given, for one of
    these files, or, in a folder (one that is there, or ends with a slash), for a name made of the seed."""
    path = Path(given)
    if path.is_dir() or given.endswith(("/", os.sep)):
        path /= f"improvised-{seed}"
    name = path.name
    ending = next((e for e in ENDINGS if name.lower().endswith(e) and len(name) > len(e)), "")
    name = name[: len(name) - len(ending)]
    motion, sound, scene = (path.with_name(name + end) for end in (".motion.npz", WAV, ".blend"))
    return Outputs(scene if blend else None, sound=sound, motion=motion)


@contextmanager
def _blender_for(outputs: Outputs) -> Iterator[BlenderProcess | None]:
    """Blender, when there is to be a file of its own."""
    if outputs.blend is None:
        yield None
        return
    with BlenderProcess() as blender:
        yield blender


def _wav(sound: Audio) -> bytes:
    """16 bit; what is beyond full scale is clipped."""
    buffer = io.BytesIO()
    soundfile.write(buffer, sound.samples, sound.sample_rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()
