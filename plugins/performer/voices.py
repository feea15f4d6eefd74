# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Voices that are held while another moves: as long as one hand can do both at ease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from plugins.performer.fingering import grips_for, strain
from plugins.performer.music import Chord
from plugins.performer.ornaments import around, upper_of

AT_EASE: Final = 0.9
"""Strain (``fingering.strain``) up to which two notes are held at once; players let go sooner than reach."""


def held_voices(chords: Sequence[Chord]) -> list[Chord]:
    """The chords with what is held under them (``Chord.held``) among their pitches, or let go for good."""
    out: list[Chord] = []
    starts = [c.start for c in chords]
    for chord in chords:
        before = out[-1].pitches if out else ()
        moving = [chord.pitches]
        if chord.trill:
            moving.append((*chord.pitches[:-1], upper_of(chord, around(chord, chords, starts))))
        kept = tuple(p for p in chord.held if p in before and all(_at_ease((*m, p)) for m in moving))
        out.append(replace(chord, pitches=tuple(sorted({*chord.pitches, *kept})), held=kept))
    return out


def _at_ease(pitches: tuple[int, ...]) -> bool:
    grips = grips_for(tuple(sorted(set(pitches))))
    return bool(grips) and strain(grips[0]) <= AT_EASE
