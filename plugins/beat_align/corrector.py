# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``beat-align`` corrector."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from pydantic import Field

from plugins.api import AnnotationTrack, Audio, ComponentError, Corrector, JobContext, Motion
from plugins.api.kept import kept_times, with_kept
from plugins.api.retimed import at_times, filled, played
from plugins.beat_align.timing import Floats, motion_beats, times_on_the_beat

CLOCK: Final = 40.0
"""Hz, at which the body is looked at, whatever the frame rate."""
SHORTEST: Final = 0.5
"""Seconds of motion that can have a rhythm."""
ON: Final = 0.1
"""Seconds from a beat that are still on it, for what is said of the outcome."""


class BeatAlign(Corrector):
    """Hurries and holds back a dance a little, so that the moments at which the body comes to rest fall on the beats of
    the music. Of any rig; for dancers, not for bows and hands that make the sound themselves."""

    name, label = "beat-align", "Onto the beat"
    needs = ("beat",)
    retimes = True

    class Options(Corrector.Options):
        strength: float = Field(
            1.0, ge=0.0, le=1.0, title="Strength", description="0 leaves the motion as it is, 1 puts it onto the beat"
        )
        every: int = Field(
            1,
            ge=1,
            le=16,
            title="Every ... beats",
            description="1 for every beat; 4 for one in four, beginning with the first bar's first",
        )

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        """The motion on the beat, frame for frame as many; its provenance says under ``repair`` what changed.

        Raises:
            ComponentError: with what to do.
        """
        context.progress(0.0, "Looking at the motion")
        last = motion.times[-1] if len(motion) else motion.start
        if last - motion.start < SHORTEST - 1.0 / motion.fps:
            raise ComponentError(f"{motion.duration:.2f} s are too short for a rhythm; give at least {SHORTEST:g} s")
        beats = _chosen(context.track("beat"), options.every, motion.start, last)
        places = _places(motion)
        clock = np.linspace(motion.start, last, round((last - motion.start) * CLOCK) + 1)

        def danced(times: Floats) -> Floats:
            return at_times(places, motion.times, times)

        def tell(part: float) -> None:
            context.progress(0.1 + 0.7 * part, "Finding the moments of rest")

        seen = times_on_the_beat(danced, clock, beats, kept_times(context.constraints), tell)
        seen = clock + options.strength * (seen - clock)
        context.progress(0.8, "Moving the body in time")
        found = with_kept(played(motion, np.interp(motion.times, clock, seen)), motion, context.constraints)
        notes = [_outcome(danced(clock), danced(seen), clock, beats, float(np.abs(seen - clock).max()))]
        return replace(found, provenance={**found.provenance, "repair": {"notes": notes}})


def _chosen(track: AnnotationTrack, every: int, first: float, last: float) -> Floats:
    """Seconds of one beat in so many, counted from the first that begins a bar where any does.

    Raises:
        ComponentError: none lies in the motion.
    """
    bar = next((i for i, beat in enumerate(track.annotations) if beat.value == 1), 0)
    beats = np.unique(np.asarray(track.times, dtype=np.float64)[bar % every :: every])
    if not len(track):
        raise ComponentError("no beats are known of this music; annotate its beats first, or set them by hand")
    if not ((beats >= first) & (beats <= last)).any():
        raise ComponentError(
            f"no beat of the music lies where the motion is, from {first:.2f} to {last:.2f} s; move the sound or the "
            "motion, set beats there by hand, or take every beat"
        )
    return beats


def _places(motion: Motion) -> Floats:
    """(T, J', 3) of the joints that are known, gaps crossed.

    Raises:
        ComponentError: none is.
    """
    places = motion.positions
    if not np.isfinite(places).all():
        places = filled(replace(motion, rotations=None), motion.times).positions
    places = places[:, np.isfinite(places).all(axis=(0, 2))].astype(np.float64)
    if not places.shape[1]:
        raise ComponentError("nothing is known of this motion; give one with frames that are posed")
    return places


def _outcome(before: Floats, after: Floats, clock: Floats, beats: Floats, farthest: float) -> str:
    """In a sentence."""
    if farthest < 1e-6:
        return "The body nowhere comes to rest near enough to a beat; nothing was moved"
    was, now = (_met(clock[0] + motion_beats(places, CLOCK), beats, clock) for places in (before, after))
    return (
        f"The body came to rest on {was:.0%} of the beats (within {ON:g} s), and does now on {now:.0%}; nothing was "
        f"moved by more than {farthest:.2f} s"
    )


def _met(rests: Floats, beats: Floats, clock: Floats) -> float:
    """Part of the beats inside the motion that have a rest within ON."""
    inside = beats[(beats >= clock[0]) & (beats <= clock[-1])]
    if not len(rests):
        return 0.0
    return float((np.abs(inside[:, None] - rests[None]).min(axis=1) <= ON).mean())
