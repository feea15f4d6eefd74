# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of a job as markers of its scene."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import timeline

if TYPE_CHECKING:
    from .audio_source import Source
    from .core.annotations import AnnotationTrack
    from .reference import Reference


@dataclass(frozen=True)
class Marks:
    """Which annotations become markers, and where.

    Attributes:
        place: where the recording lies in the scene.
    """

    scene: Reference
    place: Source
    namespaces: frozenset[str]

    def put(self, tracks: Iterable[AnnotationTrack]) -> int:
        """Put them on the timeline; how many there are (none when the scene is gone)."""
        scene = self.scene.find()
        chosen = [t for t in tracks if t.namespace in self.namespaces]
        if scene is None or not chosen:
            return 0
        return timeline.add_markers(scene, chosen, self.place.origin(scene))
