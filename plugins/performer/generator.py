# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``performer`` generator: notes in, a violinist's distal joints and props out."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from plugins.api import Audio, ComponentError, Generator, JobContext, Motion, violinist
from plugins.performer.assemble import assemble
from plugins.performer.body import Amounts, body_pose
from plugins.performer.bow_path import bow_path
from plugins.performer.bowing import plan_bowing
from plugins.performer.fingering import Grip, plan_fingering
from plugins.performer.follow import VARIATION, personal, standing
from plugins.performer.heard import paces, sways
from plugins.performer.left_hand import left_hand
from plugins.performer.music import Chord, Music, read_music
from plugins.performer.ornaments import played_out, with_lower_fingers
from plugins.performer.plucking import with_finger, with_plucking
from plugins.performer.right_hand import right_hand
from plugins.performer.voices import held_voices


def planned(music: Music) -> tuple[list[Chord], list[Grip], list[str]]:
    """What is played in detail: chords with ornaments and held voices, their grips, and what no hand can do."""
    chords = played_out(held_voices(music.chords))
    grips, warnings = plan_fingering(chords)
    return chords, with_lower_fingers(grips, chords), warnings


class Performer(Generator):
    """Plays every note: plans bow directions and fingerings as a violinist would, and moves bow,
    fingers and body accordingly. Needs no training; a score makes it exact."""

    name = "performer"
    label = "Note-exact performer"
    instruments = ("violin",)
    skeleton = "violinist"
    needs = ("note", "beat")
    post_steps = ("ik",)
    follows = True

    class Options(Generator.Options):
        sway: float = Field(1.0, ge=0.0, le=2.0, title="Sway", description="How much the torso moves with the phrase")
        pulse: float = Field(1.0, ge=0.0, le=2.0, title="Pulse", description="How the body goes with beats and strokes")
        weight: float = Field(1.0, ge=0.0, le=2.0, title="Weight", description="Shift from foot to foot")
        head: float = Field(1.0, ge=0.0, le=2.0, title="Head", description="How much the head moves with the music")
        breathing: float = Field(1.0, ge=0.0, le=2.0, title="Breathing", description="Breath before each phrase")
        noise: float = Field(1.0, ge=0.0, le=2.0, title="Unrest", description="Small natural movement; the seed's part")
        vibrato: float = Field(1.0, ge=0.0, le=2.0, title="Vibrato", description="Width of the vibrato")
        bow_amount: float = Field(1.0, ge=0.4, le=1.5, title="Bow", description="How much bow each stroke takes")
        as_heard: float = Field(
            1.0, ge=0.0, le=1.0, title="As Heard", description="How far vibrato and swelling strokes are those heard"
        )
        variation: float = Field(0.4, ge=0.0, le=1.0, title="Variation", description=VARIATION)

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        context.progress(0.0, "Reading the notes")
        told = context.track("dynamics"), context.track("phrase")
        music = read_music(context.track("note"), context.track("beat"), audio, *told)
        if not music.chords:
            raise ComponentError(
                "no notes were found to play; check that the recording holds a violin, raise the sensitivity "
                "of the transcription (--option transcribe.sensitivity=0.8), or give the score"
            )
        context.progress(0.1, "Planning fingers and bows")
        chords, grips, warnings = planned(music)
        strokes = plan_bowing(chords, options.bow_amount)
        times = audio.start + np.arange(max(1, round(audio.duration * context.fps))) / context.fps
        context.progress(0.4, "Moving bow and hands")
        skeleton = violinist.violinist_skeleton()
        swelling = paces(audio, options.as_heard) if options.as_heard else None
        bow, plucks = with_plucking(times, bow_path(times, chords, grips, strokes, swelling), chords, grips)
        # Each part draws from its own stream, so that one option does not change another part.
        streams = [np.random.default_rng([context.seed, part]) for part in range(2)]
        heard = sways(audio, chords) if options.as_heard else ()
        left = left_hand(times, chords, grips, skeleton, options.vibrato, streams[0], heard, options.as_heard)
        right = with_finger(right_hand(bow, skeleton), plucks)
        context.progress(0.7, "Moving the body")
        amounts = Amounts(options.sway, options.weight, options.head, options.breathing, options.noise, options.pulse)
        if context.body is not None:
            amounts = personal(amounts, options.variation, np.random.default_rng([context.seed, 2]))
        body = body_pose(times, music.chords, skeleton, amounts, streams[1], music.beats, bow.hair)
        if context.body is not None:
            body = standing(body, times, skeleton, context, options.variation)
        positions, rotations = assemble(skeleton, body, bow, left, right)
        provenance = {
            "generator": self.name,
            "options": options.model_dump(),
            "seed": context.seed,
            "warnings": [*music.warnings, *warnings],
            "strokes": len(strokes),
            "notes": sum(len(c.pitches) for c in music.chords),
        }
        context.progress(1.0, "Performance planned")
        return Motion(skeleton, context.fps, positions, rotations, start=audio.start, provenance=provenance)
