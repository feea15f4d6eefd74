# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Music for a motion, as a server's job: what may be asked, and the answer as a track of annotations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from backend.chain import ImpossibleJob, Job, check_options, options_of
from backend.device import Device
from backend.library import Found, recommend_for
from backend.messages import JobBody
from backend.plugin_manager import Registry
from backend.settings import Settings, is_loopback
from plugins.api import Annotation, AnnotationTrack, ComponentError, Motion

NAMESPACE: Final = "recommendation"
LEFT_OUT: Final = 20
"""Tracks that are named as left out, at most."""


def check_recommendation(registry: Registry, job: Job, body: JobBody, settings: Settings) -> None:
    """ImpossibleJob when there is no such recommender, or the library is not for this client to choose."""
    check_options(registry, job)
    try:
        options_of(registry.get("recommender", body.recommender), job.options.get(body.recommender, {}))
    except ComponentError as error:
        raise ImpossibleJob("recommender", str(error)) from error
    if not body.library:
        return
    if not is_loopback(settings.host):
        raise ImpossibleJob(
            "library", "this backend is on another machine: only its own library can be asked (cadenza library add)"
        )
    if not Path(body.library).is_dir():
        raise ImpossibleJob("library", f"{body.library} is no folder; choose a folder with music")


def recommended(
    registry: Registry,
    body: JobBody,
    motion: Motion,
    device: Device,
    on_progress: Callable[[float, str], None],
    is_cancelled: Callable[[], bool],
) -> AnnotationTrack:
    """The tracks that fit a motion, best first.

    Raises:
        ComponentError: with what to do; Cancelled.
    """
    found = recommend_for(
        motion,
        Path(body.library) if body.library else None,
        recommender=body.recommender,
        options=body.options.get(body.recommender, {}),
        top=body.top,
        device=device,
        registry=registry,
        seed=body.seed,
        on_progress=on_progress,
        is_cancelled=is_cancelled,
    )
    return as_track(found)


def as_track(found: Found) -> AnnotationTrack:
    """An annotation for each track: its time is the second of the sound at which the motion begins; its value says
    which it is, its rank, how much faster to play it, how well it fits, and why. Then those left out, and why."""
    chosen = [
        Annotation(
            float(t.offset),
            0.0,
            _value(t.path, rank=rank, score=float(t.score), tempo_ratio=float(t.tempo_ratio), reason=t.reason),
        )
        for rank, t in enumerate(found.tracks, 1)
    ]
    missing = [Annotation(0.0, 0.0, _value(path, left_out=reason)) for path, reason in found.left_out[:LEFT_OUT]]
    return AnnotationTrack(NAMESPACE, (*chosen, *missing))


def _value(path: Path, **more: Any) -> dict[str, Any]:
    return {"path": str(path), "name": path.name, **more}
