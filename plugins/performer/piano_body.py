# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The seated body: it leans to where the hands are, sways with the phrase, breathes; feet and pedal.

Sway, unrest, breath and pulse are the violinist's (:mod:`.body`), on a body that sits. The posture and the
sizes of the movements were set by eye on the default musician.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from plugins.api import Annotation, Array, Skeleton, pianist, piano
from plugins.api import rotations as rot
from plugins.performer.body import Amounts, Trunk, breath_of, phrase_wave, phrases, turns
from plugins.performer.curves import Floats, ease, slow_noise
from plugins.performer.music import Chord
from plugins.performer.piano_music import Piece
from plugins.performer.pulse import Share, answers, pulse_of

LEAN: Final = np.radians((2.0, 4.0, 3.0, 1.0))
"""Forward, of hips, spine, chest and upper chest."""
LOOK: Final = np.radians((9.0, 15.0))
"""Down, of neck and head: at the keys."""
ROOM: Final = ((-0.13, 0.50), (-0.50, 0.13))
"""Keyboard X between which the left and the right hand play without the trunk's leaning."""
LEANS: Final = (0.75, 0.10, 0.27)
"""Part of what is beyond that, part of the hands' middle, and at most: metres that the shoulders go sideways."""
SHOULDERS: Final = 0.45
"""Height of the shoulders above the hips."""
SPREAD: Final = (0.25, 0.30, 0.25, 0.20)
"""How hips, spine, chest and upper chest share the leaning."""
UNHURRIED: Final = 0.5
"""Seconds over which the leaning is smoothed, each way."""
SHARES: Final = {
    "hips": Share(nod=0.005, tilt=0.012, lead=0.12),
    "spine": Share(nod=0.013, tilt=0.015, lead=0.06),
    "chest": Share(nod=0.012, tilt=0.015),
    "upper_chest": Share(nod=0.007, tilt=0.010),
    "head": Share(nod=0.022, tilt=-0.012, lead=-0.08),
}
"""How joints answer the pulse (:mod:`.pulse`): the hips are first, the head is last and stays more upright."""
LEFT_ANKLE: Final = np.array([0.135, -0.400])
FOOT_TURN: Final = np.radians(9.0)
HEEL: Final = np.array([0.0, 0.080])
"""From the ankle back to where the heel is on the floor."""
SOLE: Final = 0.020
"""Of the ball of the foot under its joint."""
PEDALS: Final = 0.06
"""Seconds before and after a time that is told, in which the pedal goes down or comes up."""
PEDAL_AGAIN: Final = 0.14
"""Seconds from when it comes up to when it is half down again, at least."""
PEDAL_UP: Final = (0.02, 0.09)
"""Seconds after a change of harmony in which the pedal comes up, and"""
PEDAL_DOWN: Final = (0.12, 0.24)
"""goes down again (syncopated pedalling: K. Banowetz, *The Pianist's Guide to Pedaling*, 1985)."""


@dataclass(frozen=True, eq=False)
class Seated(Trunk):
    """The trunk; ankle and toes of each foot, (T, 3); how far the pedal is down, (T,) 0 to 1; the seat's middle."""

    feet: dict[str, tuple[Array, Array]] = field(repr=False)
    pedal: Floats = field(repr=False)
    bench: Array = field(default_factory=lambda: pianist.BENCH, repr=False)


def seated(
    times: Floats,
    piece: Piece,
    chords: Sequence[Chord],
    hands: Sequence[Floats],
    skeleton: Skeleton,
    amount: Amounts,
    pedal: Floats,
    rng: np.random.Generator,
) -> Seated:
    """The body at ``times``; ``hands`` are the keyboard X of the left and the right wrist."""
    wave, energy = phrase_wave(times, chords)
    life = 0.45 + 0.75 * energy
    noise = slow_noise(times, rng, 8) * (amount.noise * life)[:, None]
    breath = breath_of(times, chords) * amount.breathing
    size = amount.sway * life
    side = 0.8 * noise[:, 0] + 0.7 * size * wave
    fore = 0.8 * noise[:, 1] + 0.9 * size * energy
    turn = 0.6 * noise[:, 2] + 0.4 * size * wave
    lean = leaning(times, hands, amount.weight)
    tilt = np.arctan2(lean, SHOULDERS)
    pulse = pulse_of(piece.beats, chords, phrases(chords), rng)
    beating = amount.pulse * life
    more = answers(pulse, times, beating, beating * pulse.give(times), SHARES)
    back = 0.010 * breath
    nods = [LEAN[0] + 0.006 * fore, LEAN[1] + 0.018 * fore - back, LEAN[2] + 0.016 * fore - back, LEAN[3] - 1.5 * back]
    parts = ("hips", "spine", "chest", "upper_chest")
    rotations = {
        joint: turns(nod=nod + more[joint][0], tilt=share * tilt + 0.010 * side + more[joint][1], yaw=0.010 * turn)
        for joint, nod, share in zip(parts, nods, SPREAD, strict=True)
    }
    towards = np.clip(np.mean(hands, axis=0) * 0.35 + 0.05 * amount.head * wave, -0.5, 0.5)
    rotations["neck"] = turns(nod=LOOK[0] + 0.02 * fore, tilt=-0.2 * tilt, yaw=0.4 * towards)
    give, swing, _ = more["head"]
    rotations["head"] = turns(
        nod=LOOK[1] + 0.020 * noise[:, 4] + 0.05 * amount.head * life * (energy - 0.5) - 0.03 * breath + give,
        tilt=-0.2 * tilt + 0.016 * noise[:, 5] - 0.016 * amount.head * life * wave + swing,
        yaw=0.6 * towards + 0.020 * noise[:, 6],
    )
    hips = pianist.SEATED + np.stack([0.06 * lean + 0.003 * noise[:, 3], 0.002 * noise[:, 7], 0.0 * lean], axis=-1)
    return Seated(hips, rotations, feet_at_the_pedal(skeleton, pedal), pedal)


