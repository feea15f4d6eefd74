# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the simulation of a violinist and of a pianist differ in; all else is common to both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from plugins.api import AnnotationTrack, Generator
from training.simulate import piano_playing, piano_sound, playing, sound
from training.simulate.bodies import reseated, resized
from training.simulate.piano_textures import PIANO_TEXTURES
from training.simulate.players import Player, pianist, violinist
from training.simulate.textures import TEXTURES, Texture


@dataclass(frozen=True)
class Kind:
    """One instrument's part of the simulation.

    Attributes:
        group: MOSA's folder.
        textures: of its studies.
        player: (seed, number) -> the musician with that number in the cast.
        sounding: (tracks, annotations, player, chance) -> notes as the sound needs them, each with an ``end``.
        shown: (tracks, those notes) -> tracks as the performer is to play them.
        instrument: (player, Hz of A4, chance) -> what the sound is made with.
        play: (notes, player, instrument, seconds, chance) -> dry samples.
        performer: makes the generator of the motion.
        resized: (its motion, size) -> the motion of a body of that size.
    """

    group: str
    textures: Sequence[Texture]
    player: Callable[[int, int], Player]
    sounding: Callable[..., Sequence[Any]]
    shown: Callable[..., list[AnnotationTrack]]
    instrument: Callable[..., Any]
    play: Callable[..., Any]
    performer: Callable[[], Generator]
    resized: Callable[..., Any]


def _violin_performer() -> Generator:
    from plugins.performer.generator import Performer

    return Performer()


def _piano_performer() -> Generator:
    from plugins.performer.piano_generator import Pianist

    return Pianist()


KINDS: Final[dict[str, Kind]] = {
    "violin": Kind(
        group="yv",
        textures=TEXTURES,
        player=violinist,
        sounding=lambda known, *rest: playing.sounding(known[0], *rest),
        shown=lambda known, notes: list(known),
        instrument=sound.instrument,
        play=sound.play,
        performer=_violin_performer,
        resized=resized,
    ),
    "piano": Kind(
        group="yp",
        textures=PIANO_TEXTURES,
        player=pianist,
        sounding=piano_playing.struck,
        shown=piano_playing.touched,
        instrument=piano_sound.instrument,
        play=piano_sound.play,
        performer=_piano_performer,
        resized=reseated,
    ),
}
