# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza refine``: a motion and its recording in, the repaired motion out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from backend.audio_files import read_audio
from backend.correction import correct
from backend.motion_file import SUFFIX, read_motion
from backend.output_file import check_output, write_whole
from backend.pipeline import Job, Result
from backend.plugin_manager import load_plugins
from backend.progress_bars import bars_on, shown_in
from plugins.api import Audio, ComponentError, Motion

UNHEARD: Final = 1.0
"""Seconds of a motion that may lie outside its sound before that is told."""


def refine_file(
    source: Path,
    output: Path,
    job: Job,
    *,
    audio: Path,
    start: float | None = None,
    end: float | None = None,
    fps: float | None = None,
    keep: Sequence[float] = (),
    overwrite: bool = False,
    console: Console | None = None,
) -> Result:
    """Repair a motion file from its recording.

    Args:
        start, end: seconds of the recording between which the motion is repaired; the answer is that part.
        fps: of the answer; None for the motion's own.
        keep: seconds whose frames stay as they are.

    Raises:
        AudioError, ComponentError, MotionError: with what to do; then nothing is written.
    """
    if output.suffix.lower() != SUFFIX:
        raise ComponentError(f"{output} must end in {SUFFIX}")
    check_output(output, [source, audio], overwrite)
    with bars_on(console) as bars:
        shown = shown_in(bars, "Reading the motion")
        motion = read_motion(source, start, end, gaps=True)
        job = replace(job, motion=motion, fps=motion.fps if fps is None else fps, keep=tuple(keep))
        sound = read_audio(audio, None, None)
        missing = unheard(motion, sound, float(job.options.get(job.corrector, {}).get("offset", 0.0)), audio.name)
        result = correct(load_plugins(), job, sound, on_progress=shown)
        said = result.motion.provenance.get("repair", {})
        for note in (*missing, *said.get("warnings", ()), *said.get("notes", ())):
            bars.console.print(Text.assemble(("note: ", "yellow"), note), soft_wrap=True)
        write_whole(output, result.motion.to_bytes())
    return result


def unheard(motion: Motion, sound: Audio, offset: float, name: str) -> list[str]:
    """What is to be said of a sound that does not last as long as the motion; ``offset`` is how much too late it comes.

    Raises:
        ComponentError: nothing of the motion is heard.
    """
    first, last = motion.start, motion.start + motion.duration
    begins, ends = sound.start - offset, sound.end - offset
    lasts = f"{name} lasts from {begins:.2f} to {ends:.2f} s, the motion from {first:.2f} to {last:.2f} s"
    if min(last, ends) <= max(first, begins):
        raise ComponentError(f"{lasts}: nothing of it is heard; give the recording of this performance, or its range")
    if max(begins - first, last - ends) > UNHEARD:
        return [f"{lasts}: outside the sound nothing is known but the motion itself; is it the right recording?"]
    return []
