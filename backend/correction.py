# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A motion repaired, filled or varied by a corrector, and a curve of how much was changed: for the server and
``cadenza refine``."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from backend.answers import as_motion, blamed
from backend.chain import ImpossibleJob, Job, check_options, recognizers_for
from backend.inference import Here, Inference
from backend.keeping import kept
from backend.pipeline import Result, Work, context_of, recognize_for
from backend.plugin_manager import Registry
from plugins.api import Annotation, AnnotationTrack, Audio, ComponentError, Corrector, Motion, MotionError

CHANGE: Final = "change"
"""Namespace of the curve: millimetres that the joint that was moved most was moved."""
CHANGE_RATE: Final = 10.0
"""Values a second of the curve."""

KEYS: Final = "keyboard"
"""Joint of a motion at the piano: nobody would press the keys of what is moved."""
AT_PIANO: Final = (
    "nobody would press the keys of what is moved at a piano; play with this body instead: cadenza animate with --body"
)

log = logging.getLogger("cadenza.correction")


def check_correction(registry: Registry, job: Job) -> Corrector:
    """The job's corrector; ImpossibleJob when it cannot work."""
    check_options(registry, job)
    try:
        corrector = cast(Corrector, registry.get("corrector", job.corrector))
    except ComponentError as error:
        raise ImpossibleJob("corrector", str(error)) from error
    if job.motion is None:
        raise ImpossibleJob("motion", "there is no motion to work on; give one")
    if KEYS in job.motion.skeleton:
        raise ImpossibleJob("motion", AT_PIANO)
    if job.silent:
        raise ImpossibleJob("audio", f"{corrector.label.lower()} needs the sound of the motion; give the recording")
    try:
        recognizers_for(registry.recognizers, corrector.needs, job.unseen)
    except ComponentError as error:
        raise ImpossibleJob("corrector", f"{corrector.name} cannot run: {error}") from error
    return corrector


def correct(
    registry: Registry,
    job: Job,
    audio: Audio,
    *,
    on_progress: Callable[[float, str], None] = lambda fraction, message: None,
    on_partial: Callable[[Motion], None] | None = None,
    inference: Inference | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Result:
    """Repair, fill or vary the job's motion; at ``job.fps``.

    Args:
        on_partial: hears how far it is, as motion at ``job.fps``, while it is being worked on.

    Raises:
        ComponentError, MotionError: with what to do; Cancelled.
    """
    corrector = check_correction(registry, job)
    assert job.motion is not None
    context = context_of(job, on_progress, is_cancelled)
    context = dataclasses.replace(context, constraints=kept(job.motion, job.keep))
    if on_partial is not None:
        context = dataclasses.replace(context, on_partial=_shown(job, corrector, on_partial))
    work = Work(registry, job.unseen, context, inference or Here())
    recognize_for(work, corrector.needs, audio, 0.4 if corrector.needs else 0.0)
    ready, options, context = work.stage(corrector, 0.95 - work.done)
    with blamed(registry, corrector):
        answer = ready.correct(job.motion, audio, options, context)
    found = _at_rate(as_motion(registry, corrector, answer), job.fps)
    _check_finite(found, job.motion, corrector)
    on_progress(0.95, "Comparing")
    provenance = {**found.provenance, **_provenance(registry, job, corrector, audio)}
    result = Result(dataclasses.replace(found, provenance=provenance), [change(job.motion, found)])
    on_progress(1.0, "Motion repaired")
    return result


def _at_rate(motion: Motion, fps: float) -> Motion:
    return motion if motion.fps == fps else motion.resample(fps)


def _shown(job: Job, corrector: Corrector, on_partial: Callable[[Motion], None]) -> Callable[[Motion], None]:
    """Shows what a corrector shows, at the job's frame rate; what could not be looked at is not shown."""
    given = job.motion
    assert given is not None

    def show(part: Motion) -> None:
        part = _at_rate(part, job.fps)
        try:
            _check_finite(part, given, corrector)
        except MotionError as error:  # the whole may do well all the same
            log.info("not shown: %s", error)
        else:
            on_partial(part)

    return show


def change(before: Motion, after: Motion) -> AnnotationTrack:
    """How far the joint that was moved most was moved, millimetres, as a curve; gaps that were filled count from the
    straight line across them."""
    moved = np.nan_to_num(np.linalg.norm(after.positions - _at(before, after.times), axis=2))
    most = 1000.0 * moved.max(axis=1)
    step = max(1, round(after.fps / CHANGE_RATE))
    values = [
        Annotation(float(after.times[i]), 0.0, round(float(most[i : i + step].max()), 1))
        for i in range(0, len(after), step)
    ]
    return AnnotationTrack(CHANGE, tuple(values))


def _at(motion: Motion, times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    out = np.full((len(times), *motion.positions.shape[1:]), np.nan)
    for i in range(out.shape[1]):
        known = np.isfinite(motion.positions[:, i]).all(axis=1)
        for axis in range(3) if known.any() else ():
            out[:, i, axis] = np.interp(times, motion.times[known], motion.positions[known, i, axis])
    return out


def _check_finite(found: Motion, given: Motion, corrector: Corrector) -> None:
    """Whatever a plug-in does: no motion leaves with joints that are not numbers, where the given one had some; nor
    with frames that were to be filled and are not."""
    if found.skeleton.joints != given.skeleton.joints:
        raise MotionError(f"{corrector.name} answered with other joints than it was given; the motion is as it was")
    wanted = np.isfinite(given.positions).any(axis=(0, 2))
    if corrector.fills and not wanted.any():
        wanted[:] = True  # where nothing is given all is made up
    good = np.isfinite(found.positions).all(axis=2)
    if found.rotations is not None:
        good &= np.isfinite(found.rotations).all(axis=2)
    bad = wanted & ~good
    if bad.any():
        joints = ", ".join(np.array(found.skeleton.joints)[bad.any(axis=0)][:5])
        second = found.times[bad.any(axis=1)][0]
        raise MotionError(
            f"{corrector.name} answered with numbers that are none for {joints} (first at {second:.2f} s); "
            "the motion is as it was"
        )


def _provenance(registry: Registry, job: Job, corrector: Corrector, audio: Audio) -> dict[str, Any]:
    return {
        "cadenza": version("cadenza"),
        "corrector": corrector.name,
        "corrector_package": registry.packages.get(id(corrector), ""),
        "corrector_checkpoint": corrector.checkpoint or None,
        "audio": audio.sha256,
        "job_options": {name: dict(values) for name, values in job.options.items()},
        "seed": job.seed,
        "fps": job.fps,
    }
