# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``pianist`` generator: notes in, a seated pianist's distal joints, keys and pedal out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import Field

from plugins.api import AnnotationTrack, Array, Audio, ComponentError, Generator, JobContext, Motion, Skeleton, pianist
from plugins.performer import follow
from plugins.performer.body import Amounts
from plugins.performer.curves import Floats
from plugins.performer.follow import VARIATION, personal
from plugins.performer.hands import HandPose
from plugins.performer.music import Chord
from plugins.performer.piano_assemble import at_the_piano
from plugins.performer.piano_body import pedalled, pedalling, seated
from plugins.performer.piano_fingering import plan_hand
from plugins.performer.piano_hand import hand_motion, resting_hand
from plugins.performer.piano_music import LEFT, RIGHT, Note, Piece, chords_of, read_piece
from plugins.performer.piano_path import hand_path, let_go
from plugins.performer.piano_place import Places, place_hand
from plugins.performer.piano_reach import thumbs_clear, within_reach
from plugins.performer.piano_touch import Keys, Press, key_depths, merged, plan_presses
from plugins.performer.told import last_of_phrases

HANDS = (LEFT, RIGHT)


@dataclass(frozen=True, eq=False)
class Plan:
    """What both hands do: every press, the places of each hand (None without notes), what must be said."""

    presses: tuple[Press, ...] = field(repr=False)
    places: tuple[Places | None, Places | None] = field(repr=False)
    warnings: tuple[str, ...] = ()
    let_go: int = 0


class Pianist(Generator):
    """Plays every note on the piano: shares them between the hands, plans fingerings as a pianist would,
    and moves fingers, keys, arms, pedal foot and body accordingly. Needs no training; a score makes it exact."""

    name = "pianist"
    label = "Note-exact pianist"
    instruments = ("piano",)
    skeleton = "pianist"
    needs = ("note", "beat")
    post_steps = ("ik",)
    follows = True

    class Options(Generator.Options):
        sway: float = Field(1.0, ge=0.0, le=2.0, title="Sway", description="How much the torso moves with the phrase")
        pulse: float = Field(1.0, ge=0.0, le=2.0, title="Pulse", description="How much the body goes with the beats")
        lean: float = Field(1.0, ge=0.0, le=2.0, title="Leaning", description="To where the hands play")
        head: float = Field(1.0, ge=0.0, le=2.0, title="Head", description="How much the head moves with the music")
        breathing: float = Field(1.0, ge=0.0, le=2.0, title="Breathing", description="Breath before each phrase")
        noise: float = Field(1.0, ge=0.0, le=2.0, title="Unrest", description="Small natural movement; the seed's part")
        pedal: float = Field(1.0, ge=0.0, le=1.0, title="Pedal", description="How far the right pedal goes down")
        variation: float = Field(0.4, ge=0.0, le=1.0, title="Variation", description=VARIATION)

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        context.progress(0.0, "Reading the notes")
        piece = read_piece(context.track("note"), context.track("beat"), audio, context.track("dynamics"))
        if not piece.notes:
            raise ComponentError(
                "no notes were found to play; check that the recording holds a piano, or give the score or a MIDI file"
            )
        context.progress(0.1, "Planning hands and fingers")
        plan = plan_hands(piece.notes)
        times = audio.start + np.arange(max(1, round(audio.duration * context.fps))) / context.fps
        context.progress(0.4, "Moving fingers and keys")
        keys = key_depths(times, plan.presses)
        skeleton = pianist.pianist_skeleton()
        hands = both_hands(times, plan, keys, skeleton)
        context.progress(0.7, "Moving the body")
        amounts = Amounts(options.sway, options.lean, options.head, options.breathing, options.noise, options.pulse)
        across = [h.wrist[:, 0] for h in hands]
        told = context.track("pedal").annotations
        pedal = options.pedal * pedalled(times, told) if told else pedalling(times, piece, options.pedal)
        rng = np.random.default_rng([context.seed, 1])
        if context.body is not None:
            amounts = personal(amounts, options.variation, np.random.default_rng([context.seed, 2]))
        body = seated(times, piece, phrases_of(piece, context.track("phrase")), across, skeleton, amounts, pedal, rng)
        if context.body is not None:
            wrists = [pianist.KEYBOARD + hand.wrist for hand in hands]
            body = follow.seated(body, times, wrists, skeleton, context, options.variation)
        positions, rotations = at_the_piano(skeleton, body, keys, hands)
        provenance = {
            "generator": self.name,
            "options": options.model_dump(),
            "seed": context.seed,
            "warnings": [*piece.warnings, *plan.warnings],
            "notes": len(plan.presses),
            "let_go": plan.let_go,
        }
        context.progress(1.0, "Performance planned")
        return Motion(skeleton, context.fps, positions, rotations, start=audio.start, provenance=provenance)


def plan_hands(notes: tuple[Note, ...]) -> Plan:
    """Fingers, places and presses of both hands."""
    pressed: list[list[Press]] = []
    places: list[Places | None] = []
    warnings: list[str] = []
    gone = 0
    for hand in HANDS:
        fingering = plan_hand([n for n in notes if n.hand == hand], hand)
        warnings += fingering.warnings
        gone += fingering.let_go
        if not fingering.notes:
            pressed.append([])
            places.append(None)
            continue
        place = place_hand(fingering, hand)
        presses, early = let_go(plan_presses(fingering, hand), fingering, place)
        pressed.append(presses)
        places.append(place)
        gone += early
    return Plan(tuple(merged(pressed)), (places[0], places[1]), tuple(warnings), gone)


def both_hands(times: Floats, plan: Plan, keys: Keys, skeleton: Skeleton) -> tuple[HandPose, HandPose]:
    """The hands in the keyboard's frame, left first."""
    (left, left_playing), (right, right_playing) = (_hand(times, plan, keys, hand) for hand in HANDS)
    left, right = thumbs_clear(left, right, (left_playing, right_playing))
    return (
        within_reach(times, left, left_playing, skeleton, "left"),
        within_reach(times, right, right_playing, skeleton, "right"),
    )


def _hand(times: Floats, plan: Plan, keys: Keys, hand: int) -> tuple[HandPose, Array]:
    """One hand, and how much each finger is on its key; a hand that has nothing to play rests in the lap."""
    place = plan.places[hand]
    if place is None:
        return resting_hand(len(times), hand)
    mine = [p for p in plan.presses if p.hand == hand]
    return hand_motion(times, hand_path(times, place, mine), place, mine, keys, hand)


def phrases_of(piece: Piece, phrases: AnnotationTrack) -> list[Chord]:
    """The piece as the body follows it: chords with their loudness, and where phrases end."""
    groups = chords_of(piece.notes)
    last = last_of_phrases(phrases.annotations, np.array([g[0].start for g in groups]))
    return [
        Chord(
            g[0].start,
            max(n.end for n in g),
            tuple(n.pitch for n in g),
            loudness=max(n.loudness for n in g),
            phrase_end=bool(ends),
        )
        for g, ends in zip(groups, last, strict=True)
    ]
