# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Music for a motion, and motion and music from nothing, by a composer: for ``cadenza compose`` and ``improvise``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final, cast

import numpy as np

from backend.answers import blamed
from backend.chain import ImpossibleJob, Job, check_options
from backend.inference import Here
from backend.motion_file import SHORTEST
from backend.pipeline import Result, Work, complete, context_of
from backend.plugin_manager import Registry
from plugins.api import Audio, ComponentError, Composer, Motion, MotionError

LONGEST: Final = 600.0
"""Seconds of music that are made at once."""
SLACK: Final = 0.1
"""Seconds by which a sound may miss the length of its motion."""


def check_composer(registry: Registry, job: Job, name: str) -> Composer:
    """The composer of that name; ImpossibleJob when it, an option or a post-step is not to be had."""
    try:
        composer = cast(Composer, registry.get("composer", name))
    except ComponentError as error:
        raise ImpossibleJob("composer", f"{error}; choose another with --composer, or install a plug-in") from error
    check_options(registry, job)
    try:
        for step in composer.post_steps:
            registry.post_step(step)
    except ComponentError as error:
        raise ImpossibleJob("composer", f"{composer.name} cannot improvise: {error}") from error
    return composer


def compose(
    registry: Registry,
    job: Job,
    composer: Composer,
    motion: Motion,
    *,
    on_progress: Callable[[float, str], None] = lambda fraction, message: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Audio:
    """Sound for a motion.

    Raises:
        ComponentError: with what to do; Cancelled.
    """
    work = Work(registry, job, context_of(job, on_progress, is_cancelled), Here())
    ready, options, context = work.stage(composer, 1.0)
    with blamed(registry, composer):
        sound: Audio = ready.compose(motion, options, context)
    _check_length(sound, motion.duration, composer)
    on_progress(1.0, "Music ready")
    return sound


def improvise(
    registry: Registry,
    job: Job,
    composer: Composer,
    seconds: float,
    *,
    on_progress: Callable[[float, str], None] = lambda fraction, message: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Result, Audio]:
    """Motion at ``job.fps``, completed by the composer's post-steps, and its sound.

    Raises:
        ComponentError, MotionError: with what to do; Cancelled.
    """
    if not SHORTEST <= seconds <= LONGEST:
        raise ImpossibleJob(
            "seconds", f"{seconds:g} seconds cannot be improvised; give --seconds {SHORTEST:g} to {LONGEST:g}"
        )
    work = Work(registry, job, context_of(job, on_progress, is_cancelled), Here())
    ready, options, context = work.stage(composer, 0.8)
    with blamed(registry, composer):
        motion, sound = ready.improvise(seconds, options, context)
    _check_length(sound, seconds, composer)
    motion = complete(work, motion, composer.post_steps, 0.2)
    _check_motion(motion, seconds, composer)
    provenance = {**motion.provenance, **_provenance(registry, job, composer, sound)}
    on_progress(1.0, "Improvisation ready")
    return Result(dataclasses.replace(motion, provenance=provenance), []), sound


def _check_length(sound: Audio, seconds: float, composer: Composer) -> None:
    if abs(sound.duration - seconds) > SLACK:
        raise ComponentError(
            f"{composer.name} answered with {sound.duration:.2f} s of sound for {seconds:.2f} s; "
            "choose another composer, and tell its author"
        )


def _check_motion(motion: Motion, seconds: float, composer: Composer) -> None:
    """Whatever a plug-in does: no motion leaves with joints that are not numbers, or of another length."""
    bad = ~np.isfinite(motion.positions).all(axis=(0, 2))
    if bad.any():
        joints = ", ".join(np.array(motion.skeleton.joints)[bad][:5])
        raise MotionError(
            f"{composer.name} answered with numbers that are none for {joints}; try another --seed, and tell its author"
        )
    if abs(motion.duration - seconds) > SLACK:
        raise MotionError(
            f"{composer.name} answered with {motion.duration:.2f} s of motion for {seconds:.2f} s; "
            "choose another composer, and tell its author"
        )


def _provenance(registry: Registry, job: Job, composer: Composer, sound: Audio) -> dict[str, Any]:
    return {
        "cadenza": version("cadenza"),
        "composer": composer.name,
        "composer_package": registry.packages.get(id(composer), ""),
        "composer_checkpoint": composer.checkpoint or None,
        "audio": sound.sha256,
        "job_options": {name: dict(values) for name, values in job.options.items()},
        "seed": job.seed,
        "fps": job.fps,
    }
