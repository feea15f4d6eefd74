# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of a job as markers of its scene."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import corrections, markers
from .recording import recording_of
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
        before: the scene's tracks as they were when the job was ordered, with what was corrected in them; those that
            were changed since are left alone. None: nobody corrects these.
        whole: whether what lies outside the range that was worked on is no longer true.
    """

    scene: Reference
    place: Source
    wanted: frozenset[str] | None = None
    words: str = "markers"
    before: Mapping[str, AnnotationTrack] | None = None
    whole: bool = False

    def since(self, scene: Any) -> Marks:
        """These, leaving alone what is changed on the timeline from now on."""
        return replace(self, before=corrections.state_of(scene))

    def begun(self) -> Marks:
        """These, when their job begins: what came with the jobs before it nobody corrected."""
        scene = self.scene.find()
        return self if self.before is None or scene is None else self.since(scene)

    def put(self, tracks: Iterable[AnnotationTrack]) -> tuple[int, str]:
        """Put them on the timeline; how many markers are shown (none when the scene is gone), and what was left alone,
        for people."""
        scene = self.scene.find()
        chosen = [t for t in tracks if self.wanted is None or t.namespace in self.wanted]
        if scene is None or not chosen:
            return 0, ""
        recording = recording_of(self.place)
        changed = corrections.changed_since(scene, self.before) if self.before is not None else frozenset()
        # What was asked for replaces what was corrected of another recording; what comes with a take does not.
        others = corrections.of_another(scene, recording) if self.wanted is None else frozenset()
        new = [t for t in chosen if t.namespace not in changed | others]
        count = markers.add_markers(scene, new, self.place.origin(scene), self.wanted, self._span, recording)
        if self.wanted is not None:
            corrections.recognised(scene, {t.namespace for t in new}, self._span)
        left = [t.namespace for t in chosen if t.namespace in changed]
        curves = [n for n in corrections.edited_curves(scene) if self.wanted is not None and n in self.wanted]
        return count, "; ".join(filter(None, (_left(left), _own_curves(curves))))

    @property
    def _span(self) -> Span:
        """What was worked on."""
        if self.whole:
            return WHOLE
        start, end = self.place.start, self.place.end
        return Span(WHOLE.start if start is None else start, WHOLE.end if end is None else end)


def _left(namespaces: list[str]) -> str:
    names = ", ".join(namespaces)
    return f"what you changed on the timeline meanwhile stays as you left it ({names})" if names else ""


def _own_curves(namespaces: list[str]) -> str:
    names = ", ".join(namespaces)
    return f"the curve that you edited stays ({names}); delete it in the list to have it anew" if names else ""
