# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From audio to a finished motion: recognise, generate, complete. The server and the command
line run this same function.

Music reaches a listener in steps, each finished in every way. A generator that streams shows one
window after the other. Of one that must know all notes first, a beginning is worked out by itself, so
that it is there long before all of the sound has been listened to: ten seconds, of very long music
also the first minute, then the whole. The whole is the same with a listener and without.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

from backend.answers import as_motion, blamed, check_finite, check_performance, check_same_frames, check_tracks
from backend.chain import Job, check_job, check_recognition, options_of, recognizers_for
from backend.device import device_for
from backend.inference import Here, Inference
from backend.keeping import kept
from backend.plugin_manager import Registry
from plugins.api import (
    Annotation,
    AnnotationTrack,
    Audio,
    Cancelled,
    Component,
    Generator,
    JobContext,
    Motion,
)

__all__ = ["Job", "Result", "check_job", "recognize", "run"]

log = logging.getLogger("cadenza.pipeline")

LASTING: Final = ("phrase", "dynamics", "pedal")
"""Tracks of what is in force for a while."""
BEGINNINGS: Final = ((10.0, 20.0), (60.0, 360.0))
"""Seconds that are shown first of music longer than so many seconds. They cost half as much work again at
worst, a fifth from one minute on."""


@dataclass(frozen=True)
class Result:
    """A finished performance."""

    motion: Motion
    annotations: list[AnnotationTrack]


@dataclass
class Work:
    """One job at work: the registry, the context that grows, and the progress of its stages."""

    registry: Registry
    job: Job
    context: JobContext
    inference: Inference = field(default_factory=Here)
    done: float = 0.0

    def stage(self, component: Component, share: float) -> tuple[Any, Any, JobContext]:
        """The component loaded, its options, and a context whose progress is this stage's share."""
        options = options_of(component, self.job.options.get(component.name, {}))
        device = device_for(component, self.job.device)
        shared = self.context.share(self.done, self.done + share)
        context = dataclasses.replace(
            shared, on_infer=lambda _, windows: self.inference.infer(component, device, windows)
        )
        self.done += share
        context.progress(0.0, f"Loading {component.label.lower()}")
        with blamed(self.registry, component):
            ready = self.registry.ready(component, self.inference.device_here(component, device))
        return ready, options, context


