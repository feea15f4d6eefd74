# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What plug-ins answer with, looked at before it goes on; and their own mistakes, called by their name."""

from __future__ import annotations

import dataclasses
import json
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np

from backend.out_of_memory import is_out_of_memory
from backend.plugin_manager import Registry
from plugins.api import (
    AnnotationError,
    AnnotationTrack,
    Audio,
    AudioError,
    Cancelled,
    Component,
    ComponentError,
    Generator,
    Motion,
    MotionError,
    Recognizer,
)

MEANT: Final = (AnnotationError, AudioError, Cancelled, ComponentError, MotionError, OSError)
"""What a component raises on purpose, or meets without being to blame."""
SLACK: Final = 1.5
"""Frames by which a motion may be longer or shorter than its sound: ends are rounded to whole frames."""
SHOWN: Final = 4
"""Calls of a traceback's end that are shown."""


class ComponentFailed(ComponentError):
    """A component failed by a mistake of its own: its ``__cause__``."""

    def traceback(self) -> str:
        """The end of the cause's traceback, for the component's author."""
        assert self.__cause__ is not None
        return "".join(traceback.format_exception(self.__cause__, limit=-SHOWN, chain=False))


@contextmanager
def blamed(registry: Registry, component: Component) -> Iterator[None]:
    """While a component works: what it does not raise on purpose becomes ComponentFailed, which names it."""
    try:
        yield
    except MEANT:
        raise
    except Exception as error:  # a stranger's code may raise anything at all
        if is_out_of_memory(error):
            raise
        raise ComponentFailed(f"{called(registry, component)} failed: {_said(error)}; tell its author") from error


def called(registry: Registry, component: Component) -> str:
    """A component as its user can find it: ``generator rocker (cadenza-rocker 0.1.0)``."""
    package = registry.packages.get(id(component), "")
    kind = registry.kind_of(component).replace("_", "-")
    return f"{kind} {component.name}" + (f" ({package})" if package else "")


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def check_tracks(registry: Registry, recognizer: Recognizer, tracks: Sequence[AnnotationTrack]) -> None:
    """ComponentError unless a recogniser answered with the tracks that it writes, in plain JSON."""
    wrong = not isinstance(tracks, (list, tuple)) or not all(isinstance(t, AnnotationTrack) for t in tracks)
    found = "what is no list of tracks" if wrong else ", ".join(t.namespace for t in tracks) or "no tracks"
    if wrong or [t.namespace for t in tracks] != list(recognizer.writes):
        raise ComponentError(
            f"{called(registry, recognizer)} answered with {found} instead of {', '.join(recognizer.writes)}; "
            "tell its author"
        )
    try:
        json.dumps([dataclasses.astuple(a) for t in tracks for a in t.annotations], allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ComponentError(
            f"{called(registry, recognizer)} answered with times or values that are no plain JSON ({error}); "
            "tell its author"
        ) from error


def as_motion(registry: Registry, component: Component, answer: object) -> Motion:
    """What a component answered with, which must be a motion."""
    if not isinstance(answer, Motion):
        kind = type(answer).__name__
        raise ComponentError(f"{called(registry, component)} answered with {kind} instead of a Motion; tell its author")
    return answer


def check_performance(registry: Registry, generator: Generator, motion: Motion, audio: Audio, fps: float) -> None:
    """ComponentError unless a finished motion has the frame rate that was asked for and lasts as long as the sound."""
    problem = ""
    if abs(motion.fps - fps) > 1e-6:
        problem = f"{motion.fps:g} frames a second instead of {fps:g}"
    elif abs(motion.start - audio.start) > SLACK / fps or abs(motion.duration - audio.duration) > SLACK / fps:
        made, asked = (f"{part.start:.2f} to {part.start + part.duration:.2f} s" for part in (motion, audio))
        problem = f"motion from {made} instead of {asked}"
    if problem:
        raise ComponentError(f"{called(registry, generator)} answered with {problem}; tell its author")


def check_same_frames(registry: Registry, step: Component, before: Motion, after: Motion) -> None:
    """ComponentError unless a step that works on a motion leaves its frames where they are."""
    if (len(after), after.fps, after.start) != (len(before), before.fps, before.start):
        raise ComponentError(
            f"{called(registry, step)} answered with {len(after)} frames at {after.fps:g} a second instead of "
            f"{len(before)} at {before.fps:g}; tell its author"
        )


def check_finite(motion: Motion, generator: Generator) -> None:
    """Whatever a plug-in does: no performance leaves with joints that are not numbers."""
    bad = ~np.isfinite(motion.positions).all(axis=(0, 2))
    if motion.rotations is not None:
        bad |= ~np.isfinite(motion.rotations).all(axis=(0, 2))
    if bad.any():
        joints = ", ".join(np.array(motion.skeleton.joints)[bad][:5])
        raise ComponentError(
            f"{generator.label.lower()} answered with numbers that are none for {joints}; try another seed or other "
            "options, and tell its author"
        )
