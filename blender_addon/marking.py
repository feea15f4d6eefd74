# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of a job as markers of its scene."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import corrections, markers
from .track_state import WHOLE, Span

if TYPE_CHECKING:
    from .audio_source import Source
    from .core.annotations import AnnotationTrack
    from .reference import Reference


@dataclass(frozen=True)
class Marks:
    """Where annotations are put, and which.

    Attributes:
        place: where the recording lies in the scene.
        wanted: namespaces that are put and shown; None for all of them, each shown as it was.
        words: what is counted, for people.
        whole: whether what lies outside the range that was worked on is no longer true.
    """

    scene: Reference
    place: Source
    wanted: frozenset[str] | None = None
    words: str = "markers"
    whole: bool = False

    def put(self, tracks: Iterable[AnnotationTrack]) -> int:
        """Put them on the timeline; how many markers are shown (none when the scene is gone)."""
        scene = self.scene.find()
        chosen = [t for t in tracks if self.wanted is None or t.namespace in self.wanted]
        if scene is None or not chosen:
            return 0
        count = markers.add_markers(scene, chosen, self.place.origin(scene), self.wanted, self._span)
        if self.wanted is not None:
            corrections.recognised(scene, self.wanted, self._span)
        return count

    @property
    def _span(self) -> Span:
        """What was worked on."""
        if self.whole:
            return WHOLE
        start, end = self.place.start, self.place.end
        return Span(WHOLE.start if start is None else start, WHOLE.end if end is None else end)
