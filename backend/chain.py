# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Which components a job takes, one after the other; found and checked before any of them runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from pydantic import ValidationError

from backend.device import Device
from backend.plugin_manager import Registry
from backend.validation import said
from plugins.api import AnnotationTrack, Component, ComponentError, Corrector, Generator, Motion, Recognizer, Score


class ImpossibleJob(ComponentError):
    """A job asks for what there is not; found before it starts.

    Attributes:
        field: which field of the job is wrong.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Job:
    """Everything that defines a performance, except the sound.

    Attributes:
        options: by component name, each a mapping of its options.
        motion: what recognisers may watch, or a corrector repairs, or whose body a generator follows.
        recognizers: names of recognisers that are asked before others that write the same.
        corrector: what repairs the motion; "" when nothing is to be repaired.
        keep: seconds of frames of the motion that a corrector leaves as they are.
        silent: whether there is no sound to listen to (a score is played as written, or there is motion alone).
    """

    generator: str = "performer"
    instrument: str = "violin"
    fps: float = 30.0
    seed: int = 0
    device: Device = "auto"
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    recognizers: Sequence[str] = ()
    score: Score | None = None
    annotations: Sequence[AnnotationTrack] = ()
    motion: Motion | None = None
    silent: bool = False
    corrector: str = ""
    keep: Sequence[float] = ()

    @property
    def unseen(self) -> Job:
        """The job as recognisers are to know it: they listen, and do not look at what is to be corrected or kept."""
        return replace(self, motion=None)

    def lets_work(self, recognizer: Recognizer) -> bool:
        """Whether there is what a recogniser works from."""
        if recognizer.needs_score:
            return self.score is not None
        there = {"sound": not self.silent, "motion": self.motion is not None}
        return any(there.get(name, False) for name in recognizer.inputs)


def check_job(registry: Registry, job: Job) -> Generator:
    """The job's generator; ImpossibleJob when any step from sound to motion is not to be had."""
    try:
        generator = registry.generator(job.generator)
    except ComponentError as error:
        raise ImpossibleJob("generator", str(error)) from error
    if job.instrument not in generator.instruments:
        raise ImpossibleJob(
            "instrument",
            f"{generator.name} plays {', '.join(generator.instruments)}, not {job.instrument}; "
            f"choose that instrument (--instrument {generator.instruments[0]}), or another generator",
        )
    if job.motion is not None and not (generator.follows or job.keep):
        raise ImpossibleJob(
            "motion", f"{generator.name} cannot play with a body that is given; choose {_who(registry)}"
        )
    check_options(registry, job)
    try:
        recognizers_for(registry.recognizers, generator.needs, job.unseen)
        for name in generator.post_steps:
            registry.post_step(name)
    except ComponentError as error:
        raise ImpossibleJob("generator", f"{generator.name} cannot run: {error}") from error
    return generator


def _who(registry: Registry) -> str:
    """Generators that can."""
    able = [name for name, g in registry.components.get("generator", {}).items() if cast(Generator, g).follows]
    return " or ".join(able) or "another way; nothing that is installed can"


def check_recognition(registry: Registry, job: Job, namespaces: Sequence[str]) -> None:
    """ImpossibleJob when one of the namespaces cannot be recognised."""
    check_options(registry, job)
    try:
        for name in job.recognizers:
            chosen = cast(Recognizer, registry.get("recognizer", name))
            if not job.lets_work(chosen):
                raise ComponentError(f"{name} cannot run: {_why_not(chosen.writes[0], [chosen])}")
        recognizers_for(registry.recognizers, namespaces, job)
    except ComponentError as error:
        raise ImpossibleJob("recognize", str(error)) from error


def steps_of(registry: Registry, job: Job, namespaces: Sequence[str] = ()) -> list[Component]:
    """The components that a job which was found possible will run, in order; with ``namespaces`` only recognisers."""
    if job.corrector:
        corrector = cast(Corrector, registry.get("corrector", job.corrector))
        return [*recognizers_for(registry.recognizers, corrector.needs, job.unseen), corrector]
    if namespaces:
        return list(recognizers_for(registry.recognizers, namespaces, job))
    generator = registry.generator(job.generator)
    recognizers = recognizers_for(registry.recognizers, generator.needs, job.unseen)
    return [*recognizers, generator, *(registry.post_step(name) for name in generator.post_steps)]


def recognizers_for(recognizers: Sequence[Recognizer], needs: Sequence[str], job: Job) -> list[Recognizer]:
    """The recognisers that write what is needed, each after those whose tracks it reads; those that the job names are
    preferred, then those that read the score when there is one, then those of higher rank."""
    known = {t.namespace for t in job.annotations}
    chosen: list[Recognizer] = []

    def find(namespace: str, asked: tuple[str, ...] = ()) -> None:
        if namespace in known:
            return
        writers = [r for r in recognizers if namespace in r.writes]
        able = [r for r in writers if job.lets_work(r)]
        if not able or namespace in asked:
            raise ComponentError(_why_not(namespace, writers if not able else ()))
        best = max(able, key=lambda r: (r.name in job.recognizers, r.needs_score, r.rank))  # of equals the first
        for read in best.reads:
            find(read, (*asked, namespace))
        chosen.append(best)
        known.update(best.writes)

    for namespace in needs:
        find(namespace)
    return chosen


def _why_not(namespace: str, writers: Sequence[Recognizer]) -> str:
    """Why none of those that write a namespace can; they lack something to work from."""
    if not writers:
        return f"nothing installed recognises {namespace!r}; install a plug-in that does"
    if all(r.needs_score for r in writers):
        return f"{namespace!r} is only read from a score; give the score of the piece"
    wanted = " or ".join(dict.fromkeys(name for r in writers for name in r.inputs if not r.needs_score))
    return f"{namespace!r} is recognised from {wanted}; give that"


def options_of(component: Component, given: Mapping[str, Any]) -> Any:
    try:
        return component.Options(**given)
    except ValidationError as error:
        known = list(component.Options.model_fields)
        wrong = [(".".join(map(str, e["loc"])), said(e, known)) for e in error.errors()]
        problems = "; ".join(f"{component.name}.{name}: {words}" for name, words in wrong)
        all_of_it = f"Options of {component.name}: {', '.join(known) or 'none'}"
        raise ComponentError(f"bad option {problems}. {all_of_it}".replace("?.", "?")) from error


def check_options(registry: Registry, job: Job) -> None:
    """ImpossibleJob when an option is of nothing that is installed, or out of its range."""
    names = {name for by_name in registry.components.values() for name in by_name}
    unknown = set(job.options) - names
    if unknown:
        raise ImpossibleJob(
            "options",
            f"options are given for {', '.join(sorted(unknown))}, which is not installed; "
            f"installed: {', '.join(sorted(names))}",
        )
    for name, given in job.options.items():
        found = [by_name[name] for by_name in registry.components.values() if name in by_name]
        if len(found) == 1:  # of several kinds, only what is used is judged, when it is used
            try:
                options_of(found[0], given)
            except ComponentError as error:
                raise ImpossibleJob("options", str(error)) from error
