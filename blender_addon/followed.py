# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generators that play with the body of the character as it is: they repair, fill and vary as correctors do."""

from __future__ import annotations

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
AROUND: Final = 4.0
"""Seconds before and after the body's in which is played too; they are cut off again (:func:`cut`)."""
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
    somewhere; the body joins it once it was seen."""
    origin, fps = source.origin(scene), frame_rate(scene)
    first, last = (float(seconds_at(scene, frame, origin)) for frame in frames)
    asked = {
        "generator": name,
        "instrument": scene.cadenza.instrument,
        "options": options,
        "keep": keep,
        "seed": seed,
        **corrected(scene, source),
    }
    room = max(first - (source.start or 0.0), 0.0)
    before = first - int(min(AROUND, room) * fps + 1e-6) / fps  # whole frames: they fall on those that are seen
    after = min(last + 1.0 / fps + AROUND, np.inf if source.end is None else source.end)
    part = replace(source, start=before, end=after)
    return RemoteJob(connection.backend(), request_of(scene, part, asked), source.sound, source.score)


def cut(motion: Motion, seen: Motion) -> Motion:
    """A motion as long as what it follows."""
    half = 0.5 / motion.fps
    return motion.slice(seen.start - half, seen.start + (len(seen) - 1) / seen.fps + half)


def unvaried(options: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    """Options with which all of the body stays, of a generator that varies it else."""
    if not any(c.name == name and VARIATION in c.options.get("properties", {}) for c in connection.known().followers()):
        return {n: dict(v) for n, v in options.items()}
    return {**{n: dict(v) for n, v in options.items()}, name: {**options.get(name, {}), VARIATION: 0.0}}
