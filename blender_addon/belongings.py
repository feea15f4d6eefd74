# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Markers of ours that go, and what an animator gave them: it is handed over to the beat or bar that is there now, or
the marker stays as the animator's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .core.annotations import MADE_OF_BEATS


@dataclass
class Leaving:
    """A marker whose annotation is gone, or that another marker stands for now.

    Attributes:
        named: whether its name was given by hand.
    """

    marker: Any
    named: bool


def leave(marker: Any, named: bool) -> Leaving:
    """Nothing of ours stands by this marker any more."""
    marker.cadenza.namespace = ""
    return Leaving(marker, named)


def hand_over(scene: Any, leaving: list[Leaving]) -> None:
    """Let what was given to these markers be found where they stood; those that have nothing to say go."""
    standing: dict[int, list[Any]] = {}
    for marker in scene.timeline_markers if leaving else ():
        if marker.cadenza.namespace in MADE_OF_BEATS:
            standing.setdefault(marker.frame, []).append(marker)
    for gone in leaving:
        heir = next((m for m in standing.get(gone.marker.frame, ()) if _has_room(m, gone.marker)), None)
        if heir is not None:
            _inherit(heir, gone)
        if heir is not None or not (gone.named or gone.marker.camera):
            scene.timeline_markers.remove(gone.marker)


def _has_room(marker: Any, gone: Any) -> bool:
    return gone.camera is None or marker.camera in (None, gone.camera)


def _inherit(heir: Any, gone: Leaving) -> None:
    heir.select = heir.select or gone.marker.select
    if gone.marker.camera is not None:
        heir.camera = gone.marker.camera
    if gone.named:
        heir.name = gone.marker.name
