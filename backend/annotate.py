# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza annotate``: a sound, a motion or both in, annotations out in the format that the output's name asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from rich.console import Console

from backend import midi_file
from backend.jams_file import jams_library, to_jams
from backend.motion_file import is_motion, read_motion, stand_in
from backend.output_file import check_output, write_whole
from backend.pipeline import Job, recognize
from backend.plugin_manager import Registry, load_plugins
from backend.progress_bars import bars_on, shown_in
from backend.sources import is_midi, score_beside, sound_of
from plugins.api import CURVES, NAMESPACES, WRITERS, AnnotationTrack, Audio, ComponentError, find_track

Writer = Callable[[Sequence[AnnotationTrack], float, str, str], bytes]
"""From tracks, the second at which the recording ends, its name and the instrument."""


def _as_text(write: Callable[[Sequence[AnnotationTrack]], str]) -> Writer:
    return lambda tracks, end, title, instrument: write(tracks).encode()


FORMATS: Final[Mapping[str, Writer]] = {
    **{suffix: _as_text(write) for suffix, write in WRITERS.items()},
    ".jams": lambda tracks, end, title, instrument: to_jams(tracks, end, title).encode(),
    ".mid": lambda tracks, end, title, instrument: midi_file.to_midi(tracks, instrument),
}
"""By the output's suffix."""
NO_ROOM: Final[Mapping[str, Callable[[str], bool]]] = {
    ".mid": lambda namespace: namespace not in midi_file.NAMESPACES,
    ".txt": lambda namespace: namespace in CURVES,
}
"""What does not go into a format, by the output's suffix."""


def annotate_file(
    source: Path,
    output: Path,
    job: Job,
    *,
    what: Sequence[str] = (),
    score: Path | None = None,
    motion: Path | None = None,
    start: float | None = None,
    end: float | None = None,
    overwrite: bool = False,
    console: Console | None = None,
) -> list[AnnotationTrack]:
    """Recognise ``what`` (all that can be, unless said), and write it; the tracks that were written.

    Args:
        source: a recording, a MIDI file, or a motion (.npz) of which there is no sound.
        motion: of the same performance as the recording.

    Raises:
        AudioError, ComponentError, MotionError: with what to do; then nothing is written.
    """
    suffix = output.suffix.lower()
    if suffix not in FORMATS:
        raise ComponentError(f"{output} must end in {', '.join(FORMATS)}: the ending decides the format")
    if suffix == ".jams":
        jams_library()  # or it would be missed at the end
    if job.generator in job.options:
        raise ComponentError("--option takes component.name=value here; cadenza components lists both")
    check_output(output, [path for path in (source, score, motion) if path is not None], overwrite)
    watched = source if is_motion(source.name) else motion
    if watched is source and (score is not None or motion is not None):
        raise ComponentError(f"{source.name} is a motion; give the recording first, and the motion with --motion")
    silent = is_midi(source.name) or watched is source
    job = replace(job, score=None if watched is source else score_beside(source, score), silent=silent)
    with bars_on(console) as bars:
        shown = shown_in(bars, "Reading the sound")
        registry = load_plugins()
        registry.player_of(job.instrument)  # a name that is none would be read as some part of the score
        if watched is not None:
            job = replace(job, motion=read_motion(watched, start, end))
        wanted = chosen(what, possible(registry, job), suffix, job.score is not None)
        audio = _sound(source, job, start, end)
        found = recognize(registry, job, audio, wanted, on_progress=shown)
        tracks = [find_track(found, namespace) for namespace in wanted]
        content = FORMATS[suffix](tracks, audio.end, source.name, job.instrument)
        shown(1.0, "Annotations ready")
        write_whole(output, content)
    return tracks


def _sound(source: Path, job: Job, start: float | None, end: float | None) -> Audio:
    """The recording; of a motion or a MIDI file alone something as long."""
    if job.motion is not None and is_motion(source.name):
        return stand_in(job.motion)
    return sound_of(None if job.silent else source, job.score, start, end, instrument=job.instrument)


def possible(registry: Registry, job: Job) -> list[str]:
    """Namespaces that the installed recognisers write for this job, the most asked for first."""
    written = {namespace for r in registry.recognizers if job.lets_work(r) for namespace in r.writes}
    return [n for n in NAMESPACES if n in written] + sorted(written - set(NAMESPACES))


def chosen(what: Sequence[str], able: Sequence[str], suffix: str, has_score: bool) -> list[str]:
    """What is asked for, or all that can be had and written; ComponentError for what cannot."""
    no_room: Callable[[str], bool] = NO_ROOM.get(suffix, lambda namespace: False)
    for namespace in what:
        if namespace not in able:
            more = "" if has_score else "; with --score also what the score says"
            near = get_close_matches(namespace, able, n=1)
            more += f"; did you mean {near[0]!r}?" if near else ""
            raise ComponentError(f"{namespace!r} cannot be recognised here; --what takes {', '.join(able)}{more}")
        if no_room(namespace):
            raise ComponentError(f"{suffix} has no room for {namespace!r}; write .json, .jams or .csv")
    return list(dict.fromkeys(what)) or [n for n in able if not no_room(n)]