def run(
    registry: Registry,
    job: Job,
    audio: Audio,
    *,
    on_progress: Callable[[float, str], None] = lambda fraction, message: None,
    on_partial: Callable[[Motion], None] | None = None,
    inference: Inference | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Result:
    """Work on a job.

    Args:
        audio: of a silent job only a stand-in, as long as what is played.
        on_partial: hears finished motion of a part of the music, before the whole is there.
        inference: where networks run; None for this process.

    Raises:
        ComponentError: with what to do; Cancelled.
    """
    generator = check_job(registry, job)
    inference = inference or Here()
    context = context_of(job, on_progress, is_cancelled)
    if job.motion is not None:
        body = job.motion if generator.follows else None
        context = dataclasses.replace(context, constraints=kept(job.motion, job.keep), body=body)
        job = job.unseen
    if on_partial is not None and not generator.streams:
        context = _show_beginnings(Work(registry, job, context, inference), generator, audio, on_partial)
    work = Work(registry, job, context, inference)
    motion = _perform(work, generator, audio, on_partial)
    on_progress(1.0, "Performance ready")
    return Result(motion, list(work.context.annotations))


def recognize(
    registry: Registry,
    job: Job,
    audio: Audio,
    namespaces: Sequence[str],
    *,
    on_progress: Callable[[float, str], None] = lambda fraction, message: None,
    inference: Inference | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> list[AnnotationTrack]:
    """What is heard, and nothing generated: the tracks of these namespaces, and those they were made from.

    Raises:
        ComponentError: with what to do; Cancelled.
    """
    check_recognition(registry, job, namespaces)
    work = Work(registry, job, context_of(job, on_progress, is_cancelled), inference or Here())
    recognize_for(work, namespaces, audio, 1.0)
    if job.silent:
        _cut(work, audio, work.context.annotations)
    on_progress(1.0, "Annotations ready")
    return list(work.context.annotations)


def context_of(job: Job, on_progress: Callable[[float, str], None], is_cancelled: Callable[[], bool]) -> JobContext:
    return JobContext(
        seed=job.seed,
        fps=job.fps,
        annotations=list(job.annotations),
        score=job.score,
        instrument=job.instrument,
        on_progress=on_progress,
        is_cancelled=is_cancelled,
    )


def _show_beginnings(
    work: Work, generator: Generator, audio: Audio, on_partial: Callable[[Motion], None]
) -> JobContext:
    """Show what is to be shown first of music this long; the context that is left for the whole."""
    lengths = [seconds for seconds, longer in BEGINNINGS if audio.duration > longer]
    total, done = sum(lengths) + audio.duration, 0.0
    for seconds in lengths:
        cut = Audio(audio.samples[: round(seconds * audio.sample_rate)], audio.sample_rate, audio.start)
        part = dataclasses.replace(work, context=work.context.share(done / total, (done + seconds) / total))
        _show_beginning(part, generator, cut, on_partial)
        done += seconds
    return work.context.share(done / total, 1.0)


def _show_beginning(work: Work, generator: Generator, cut: Audio, on_partial: Callable[[Motion], None]) -> None:
    """The first seconds as if they were all; nothing when they cannot be performed by themselves (a long rest)."""
    work.context = dataclasses.replace(work.context, annotations=[_in_force(t, cut) for t in work.context.annotations])
    try:
        on_partial(_perform(work, generator, cut, None))
    except (Cancelled, MemoryError):
        raise
    except Exception as error:  # the whole may do well all the same
        log.info("no beginning could be shown: %s", error)


def _perform(work: Work, generator: Generator, audio: Audio, on_partial: Callable[[Motion], None] | None) -> Motion:
    recognize_for(work, generator.needs, audio, 0.6)
    told = work.context.annotations
    if work.job.silent:  # a score played as written covers all of the piece
        work.context = dataclasses.replace(work.context, annotations=[_in_force(t, audio) for t in told])
    motion = _generate(work, generator, audio, on_partial)
    if work.job.silent:
        _cut(work, audio, told)
    provenance = {**motion.provenance, **_provenance(work.registry, work.job, generator, audio)}
    return dataclasses.replace(motion, provenance=provenance)


def _in_force(track: AnnotationTrack, audio: Audio) -> AnnotationTrack:
    """What of a track is in force within a sound: of what lasts, also what began before it. A piano whose pedal is only
    used elsewhere is told that it is up here."""
    if track.namespace not in LASTING:
        return track.slice(audio.start, audio.end)
    within = [a for a in track.annotations if a.time < audio.end and (a.end > audio.start or a.duration == 0.0)]
    if track.namespace == "pedal" and track.annotations and not within:
        within = [Annotation(audio.start, 0.0, 0.0)]
    return AnnotationTrack(track.namespace, tuple(within))


def _cut(work: Work, audio: Audio, told: Sequence[AnnotationTrack]) -> None:
    """The annotations that are given back: what begins inside the sound, and the rest of what lasts into it."""
    tracks = []
    for track in told:
        before = [a for a in track.annotations if track.namespace in LASTING and a.time < audio.start < a.end]
        rest = [dataclasses.replace(a, time=audio.start, duration=a.end - audio.start) for a in before]
        inside = AnnotationTrack(track.namespace, (*rest, *track.annotations)).slice(audio.start, audio.end)
        tracks.append(inside)
    work.context = dataclasses.replace(work.context, annotations=tracks)


def recognize_for(work: Work, needs: Sequence[str], audio: Audio, share: float) -> None:
    """Run recognisers until there is what is needed."""
    heard = None if work.job.silent else audio
    chosen = recognizers_for(work.registry.recognizers, needs, work.job)
    for recognizer in chosen:
        ready, options, context = work.stage(recognizer, share / len(chosen))
        with blamed(work.registry, recognizer):
            tracks = ready.recognize(heard, work.job.motion, options, context)
        check_tracks(work.registry, recognizer, tracks)
        known = {t.namespace for t in work.context.annotations}
        fresh = [t for t in tracks if t.namespace not in known]
        work.context = dataclasses.replace(work.context, annotations=[*work.context.annotations, *fresh])
    work.done = share


def _generate(work: Work, generator: Generator, audio: Audio, on_partial: Callable[[Motion], None] | None) -> Motion:
    ready, options, context = work.stage(generator, 0.25)
    if on_partial is not None:
        context = dataclasses.replace(context, on_partial=lambda part: on_partial(_complete(work, generator, part)))
    with blamed(work.registry, generator):
        answer = ready.generate(audio, options, context)
    motion = as_motion(work.registry, generator, answer)
    check_performance(work.registry, generator, motion, audio, work.job.fps)
    motion = complete(work, motion, generator.post_steps, 0.15)
    check_finite(motion, generator)
    return motion


def complete(work: Work, motion: Motion, post_steps: Sequence[str], share: float) -> Motion:
    """The motion after its post-steps, which have this share of the progress."""
    for name in post_steps:
        found = work.registry.post_step(name)
        step, options, context = work.stage(found, share / len(post_steps))
        with blamed(work.registry, found):
            answer = as_motion(work.registry, found, step.apply(motion, options, context))
        check_same_frames(work.registry, found, motion, answer)
        motion = answer
    return motion


def _complete(work: Work, generator: Generator, part: Motion) -> Motion:
    """A part that the generator shows, with its post-steps, which say nothing of their progress."""
    quiet = dataclasses.replace(work.context, on_progress=lambda fraction, message: None)
    part = complete(dataclasses.replace(work, context=quiet), part, generator.post_steps, 1.0)
    check_finite(part, generator)
    return part


def _provenance(registry: Registry, job: Job, generator: Generator, audio: Audio) -> dict[str, Any]:
    return {
        "cadenza": version("cadenza"),
        "generator": generator.name,
        "package": registry.packages.get(id(generator), ""),
        "checkpoint": generator.checkpoint or None,
        "audio": audio.sha256,
        "score": job.score.name if job.score else None,
        "instrument": job.instrument,
        "job_options": {name: dict(values) for name, values in job.options.items()},
        "seed": job.seed,
        "fps": job.fps,
    }
