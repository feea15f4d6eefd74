# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job that must first look at its character: what is seen goes with the job's request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .remote_job import RemoteJob
from .timeline import frame_at

if TYPE_CHECKING:
    from .audio_source import Source
    from .core.motion import Motion
    from .rig.capture import Watching


@dataclass(eq=False)
class Watch:
    """Looks, then sends.

    Attributes:
        change: what is done to the motion before it is sent.
        seen: the motion as it is sent; None before all was seen.
    """

    watching: Watching
    job: RemoteJob
    change: Callable[[Motion], Motion] = lambda motion: motion
    seen: Motion | None = field(default=None, init=False, repr=False)

    @property
    def progress(self) -> float:
        return self.watching.progress

    def advance(self, deadline: float) -> RemoteJob | None:
        """Look on until ``deadline``; the job, once all was seen."""
        self.watching.advance(deadline)
        if not self.watching.done:
            return None
        self.seen = self.change(self.watching.motion())
        return replace(self.job, motion=self.seen.to_bytes())


def range_of(scene: Any, source: Source) -> tuple[float, float, float]:
    """First and last scene frame that are looked at (while the source sounds, within the scene's range), and the
    recording's second at the scene's first frame."""
    first, last, origin = float(scene.frame_start), float(scene.frame_end), source.origin(scene)
    if source.start is not None:
        first = max(first, float(frame_at(scene, source.start, origin)))
    if source.end is not None:
        last = min(last, float(frame_at(scene, source.end, origin)))
    return first, last, origin