def leaning(times: Floats, hands: Sequence[Floats], amount: float) -> Floats:
    """(T,) metres that the shoulders are to the left: as far as the hands ask for, unhurried."""
    beyond = [x - np.clip(x, *room) for x, room in zip(hands, ROOM, strict=True)]
    part, share, most = LEANS
    wanted = part * np.sum(beyond, axis=0) + amount * share * np.mean(hands, axis=0)
    rate = 1.0 / max(times[1] - times[0], 1e-3) if len(times) > 1 else 1.0
    kernel = np.hanning(2 * max(round(UNHURRIED * rate), 1) + 3)
    reach = len(kernel) // 2
    padded = np.pad(wanted, reach, mode="edge")
    return np.asarray(np.clip(np.convolve(padded, kernel / kernel.sum(), "valid"), -most, most))


def feet_at_the_pedal(skeleton: Skeleton, pedal: Floats) -> dict[str, tuple[Array, Array]]:
    """Ankle and toes, (T, 3): the left foot flat on the floor; the right one on its heel, its ball on the pedal.

    ``pedal`` (T,) is how far that is down, 0 to 1.
    """
    ankle = float(skeleton.rest_positions[skeleton.index("left_foot")][2])
    toes = skeleton.offsets[skeleton.index("left_toes")]
    out = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        yaw = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(sign * FOOT_TURN))
        if side == "left":
            at = np.broadcast_to([*LEFT_ANKLE, ankle], (len(pedal), 3))
            out[side] = at, at + rot.rotate(yaw, toes)
            continue
        top = pianist.PEDAL[2] - piano.PEDAL_TRAVEL * pedal + SOLE
        # From the heel, the ball of the flat foot is ``far`` ahead and SOLE up; turned by ``pitch`` it is at ``top``.
        far = HEEL[1] - toes[1]
        pitch = np.arcsin(top / np.hypot(far, SOLE)) - np.arctan2(SOLE, far)
        lift = rot.from_axis_angle(np.array([1.0, 0.0, 0.0]), -pitch)
        reach = far * np.cos(np.median(pitch)) * rot.rotate(yaw, np.array([0.0, 1.0, 0.0]))
        heel = np.array([pianist.PEDAL[0], pianist.PEDAL[1] - 0.012, 0.0]) + reach
        at = heel + rot.rotate(yaw, rot.rotate(lift, np.array([0.0, -HEEL[1], ankle])))
        out[side] = at, at + rot.rotate(yaw, rot.rotate(lift, toes))
    return out


def pedalled(times: Floats, told: Sequence[Annotation]) -> Floats:
    """(T,) how far the pedal is down where a MIDI file or a score says when: half down at those times. Where it goes
    down again as it comes up, it comes up all the same."""
    down = np.zeros(len(times))
    before = -np.inf
    for span in told:
        within = span.time < before
        begin, end = span.time if within else max(span.time, before + PEDAL_AGAIN), span.end
        before = max(before, end)
        low, high = np.searchsorted(times, (begin - PEDALS, end + PEDALS))
        press, lift = (ease((times[low:high] - at) / PEDALS / 2 + 0.5) for at in (begin, end))
        down[low:high] = np.maximum(down[low:high], piano.pedal_depth(span.value) * press * (1.0 - lift))
    return down


def pedalling(times: Floats, piece: Piece, amount: float) -> Floats:
    """(T,) how far the pedal is down: up with each new harmony, down again when it sounds, up where all is silent."""
    changes = _changes(piece)
    down = np.zeros(len(times))
    last = max((n.end for n in piece.notes), default=0.0)
    for change, following in zip(changes, [*changes[1:], last], strict=True):
        released = following + (PEDAL_UP[1] if following < last else 0.3)
        short = following - change < 0.45
        start, full = change + PEDAL_DOWN[0], change + PEDAL_DOWN[1]
        if short or released <= full:
            continue
        press = ease((times - start) / (full - start))
        lift = ease((times - following - PEDAL_UP[0]) / max(released - following - PEDAL_UP[0], 1e-3))
        down = np.maximum(down, press * (1.0 - lift))
    return np.asarray(np.clip(amount, 0.0, 1.0) * down)


def _changes(piece: Piece) -> list[float]:
    """Times at which a new bass note comes on a beat, as a new harmony does, and ends of long silences."""
    beats = np.array([t for t, _ in piece.beats])
    found: list[float] = []
    sounding = -np.inf
    for note in piece.notes:
        silent = note.start > sounding + 0.25
        low = note.pitch < 58 or note.hand == 0
        strong = not len(beats) or bool((np.abs(beats - note.start) < 0.07).any())
        if (silent or (low and strong)) and (not found or note.start - found[-1] > 0.3):
            found.append(note.start)
        sounding = max(sounding, note.end)
    return found
