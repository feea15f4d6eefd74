# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``beat-align`` corrector."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from pydantic import Field

from plugins.api import Audio, ComponentError, Corrector, JobContext, Motion
from plugins.api.kept import kept_times, with_kept
from plugins.api.retimed import at_times, filled, played
from plugins.beat_align.timing import Floats, motion_beats, times_on_the_beat

CLOCK: Final = 40.0
"""Hz, at which the body is looked at, whatever the frame rate."""
FEWEST: Final = 4
"""Frames."""
ON: Final = 0.1
"""Seconds from a beat that are still on it, for what is said of the outcome."""


class BeatAlign(Corrector):
    """Hurries and holds back a dance a little, so that the moments at which the body comes to rest fall on the beats of
    the music. Of any rig; for dancers, not for bows and hands that make the sound themselves."""

    name, label = "beat-align", "Onto the beat"
    needs = ("beat",)

    class Options(Corrector.Options):
        strength: float = Field(
            1.0, ge=0.0, le=1.0, title="Strength", description="0 leaves the motion as it is, 1 puts it onto the beat"
        )
        every: int = Field(
            1, ge=1, le=16, title="Every ... beats", description="1 for every beat, 4 for one beat in four, and so on"
        )

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        """The motion on the beat, frame for frame as many; its provenance says under ``repair`` what changed.

        Raises:
            ComponentError: with what to do.
        """
        context.progress(0.0, "Looking at the motion")
        beats = np.asarray(context.track("beat").times, dtype=np.float64)[:: options.every]
        if not len(beats):
            raise ComponentError("no beats are known of this music; annotate its beats first, or set them by hand")
        if len(motion) < FEWEST:
            raise ComponentError(f"{len(motion)} frames are too few to have a rhythm; give at least {FEWEST}")
        last = motion.times[-1]
        clock = np.append(np.arange(motion.start, last - 0.5 / CLOCK, 1.0 / CLOCK), last)
        places = _places(motion)
        context.progress(0.2, "Finding its beats")
        kept = kept_times(context.constraints)
        seen = times_on_the_beat(lambda times: at_times(places, motion.times, times), clock, beats, kept)
        moved = options.strength * (np.interp(motion.times, clock, seen) - motion.times)
        context.progress(0.7, "Moving it in time")
        found = with_kept(played(motion, motion.times + moved), motion, context.constraints)
        notes = [_outcome(places, _places(found), motion, beats, float(np.abs(moved).max()))]
        return replace(found, provenance={**found.provenance, "repair": {"notes": notes}})


def _places(motion: Motion) -> Floats:
    """(T, J', 3) of the joints that are known, gaps crossed.

    Raises:
        ComponentError: none is.
    """
    places = motion.positions
    if not np.isfinite(places).all():
        places = filled(motion, motion.times).positions
    places = places[:, np.isfinite(places).all(axis=(0, 2))].astype(np.float64)
    if not places.shape[1]:
        raise ComponentError("nothing is known of this motion; give one with frames that are posed")
    return places


def _outcome(before: Floats, after: Floats, motion: Motion, beats: Floats, farthest: float) -> str:
    """In a sentence."""
    was, now = (_on(motion.start + motion_beats(places, motion.fps), beats) for places in (before, after))
    if was is None:
        return "The body never comes to rest between two movements; nothing was moved"
    assert now is not None
    return (
        f"Of the moments at which the body comes to rest {was:.0%} were on a beat (within {ON:g} s), now {now:.0%}; "
        f"no frame was moved by more than {farthest:.2f} s"
    )


def _on(found: Floats, beats: Floats) -> float | None:
    """Part of what is found within ON of a beat."""
    if not len(found):
        return None
    return float((np.abs(found[:, None] - beats[None]).min(axis=1) <= ON).mean())
