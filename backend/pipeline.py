# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From audio to a finished motion: recognise, generate, complete. The server and the command
line run this same function."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from pydantic import ValidationError

from backend.device import Device, device_for
from backend.plugin_manager import Registry
from plugins.api import (
    AnnotationTrack,
    Audio,
    Component,
    ComponentError,
    Generator,
    JobContext,
    Motion,
    Recognizer,
    Score,
)


@dataclass(frozen=True)
class Job:
    """Everything that defines a performance, except the sound.

    Attributes:
        options: by component name, each a mapping of its options.
    """

    generator: str = "performer"
    instrument: str = "violin"
    fps: float = 30.0
    seed: int = 0
    device: Device = "auto"
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    score: Score | None = None
    annotations: Sequence[AnnotationTrack] = ()


@dataclass(frozen=True)
class Result:
    """A finished performance."""

    motion: Motion
    annotations: list[AnnotationTrack]


@dataclass
class _Run:
    """One job at work: the registry, the context that grows, and the progress of its stages."""

    registry: Registry
    job: Job
    context: JobContext
    done: float = 0.0

    def stage(self, component: Component, share: float) -> tuple[Any, Any, JobContext]:
        """The component loaded, its options, and a context whose progress is this stage's share."""
        options = _options(component, self.job.options.get(component.name, {}))
        first, host = self.done, self.context
        context = dataclasses.replace(host, on_progress=lambda f, message: host.on_progress(first + share * f, message))
        self.done += share
        context.progress(0.0, f"Loading {component.label.lower()}")
        ready = self.registry.ready(component, device_for(component, self.job.device))
        return ready, options, context


def run(
    registry: Registry,
    job: Job,
    audio: Audio,
    *,
    silent: bool = False,
    on_progress: Callable[[float, str], None] = lambda fraction, message: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Result:
    """Work on a job.

    Args:
        silent: the audio is only a stand-in (a score is played as written); recognisers get no sound.

    Raises:
        ComponentError: with what to do; Cancelled.
    """
    generator = check_job(registry, job)
    context = JobContext(
        seed=job.seed,
        fps=job.fps,
        annotations=list(job.annotations),
        score=job.score,
        on_progress=on_progress,
        is_cancelled=is_cancelled,
    )
    work = _Run(registry, job, context)
    _recognize(work, generator, None if silent else audio)
    if silent:
        # A score played as written covers all of the piece; the job may be a part of it.
        tracks = [t.slice(audio.start, audio.end) for t in work.context.annotations]
        work.context = dataclasses.replace(work.context, annotations=tracks)
    motion = _generate(work, generator, audio)
    on_progress(1.0, "Performance ready")
    provenance = {**motion.provenance, **_provenance(registry, job, generator, audio)}
    return Result(dataclasses.replace(motion, provenance=provenance), list(work.context.annotations))


def check_job(registry: Registry, job: Job) -> Generator:
    """The job's generator; ComponentError when the job asks for what there is not."""
    generator = registry.generator(job.generator)
    if job.instrument not in generator.instruments:
        raise ComponentError(
            f"{generator.name} plays {', '.join(generator.instruments)}, not {job.instrument}; choose another generator"
        )
    _check_option_names(registry, job)
    for name, given in job.options.items():
        found = [by_name[name] for by_name in registry.components.values() if name in by_name]
        if len(found) == 1:  # of several kinds, only what is used is judged, when it is used
            _options(found[0], given)
    return generator


def _recognize(work: _Run, generator: Generator, audio: Audio | None) -> None:
    """Run recognisers until the generator has what it needs."""
    chosen = _choose(work.registry.recognizers, generator.needs, work.context)
    for recognizer in chosen:
        ready, options, context = work.stage(recognizer, 0.6 / len(chosen))
        tracks = ready.recognize(audio, None, options, context)
        known = {t.namespace for t in work.context.annotations}
        fresh = [t for t in tracks if t.namespace not in known]
        work.context = dataclasses.replace(work.context, annotations=[*work.context.annotations, *fresh])
    work.done = 0.6


def _choose(recognizers: Sequence[Recognizer], needs: Sequence[str], context: JobContext) -> list[Recognizer]:
    """The recognisers that write what is needed, each after those whose tracks it reads; those that
    read the score are preferred when there is one."""
    known = {t.namespace for t in context.annotations}
    chosen: list[Recognizer] = []

    def find(namespace: str, asked: tuple[str, ...] = ()) -> None:
        if namespace in known:
            return
        able = [r for r in recognizers if namespace in r.writes and (context.score is not None or not r.needs_score)]
        if not able or namespace in asked:
            raise ComponentError(f"nothing installed recognises {namespace!r}; install a plug-in that does")
        best = next((r for r in able if r.needs_score), able[0])
        for read in best.reads:
            find(read, (*asked, namespace))
        chosen.append(best)
        known.update(best.writes)

    for namespace in needs:
        find(namespace)
    return chosen


def _generate(work: _Run, generator: Generator, audio: Audio) -> Motion:
    ready, options, context = work.stage(generator, 0.25)
    motion: Motion = ready.generate(audio, options, context)
    for name in generator.post_steps:
        step, options, context = work.stage(work.registry.post_step(name), 0.15 / len(generator.post_steps))
        motion = step.apply(motion, options, context)
    return motion


def _options(component: Component, given: Mapping[str, Any]) -> Any:
    try:
        return component.Options(**given)
    except ValidationError as error:
        problems = "; ".join(f"{component.name}.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        known = ", ".join(component.Options.model_fields) or "none"
        raise ComponentError(f"bad option {problems}. Options of {component.name}: {known}") from error


def _check_option_names(registry: Registry, job: Job) -> None:
    names = {name for by_name in registry.components.values() for name in by_name}
    unknown = set(job.options) - names
    if unknown:
        raise ComponentError(
            f"options are given for {', '.join(sorted(unknown))}, which is not installed; "
            f"installed: {', '.join(sorted(names))}"
        )


def _provenance(registry: Registry, job: Job, generator: Generator, audio: Audio) -> dict[str, Any]:
    return {
        "cadenza": version("cadenza"),
        "generator": generator.name,
        "package": registry.packages.get(id(generator), ""),
        "checkpoint": None,
        "audio": audio.sha256,
        "score": job.score.name if job.score else None,
        "instrument": job.instrument,
        "job_options": {name: dict(values) for name, values in job.options.items()},
        "seed": job.seed,
        "fps": job.fps,
    }
