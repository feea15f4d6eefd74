# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generators that play with the body of the character as it is: they repair, fill and vary as correctors do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from . import connection
from .audio_source import Source
from .core.motion import Motion
from .orders import corrected, request_of
from .remote_job import RemoteJob
from .timeline import frame_rate, seconds_at

PLAY: Final = "Play with This Body"
PLAYED: Final = "played with a body"
"""What the provenance of a take says that was made so."""
AROUND: Final = 4.0
"""Seconds before and after the body's in which is played too; they are cut off again (:func:`cut`)."""
WHOLE: Final = 0.01
"""Part of a frame by which one may be off and still be whole."""
VARIATION: Final = "variation"
"""Option that says how much of the body is made up all the same."""


def follows(name: str) -> bool:
    """Whether this is such a generator."""
    return any(c.name == name for c in connection.known().followers())


def idle_options(name: str) -> tuple[str, ...]:
    """Options that do nothing where no body is varied."""
    return (VARIATION,) if follows(name) else ()


def job(
    scene: Any,
    source: Source,
    name: str,
    frames: tuple[float, float],
    seed: int,
    options: Mapping[str, Mapping[str, Any]],
    keep: tuple[float, ...],
) -> RemoteJob:
    """What asks a generator to play from one scene frame to another, and a little around that, so that hands come from
    somewhere; the body joins it once it was seen. What was seen before the sound begins cannot be kept: nobody plays.
    """
    origin, fps = source.origin(scene), frame_rate(scene)
    first, last = (float(seconds_at(scene, frame, origin)) for frame in frames)
    before = _beginning(first, fps, source.start or 0.0)
    after = min(last + 1.0 / fps + AROUND, np.inf if source.end is None else source.end)
    asked = {
        "generator": name,
        "instrument": scene.cadenza.instrument,
        "options": options,
        "keep": tuple(second for second in keep if before - WHOLE / fps <= second < after - WHOLE / fps),
        "seed": seed,
        **corrected(scene, source),
    }
    part = replace(source, start=before, end=after)
    return RemoteJob(connection.backend(), request_of(scene, part, asked), source.sound, source.score)


def _beginning(first: float, fps: float, begins: float) -> float:
    """The second from which is played: whole frames from the first that is looked at, so that keys lie on these."""
    return max(first - math.floor(min(AROUND, first - begins) * fps + WHOLE) / fps, 0.0)


def cut(motion: Motion, seen: Motion) -> Motion:
    """A motion as long as what it follows, its frames those of that: a sound begins with a whole sample."""
    half = 0.5 / motion.fps
    found = motion.slice(seen.start - half, seen.start + (len(seen) - 1) / seen.fps + half)
    frame = (found.start - seen.start) * seen.fps
    return replace(found, start=seen.start + round(frame) / seen.fps) if abs(frame - round(frame)) < WHOLE else found


def unvaried(options: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    """Options with which all of the body stays."""
    return {**{n: dict(v) for n, v in options.items()}, name: {**options.get(name, {}), VARIATION: 0.0}}
